#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/log.h"
#include "../common/mem.h"
#include "../common/retry.h"
#include "../common/stop.h"

#include "bsonw.h"

#include "write.h"

#define TRIES_MAX	5	/* of a write that loses races */
#define QUICK_MAX	5	/* short waits before the long ones */
#define QUICK_US	100000
#define BLOCKED_US	10000000
#define OVERLOAD_US	100000
#define OVERLOAD_MAX_US	10000000
#define COMMAND_SLACK	4096	/* what the library adds to a command */

struct writer {
	struct sink * sink;
	struct writer_options opt;
	struct rejects * rejects;
	struct conflict * conflict;
	struct sink_limits limits;
	struct retry retry;
	unsigned quick;		/* short waits since the last success */
	unsigned overload;	/* waits since the last success */
	uint64_t overload_us;	/* spent on them */
	int reloaded;		/* the credentials were read again */
	uint64_t seed;
	size_t most;		/* writes in a command, for now */

	/* The batch in work. */
	struct batch * b;
	const char * stream;
	struct write_counts * counts;
	int * insert;
	uint64_t gone;		/* deletions that are counted already */
	size_t * ops;		/* indexes of writes */
	size_t cap;
	struct buf command;
	struct buf filter;
	struct reply reply;
};

struct writer *
writer_new(struct sink * sink, const struct writer_options * opt,
    struct rejects * rejects, struct conflict * conflict)
{
	struct writer * w = mem_new(1, sizeof *w);

	w->sink = sink;
	w->opt = *opt;
	w->rejects = rejects;
	w->conflict = conflict;
	w->seed = stop_clock();
	w->most = SIZE_MAX;
	retry_init(&w->retry, opt->max_retries, opt->retry_delay);
	return (w);
}

void
writer_free(struct writer * w)
{

	if (w == NULL)
		return;
	free(w->ops);
	buf_free(&w->command);
	buf_free(&w->filter);
	reply_free(&w->reply);
	free(w);
}

/* A number below ${n}. */
static uint64_t
random_below(struct writer * w, uint64_t n)
{

	w->seed = w->seed * UINT64_C(6364136223846793005) +
	    UINT64_C(1442695040888963407);
	return ((w->seed >> 33) % n);
}

static enum write_result
wait_us(uint64_t us)
{

	return (stop_sleep(us) ? WRITE_STOPPED : WRITE_OK);
}

/* Something was resolved: the next failure is a first one again. */
static void
success(struct writer * w)
{

	retry_reset(&w->retry);
	w->quick = w->overload = 0;
	w->overload_us = 0;
	w->reloaded = 0;
	if (w->most < w->limits.writes)
		w->most += 1 + w->most / 4;
}

/* Wait as SYNC_MAX_RETRIES and SYNC_RETRY_DELAY say, or give up. */
static enum write_result
wait_retry(struct writer * w, const struct sink_error * err)
{
	uint64_t us;

	if (retry_next(&w->retry, &us) == -1) {
		log_event(LOG_LEVEL_ERROR, LOG_FIELDS(LOG_INT("code",
		    err->code)), "%s: %s: giving up after %ju retries",
		    sink_hosts(w->sink), err->text,
		    (uintmax_t)w->opt.max_retries);
		return (WRITE_TEMP);
	}
	log_event(LOG_LEVEL_WARN, LOG_FIELDS(LOG_INT("code", err->code)),
	    "%s: %s: trying again in %ju.%ju s (%ju of %ju)",
	    sink_hosts(w->sink), err->text, (uintmax_t)(us / 1000000),
	    (uintmax_t)(us / 100000 % 10), (uintmax_t)w->retry.tries,
	    (uintmax_t)w->opt.max_retries);
	return (wait_us(us));
}

/* The server has too much to do: less, and later. */
static enum write_result
wait_overload(struct writer * w, const struct sink_error * err)
{
	uint64_t us = OVERLOAD_US << (w->overload < 7 ? w->overload : 7);

	if (us > OVERLOAD_MAX_US)
		us = OVERLOAD_MAX_US;
	us = random_below(w, us) + (uint64_t)err->backoff_ms * 1000;
	if (w->overload_us > w->opt.max_retries * w->opt.retry_delay *
	    UINT64_C(1000000)) {
		log_error("%s: is overloaded: giving up",
		    sink_hosts(w->sink));
		return (WRITE_TEMP);
	}
	w->overload++;
	w->overload_us += us;
	w->most = (w->most < w->limits.writes ? w->most :
	    w->limits.writes) / 2;
	if (w->most == 0)
		w->most = 1;
	log_event(LOG_LEVEL_WARN, LOG_FIELDS(LOG_INT("code", err->code)),
	    "%s: is overloaded: waiting %ju ms, then at most %zu writes at "
	    "once", sink_hosts(w->sink), (uintmax_t)(us / 1000), w->most);
	return (wait_us(us));
}

/* Somebody has to make room or lift a lock. */
static enum write_result
wait_blocked(struct writer * w, const struct sink_error * err)
{
	uint64_t us = w->opt.retry_delay * UINT64_C(1000000);

	if (us > BLOCKED_US)
		us = BLOCKED_US;
	if (us < QUICK_US)
		us = QUICK_US;
	log_event(LOG_LEVEL_WARN, LOG_FIELDS(LOG_INT("code", err->code)),
	    "%s: takes no writes (%s): asking again until it does",
	    sink_hosts(w->sink), verdict_name(err->code));
	return (wait_us(us));
}

static enum write_result
stop_critical(struct writer * w, const struct sink_error * err)
{

	log_event(LOG_LEVEL_ERROR, LOG_FIELDS(LOG_INT("code", err->code)),
	    "%s: %s", sink_hosts(w->sink), err->text);
	return (WRITE_PERM);
}

/* The password may have been changed: once it is read again. */
static enum write_result
renew(struct writer * w, const struct sink_error * err)
{
	const char * uri;

	if (w->reloaded || w->opt.reload == NULL ||
	    (uri = w->opt.reload(w->opt.arg)) == NULL)
		return (stop_critical(w, err));
	w->reloaded = 1;
	log_warn("%s: %s: trying the changed MONGODB_URI",
	    sink_hosts(w->sink), err->text);
	return (sink_reopen(w->sink, uri) == 0 ? WRITE_OK : WRITE_PERM);
}

/* A failure of a whole command: wait and return WRITE_OK, or give up. */
static enum write_result
handle(struct writer * w, const struct sink_error * err)
{

	if (w->counts != NULL)
		w->counts->errors++;
	switch (err->verdict) {
	case VERDICT_OVERLOAD:
		return (wait_overload(w, err));
	case VERDICT_BLOCKED:
		return (wait_blocked(w, err));
	case VERDICT_CREDENTIALS:
		return (renew(w, err));
	case VERDICT_CRITICAL:
	case VERDICT_DATA:
	case VERDICT_DUPLICATE:
		return (stop_critical(w, err));
	case VERDICT_UNKNOWN:
		if (w->retry.tries >= w->retry.max)
			return (stop_critical(w, err));
		return (wait_retry(w, err));
	case VERDICT_RETRY:
		break;
	}
	return (wait_retry(w, err));
}

/* The same for an answer that says no as a whole, or isn't sure. */
static enum write_result
handle_reply(struct writer * w, int32_t code, unsigned labels,
    const char * what)
{
	struct sink_error err;

	memset(&err, 0, sizeof err);
	err.verdict = verdict_of(code, labels);
	err.code = code;
	err.backoff_ms = w->reply.backoff_ms;
	snprintf(err.text, sizeof err.text, "%s: error %d (%s)", what, code,
	    verdict_name(code));
	return (handle(w, &err));
}

enum write_result
writer_connect(struct writer * w)
{
	struct sink_error err;
	enum write_result rc = WRITE_OK;

	while (rc == WRITE_OK) {
		if (sink_ping(w->sink, &w->limits, &err) == 0) {
			success(w);
			return (WRITE_OK);
		}
		rc = handle(w, &err);
	}
	return (rc);
}

/* What sink_look() found: can it be written to? */
static enum write_result
judge(struct writer * w, const char * name, const struct sink_collection * c)
{

	if (c->refused[0] != '\0') {
		log_error("%s.%s: can't be loaded into: %s",
		    sink_database(w->sink), name, c->refused);
		return (WRITE_PERM);
	}
	if (c->unique[0] != '\0')
		log_warn("%s.%s: has the unique index %s: rows that it "
		    "refuses are rejected", sink_database(w->sink), name,
		    c->unique);
	return (WRITE_OK);
}

enum write_result
writer_prepare(struct writer * w, const char * name, int * empty)
{
	struct sink_collection c;
	struct sink_error err;
	enum write_result rc = WRITE_OK;

	w->counts = NULL;
	while (rc == WRITE_OK) {
		if (sink_look(w->sink, name, &c, &err) == 0 &&
		    (c.exists || w->opt.dry_run ||
		    sink_create(w->sink, name, &err) == 0)) {
			success(w);
			*empty = c.empty;
			return (judge(w, name, &c));
		}
		rc = handle(w, &err);
	}
	return (rc);
}

/* Set a write apart that the server or a unique index refuses. */
static enum write_result
reject(struct writer * w, struct batch_op * op, const char * rule,
    int32_t code, const char * detail)
{
	char reason[128];
	struct rejects_entry e = { w->opt.input, w->stream,
	    batch_message(w->b, op->text), op->text_n, op->line, rule, reason,
	    detail };

	snprintf(reason, sizeof reason, "the server refuses the document: "
	    "error %d (%s)", code, verdict_name(code));
	if (rejects_put(w->rejects, &e) == -1)
		return (WRITE_PERM);
	op->state = BATCH_DONE;
	w->counts->rejected++;
	return (WRITE_OK);
}

/* A write met a document of its key, or some other unique index. */
static void
met_duplicate(struct batch_op * op)
{

	if (op->verb == BATCH_INSERT && !op->made_key) {
		/* A plain insert: now with the guard. */
		op->verb = BATCH_UPDATE;
		return;
	}
	op->state = BATCH_CHECK;
}

/* One write failed.  Return WRITE_OK if the batch goes on. */
static enum write_result
failed(struct writer * w, struct batch_op * op, const struct reply_error * e,
    int * again)
{

	w->counts->errors++;
	switch (verdict_of(e->code, 0)) {
	case VERDICT_DUPLICATE:
		w->counts->errors--;
		met_duplicate(op);
		return (WRITE_OK);
	case VERDICT_DATA:
		return (reject(w, op, "server", e->code, e->text));
	case VERDICT_RETRY:
	case VERDICT_OVERLOAD:
	case VERDICT_BLOCKED:
		*again = e->code;
		return (WRITE_OK);
	case VERDICT_UNKNOWN:
		if (op->unknown++ < w->opt.max_retries) {
			*again = e->code;
			return (WRITE_OK);
		}
		break;
	case VERDICT_CREDENTIALS:
	case VERDICT_CRITICAL:
		break;
	}
	log_event(LOG_LEVEL_ERROR, LOG_FIELDS(LOG_TEXT("table", w->stream),
	    LOG_INT("code", e->code), LOG_INT("line", op->line)),
	    "%s:%ju: %s: the server refuses to write: error %d (%s)",
	    w->opt.input, (uintmax_t)op->line, w->stream, e->code,
	    verdict_name(e->code));
	return (WRITE_PERM);
}

/* Single writes hit a lock or the like: short waits first. */
static enum write_result
wait_again(struct writer * w, int32_t code)
{

	if (w->quick++ < QUICK_MAX &&
	    verdict_of(code, 0) == VERDICT_RETRY)
		return (wait_us(QUICK_US / 5 + random_below(w, QUICK_US)));
	return (handle_reply(w, code, 0, "writes fail"));
}

/* Count what the answer counts, and see that it is all. */
static enum write_result
settle(struct writer * w, enum batch_verb verb, size_t sent)
{
	const struct reply * r = &w->reply;
	size_t good = sent - r->nerror;
	size_t i;

	if (r->n < 0 || (size_t)r->n > good ||
	    (verb != BATCH_DELETE && (size_t)r->n != good)) {
		log_error("%s: counts %jd of %zu writes that it calls "
		    "successful; nothing more is acknowledged",
		    sink_hosts(w->sink), (intmax_t)r->n, good);
		return (WRITE_PERM);
	}
	switch (verb) {
	case BATCH_INSERT:
		w->counts->created += good;
		return (WRITE_OK);
	case BATCH_UPDATE:
		w->counts->created += r->upserted;
		w->counts->updated += good - r->upserted;
		return (WRITE_OK);
	case BATCH_DELETE:
		break;
	}
	w->counts->deleted += (uint64_t)r->n;
	if ((size_t)r->n == good)
		return (WRITE_OK);

	/* It doesn't say which ones found nothing: look at all. */
	w->gone += (uint64_t)r->n;
	for (i = 0; i < sent; i++) {
		struct batch_op * op = batch_op(w->b, w->ops[i]);

		if (op->state == BATCH_DONE)
			op->state = BATCH_CHECK;
	}
	return (WRITE_OK);
}

/* Too many documents are there for plain inserts to be any use. */
static void
doubt_inserts(struct writer * w, enum batch_verb verb, size_t sent)
{

	if (verb == BATCH_INSERT && w->reply.nerror > sent / 10)
		*w->insert = 0;
}

/* The answer to ${sent} writes, one by one. */
static enum write_result
read_reply(struct writer * w, enum batch_verb verb, size_t sent)
{
	const struct reply * r = &w->reply;
	enum write_result rc;
	int again = 0;
	size_t i;

	/* All are done, but for those that the answer names. */
	for (i = 0; i < sent; i++)
		batch_op(w->b, w->ops[i])->state = BATCH_DONE;
	for (i = 0; i < r->nerror; i++) {
		struct batch_op * op;

		if (r->error[i].index >= sent) {
			log_error("%s: reports an error of a write that "
			    "wasn't sent", sink_hosts(w->sink));
			return (WRITE_PERM);
		}
		op = batch_op(w->b, w->ops[r->error[i].index]);
		op->state = BATCH_WAITING;
	}
	if ((rc = settle(w, verb, sent)) != WRITE_OK)
		return (rc);
	for (i = 0; i < r->nerror; i++) {
		rc = failed(w, batch_op(w->b, w->ops[r->error[i].index]),
		    &r->error[i], &again);
		if (rc != WRITE_OK)
			return (rc);
	}
	doubt_inserts(w, verb, sent);
	if (r->nerror < sent)
		success(w);
	return (again != 0 ? wait_again(w, again) : WRITE_OK);
}

/* The command as a whole was refused for what is in it: which write is it? */
static enum write_result
isolate(struct writer * w, size_t sent, size_t * most)
{

	if (sent > 1) {
		*most = sent / 2;
		return (WRITE_OK);
	}
	return (reject(w, batch_op(w->b, w->ops[0]), "server",
	    w->reply.code, w->reply.text));
}

/* Send the first of ${n} writes in w->ops; *${sent} tells how many. */
static enum write_result
send_some(struct writer * w, enum batch_verb verb, size_t n, size_t * most,
    size_t * sent)
{
	struct sink_error err;
	struct reply * r = &w->reply;

	if (n > *most)
		n = *most;
	if (n > w->most)
		n = w->most;
	if (n > w->limits.writes)
		n = w->limits.writes;
	*sent = batch_command(w->b, verb, w->ops, n,
	    w->limits.document - COMMAND_SLACK, &w->command);
	if (sink_write(w->sink, &w->command, r, &err) == -1)
		return (handle(w, &err));
	if (!r->ok && verdict_of(r->code, r->labels) == VERDICT_DATA)
		return (isolate(w, *sent, most));
	if (!r->ok)
		return (handle_reply(w, r->code, r->labels,
		    "the server refuses the command"));

	/* Written, but perhaps not for good: nothing of it counts. */
	if (r->unsure)
		return (handle_reply(w, r->unsure_code,
		    r->labels | VERDICT_LABEL_RETRY * (verdict_of(
		    r->unsure_code, 0) != VERDICT_CRITICAL),
		    "the write isn't safe yet"));
	return (read_reply(w, verb, *sent));
}

/* The writes of a verb that wait, in w->ops. */
static size_t
collect(struct writer * w, enum batch_state state, int verb)
{
	size_t i, n = 0, count = batch_count(w->b);
	const struct batch_op * op;

	if (count > w->cap) {
		w->cap = count;
		w->ops = mem_grow(w->ops, w->cap, sizeof *w->ops);
	}
	op = batch_op(w->b, 0);
	for (i = 0; i < count; i++) {
		if (op[i].state == state && (verb == -1 || op[i].verb == verb))
			w->ops[n++] = i;
	}
	return (n);
}

/* All that waits of one verb. */
static enum write_result
send_all(struct writer * w, enum batch_verb verb)
{
	enum write_result rc = WRITE_OK;
	size_t n, sent, most = SIZE_MAX;

	while (rc == WRITE_OK && (n = collect(w, BATCH_WAITING, verb)) > 0)
		rc = send_some(w, verb, n, &most, &sent);
	return (rc);
}

/* One document that was read back. */
struct seen {
	struct batch_op * op;	/* the write of its key */
	struct resolve_found found;
	char v[BATCH_VERSION_MAX];
};

/* Documents that were read back, as sink_find() yields them. */
struct reading {
	struct writer * w;
	struct seen * seen;
	size_t n, cap;
	const bson_t * whole;	/* of the last document, if wanted */
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
			f->v_n = n < sizeof s->v ? n : sizeof s->v;
			memcpy(s->v, text, f->v_n);
			f->v = s->v;
		} else if (strcmp(key, "at") == 0 &&
		    BSON_ITER_HOLDS_DATE_TIME(&in)) {
			f->has_at = 1;
			f->at_ms = bson_iter_date_time(&in);
		} else if (strcmp(key, "c") == 0 &&
		    BSON_ITER_HOLDS_DATE_TIME(&in)) {
			f->has_c = 1;
			f->c_ms = bson_iter_date_time(&in);
		}
	}
}

/* What a document says of itself. */
static void
read_document(const struct batch * b, const bson_t * doc, struct seen * s)
{
	const char * change = batch_change(b);
	bson_iter_t it;

	memset(&s->found, 0, sizeof s->found);
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
	s->op = owner(rd->w->b, doc);
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
		rd->n = 0;
		if (sink_find(w->sink, batch_collection(w->b), &w->filter,
		    fields, on_found, rd, &err) == 0)
			return (WRITE_OK);
		rc = handle(w, &err);
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
	    batch_bytes(w->b, op->key), op->key_n, batch_bytes(w->b, op->v),
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
			e.source = (const uint8_t *)batch_bytes(w->b,
			    op->doc);
			e.source_n = op->doc_n;
		}
		buf_clear(&w->filter);
		batch_filter(w->b, &index, 1, &w->filter);
		while (sink_find(w->sink, batch_collection(w->b), &w->filter,
		    NULL, keep_whole, &whole, &err) == -1) {
			enum write_result wr = handle(w, &err);

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
static void
overwrite(struct writer * w, struct batch_op * op, const struct seen * s)
{

	if (!s->found.stamped)
		op->guard = BATCH_GUARD_UNSTAMPED;
	else if (s->found.v == NULL)
		op->guard = BATCH_GUARD_NO_VERSION;
	else {
		op->guard = BATCH_GUARD_EXACT;
		batch_seen(w->b, op, s->v, s->found.v_n);
	}
	op->state = BATCH_WAITING;
}

/* Nothing is there under the key. */
static enum write_result
resolve_absent(struct writer * w, struct batch_op * op)
{

	if (op->verb == BATCH_DELETE) {
		op->state = BATCH_DONE;
		if (w->gone > 0)
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
		return (reject(w, op, "unique_conflict", 11000, NULL));
	}
}

/* It should match now, if nobody else comes between. */
static enum write_result
resolve_again(struct writer * w, struct batch_op * op)
{

	if (++op->tries > TRIES_MAX)
		return (reject(w, op, "unique_conflict", 11000, NULL));
	op->state = BATCH_WAITING;
	return (wait_us(random_below(w, QUICK_US / 5)));
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
	    batch_bytes(w->b, op->v) : NULL, op->v_n, op->has_at, op->at_ms };
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
		if (op->verb == BATCH_DELETE)
			return (resolve_again(w, op));
		op->state = BATCH_DONE;
		w->counts->updated++;
		return (WRITE_OK);
	case RESOLVE_FENCED:
		return (fenced(w));
	case RESOLVE_CLOCK:
		w->counts->clock++;
		overwrite(w, op, s);
		return (WRITE_OK);
	case RESOLVE_VERSION:
		overwrite(w, op, s);
		return (WRITE_OK);
	case RESOLVE_CONFLICT_SOURCE:
		rc = log_conflict(w, op, s, 0);
		overwrite(w, op, s);
		return (rc);
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
 * A document that none of the bytes led to: either there is none, or its key
 * is equal in value only, as 5 and 5.0 are.  Ask for it alone.
 */
static enum write_result
resolve_alone(struct writer * w, struct batch_op * op, struct reading * rd)
{
	size_t index = (size_t)(op - batch_op(w->b, 0));
	struct seen none;
	enum write_result rc;

	memset(&none, 0, sizeof none);
	if ((rc = read_back(w, &index, 1, rd)) != WRITE_OK)
		return (rc);
	return (resolve_one(w, op, rd->n > 0 ? &rd->seen[0] : &none));
}

/* Read back what the writes met that are to be checked, and decide. */
static enum write_result
resolve_all(struct writer * w)
{
	struct reading rd = { w, NULL, 0, 0, NULL };
	struct reading one = { w, NULL, 0, 0, NULL };
	enum write_result rc;
	const struct seen * s;
	size_t i, n;

	if ((n = collect(w, BATCH_CHECK, -1)) == 0)
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
			rc = resolve_alone(w, op, &one);
	}
	free(rd.seen);
	free(one.seen);
	return (rc);
}

/* Writes that wait for all others: now it is their turn. */
static size_t
unpark(struct writer * w)
{
	size_t i, n = collect(w, BATCH_PARKED, -1);

	for (i = 0; i < n; i++)
		batch_op(w->b, w->ops[i])->state = BATCH_WAITING;
	return (n);
}

/* Before anything is sent: which documents were changed in MongoDB? */
static enum write_result
look_first(struct writer * w)
{
	struct reading rd = { w, NULL, 0, 0, NULL };
	enum write_result rc;
	size_t i, n = collect(w, BATCH_WAITING, -1);
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
static enum write_result
pretend(struct writer * w)
{
	struct reading rd = { w, NULL, 0, 0, NULL };
	enum write_result rc;
	size_t i, n = collect(w, BATCH_WAITING, -1);

	rc = read_back(w, w->ops, n, &rd);
	for (i = 0; i < rd.n; i++) {
		struct batch_op * op = rd.seen[i].op;
		const struct resolve_found * f = &rd.seen[i].found;

		if (op == NULL)
			continue;
		op->state = BATCH_DONE;
		if (op->v_n > 0 && f->v != NULL && resolve_compare(f->v,
		    f->v_n, batch_bytes(w->b, op->v), op->v_n) > 0)
			w->counts->stale++;
		else if (op->verb == BATCH_DELETE)
			w->counts->deleted++;
		else
			w->counts->updated++;
	}
	free(rd.seen);
	n = collect(w, BATCH_WAITING, -1);
	for (i = 0; i < n; i++) {
		if (batch_op(w->b, w->ops[i])->verb == BATCH_DELETE)
			w->counts->absent++;
		else
			w->counts->created++;
	}
	return (rc);
}

/* Every write of the batch, until none is open. */
static enum write_result
flush(struct writer * w)
{
	static const enum batch_verb verbs[] = { BATCH_INSERT, BATCH_UPDATE,
		BATCH_DELETE };
	enum write_result rc = WRITE_OK;
	size_t i;

	if (w->opt.dry_run)
		return (pretend(w));
	if (w->opt.look_first || w->opt.policy == RESOLVE_TARGET)
		rc = look_first(w);
	while (rc == WRITE_OK) {
		for (i = 0; i < 3 && rc == WRITE_OK; i++)
			rc = send_all(w, verbs[i]);
		if (rc == WRITE_OK)
			rc = resolve_all(w);
		if (rc != WRITE_OK || collect(w, BATCH_WAITING, -1) > 0)
			continue;
		if (unpark(w) == 0)
			break;
	}
	return (rc);
}

enum write_result
writer_flush(struct writer * w, struct batch * b, const char * stream,
    struct write_counts * counts, int * insert)
{
	enum write_result rc;

	if (batch_count(b) == 0)
		return (WRITE_OK);
	w->b = b;
	w->stream = stream;
	w->counts = counts;
	w->insert = insert;
	w->gone = 0;
	if ((rc = flush(w)) == WRITE_OK)
		batch_clear(b);
	return (rc);
}

/* The command that deletes whatever ${filter} finds. */
static void
delete_command(const char * collection, const struct buf * filter,
    struct buf * out)
{
	size_t start, array, in;

	buf_clear(out);
	start = bsonw_open(out);
	bsonw_text(out, "delete", collection, strlen(collection));
	array = bsonw_nested(out, BSONW_ARRAY, "deletes");
	bsonw_index(out, BSONW_DOCUMENT, 0);
	in = bsonw_open(out);
	buf_putc(out, BSONW_DOCUMENT);
	buf_put(out, "q", 2);
	buf_put(out, filter->p, filter->n);
	bsonw_int32(out, "limit", 0);
	bsonw_close(out, in);
	bsonw_close(out, array);
	bsonw_close(out, start);
}

enum write_result
writer_delete(struct writer * w, const char * collection,
    const struct buf * filter, struct write_counts * counts)
{
	enum write_result rc = WRITE_OK;
	struct sink_error err;
	struct reply * r = &w->reply;
	int32_t code;

	if (w->opt.dry_run)
		return (WRITE_OK);
	w->counts = counts;
	delete_command(collection, filter, &w->command);
	while (rc == WRITE_OK) {
		if (sink_write(w->sink, &w->command, r, &err) == -1) {
			rc = handle(w, &err);
			continue;
		}
		if (r->ok && !r->unsure && r->nerror == 0) {
			counts->deleted += (uint64_t)r->n;
			success(w);
			return (WRITE_OK);
		}
		code = !r->ok ? r->code : r->unsure ? r->unsure_code :
		    r->error[0].code;
		rc = handle_reply(w, code, r->labels, "deleting fails");
	}
	return (rc);
}
