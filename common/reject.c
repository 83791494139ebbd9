#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "log.h"
#include "mem.h"

#include "reject.h"

#define FLUSH_SIZE	(64u << 10)
#define CHUNK		(64u << 10)	/* read at once */

/* What closes a stream without moving any position. */
static const char closing[] = "{\"type\":\"STATE\",\"value\":null}\n";
#define CLOSING_LEN	((off_t)(sizeof closing - 1))

/* The SCHEMA in force for a stream. */
struct schema {
	char * stream;
	struct buf line;
	int written;		/* in this run */
};

struct reject {
	int fd;
	char * path;
	const char * stage;
	int regular;		/* a file, not /dev/null */
	int fresh;		/* its name isn't on the disk for certain */
	int open;		/* the stream lacks its closing STATE */
	int dirty;		/* written since the last fsync */
	int failed;		/* reported */
	struct buf out;
	struct schema * schema;
	size_t nschema;
};

/* Is ${fd} open on the file ${sb}? */
static int
is_same(int fd, const struct stat * sb)
{
	struct stat other;

	return (fstat(fd, &other) == 0 && other.st_dev == sb->st_dev &&
	    other.st_ino == sb->st_ino);
}

/*
 * Before a file is cut or added to: is it one of ours?  Its first line has
 * to look like a message, or like the torn beginning of one.
 */
static int
check_first_line(const struct reject * rj)
{
	static const char start[] = "{\"type\":";
	char p[CHUNK];
	ssize_t n;
	size_t len;
	const char * nl;

	if ((n = pread(rj->fd, p, sizeof p, 0)) == -1) {
		log_error_sys("read %s", rj->path);
		return (-1);
	}
	nl = memchr(p, '\n', (size_t)n);
	len = nl != NULL ? (size_t)(nl - p) : (size_t)n;
	if (len > 0 && p[0] == '{' &&
	    memmem(p, len, "\"type\"", 6) != NULL)
		return (0);
	if (nl == NULL && memcmp(p, start, len < sizeof start - 1 ? len :
	    sizeof start - 1) == 0)
		return (0);
	log_error("%s: exists and is no file of rejected records", rj->path);
	return (-1);
}

/* Store in ${end} where the last whole line of ${size} bytes ends. */
static int
find_last_line(const struct reject * rj, off_t size, off_t * end)
{
	char p[CHUNK];
	const char * nl;
	off_t at = size;
	size_t n;

	for (*end = 0; at > 0; ) {
		n = at < (off_t)sizeof p ? (size_t)at : sizeof p;
		at -= (off_t)n;
		if (pread(rj->fd, p, n, at) != (ssize_t)n) {
			log_error_sys("read %s", rj->path);
			return (-1);
		}
		if ((nl = memrchr(p, '\n', n)) != NULL) {
			*end = at + (nl - p) + 1;
			break;
		}
	}
	return (0);
}

/* Cut a torn line off, and see whether the stream was closed. */
static int
mend(struct reject * rj, off_t size)
{
	char p[sizeof closing];
	off_t end;

	if (size == 0)
		return (0);
	if (check_first_line(rj) == -1 || find_last_line(rj, size, &end) == -1)
		return (-1);
	if (end != size) {
		if (ftruncate(rj->fd, end) == -1) {
			log_error_sys("cut the torn last line off %s",
			    rj->path);
			return (-1);
		}
		rj->dirty = 1;
		log_warn("%s: cut %jd bytes of a line that an earlier run "
		    "left unfinished", rj->path, (intmax_t)(size - end));
	}
	rj->open = (end > 0);
	if (end >= CLOSING_LEN && pread(rj->fd, p, (size_t)CLOSING_LEN,
	    end - CLOSING_LEN) == (ssize_t)CLOSING_LEN &&
	    memcmp(p, closing, (size_t)CLOSING_LEN) == 0)
		rj->open = 0;
	return (0);
}

/* May the open file be written to?  Return 0, or -1 after a report. */
static int
check_file(struct reject * rj)
{
	struct stat sb;

	if (fstat(rj->fd, &sb) == -1) {
		log_error_sys("%s", rj->path);
		return (-1);
	}
	if (S_ISCHR(sb.st_mode))
		return (0);
	if (!S_ISREG(sb.st_mode)) {
		log_error("%s: is no regular file", rj->path);
		return (-1);
	}
	if (is_same(STDIN_FILENO, &sb) || is_same(STDOUT_FILENO, &sb)) {
		log_error("%s: is also standard %s: rejected records need a "
		    "file of their own", rj->path,
		    is_same(STDIN_FILENO, &sb) ? "input" : "output");
		return (-1);
	}

	/* Two writers would cut each other's lines and mix their SCHEMAs. */
	if (flock(rj->fd, LOCK_EX | LOCK_NB) == -1) {
		if (errno == EWOULDBLOCK)
			log_error("%s: another program writes to it; each "
			    "needs its own file", rj->path);
		else
			log_error_sys("lock %s", rj->path);
		return (-1);
	}
	if (fstat(rj->fd, &sb) == -1) {
		log_error_sys("%s", rj->path);
		return (-1);
	}
	if ((sb.st_mode & 077) != 0)
		log_warn("%s: holds values of rows, and others can use it "
		    "(mode %04o): chmod 600 %s", rj->path,
		    (unsigned)(sb.st_mode & 07777), rj->path);
	rj->regular = 1;
	rj->fresh = (sb.st_size == 0);
	return (mend(rj, sb.st_size));
}

struct reject *
reject_open(const char * path, const char * stage)
{
	struct reject * rj = mem_new(1, sizeof *rj);

	rj->path = mem_dup(path);
	rj->stage = stage;

	/* O_NONBLOCK: a FIFO is refused, not waited for. */
	rj->fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC |
	    O_NOFOLLOW | O_NONBLOCK, 0600);
	if (rj->fd == -1) {
		if (errno == ELOOP)
			log_error("%s: is a symbolic link; name the file "
			    "itself", path);
		else
			log_error_sys("open %s", path);
		goto err1;
	}
	if (check_file(rj) == -1)
		goto err2;
	return (rj);

err2:
	close(rj->fd);
err1:
	free(rj->path);
	free(rj);
	return (NULL);
}

/* Write out what is held.  Return 0, or -1 after a report. */
static int
flush(struct reject * rj)
{
	size_t done = 0;
	ssize_t n;

	while (!rj->failed && done < rj->out.n) {
		rj->dirty = 1;
		n = write(rj->fd, rj->out.p + done, rj->out.n - done);
		if (n >= 0)
			done += (size_t)n;
		else if (errno != EINTR) {
			log_error_sys("write %s", rj->path);
			rj->failed = 1;
		}
	}
	buf_clear(&rj->out);
	return (rj->failed ? -1 : 0);
}

static struct schema *
find_schema(struct reject * rj, const char * stream)
{
	size_t i;

	for (i = 0; i < rj->nschema; i++) {
		if (strcmp(rj->schema[i].stream, stream) == 0)
			return (&rj->schema[i]);
	}
	return (NULL);
}

void
reject_schema(struct reject * rj, const char * stream, const char * line,
    size_t n)
{
	struct schema * s;

	if ((s = find_schema(rj, stream)) == NULL) {
		rj->schema = mem_grow(rj->schema, rj->nschema + 1,
		    sizeof *rj->schema);
		s = &rj->schema[rj->nschema++];
		*s = (struct schema) { mem_dup(stream), { NULL, 0, 0 }, 0 };
	} else if (s->line.n == n && memcmp(s->line.p, line, n) == 0)
		return;
	buf_clear(&s->line);
	buf_put(&s->line, line, n);
	s->written = 0;
}

/* The byte behind a value. */
static const char *
behind(const struct scan_value * v)
{
	size_t n;
	const char * p = scan_raw(v, &n);

	return (p + n);
}

/*
 * Append the message ${line} to ${b} as it stands there, but without an
 * earlier `reject` and the closing brace.  Return 0, or -1 (and nothing is
 * appended) if it isn't an object.
 */
static int
put_message(struct buf * b, const char * line, size_t n)
{
	struct scan_value v, key, val;
	struct scan_error err;
	struct scan_iter it;
	const char * from;		/* not copied yet */
	const char * end;		/* behind the last member to keep */
	int first = 1;

	from = scan_space(line, line + n);
	if (scan_value(from, line + n, &v, &err) == NULL ||
	    v.kind != SCAN_OBJECT)
		return (-1);
	end = from + 1;
	scan_open(&it, &v);
	while (scan_member(&it, &key, &val)) {
		if (!scan_equal(&key, "reject", 6)) {
			end = behind(&val);
			first = 0;
			continue;
		}

		/* Its comma is the one before it, or else the one behind. */
		buf_put(b, from, (size_t)(end - from));
		from = end = first ? it.p : behind(&val);
	}
	buf_put(b, from, (size_t)(end - from));
	return (0);
}

/* Append text as a JSON string, whatever its bytes are. */
static void
put_text(struct buf * b, const char * s)
{

	if (scan_put_text(b, s, strlen(s)) == -1)
		buf_puts(b, "\"(not UTF-8)\"");
}

int
reject_record(struct reject * rj, const char * stream, const char * line,
    size_t n, const char * rule, const char * reason, uint64_t number)
{
	struct schema * s = find_schema(rj, stream);
	struct buf * b = &rj->out;

	rj->open = 1;
	if (s != NULL && !s->written) {
		buf_put(b, s->line.p, s->line.n);
		buf_putc(b, '\n');
		s->written = 1;
	}
	if (put_message(b, line, n) == -1) {
		log_error("line %ju: not a JSON object: can't be rejected",
		    (uintmax_t)number);
		return (-1);
	}
	if (b->p[b->n - 1] != '{')
		buf_putc(b, ',');
	buf_puts(b, "\"reject\":{\"stage\":");
	put_text(b, rj->stage);
	buf_puts(b, ",\"rule\":");
	put_text(b, rule);
	buf_puts(b, ",\"reason\":");
	put_text(b, reason);
	buf_puts(b, ",\"line\":");
	buf_put_u64(b, number);
	buf_puts(b, "}}\n");
	return (b->n >= FLUSH_SIZE ? flush(rj) : rj->failed ? -1 : 0);
}

/* Make the name of a new file durable, too.  Return 0, or -1. */
static int
sync_directory(struct reject * rj)
{
	char * copy = mem_dup(rj->path);
	const char * dir = dirname(copy);
	int fd, rc;

	if ((fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1) {
		log_error_sys("open %s", dir);
		rc = -1;
	} else {
		if ((rc = fsync(fd)) == -1)
			log_error_sys("sync %s", dir);
		close(fd);
	}
	free(copy);
	return (rc);
}

int
reject_sync(struct reject * rj)
{

	if (flush(rj) == -1)
		return (-1);
	if (!rj->dirty || !rj->regular) {
		rj->dirty = 0;
		return (0);
	}
	if (fsync(rj->fd) == -1) {
		log_error_sys("sync %s", rj->path);
		rj->failed = 1;
		return (-1);
	}
	if (rj->fresh && sync_directory(rj) == -1) {
		rj->failed = 1;
		return (-1);
	}
	rj->fresh = 0;
	rj->dirty = 0;
	return (0);
}

int
reject_close(struct reject * rj)
{
	size_t i;
	int rc;

	if (rj == NULL)
		return (0);
	if (rj->open && !rj->failed)
		buf_put(&rj->out, closing, sizeof closing - 1);
	rc = reject_sync(rj);
	if (close(rj->fd) == -1 && rc == 0) {
		log_error_sys("close %s", rj->path);
		rc = -1;
	}
	for (i = 0; i < rj->nschema; i++) {
		free(rj->schema[i].stream);
		buf_free(&rj->schema[i].line);
	}
	free(rj->schema);
	buf_free(&rj->out);
	free(rj->path);
	free(rj);
	return (rc);
}
