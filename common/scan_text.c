#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "mem.h"
#include "scan_fast.h"

#include "scan.h"

/*
 * Text of strings: without their escapes, and with them.
 */

/* Nonzero if any of eight bytes is '"', '\\' or a control byte. */
#define REP		SCAN_REP
#define BELOW(x, c)	(((x) - REP(c)) & ~(x) & REP(0x80))
static inline uint64_t
special8(uint64_t x)
{

	return (BELOW(x, 0x20) | BELOW(x ^ REP('"'), 1) |
	    BELOW(x ^ REP('\\'), 1));
}

static inline int
is_special(char c)
{

	return ((unsigned char)c < 0x20 || c == '"' || c == '\\');
}

/* Store a code point as UTF-8; return its length. */
static size_t
put_utf8(char * dst, unsigned u)
{

	if (u < 0x80) {
		dst[0] = (char)u;
		return (1);
	}
	if (u < 0x800) {
		dst[0] = (char)(0xc0 | u >> 6);
		dst[1] = (char)(0x80 | (u & 0x3f));
		return (2);
	}
	if (u < 0x10000) {
		dst[0] = (char)(0xe0 | u >> 12);
		dst[1] = (char)(0x80 | (u >> 6 & 0x3f));
		dst[2] = (char)(0x80 | (u & 0x3f));
		return (3);
	}
	dst[0] = (char)(0xf0 | u >> 18);
	dst[1] = (char)(0x80 | (u >> 12 & 0x3f));
	dst[2] = (char)(0x80 | (u >> 6 & 0x3f));
	dst[3] = (char)(0x80 | (u & 0x3f));
	return (4);
}

/* Decode the escape at ${*p}, known to be whole, and step over it. */
static size_t
decode_escape(const char ** p, const char * end, char * dst)
{
	unsigned u;

	switch ((*p)[1]) {
	case 'b': *dst = '\b'; break;
	case 'f': *dst = '\f'; break;
	case 'n': *dst = '\n'; break;
	case 'r': *dst = '\r'; break;
	case 't': *dst = '\t'; break;
	case 'u':
		u = (unsigned)scan_hex4(*p + 2, end);
		*p += 6;
		if (u >= 0xd800 && u <= 0xdbff) {
			u = 0x10000 + ((u - 0xd800) << 10) +
			    ((unsigned)scan_hex4(*p + 2, end) - 0xdc00);
			*p += 6;
		}
		return (put_utf8(dst, u));
	default:
		*dst = (*p)[1];
	}
	*p += 2;
	return (1);
}

size_t
scan_decode(const struct scan_value * v, char * dst)
{
	const char * p = v->p;
	const char * end = v->p + v->n;
	const char * q;
	char * d = dst;

	if (!v->escaped) {
		memcpy(dst, v->p, v->n);
		return (v->n);
	}
	while (p < end) {
		if ((q = memchr(p, '\\', (size_t)(end - p))) == NULL)
			q = end;
		memcpy(d, p, (size_t)(q - p));
		d += q - p;
		p = q;
		if (p < end)
			d += decode_escape(&p, end, d);
	}
	return ((size_t)(d - dst));
}

/*
 * Does the text of the string ${v}, which has escapes, begin with the ${n}
 * bytes ${s}, and is it no longer if ${whole}?
 */
static int
is_decoded(const struct scan_value * v, const char * s, size_t n, int whole)
{
	char small[256];
	char * text;
	size_t len;
	int same;

	if (v->n < n)
		return (0);
	text = v->n <= sizeof small ? small : mem_new(v->n, 1);
	len = scan_decode(v, text);
	same = (whole ? len == n : len >= n) && memcmp(text, s, n) == 0;
	if (text != small)
		free(text);
	return (same);
}

int
scan_equal(const struct scan_value * v, const char * s, size_t n)
{

	if (!v->escaped)
		return (v->n == n && memcmp(v->p, s, n) == 0);
	return (is_decoded(v, s, n, 1));
}

int
scan_starts(const struct scan_value * v, const char * s, size_t n)
{

	if (!v->escaped)
		return (v->n >= n && memcmp(v->p, s, n) == 0);
	return (is_decoded(v, s, n, 0));
}

size_t
scan_chars(const struct scan_value * v)
{
	const char * p = v->p;
	const char * end = v->p + v->n;
	size_t chars = 0;
	int u;

	if (v->ascii && !v->escaped)
		return (v->n);
	while (p < end) {
		if (*p != '\\') {
			chars += (*p++ & 0xc0) != 0x80;
			continue;
		}
		chars++;
		if (p[1] != 'u')
			p += 2;
		else if ((u = scan_hex4(p + 2, end)) >= 0xd800 && u <= 0xdbff)
			p += 12;
		else
			p += 6;
	}
	return (chars);
}

/*
 * Copy bytes until one has to be escaped.  ${dst} has room for ${n} bytes.
 * Nothing is read behind the ${n} bytes: they may end where the memory does.
 * Return how many were copied; or the high bits seen into ${high}.
 */
static size_t
copy_clean(char * dst, const char * p, size_t n, uint64_t * high)
{
	size_t i = 0;
	struct scan_block b;

	for (; n - i >= SCAN_BLOCK; i += SCAN_BLOCK) {
		b = scan_look(p + i);
		*high |= b.high;
		memcpy(dst + i, p + i, SCAN_BLOCK);
		if (b.special != 0)
			return (i + (size_t)__builtin_ctz(b.special));
	}
	if (n - i >= 8) {
		uint64_t x = scan_load8(p + i), y = scan_load8(p + n - 8);

		if ((special8(x) | special8(y)) == 0) {
			*high |= (x | y) & REP(0x80);
			memcpy(dst + i, &x, 8);
			memcpy(dst + n - 8, &y, 8);
			return (n);
		}
	} else if (n - i >= 4) {
		uint64_t x = scan_load4(p + i) |
		    (uint64_t)scan_load4(p + n - 4) << 32;

		if (special8(x) == 0) {
			*high |= x & REP(0x80);
			memcpy(dst + i, p + i, 4);
			memcpy(dst + n - 4, p + n - 4, 4);
			return (n);
		}
	}
	for (; i < n && !is_special(p[i]); i++) {
		*high |= (unsigned char)p[i] & 0x80;
		dst[i] = p[i];
	}
	return (i);
}

/* The escape of one byte; return its length, at most 6. */
static size_t
put_escape(char * dst, char c)
{
	static const char hex[] = "0123456789abcdef";
	static const char shorts[] = "btn?fr";	/* from 8 to 13 */

	dst[0] = '\\';
	if (c == '"' || c == '\\')
		dst[1] = c;
	else if (c >= 8 && c <= 13 && c != 11)
		dst[1] = shorts[c - 8];
	else {
		memcpy(dst + 1, "u00", 3);
		dst[4] = hex[c >> 4 & 1];
		dst[5] = hex[c & 15];
		return (6);
	}
	return (2);
}

int
scan_put_text(struct buf * b, const char * p, size_t n)
{
	size_t start = b->n, done = 0;
	uint64_t high = 0;

	buf_putc(b, '"');
	for (;;) {
		char * dst = buf_room(b, n - done + 8);
		size_t len = copy_clean(dst, p + done, n - done, &high);

		done += len;
		b->n += len;
		if (done == n)
			break;
		b->n += put_escape(dst + len, p[done++]);
	}
	buf_putc(b, '"');
	if (high && scan_utf8_bad(p, n) != NULL) {
		b->n = start;
		return (-1);
	}
	return (0);
}
