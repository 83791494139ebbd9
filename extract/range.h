#ifndef RANGE_H_
#define RANGE_H_

#include "../common/buf.h"
#include "catalog.h"
#include "options.h"
#include "out.h"
#include "source.h"

/*
 * Parts of a table by its key, so that several programs can read it at once:
 * from a whole number on, and below another one, of the key's first column.
 */

/* Nonzero if ${s} is a whole number that a key can be, as "-12". */
int range_is_number(const char * s);

/**
 * range_limit(opt, t):
 * Let ${opt} read only the rows of ${t} in the range that it names, if it
 * names one.  Return 0, or EXIT_PERM after a report.
 */
int range_limit(struct options * opt, const struct catalog_table * t);

/* Append the range as a member of a SCHEMA, with a comma before it. */
void range_put(struct buf * b, const struct options * opt);

/**
 * range_run(opt, s, out):
 * Print the ranges into which --ranges divides a table, a line each, as
 * options.  Return the exit code, after a report if it isn't EXIT_DONE.
 */
int range_run(const struct options * opt, struct source * s,
    struct out * out);

#endif /* !RANGE_H_ */
