#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exitcode.h"
#include "log.h"
#include "mem.h"
#include "pipesize.h"
#include "stop.h"

#include "linein.h"

#define READ_SIZE	(256u << 10)

struct linein {
	int fd;
	const char * name;
	size_t max;
	char * buf;
	size_t cap;		/* without the slack */
	size_t start;		/* first byte not taken yet */
	size_t whole;		/* behind the last newline; start if none */
	size_t end;		/* behind the last byte read */
	uint64_t number;	/* of the line last taken */
	uint64_t offset;	/* bytes taken */
	int ready;		/* linein_idle() saw that there is more */
	int eof;
	int too_long;		/* why it ended */
};

struct linein *
linein_open(int fd, const char * name, size_t max)
{
	struct linein * in = mem_new(1, sizeof *in);

	in->fd = fd;
	in->name = name;
	in->max = max;
	in->cap = READ_SIZE;
	in->buf = mem_new(in->cap + LINEIN_SLACK, 1);
	(void)pipesize_raise(fd);
	return (in);
}

/* Make room behind the bytes, part of a line, for at least one more. */
static void
make_room(struct linein * in)
{

	if (in->start > 0) {
		memmove(in->buf, in->buf + in->start, in->end - in->start);
		in->end -= in->start;
		in->start = in->whole = 0;
	}
	if (in->cap - in->end >= READ_SIZE / 2)
		return;
	in->cap *= 2;
	in->buf = mem_grow(in->buf, in->cap + LINEIN_SLACK, 1);
	memset(in->buf + in->end, 0, in->cap - in->end + LINEIN_SLACK);
}

/* Read more behind part of a line; LINEIN_LINE means that there is more. */
static enum linein_result
fill(struct linein * in)
{
	const char * nl;
	ssize_t n;

	make_room(in);
	for (;;) {
		if (in->ready ? stop_asked() : stop_wait(in->fd, POLLIN))
			return (LINEIN_STOP);
		in->ready = 0;
		n = read(in->fd, in->buf + in->end, in->cap - in->end);
		if (n > 0) {
			nl = memrchr(in->buf + in->end, '\n', (size_t)n);
			if (nl != NULL)
				in->whole = (size_t)(nl + 1 - in->buf);
			in->end += (size_t)n;
			return (LINEIN_LINE);
		}
		if (n == 0)
			return (LINEIN_EOF);
		if (errno == EINTR)
			continue;
		log_error_sys("%s: read behind line %ju", in->name,
		    (uintmax_t)in->number);
		return (LINEIN_ERROR);
	}
}

/* End of file: an error if it stands inside a line. */
static enum linein_result
at_eof(struct linein * in)
{

	in->eof = 1;
	if (in->end == in->start)
		return (LINEIN_EOF);
	log_error("%s:%ju: the last line has no newline: the input was cut",
	    in->name, (uintmax_t)in->number + 1);
	return (LINEIN_ERROR);
}

/* The next line is too long; it is the last thing that is said. */
static enum linein_result
too_long(struct linein * in)
{

	in->eof = in->too_long = 1;
	in->whole = in->start;
	log_error("%s:%ju: the line is longer than %zu bytes", in->name,
	    (uintmax_t)in->number + 1, in->max);
	return (LINEIN_ERROR);
}

/* Read until there is a whole line. */
static enum linein_result
read_lines(struct linein * in)
{
	enum linein_result r;

	if (in->eof)
		return (LINEIN_EOF);
	while (in->whole == in->start) {
		if (in->end - in->start > in->max)
			return (too_long(in));
		if ((r = fill(in)) == LINEIN_EOF)
			return (at_eof(in));
		if (r != LINEIN_LINE) {
			in->eof = (r == LINEIN_ERROR);
			return (r);
		}
	}
	return (LINEIN_LINE);
}

enum linein_result
linein_lines(struct linein * in, const char ** p, size_t * n)
{
	enum linein_result r;

	if (in->start == in->whole && (r = read_lines(in)) != LINEIN_LINE)
		return (r);
	*p = in->buf + in->start;
	*n = in->whole - in->start;
	return (LINEIN_LINE);
}

int
linein_took(struct linein * in, size_t n)
{

	if (n > in->max) {
		(void)too_long(in);
		return (-1);
	}
	in->start += n + 1;
	in->number++;
	in->offset += n + 1;
	return (0);
}

enum linein_result
linein_next(struct linein * in, const char ** p, size_t * n)
{
	enum linein_result r = linein_lines(in, p, n);

	if (r != LINEIN_LINE)
		return (r);
	*n = (size_t)((const char *)memchr(*p, '\n', *n) - *p);
	return (linein_took(in, *n) == -1 ? LINEIN_ERROR : LINEIN_LINE);
}

int
linein_each(struct linein * in, linein_take * take, void * cookie)
{
	const char * p;
	size_t n;
	int code = 0;

	while (code == 0) {
		switch (linein_next(in, &p, &n)) {
		case LINEIN_LINE:
			code = take(cookie, p, n);
			break;
		case LINEIN_EOF:
			return (0);
		case LINEIN_STOP:
			return (EXIT_STOPPED);
		case LINEIN_ERROR:
			return (EXIT_PERM);
		}
	}
	return (code);
}

int
linein_idle(struct linein * in)
{
	struct pollfd pfd = { in->fd, POLLIN, 0 };

	if (in->eof || in->start < in->whole)
		return (0);
	in->ready = (poll(&pfd, 1, 0) == 1);
	return (!in->ready);
}

int
linein_too_long(const struct linein * in)
{

	return (in->too_long);
}

uint64_t
linein_number(const struct linein * in)
{

	return (in->number);
}

const char *
linein_name(const struct linein * in)
{

	return (in->name);
}

uint64_t
linein_offset(const struct linein * in)
{

	return (in->offset);
}

void
linein_free(struct linein * in)
{

	if (in == NULL)
		return;
	free(in->buf);
	free(in);
}
