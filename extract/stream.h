#ifndef STREAM_H_
#define STREAM_H_

#include "options.h"
#include "out.h"
#include "source.h"

/**
 * stream_run(opt, s, out):
 * The work of extract: read the tables of ${opt} from ${s}, which is
 * connected, and print SCHEMA, RECORD and STATE messages.  Return the exit
 * code, after a report if it isn't EXIT_DONE.
 */
int stream_run(struct options * opt, struct source * s, struct out * out);

#endif /* !STREAM_H_ */
