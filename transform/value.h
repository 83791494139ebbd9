#ifndef VALUE_H_
#define VALUE_H_

#include <stddef.h>
#include <stdint.h>

#include "../common/buf.h"
#include "../common/scan.h"

/*
 * A value on its way from the source's record to the target's: a span of
 * JSON text, as it came or as a step made it, or the decoded text of a
 * string.  Spans point into the line, into a schema file or into scratch
 * memory, and may be read LINEIN_SLACK bytes behind their end.
 */
struct value {
	struct scan_value v;
	int text;		/* a string: v.p, v.n are its decoded text */
};

/* A set of kinds, as bits 1 << SCAN_x. */
#define KIND(k)		(1u << (k))
#define KINDS_BOOL	(KIND(SCAN_FALSE) | KIND(SCAN_TRUE))
#define KINDS_NUM	(KIND(SCAN_INT) | KIND(SCAN_NUMBER))
#define KINDS_SCALAR	(KINDS_BOOL | KINDS_NUM | KIND(SCAN_STRING))
#define KINDS_NESTED	(KIND(SCAN_ARRAY) | KIND(SCAN_OBJECT))
#define KINDS_ALL	(KIND(SCAN_NULL) | KINDS_SCALAR | KINDS_NESTED)

/* "a string", "an array", ... for messages. */
const char * kind_name(unsigned kind);

/**
 * kinds_put(b, kinds):
 * Append the set as words, "integer, string or null".
 */
void kinds_put(struct buf * b, unsigned kinds);

/*
 * Memory for the values of one record: taken in pieces that don't move, and
 * all given back at once.  After the first records nothing is allocated.
 */
struct scratch;
struct scratch * scratch_new(void);
void scratch_reset(struct scratch * s);
void scratch_free(struct scratch * s);

/* ${n} bytes, with LINEIN_SLACK more behind them. */
char * scratch_get(struct scratch * s, size_t n);

/**
 * value_text(v, s):
 * Make the string ${v} one of decoded text.
 */
void value_text(struct value * v, struct scratch * s);

/* Make ${v} a string of the ${n} bytes of UTF-8 text ${p}; ${ascii} if sure. */
void value_set_text(struct value * v, const char * p, size_t n, int ascii);

/* Make ${v} null, true or false (${kind}), or a SCAN_INT. */
void value_set_word(struct value * v, enum scan_kind kind);
void value_set_int(struct value * v, int64_t i, struct scratch * s);

/**
 * value_set_json(v, p, n):
 * Make ${v} the value that is the ${n} bytes of JSON ${p}, which may have
 * white space around it.  Return 0, or -1 if they aren't one value.
 */
int value_set_json(struct value * v, const char * p, size_t n);

/**
 * value_copy(p, n):
 * A value of its own, from the ${n} bytes of JSON ${p}, which are one.  In
 * one piece, for free(3).
 */
struct value * value_copy(const char * p, size_t n);

/* Append ${v} as JSON. */
void value_put(struct buf * b, const struct value * v);

/**
 * value_equal(a, b):
 * Return nonzero if two values are equal as JSON Schema says: numbers by
 * their exact value, strings by their text, objects in any order.
 */
int value_equal(const struct value * a, const struct value * b);

/**
 * value_hash(v):
 * A number that is the same for equal values.
 */
uint64_t value_hash(const struct value * v);

/* How deep arrays and objects are nested: 0 for a scalar, 1 for []. */
unsigned value_depth(const struct scan_value * v);

#endif /* !VALUE_H_ */
