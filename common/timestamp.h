#ifndef TIMESTAMP_H_
#define TIMESTAMP_H_

#include <stddef.h>
#include <stdint.h>

/*
 * RFC 3339 times and the proleptic Gregorian calendar, exact from year 0000
 * to 9999, without the C library's zones.
 */

struct timestamp_parts {
	int year, month, day, hour, minute, second;
	int micros;
};

/**
 * timestamp_parse(p, n, us):
 * Read "2026-01-02T03:04:05Z" with 'T' or a space, with up to nine decimals
 * (those behind the sixth are cut), and 'Z' or an offset as +01:00; a leap
 * second (:60) is the next second.  A bare date is its midnight.  Store
 * microseconds since 1970-01-01T00:00:00Z.  Return 0, or -1.
 */
int timestamp_parse(const char * p, size_t n, int64_t * us);

#define TIMESTAMP_LEN	27	/* 2026-01-02T03:04:05.678901Z */

/**
 * timestamp_format(us, dst):
 * Store ${us} as TIMESTAMP_LEN bytes at ${dst}: UTC, six decimals, 'Z'.  No
 * NUL is added.  ${us} is within the years 0000 to 9999.
 */
void timestamp_format(int64_t us, char * dst);

/* Days since 1970-01-01 of a day, and back. */
int64_t timestamp_days(int year, int month, int day);
void timestamp_split(int64_t us, struct timestamp_parts * parts);

/* The wall clock, in microseconds since 1970-01-01T00:00:00Z. */
int64_t timestamp_now(void);

#endif /* !TIMESTAMP_H_ */
