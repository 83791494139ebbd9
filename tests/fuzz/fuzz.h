#ifndef FUZZ_H_
#define FUZZ_H_

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/linein.h"

/*
 * What the fuzz targets share.  A target is one file with one function, as
 * libFuzzer (and AFL++) knows it:
 *
 *	int LLVMFuzzerTestOneInput(const uint8_t * p, size_t n);
 *
 * It hands the bytes to a reader of ours.  The reader may refuse them; it
 * must not crash, overrun, leak or hang, and what it takes has to be what
 * MUST() says.
 */
int LLVMFuzzerTestOneInput(const uint8_t * p, size_t n);

#define MUST(x)								\
	do {								\
		if (!(x)) {						\
			fprintf(stderr, "%s:%d: not true: %s\n",	\
			    __FILE__, __LINE__, #x);			\
			abort();					\
		}							\
	} while (0)

/*
 * A copy of the bytes as the readers of values get them: with LINEIN_SLACK
 * bytes behind that may be read and mean nothing (here they would make a
 * difference), and nothing behind those.  To be freed.
 */
static inline char *
fuzz_place(const void * p, size_t n)
{
	static const char junk[LINEIN_SLACK] = "0\"}]e5,\\u0041:  tail1.5\"]"
	    "}}}0000000000000000000000000000000000";
	char * text = malloc(n + sizeof junk);

	if (n > 0)
		memcpy(text, p, n);
	memcpy(text + n, junk, sizeof junk);
	return (text);
}

/* The same for a line, which has its newline behind it. */
static inline char *
fuzz_place_line(const void * p, size_t n)
{
	char * line = fuzz_place(p, n);

	line[n] = '\n';
	return (line);
}

/* The next line of the input, without its newline; 0 if there is none. */
static inline int
fuzz_line(const uint8_t ** p, size_t * n, const uint8_t ** line,
    size_t * len)
{
	const uint8_t * nl;

	if (*n == 0)
		return (0);
	nl = memchr(*p, '\n', *n);
	*line = *p;
	*len = nl != NULL ? (size_t)(nl - *p) : *n;
	*p += *len + (nl != NULL);
	*n -= *len + (nl != NULL);
	return (1);
}

/* The bytes as a text, NUL-terminated.  To be freed. */
static inline char *
fuzz_text(const uint8_t * p, size_t n)
{
	char * text = malloc(n + 1);

	if (n > 0)
		memcpy(text, p, n);
	text[n] = '\0';
	return (text);
}

#endif /* !FUZZ_H_ */
