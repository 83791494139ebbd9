#ifndef VERSION_H_
#define VERSION_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "../common/record.h"

/*
 * The version of a row: the numbers of its position, each as 16 hexadecimal
 * digits, joined by '.'; so versions compare as positions do.
 */
#define VERSION_NUMBER	16		/* digits */
#define VERSION_MAX	(RECORD_POS_MAX * (VERSION_NUMBER + 1))

/* One number. */
static inline char *
version_number(uint64_t v, char * dst)
{
#ifdef __SSE2__
	const __m128i low = _mm_set1_epi8(0x0f), nine = _mm_set1_epi8(9);
	__m128i x = _mm_cvtsi64_si128((long long)__builtin_bswap64(v));

	/* A digit a byte, the highest in front. */
	x = _mm_unpacklo_epi8(_mm_and_si128(_mm_srli_epi64(x, 4), low),
	    _mm_and_si128(x, low));
	x = _mm_add_epi8(_mm_add_epi8(x, _mm_set1_epi8('0')), _mm_and_si128(
	    _mm_cmpgt_epi8(x, nine), _mm_set1_epi8('a' - '0' - 10)));
	_mm_storeu_si128((__m128i *)(void *)dst, x);
#else
	int i;

	for (i = VERSION_NUMBER; i-- > 0; v >>= 4)
		dst[i] = "0123456789abcdef"[v & 0xf];
#endif
	return (dst + VERSION_NUMBER);
}

/**
 * version_put(pos, npos, dst):
 * Write the version of a position of ${npos} numbers to ${dst}, which has
 * room for VERSION_MAX bytes.  Return its length.
 */
static inline size_t
version_put(const uint64_t * pos, size_t npos, char * dst)
{
	char * p = dst;
	size_t i;

	for (i = 0; i < npos; i++) {
		if (i > 0)
			*p++ = '.';
		p = version_number(pos[i], p);
	}
	return ((size_t)(p - dst));
}

#endif /* !VERSION_H_ */
