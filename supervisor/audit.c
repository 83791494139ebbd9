#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/buf.h"
#include "../common/log.h"
#include "../common/mem.h"
#include "../common/timestamp.h"

#include "digest.h"
#include "jsonw.h"

#include "audit.h"

/* ,"hash":"64 digits"} at the end of a line. */
#define TAIL_TEXT	",\"hash\":\""
#define TAIL_LEN	(sizeof TAIL_TEXT - 1 + DIGEST_HEX + 2)
#define LAST_MAX	65536	/* of the file's end are read at start */

struct audit {
	int fd;
	const char * name;
	uint64_t n;			/* of the last entry */
	uint8_t head[DIGEST_LEN];	/* its hash; zeros before the first */
};

/* The value of a hexadecimal digit in lower case, or -1. */
static int
digit(char c)
{

	if (c >= '0' && c <= '9')
		return (c - '0');
	return (c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1);
}

/* The hash at the end of a line.  Return 0, or -1 if there is none. */
static int
line_hash(const char * p, size_t n, uint8_t * hash)
{
	const char * hex = p + n - DIGEST_HEX - 2;
	size_t i;

	if (n < TAIL_LEN || memcmp(p + n - TAIL_LEN, TAIL_TEXT,
	    sizeof TAIL_TEXT - 1) != 0 || memcmp(p + n - 2, "\"}", 2) != 0)
		return (-1);
	for (i = 0; i < DIGEST_LEN; i++) {
		int hi = digit(hex[2 * i]), lo = digit(hex[2 * i + 1]);

		if (hi == -1 || lo == -1)
			return (-1);
		hash[i] = (uint8_t)(hi << 4 | lo);
	}
	return (0);
}

/* {"n":12, at the beginning of a line.  0 if it isn't there. */
static uint64_t
line_number(const char * p, size_t n)
{
	uint64_t v = 0;
	size_t i;

	if (n < 6 || memcmp(p, "{\"n\":", 5) != 0)
		return (0);
	for (i = 5; i < n && i < 24 && p[i] >= '0' && p[i] <= '9'; i++)
		v = v * 10 + (uint64_t)(p[i] - '0');
	return (v);
}

int
audit_check(const char * p, size_t n, uint64_t * bad, uint64_t * count)
{
	uint8_t head[DIGEST_LEN] = { 0 }, said[DIGEST_LEN];
	const char * end = p + n, * nl;

	for (*count = 0; p < end; p = nl + 1) {
		*bad = *count + 1;
		if ((nl = memchr(p, '\n', (size_t)(end - p))) == NULL ||
		    line_hash(p, (size_t)(nl - p), said) == -1 ||
		    line_number(p, (size_t)(nl - p)) != *count + 1)
			return (-1);
		digest_chain(head, p, (size_t)(nl - p) - TAIL_LEN, head);
		if (memcmp(head, said, DIGEST_LEN) != 0)
			return (-1);
		++*count;
	}
	return (0);
}

/*
 * Find the last whole line and where it ends.  Return 0, or -1 after a
 * report.
 */
static int
resume(struct audit * a, off_t * whole)
{
	char * p = mem_new(LAST_MAX, 1);
	const char * start, * end;
	off_t size = lseek(a->fd, 0, SEEK_END);
	off_t from = size > LAST_MAX ? size - LAST_MAX : 0;
	ssize_t n;

	*whole = 0;
	if (size == -1 || (n = pread(a->fd, p, LAST_MAX, from)) == -1) {
		log_error_sys("read %s", a->name);
		goto err0;
	}
	end = memrchr(p, '\n', (size_t)n);
	if (end == NULL && from == 0)
		goto done;
	if (end == NULL)
		goto bad;
	*whole = from + (end - p) + 1;
	start = memrchr(p, '\n', (size_t)(end - p));
	if (start == NULL && from > 0)
		goto bad;
	start = start == NULL ? p : start + 1;
	a->n = line_number(start, (size_t)(end - start));
	if (a->n == 0 || line_hash(start, (size_t)(end - start),
	    a->head) == -1)
		goto bad;
done:
	free(p);
	return (0);

bad:
	log_error("%s: the last line is no entry; was it altered? move the "
	    "file away to go on with a new one", a->name);
err0:
	free(p);
	return (-1);
}

struct audit *
audit_open(int dirfd, const char * name)
{
	struct audit * a = mem_new(1, sizeof *a);
	struct stat sb;
	off_t whole;

	a->name = name;
	a->fd = openat(dirfd, name, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC |
	    O_NOFOLLOW, 0600);
	if (a->fd == -1 || fstat(a->fd, &sb) == -1) {
		log_error_sys("open %s", name);
		goto err0;
	}
	if (!S_ISREG(sb.st_mode)) {
		log_error("%s: is no regular file", name);
		goto err0;
	}
	if (resume(a, &whole) == -1)
		goto err0;
	if (whole == sb.st_size)
		return (a);
	if (ftruncate(a->fd, whole) == -1) {
		log_error_sys("cut the torn end of %s", name);
		goto err0;
	}
	if (audit_put(a, &(struct audit_entry){ .who = "supervisor",
	    .action = "audit", .detail = "a last line, torn by a crash, was "
	    "cut off", .result = "done" }) == 0)
		return (a);
err0:
	audit_free(a);
	return (NULL);
}

void
audit_free(struct audit * a)
{

	if (a == NULL)
		return;
	if (a->fd != -1)
		close(a->fd);
	free(a);
}

/* Append the line without its hash. */
static void
put_entry(struct buf * b, uint64_t n, const struct audit_entry * e)
{
	struct jsonw w;

	jsonw_init(&w, b);
	jsonw_object(&w, NULL);
	jsonw_u64(&w, "n", n);
	jsonw_time(&w, "time", timestamp_now());
	jsonw_text(&w, "who", e->who);
	if (e->from != NULL)
		jsonw_text(&w, "from", e->from);
	jsonw_text(&w, "action", e->action);
	if (e->table != NULL)
		jsonw_text(&w, "table", e->table);
	if (e->detail != NULL)
		jsonw_text(&w, "detail", e->detail);
	jsonw_text(&w, "result", e->result);
}

int
audit_put(struct audit * a, const struct audit_entry * e)
{
	struct buf b = { NULL, 0, 0 };
	uint8_t head[DIGEST_LEN];
	char hex[DIGEST_HEX + 1];
	off_t before = lseek(a->fd, 0, SEEK_END);
	ssize_t n;

	put_entry(&b, a->n + 1, e);
	digest_chain(a->head, b.p, b.n, head);
	digest_hex(head, hex);
	buf_printf(&b, "%s%s\"}\n", TAIL_TEXT, hex);
	n = write(a->fd, b.p, b.n);
	if (n != (ssize_t)b.n || fdatasync(a->fd) == -1) {
		log_error_sys("%s: not written: %s of %s", a->name, e->action,
		    e->who);

		/* Half a line would break the chain. */
		if (n > 0 && before != -1 && ftruncate(a->fd, before) == -1)
			log_error_sys("%s: cut half a line", a->name);
		buf_free(&b);
		return (-1);
	}
	buf_free(&b);
	a->n++;
	memcpy(a->head, head, DIGEST_LEN);
	log_event(LOG_LEVEL_INFO, LOG_FIELDS(LOG_TEXT("operation", "audit"),
	    LOG_TEXT("table", e->table), LOG_TEXT("who", e->who),
	    LOG_TEXT("from", e->from), LOG_TEXT("result", e->result),
	    LOG_INT("audit_n", a->n), LOG_TEXT("audit_hash", hex)),
	    "%s by %s: %s", e->action, e->who, e->result);
	return (0);
}
