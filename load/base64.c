#include <stdint.h>

#include "base64.h"

/* The value of each digit, or a bit above all of them. */
#define BAD	64
static int
digit(char c)
{

	if (c >= 'A' && c <= 'Z')
		return (c - 'A');
	if (c >= 'a' && c <= 'z')
		return (c - 'a' + 26);
	if (c >= '0' && c <= '9')
		return (c - '0' + 52);
	return (c == '+' ? 62 : c == '/' ? 63 : BAD);
}

int
base64_decode(const char * p, size_t n, char * dst, size_t * len)
{
	const char * end;
	char * d = dst;
	size_t pad = 0;
	int a, b, c, e;

	if (n % 4 != 0)
		return (-1);
	if (n > 0 && p[n - 1] == '=')
		pad = (p[n - 2] == '=') ? 2 : 1;
	for (end = p + n - (pad > 0 ? 4 : 0); p < end; p += 4) {
		a = digit(p[0]), b = digit(p[1]);
		c = digit(p[2]), e = digit(p[3]);
		if ((a | b | c | e) & BAD)
			return (-1);
		*d++ = (char)(a << 2 | b >> 4);
		*d++ = (char)(b << 4 | c >> 2);
		*d++ = (char)(c << 6 | e);
	}
	if (pad > 0) {
		a = digit(p[0]), b = digit(p[1]);
		c = (pad == 1) ? digit(p[2]) : 0;
		if (((a | b | c) & BAD) || (pad == 1 ? c & 3 : b & 15))
			return (-1);
		*d++ = (char)(a << 2 | b >> 4);
		if (pad == 1)
			*d++ = (char)(b << 4 | c >> 2);
	}
	*len = (size_t)(d - dst);
	return (0);
}
