#ifndef MUTATE_H_
#define MUTATE_H_

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/linein.h"

/*
 * Seeded mutations of JSON texts, and texts placed as the readers get them.
 */

/*
 * A text as the readers get it: with bytes behind it that may be read and
 * mean nothing, here ones that would make a difference, and with nothing
 * readable behind those.
 */
#define MUTATE_MAX	2000
static char * mutate_block;

static inline char *
place(const char * p, size_t n)
{
	static const char junk[] = "0\"}]e5,\\u0041:  tail1.5\"]}}}0000000000"
	    "0000000000000000000000000000";
	char * text;

	if (mutate_block == NULL)
		mutate_block = malloc(MUTATE_MAX + LINEIN_SLACK);
	text = mutate_block + MUTATE_MAX - n;
	memcpy(text, p, n);
	memcpy(text + n, junk, LINEIN_SLACK);
	return (text);
}

/* The same for a line, which has its newline behind it. */
static inline char *
place_line(const char * p, size_t n)
{
	char * line = place(p, n);

	line[n] = '\n';
	return (line);
}

static uint64_t mutate_seed;

/*
 * Start from ${FUZZ_SEED} or a number of ours, and say which.  Return how
 * many texts to try: ${FUZZ_RUNS}, or ${runs}.
 */
static inline unsigned long
mutate_begin(unsigned long runs)
{
	const char * s = getenv("FUZZ_SEED");
	const char * r = getenv("FUZZ_RUNS");

	mutate_seed = s != NULL ? strtoull(s, NULL, 10) : 20260102;
	mutate_seed += (mutate_seed == 0);
	if (r != NULL)
		runs = strtoul(r, NULL, 10);
	printf("# FUZZ_SEED=%ju FUZZ_RUNS=%lu\n", (uintmax_t)mutate_seed, runs);
	return (runs);
}

/* A number below ${n}. */
static inline uint32_t
roll(uint32_t n)
{

	mutate_seed ^= mutate_seed << 13;
	mutate_seed ^= mutate_seed >> 7;
	mutate_seed ^= mutate_seed << 17;
	return ((uint32_t)(mutate_seed >> 32) % n);
}

static const char * const mutate_pieces[] = {
	"\"", "\\", "{", "}", "[", "]", ",", ":", " ", "\n", "0", "-", ".", "e",
	"E+", "1", "\\u", "\\ud800", "\\udc00", "\\u0061", "null", "true",
	"\"a\"", "\"a\":1", ",\"a\":1", "[[[[[[[[[[[[[[[[[[[[", "\xc3\xa9",
	"\xed\xa0\x80", "\xff", "\xf0\x9f\x98\x80", "\xe2\x82", "\t", "\x01",
	"k1", "{\"b\":", "]]]]]]]]]]", "9999999999999999999"
};

/* One mutation of the text of *${n} bytes, in place. */
static inline void
mutate(char * p, size_t * n)
{
	size_t at = roll((uint32_t)*n + 1), len;
	const char * piece;

	switch (roll(5)) {
	case 0:		/* another byte */
		if (at < *n)
			p[at] = (char)roll(256);
		return;
	case 1:		/* fewer */
		len = roll(4) + 1;
		if (len > *n - at)
			len = *n - at;
		memmove(p + at, p + at + len, *n - at - len);
		*n -= len;
		return;
	case 2:		/* a piece of itself again */
		len = roll((uint32_t)(*n - at) + 1) % 40;
		memmove(p + at + len, p + at, *n - at);
		*n += len;
		return;
	default:	/* a piece that means something */
		piece = mutate_pieces[roll(sizeof mutate_pieces /
		    sizeof mutate_pieces[0])];
		len = strlen(piece);
		memmove(p + at + len, p + at, *n - at);
		memcpy(p + at, piece, len);
		*n += len;
	}
}

#endif /* !MUTATE_H_ */
