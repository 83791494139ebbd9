#ifndef SCAN_FAST_H_
#define SCAN_FAST_H_

#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "scan.h"

/*
 * The inner loops of scan.c, inline, for it and for record.c alone.  What is
 * plain is done here; any surprise goes the strict way through scan_value().
 * All of them may read up to SCAN_BLOCK bytes behind the end of the text.
 */
#define SCAN_BLOCK	16

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

/* Nonzero if ${n} bytes are the same at both places. */
static inline int
scan_same(const char * a, const char * b, size_t n)
{
	unsigned differ;
	__m128i x, y;
	size_t i;

	for (i = 0; i < n; i += SCAN_BLOCK) {
		x = _mm_loadu_si128((const __m128i *)(const void *)(a + i));
		y = _mm_loadu_si128((const __m128i *)(const void *)(b + i));
		differ = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(x, y)) ^
		    0xffff;
		if (n - i < SCAN_BLOCK)
			differ &= (1u << (n - i)) - 1;
		if (differ != 0)
			return (0);
	}
	return (1);
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

static inline int
scan_same(const char * a, const char * b, size_t n)
{

	return (memcmp(a, b, n) == 0);
}
#endif

#define SCAN_REP(c)	(0x0101010101010101ull * (unsigned char)(c))

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

/* The first byte at or behind ${p} that is no digit; may be behind ${end}. */
static inline const char *
scan_digits(const char * p, const char * end)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	uint64_t x, other;

	for (; p < end; p += 8) {
		x = scan_load8(p) ^ SCAN_REP('0');
		other = ((x + SCAN_REP(0x76)) | x) & SCAN_REP(0x80);
		if (other != 0)
			return (p + __builtin_ctzll(other) / 8);
	}
#else
	while (p < end && scan_is_digit(*p))
		p++;
#endif
	return (p);
}

static inline const char *
scan_skip_space(const char * p, const char * end)
{

	if (p < end && (unsigned char)*p > ' ')
		return (p);
	return (scan_space(p, end));
}

/* As scan_value(). */
static inline const char *
scan_quick(const char * p, const char * end, struct scan_value * v,
    struct scan_error * err)
{
	const char * q = p + 1;
	struct scan_block b;

	if (*p == '"') {
		while ((b = scan_look(q)).special == 0 && b.high == 0 &&
		    q < end)
			q += SCAN_BLOCK;
		if (b.special != 0) {
			q += __builtin_ctz(b.special);
			/* High bits before the quote want a closer look. */
			if (q < end && *q == '"' && (b.high & (b.special ^
			    (b.special - 1))) == 0) {
				*v = (struct scan_value) { p + 1,
				    (size_t)(q - p - 1), SCAN_STRING, 0, 1 };
				return (q + 1);
			}
		}
	} else if (*p >= '1' && *p <= '9') {
		q = scan_digits(p, end);
		if (q < end && (*q == ',' || *q == '}' || *q == ']')) {
			*v = (struct scan_value) { p, (size_t)(q - p),
			    SCAN_INT, 0, 1 };
			return (q);
		}
	}
	return (scan_value(p, end, v, err));
}

#endif /* !SCAN_FAST_H_ */
