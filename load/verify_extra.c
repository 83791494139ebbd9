#include <bson/bson.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "../common/exitcode.h"
#include "../common/log.h"
#include "../common/stop.h"

#include "bsonw.h"
#include "keysort.h"
#include "sink_scan.h"
#include "verify_impl.h"
#include "write_impl.h"

/*
 * Documents without a row.  The keys of both sides are sorted by digest, since
 * the servers don't agree about the order of anything but numbers, and
 * compared in one pass.
 */

#define KEYS_AT_ONCE	10000
#define PACE_IDS	1000	/* between two looks at the clock */
#define FLUSH_IDS	(64u << 10)
#define LOOK_MAX	500	/* documents asked for at once */

/* A document's key: its digest, and where it stands in the file of keys. */
struct place {
	uint8_t digest[DIGEST_LEN];
	uint64_t at;
};

/* Keys without a row, until they are asked for. */
struct waiting {
	struct buf filter;
	size_t start, in, array;
	struct buf keys;	/* one behind the other, type byte and value, */
	size_t end[LOOK_MAX];	/* each ending here */
	char told[LOOK_MAX];	/* its document was there */
	size_t n;
	size_t index;		/* their table */
};

struct extra {
	struct verify * v;
	struct keysort * source;	/* DIGEST_LEN bytes each */
	struct keysort * target;	/* struct place */
	int fd;				/* keys as they were read: */
	struct buf out;			/* table, length, bytes */
	uint64_t at;			/* where the next one goes */
	size_t index;			/* of the table that is read */
	struct buf text;		/* what is digested */
	size_t text_n;
	size_t pace;
	int rc;				/* why the reading ended */
	struct waiting wt;
};

static int
fail(const char * what)
{

	log_error("a temporary file (TMPDIR): %s: %s", what, strerror(errno));
	return (-1);
}

static int
add_source(void * arg, const uint8_t * digest)
{
	struct extra * x = arg;

	return (keysort_add(x->source, digest) == -1 || stop_asked());
}

static int
flush_keys(struct extra * x)
{
	const char * p = x->out.p;
	size_t left = x->out.n;
	off_t at = (off_t)(x->at - x->out.n);
	ssize_t got;

	while (left > 0) {
		got = pwrite(x->fd, p, left, at);
		if (got == -1 && errno == EINTR)
			continue;
		if (got == -1)
			return (fail("write"));
		p += got;
		at += got;
		left -= (size_t)got;
	}
	buf_clear(&x->out);
	return (0);
}

/* A key of the collection, type byte and value. */
static int
on_key(void * arg, const char * key, size_t n)
{
	struct extra * x = arg;
	struct place place;
	uint32_t head[2] = { (uint32_t)x->index, (uint32_t)n };

	x->text.n = x->text_n;
	buf_put(&x->text, key, n);
	digest_make(x->v->sums.secret, x->text.p, x->text.n, place.digest);
	place.at = x->at;
	buf_put(&x->out, head, sizeof head);
	buf_put(&x->out, key, n);
	x->at += sizeof head + n;
	if ((x->out.n >= FLUSH_IDS && flush_keys(x) == -1) ||
	    keysort_add(x->target, &place) == -1)
		x->rc = EXIT_TEMP;
	else if (++x->pace % PACE_IDS == 0 && verify_pace(x->v, PACE_IDS))
		x->rc = EXIT_STOPPED;
	return (x->rc != EXIT_DONE);
}

/* Begin the target's side, again after trouble. */
static int
begin_target(struct extra * x)
{

	keysort_free(x->target);
	x->at = 0;
	buf_clear(&x->out);
	return ((x->target = keysort_new(sizeof(struct place))) == NULL ?
	    EXIT_TEMP : EXIT_DONE);
}

/* All keys of the tables that came as a whole. */
static int
read_tables(struct extra * x, struct sink_error * err)
{
	const struct loader * ld = x->v->ld;
	uint64_t at_once = KEYS_AT_ONCE, rate = ld->opt->rate;

	/* The next ones are asked for within a minute. */
	if (rate > 0 && rate < at_once / 60)
		at_once = rate * 60;
	for (x->index = 0; x->index < ld->ntable; x->index++) {
		const struct table * t = ld->table[x->index];

		if (!t->whole)
			continue;
		buf_clear(&x->text);
		buf_put(&x->text, t->name, strlen(t->name) + 1);
		x->text_n = x->text.n;
		if (sink_scan_keys(ld->lane[0].sink, t->collection,
		    &t->range, (int32_t)at_once, on_key, x, err) == -1)
			return (-1);
		if (x->rc != EXIT_DONE)
			return (0);
	}
	return (0);
}

static int
read_target(struct extra * x)
{
	struct writer * w = x->v->ld->lane[0].writer;
	enum write_result rc;
	struct sink_error err;

	w->counts = NULL;
	do {
		if ((x->rc = begin_target(x)) != EXIT_DONE)
			return (x->rc);
		if (read_tables(x, &err) == 0)
			return (x->rc != EXIT_DONE ? x->rc :
			    flush_keys(x) == -1 ? EXIT_TEMP : EXIT_DONE);
	} while ((rc = writer_handle(w, &err)) == WRITE_OK);
	return (loader_exit(rc));
}

/* The place of a key among those that wait, or LOOK_MAX. */
static size_t
find_waiting(const struct waiting * wt, const struct buf * key)
{
	size_t i, start = 0;

	for (i = 0; i < wt->n; start = wt->end[i++]) {
		if (wt->end[i] - start == key->n &&
		    memcmp(wt->keys.p + start, key->p, key->n) == 0)
			return (i);
	}
	return (LOOK_MAX);
}

/* A document that had no row: it is still there. */
static void
on_extra(void * arg, const bson_t * doc)
{
	struct extra * x = arg;
	struct table * t = x->v->ld->table[x->wt.index];
	const char * data = (const char *)bson_get_data(doc);
	struct buf key = { NULL, 0, 0 };
	struct verify_found f = { t, NULL, 0, NULL, 0, data, doc->len,
	    NULL };
	struct suspect now;
	bson_iter_t it;
	uint32_t at;
	size_t i;

	if (!bson_iter_init_find(&it, doc, "_id"))
		return;
	at = bson_iter_offset(&it) + 1 + (uint32_t)sizeof "_id";
	buf_putc(&key, (char)bson_iter_type(&it));
	buf_put(&key, data + at, it.next_off - at);
	f.key = key.p;
	f.key_n = key.n;

	/* After trouble they are asked for once more. */
	i = find_waiting(&x->wt, &key);
	if (i < LOOK_MAX && !x->wt.told[i]) {
		x->wt.told[i] = 1;
		(void)verify_put(x->v, &f, &now);
	}
	buf_free(&key);
}

static void
begin_waiting(struct waiting * wt, size_t index)
{

	buf_clear(&wt->filter);
	buf_clear(&wt->keys);
	wt->start = bsonw_open(&wt->filter);
	wt->in = bsonw_nested(&wt->filter, BSONW_DOCUMENT, "_id");
	wt->array = bsonw_nested(&wt->filter, BSONW_ARRAY, "$in");
	wt->n = 0;
	wt->index = index;
}

static void
add_waiting(struct waiting * wt, const char * key, size_t n)
{

	bsonw_index(&wt->filter, (enum bsonw_type)key[0], wt->n);
	buf_put(&wt->filter, key + 1, n - 1);
	buf_put(&wt->keys, key, n);
	wt->end[wt->n] = wt->keys.n;
	wt->told[wt->n++] = 0;
}

/* Look at the documents that seem to have no row. */
static int
look(struct extra * x)
{
	struct loader * ld = x->v->ld;
	struct waiting * wt = &x->wt;
	struct writer * w = ld->lane[0].writer;
	enum write_result rc = WRITE_OK;
	struct sink_error err;

	if (wt->n == 0)
		return (EXIT_DONE);
	bsonw_close(&wt->filter, wt->array);
	bsonw_close(&wt->filter, wt->in);
	bsonw_close(&wt->filter, wt->start);
	w->counts = NULL;
	while (sink_find(ld->lane[0].sink, ld->table[wt->index]->collection,
	    &wt->filter, NULL, on_extra, x, &err) == -1) {
		if ((rc = writer_handle(w, &err)) != WRITE_OK)
			return (loader_exit(rc));
	}
	writer_success(w);
	wt->n = 0;
	return (x->v->bad);
}

/* A key that only the target has. */
static int
on_alone(struct extra * x, uint64_t at)
{
	struct waiting * wt = &x->wt;
	uint32_t head[2];
	struct buf key = { NULL, 0, 0 };
	int rc = EXIT_DONE;

	if (pread(x->fd, head, sizeof head, (off_t)at) != sizeof head)
		goto err;
	(void)buf_room(&key, head[1]);
	if (pread(x->fd, key.p, head[1], (off_t)(at + sizeof head)) !=
	    (ssize_t)head[1])
		goto err;
	if (wt->n == LOOK_MAX || (wt->n > 0 && wt->index != head[0]))
		rc = look(x);
	if (wt->n == 0)
		begin_waiting(wt, head[0]);
	if (rc == EXIT_DONE)
		add_waiting(wt, key.p, head[1]);
	buf_free(&key);
	return (rc);

err:
	buf_free(&key);
	errno = EIO;
	(void)fail("read");
	return (EXIT_TEMP);
}

/* Walk along both sides. */
static int
merge(struct extra * x)
{
	const uint8_t * s = NULL, * p;
	struct place place;
	int more, have, rc = EXIT_DONE, c = 0;

	have = keysort_next(x->source, &s);
	while (rc == EXIT_DONE && have != -1 &&
	    (more = keysort_next(x->target, &p)) != 0) {
		if (more == -1 || stop_asked())
			return (more == -1 ? EXIT_TEMP : EXIT_STOPPED);
		memcpy(&place, p, sizeof place);
		while (have == 1 && (c = memcmp(s, place.digest,
		    DIGEST_LEN)) < 0)
			have = keysort_next(x->source, &s);
		if (have == 0 || (have == 1 && c > 0))
			rc = on_alone(x, place.at);
	}
	if (rc != EXIT_DONE)
		return (rc);
	return (have == -1 ? EXIT_TEMP : look(x));
}

int
verify_extra(struct verify * v)
{
	struct extra x = { .v = v, .fd = -1 };
	int rc = EXIT_TEMP;

	if ((x.source = keysort_new(DIGEST_LEN)) == NULL ||
	    (x.fd = keysort_file()) == -1)
		goto out;
	if (verify_file_keys(v->file, add_source, &x) == -1) {
		rc = stop_asked() ? EXIT_STOPPED : EXIT_TEMP;
		goto out;
	}
	if (keysort_end(x.source) == -1 ||
	    (rc = read_target(&x)) != EXIT_DONE)
		goto out;
	rc = keysort_end(x.target) == -1 ? EXIT_TEMP : merge(&x);

out:
	keysort_free(x.source);
	keysort_free(x.target);
	if (x.fd != -1)
		close(x.fd);
	buf_free(&x.out);
	buf_free(&x.text);
	buf_free(&x.wt.filter);
	buf_free(&x.wt.keys);
	return (rc);
}
