#ifndef CELL_H_
#define CELL_H_

#include <stddef.h>
#include <stdint.h>

#include "../common/buf.h"

/*
 * One field of a row, as the server sends it in the text protocol, to JSON.
 * Pure: bytes in, bytes out.  No number passes through a double unless its
 * column is one.
 */
enum cell_kind {
	CELL_INT,		/* digits, as they are */
	CELL_ZEROFILL,		/* digits with zeros in front; YEAR */
	CELL_DECIMAL,		/* "12.50" */
	CELL_DECIMAL_ZEROFILL,
	CELL_NUMBER,		/* FLOAT (as col-0e0), DOUBLE */
	CELL_TIMESTAMP,		/* in UTC */
	CELL_DATETIME,		/* in UTC + env->offset_us */
	CELL_DATE,
	CELL_TIME,
	CELL_TEXT,		/* CHAR, VARCHAR, TEXT, ENUM */
	CELL_SET,
	CELL_BINARY,		/* base64 */
	CELL_JSON,		/* the value itself, compact */
	CELL_GEOMETRY,		/* SRID and WKB, to GeoJSON */
	CELL_VECTOR		/* floats, to an array of numbers */
};

/* What to do with a date that no calendar has (0000-00-00, 2026-00-15). */
enum cell_dates { CELL_DATES_NULL, CELL_DATES_STRING, CELL_DATES_REJECT };

struct cell_env {
	enum cell_dates dates;
	int replace;		/* broken text becomes U+FFFD, a JSON column
				 * that no record can hold a string */
	int64_t offset_us;	/* of DATETIME columns, east of Greenwich */
	uint64_t odd_dates;	/* met so far, and made null or a string */
	uint64_t bad_texts;	/* met so far, and replaced */
};

/**
 * cell_put(b, kind, env, p, n):
 * Append the ${n} bytes ${p} of a field of ${kind} to ${b} as a JSON value,
 * and count in ${env}.  Return NULL, or what is wrong with the field (a
 * constant); ${b} then holds part of a value.
 */
const char * cell_put(struct buf * b, enum cell_kind kind,
    struct cell_env * env, const char * p, size_t n);

/* The fields of a row, in the order of the columns. */
struct cell_row {
	char * const * p;		/* NULL for NULL */
	const unsigned long * n;	/* their lengths */
	const char * end;	/* all lie before it in one piece of memory;
				 * NULL: each for itself */
};

#define CELL_TIME_LEN	27	/* 2026-01-02T03:04:05.678901Z */

/**
 * cell_time(dst, kind, env, p, n):
 * Store a CELL_TIMESTAMP or CELL_DATETIME at ${dst} as CELL_TIME_LEN bytes,
 * RFC 3339 in UTC.  Return 0, or -1 if it is no date of the calendar.
 */
int cell_time(char * dst, enum cell_kind kind, const struct cell_env * env,
    const char * p, size_t n);

/* Append ${n} bytes in base64, without quotes. */
void cell_base64(struct buf * b, const char * p, size_t n);

/* Append the shortest text of ${v} that reads back to it; it is finite. */
void cell_double(struct buf * b, double v);

#endif /* !CELL_H_ */
