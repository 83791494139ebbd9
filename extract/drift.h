#ifndef DRIFT_H_
#define DRIFT_H_

#include <stddef.h>

#include "../common/buf.h"
#include "catalog.h"

/*
 * What a table's definition was when it was read last, as a bookmark keeps
 * it, and what has become of it.  Statements that change a definition change
 * rows, too, and leave no change time.  Pure.
 */
struct drift {
	int reread;		/* rows may hold something else, or are others */
	int key;		/* the key's values are of another kind */
	struct buf what;	/* in words; empty if there is nothing to say */
};

/* Append the definition of ${t} to ${b} as a JSON object. */
void drift_put(struct buf * b, const struct catalog_table * t);

/**
 * drift_compare(was, nwas, now, nnow, t, d):
 * Compare two definitions, of which ${now} is that of ${t}, whose key has
 * been chosen.  ${d}, all zero at first, is filled.  A ${was} of no bytes is
 * nobody's: there is no difference.
 */
void drift_compare(const char * was, size_t nwas, const char * now,
    size_t nnow, const struct catalog_table * t, struct drift * d);

void drift_free(struct drift * d);

#endif /* !DRIFT_H_ */
