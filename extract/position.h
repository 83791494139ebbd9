#ifndef POSITION_H_
#define POSITION_H_

#include <stddef.h>
#include <stdint.h>

#include "../common/buf.h"
#include "catalog.h"
#include "cell.h"

/*
 * Where reading has come to in a table: a change time and a key.  Pure.
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

/* Store the change time and the key of a row. */
void position_set(struct position * pos, const struct catalog_table * t,
    const struct cell_row * row);

/* The field ${i} of the key. */
const char * position_key(const struct position * pos, size_t i, size_t * n);

void position_copy(struct position * to, const struct position * from);

/* Forget the key, or all. */
void position_clear_key(struct position * pos);
void position_clear(struct position * pos);

/* The length of a value of the column: 19, and decimals. */
size_t position_time_length(const struct catalog_column * c);

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

#endif /* !POSITION_H_ */
