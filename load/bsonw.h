#ifndef BSONW_H_
#define BSONW_H_

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "../common/buf.h"

/*
 * A writer of BSON: elements are appended to a buffer as bytes.  The caller
 * keeps to the grammar; the numbers are little-endian, as this machine's.
 */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
    "numbers are copied as they lie in memory");

enum bsonw_type { BSONW_DOUBLE = 0x01, BSONW_STRING = 0x02,
	BSONW_DOCUMENT = 0x03, BSONW_ARRAY = 0x04, BSONW_BINARY = 0x05,
	BSONW_OBJECTID = 0x07, BSONW_BOOL = 0x08, BSONW_DATE = 0x09,
	BSONW_NULL = 0x0a, BSONW_INT32 = 0x10, BSONW_INT64 = 0x12,
	BSONW_DECIMAL = 0x13 };

/* Bytes in blocks: up to 15 more are read, and written. */
static inline char *
bsonw_copy(char * dst, const char * src, size_t n)
{
	size_t i;

	for (i = 0; i < n; i += 16)
		memcpy(dst + i, src + i, 16);
	return (dst + n);
}

static inline void
bsonw_put32(struct buf * out, uint32_t v)
{

	memcpy(buf_room(out, 4), &v, 4);
	out->n += 4;
}

static inline void
bsonw_put64(struct buf * out, uint64_t v)
{

	memcpy(buf_room(out, 8), &v, 8);
	out->n += 8;
}

/**
 * bsonw_open(out), bsonw_close(out, start):
 * Begin a document or array, and end the one that began at ${start}.
 */
static inline size_t
bsonw_open(struct buf * out)
{

	bsonw_put32(out, 0);
	return (out->n - 4);
}

static inline void
bsonw_close(struct buf * out, size_t start)
{
	uint32_t n;

	buf_putc(out, '\0');
	n = (uint32_t)(out->n - start);
	memcpy(out->p + start, &n, 4);
}

/* The type and name of an element; its value comes next. */
static inline void
bsonw_head(struct buf * out, enum bsonw_type type, const char * name)
{
	size_t n = strlen(name) + 1;
	char * p = buf_room(out, n + 1);

	*p = (char)type;
	memcpy(p + 1, name, n);
	out->n += n + 1;
}

/* The same for an element of an array. */
static inline void
bsonw_index(struct buf * out, enum bsonw_type type, size_t index)
{
	char text[20];
	char * p = buf_room(out, sizeof text + 2);
	char * start = p;
	size_t n = sizeof text;

	do
		text[--n] = (char)('0' + index % 10);
	while ((index /= 10) > 0);
	*p++ = (char)type;
	memcpy(p, text + n, sizeof text - n);
	p += sizeof text - n;
	*p++ = '\0';
	out->n += (size_t)(p - start);
}

/* Whole elements. */
static inline void
bsonw_text(struct buf * out, const char * name, const char * p, size_t n)
{

	bsonw_head(out, BSONW_STRING, name);
	bsonw_put32(out, (uint32_t)n + 1);
	buf_put(out, p, n);
	buf_putc(out, '\0');
}

static inline void
bsonw_date(struct buf * out, const char * name, int64_t ms)
{

	bsonw_head(out, BSONW_DATE, name);
	bsonw_put64(out, (uint64_t)ms);
}

static inline void
bsonw_int32(struct buf * out, const char * name, int32_t v)
{

	bsonw_head(out, BSONW_INT32, name);
	bsonw_put32(out, (uint32_t)v);
}

static inline void
bsonw_int64(struct buf * out, const char * name, int64_t v)
{

	bsonw_head(out, BSONW_INT64, name);
	bsonw_put64(out, (uint64_t)v);
}

static inline void
bsonw_bool(struct buf * out, const char * name, int v)
{

	bsonw_head(out, BSONW_BOOL, name);
	buf_putc(out, (char)(v != 0));
}

/* A document or array as an element, open. */
static inline size_t
bsonw_nested(struct buf * out, enum bsonw_type type, const char * name)
{

	bsonw_head(out, type, name);
	return (bsonw_open(out));
}

/* A value with its type byte in front, as keys are kept. */
static inline void
bsonw_value(struct buf * out, const char * name, const char * value,
    size_t n)
{

	bsonw_head(out, (enum bsonw_type)value[0], name);
	buf_put(out, value + 1, n - 1);
}

#endif /* !BSONW_H_ */
