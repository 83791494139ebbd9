#ifndef PLAN_H_
#define PLAN_H_

#include <stddef.h>
#include <stdint.h>

#include "deletes.h"

/*
 * What a SCHEMA message says about the documents of a stream, worked out
 * once: each property's BSON type and field name, the key, and the field that
 * tells when a row was changed.  load.1 has the table of types.
 */

enum plan_kind {
	PLAN_ANY,		/* by the JSON value itself */
	PLAN_INT32,
	PLAN_INT64,
	PLAN_INTEGER,		/* int64; beyond it Decimal128 */
	PLAN_DECIMAL,		/* Decimal128 */
	PLAN_DOUBLE,
	PLAN_NUMBER,		/* double if no digit is lost, else Decimal128 */
	PLAN_BOOL,
	PLAN_STRING,
	PLAN_DATE,		/* a date-time or a date */
	PLAN_DATE_OR_STRING,
	PLAN_BINARY,		/* from base64 */
	PLAN_OBJECTID,		/* from 24 hexadecimal digits */
	PLAN_ARRAY,
	PLAN_OBJECT
};

/* Bytes behind a field's name that may be read: it is copied in blocks. */
#define PLAN_SLACK	32

struct plan_field;

struct plan_type {
	enum plan_kind kind;
	int micros;		/* PLAN_DATE: finer than milliseconds, 1 by
				 * its type, -1 if unknown */
	struct plan_type * items;	/* PLAN_ARRAY: NULL for any */
	struct plan_field * field;	/* PLAN_OBJECT: those that are known */
	size_t nfield;
};

struct plan_field {
	char * name;		/* in `record`, decoded, NUL-terminated */
	size_t name_n;
	char * elem;		/* a byte for the type, the field's name, NUL;
				 * NULL: the field is not written */
	size_t elem_n;		/* with type byte and NUL */
	char * extra;		/* the same for the lost microseconds */
	size_t extra_n;
	const char * refused;	/* why a record that has it can't be stored */
	struct plan_type type;
};

enum plan_key {
	PLAN_KEY_NONE,		/* no key: every record is a new document */
	PLAN_KEY_VALUE,		/* _id is the value of one property */
	PLAN_KEY_DOCUMENT	/* _id is a document of several */
};

struct plan {
	char * stream;
	char * collection;	/* as SCHEMA names it, or NULL */
	enum deletes deletes;	/* as SCHEMA says, or mirror */
	struct plan_field * field;	/* the index is the slot of record.h */
	size_t nfield;
	const char ** names;	/* of the fields, for record_shape() */
	enum plan_key key;
	size_t * keys;		/* slots of the key's properties */
	size_t nkeys;
	int change;		/* slot of the property that is a date and
				 * tells the time of change, or -1 */
	int deleted_at;		/* slot of DELETES_AT, or -1 */
	int renamed_id;		/* a property _id that is not the key is
				 * stored as __id */
	int decimal_reject;	/* policies, from struct plan_options */
	int names_reject;
	int micros;
	int unsigned_decimal;
};

struct plan_options {
	int decimal_reject;	/* more than 34 digits: reject, not string */
	int names_reject;	/* '$', '.' in names: reject, not escape */
	int micros;		/* keep lost microseconds as a string field */
	int unsigned_decimal;	/* BIGINT UNSIGNED: always Decimal128 */
};

/* The field that load keeps its own notes in. */
#define PLAN_STAMP	"_sync"

/**
 * plan_build(line, n, opt, err, errlen):
 * Work out the plan of the SCHEMA message of ${n} bytes ${line}.  Return it,
 * or write why it can't be to ${err} of ${errlen} bytes and return NULL.
 * Freed with plan_free().
 */
struct plan * plan_build(const char * line, size_t n,
    const struct plan_options * opt, char * err, size_t errlen);
void plan_free(struct plan * plan);

#endif /* !PLAN_H_ */
