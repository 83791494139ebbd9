#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/mem.h"

#include "decimal128.h"

#define EXP_MIN		(-6176)		/* of a coefficient that is whole */
#define EXP_MAX		6111
#define EXP_BIAS	6176

/* An exponent beyond this is out of range whatever the digits are. */
#define EXP_LIMIT	1000000000

/* A number in parts: digits without zeros at the front, and an exponent. */
struct parts {
	int minus;
	const char * p;		/* from the first digit that isn't 0 */
	const char * end;	/* behind the last digit; a point may be
				 * inside */
	size_t digits;		/* between them, without the point */
	size_t trailing;	/* zeros among them at the end */
	int64_t exp;		/* of the last digit */
};

static inline int
is_digit(char c)
{

	return ((unsigned char)(c - '0') <= 9);
}

/* The exponent behind 'e'.  Return 0, or -1 if it is none. */
static int
split_exponent(const char * p, const char * end, int64_t * exp)
{
	int64_t v = 0;
	int minus;

	minus = (p < end && *p == '-');
	if (p < end && (*p == '-' || *p == '+'))
		p++;
	if (p == end)
		return (-1);
	for (; p < end; p++) {
		if (!is_digit(*p))
			return (-1);
		if (v < EXP_LIMIT)
			v = v * 10 + (*p - '0');
	}
	*exp = minus ? -v : v;
	return (0);
}

/* Split the text.  Return 0, or -1 if it is no number. */
static int
split(const char * p, size_t n, struct parts * s)
{
	const char * end = p + n;
	const char * point = NULL;
	int any = 0;

	s->minus = (p < end && *p == '-');
	if (p < end && (*p == '-' || *p == '+'))
		p++;
	s->p = NULL;
	s->digits = s->trailing = 0;
	s->exp = 0;
	for (; p < end && (is_digit(*p) || (*p == '.' && point == NULL));
	    p++) {
		if (*p == '.') {
			point = p;
			continue;
		}
		any = 1;
		if (s->p == NULL && *p != '0')
			s->p = p;
		if (s->p == NULL)
			continue;
		s->digits++;
		s->trailing = (*p == '0') ? s->trailing + 1 : 0;
	}
	s->end = p;
	if (s->p == NULL)
		s->p = p;
	if (!any)
		return (-1);
	if (p < end && ((*p | 0x20) != 'e' ||
	    split_exponent(p + 1, end, &s->exp) == -1))
		return (-1);
	if (point != NULL)
		s->exp -= s->end - point - 1;
	return (0);
}

/* The first ${digits} digits as a number. */
static unsigned __int128
coefficient(const struct parts * s, size_t digits)
{
	unsigned __int128 big = 0;
	uint64_t part = 0, scale = 1;
	const char * p;

	for (p = s->p; digits > 0; p++) {
		if (*p == '.')
			continue;
		part = part * 10 + (uint64_t)(*p - '0');
		scale *= 10;
		digits--;
		if (scale == UINT64_C(1000000000000000000)) {
			big = big * scale + part;
			part = 0;
			scale = 1;
		}
	}
	return (big * scale + part);
}

/* Store the parts of a number; ${exp} is in range. */
static void
store(uint8_t * out, int minus, unsigned __int128 c, int64_t exp)
{
	uint64_t low = (uint64_t)c;
	uint64_t high = (uint64_t)(c >> 64) | (uint64_t)(exp + EXP_BIAS) <<
	    49 | (uint64_t)minus << 63;

	memcpy(out, &low, 8);
	memcpy(out + 8, &high, 8);
}

/* Most numbers: up to 18 digits, a point among them.  Return 0 for others. */
static int
parse_short(const char * p, size_t n, uint8_t * out)
{
	const char * end = p + n;
	int minus = (n > 0 && *p == '-');
	int64_t exp = 0, step = 0;
	uint64_t c = 0;
	unsigned d;

	p += minus;
	if (end - p < 1 || end - p > 18 || end[-1] == '.' || *p == '.')
		return (0);
	for (; p < end; p++) {
		if ((d = (unsigned)(*p - '0')) <= 9) {
			c = c * 10 + d;
			exp -= step;
		} else if (*p == '.' && step == 0)
			step = 1;
		else
			return (0);
	}
	store(out, minus, c, exp);
	return (1);
}

enum decimal128_result
decimal128_parse(const char * p, size_t n, uint8_t * out)
{
	struct parts s;
	unsigned __int128 c;
	size_t digits;

	if (parse_short(p, n, out))
		return (DECIMAL128_OK);
	if (split(p, n, &s) == -1)
		return (DECIMAL128_SYNTAX);
	digits = s.digits;

	/* Leave zeros out at the end where digits or range require it. */
	while (s.trailing > 0 &&
	    (digits > DECIMAL128_DIGITS || s.exp < EXP_MIN)) {
		digits--;
		s.trailing--;
		s.exp++;
	}
	if (digits > DECIMAL128_DIGITS)
		return (DECIMAL128_RANGE);
	c = coefficient(&s, digits);
	if (c == 0 && s.exp < EXP_MIN)
		s.exp = EXP_MIN;
	if (c == 0 && s.exp > EXP_MAX)
		s.exp = EXP_MAX;

	/* Or add them, if the exponent is too large. */
	for (; s.exp > EXP_MAX && digits < DECIMAL128_DIGITS; s.exp--) {
		c *= 10;
		digits++;
	}
	if (s.exp < EXP_MIN || s.exp > EXP_MAX)
		return (DECIMAL128_RANGE);
	store(out, s.minus, c, s.exp);
	return (DECIMAL128_OK);
}

int
decimal128_int64(const char * p, size_t n, int64_t * out)
{
	struct parts s;
	unsigned __int128 c;

	if (split(p, n, &s) == -1)
		return (-1);
	if (s.digits == 0) {
		*out = 0;
		return (0);
	}
	s.digits -= s.trailing;
	s.exp += (int64_t)s.trailing;
	if (s.exp < 0 || s.exp > 18 || s.digits + (size_t)s.exp > 19)
		return (-1);
	for (c = coefficient(&s, s.digits); s.exp > 0; s.exp--)
		c *= 10;
	if (c > (uint64_t)INT64_MAX + (unsigned)s.minus)
		return (-1);
	*out = (int64_t)(s.minus ? 0 - (uint64_t)c : (uint64_t)c);
	return (0);
}

/* Is ${d}, printed with ${digits} digits, the number ${s} again? */
static int
reads_back(const struct parts * s, size_t digits, double d)
{
	char text[48];
	struct parts t;
	size_t i;
	const char * a, * b;

	snprintf(text, sizeof text, "%.*e", (int)digits - 1, d);
	if (split(text, strlen(text), &t) == -1 || t.digits != digits ||
	    t.exp != s->exp + (int64_t)(s->digits - digits))
		return (0);
	for (a = s->p, b = t.p, i = 0; i < digits; i++, a++, b++) {
		a += (*a == '.');
		b += (*b == '.');
		if (*a != *b)
			return (0);
	}
	return (1);
}

int
decimal128_double(const char * p, size_t n, double * out)
{
	char small[64];
	char * text = small;
	struct parts s;
	size_t digits;

	if (split(p, n, &s) == -1)
		return (-1);
	if (n >= sizeof small)
		text = mem_text(p, n);
	else {
		memcpy(text, p, n);
		text[n] = '\0';
	}
	*out = strtod(text, NULL);
	if (text != small)
		free(text);
	if (s.digits == 0)
		return (0);
	if (isinf(*out))
		return (-1);

	/* Any 15 digits survive, where the numbers are normal. */
	digits = s.digits - s.trailing;
	if (digits <= 15 && fabs(*out) >= 1e-300)
		return (0);
	return (digits <= 17 && reads_back(&s, digits, *out) ? 0 : -1);
}
