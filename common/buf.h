#ifndef BUF_H_
#define BUF_H_

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * A growable byte buffer.  All zero is an empty one.  Invariant: p has room
 * for cap + BUF_SLACK bytes and n <= cap, so a writer may store up to
 * BUF_SLACK bytes more than it keeps (whole words instead of single bytes).
 * Growth is by doubling; out of memory ends the program (mem.h).
 */
#define BUF_SLACK 64

struct buf {
	char * p;	/* the bytes; not NUL-terminated */
	size_t n;	/* how many there are */
	size_t cap;	/* how many fit */
};

/**
 * buf_grow(b, more):
 * Make room for at least ${more} further bytes.  Called by buf_room() only.
 */
void buf_grow(struct buf * b, size_t more);

/**
 * buf_room(b, more):
 * Return where the next byte goes, with room for ${more} bytes there.  The
 * caller adds what it wrote to ${b}->n.
 */
static inline char *
buf_room(struct buf * b, size_t more)
{

	if (b->cap - b->n < more || b->p == NULL)
		buf_grow(b, more);
	return (b->p + b->n);
}

/* Append ${n} bytes. */
static inline void
buf_put(struct buf * b, const void * p, size_t n)
{

	if (n == 0)
		return;
	memcpy(buf_room(b, n), p, n);
	b->n += n;
}

/**
 * buf_copy(dst, p, n):
 * Copy ${n} bytes in whole blocks of 32: up to as many more are read, and
 * written.  Return the byte behind them at ${dst}.  For pieces that nearly
 * all take one block.
 */
static inline char *
buf_copy(char * dst, const char * p, size_t n)
{
	size_t i;

	memcpy(dst, p, 16);
	memcpy(dst + 16, p + 16, 16);
	for (i = 32; __builtin_expect(i < n, 0); i += 32) {
		memcpy(dst + i, p + i, 16);
		memcpy(dst + i + 16, p + i + 16, 16);
	}
	return (dst + n);
}

/* Append one byte. */
static inline void
buf_putc(struct buf * b, char c)
{

	*buf_room(b, 1) = c;
	b->n++;
}

/* Append a string constant or other NUL-terminated text. */
static inline void
buf_puts(struct buf * b, const char * s)
{

	buf_put(b, s, strlen(s));
}

/* Append a number in decimal. */
void buf_put_u64(struct buf * b, uint64_t v);
void buf_put_i64(struct buf * b, int64_t v);

/* Append formatted text; not for a path that runs once per row. */
void buf_printf(struct buf * b, const char * fmt, ...)
    __attribute__((format(printf, 2, 3)));

/**
 * buf_text(b):
 * Put a NUL behind the bytes (not counted in n) and return them.
 */
char * buf_text(struct buf * b);

/* Forget the bytes, keep the memory. */
static inline void
buf_clear(struct buf * b)
{

	b->n = 0;
}

/* Release the memory; ${b} is an empty buffer again. */
void buf_free(struct buf * b);

#endif /* !BUF_H_ */
