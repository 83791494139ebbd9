#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/mem.h"

#include "statefile.h"

#define SEAL		"crc32c="
#define SEAL_LEN	(sizeof SEAL - 1 + 8 + 1)	/* 8 digits, newline */
#define FILE_MAX_BYTES	((size_t)64 << 20)

struct statefile {
	char * text;		/* cut into names and values */
	struct member {
		const char * name;
		const char * value;
	} * member;
	size_t n;
};

uint32_t
statefile_crc32c(uint32_t crc, const void * p, size_t n)
{
	const unsigned char * s = p;
	int i;

	/* Bit by bit: the files are small. */
	crc = ~crc;
	for (; n > 0; n--) {
		crc ^= *s++;
		for (i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
	}
	return (~crc);
}

void
statefile_head(struct buf * b, const char * format)
{

	buf_clear(b);
	buf_puts(b, format);
	buf_putc(b, '\n');
}

void
statefile_put(struct buf * b, const char * name, const char * v)
{

	if (v == NULL)
		return;
	buf_puts(b, name);
	buf_putc(b, '=');
	buf_puts(b, v);
	buf_putc(b, '\n');
}

void
statefile_put_i64(struct buf * b, const char * name, int64_t v)
{

	buf_puts(b, name);
	buf_putc(b, '=');
	buf_put_i64(b, v);
	buf_putc(b, '\n');
}

void
statefile_seal(struct buf * b)
{

	buf_printf(b, SEAL "%08x\n", statefile_crc32c(0, b->p, b->n));
}

/* Is the seal there, and right?  Cut it off. */
static int
check_seal(const char * p, size_t * n)
{
	char want[SEAL_LEN + 1];

	if (*n < SEAL_LEN)
		return (-1);
	*n -= SEAL_LEN;
	snprintf(want, sizeof want, SEAL "%08x\n",
	    statefile_crc32c(0, p, *n));
	return (memcmp(p + *n, want, SEAL_LEN) == 0 ? 0 : -1);
}

/* Cut the text into members.  Return 0, or -1. */
static int
split(struct statefile * f, char * p)
{
	char * eq, * end;

	for (; *p != '\0'; p = end + 1) {
		if ((end = strchr(p, '\n')) == NULL)
			return (-1);
		*end = '\0';
		if ((eq = strchr(p, '=')) == NULL)
			return (-1);
		*eq = '\0';
		f->member = mem_grow(f->member, f->n + 1, sizeof *f->member);
		f->member[f->n++] = (struct member) { p, eq + 1 };
	}
	return (0);
}

enum statefile_result
statefile_parse(const char * p, size_t n, const char * format,
    struct statefile ** out)
{
	struct statefile * f;
	size_t head = strlen(format);

	if (check_seal(p, &n) == -1 || memchr(p, '\0', n) != NULL)
		return (STATEFILE_BAD);
	if (n <= head || memcmp(p, format, head) != 0 || p[head] != '\n')
		return (STATEFILE_BAD);
	f = mem_new(1, sizeof *f);
	f->text = mem_text(p, n);
	if (split(f, f->text + head + 1) == -1) {
		statefile_free(f);
		return (STATEFILE_BAD);
	}
	*out = f;
	return (STATEFILE_OK);
}

void
statefile_free(struct statefile * f)
{

	if (f == NULL)
		return;
	free(f->text);
	free(f->member);
	free(f);
}

const char *
statefile_get(const struct statefile * f, const char * name)
{
	size_t i;

	for (i = 0; i < f->n; i++) {
		if (strcmp(f->member[i].name, name) == 0)
			return (f->member[i].value);
	}
	return (NULL);
}

int64_t
statefile_i64(const struct statefile * f, const char * name, int64_t dflt)
{
	const char * s = statefile_get(f, name);
	char * end;
	long long v;

	if (s == NULL)
		return (dflt);
	errno = 0;
	v = strtoll(s, &end, 10);
	return (errno != 0 || end == s || *end != '\0' ? dflt : v);
}

const char *
statefile_member(const struct statefile * f, size_t i, const char ** v)
{

	if (i >= f->n)
		return (NULL);
	*v = f->member[i].value;
	return (f->member[i].name);
}

/* Read all of ${fd}.  Return 0, or -1 with errno set. */
static int
read_all(int fd, struct buf * b)
{
	ssize_t n;

	while (b->n <= FILE_MAX_BYTES) {
		n = read(fd, buf_room(b, 4096), 4096);
		if (n == 0)
			return (0);
		if (n > 0)
			b->n += (size_t)n;
		else if (errno != EINTR)
			return (-1);
	}
	errno = EFBIG;
	return (-1);
}

enum statefile_result
statefile_read(int dirfd, const char * name, const char * format,
    struct statefile ** out)
{
	struct buf b = { NULL, 0, 0 };
	enum statefile_result r = STATEFILE_ERROR;
	int fd, e;

	if ((fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW |
	    O_NONBLOCK)) == -1)
		return (errno == ENOENT ? STATEFILE_MISSING :
		    STATEFILE_ERROR);
	if (read_all(fd, &b) == 0)
		r = statefile_parse(buf_text(&b), b.n, format, out);
	e = errno;
	close(fd);
	buf_free(&b);
	errno = e;
	return (r);
}

/* Write all of ${b} and make it durable.  Return 0, or -1. */
static int
write_all(int fd, const struct buf * b)
{
	size_t done = 0;
	ssize_t n;

	while (done < b->n) {
		n = write(fd, b->p + done, b->n - done);
		if (n > 0)
			done += (size_t)n;
		else if (n == 0 || errno != EINTR)
			return (-1);
	}
	return (fsync(fd));
}

/* Keep the file ${name} under the name ${prev} as well. */
static int
keep(int dirfd, const char * name, const char * prev)
{

	if (unlinkat(dirfd, prev, 0) == -1 && errno != ENOENT)
		return (-1);
	if (linkat(dirfd, name, dirfd, prev, 0) == -1 && errno != ENOENT)
		return (-1);
	return (0);
}

int
statefile_write(int dirfd, const char * name, const struct buf * b,
    const char * prev)
{
	char tmp[256];
	int fd, rc, e;

	if ((size_t)snprintf(tmp, sizeof tmp, "%s.new", name) >= sizeof tmp) {
		errno = ENAMETOOLONG;
		return (-1);
	}

	/* A file of its own each time: after a failed fsync(2) the kernel may
	 * take the old one's pages for clean. */
	if (unlinkat(dirfd, tmp, 0) == -1 && errno != ENOENT)
		return (-1);
	if ((fd = openat(dirfd, tmp, O_CREAT | O_EXCL | O_WRONLY |
	    O_NOFOLLOW | O_CLOEXEC, 0600)) == -1)
		return (-1);
	rc = write_all(fd, b);
	e = errno;
	if (close(fd) == -1 && rc == 0) {
		rc = -1;
		e = errno;
	}
	if (rc == -1)
		goto err0;
	if ((prev != NULL && keep(dirfd, name, prev) == -1) ||
	    renameat(dirfd, tmp, dirfd, name) == -1) {
		e = errno;
		goto err0;
	}
	return (fsync(dirfd));

err0:
	unlinkat(dirfd, tmp, 0);
	errno = e;
	return (-1);
}
