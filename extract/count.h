#ifndef COUNT_H_
#define COUNT_H_

#include "job.h"
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

/**
 * count_estimate(s, opt, job):
 * About how many rows are due, as the server's optimizer guesses from the
 * ends of the index and its statistics: that takes no time, however many
 * there are.  0 if it doesn't tell.
 */
uint64_t count_estimate(struct source * s, const struct options * opt,
    const struct job * job);

#endif /* !COUNT_H_ */
