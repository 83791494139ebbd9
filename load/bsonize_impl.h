#ifndef BSONIZE_IMPL_H_
#define BSONIZE_IMPL_H_

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "../common/buf.h"
#include "../common/scan.h"

#include "bsonize.h"
#include "bsonw.h"
#include "plan.h"

/*
 * What bsonize.c (documents) and bsonize_value.c (values) share.
 */
#define BLOCK		16
#define DATE_LEN	10	/* 2026-01-02 */

/* One write of one row: what the value writers need besides the value. */
struct bsonizer {
	const struct plan * plan;
	struct buf * out;
	struct bsonize_error * err;
	uint64_t decimals;
	int key;			/* it is the key that is written */

	/* The last date read, and when it began. */
	char date[DATE_LEN];
	int64_t date_us;

	/* The row's value of the change property, once it is written. */
	int has_change;
	int64_t change_ms;

	/* When the row was deleted, if it says that, or NULL. */
	const struct scan_value * deleted;
};

/*
 * Little-endian numbers at ${p}, and texts in blocks: up to 15 bytes more
 * are read and written than asked for, which the slack of lines (linein.h),
 * names (plan.h) and buffers (buf.h) allows.
 */
static inline char *
put32(char * p, uint32_t v)
{

	memcpy(p, &v, 4);
	return (p + 4);
}

static inline char *
bsonize_put_block(char * dst, const char * src, size_t n)
{
	size_t i;

	if (n > 8 * BLOCK) {
		memcpy(dst, src, n);
		return (dst + n);
	}
	for (i = 0; i < n; i += BLOCK)
		memcpy(dst + i, src + i, BLOCK);
	return (dst + n);
}

/* A value that can't be written: why.  The name is added further out. */
static inline int
refuse(struct bsonizer * z, const char * rule, const char * what)
{

	z->err->rule = rule;
	z->err->what = what;
	return (-1);
}

/* Begin a write: into ${out}, of a key or not. */
void bsonize_begin(struct bsonizer * z, const struct plan * plan,
    struct buf * out, struct bsonize_error * err, int key);

/* Append a value's bytes.  Return its BSON type, or -1. */
int bsonize_put_value(struct bsonizer * z, const struct plan_type * t,
    const struct scan_value * v);

/* Behind a date whose microseconds were lost: a field with its text. */
void bsonize_put_micros(struct bsonizer * z, const struct plan_field * f,
    const struct scan_value * v);

/* Append the name of a property that no SCHEMA told of.  Return 0, or -1. */
int bsonize_put_name(struct bsonizer * z, const struct scan_value * key,
    int * escaped);

/* No two fields of the document at ${start} may have the same name. */
int bsonize_check_names(struct bsonizer * z, size_t start);

/* The text of a value as it was meant, in place or decoded to ${tmp}; NULL
 * if it is longer than ${max}. */
const char * bsonize_plain_text(const struct scan_value * v, char * tmp,
    size_t max, size_t * n);

/* Milliseconds since 1970 of the text; the microseconds below them in
 * ${micros}.  Return 0, or -1. */
int bsonize_read_time(struct bsonizer * z, const char * p, size_t n,
    int64_t * ms, int * micros);

#endif /* !BSONIZE_IMPL_H_ */
