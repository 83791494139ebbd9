#ifndef SWEEP_H_
#define SWEEP_H_

#include "loader.h"

/*
 * Many rows that are gone at once: their documents are deleted, marked, or
 * left alone, as the table wants it.  Nothing of the table may wait to be
 * written.  Functions return an exit code.
 */

/* Those of all rows from before the record ${r}, which tells that the
 * source's table was emptied. */
int sweep_table(struct loader * ld, struct table * t,
    const struct record * r);

/* Those that load wrote of an earlier version of the table than ${version},
 * or of none. */
int sweep_version(struct loader * ld, struct table * t, int64_t version);

#endif /* !SWEEP_H_ */
