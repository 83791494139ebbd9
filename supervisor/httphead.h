#ifndef HTTPHEAD_H_
#define HTTPHEAD_H_

#include <stddef.h>

/*
 * The head of an HTTP/1.1 request, looked at byte by byte before the library
 * sees it, which takes much that two readers could understand differently:
 * folded and doubled fields, bare line feeds, NUL, a space before the colon.
 * Pure.
 */
#define HTTPHEAD_MAX		8192	/* bytes, with the empty line */
#define HTTPHEAD_FIELDS_MAX	64

enum httphead_result {
	HTTPHEAD_MORE,		/* right so far, but not complete */
	HTTPHEAD_DONE,
	HTTPHEAD_BAD,		/* refused: 400 */
	HTTPHEAD_LONG		/* refused: 431 */
};

/**
 * httphead_check(p, n, why):
 * Look at the ${n} bytes that have come so far.  When they are refused, point
 * ${why} to a constant sentence.
 */
enum httphead_result httphead_check(const char * p, size_t n,
    const char ** why);

#endif /* !HTTPHEAD_H_ */
