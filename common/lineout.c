#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "log.h"
#include "mem.h"

#include "lineout.h"

#define FLUSH_SIZE	(64u << 10)

struct lineout {
	int fd;
	const char * name;
	struct buf buf;
	int failed;		/* reported */
};

struct lineout *
lineout_open(int fd, const char * name)
{
	struct lineout * o = mem_new(1, sizeof *o);

	o->fd = fd;
	o->name = name;
	return (o);
}

struct buf *
lineout_buf(struct lineout * o)
{

	return (&o->buf);
}

/* A write failed: wait or give up. */
static void
on_error(struct lineout * o)
{
	struct pollfd pfd = { o->fd, POLLOUT, 0 };

	if (errno == EINTR)
		return;
	if (errno == EAGAIN) {
		/* Somebody else made the descriptor non-blocking. */
		poll(&pfd, 1, -1);
		return;
	}
	log_error_sys("write %s", o->name);
	o->failed = 1;
}

int
lineout_flush(struct lineout * o)
{
	size_t done = 0;
	ssize_t n;

	while (!o->failed && done < o->buf.n) {
		n = write(o->fd, o->buf.p + done, o->buf.n - done);
		if (n >= 0)
			done += (size_t)n;
		else
			on_error(o);
	}
	buf_clear(&o->buf);
	return (o->failed ? -1 : 0);
}

int
lineout_line(struct lineout * o)
{

	if (o->buf.n >= FLUSH_SIZE || o->failed)
		return (lineout_flush(o));
	return (0);
}

int
lineout_close(struct lineout * o)
{
	int rc;

	if (o == NULL)
		return (0);
	rc = lineout_flush(o);
	if (close(o->fd) == -1 && rc == 0) {
		log_error_sys("close %s", o->name);
		rc = -1;
	}
	buf_free(&o->buf);
	free(o);
	return (rc);
}
