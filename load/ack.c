#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/buf.h"
#include "../common/log.h"
#include "../common/mem.h"
#include "../common/stop.h"

#include "ack.h"

#define FILE_US		100000		/* between two writes of the file */
#define READER_US	5000000		/* for a FIFO's reader to come */
#define READER_STEP_US	20000
#define CLOSE_MS	30000		/* for it to take the last line */

enum kind { STDOUT, FIFO, FILE_ };

struct ack {
	enum kind kind;
	int fd;			/* of standard output or the FIFO */
	char * path;
	char * dir;		/* of the file, and its name there */
	char * base;
	char * temp;
	struct buf line;	/* the newest position, with its newline */
	int waiting;		/* it isn't written yet */
	struct buf torn;	/* a line that the FIFO took only a part of */
	size_t torn_done;
	uint64_t written;	/* when, on stop_clock() */
};

/* Open the FIFO.  Its reader may still be on its way. */
static int
open_fifo(struct ack * a, int * temporary)
{
	uint64_t end = stop_clock() + READER_US;
	struct stat sb;

	while ((a->fd = open(a->path, O_WRONLY | O_NONBLOCK | O_CLOEXEC |
	    O_NOFOLLOW)) == -1) {
		if (errno != ENXIO) {
			log_error_sys("open %s", a->path);
			return (-1);
		}
		if (stop_clock() >= end || stop_sleep(READER_STEP_US)) {
			log_error("%s: nobody reads this FIFO", a->path);
			*temporary = 1;
			return (-1);
		}
	}
	if (fstat(a->fd, &sb) == -1 || !S_ISFIFO(sb.st_mode) ||
	    (sb.st_uid != geteuid() && sb.st_uid != 0)) {
		log_error("%s: is no FIFO of yours any more", a->path);
		close(a->fd);
		return (-1);
	}
	return (0);
}

/* Names for the file and the one that it is written to first. */
static void
name_file(struct ack * a)
{
	struct buf b = { NULL, 0, 0 };
	char * copy = mem_dup(a->path);

	a->dir = mem_dup(dirname(copy));
	free(copy);
	copy = mem_dup(a->path);
	a->base = mem_dup(basename(copy));
	free(copy);
	buf_printf(&b, ".%s.new", a->base);
	a->temp = mem_dup(buf_text(&b));
	buf_free(&b);
}

static void
release(struct ack * a)
{

	buf_free(&a->line);
	buf_free(&a->torn);
	free(a->path);
	free(a->dir);
	free(a->base);
	free(a->temp);
	free(a);
}

struct ack *
ack_open(const char * path, int * temporary)
{
	struct ack * a = mem_new(1, sizeof *a);
	struct stat sb;
	int missing;

	*temporary = 0;
	a->fd = -1;
	if (path == NULL) {
		a->kind = STDOUT;
		a->fd = STDOUT_FILENO;
		return (a);
	}
	a->path = mem_dup(path);
	missing = (lstat(path, &sb) == -1);
	if (missing && errno != ENOENT) {
		log_error_sys("%s", path);
		goto err0;
	} else if (missing || S_ISREG(sb.st_mode)) {
		a->kind = FILE_;
		name_file(a);
	} else if (S_ISFIFO(sb.st_mode)) {
		a->kind = FIFO;
		if (open_fifo(a, temporary) == -1)
			goto err0;
	} else {
		log_error("%s: is neither a FIFO nor a regular file", path);
		goto err0;
	}
	return (a);

err0:
	release(a);
	return (NULL);
}

/* Write all of ${n} bytes to a descriptor that waits. */
static int
write_all(int fd, const char * p, size_t n)
{
	struct pollfd pfd = { fd, POLLOUT, 0 };
	ssize_t done;

	while (n > 0) {
		if ((done = write(fd, p, n)) >= 0) {
			p += done;
			n -= (size_t)done;
		} else if (errno == EAGAIN)
			poll(&pfd, 1, -1);
		else if (errno != EINTR)
			return (-1);
	}
	return (0);
}

static int
put_stdout(struct ack * a)
{

	if (write_all(a->fd, a->line.p, a->line.n) == -1) {
		log_error_sys("write standard output");
		return (-1);
	}
	a->waiting = 0;
	return (0);
}

/* One attempt: a new file beside the old one, made safe.  -1: errno. */
static int
write_temp(struct ack * a, int dir)
{
	int fd, e;

	fd = openat(dir, a->temp, O_CREAT | O_TRUNC | O_WRONLY | O_NOFOLLOW |
	    O_CLOEXEC, 0600);
	if (fd == -1)
		return (-1);
	if (write_all(fd, a->line.p, a->line.n) == -1 || fsync(fd) == -1)
		goto err0;
	return (close(fd));

err0:
	e = errno;
	close(fd);
	unlinkat(dir, a->temp, 0);
	errno = e;
	return (-1);
}

/*
 * Replace the file.  A failed fsync is never repeated on the same file: the
 * kernel may call its pages clean by now.  A new file gets one more try.
 */
static int
replace_file(struct ack * a, int dir)
{

	if (write_temp(a, dir) == -1) {
		log_warn_sys("write %s", a->path);
		if (write_temp(a, dir) == -1) {
			log_error_sys("write %s", a->path);
			return (-1);
		}
	}
	if (renameat(dir, a->temp, dir, a->base) == -1) {
		log_error_sys("rename %s to %s", a->temp, a->path);
		unlinkat(dir, a->temp, 0);
		return (-1);
	}
	if (fsync(dir) == -1) {
		log_error_sys("sync the directory of %s", a->path);
		return (-1);
	}
	return (0);
}

static int
put_file(struct ack * a)
{
	int dir, rc;

	dir = open(a->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir == -1) {
		log_error_sys("open %s", a->dir);
		return (-1);
	}
	rc = replace_file(a, dir);
	close(dir);
	if (rc == 0) {
		a->waiting = 0;
		a->written = stop_clock();
	}
	return (rc);
}

/* Take the newest line to be written now. */
static void
take_line(struct ack * a)
{

	buf_clear(&a->torn);
	buf_put(&a->torn, a->line.p, a->line.n);
	a->torn_done = 0;
	a->waiting = 0;
}

/*
 * Write without waiting.  A line that was begun is finished first; one that
 * wasn't makes room for the newest.
 */
static int
put_fifo(struct ack * a)
{
	ssize_t n;

	for (;;) {
		if (a->torn_done == a->torn.n) {
			if (!a->waiting)
				return (0);
			take_line(a);
		}
		n = write(a->fd, a->torn.p + a->torn_done,
		    a->torn.n - a->torn_done);
		if (n >= 0) {
			a->torn_done += (size_t)n;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN) {
			log_error_sys("write %s", a->path);
			return (-1);
		}
		if (a->torn_done == 0) {
			/* Not begun: it may still be replaced. */
			a->torn.n = 0;
			a->waiting = 1;
		}
		return (0);
	}
}

int
ack_flush(struct ack * a)
{

	switch (a->kind) {
	case STDOUT:
		return (a->waiting ? put_stdout(a) : 0);
	case FIFO:
		return (put_fifo(a));
	case FILE_:
		return (a->waiting ? put_file(a) : 0);
	}
	return (-1);
}

int
ack_put(struct ack * a, const char * value, size_t n)
{

	buf_clear(&a->line);
	buf_put(&a->line, value, n);
	buf_putc(&a->line, '\n');
	a->waiting = 1;
	if (a->kind == FILE_ && a->written != 0 &&
	    stop_clock() - a->written < FILE_US)
		return (0);
	return (ack_flush(a));
}

/* Wait until the FIFO's reader has taken the last line. */
static int
finish_fifo(struct ack * a)
{
	struct pollfd pfd = { a->fd, POLLOUT, 0 };
	uint64_t end = stop_clock() + CLOSE_MS * UINT64_C(1000);

	for (;;) {
		if (put_fifo(a) == -1)
			return (-1);
		if (!a->waiting && a->torn_done == a->torn.n)
			return (0);
		if (stop_clock() >= end) {
			log_error("%s: its reader takes nothing", a->path);
			return (-1);
		}
		poll(&pfd, 1, 100);
	}
}

int
ack_close(struct ack * a)
{
	int rc;

	if (a == NULL)
		return (0);
	rc = a->kind == FIFO ? finish_fifo(a) : ack_flush(a);
	if (a->fd != -1 && close(a->fd) == -1 && rc == 0) {
		log_error_sys("close %s", a->kind == STDOUT ?
		    "standard output" : a->path);
		rc = -1;
	}
	release(a);
	return (rc);
}
