#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "die.h"
#include "mem.h"

#include "buf.h"

#define BUF_FIRST	256	/* the first size */

/* "00" "01" ... "99": two digits at a time. */
static const char pairs[] =
    "0001020304050607080910111213141516171819"
    "2021222324252627282930313233343536373839"
    "4041424344454647484950515253545556575859"
    "6061626364656667686970717273747576777879"
    "8081828384858687888990919293949596979899";

void
buf_grow(struct buf * b, size_t more)
{
	size_t cap = b->cap ? b->cap : BUF_FIRST;

	if (more > SIZE_MAX / 4 - b->n)
		die_temp("memory for %zu more bytes", more);
	while (cap - b->n < more)
		cap *= 2;
	b->p = mem_grow(b->p, cap + BUF_SLACK, 1);
	b->cap = cap;
}

void
buf_put_u64(struct buf * b, uint64_t v)
{
	char tmp[20];
	char * p = tmp + sizeof tmp;

	while (v >= 100) {
		p -= 2;
		memcpy(p, pairs + 2 * (v % 100), 2);
		v /= 100;
	}
	if (v >= 10) {
		p -= 2;
		memcpy(p, pairs + 2 * v, 2);
	} else
		*--p = (char)('0' + v);
	buf_put(b, p, (size_t)(tmp + sizeof tmp - p));
}

void
buf_put_i64(struct buf * b, int64_t v)
{

	if (v < 0) {
		buf_putc(b, '-');
		buf_put_u64(b, 0 - (uint64_t)v);
	} else
		buf_put_u64(b, (uint64_t)v);
}

void
buf_printf(struct buf * b, const char * fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n <= 0)
		return;
	va_start(ap, fmt);
	vsnprintf(buf_room(b, (size_t)n + 1), (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->n += (size_t)n;
}

char *
buf_text(struct buf * b)
{

	*buf_room(b, 1) = '\0';
	return (b->p);
}

void
buf_free(struct buf * b)
{

	free(b->p);
	b->p = NULL;
	b->n = b->cap = 0;
}
