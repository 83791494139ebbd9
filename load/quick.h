#ifndef QUICK_H_
#define QUICK_H_

#include <stddef.h>
#include <stdint.h>

#include "../common/buf.h"
#include "../common/record.h"

#include "bsonize.h"
#include "plan.h"

/*
 * Rows that look like the one before them, as nearly all do: from the line to
 * BSON in one pass.  It gives what record.h and bsonize.h give, byte for byte
 * (tests/unit/test_load_quick.c), or nothing: whatever is unusual about a line
 * is left to them, and so is everything that is wrong with one.
 */
struct quick;

/* The envelope of a row. */
struct quick_row {
	const char * line, * end;
	const char * fields;		/* where the first name is due */
	const char * next;		/* behind a key that was read quickly */
	uint64_t pos;			/* the last number of its position */
	int has_at;
	int64_t at_ms;			/* when the source changed it */
};

/**
 * quick_new(z), quick_free(q):
 * A reader that has seen nothing.  ${z}, for values that want a closer look,
 * stays the caller's.
 */
struct quick * quick_new(struct bsonizer * z);
void quick_free(struct quick * q);

/**
 * quick_learn(q, plan, r):
 * The next rows of the stream may be like ${r}, which was stored by ${plan};
 * the plan is kept.
 */
void quick_learn(struct quick * q, const struct plan * plan,
    const struct record * r);

/**
 * quick_open(q, p, n, row):
 * Read the line of ${n} bytes ${p} up to the fields.  Return 0, or -1 if it
 * isn't like the last one.
 */
int quick_open(struct quick * q, const char * p, size_t n,
    struct quick_row * row);

/* The plan of the rows, after quick_open() has returned 0. */
const struct plan * quick_plan(const struct quick * q);

/* The numbers of a row's position, of which only the last one differs. */
const uint64_t * quick_pos(const struct quick * q, size_t * npos);

/**
 * quick_key(q, row, out):
 * As bsonize_key().
 */
int quick_key(struct quick * q, struct quick_row * row, struct buf * out);

/* Both at once: the key alone. */
int quick_peek(struct quick * q, const char * p, size_t n, struct buf * out);

/**
 * quick_document(q, row, key, key_n, stamp, out):
 * As bsonize_document(), and the line is at its end behind the row.
 */
int quick_document(struct quick * q, const struct quick_row * row,
    const char * key, size_t key_n, const struct bsonize_stamp * stamp,
    struct buf * out);

#endif /* !QUICK_H_ */
