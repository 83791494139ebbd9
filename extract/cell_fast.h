#ifndef CELL_FAST_H_
#define CELL_FAST_H_

#include <stdint.h>
#include <string.h>

#include "../common/scan_fast.h"

#include "cell.h"

/*
 * What most cells are, inline for the loop over rows (page.c): text without
 * anything to escape, numbers, times of the calendar.  All else is left to
 * cell_put().
 */

/* Nonzero if all eight bytes are printable ASCII but for '"' and '\'. */
static inline int
fast_plain8(uint64_t x)
{

	/* Right if all are ASCII; else the last term says no. */
	return ((((x - SCAN_REP(0x20)) | ((x ^ SCAN_REP('"')) - SCAN_REP(1)) |
	    ((x ^ SCAN_REP('\\')) - SCAN_REP(1)) | x) & SCAN_REP(0x80)) == 0);
}

/* Copy 16 bytes.  A bit is set for each that isn't such, bit 0 the first. */
static inline unsigned
fast_copy16(char * d, const char * p)
{
	unsigned odd = scan_odd(p);

	memcpy(d, p, 16);
	return (odd);
}

/*
 * Copy ${n} bytes to ${d}, where there is room for eight at least, and read
 * nothing else.  Return nonzero if they need no escape and are ASCII.
 */
static inline int
fast_text(char * d, const char * p, size_t n)
{
	uint64_t a, z;
	uint32_t low, high;
	size_t i;
	unsigned bad = 0;

	if (n >= 16) {
		for (i = 0; i + 16 < n; i += 16)
			bad |= fast_copy16(d + i, p + i);
		/* The last block overlaps the one before. */
		return ((bad | fast_copy16(d + n - 16, p + n - 16)) == 0);
	}
	if (n >= 8) {
		memcpy(&a, p, 8);
		memcpy(&z, p + n - 8, 8);
		memcpy(d, &a, 8);
		memcpy(d + n - 8, &z, 8);
		return (fast_plain8(a) && fast_plain8(z));
	}
	if (n >= 4) {
		memcpy(&low, p, 4);
		memcpy(&high, p + n - 4, 4);
		memcpy(d, &low, 4);
		memcpy(d + n - 4, &high, 4);
		return (fast_plain8((uint64_t)high << 32 | low));
	}
	a = SCAN_REP(' ');
	for (i = 0; i < n; i++) {
		d[i] = p[i];
		a = a << 8 | (unsigned char)p[i];
	}
	return (fast_plain8(a));
}

/* Copy ${n} bytes; there is room for 16 at least. */
static inline void
fast_copy(char * d, const char * p, size_t n)
{
	uint64_t a, z;
	size_t i;

	if (n >= 16 || n < 4) {
		if (n >= 16) {
			memcpy(d, p, n);
			return;
		}
		for (i = 0; i < n; i++)
			d[i] = p[i];
		return;
	}
	if (n >= 8) {
		memcpy(&a, p, 8);
		memcpy(&z, p + n - 8, 8);
		memcpy(d, &a, 8);
		memcpy(d + n - 8, &z, 8);
		return;
	}
	a = z = 0;
	memcpy(&a, p, 4);
	memcpy(&z, p + n - 4, 4);
	memcpy(d, &a, 4);
	memcpy(d + n - 4, &z, 4);
}

/* Two digits; they compare as the numbers that they are. */
static inline unsigned
fast_digits(const char * p)
{

	return ((unsigned)(unsigned char)p[0] << 8 | (unsigned char)p[1]);
}
#define FAST_DIGITS(tens, ones)	((unsigned)('0' + tens) << 8 | ('0' + ones))

/* Nonzero if YYYY-MM-DD at ${p} is surely a day of the calendar. */
static inline int
fast_date(const char * p)
{
	unsigned month = fast_digits(p + 5), day = fast_digits(p + 8);

	return ((month != FAST_DIGITS(0, 0)) & (day != FAST_DIGITS(0, 0)) &
	    ((day <= FAST_DIGITS(2, 8)) | ((day <= FAST_DIGITS(3, 0)) &
	    (month != FAST_DIGITS(0, 2)))));
}

/* A time in UTC, of 19 to 26 bytes, as RFC 3339: CELL_TIME_LEN bytes. */
static inline void
fast_time(char * d, const char * p, size_t n)
{
	size_t i;

	memcpy(d, p, 10);
	d[10] = 'T';
	memcpy(d + 11, p + 11, 8);
	if (n == 26) {
		memcpy(d + 19, p + 19, 7);
		d[26] = 'Z';
		return;
	}
	memcpy(d + 19, ".000000Z", 8);
	for (i = 20; i < n; i++)
		d[i] = p[i];
}

#define FAST_ROOM	(CELL_TIME_LEN + 5)	/* beyond the field's length */

/* Is it a string in JSON?  Then its opening quote is there already. */
static inline int
fast_is_quoted(enum cell_kind kind)
{

	return (kind == CELL_DECIMAL || kind == CELL_TIME ||
	    kind == CELL_TEXT || kind == CELL_TIMESTAMP || kind == CELL_DATE);
}

/* What fast_short() does for cells of up to ${max} bytes; 0 for none. */
struct fast_short {
	unsigned max;
	unsigned quoted;
	unsigned wrong;		/* of what fast_copy16() finds, what matters */
};

static inline struct fast_short
fast_short_of(enum cell_kind kind)
{
	struct fast_short s = { 16, (unsigned)fast_is_quoted(kind), 0 };

	if (kind == CELL_TEXT)
		s.wrong = 0xffff;
	else if (kind != CELL_INT && kind != CELL_DECIMAL &&
	    kind != CELL_TIME)
		s.max = 0;
	return (s);
}

/**
 * fast_short(d, s, p, n):
 * As fast_cell(), for 1 to ${s}->max bytes, with 16 to be read at ${p}: in
 * one block and without asking for the kind.
 */
static inline char *
fast_short(char * d, struct fast_short s, const char * p, size_t n)
{

	if ((fast_copy16(d, p) & s.wrong & ((1u << n) - 1)) != 0)
		return (NULL);
	d[n] = '"';
	return (d + n + s.quoted);
}

/**
 * fast_cell(d, kind, p, n):
 * Store a cell at ${d}, where there is room for ${n} + FAST_ROOM bytes, and
 * return the byte behind it; or NULL if it has to be done by cell_put().  The
 * opening quote of a string is left to the caller.
 */
static inline char *
fast_cell(char * d, enum cell_kind kind, const char * p, size_t n)
{

	switch (kind) {
	case CELL_INT:
		if (n == 0)
			return (NULL);
		fast_copy(d, p, n);
		return (d + n);
	case CELL_DECIMAL:
	case CELL_TIME:
		fast_copy(d, p, n);
		break;
	case CELL_TEXT:
		if (!fast_text(d, p, n))
			return (NULL);
		break;
	case CELL_TIMESTAMP:
		if (n < 19 || n > 26 || !fast_date(p))
			return (NULL);
		fast_time(d, p, n);
		n = CELL_TIME_LEN;
		break;
	case CELL_DATE:
		if (n != 10 || !fast_date(p))
			return (NULL);
		memcpy(d, p, 10);
		break;
	default:
		return (NULL);
	}
	d[n] = '"';
	return (d + n + 1);
}

#endif /* !CELL_FAST_H_ */
