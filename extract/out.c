#include <sys/ioctl.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>

#include "../common/lineout.h"
#include "../common/mem.h"
#include "../common/stop.h"

#include "out.h"

#define HELD_MAX	(4u << 20)	/* held back at most, but for a row */
#define PIPE_SIZE	(256 << 10)
#define SLOT		4096		/* a pipe is a ring of such */

struct out {
	struct lineout * line;
	int fd;
	int pipe_size;		/* 0 if it is no pipe */
	int regular;
};

struct out *
out_open(int fd, const char * name)
{
	struct out * o = mem_new(1, sizeof *o);
	struct stat sb;

	o->fd = fd;
	o->line = lineout_open(fd, name);
	if (fstat(fd, &sb) == -1)
		return (o);
	o->regular = S_ISREG(sb.st_mode);
	if (S_ISFIFO(sb.st_mode)) {
		/* Room for whole writes; less will do if it is refused. */
		if (fcntl(fd, F_GETPIPE_SZ) < PIPE_SIZE)
			(void)fcntl(fd, F_SETPIPE_SZ, PIPE_SIZE);
		o->pipe_size = fcntl(fd, F_GETPIPE_SZ);
	}
	return (o);
}

struct buf *
out_buf(struct out * o)
{

	return (lineout_buf(o->line));
}

/* Nonzero if a write of ${n} bytes wouldn't have to wait. */
static int
has_room(const struct out * o, size_t n)
{
	struct pollfd pfd = { o->fd, POLLOUT, 0 };
	int used;
	size_t slots;

	if (o->regular)
		return (1);
	if (o->pipe_size <= 0 || ioctl(o->fd, FIONREAD, &used) == -1)
		return (poll(&pfd, 1, 0) == 1);

	/* A write may leave a slot half filled at its end. */
	slots = (size_t)used / SLOT + (size_t)used / OUT_CHUNK + 2 +
	    n / SLOT + 1;
	return (slots <= (size_t)o->pipe_size / SLOT || used == 0);
}

enum out_rc
out_flush(struct out * o)
{
	struct sigaction die, old;
	int rc;

	/*
	 * The client library ignores SIGPIPE for the sake of its sockets.
	 * Here it is what ends a filter whose reader has gone.
	 */
	sigemptyset(&die.sa_mask);
	die.sa_flags = 0;
	die.sa_handler = SIG_DFL;
	sigaction(SIGPIPE, &die, &old);
	rc = lineout_flush(o->line);
	sigaction(SIGPIPE, &old, NULL);
	return (rc == -1 ? OUT_FAILED : OUT_OK);
}

enum out_rc
out_try(struct out * o)
{
	size_t n = out_buf(o)->n;

	if (n == 0)
		return (OUT_OK);
	if (has_room(o, n))
		return (out_flush(o));
	return (n >= HELD_MAX ? OUT_FULL : OUT_OK);
}

void
out_wait(struct out * o, uint64_t us)
{
	uint64_t end = stop_clock() + us;

	while (!has_room(o, out_buf(o)->n) && stop_clock() < end) {
		if (stop_sleep(5000))
			return;
	}
}

int
out_close(struct out * o)
{
	int rc;

	if (o == NULL)
		return (0);
	rc = out_flush(o) == OUT_FAILED ? -1 : 0;
	if (lineout_close(o->line) == -1)
		rc = -1;
	free(o);
	return (rc);
}
