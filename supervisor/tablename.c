#include <stdio.h>

#include "tablename.h"

static int
is_plain(char c)
{

	return ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '_' || c == '-');
}

int
tablename_encode(const char * name, char * dst, size_t n)
{
	size_t k = 0;

	if (*name == '\0')
		return (-1);
	for (; *name != '\0'; name++) {
		if (k + 4 > n)
			return (-1);
		if (is_plain(*name))
			dst[k++] = *name;
		else
			k += (size_t)snprintf(dst + k, n - k, "%%%02X",
			    (unsigned char)*name);
	}
	if (k >= n)
		return (-1);
	dst[k] = '\0';
	return (0);
}
