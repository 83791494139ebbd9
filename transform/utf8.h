#ifndef UTF8_H_
#define UTF8_H_

#include <stddef.h>
#include <stdint.h>

/*
 * Steps through UTF-8 that is known to be valid, as all text behind scan.h.
 */

/* The code point at ${*p}; ${*p} moves behind it. */
static inline uint32_t
utf8_next(const char ** p)
{
	const unsigned char * s = (const void *)*p;

	if (s[0] < 0x80) {
		*p += 1;
		return (s[0]);
	}
	if (s[0] < 0xe0) {
		*p += 2;
		return ((s[0] & 0x1fu) << 6 | (s[1] & 0x3fu));
	}
	if (s[0] < 0xf0) {
		*p += 3;
		return ((s[0] & 0x0fu) << 12 | (s[1] & 0x3fu) << 6 |
		    (s[2] & 0x3fu));
	}
	*p += 4;
	return ((s[0] & 0x07u) << 18 | (s[1] & 0x3fu) << 12 |
	    (s[2] & 0x3fu) << 6 | (s[3] & 0x3fu));
}

/* The code point that ends before ${*p}; ${*p} moves to its start. */
static inline uint32_t
utf8_before(const char ** p)
{
	const char * q;

	do
		(*p)--;
	while ((**p & 0xc0) == 0x80);
	q = *p;
	return (utf8_next(&q));
}

/* How many code points the ${n} bytes ${p} are. */
static inline size_t
utf8_count(const char * p, size_t n)
{
	size_t i, count = 0;

	for (i = 0; i < n; i++)
		count += (p[i] & 0xc0) != 0x80;
	return (count);
}

/* Store ${c} at ${d}; return its length, at most 4. */
static inline size_t
utf8_put(char * d, uint32_t c)
{

	if (c < 0x80) {
		d[0] = (char)c;
		return (1);
	}
	if (c < 0x800) {
		d[0] = (char)(0xc0 | c >> 6);
		d[1] = (char)(0x80 | (c & 0x3f));
		return (2);
	}
	if (c < 0x10000) {
		d[0] = (char)(0xe0 | c >> 12);
		d[1] = (char)(0x80 | (c >> 6 & 0x3f));
		d[2] = (char)(0x80 | (c & 0x3f));
		return (3);
	}
	d[0] = (char)(0xf0 | c >> 18);
	d[1] = (char)(0x80 | (c >> 12 & 0x3f));
	d[2] = (char)(0x80 | (c >> 6 & 0x3f));
	d[3] = (char)(0x80 | (c & 0x3f));
	return (4);
}

#endif /* !UTF8_H_ */
