#ifndef BSONIZE_H_
#define BSONIZE_H_

#include <stddef.h>
#include <stdint.h>

#include "../common/buf.h"
#include "../common/record.h"

#include "plan.h"

/*
 * Rows as BSON: the bytes are written straight from the spans of the line,
 * without a tree or a library in between.  Every value is exact or refused.
 */

/* Largest document: what MongoDB allows, less room for its own members. */
#define BSONIZE_MAX	(16777216 - 1024)

/* Why a record can't be stored.  All are constants or the caller's. */
struct bsonize_error {
	const char * rule;	/* one word */
	const char * what;	/* in words */
	const char * name;	/* of the property; NULL for none */
	size_t name_n;
};

/* What load notes in a document, and what it finds out while writing it. */
struct bsonize_stamp {
	const char * v;		/* the version, or NULL; as in any struct buf,
				 * BUF_SLACK bytes behind it may be read */
	size_t v_n;
	int has_at;		/* when the source changed the row */
	int64_t at_ms;
	int has_version;	/* Singer's version of the table */
	int64_t version;
	uint64_t decimals;	/* added to: numbers stored as strings */
};

struct bsonizer;

/**
 * bsonizer_new(void), bsonizer_free(z):
 * A writer; it only keeps the last date that it read.
 */
struct bsonizer * bsonizer_new(void);
void bsonizer_free(struct bsonizer * z);

/**
 * bsonize_key(z, plan, r, out, err):
 * Append to ${out} the key of the row ${r}: one byte for its type, then its
 * value, as they stand in an element _id.  Return 0, or fill ${err} and
 * return -1.  The plan has to have a key.
 */
int bsonize_key(struct bsonizer * z, const struct plan * plan,
    const struct record * r, struct buf * out, struct bsonize_error * err);

/**
 * bsonize_value(z, plan, t, v, out):
 * Append to ${out} the value ${v} of the type ${t}, as ${plan} wants it.
 * Return its BSON type, or -1 if it is refused, or if there is something to
 * tell about it.
 */
int bsonize_value(struct bsonizer * z, const struct plan * plan,
    const struct plan_type * t, const struct scan_value * v,
    struct buf * out);

/**
 * bsonize_time(z, plan, r, ms):
 * When the source changed the row: `at`, else the change property's value.
 * Return 1 and store milliseconds, 0 if it is unknown, or -1 if it is there
 * and no time.
 */
int bsonize_time(struct bsonizer * z, const struct plan * plan,
    const struct record * r, int64_t * ms);

/**
 * bsonize_deleted(z, plan, r, ms):
 * When the deleted row ${r} was deleted: its _sdc_deleted_at, else as
 * bsonize_time().  Return 1 and store milliseconds, or 0 if it is unknown.
 */
int bsonize_deleted(struct bsonizer * z, const struct plan * plan,
    const struct record * r, int64_t * ms);

/**
 * bsonize_document(z, plan, r, key, key_n, stamp, out, err):
 * Append to ${out} the document of the row ${r} with the _id ${key} of
 * ${key_n} bytes, as from bsonize_key(), and the stamp, with the mark if the
 * row has an _sdc_deleted_at that isn't null.  Return 0, or fill
 * ${err} and return -1; ${out} then holds a torn document.
 */
int bsonize_document(struct bsonizer * z, const struct plan * plan,
    const struct record * r, const char * key, size_t key_n,
    struct bsonize_stamp * stamp, struct buf * out,
    struct bsonize_error * err);

#endif /* !BSONIZE_H_ */
