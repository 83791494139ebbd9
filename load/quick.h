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

/* A row that is being read. */
struct quick_row {
	const char * line;
	size_t n;			/* without its newline, once it is read */
	const char * end;		/* behind what may be read of it */
	const char * newline;		/* the row's own, if it was looked for */
	const char * fields;		/* where the first name is due */
	const char * next;		/* behind a key that was read quickly */
	const char * key;		/* as bsonize_key() gives it; it stays */
	size_t key_n;			/* until the next row is opened */
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
 * Read envelope and key of the line that begins at ${p}, and ends with a
 * newline: within ${n} bytes, or it isn't read quickly.  Return 0, or -1 if it
 * isn't like the last one.
 */
int quick_open(struct quick * q, const char * p, size_t n,
    struct quick_row * row);

/* The plan of the rows, after quick_open() has returned 0. */
const struct plan * quick_plan(const struct quick * q);

/* The version of the row to ${dst}, as version_put(). */
size_t quick_version(const struct quick * q, const struct quick_row * row,
    char * dst);

/**
 * quick_document(q, row, stamp, out):
 * As bsonize_document(), and the line is at its end behind the row.
 */
int quick_document(struct quick * q, struct quick_row * row,
    const struct bsonize_stamp * stamp, struct buf * out);

#endif /* !QUICK_H_ */
