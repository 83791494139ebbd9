#include <string.h>

#include "decimal.h"

#define PLAIN_MAX	4096	/* zeros that writing may add */

static int
is_digit(char c)
{

	return ((unsigned char)(c - '0') <= 9);
}

/* "e+12" at ${p}; nothing at all is 0. */
static int
read_exponent(const char * p, const char * end, int64_t * exp)
{
	int64_t e = 0;
	int minus;

	*exp = 0;
	if (p == end)
		return (0);
	if ((*p | 0x20) != 'e' || ++p == end)
		return (-1);
	minus = (*p == '-');
	if ((*p == '-' || *p == '+') && ++p == end)
		return (-1);
	for (; p < end; p++) {
		if (!is_digit(*p))
			return (-1);
		if (e <= DECIMAL_EXP_MAX)
			e = e * 10 + (*p - '0');
	}
	if (e > DECIMAL_EXP_MAX)
		return (-1);
	*exp = minus ? -e : e;
	return (0);
}

/* Cut ${d} to the digits between ${first} and ${last}. */
static void
narrow(struct decimal * d, const char * first, const char * last,
    const char * point)
{

	d->p = first;
	d->n = (size_t)(last + 1 - first);
	if (point > first && point < last)
		d->digits = d->n - 1;
	else
		d->digits = d->n;
	d->exp += (point > first) ? point - first - 1 : point - first;
}

int
decimal_read(const char * p, size_t n, struct decimal * d)
{
	const char * end = p + n;
	const char * point = NULL;
	const char * first = NULL;
	const char * last = NULL;
	int any = 0;

	d->minus = (n > 0 && *p == '-');
	if (n > 0 && (*p == '-' || *p == '+'))
		p++;
	for (; p < end; p++) {
		if (is_digit(*p)) {
			any = 1;
			if (*p != '0') {
				last = p;
				if (first == NULL)
					first = p;
			}
		} else if (*p == '.' && point == NULL)
			point = p;
		else
			break;
	}
	if (!any || read_exponent(p, end, &d->exp) == -1)
		return (-1);
	d->written = point == NULL ? 0 : (size_t)(p - point - 1);
	if (first == NULL) {
		*d = (struct decimal) { p, 0, 0, 0, 0, d->written };
		return (0);
	}
	narrow(d, first, last, point != NULL ? point : p);
	return (0);
}

/* Compare two numbers that aren't zero, without their signs. */
static int
compare_size(const struct decimal * a, const struct decimal * b)
{
	const char * pa = a->p;
	const char * pb = b->p;
	const char * ea = a->p + a->n;
	const char * eb = b->p + b->n;

	if (a->exp != b->exp)
		return (a->exp < b->exp ? -1 : 1);
	for (; pa < ea && pb < eb; pa++, pb++) {
		if (*pa == '.')
			pa++;
		if (*pb == '.')
			pb++;
		if (*pa != *pb)
			return (*pa < *pb ? -1 : 1);
	}
	return ((pa < ea) - (pb < eb));
}

int
decimal_compare(const struct decimal * a, const struct decimal * b)
{
	int c;

	if (a->digits == 0 || b->digits == 0) {
		if (a->digits == b->digits)
			return (0);
		if (a->digits == 0)
			return (b->minus ? 1 : -1);
		return (a->minus ? -1 : 1);
	}
	if (a->minus != b->minus)
		return (a->minus ? -1 : 1);
	c = compare_size(a, b);
	return (a->minus ? -c : c);
}

int64_t
decimal_scale(const struct decimal * d)
{
	int64_t scale = (int64_t)d->digits - 1 - d->exp;

	return (d->digits > 0 && scale > 0 ? scale : 0);
}

int64_t
decimal_whole(const struct decimal * d)
{

	return (d->digits > 0 && d->exp >= 0 ? d->exp + 1 : 0);
}

/* (a * b) mod m, for a, b < m <= 10^18. */
static uint64_t
multiply(uint64_t a, uint64_t b, uint64_t m)
{

	return ((uint64_t)((unsigned __int128)a * b % m));
}

/* 10^e mod m. */
static uint64_t
power10(int64_t e, uint64_t m)
{
	uint64_t base = 10 % m, r = 1 % m;

	for (; e > 0; e >>= 1) {
		if (e & 1)
			r = multiply(r, base, m);
		base = multiply(base, base, m);
	}
	return (r);
}

int
decimal_multiple(const struct decimal * d, const struct decimal * m)
{
	uint64_t factor = 0, rest = 0;
	int64_t shift;
	size_t i;

	if (d->digits == 0)
		return (1);
	for (i = 0; i < m->n; i++) {
		if (m->p[i] != '.')
			factor = factor * 10 + (uint64_t)(m->p[i] - '0');
	}
	/*
	 * Both are a whole number, that doesn't end in 0, times a power of
	 * ten.  If d's power is the smaller one, no multiple of m has it.
	 */
	shift = (d->exp - (int64_t)d->digits) - (m->exp - (int64_t)m->digits);
	if (shift < 0)
		return (0);
	for (i = 0; i < d->n; i++) {
		if (d->p[i] != '.')
			rest = (rest * 10 + (uint64_t)(d->p[i] - '0')) %
			    factor;
	}
	return (multiply(rest, power10(shift, factor), factor) == 0);
}

size_t
decimal_room(const struct decimal * d, int places)
{

	if (d->exp > PLAIN_MAX || d->exp < -PLAIN_MAX)
		return (0);
	/* The digits, the zeros around them, sign, point, a carry. */
	return (d->digits + (size_t)(d->exp < 0 ? -d->exp : d->exp) +
	    (size_t)(places < 0 ? -places : places) + 8);
}

/*
 * Store the ${n} digits ${p}, the first of which counts 10^exp, with at
 * least ${places} decimals; the digits may overlap the end of ${dst}.
 */
static size_t
write_digits(char * dst, const char * p, size_t n, int64_t exp,
    int64_t places)
{
	char * d = dst;
	int64_t pos;
	int64_t low = exp - (int64_t)n + 1;	/* power of the last digit */

	if (low > -places)
		low = -places;
	if (low > 0)
		low = 0;
	for (pos = exp > 0 ? exp : 0; pos >= low; pos--) {
		if (pos == -1)
			*d++ = '.';
		*d++ = (pos <= exp && n > 0) ? *p++ : '0';
		if (pos <= exp && n > 0)
			n--;
	}
	return ((size_t)(d - dst));
}

/* The digits alone, without the point, in room for them at ${dst}. */
static void
copy_digits(const struct decimal * d, char * dst, size_t n)
{
	const char * p;

	for (p = d->p; n > 0; p++) {
		if (*p != '.') {
			*dst++ = *p;
			n--;
		}
	}
}

size_t
decimal_plain(const struct decimal * d, char * dst)
{
	size_t room = decimal_room(d, 0);
	char * digits = dst + room - d->digits;

	/* The copy stands at the end of the room, where writing comes last. */
	copy_digits(d, digits, d->digits);
	if (d->minus)
		*dst = '-';
	return ((size_t)d->minus + write_digits(dst + d->minus, digits,
	    d->digits, d->exp, 0));
}

/* Does ${d}, cut to its first ${keep} digits, have to be rounded up? */
static int
round_up(const struct decimal * d, size_t keep, enum decimal_mode mode)
{
	const char * p;
	char last = '0', next;
	size_t i = 0;

	for (p = d->p; i < keep; p++) {
		if (*p != '.') {
			last = *p;
			i++;
		}
	}
	next = (*p == '.') ? p[1] : *p;
	if (next != '5' || keep + 1 < d->digits)
		return (next >= '5');
	return (mode == DECIMAL_HALF_UP || ((last - '0') & 1) != 0);
}

size_t
decimal_round(const struct decimal * d, int places, enum decimal_mode mode,
    char * dst)
{
	size_t room = decimal_room(d, places);
	int64_t keep = d->exp + places + 1, exp = d->exp;
	char * digits;
	size_t n, i;
	int up = 0;

	if (keep > (int64_t)d->digits)
		keep = (int64_t)d->digits;
	if (keep >= 0 && keep < (int64_t)d->digits)
		up = round_up(d, (size_t)keep, mode);
	n = keep > 0 ? (size_t)keep : 0;
	digits = dst + room - n - 1;
	copy_digits(d, digits + 1, n);
	*digits = '0';
	if (up) {
		/* The 0 in front takes the last carry. */
		for (i = n; digits[i] == '9'; i--)
			digits[i] = '0';
		digits[i]++;
	}
	if (*digits == '0')
		digits++;
	else {
		n++;
		exp++;
	}
	if (n == 0)
		exp = 0;
	if (d->minus && n > 0)
		*dst = '-';
	i = (d->minus && n > 0);
	return (i + write_digits(dst + i, digits, n, exp, places));
}
