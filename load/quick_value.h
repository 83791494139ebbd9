#ifndef QUICK_VALUE_H_
#define QUICK_VALUE_H_

#include <stdint.h>
#include <string.h>

#include "../common/scan_fast.h"

#include "bsonw.h"

/*
 * The usual forms of values, read without a loop over their bytes, for
 * quick.c alone.  Each gives what bsonize.c gives for the same text, or NULL
 * (0) if it isn't of that form.  A newline is part of none, so they end with
 * the line; ${end}, where they have one, is for what would be too long.
 *
 * They may read SCAN_BLOCK bytes behind the end of the line, and write as
 * many behind what they keep.
 */
#define QUICK_TIME	27	/* 2026-01-02T03:04:05.678901Z */
#define QUICK_DAY	10	/* 2026-01-02 */
#define QUICK_ROOM	(2 * SCAN_BLOCK)	/* beside a value's text */

/* The number in eight digits less '0', the first in the lowest byte. */
static inline uint32_t
quick_eight(uint64_t x)
{
	const uint64_t mask = UINT64_C(0x000000ff000000ff);

	x = x * 10 + (x >> 8);
	return ((uint32_t)(((x & mask) * UINT64_C(0x000f424000000064) +
	    (x >> 16 & mask) * UINT64_C(0x0000271000000001)) >> 32));
}

/*
 * Up to eight digits at ${p}: how many, and their number.  (The words are
 * little-endian: see bsonw.h.)
 */
static inline unsigned
quick_digits(const char * p, uint32_t * v)
{
	uint64_t x = scan_load8(p) ^ SCAN_REP('0');
	uint64_t other = ((x + SCAN_REP(0x76)) | x) & SCAN_REP(0x80);
	unsigned n;

	if (other == 0) {
		*v = quick_eight(x);
		return (8);
	}
	n = (unsigned)__builtin_ctzll(other) / 8;
	*v = n == 0 ? 0 : quick_eight(x << (64 - 8 * n));
	return (n);
}

static const uint32_t quick_power[] = { 1, 10, 100, 1000, 10000, 100000,
	1000000, 10000000, 100000000 };

/* A whole number of at most 15 digits.  What follows is the caller's. */
static inline const char *
quick_int(const char * p, int64_t * v)
{
	int minus = (*p == '-');
	uint32_t a, b;
	unsigned n;

	p += minus;
	n = quick_digits(p, &a);
	if (n == 0 || (*p == '0' && n > 1))
		return (NULL);
	*v = a;
	p += n;
	if (n == 8) {
		if ((n = quick_digits(p, &b)) == 8)
			return (NULL);
		*v = (int64_t)a * quick_power[n] + b;
		p += n;
	}
	if (minus)
		*v = -*v;
	return (p);
}

/* The string that ends at ${d}, whose length and text begin at ${start}. */
static inline char *
quick_end_text(char * start, char * d)
{
	uint32_t n = (uint32_t)(d - start) - 3;

	memcpy(start, &n, 4);
	*d++ = '\0';
	return (d);
}

/* A string, without escapes, behind its first quote. */
static const char *
quick_utf8(const char * p, const char * end, char ** dst)
{
	char * start = *dst, * d = start + 4;
	unsigned n, high = 0;
	struct scan_block b;

	for (;; p += SCAN_BLOCK, d += SCAN_BLOCK) {
		memcpy(d, p, SCAN_BLOCK);
		b = scan_look(p);
		if (b.special != 0)
			break;
		if (p >= end)
			return (NULL);
		high |= b.high;
	}
	high |= b.high & (b.special ^ (b.special - 1));
	n = (unsigned)__builtin_ctz(b.special);
	p += n;
	d += n;
	if (*p != '"' || (high != 0 &&
	    !scan_utf8(start + 4, (size_t)(d - start) - 4, NULL)))
		return (NULL);
	*dst = quick_end_text(start, d);
	return (p + 1);
}

/* The same from its first quote on, and quicker if it is ASCII. */
static inline const char *
quick_text(const char * p, const char * end, char ** dst)
{
	const char * text = p + 1;
	char * d = *dst + 4;
	unsigned odd;

	if (*p++ != '"')
		return (NULL);
	for (;; p += SCAN_BLOCK, d += SCAN_BLOCK) {
		memcpy(d, p, SCAN_BLOCK);
		if ((odd = scan_odd(p)) != 0)
			break;
		if (p >= end)
			return (NULL);
	}
	p += __builtin_ctz(odd);
	d += __builtin_ctz(odd);
	if (*p != '"')
		return (quick_utf8(text, end, dst));
	*dst = quick_end_text(*dst, d);
	return (p + 1);
}

/* A number in a string, with at most seven digits before and behind a point,
 * as Decimal128: see decimal128.c. */
static inline const char *
quick_decimal(const char * p, char ** dst)
{
	uint32_t whole, part = 0;
	unsigned n, f = 0;
	uint64_t low, high;
	int minus;

	if (*p++ != '"')
		return (NULL);
	minus = (*p == '-');
	p += minus;
	if ((n = quick_digits(p, &whole)) == 0 || n == 8)
		return (NULL);
	p += n;
	if (*p == '.') {
		if ((f = quick_digits(p + 1, &part)) == 0 || f == 8)
			return (NULL);
		p += f + 1;
	}
	if (*p != '"')
		return (NULL);
	low = (uint64_t)whole * quick_power[f] + part;
	high = (uint64_t)(6176 - f) << 49 | (uint64_t)minus << 63;
	memcpy(*dst, &low, 8);
	memcpy(*dst + 8, &high, 8);
	*dst += 16;
	return (p + 1);
}

/* The last day that was read, and when it began. */
struct quick_day {
	char text[QUICK_DAY];
	int64_t ms;
};
#define QUICK_DAY_FIRST	{ "1970-01-01", 0 }

/*
 * Are the bytes of ${x} digits less '0', and where ${add} has 0x7f instead of
 * 0x76, zero?
 */
static inline int
quick_is(uint64_t x, uint64_t add)
{

	return ((((x + add) | x) & SCAN_REP(0x80)) == 0);
}

/* Digits in the bytes ${i} and ${i} + 1 of x, after x = x * 10 + (x >> 8). */
#define QUICK_PAIR(x, i)	((uint32_t)((x) >> 8 * (i)) & 0xff)

/*
 * YYYY-MM-DD.  The leap days aren't read here, nor is the year 0, in which
 * the calendar's year would begin before it.
 */
static inline int
quick_day(struct quick_day * z, const char * p)
{
	static const uint8_t days[] = { 0, 31, 28, 31, 30, 31, 30, 31, 31, 30,
		31, 30, 31 };
	uint64_t x = scan_load8(p) ^ UINT64_C(0x2d30302d30303030);
	uint32_t a = (unsigned char)(p[8] - '0');
	uint32_t b = (unsigned char)(p[9] - '0');
	uint32_t y, m, d;

	if (memcmp(p, z->text, QUICK_DAY) == 0)
		return (1);
	if (!quick_is(x, UINT64_C(0x7f76767f76767676)) || a > 9 || b > 9)
		return (0);
	x = x * 10 + (x >> 8);
	y = QUICK_PAIR(x, 0) * 100 + QUICK_PAIR(x, 2);
	m = QUICK_PAIR(x, 5);
	d = a * 10 + b;
	if (y == 0 || m < 1 || m > 12 || d < 1 || d > days[m])
		return (0);
	memcpy(z->text, p, QUICK_DAY);

	/* As in timestamp_days(): years that start in March. */
	y -= (m <= 2);
	m += (m > 2) ? -3u : 9;
	d += y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5;
	z->ms = ((int64_t)d - 719469) * 86400000;
	return (1);
}

/* YYYY-MM-DDThh:mm:ss.ffffffZ, whatever follows. */
static inline int
quick_time(struct quick_day * z, const char * p, int64_t * ms)
{
	uint64_t x = scan_load8(p + 11) ^ UINT64_C(0x30303a30303a3030);
	uint64_t y = scan_load8(p + 19) ^ UINT64_C(0x5a3030303030302e);
	uint32_t h, m, s;

	if (!quick_day(z, p) || p[10] != 'T' ||
	    !quick_is(x, UINT64_C(0x76767f76767f7676)) ||
	    !quick_is(y, UINT64_C(0x7f7676767676767f)))
		return (0);
	x = x * 10 + (x >> 8);
	h = QUICK_PAIR(x, 0), m = QUICK_PAIR(x, 3), s = QUICK_PAIR(x, 6);
	if (h > 23 || m > 59 || s > 59)
		return (0);
	y >>= 8;
	*ms = z->ms + ((h * 60 + m) * 60 + s) * 1000 +
	    (y & 0xff) * 100 + (y >> 8 & 0xff) * 10 + (y >> 16 & 0xff);
	return (1);
}

/* A date or a time in a string, in milliseconds since 1970. */
static inline const char *
quick_date(struct quick_day * z, const char * p, int64_t * ms)
{

	if (*p++ != '"')
		return (NULL);
	if (!quick_day(z, p))
		return (NULL);
	*ms = z->ms;
	if (p[QUICK_DAY] == '"')
		return (p + QUICK_DAY + 1);
	return (quick_time(z, p, ms) && p[QUICK_TIME] == '"' ?
	    p + QUICK_TIME + 1 : NULL);
}

#endif /* !QUICK_VALUE_H_ */
