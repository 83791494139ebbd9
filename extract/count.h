#ifndef COUNT_H_
#define COUNT_H_

#include "options.h"
#include "out.h"
#include "source.h"

/**
 * count_run(opt, s, out):
 * Print for each table of ${opt} how many rows it has, and how many are due:
 * behind its bookmark in the state file.  Return the exit code, after a
 * report if it isn't EXIT_DONE.
 */
int count_run(const struct options * opt, struct source * s,
    struct out * out);

#endif /* !COUNT_H_ */
