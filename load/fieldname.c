#include <string.h>

#include "fieldname.h"

#define DOLLAR	"\xef\xbc\x84"	/* U+FF04 in UTF-8 */
#define STOP	"\xef\xbc\x8e"	/* U+FF0E */

int
fieldname_plain(const char * p, size_t n)
{

	return (n > 0 && p[0] != '$' && memchr(p, '.', n) == NULL &&
	    memchr(p, '\0', n) == NULL);
}

const char *
fieldname_escape(const char * p, size_t n, struct buf * b)
{
	size_t i;

	if (n == 0)
		return ("has an empty name, which no field can have");
	if (memchr(p, '\0', n) != NULL)
		return ("has NUL in its name, which no field can have");
	for (i = 0; i < n; i++) {
		if (p[i] == '.')
			buf_puts(b, STOP);
		else if (p[i] == '$' && i == 0)
			buf_puts(b, DOLLAR);
		else
			buf_putc(b, p[i]);
	}
	return (NULL);
}
