#ifndef CHECK_H_
#define CHECK_H_

#include "../common/buf.h"

#include "options.h"
#include "sink.h"

/**
 * check_run(opt, s, b):
 * Append to ${b} what was found out about the server, which has answered,
 * and about the collections of the streams that ${opt} names: a line for
 * each point, for people or as JSON, with a remedy for what isn't as it
 * should be.  Nothing is changed.  Return the exit code: EXIT_PERM if
 * something would fail, EXIT_TEMP if the server went away.
 */
int check_run(const struct options * opt, struct sink * s, struct buf * b);

#endif /* !CHECK_H_ */
