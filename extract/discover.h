#ifndef DISCOVER_H_
#define DISCOVER_H_

#include "options.h"
#include "out.h"
#include "source.h"

/**
 * discover_run(opt, s, out):
 * Print a Singer catalog of the tables of ${opt}, or of all.  Return the
 * exit code, after a report if it isn't EXIT_DONE.
 */
int discover_run(const struct options * opt, struct source * s,
    struct out * out);

#endif /* !DISCOVER_H_ */
