#ifndef SCAN_FAST_H_
#define SCAN_FAST_H_

#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "scan.h"

/*
 * The inner loops of scan.c, inline, for the readers of rows alone:
 * record_quick.c here, quick.c in load.  What is plain is done here; any
 * surprise goes the strict way through scan_value().  All of them may read up
 * to SCAN_BLOCK bytes behind the end of the text.  Those that are given no
 * end stop at the newline behind a line, or any control byte, of themselves.
 */
#define SCAN_BLOCK	16

/* Up to 32 bytes that are compared at once: see scan_begins(). */
struct scan_begin {
	_Alignas(16) char text[32];	/* the others of them are NUL, */
	char mask[32];			/* and here; these are 0xff */
};

/* Bit i of `special`: byte i is '"', '\' or a control byte; of `high`: it is
 * above 0x7f. */
struct scan_block {
	unsigned special;
	unsigned high;
};

#ifdef __SSE2__
static inline struct scan_block
scan_look(const char * p)
{
	__m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i low = _mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8(0x1f)), x);
	__m128i quote = _mm_cmpeq_epi8(x, _mm_set1_epi8('"'));
	__m128i slash = _mm_cmpeq_epi8(x, _mm_set1_epi8('\\'));

	return ((struct scan_block) {
	    (unsigned)_mm_movemask_epi8(_mm_or_si128(low,
	    _mm_or_si128(quote, slash))),
	    (unsigned)_mm_movemask_epi8(x) });
}

/* Bit i: byte i isn't plain text: '"', '\', a control byte or not ASCII. */
static inline unsigned
scan_odd(const char * p)
{
	__m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);
	/*
	 * With that bit turned over '"' is a blank, and a blank isn't; '!' is
	 * above it still.  Signed: what is above 0x7f is below, too.
	 */
	__m128i plain = _mm_andnot_si128(
	    _mm_cmpeq_epi8(x, _mm_set1_epi8('\\')),
	    _mm_cmpgt_epi8(_mm_xor_si128(x, _mm_set1_epi8('"' ^ ' ')),
	    _mm_set1_epi8(' ')));

	return ((unsigned)_mm_movemask_epi8(plain) ^ 0xffff);
}

/* Bit i: byte i is no digit. */
static inline unsigned
scan_no_digits(const char * p)
{
	__m128i x = _mm_loadu_si128((const __m128i *)(const void *)p);

	/* The digits become the ten highest signed numbers. */
	x = _mm_add_epi8(x, _mm_set1_epi8(127 - '9'));
	return ((unsigned)_mm_movemask_epi8(_mm_cmpgt_epi8(x,
	    _mm_set1_epi8(127 - 10))) ^ 0xffff);
}

/* Nonzero if a block is the same at both places. */
static inline int
scan_same16(const char * a, const char * b)
{
	__m128i x = _mm_loadu_si128((const __m128i *)(const void *)a);
	__m128i y = _mm_loadu_si128((const __m128i *)(const void *)b);

	return (_mm_movemask_epi8(_mm_cmpeq_epi8(x, y)) == 0xffff);
}

/* Nonzero if ${n} bytes are the same at both places. */
static inline int
scan_same(const char * a, const char * b, size_t n)
{
	size_t i;

	if (n < SCAN_BLOCK)
		return (memcmp(a, b, n) == 0);
	for (i = 0; i + SCAN_BLOCK < n; i += SCAN_BLOCK) {
		if (!scan_same16(a + i, b + i))
			return (0);
	}
	/* The last block overlaps the one before. */
	return (scan_same16(a + n - SCAN_BLOCK, b + n - SCAN_BLOCK));
}

/* The same of up to 32 bytes: bit i of ${mask} is set for each that counts. */
static inline int
scan_same32(const char * a, const char * b, unsigned mask)
{
	const __m128i * x = (const __m128i *)(const void *)a;
	const __m128i * y = (const __m128i *)(const void *)b;
	unsigned low, high;

	low = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128(x),
	    _mm_loadu_si128(y)));
	high = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(
	    _mm_loadu_si128(x + 1), _mm_loadu_si128(y + 1)));
	return (((low | high << 16) & mask) == mask);
}

/* Nonzero if the text at ${p} begins with that of ${b}. */
static inline int
scan_begins(const char * p, const struct scan_begin * b)
{
	const __m128i * x = (const __m128i *)(const void *)p;
	const __m128i * y = (const __m128i *)(const void *)b->text;
	const __m128i * mask = (const __m128i *)(const void *)b->mask;
	__m128i other = _mm_or_si128(
	    _mm_and_si128(_mm_xor_si128(_mm_loadu_si128(x), y[0]), mask[0]),
	    _mm_and_si128(_mm_xor_si128(_mm_loadu_si128(x + 1), y[1]),
	    mask[1]));

	return (_mm_movemask_epi8(_mm_cmpeq_epi8(other,
	    _mm_setzero_si128())) == 0xffff);
}
#else
static inline struct scan_block
scan_look(const char * p)
{
	struct scan_block b = { 0, 0 };
	unsigned i;

	for (i = 0; i < SCAN_BLOCK; i++) {
		unsigned char c = (unsigned char)p[i];

		b.special |= (unsigned)(c < 0x20 || c == '"' || c == '\\')
		    << i;
		b.high |= (unsigned)(c >> 7) << i;
	}
	return (b);
}

static inline unsigned
scan_odd(const char * p)
{
	struct scan_block b = scan_look(p);

	return (b.special | b.high);
}

static inline unsigned
scan_no_digits(const char * p)
{
	unsigned i, other = 0;

	for (i = 0; i < SCAN_BLOCK; i++)
		other |= (unsigned)((unsigned char)(p[i] - '0') > 9) << i;
	return (other);
}

static inline int
scan_same(const char * a, const char * b, size_t n)
{

	return (memcmp(a, b, n) == 0);
}

static inline int
scan_same32(const char * a, const char * b, unsigned mask)
{

	/* The bits are the lowest ones, as many as there are bytes. */
	return (memcmp(a, b, (size_t)__builtin_popcount(mask)) == 0);
}

static inline int
scan_begins(const char * p, const struct scan_begin * b)
{
	unsigned i, other = 0;

	for (i = 0; i < sizeof b->text; i++)
		other |= (unsigned)((p[i] ^ b->text[i]) & b->mask[i]);
	return (other == 0);
}
#endif

/* The first byte of ${n} that isn't valid UTF-8, or NULL if all are. */
const char * scan_utf8_bad(const char * p, size_t n);

#define SCAN_REP(c)	(0x0101010101010101ull * (unsigned char)(c))

static inline uint32_t
scan_load4(const char * p)
{
	uint32_t x;

	memcpy(&x, p, 4);
	return (x);
}

static inline uint64_t
scan_load8(const char * p)
{
	uint64_t x;

	memcpy(&x, p, 8);
	return (x);
}

static inline int
scan_is_digit(char c)
{

	return ((unsigned char)(c - '0') <= 9);
}

/* The first byte at or behind ${p} that is no digit. */
static inline const char *
scan_digits(const char * p)
{
	unsigned other;

	while ((other = scan_no_digits(p)) == 0)
		p += SCAN_BLOCK;
	return (p + (unsigned)__builtin_ctz(other));
}

static inline const char *
scan_skip_space(const char * p, const char * end)
{

	if (p < end && (unsigned char)*p > ' ')
		return (p);
	return (scan_space(p, end));
}

/* The number of ${n} digits at ${p}, 1 to 19 of them. */
static inline uint64_t
scan_decimal(const char * p, size_t n)
{
	uint64_t v = 0;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	uint64_t x;

	/* Eight at once, with zeros before them: in pairs, in fours. */
	if (n <= 8) {
		x = (scan_load8(p) ^ SCAN_REP('0')) << (64 - 8 * n);
		x = (x * 10 + (x >> 8)) & UINT64_C(0x00ff00ff00ff00ff);
		x = (x * 100 + (x >> 16)) & UINT64_C(0x0000ffff0000ffff);
		return ((x * 10000 + (x >> 32)) & 0xffffffff);
	}
#endif
	for (; n > 0; n--)
		v = v * 10 + (uint64_t)(*p++ - '0');
	return (v);
}

/*
 * As scan_value(), for what most values are: text of ASCII without escapes,
 * and whole numbers that aren't negative, with a value's end behind them.
 * NULL for any other.
 */
static inline const char *
scan_simple(const char * p, struct scan_value * v)
{
	const char * q = p + 1;
	unsigned odd;

	if (*p == '"') {
		while ((odd = scan_odd(q)) == 0)
			q += SCAN_BLOCK;
		q += (unsigned)__builtin_ctz(odd);
		if (*q != '"')
			return (NULL);
		*v = (struct scan_value) { p + 1, (size_t)(q - p - 1),
		    SCAN_STRING, 0, 1, 0 };
		return (q + 1);
	}
	q = scan_digits(p);
	if (q == p || (*q != ',' && *q != '}' && *q != ']') ||
	    (*p == '0' && q != p + 1))
		return (NULL);
	*v = (struct scan_value) { p, (size_t)(q - p), SCAN_INT, 0, 1, 0 };
	return (q);
}

/* Four hexadecimal digits, or -1. */
static inline int
scan_hex4(const char * p, const char * end)
{
	int i, d, v = 0;

	if (end - p < 4)
		return (-1);
	for (i = 0; i < 4; i++) {
		char c = p[i];

		if (scan_is_digit(c))
			d = c - '0';
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			d = (c | 0x20) - 'a' + 10;
		else
			return (-1);
		v = v * 16 + d;
	}
	return (v);
}

#endif /* !SCAN_FAST_H_ */
