#ifndef STREAM_H_
#define STREAM_H_

#include "options.h"
#include "schemafile.h"

/**
 * stream_run(opt, set):
 * Read messages from standard input, map the records of the streams that
 * ${set} has a file for, and write the messages to standard output, until
 * the end of input or a signal.  Return an exit code of exitcode.h; all is
 * reported.
 */
int stream_run(const struct options * opt, struct schemaset * set);

#endif /* !STREAM_H_ */
