#include <string.h>

#include "scan_fast.h"

#include "scan.h"

/* The length of the UTF-8 sequence at ${p} (RFC 3629, table 3-7); 0: none. */
static size_t
utf8_sequence(const unsigned char * p, const unsigned char * end)
{
	size_t n = (size_t)(end - p);

#define CONT(i)	((p[i] & 0xc0) == 0x80)
	if (p[0] < 0x80)
		return (1);
	if (p[0] < 0xc2)
		return (0);
	if (p[0] < 0xe0)
		return (n >= 2 && CONT(1) ? 2 : 0);
	if (p[0] < 0xf0) {
		if (n < 3 || !CONT(1) || !CONT(2) ||
		    (p[0] == 0xe0 && p[1] < 0xa0) ||
		    (p[0] == 0xed && p[1] > 0x9f))
			return (0);
		return (3);
	}
	if (n < 4 || p[0] > 0xf4 || !CONT(1) || !CONT(2) || !CONT(3) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return (0);
#undef CONT
	return (4);
}

/*
 * The same of what most text is made of, of the first bytes ${x} of four or
 * more: two and three bytes.  0: look closer.
 */
static inline size_t
utf8_usual(uint32_t x)
{

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	if ((x & 0xc0e0) == 0x80c0)
		return ((x & 0x1e) != 0 ? 2 : 0);
	/* Not overlong (e0 80 to e0 9f), no surrogate (ed a0 to ed bf). */
	if ((x & 0xc0c0f0) == 0x8080e0)
		return ((x & 0x200f) != 0 && (x & 0x200f) != 0x200d ? 3 : 0);
#else
	(void)x;
#endif
	return (0);
}

/* How many of eight bytes are ASCII, before the first one that isn't. */
static inline size_t
ascii8(const char * p)
{
	uint64_t high = scan_load8(p) & SCAN_REP(0x80);

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return (high == 0 ? 8 : (size_t)__builtin_ctzll(high) / 8);
#else
	return (high == 0 ? 8 : (unsigned char)*p < 0x80);
#endif
}

const char *
scan_utf8_bad(const char * s, size_t n)
{
	const unsigned char * p = (const void *)s;
	const unsigned char * end = p + n;
	size_t len;

	while (p < end) {
		if (*p < 0x80) {
			p += end - p >= 8 ? ascii8((const char *)p) : 1;
			continue;
		}
		len = end - p >= 4 ? utf8_usual(scan_load4((const char *)p)) : 0;
		if (len == 0 && (len = utf8_sequence(p, end)) == 0)
			return ((const char *)p);
		p += len;
	}
	return (NULL);
}

int
scan_utf8(const char * p, size_t n, int * ascii)
{
	uint64_t high = 0;
	size_t i;

	if (ascii != NULL) {
		for (i = 0; i + 8 <= n; i += 8)
			high |= scan_load8(p + i);
		for (; i < n; i++)
			high |= (unsigned char)p[i];
		*ascii = (high & SCAN_REP(0x80)) == 0;
		if (*ascii)
			return (1);
	}
	return (scan_utf8_bad(p, n) == NULL);
}
