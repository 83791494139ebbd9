#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/buf.h"
#include "../common/log.h"
#include "../common/mem.h"
#include "../common/scan.h"
#include "../common/timestamp.h"

#include "bsonw.h"

#include "conflict.h"

#define FLUSH_SIZE	(64u << 10)

struct conflict {
	int fd;			/* -1: no file */
	char * path;
	struct buf out;
	int dirty;		/* written since the last sync */
};

/* A line that a crash has torn is cut off: the conflict comes again. */
static int
mend(struct conflict * c)
{
	off_t size = lseek(c->fd, 0, SEEK_END), at;
	char byte;

	for (at = size; at > 0; at--) {
		if (pread(c->fd, &byte, 1, at - 1) != 1) {
			log_error_sys("read %s", c->path);
			return (-1);
		}
		if (byte == '\n')
			break;
	}
	if (at == size)
		return (0);
	if (ftruncate(c->fd, at) == -1) {
		log_error_sys("cut the torn last line off %s", c->path);
		return (-1);
	}
	log_warn("%s: cut %jd bytes of a line that an earlier run left "
	    "unfinished", c->path, (intmax_t)(size - at));
	return (0);
}

static int
open_file(struct conflict * c)
{
	struct stat sb;

	c->fd = open(c->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC |
	    O_NOFOLLOW | O_NONBLOCK, 0600);
	if (c->fd == -1 || fstat(c->fd, &sb) == -1) {
		log_error_sys("open %s", c->path);
		return (-1);
	}
	if (!S_ISREG(sb.st_mode)) {
		log_error("%s: is no regular file", c->path);
		return (-1);
	}
	return (mend(c));
}

struct conflict *
conflict_open(const char * path)
{
	struct conflict * c = mem_new(1, sizeof *c);

	c->fd = -1;
	if (path == NULL)
		return (c);
	c->path = mem_dup(path);
	if (open_file(c) == 0)
		return (c);
	if (c->fd != -1)
		close(c->fd);
	free(c->path);
	free(c);
	return (NULL);
}

int
conflict_wants_documents(const struct conflict * c)
{

	return (c->fd != -1);
}

/* A number that tells keys apart without showing them (FNV-1a). */
static uint64_t
digest(const char * p, size_t n)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (; n > 0; n--)
		h = (h ^ (unsigned char)*p++) * UINT64_C(0x100000001b3);
	return (h);
}

static void
put_time(struct buf * b, const char * name, int known, int64_t ms)
{
	char * p;

	if (!known)
		return;
	buf_printf(b, ",\"%s\":\"", name);
	p = buf_room(b, TIMESTAMP_LEN);
	timestamp_format(ms * 1000, p);
	b->n += TIMESTAMP_LEN;
	buf_putc(b, '"');
}

/* A document as canonical extended JSON. */
static void
put_document(struct buf * b, const char * name, const uint8_t * p, size_t n)
{
	bson_t doc;
	char * text;
	size_t len;

	if (p == NULL || !bson_init_static(&doc, p, n))
		return;
	if ((text = bson_as_canonical_extended_json(&doc, &len)) == NULL)
		return;
	buf_printf(b, ",\"%s\":", name);
	buf_put(b, text, len);
	bson_free(text);
}

/* The key as a document, so that its type shows. */
static void
put_key(struct buf * b, const struct conflict_entry * e)
{
	struct buf key = { NULL, 0, 0 };
	size_t start = bsonw_open(&key);

	bsonw_value(&key, "_id", e->key, e->key_n);
	bsonw_close(&key, start);
	put_document(b, "key", (const uint8_t *)key.p, key.n);
	buf_free(&key);
}

static void
put_name(struct buf * b, const char * name, const char * text)
{

	buf_printf(b, ",\"%s\":", name);
	if (scan_put_text(b, text, strlen(text)) == -1)
		buf_puts(b, "\"\"");
}

static int
flush(struct conflict * c)
{
	size_t done = 0;
	ssize_t n;

	while (done < c->out.n) {
		c->dirty = 1;
		n = write(c->fd, c->out.p + done, c->out.n - done);
		if (n >= 0)
			done += (size_t)n;
		else if (errno != EINTR) {
			log_error_sys("write %s", c->path);
			buf_clear(&c->out);
			return (-1);
		}
	}
	buf_clear(&c->out);
	return (0);
}

/* The line for the file. */
static void
put_line(struct buf * b, const struct conflict_entry * e, uint64_t key)
{

	buf_printf(b, "{\"digest\":\"%016jx\"", (uintmax_t)key);
	put_name(b, "stream", e->stream);
	put_name(b, "collection", e->collection);
	put_name(b, "winner", e->winner);
	put_name(b, "time", e->time);
	buf_printf(b, ",\"line\":%ju,\"version\":\"%.*s\"", (uintmax_t)e->line,
	    (int)e->v_n, e->v);
	put_time(b, "at", e->has_at, e->at_ms);
	put_time(b, "target_at", e->has_change, e->change_ms);
	put_key(b, e);
	put_document(b, "source", e->source, e->source_n);
	if (e->target != NULL)
		put_document(b, "target", bson_get_data(e->target),
		    e->target->len);
	buf_puts(b, "}\n");
}

int
conflict_put(struct conflict * c, const struct conflict_entry * e)
{
	uint64_t key = digest(e->key, e->key_n);
	char text[17];
	char at[TIMESTAMP_LEN + 1] = "", target_at[TIMESTAMP_LEN + 1] = "";
	int i;

	for (i = 15; i >= 0; i--)
		text[15 - i] = "0123456789abcdef"[key >> (4 * i) & 15];
	text[16] = '\0';
	if (e->has_at)
		timestamp_format(e->at_ms * 1000, at);
	if (e->has_change)
		timestamp_format(e->change_ms * 1000, target_at);
	log_event(LOG_LEVEL_WARN, LOG_FIELDS(LOG_TEXT("table", e->stream),
	    LOG_TEXT("operation", "conflict"), LOG_TEXT("key_digest", text),
	    LOG_TEXT("winner", e->winner), LOG_TEXT("time", e->time),
	    LOG_TEXT("at", e->has_at ? at : NULL),
	    LOG_TEXT("target_at", e->has_change ? target_at : NULL),
	    LOG_INT("line", e->line)),
	    "%s: a document was changed in MongoDB too; the %s wins",
	    e->stream, e->winner);
	if (c->fd == -1)
		return (0);
	put_line(&c->out, e, key);
	return (c->out.n >= FLUSH_SIZE ? flush(c) : 0);
}

int
conflict_sync(struct conflict * c)
{

	if (c->fd == -1)
		return (0);
	if (flush(c) == -1)
		return (-1);
	if (c->dirty && fsync(c->fd) == -1) {
		log_error_sys("sync %s", c->path);
		return (-1);
	}
	c->dirty = 0;
	return (0);
}

int
conflict_close(struct conflict * c)
{
	int rc;

	if (c == NULL)
		return (0);
	rc = conflict_sync(c);
	if (c->fd != -1 && close(c->fd) == -1 && rc == 0) {
		log_error_sys("close %s", c->path);
		rc = -1;
	}
	buf_free(&c->out);
	free(c->path);
	free(c);
	return (rc);
}
