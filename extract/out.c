#include <sys/ioctl.h>
#include <sys/stat.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/log.h"
#include "../common/mem.h"
#include "../common/pipesize.h"
#include "../common/stop.h"

#include "out.h"

#define SLOT		4096		/* a pipe is a ring of such */
#define MOVE_MAX	(512 << 10)	/* more isn't kept once it is written */

struct out {
	int fd;
	const char * name;
	struct buf buf;
	size_t done;		/* bytes of it that are written */
	int pipe_size;		/* 0 if it is no pipe */
	int at_once;		/* a file, /dev/null: no write has to wait */
	int failed;		/* reported */
};

struct out *
out_open(int fd, const char * name)
{
	struct out * o = mem_new(1, sizeof *o);
	struct stat sb;

	o->fd = fd;
	o->name = name;
	if (fstat(fd, &sb) == -1)
		return (o);
	o->at_once = S_ISREG(sb.st_mode) || S_ISBLK(sb.st_mode) ||
	    (S_ISCHR(sb.st_mode) && !isatty(fd));
	o->pipe_size = pipesize_raise(fd);
	return (o);
}

struct buf *
out_buf(struct out * o)
{

	return (&o->buf);
}

size_t
out_held(const struct out * o)
{

	return (o->buf.n - o->done);
}

/* How many bytes can be written without waiting, roughly and rather less. */
static size_t
room(const struct out * o)
{
	struct pollfd pfd = { o->fd, POLLOUT, 0 };
	int used;
	size_t slots, free_slots;

	if (o->at_once)
		return (SIZE_MAX);
	if (o->pipe_size <= 0 || ioctl(o->fd, FIONREAD, &used) == -1)
		return (poll(&pfd, 1, 0) == 1 ? OUT_CHUNK : 0);

	/* Each write may have left a slot half filled at its end. */
	slots = (size_t)o->pipe_size / SLOT;
	free_slots = (size_t)used / SLOT + (size_t)used / OUT_CHUNK + 2;
	free_slots = slots > free_slots ? slots - free_slots : 0;
	return (used == 0 ? (size_t)o->pipe_size : free_slots * SLOT);
}

/*
 * The client library ignores SIGPIPE for the sake of its sockets.  Here it is
 * what ends a filter whose reader has gone, if it isn't blocked.
 */
static void
die_of_sigpipe(void)
{
	struct sigaction die;

	memset(&die, 0, sizeof die);
	die.sa_handler = SIG_DFL;
	sigaction(SIGPIPE, &die, NULL);
	raise(SIGPIPE);
	errno = EPIPE;
}

/* Write at most ${n} bytes, in one go. */
static void
write_some(struct out * o, size_t n)
{
	struct pollfd pfd = { o->fd, POLLOUT, 0 };
	ssize_t w = write(o->fd, o->buf.p + o->done, n);

	if (w >= 0)
		o->done += (size_t)w;
	else if (errno == EAGAIN)
		/* Somebody else made the descriptor non-blocking. */
		poll(&pfd, 1, -1);
	else if (errno != EINTR) {
		if (errno == EPIPE)
			die_of_sigpipe();
		log_error_sys("write %s", o->name);
		o->failed = 1;
	}

	/* Move what is left to the front, but not each time. */
	if (o->done > o->buf.n / 2 || o->done >= MOVE_MAX) {
		memmove(o->buf.p, o->buf.p + o->done, o->buf.n - o->done);
		o->buf.n -= o->done;
		o->done = 0;
	}
}

enum out_rc
out_flush(struct out * o)
{

	while (!o->failed && o->done < o->buf.n)
		write_some(o, o->buf.n - o->done);
	if (o->failed) {
		buf_clear(&o->buf);
		o->done = 0;
	}
	return (o->failed ? OUT_FAILED : OUT_OK);
}

enum out_rc
out_try(struct out * o)
{
	size_t n, space;

	while (!o->failed && (n = out_held(o)) >= OUT_CHUNK &&
	    (space = room(o)) >= OUT_CHUNK)
		write_some(o, n < space ? n : space);
	if (o->failed)
		return (OUT_FAILED);
	return (out_held(o) >= OUT_HELD_MAX ? OUT_FULL : OUT_OK);
}

void
out_wait(struct out * o, uint64_t us)
{
	uint64_t end = stop_clock() + us;

	while (room(o) < OUT_CHUNK && stop_clock() < end) {
		if (stop_sleep(2000))
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
	if (close(o->fd) == -1 && rc == 0) {
		log_error_sys("close %s", o->name);
		rc = -1;
	}
	buf_free(&o->buf);
	free(o);
	return (rc);
}
