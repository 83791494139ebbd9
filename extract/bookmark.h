#ifndef BOOKMARK_H_
#define BOOKMARK_H_

#include <stdint.h>

#include "../common/buf.h"
#include "../common/json.h"
#include "bound.h"
#include "catalog.h"
#include "cell.h"
#include "position.h"

/*
 * The bookmark that keeps a position from one run to the next.  Pure.
 */

/* What is known between runs. */
struct bookmark {
	struct position at;	/* all up to here is done; at.time.n is 0 if
				 * nothing is */
	int scanning;		/* a reading in the order of the key is */
	struct position_time to;	/* unfinished: of rows changed before
				 * `to` (all rows if n is 0), */
	struct position scan;	/* behind this key */
	uint64_t epoch;		/* of the last run; 0 if unknown */
	struct bound_mark mark;	/* of the bound, when it was moved last */
	int64_t nulls_at;	/* when rows without a change time were read,
				 * in microseconds since 1970; or 0 */
	struct buf definition;	/* of the table then, as drift.h has it */
};

/**
 * bookmark_print(b, bm, t, env):
 * Append ${bm}, of the table ${t}, to ${b} as a JSON object.
 */
void bookmark_print(struct buf * b, const struct bookmark * bm,
    const struct catalog_table * t, struct cell_env * env);

/**
 * bookmark_parse(bm, node, t, env, why):
 * Read the object ${node} into ${bm}, a bookmark of the table ${t} as it is
 * now.  Return 0; or append to ${why} what is wrong, and return -1: nothing
 * is ever taken for "from the first row".
 */
int bookmark_parse(struct bookmark * bm, const struct json_node * node,
    const struct catalog_table * t, const struct cell_env * env,
    struct buf * why);

/**
 * bookmark_key_parse(pos, node, t, env):
 * Read the key in the array ${node}, as a bookmark has it.  Return 0, or -1
 * if it is no key of the table ${t}.
 */
int bookmark_key_parse(struct position * pos, const struct json_node * node,
    const struct catalog_table * t, const struct cell_env * env);

/* Free what ${bm} holds, not ${bm} itself. */
void bookmark_free(struct bookmark * bm);

#endif /* !BOOKMARK_H_ */
