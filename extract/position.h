#ifndef POSITION_H_
#define POSITION_H_

#include <stddef.h>
#include <stdint.h>

#include "../common/buf.h"
#include "../common/json.h"
#include "bound.h"
#include "catalog.h"
#include "cell.h"

/*
 * Where reading has come to in a table, and the bookmark that keeps it from
 * one run to the next.  Pure.
 */

/*
 * A value of the change column as the server writes it: its own zone and
 * precision, "2026-01-02 03:04:05.678901".  Of one column all are of one
 * length, so that the order of bytes is the order in time.
 */
struct position_time {
	char p[26];
	size_t n;		/* 0: none */
};

struct position {
	struct position_time time;
	size_t nkey;		/* 0, or as many as the key has */
	struct buf raw;		/* the key's fields, one behind the other, */
	size_t end[CATALOG_KEY_MAX];	/* each ending here */
};

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

/* Store the change time and the key of a row. */
void position_set(struct position * pos, const struct catalog_table * t,
    const struct cell_row * row);

/* The field ${i} of the key. */
const char * position_key(const struct position * pos, size_t i, size_t * n);

void position_copy(struct position * to, const struct position * from);

/* Forget the key, or all. */
void position_clear_key(struct position * pos);
void position_clear(struct position * pos);

/**
 * position_time_at(dst, c, env, us):
 * Store at ${dst} the last value of the column ${c} that isn't behind the
 * instant ${us}, microseconds since 1970 in UTC.
 */
void position_time_at(struct position_time * dst,
    const struct catalog_column * c, const struct cell_env * env, int64_t us);

/* < 0, 0 or > 0 as ${a} is before, at or behind ${b} in one column. */
int position_time_compare(const struct position_time * a,
    const struct position_time * b);

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
 * position_key_parse(pos, node, t, env):
 * Read the key in the array ${node}, as a bookmark has it.  Return 0, or -1
 * if it is no key of the table ${t}.
 */
int position_key_parse(struct position * pos, const struct json_node * node,
    const struct catalog_table * t, const struct cell_env * env);

void bookmark_free(struct bookmark * bm);

#endif /* !POSITION_H_ */
