#ifndef FORMAT_H_
#define FORMAT_H_

#include <stddef.h>

/*
 * The values of `format` that are checked.  All look at decoded text.
 */
enum format {
	FORMAT_NONE,
	FORMAT_DATE_TIME,	/* RFC 3339, offset required */
	FORMAT_DATE,		/* 2026-01-02, a day that exists */
	FORMAT_EMAIL,		/* one @, a name and a domain of labels */
	FORMAT_URI,		/* RFC 3986: a scheme, then allowed bytes */
	FORMAT_UUID,		/* 8-4-4-4-12 hexadecimal digits */
	FORMAT_IPV4,
	FORMAT_IPV6,
	FORMAT_DECIMAL,		/* singer.decimal: digits, point, exponent */
	/* Not names of formats, but what a bsonType needs. */
	FORMAT_DAY_OR_TIME,	/* date: a date-time or a date */
	FORMAT_DECIMAL128,	/* decimal: at most 34 digits, its range */
	FORMAT_OBJECT_ID,	/* objectId: 24 hexadecimal digits */
	FORMAT_BASE64		/* binData, contentEncoding */
};

/* The format called ${name}, or FORMAT_NONE. */
enum format format_named(const char * name);

/* The names, separated by commas, for messages and --help. */
const char * format_names(void);

/* A few words for "is ...", as "no date". */
const char * format_failure(enum format f);

/**
 * format_check(f, p, n):
 * Return nonzero if the ${n} bytes of text ${p} are as ${f} asks.
 */
int format_check(enum format f, const char * p, size_t n);

#endif /* !FORMAT_H_ */
