#ifndef ONLY_H_
#define ONLY_H_

#include "stream_impl.h"

/**
 * only_run(st):
 * Read the rows whose keys the lines of the file st->opt->only name, as load
 * --verify prints them, and only those.  A row is printed as it is now, one
 * that isn't there as a deletion, each with what its line notes as
 * `suspect`.  No position moves.  Return 0, or the exit code to end with
 * after a report.
 */
int only_run(struct stream * st);

#endif /* !ONLY_H_ */
