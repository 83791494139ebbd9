#include <bson/bson.h>
#include <stdlib.h>
#include <string.h>

#include "../common/log.h"
#include "../common/mem.h"

#include "version.h"
#include "write_impl.h"

#define TRIES_MAX	5	/* of a write that loses races */
#define RACE_US	20000	/* jitter between them */

/* One document that was read back. */
struct seen {
	struct batch_op * op;	/* the write of its key */
	struct resolve_found found;
	int has_text;			/* in the version's place, even if */
	char v[VERSION_MAX];	/* it isn't one of ours */
	size_t v_n;
};

/* Documents that were read back, as sink_find() yields them. */
struct reading {
	struct writer * w;
	struct seen * seen;
	size_t n, cap;
	size_t strangers;	/* whose bytes of _id are no write's */
};

static void
read_stamp(bson_iter_t * it, struct seen * s)
{
	struct resolve_found * f = &s->found;
	const char * text;
	bson_iter_t in;
	uint32_t n;

	if (!BSON_ITER_HOLDS_DOCUMENT(it) || !bson_iter_recurse(it, &in))
		return;
	f->stamped = 1;
	while (bson_iter_next(&in)) {
		const char * key = bson_iter_key(&in);

		if (strcmp(key, "v") == 0 && BSON_ITER_HOLDS_UTF8(&in)) {
			text = bson_iter_utf8(&in, &n);
			s->has_text = 1;
			s->v_n = n < sizeof s->v ? n : sizeof s->v;
			memcpy(s->v, text, s->v_n);
			if (resolve_is_version(text, n)) {
				f->v = s->v;
				f->v_n = s->v_n;
			}
		} else if (strcmp(key, "at") == 0 &&
		    BSON_ITER_HOLDS_DATE_TIME(&in)) {
			f->has_at = 1;
			f->at_ms = bson_iter_date_time(&in);
		} else if (strcmp(key, "c") == 0 &&
		    BSON_ITER_HOLDS_DATE_TIME(&in)) {
			f->has_c = 1;
			f->c_ms = bson_iter_date_time(&in);
		} else if (strcmp(key, DELETES_MARKED) == 0)
			f->marked = 1;
	}
}

/* What a document says of itself. */
static void
read_document(const struct batch * b, const bson_t * doc, struct seen * s)
{
	const char * change = batch_change(b);
	bson_iter_t it;

	memset(&s->found, 0, sizeof s->found);
	s->has_text = 0;
	s->found.found = 1;
	if (!bson_iter_init(&it, doc))
		return;
	while (bson_iter_next(&it)) {
		const char * key = bson_iter_key(&it);

		if (strcmp(key, PLAN_STAMP) == 0)
			read_stamp(&it, s);
		else if (change != NULL && strcmp(key, change) == 0 &&
		    BSON_ITER_HOLDS_DATE_TIME(&it)) {
			s->found.has_change = 1;
			s->found.change_ms = bson_iter_date_time(&it);
		}
	}
}

/* The write that a document's _id belongs to, by its bytes. */
static struct batch_op *
owner(struct batch * b, const bson_t * doc)
{
	const uint8_t * data = bson_get_data(doc);
	struct buf key = { NULL, 0, 0 };
	struct batch_op * op;
	bson_iter_t it;
	uint32_t at;

	if (!bson_iter_init_find(&it, doc, "_id"))
		return (NULL);
	at = bson_iter_offset(&it) + 1 + (uint32_t)sizeof "_id";
	buf_putc(&key, (char)bson_iter_type(&it));
	buf_put(&key, data + at, it.next_off - at);
	op = batch_find(b, key.p, key.n);
	buf_free(&key);
	return (op);
}

static void
on_found(void * arg, const bson_t * doc)
{
	struct reading * rd = arg;
	struct seen * s;
	size_t i;

	if (rd->n == rd->cap) {
		rd->cap = rd->cap ? 2 * rd->cap : 64;
		rd->seen = mem_grow(rd->seen, rd->cap, sizeof *rd->seen);

		/* What was found has moved, and its versions with it. */
		for (i = 0; i < rd->n; i++) {
			if (rd->seen[i].found.v != NULL)
				rd->seen[i].found.v = rd->seen[i].v;
		}
	}
	s = &rd->seen[rd->n++];
	read_document(rd->w->b, doc, s);
	if ((s->op = owner(rd->w->b, doc)) == NULL)
		rd->strangers++;
}

/* Read the documents of the ${n} writes ${ops}, as often as it takes. */
static enum write_result
read_back(struct writer * w, const size_t * ops, size_t n,
    struct reading * rd)
{
	const char * fields[] = { PLAN_STAMP, batch_change(w->b), NULL };
	enum write_result rc = WRITE_OK;
	struct sink_error err;

	buf_clear(&w->filter);
	batch_filter(w->b, ops, n, &w->filter);
	while (rc == WRITE_OK) {
		rd->n = rd->strangers = 0;
		if (sink_find(w->sink, batch_collection(w->b), &w->filter,
		    fields, on_found, rd, &err) == 0)
			return (WRITE_OK);
		rc = writer_handle(w, &err);
	}
	return (rc);
}

static void
keep_whole(void * arg, const bson_t * doc)
{
	bson_t ** whole = arg;

	if (*whole == NULL)
		*whole = bson_copy(doc);
}

/* Log a conflict, with both documents if there is a file for them. */
static enum write_result
log_conflict(struct writer * w, struct batch_op * op,
    const struct seen * s, int target_wins)
{
	struct conflict_entry e = { w->stream, batch_collection(w->b),
	    target_wins ? "target" : "source",
	    op->has_at && s->found.has_change ? "known" : "unknown",
	    batch_note(w->b, op->key), op->key_n, batch_note(w->b, op->v),
	    op->v_n, op->line, op->has_at, s->found.has_change, op->at_ms,
	    s->found.change_ms, NULL, 0, NULL };
	size_t index = (size_t)(op - batch_op(w->b, 0));
	struct sink_error err;
	bson_t * whole = NULL;
	int rc;

	if (op->logged)
		return (WRITE_OK);
	if (target_wins)
		w->counts->conflicts_target++;
	else
		w->counts->conflicts_source++;
	op->logged = 1;
	if (conflict_wants_documents(w->conflict)) {
		if (op->doc_n > 0) {
			e.source = (const uint8_t *)batch_document(w->b,
			    op);
			e.source_n = op->doc_n;
		}
		buf_clear(&w->filter);
		batch_filter(w->b, &index, 1, &w->filter);
		while (sink_find(w->sink, batch_collection(w->b), &w->filter,
		    NULL, keep_whole, &whole, &err) == -1) {
			enum write_result wr = writer_handle(w, &err);

			if (wr != WRITE_OK)
				return (wr);
		}
		e.target = whole;
	}
	rc = conflict_put(w->conflict, &e);
	bson_destroy(whole);
	return (rc == 0 ? WRITE_OK : WRITE_TEMP);
}

/* Write over exactly what was read. */
static enum write_result
overwrite(struct writer * w, struct batch_op * op, const struct seen * s)
{

	if (++op->tries > TRIES_MAX) {
		log_error("%s: a document changes again and again between "
		    "reading and writing it (line %ju); start again when its "
		    "other writers are done", w->stream, (uintmax_t)op->line);
		return (WRITE_TEMP);
	}
	batch_seen(w->b, op, s->has_text ? s->v : NULL, s->v_n);
	op->state = BATCH_WAITING;
	return (WRITE_OK);
}

/* Nothing is there under the key. */
static enum write_result
resolve_absent(struct writer * w, struct batch_op * op)
{

	if (op->verb == BATCH_DELETE || op->verb == BATCH_MARK) {
		op->state = BATCH_DONE;
		if (op->verb == BATCH_DELETE && w->gone > 0)
			w->gone--;
		else
			w->counts->absent++;
		return (WRITE_OK);
	}

	/* Once again, then after all others, then it is hopeless. */
	switch (op->absent++) {
	case 0:
		op->state = BATCH_WAITING;
		return (WRITE_OK);
	case 1:
		op->state = BATCH_PARKED;
		return (WRITE_OK);
	default:
		return (writer_reject(w, op, "unique_conflict", 11000, NULL));
	}
}

/* It should match now, if nobody else comes between. */
static enum write_result
resolve_again(struct writer * w, struct batch_op * op)
{

	if (++op->tries > TRIES_MAX)
		return (writer_reject(w, op, "unique_conflict", 11000, NULL));
	op->state = BATCH_WAITING;
	return (writer_wait(writer_random(w, RACE_US)));
}

static enum write_result
fenced(struct writer * w)
{

	log_error("%s: another extract has started on this stream since; "
	    "nothing more is acknowledged, start this one again", w->stream);
	return (WRITE_TEMP);
}

/* Decide about one write, by the document that it met. */
static enum write_result
resolve_one(struct writer * w, struct batch_op * op, const struct seen * s)
{
	struct resolve_wanted want = { op->v_n > 0 ?
	    batch_note(w->b, op->v) : NULL, op->v_n, op->has_at, op->at_ms };
	enum write_result rc;

	/* A key that was made here and is there: our own insert. */
	if (op->made_key && s->found.found) {
		op->state = BATCH_DONE;
		w->counts->created++;
		return (WRITE_OK);
	}
	switch (resolve_decide(w->opt.policy, w->opt.acks, &want,
	    &s->found)) {
	case RESOLVE_ABSENT:
		return (resolve_absent(w, op));
	case RESOLVE_AGAIN:
		return (resolve_again(w, op));
	case RESOLVE_STALE:
		op->state = BATCH_DONE;
		w->counts->stale++;
		return (WRITE_OK);
	case RESOLVE_SAME:
		/* A document where a deletion was sent isn't that write. */
		if (op->verb == BATCH_DELETE ||
		    (op->verb == BATCH_MARK && !s->found.marked))
			return (resolve_again(w, op));
		op->state = BATCH_DONE;
		w->counts->updated += op->verb != BATCH_MARK;
		return (WRITE_OK);
	case RESOLVE_FENCED:
		return (fenced(w));
	case RESOLVE_CLOCK:
		w->counts->clock++;
		return (overwrite(w, op, s));
	case RESOLVE_VERSION:
		return (overwrite(w, op, s));
	case RESOLVE_CONFLICT_SOURCE:
		rc = log_conflict(w, op, s, 0);
		return (rc == WRITE_OK ? overwrite(w, op, s) : rc);
	case RESOLVE_CONFLICT_TARGET:
		rc = log_conflict(w, op, s, 1);
		op->state = BATCH_DONE;
		return (rc);
	}
	return (WRITE_PERM);
}

/* The document of a write among those read, or NULL. */
static const struct seen *
seen_of(const struct reading * rd, const struct batch_op * op)
{
	size_t i;

	for (i = 0; i < rd->n; i++) {
		if (rd->seen[i].op == op)
			return (&rd->seen[i]);
	}
	return (NULL);
}

/*
 * No document has the bytes of the write's key: there is none, unless a key
 * is equal in value only, as 5 and 5.0 are.  Then ask for it alone.
 */
static enum write_result
resolve_unseen(struct writer * w, struct batch_op * op, int strangers,
    struct reading * rd)
{
	size_t index = (size_t)(op - batch_op(w->b, 0));
	struct seen none;
	enum write_result rc;

	memset(&none, 0, sizeof none);
	if (!strangers)
		return (resolve_one(w, op, &none));
	if ((rc = read_back(w, &index, 1, rd)) != WRITE_OK)
		return (rc);
	return (resolve_one(w, op, rd->n > 0 ? &rd->seen[0] : &none));
}

/* Read back what the writes met that are to be checked, and decide. */
enum write_result
writer_resolve(struct writer * w)
{
	struct reading rd = { w, NULL, 0, 0, 0 };
	struct reading one = { w, NULL, 0, 0, 0 };
	enum write_result rc;
	const struct seen * s;
	size_t i, n;

	if ((n = writer_collect(w, BATCH_CHECK, -1)) == 0)
		return (WRITE_OK);
	rc = read_back(w, w->ops, n, &rd);
	for (i = 0; i < rd.n && rc == WRITE_OK; i++) {
		s = &rd.seen[i];
		if (s->op != NULL && s->op->state == BATCH_CHECK)
			rc = resolve_one(w, s->op, s);
	}
	for (i = 0; i < n && rc == WRITE_OK; i++) {
		struct batch_op * op = batch_op(w->b, w->ops[i]);

		if (op->state == BATCH_CHECK && seen_of(&rd, op) == NULL)
			rc = resolve_unseen(w, op, rd.strangers > 0, &one);
	}
	free(rd.seen);
	free(one.seen);
	return (rc);
}

/* Before anything is sent: which documents were changed in MongoDB? */
enum write_result
writer_look_first(struct writer * w)
{
	struct reading rd = { w, NULL, 0, 0, 0 };
	enum write_result rc;
	size_t i, n = writer_collect(w, BATCH_WAITING, -1);
	int target = (w->opt.policy == RESOLVE_TARGET);

	rc = read_back(w, w->ops, n, &rd);
	for (i = 0; i < rd.n && rc == WRITE_OK; i++) {
		const struct seen * s = &rd.seen[i];

		if (s->op == NULL || !resolve_changed(&s->found))
			continue;
		if (w->opt.policy == RESOLVE_NEWEST && s->op->has_at &&
		    s->found.has_change &&
		    s->found.change_ms > s->op->at_ms)
			continue;	/* the guard will meet it */
		rc = log_conflict(w, s->op, s, target);
		if (target)
			s->op->state = BATCH_DONE;
	}
	free(rd.seen);
	return (rc);
}

/* Count what would be done. */
enum write_result
writer_pretend(struct writer * w)
{
	struct reading rd = { w, NULL, 0, 0, 0 };
	enum write_result rc;
	size_t i, n = writer_collect(w, BATCH_WAITING, -1);

	rc = read_back(w, w->ops, n, &rd);
	for (i = 0; i < rd.n; i++) {
		struct batch_op * op = rd.seen[i].op;
		const struct resolve_found * f = &rd.seen[i].found;

		if (op == NULL)
			continue;
		op->state = BATCH_DONE;
		if (op->v_n > 0 && f->v != NULL && resolve_compare(f->v,
		    f->v_n, batch_note(w->b, op->v), op->v_n) > 0)
			w->counts->stale++;
		else if (op->verb == BATCH_DELETE)
			w->counts->deleted++;
		else if (op->verb == BATCH_MARK)
			w->counts->marked++;
		else
			w->counts->updated++;
	}
	free(rd.seen);
	n = writer_collect(w, BATCH_WAITING, -1);
	for (i = 0; i < n; i++) {
		if (batch_op(w->b, w->ops[i])->doc_n == 0)
			w->counts->absent++;
		else
			w->counts->created++;
	}
	return (rc);
}
