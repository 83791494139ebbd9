#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "../common/json.h"
#include "../common/lineout.h"
#include "../common/log.h"
#include "../common/mem.h"
#include "../common/scan.h"

#include "keysort.h"
#include "verify_file.h"

#define CHUNK	(64u << 10)
#define CHECKPOINT_MAX	(16u << 20)

/* A file that is appended to. */
struct growing {
	char * path;		/* NULL: it has no name */
	int fd;
	uint64_t size;		/* what is written */
	struct buf out;		/* and what isn't yet */
};

struct verify_file {
	char * path;		/* of the checkpoint, or NULL */
	char * temporary;
	int resumed;
	struct growing keys;
	struct growing found;	/* fd is -1 without a checkpoint */
	struct lineout * lines;	/* where they go at once */
};

static int
fail(const struct growing * g, const char * what)
{

	log_error("%s: %s: %s", g->path != NULL ? g->path :
	    "a temporary file (TMPDIR)", what, strerror(errno));
	return (-1);
}

static int
write_all(int fd, const char * p, size_t n)
{
	ssize_t got;

	while (n > 0) {
		got = write(fd, p, n);
		if (got == -1 && errno == EINTR)
			continue;
		if (got == -1)
			return (-1);
		p += got;
		n -= (size_t)got;
	}
	return (0);
}

static int
flush(struct growing * g)
{

	if (write_all(g->fd, g->out.p, g->out.n) == -1)
		return (fail(g, "write"));
	g->size += g->out.n;
	buf_clear(&g->out);
	return (0);
}

static int
put(struct growing * g, const void * p, size_t n)
{

	buf_put(&g->out, p, n);
	return (g->out.n < CHUNK ? 0 : flush(g));
}

/* Only the first ${size} bytes count. */
static int
cut(struct growing * g, uint64_t size)
{
	struct stat st;

	buf_clear(&g->out);
	if (fstat(g->fd, &st) == -1)
		return (fail(g, "stat"));
	if ((uint64_t)st.st_size < size) {
		log_error("%s: is shorter than its checkpoint says: remove "
		    "both to start again", g->path);
		return (-1);
	}
	if (ftruncate(g->fd, (off_t)size) == -1 ||
	    lseek(g->fd, (off_t)size, SEEK_SET) == -1)
		return (fail(g, "truncate"));
	g->size = size;
	return (0);
}

/* Open what belongs to a checkpoint. */
static int
open_beside(struct growing * g, const char * path, const char * suffix)
{
	struct buf name = { NULL, 0, 0 };

	buf_printf(&name, "%s%s", path, suffix);
	g->path = mem_dup(buf_text(&name));
	buf_free(&name);
	g->fd = open(g->path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (g->fd == -1)
		return (fail(g, "open"));
	return (0);
}

/* The numbers in the checkpoint, by name. */
struct number {
	const char * name;
	size_t at;
};
#define NUMBER(name) { #name, offsetof(struct verify_sums, name) }
static const struct number numbers[] = { NUMBER(keys), NUMBER(lines),
	NUMBER(compared), NUMBER(missing), NUMBER(different), NUMBER(extra),
	NUMBER(counted), NUMBER(foreign), NUMBER(mended), NUMBER(rejected),
	NUMBER(filtered), NUMBER(oldest_us), NUMBER(marked),
	NUMBER(ignored) };
#define NUMBERS_FIRST	12	/* those that have always been there */
#define NUMBERS	(sizeof numbers / sizeof numbers[0])

static int
read_sums(const struct json_node * root, struct verify_sums * sums)
{
	const struct json_node * e;
	const char * p;
	uint64_t v;
	size_t i, n;

	p = json_text(json_get(root, "secret"), &n);
	if (p == NULL || digest_unhex(p, n, sums->secret, DIGEST_SECRET) == -1)
		return (-1);
	for (i = 0; i < NUMBERS; i++) {
		e = json_get(root, numbers[i].name);
		if (e == NULL && i >= NUMBERS_FIRST)
			break;
		if (e == NULL || json_uint64(e, &v) == -1)
			return (-1);
		memcpy((char *)sums + numbers[i].at, &v, sizeof v);
	}
	e = json_get(root, "whole");
	if (e == NULL || json_kind(e) != JSON_ARRAY)
		return (-1);
	for (e = json_first(e); e != NULL; e = json_next(e)) {
		if ((p = json_text(e, &n)) == NULL)
			return (-1);
		buf_put(&sums->whole, p, n + 1);
	}
	return (0);
}

static void
print_sums(const struct verify_sums * sums, struct buf * b)
{
	char secret[2 * DIGEST_SECRET];
	const char * p;
	uint64_t v;
	size_t i, at;

	digest_hex(sums->secret, DIGEST_SECRET, secret);
	buf_printf(b, "{\"verify\":1,\"secret\":\"%.*s\"", (int)sizeof secret,
	    secret);
	for (i = 0; i < NUMBERS; i++) {
		memcpy(&v, (const char *)sums + numbers[i].at, sizeof v);
		buf_printf(b, ",\"%s\":%ju", numbers[i].name, (uintmax_t)v);
	}
	buf_puts(b, ",\"whole\":[");
	for (at = 0; at < sums->whole.n; at += strlen(p) + 1) {
		p = sums->whole.p + at;
		if (at > 0)
			buf_putc(b, ',');
		(void)scan_put_text(b, p, strlen(p));
	}
	buf_puts(b, "]}\n");
}

static void
begin(struct verify_sums * sums)
{

	buf_free(&sums->whole);
	memset(sums, 0, sizeof *sums);
	if (getrandom(sums->secret, sizeof sums->secret, 0) !=
	    (ssize_t)sizeof sums->secret)
		memset(sums->secret, 0x5a, sizeof sums->secret);
}

/* Read a checkpoint, if there is one.  Return 1, 0 or -1. */
static int
read_checkpoint(const char * path, struct verify_sums * sums)
{
	struct buf b = { NULL, 0, 0 };
	struct json * doc = NULL;
	const char * end;
	ssize_t got;
	int fd, rc = -1;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1) {
		if (errno == ENOENT)
			return (0);
		log_error("%s: %s", path, strerror(errno));
		return (-1);
	}
	while ((got = read(fd, buf_room(&b, CHUNK), CHUNK)) > 0 &&
	    b.n < CHECKPOINT_MAX)
		b.n += (size_t)got;
	close(fd);
	end = b.n > 0 ? memchr(b.p, '\n', b.n) : NULL;
	if (end != NULL)
		doc = json_parse(b.p, (size_t)(end - b.p), NULL);
	if (doc != NULL && json_get(json_root(doc), "verify") != NULL &&
	    read_sums(json_root(doc), sums) == 0)
		rc = 1;
	else
		log_error("%s: is no checkpoint of load --verify; name another "
		    "file, or remove it to start again", path);
	json_free(doc);
	buf_free(&b);
	return (rc);
}

struct verify_file *
verify_file_open(const char * path, struct verify_sums * sums, int * busy)
{
	struct verify_file * f = mem_new(1, sizeof *f);
	struct buf name = { NULL, 0, 0 };
	int rc = 0;

	f->keys.fd = f->found.fd = -1;
	*busy = 0;
	begin(sums);
	if (path == NULL) {
		f->lines = lineout_open(STDOUT_FILENO, "standard output");
		if ((f->keys.fd = keysort_file()) == -1)
			goto err;
		return (f);
	}
	f->path = mem_dup(path);
	buf_printf(&name, "%s.new", path);
	f->temporary = mem_dup(buf_text(&name));
	buf_free(&name);
	if (open_beside(&f->keys, path, ".keys") == -1 ||
	    open_beside(&f->found, path, ".found") == -1)
		goto err;

	/* Who was killed may have left somebody behind. */
	if (flock(f->keys.fd, LOCK_EX | LOCK_NB) == -1) {
		log_error("%s: another load uses this checkpoint", path);
		*busy = 1;
		goto err;
	}
	if ((rc = read_checkpoint(path, sums)) == -1)
		goto err;
	f->resumed = rc;
	if (cut(&f->keys, sums->keys) == -1 ||
	    cut(&f->found, sums->lines) == -1)
		goto err;
	return (f);

err:
	verify_file_free(f);
	return (NULL);
}

void
verify_file_free(struct verify_file * f)
{

	if (f == NULL)
		return;
	if (f->keys.fd != -1)
		close(f->keys.fd);
	if (f->found.fd != -1)
		close(f->found.fd);
	if (f->lines != NULL)
		(void)lineout_close(f->lines);
	buf_free(&f->keys.out);
	buf_free(&f->found.out);
	free(f->keys.path);
	free(f->found.path);
	free(f->path);
	free(f->temporary);
	free(f);
}

int
verify_file_resumed(const struct verify_file * f)
{

	return (f->resumed);
}

int
verify_file_reset(struct verify_file * f, struct verify_sums * sums)
{

	begin(sums);
	f->resumed = 0;
	if (f->path != NULL)
		(void)unlink(f->path);
	if (cut(&f->keys, 0) == -1)
		return (-1);
	return (f->path != NULL ? cut(&f->found, 0) : 0);
}

int
verify_file_key(struct verify_file * f, const uint8_t * digest)
{

	return (put(&f->keys, digest, DIGEST_LEN));
}

int
verify_file_line(struct verify_file * f, const char * p, size_t n)
{

	if (f->path != NULL)
		return (put(&f->found, p, n));
	buf_put(lineout_buf(f->lines), p, n);
	return (lineout_line(f->lines));
}

/* Write a file anew, and put it in the place of the old one. */
static int
replace(const struct verify_file * f, const struct buf * b)
{
	int fd, rc;

	fd = open(f->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW |
	    O_CLOEXEC, 0600);
	if (fd == -1) {
		log_error("%s: %s", f->temporary, strerror(errno));
		return (-1);
	}
	rc = write_all(fd, b->p, b->n);
	if (rc == 0)
		rc = fsync(fd);
	if (close(fd) == -1)
		rc = -1;
	if (rc == 0)
		rc = rename(f->temporary, f->path);
	if (rc == -1)
		log_error("%s: %s", f->temporary, strerror(errno));
	return (rc);
}

int
verify_file_save(struct verify_file * f, struct verify_sums * sums,
    const char * p, size_t n)
{
	struct buf b = { NULL, 0, 0 };
	int rc;

	if (f->path == NULL)
		return (lineout_flush(f->lines));
	if (flush(&f->keys) == -1 || flush(&f->found) == -1)
		return (-1);
	if (fdatasync(f->keys.fd) == -1)
		return (fail(&f->keys, "sync"));
	if (fdatasync(f->found.fd) == -1)
		return (fail(&f->found, "sync"));
	sums->keys = f->keys.size;
	sums->lines = f->found.size;
	print_sums(sums, &b);
	buf_put(&b, p, n);
	buf_putc(&b, '\n');
	rc = replace(f, &b);
	buf_free(&b);
	return (rc);
}

int
verify_file_keys(struct verify_file * f,
    int (* each)(void *, const uint8_t *), void * arg)
{
	uint8_t chunk[CHUNK / DIGEST_LEN * DIGEST_LEN];
	size_t have = 0, i;
	ssize_t got;

	if (flush(&f->keys) == -1)
		return (-1);
	if (lseek(f->keys.fd, 0, SEEK_SET) == -1)
		return (fail(&f->keys, "seek"));
	for (;;) {
		got = read(f->keys.fd, chunk + have, sizeof chunk - have);
		if (got == -1 && errno == EINTR)
			continue;
		if (got == -1)
			return (fail(&f->keys, "read"));
		if (got == 0)
			break;
		have += (size_t)got;
		for (i = 0; i + DIGEST_LEN <= have; i += DIGEST_LEN) {
			if (each(arg, chunk + i) != 0)
				return (-1);
		}
		memmove(chunk, chunk + i, have - i);
		have -= i;
	}
	return (0);
}

/* The lines that were kept. */
static int
copy_found(struct verify_file * f)
{
	char chunk[CHUNK];
	ssize_t got;

	if (flush(&f->found) == -1)
		return (-1);
	if (lseek(f->found.fd, 0, SEEK_SET) == -1)
		return (fail(&f->found, "seek"));
	while ((got = read(f->found.fd, chunk, sizeof chunk)) != 0) {
		if (got == -1 && errno == EINTR)
			continue;
		if (got == -1)
			return (fail(&f->found, "read"));
		if (write_all(STDOUT_FILENO, chunk, (size_t)got) == -1) {
			log_error_sys("write standard output");
			return (-1);
		}
	}
	return (0);
}

int
verify_file_end(struct verify_file * f)
{
	struct lineout * out = f->lines;

	if (f->path == NULL) {
		f->lines = NULL;
		return (lineout_close(out));
	}
	if (copy_found(f) == -1)
		return (-1);

	/*
	 * The checkpoint goes first: without it the others mean nothing, and
	 * it means nothing without them.
	 */
	if (unlink(f->path) == -1 && errno != ENOENT) {
		log_error("%s: remove: %s", f->path, strerror(errno));
		return (-1);
	}
	(void)unlink(f->found.path);
	(void)unlink(f->keys.path);
	return (0);
}
