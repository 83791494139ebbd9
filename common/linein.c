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
	size_t start;		/* first byte not returned yet */
	size_t scanned;		/* no newline in [start, scanned) */
	int found;		/* but there is one at it */
	size_t end;		/* behind the last byte read */
	uint64_t number;	/* of the line last returned */
	uint64_t offset;	/* bytes returned */
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

/* Make room behind the bytes that are there for at least one more. */
static void
make_room(struct linein * in)
{

	if (in->start > 0) {
		memmove(in->buf, in->buf + in->start, in->end - in->start);
		in->scanned -= in->start;
		in->end -= in->start;
		in->start = 0;
	}
	if (in->cap - in->end >= READ_SIZE / 2)
		return;
	in->cap *= 2;
	in->buf = mem_grow(in->buf, in->cap + LINEIN_SLACK, 1);
	memset(in->buf + in->end, 0, in->cap - in->end + LINEIN_SLACK);
}

/* Read more; LINEIN_LINE means that there is more. */
static enum linein_result
fill(struct linein * in)
{
	ssize_t n;

	make_room(in);
	for (;;) {
		if (in->ready ? stop_asked() : stop_wait(in->fd, POLLIN))
			return (LINEIN_STOP);
		in->ready = 0;
		n = read(in->fd, in->buf + in->end, in->cap - in->end);
		if (n > 0) {
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

/* Bring `scanned` to the next newline, or to the end of what was read. */
static int
find_newline(struct linein * in)
{
	char * nl;

	if (in->found)
		return (1);
	nl = memchr(in->buf + in->scanned, '\n', in->end - in->scanned);
	in->found = (nl != NULL);
	in->scanned = nl != NULL ? (size_t)(nl - in->buf) : in->end;
	return (in->found);
}

enum linein_result
linein_next(struct linein * in, const char ** p, size_t * n)
{
	enum linein_result r;

	if (in->eof)
		return (LINEIN_EOF);
	while (!find_newline(in)) {
		if (in->end - in->start > in->max)
			break;
		if ((r = fill(in)) == LINEIN_EOF)
			return (at_eof(in));
		if (r != LINEIN_LINE) {
			in->eof = (r == LINEIN_ERROR);
			return (r);
		}
	}
	if (in->scanned - in->start > in->max) {
		in->eof = in->too_long = 1;
		log_error("%s:%ju: the line is longer than %zu bytes",
		    in->name, (uintmax_t)in->number + 1, in->max);
		return (LINEIN_ERROR);
	}
	*p = in->buf + in->start;
	*n = in->scanned - in->start;
	in->start = ++in->scanned;
	in->found = 0;
	in->number++;
	in->offset += *n + 1;
	return (LINEIN_LINE);
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

	if (in->eof || find_newline(in))
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
