#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/log.h"
#include "../common/mem.h"
#include "../common/stop.h"

#include "bsonw.h"

#include "write_impl.h"

#define QUICK_MAX	5	/* short waits before the long ones */
#define QUICK_US	100000
#define PACE_US		5000000	/* that a command may take */
#define COMMAND_SLACK	4096	/* what the library adds to a command */

struct writer *
writer_new(struct sink * sink, struct carrier * carrier,
    const struct writer_options * opt, struct rejects * rejects,
    struct conflict * conflict)
{
	struct writer * w = mem_new(1, sizeof *w);

	w->sink = sink;
	w->carrier = carrier;
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

enum write_result
writer_connect(struct writer * w)
{
	struct sink_error err;
	enum write_result rc = WRITE_OK;

	while (rc == WRITE_OK) {
		if (sink_ping(w->sink, &w->limits, &err) == 0) {
			writer_success(w);
			return (WRITE_OK);
		}
		rc = writer_handle(w, &err);
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
			writer_success(w);
			*empty = c.empty;
			return (judge(w, name, &c));
		}
		rc = writer_handle(w, &err);
	}
	return (rc);
}

/* Set a write apart that the server or a unique index refuses. */
enum write_result
writer_reject(struct writer * w, struct batch_op * op, const char * rule,
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
		return (writer_reject(w, op, "server", e->code, e->text));
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
		return (writer_wait(QUICK_US / 5 + writer_random(w, QUICK_US)));
	return (writer_handle_reply(w, code, 0, "writes fail"));
}

/* Count what the answer counts, and see that it is all. */
static enum write_result
settle(struct writer * w, enum batch_verb verb, size_t sent)
{
	const struct reply * r = &w->reply;
	size_t good = sent - r->nerror;
	size_t i;

	if (r->n < 0 || (size_t)r->n > good || ((size_t)r->n != good &&
	    verb != BATCH_DELETE && verb != BATCH_MARK)) {
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
		w->counts->deleted += (uint64_t)r->n;
		break;
	case BATCH_MARK:
		w->counts->marked += (uint64_t)r->n;
	}
	if ((size_t)r->n == good)
		return (WRITE_OK);

	/* It doesn't say which ones found nothing: look at all. */
	if (verb == BATCH_DELETE)
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

/* A server that takes long gets less at a time. */
static void
pace(struct writer * w, size_t sent)
{
	uint64_t took = w->reply.took_us;

	if (took <= PACE_US || sent == 1)
		return;
	w->most = (size_t)((double)sent * PACE_US / (double)took);
	if (w->most == 0)
		w->most = 1;
	log_info("%s: %zu writes took %ju s: at most %zu at once now",
	    sink_hosts(w->sink), sent, (uintmax_t)(took / 1000000), w->most);
}

size_t
writer_most(const struct writer * w)
{

	return (w->most);
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
		writer_success(w);
	pace(w, sent);
	w->all_done = (r->nerror == 0 && sent == batch_count(w->b) &&
	    (size_t)r->n == sent);
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
	return (writer_reject(w, batch_op(w->b, w->ops[0]), "server",
	    w->reply.code, w->reply.text));
}

/* A command of the first of ${n} writes in w->ops.  Return how many. */
static size_t
make_command(struct writer * w, enum batch_verb verb, size_t n, size_t most,
    struct batch_command * cmd)
{

	if (n > most)
		n = most;
	if (n > w->most)
		n = w->most;
	if (n > w->limits.writes)
		n = w->limits.writes;
	return (batch_command(w->b, verb, w->ops, n,
	    w->limits.document - COMMAND_SLACK, &w->command, cmd));
}

/* What sink_write() returned for a command of ${sent} writes. */
static enum write_result
answered(struct writer * w, enum batch_verb verb, size_t sent, size_t * most,
    int rc, const struct sink_error * err)
{
	struct reply * r = &w->reply;

	if (rc == -1)
		return (writer_handle(w, err));
	if (!r->ok && verdict_of(r->code, r->labels) == VERDICT_DATA)
		return (isolate(w, sent, most));
	if (!r->ok)
		return (writer_handle_reply(w, r->code, r->labels,
		    "the server refuses the command"));

	/* Written, but perhaps not for good: nothing of it counts. */
	if (r->unsure)
		return (writer_handle_reply(w, r->unsure_code,
		    r->labels | VERDICT_LABEL_RETRY * (verdict_of(
		    r->unsure_code, 0) != VERDICT_CRITICAL),
		    "the write isn't safe yet"));
	return (read_reply(w, verb, sent));
}

/* The writes of a verb that wait, in w->ops. */
size_t
writer_collect(struct writer * w, enum batch_state state, int verb)
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
	struct batch_command cmd;
	struct sink_error err;

	while (rc == WRITE_OK && !w->all_done &&
	    (n = writer_collect(w, BATCH_WAITING, verb)) > 0) {
		sent = make_command(w, verb, n, most, &cmd);
		rc = answered(w, verb, sent, &most, sink_write(w->sink, cmd.p,
		    cmd.n, &w->reply, &err), &err);
	}
	return (rc);
}

/* Writes that wait for all others: now it is their turn. */
static size_t
unpark(struct writer * w)
{
	size_t i, n = writer_collect(w, BATCH_PARKED, -1);

	for (i = 0; i < n; i++)
		batch_op(w->b, w->ops[i])->state = BATCH_WAITING;
	return (n);
}

/* Every write of the batch, until none is open. */
static enum write_result
flush(struct writer * w)
{
	static const enum batch_verb verbs[] = { BATCH_INSERT, BATCH_UPDATE,
		BATCH_DELETE, BATCH_MARK };
	enum write_result rc = WRITE_OK;
	size_t i;

	if (w->opt.dry_run)
		return (writer_pretend(w));
	if (w->opt.look_first || w->opt.policy == RESOLVE_TARGET)
		rc = writer_look_first(w);
	while (rc == WRITE_OK) {
		for (i = 0; i < 4 && rc == WRITE_OK; i++)
			rc = send_all(w, verbs[i]);
		if (w->all_done)
			break;
		if (rc == WRITE_OK)
			rc = writer_resolve(w);
		if (rc != WRITE_OK || writer_collect(w, BATCH_WAITING, -1) > 0)
			continue;
		if (unpark(w) == 0)
			break;
	}
	return (rc);
}

/* Is the first command one that can be sent without a look before? */
static int
can_fly(const struct writer * w)
{

	return (w->carrier != NULL && !w->opt.dry_run && !w->opt.look_first &&
	    w->opt.policy != RESOLVE_TARGET);
}

void
writer_begin(struct writer * w, struct batch * b, const char * stream,
    struct write_counts * counts, int * insert)
{
	struct batch_command cmd;
	size_t n = 0;

	w->b = b;
	w->stream = stream;
	w->counts = counts;
	w->insert = insert;
	w->gone = 0;
	w->all_done = 0;
	if (!can_fly(w))
		return;
	for (w->verb = BATCH_INSERT; (n = writer_collect(w, BATCH_WAITING,
	    (int)w->verb)) == 0; w->verb++)
		continue;
	w->sent = make_command(w, w->verb, n, SIZE_MAX, &cmd);
	w->flying = 1;
	carrier_send(w->carrier, cmd.p, cmd.n, &w->reply, &w->err);
}

enum write_result
writer_end(struct writer * w)
{
	enum write_result rc = WRITE_OK;
	size_t most = SIZE_MAX;

	if (w->flying) {
		w->flying = 0;
		rc = answered(w, w->verb, w->sent, &most,
		    carrier_answer(w->carrier), &w->err);
	}
	if (rc == WRITE_OK && !w->all_done)
		rc = flush(w);
	if (rc == WRITE_OK)
		batch_clear(w->b);
	return (rc);
}

/* The command that deletes, or marks, whatever ${filter} finds. */
static void
sweep_command(const char * collection, const struct buf * filter,
    const struct buf * mark, struct buf * out)
{
	const char * verb = mark != NULL ? "update" : "delete";
	size_t start, array, in;

	buf_clear(out);
	start = bsonw_open(out);
	bsonw_text(out, verb, collection, strlen(collection));
	array = bsonw_nested(out, BSONW_ARRAY, mark != NULL ? "updates" :
	    "deletes");
	bsonw_index(out, BSONW_DOCUMENT, 0);
	in = bsonw_open(out);
	buf_putc(out, BSONW_DOCUMENT);
	buf_put(out, "q", 2);
	buf_put(out, filter->p, filter->n);
	if (mark != NULL) {
		buf_put(out, mark->p, mark->n);
		bsonw_bool(out, "multi", 1);
	} else
		bsonw_int32(out, "limit", 0);
	bsonw_close(out, in);
	bsonw_close(out, array);
	bsonw_close(out, start);
}

enum write_result
writer_sweep(struct writer * w, const char * collection,
    const struct buf * filter, const struct buf * mark,
    struct write_counts * counts)
{
	enum write_result rc = WRITE_OK;
	struct sink_error err;
	struct reply * r = &w->reply;
	int32_t code;

	if (w->opt.dry_run)
		return (WRITE_OK);
	w->counts = counts;
	sweep_command(collection, filter, mark, &w->command);
	while (rc == WRITE_OK) {
		if (sink_write(w->sink, w->command.p, w->command.n, r,
		    &err) == -1) {
			rc = writer_handle(w, &err);
			continue;
		}
		if (r->ok && !r->unsure && r->nerror == 0) {
			*(mark != NULL ? &counts->marked :
			    &counts->deleted) += (uint64_t)r->n;
			writer_success(w);
			return (WRITE_OK);
		}
		code = !r->ok ? r->code : r->unsure ? r->unsure_code :
		    r->error[0].code;
		rc = writer_handle_reply(w, code, r->labels, "deleting fails");
	}
	return (rc);
}
