#ifndef CHECK_H_
#define CHECK_H_

#include "options.h"
#include "out.h"
#include "source.h"

/**
 * check_run(opt, s, out):
 * Test what extract needs of the server and of each table, and print a line
 * for each point, with what to do where it isn't as it should be.  Return
 * EXIT_DONE; EXIT_PERM if a point is such that extract couldn't work; or
 * another exit code after a report.
 */
int check_run(const struct options * opt, struct source * s,
    struct out * out);

#endif /* !CHECK_H_ */
