#ifndef SCAN_H_
#define SCAN_H_

#include <stddef.h>
#include <stdint.h>

/*
 * A one-pass reader of JSON text (RFC 8259) for the row loop.  It splits,
 * checks and copies nothing: a value is a span of the caller's bytes.  It is
 * strict: UTF-8 is valid, escapes are complete (a \u surrogate comes in
 * pairs), numbers and literals are whole, nesting is at most
 * SCAN_DEPTH_MAX, nothing else stands between tokens.  json.h reads the same
 * language into a tree.  Duplicate keys are looked for by the callers that
 * keep members (record.h, json.h); in values that are only passed over,
 * scan_duplicate() finds them.
 *
 * Bytes up to LINEIN_SLACK behind the end may be read, not interpreted.
 */
#define SCAN_DEPTH_MAX	90

enum scan_kind {
	SCAN_NULL,
	SCAN_FALSE,
	SCAN_TRUE,
	SCAN_INT,		/* a number without fraction and exponent */
	SCAN_NUMBER,		/* any other number */
	SCAN_STRING,
	SCAN_ARRAY,
	SCAN_OBJECT
};

struct scan_value {
	const char * p;		/* a string: behind the opening quote; else
				 * the first byte of the value */
	size_t n;		/* a string: up to the closing quote; else all
				 * of the value's bytes */
	uint8_t kind;		/* enum scan_kind */
	uint8_t escaped;	/* a string that holds a backslash */
	uint8_t ascii;		/* a string without bytes above 0x7f */
	uint8_t zero;		/* so that the four are stored at once */
};

struct scan_error {
	const char * what;	/* what is wrong, a constant */
	const char * where;	/* the byte at which it is */
};

/**
 * scan_value(p, end, v, err):
 * Read the value that starts at ${p} (no space before it) and ends before
 * ${end}.  Store it in ${v} and return the byte behind it; or fill ${err}
 * and return NULL.
 */
const char * scan_value(const char * p, const char * end,
    struct scan_value * v, struct scan_error * err);

/* Pass over white space: the first byte at or behind ${p} that is none. */
const char * scan_space(const char * p, const char * end);

/* All of a value, a string with its quotes. */
static inline const char *
scan_raw(const struct scan_value * v, size_t * n)
{
	int q = (v->kind == SCAN_STRING);

	*n = v->n + (q ? 2 : 0);
	return (q ? v->p - 1 : v->p);
}

/*
 * The members of an object and the elements of an array, in turn.  The value
 * itself was read by scan_value() before, so these can't fail.
 *
 *	scan_open(&it, &object);
 *	while (scan_member(&it, &key, &val))
 *		...
 */
struct scan_iter {
	const char * p;
	const char * end;
};
void scan_open(struct scan_iter * it, const struct scan_value * v);
int scan_member(struct scan_iter * it, struct scan_value * key,
    struct scan_value * val);
int scan_element(struct scan_iter * it, struct scan_value * val);

/**
 * scan_decode(v, dst):
 * Store the text of the string ${v} at ${dst}, which has room for v->n
 * bytes (decoding never makes longer).  Return its length; it may hold NUL.
 */
size_t scan_decode(const struct scan_value * v, char * dst);

/**
 * scan_equal(v, s, n):
 * Return nonzero if the text of the string ${v} is the ${n} bytes ${s}.
 */
int scan_equal(const struct scan_value * v, const char * s, size_t n);

/**
 * scan_starts(v, s, n):
 * Return nonzero if the text of the string ${v} begins with the ${n} bytes
 * ${s}.
 */
int scan_starts(const struct scan_value * v, const char * s, size_t n);

/**
 * scan_chars(v):
 * The number of code points in the text of the string ${v}.
 */
size_t scan_chars(const struct scan_value * v);

/**
 * scan_int64(v, out), scan_uint64(v, out):
 * The value of a SCAN_INT.  Return 0, or -1 if it doesn't fit.
 */
int scan_int64(const struct scan_value * v, int64_t * out);
int scan_uint64(const struct scan_value * v, uint64_t * out);

/**
 * scan_duplicate(v, key):
 * Look for two members of one name in ${v} and all that it holds.  If there
 * are, point ${key} to the second one's and return nonzero.
 */
int scan_duplicate(const struct scan_value * v, struct scan_value * key);

struct buf;

/**
 * scan_put_text(b, p, n):
 * Append the ${n} bytes of text ${p} to ${b} as a JSON string with quotes:
 * '"', '\' and control bytes escaped, all else as it is.  The text has to be
 * UTF-8: return 0, or -1 (nothing appended) if it isn't.
 */
int scan_put_text(struct buf * b, const char * p, size_t n);

/**
 * scan_utf8(p, n, ascii):
 * Return nonzero if the ${n} bytes are valid UTF-8 (no surrogates, nothing
 * overlong).  ${ascii}, which may be NULL, is set nonzero if all are below
 * 0x80.
 */
int scan_utf8(const char * p, size_t n, int * ascii);

#endif /* !SCAN_H_ */
