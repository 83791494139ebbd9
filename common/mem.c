#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "die.h"

#include "mem.h"

void *
mem_new(size_t n, size_t size)
{
	void * p;

	if ((p = calloc(n ? n : 1, size ? size : 1)) == NULL)
		die_temp_sys("memory for %zu bytes", n * size);
	return (p);
}

void *
mem_grow(void * p, size_t n, size_t size)
{
	void * q;

	if ((q = reallocarray(p, n ? n : 1, size ? size : 1)) == NULL)
		die_temp_sys("memory for %zu bytes", n * size);
	return (q);
}

char *
mem_text(const char * p, size_t n)
{
	char * s = mem_new(n + 1, 1);

	if (n > 0)
		memcpy(s, p, n);
	s[n] = '\0';
	return (s);
}

char *
mem_dup(const char * s)
{

	return (s == NULL ? NULL : mem_text(s, strlen(s)));
}
