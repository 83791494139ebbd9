#ifndef DECIMAL_H_
#define DECIMAL_H_

#include <stddef.h>
#include <stdint.h>

/*
 * Exact arithmetic on numbers as text, as far as checks and rounding need
 * it.  No digit ever passes through a floating-point type.
 */

/*
 * A number read: a view of the text between its first and its last
 * significant digit, which may hold the point.  Zero has no digits and no
 * sign.
 */
struct decimal {
	const char * p;
	size_t n;		/* bytes, with the point if it is inside */
	size_t digits;		/* how many of them are digits */
	int64_t exp;		/* the first digit counts 10^exp */
	int minus;
	size_t written;		/* decimals as written, "2.50" has 2 */
};

#define DECIMAL_EXP_MAX	999999999

/**
 * decimal_read(p, n, d):
 * Read all ${n} bytes ${p}: an optional sign, digits with an optional point
 * among, before or behind them, an optional exponent.  Return 0, or -1 if
 * it is anything else, or the exponent is beyond DECIMAL_EXP_MAX.
 */
int decimal_read(const char * p, size_t n, struct decimal * d);

/* Compare two numbers; return < 0, 0 or > 0. */
int decimal_compare(const struct decimal * a, const struct decimal * b);

/* Digits behind the point that count: 2.50 has 1, 1e3 has 0. */
int64_t decimal_scale(const struct decimal * d);

/* Digits before the point: 0.25 has 0, 120 has 3. */
int64_t decimal_whole(const struct decimal * d);

#define DECIMAL_FACTOR_DIGITS	18

/**
 * decimal_multiple(d, m):
 * Return nonzero if ${d} is a whole multiple of ${m}, which isn't zero and
 * has at most DECIMAL_FACTOR_DIGITS digits.
 */
int decimal_multiple(const struct decimal * d, const struct decimal * m);

/**
 * decimal_room(d, places):
 * The bytes that decimal_plain() and decimal_round() need at most, or 0 if
 * the number is too large or too small to be written without an exponent.
 */
size_t decimal_room(const struct decimal * d, int places);

/**
 * decimal_plain(d, dst):
 * Store ${d} without exponent, with the digits that count, as JSON wants
 * it.  Return the length.
 */
size_t decimal_plain(const struct decimal * d, char * dst);

enum decimal_mode {
	DECIMAL_HALF_UP,	/* halves away from zero, as MySQL's ROUND() */
	DECIMAL_HALF_EVEN	/* halves to the even digit, as banks do */
};

/**
 * decimal_round(d, places, mode, dst):
 * Store ${d} rounded to ${places} decimals (negative: tens, hundreds, ...),
 * with exactly that many, and no sign if that is zero.  Return the length.
 */
size_t decimal_round(const struct decimal * d, int places,
    enum decimal_mode mode, char * dst);

#endif /* !DECIMAL_H_ */
