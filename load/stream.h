#ifndef STREAM_H_
#define STREAM_H_

#include "options.h"

/**
 * stream_run(opt, fd, name):
 * Load the messages that come in on ${fd}, called ${name} in messages, until
 * the end or a signal.  Return the program's exit code, after a report if it
 * isn't 0.
 */
int stream_run(struct options * opt, int fd, const char * name);

#endif /* !STREAM_H_ */
