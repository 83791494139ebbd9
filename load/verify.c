#include <bson/bson.h>
#include <stdlib.h>
#include <string.h>

#include "../common/exitcode.h"
#include "../common/json.h"
#include "../common/log.h"
#include "../common/mem.h"
#include "../common/scan.h"
#include "../common/stop.h"
#include "../common/timestamp.h"

#include "bsonw.h"
#include "compare.h"
#include "keyjson.h"
#include "keyrange.h"
#include "verify_impl.h"
#include "write_impl.h"

#define LOOK_MAX	1000	/* documents asked for at once */
#define TELL_US		UINT64_C(1000000)

static const uint8_t no_secret[DIGEST_SECRET];

struct verify *
verify_open(struct loader * ld, int * rc)
{
	struct verify * v = mem_new(1, sizeof *v);
	int busy;

	v->ld = ld;
	v->fresh = 1;
	v->file = verify_file_open(ld->opt->resume, &v->sums, &busy);
	if (v->file == NULL) {
		*rc = busy ? EXIT_TEMP : EXIT_PERM;
		verify_free(v);
		return (NULL);
	}
	v->reader = record_reader_new();
	v->ops = mem_new(LOOK_MAX, sizeof *v->ops);
	return (v);
}

void
verify_free(struct verify * v)
{

	if (v == NULL)
		return;
	verify_file_free(v->file);
	if (v->reader != NULL)
		record_reader_free(v->reader);
	batch_free(v->mend);
	verify_sample_free(v);
	buf_free(&v->sums.whole);
	buf_free(&v->line);
	buf_free(&v->filter);
	buf_free(&v->value);
	free(v->ops);
	free(v);
}

/*
 * Is it known that all rows of a part of the stream come?  ${part} is the
 * stream's name and, if it is no whole one, a tab and the range.  Return 1;
 * 0; or -1 if it is another part.
 */
static int
is_whole(const struct verify * v, const char * part)
{
	const struct buf * b = &v->sums.whole;
	size_t at, n = strcspn(part, "\t");

	for (at = 0; at < b->n; at += strlen(b->p + at) + 1) {
		if (strcmp(b->p + at, part) == 0)
			return (1);
		if (strncmp(b->p + at, part, n) == 0 &&
		    strcspn(b->p + at, "\t") == n)
			return (-1);
	}
	return (0);
}

/* Take the range that the SCHEMA ${root} names, if it does. */
static int
take_range(struct table * t, const struct json_node * root, struct buf * part)
{
	const struct json_node * range = json_get(root, "range");
	const char * p;
	size_t n;

	buf_clear(&t->range);
	buf_puts(part, t->name);
	if (range == NULL || json_kind(range) == JSON_NULL)
		return (0);
	if (t->opaque || keyrange_filter(t->plan, range, &t->range) == -1) {
		log_error("%s: the documents of a range of keys can't be "
		    "told: its key isn't a whole number as it comes from the "
		    "table", t->name);
		return (-1);
	}
	p = json_raw(range, &n);
	buf_putc(part, '\t');
	buf_put(part, p, n);
	return (0);
}

int
verify_schema(struct verify * v, struct table * t, const char * line,
    size_t n)
{
	struct json * doc = json_parse(line, n, NULL);
	const struct json_node * root = doc != NULL ? json_root(doc) : NULL;
	const char * scope = json_text(json_get(root, "scope"), NULL);
	int all = scope != NULL && strcmp(scope, "all") == 0;
	struct buf part = { NULL, 0, 0 };
	int rc = EXIT_DONE;

	t->opaque = (json_get(root, "key_converted") != NULL);
	if (take_range(t, root, &part) == -1)
		rc = EXIT_PERM;
	json_free(doc);
	buf_text(&part);
	if (all && v->fresh && verify_file_resumed(v->file)) {
		log_info("%s: all rows come from the first on: the checkpoint "
		    "is left out of account", t->name);
		if (verify_file_reset(v->file, &v->sums) == -1)
			rc = EXIT_TEMP;
	}
	v->fresh = 0;
	if (is_whole(v, part.p) == -1) {
		log_error("%s: the checkpoint is of another range of keys",
		    t->name);
		rc = EXIT_PERM;
	}
	if (all && is_whole(v, part.p) == 0)
		buf_put(&v->sums.whole, part.p, part.n + 1);
	t->whole = v->ld->opt->sample == 0 && is_whole(v, part.p) == 1;
	buf_free(&part);
	if (t->plan->key == PLAN_KEY_NONE) {
		log_error("%s: has no key, so no document can be found for a "
		    "row", t->name);
		rc = EXIT_PERM;
	}
	return (rc);
}

int
verify_pace(struct verify * v, size_t n)
{
	uint64_t rate = v->ld->opt->rate, now = stop_clock();

	if (v->ld->opt->report && now - v->told >= TELL_US) {
		v->told = now;
		log_event(LOG_LEVEL_INFO, LOG_FIELDS(LOG_TEXT("operation",
		    "report"), LOG_INT("records_processed",
		    v->sums.compared)), "%ju records compared",
		    (uintmax_t)v->sums.compared);
	}
	if (rate == 0)
		return (stop_asked());
	if (v->due < now)
		v->due = now;
	v->due += n * UINT64_C(1000000) / rate;
	return (stop_sleep(v->due - now));
}

static void
put_document(struct buf * b, const char * name, const char * p, size_t n)
{
	char * text = NULL;
	bson_t doc;

	if (n > 0 && bson_init_static(&doc, (const uint8_t *)p, n))
		text = bson_as_canonical_extended_json(&doc, NULL);
	buf_printf(b, ",\"%s\":", name);
	buf_puts(b, text != NULL ? text : "null");
	bson_free(text);
}

/* The key as its row has it, or else as the document has it. */
static void
put_key(struct verify * v, const struct verify_found * f)
{
	struct buf doc = { NULL, 0, 0 };
	size_t start;

	buf_puts(&v->line, ",\"key\":");
	if (!f->t->opaque && keyjson_array(f->t->plan, f->key, f->key_n,
	    &v->line) == 0)
		return;
	buf_puts(&v->line, "null");
	start = bsonw_open(&doc);
	bsonw_value(&doc, "_id", f->key, f->key_n);
	bsonw_close(&doc, start);
	put_document(&v->line, "document", doc.p, doc.n);
	buf_free(&doc);
}

static int
put_line(struct verify * v, const struct verify_found * f, const char * what,
    const struct buf * fields, const struct suspect * now)
{
	struct buf * b = &v->line;

	buf_clear(b);
	buf_puts(b, "{\"stream\":");
	(void)scan_put_text(b, f->t->name, strlen(f->t->name));
	buf_puts(b, ",\"collection\":");
	(void)scan_put_text(b, f->t->collection, strlen(f->t->collection));
	put_key(v, f);
	buf_printf(b, ",\"what\":\"%s\"", what);
	if (fields->n > 0) {
		buf_puts(b, ",\"fields\":");
		buf_put(b, fields->p, fields->n);
	}
	buf_puts(b, ",\"suspect\":");
	suspect_put(now, b);
	if (v->ld->opt->values) {
		put_document(b, "source", f->source, f->source_n);
		put_document(b, "target", f->target, f->target_n);
	}
	buf_puts(b, "}\n");
	return (verify_file_line(v->file, b->p, b->n));
}

/* What both sides look like now. */
static void
note(const struct verify_found * f, struct suspect * now)
{
	const char * p;
	size_t n;

	memset(now, 0, sizeof *now);
	if (f->source_n > 0) {
		compare_body(f->source, f->source_n, &n);
		digest_make(no_secret, f->source, n, now->source);
		now->source[0] ^= compare_marked(f->source, f->source_n);
	}
	if (f->target_n == 0)
		return;
	now->there = 1;
	digest_make(no_secret, f->target, f->target_n, now->target);
	compare_stamp(f->target, f->target_n, &p, &n);
	if (n <= sizeof now->seen) {
		memcpy(now->seen, p != NULL ? p : "", n);
		now->seen_n = n;
	}
}

/* A document without a row: is it as the policy wants it? */
static int
is_kept(struct verify * v, const struct verify_found * f)
{

	switch (f->t->deletes) {
	case DELETES_MIRROR:
		return (0);
	case DELETES_MARK:
		if (!compare_marked(f->target, f->target_n))
			return (0);
		v->sums.marked++;
		return (1);
	case DELETES_IGNORE:
		v->sums.ignored++;
	}
	return (1);
}

int
verify_put(struct verify * v, const struct verify_found * f,
    struct suspect * now)
{
	struct buf fields = { NULL, 0, 0 };
	const char * what = "different";
	int rc;

	if (f->source_n == 0 && (f->target_n == 0 || is_kept(v, f)))
		return (0);
	if (f->target_n == 0)
		what = "missing";
	else if (f->source_n == 0)
		what = "extra";
	else if (compare_documents(f->source, f->source_n, f->target,
	    f->target_n, &fields))
		return (0);
	note(f, now);
	suspect_renew(now, f->before, timestamp_now());
	if (f->target_n == 0)
		v->sums.missing++;
	else if (f->source_n > 0)
		v->sums.different++;
	else {
		v->sums.extra++;
		v->sums.foreign += now->seen_n == 0;
	}
	v->sums.counted += now->generation >= v->ld->opt->generations;
	if (v->sums.oldest_us == 0 || now->since_us < v->sums.oldest_us)
		v->sums.oldest_us = now->since_us;
	rc = put_line(v, f, what, &fields, now);
	buf_free(&fields);
	if (rc == -1)
		v->bad = EXIT_TEMP;
	return (1);
}

/* Write what --repair has chosen, as any other writes. */
static int
write_mended(struct verify * v, struct table * t)
{
	struct writer * w = v->ld->lane[0].writer;
	int insert = 0;

	if (v->mend == NULL || batch_count(v->mend) == 0)
		return (EXIT_DONE);
	v->sums.mended += batch_count(v->mend);
	writer_begin(w, v->mend, t->name, &t->counts, &insert);
	return (loader_exit(writer_end(w)));
}

/*
 * Mend a difference that has lasted: write the row, which was read after the
 * document was looked at the last time, under the version that it had then.
 * If somebody has written it since, that is a higher one, and stays.
 */
static void
mend(struct verify * v, const struct batch_op * op,
    const struct suspect * before, const struct suspect * now)
{
	struct loader * ld = v->ld;
	struct table * t = v->t;
	struct batch_options bo = { ld->opt->policy != RESOLVE_SOURCE, 0, 0,
	    0, t->deletes == DELETES_MARK };
	struct bsonize_error berr;
	struct record_error err;
	struct record r;

	if (now->generation < ld->opt->generations ||
	    now->generation != before->generation + 1)
		return;

	/* What load didn't write isn't load's to delete. */
	if (op->doc_n == 0 && before->seen_n == 0)
		return;
	buf_clear(&v->line);
	buf_put(&v->line, batch_message(v->b, op->text), op->text_n);
	buf_putc(&v->line, '\n');
	record_shape(v->reader, t->plan->names, t->plan->nfield);
	if (record_parse(v->reader, v->line.p, v->line.n - 1, &r, &err) == -1)
		return;
	r.npos = suspect_version(before, r.pos, RECORD_POS_MAX);
	if (v->mend == NULL || strcmp(batch_collection(v->mend),
	    t->collection) != 0) {
		batch_free(v->mend);
		v->mend = batch_new(t->collection, ld->opt->batch, 1);
	}
	(void)batch_add(v->mend, ld->bsonizer, t->plan, &r, op->line, &bo,
	    &berr);
}

/* A write and what was found for it, NULL for nothing. */
static void
meet(struct verify * v, struct batch_op * op, const bson_t * doc)
{
	struct batch * b = v->b;
	struct suspect before, now;
	struct verify_found f = { v->t, batch_note(b, op->key), op->key_n,
	    NULL, 0, NULL, 0, NULL };
	int had;

	op->state = BATCH_DONE;
	if (op->doc_n > 0) {
		f.source = batch_document(b, op);
		f.source_n = op->doc_n;
	}
	if (doc != NULL) {
		f.target = (const char *)bson_get_data(doc);
		f.target_n = doc->len;
	}
	had = suspect_read(batch_message(b, op->text), op->text_n, &before);
	if (had == -1) {
		log_error("%s:%ju: the member \"suspect\" makes no sense",
		    linein_name(v->ld->in), (uintmax_t)op->line);
		v->bad = EXIT_PERM;
		return;
	}
	if (had == 1)
		f.before = &before;
	if (verify_put(v, &f, &now) && v->ld->opt->repair) {
		if (had == 1)
			mend(v, op, &before, &now);
		else
			v->warned |= 1;
	}
}

static void
on_found(void * arg, const bson_t * doc)
{
	struct verify * v = arg;
	const char * data = (const char *)bson_get_data(doc);
	struct buf key = { NULL, 0, 0 };
	struct batch_op * op;
	bson_iter_t it;
	uint32_t at;

	if (!bson_iter_init_find(&it, doc, "_id"))
		return;
	at = bson_iter_offset(&it) + 1 + (uint32_t)sizeof "_id";
	buf_putc(&key, (char)bson_iter_type(&it));
	buf_put(&key, data + at, it.next_off - at);
	op = batch_find(v->b, key.p, key.n);
	if (op != NULL && op->state != BATCH_DONE)
		meet(v, op, doc);
	buf_free(&key);
}

/* Look at the documents of the writes ${v}->ops. */
static int
look(struct verify * v)
{
	struct writer * w = v->ld->lane[0].writer;
	struct batch * b = v->b;
	enum write_result rc = WRITE_OK;
	struct batch_op * op;
	struct sink_error err;
	size_t i;

	buf_clear(&v->filter);
	batch_filter(b, v->ops, v->nops, &v->filter);
	w->counts = &v->t->counts;
	while (sink_find(v->ld->lane[0].sink, batch_collection(b), &v->filter, NULL,
	    on_found, v, &err) == -1) {
		if ((rc = writer_handle(w, &err)) != WRITE_OK)
			return (loader_exit(rc));
	}
	writer_success(w);
	for (i = 0; i < v->nops; i++) {
		op = batch_op(b, v->ops[i]);
		if (op->state != BATCH_DONE)
			meet(v, op, NULL);
	}
	v->sums.compared += v->nops;
	return (v->bad);
}

/* Keep the digests of the keys that were seen. */
static int
keep_keys(struct verify * v)
{
	struct batch * b = v->b;
	const struct batch_op * op;
	uint8_t digest[DIGEST_LEN];
	struct buf text = { NULL, 0, 0 };
	size_t i, n;
	int rc = 0;

	buf_put(&text, v->t->name, strlen(v->t->name) + 1);
	n = text.n;
	for (i = 0; i < v->nops && rc == 0; i++) {
		op = batch_op(b, v->ops[i]);
		text.n = n;
		buf_put(&text, batch_note(b, op->key), op->key_n);
		digest_make(v->sums.secret, text.p, text.n, digest);
		rc = verify_file_key(v->file, digest);
	}
	buf_free(&text);
	return (rc == 0 ? EXIT_DONE : EXIT_TEMP);
}

int
verify_batch(struct verify * v, struct table * t, struct batch * b)
{
	size_t i, n = batch_count(b);
	int rc = EXIT_DONE;

	v->t = t;
	v->b = b;
	for (i = 0; i < n && rc == EXIT_DONE;) {
		for (v->nops = 0; v->nops < LOOK_MAX && i < n; i++)
			v->ops[v->nops++] = i;
		if ((rc = look(v)) == EXIT_DONE && t->whole)
			rc = keep_keys(v);
		if (rc == EXIT_DONE)
			rc = write_mended(v, t);
		if (rc == EXIT_DONE && verify_pace(v, v->nops) &&
		    v->ld->opt->rate > 0)
			rc = EXIT_STOPPED;
	}
	batch_clear(b);
	return (rc);
}

void
verify_left_out(struct verify * v, uint64_t rejected, uint64_t filtered)
{

	v->stated = 1;
	v->sums.rejected += rejected;
	v->sums.filtered += filtered;
}

int
verify_state(struct verify * v, const char * p, size_t n)
{

	buf_clear(&v->value);
	buf_put(&v->value, p, n);
	return (verify_file_save(v->file, &v->sums, p, n) == 0 ? EXIT_DONE :
	    EXIT_TEMP);
}

/* Has the source come to the end of a stream, as its last STATE tells? */
static int
is_complete(const struct verify * v, const char * stream)
{
	struct json * doc = v->value.n > 0 ? json_parse(v->value.p,
	    v->value.n, NULL) : NULL;
	const struct json_node * bm = NULL;
	int rc;

	if (doc != NULL)
		bm = json_get(json_get(json_root(doc), "bookmarks"), stream);
	rc = (bm != NULL && json_get(bm, "scan") == NULL);
	json_free(doc);
	return (rc);
}

/* Which tables have come as a whole?  Return an exit code. */
static int
judge_tables(struct verify * v, size_t * whole)
{
	struct loader * ld = v->ld;
	int rc = EXIT_DONE;
	size_t i;

	*whole = 0;
	for (i = 0; i < ld->ntable; i++) {
		struct table * t = ld->table[i];

		if (!t->whole)
			continue;
		if (!is_complete(v, t->name)) {
			log_error("%s: not all rows have come: extract was cut "
			    "short", t->name);
			rc = EXIT_TEMP;
		} else if (t->shared)
			log_warn("%s: documents without a row can't be told in "
			    "a collection of several streams", t->name);
		else {
			(*whole)++;
			continue;
		}
		t->whole = 0;
	}
	return (rc);
}

static void
tell(const struct verify * v, size_t whole)
{
	const struct verify_sums * s = &v->sums;
	int64_t age = s->oldest_us != 0 ? timestamp_now() - s->oldest_us : 0;

	log_event(LOG_LEVEL_INFO, LOG_FIELDS(LOG_TEXT("operation", "verify"),
	    LOG_INT("records_compared", s->compared),
	    LOG_INT("missing", s->missing), LOG_INT("different", s->different),
	    LOG_INT("extra", s->extra), LOG_INT("foreign", s->foreign),
	    LOG_INT("counted", s->counted), LOG_INT("mended", s->mended),
	    LOG_INT("rejected", s->rejected), LOG_INT("filtered", s->filtered),
	    LOG_INT("marked", s->marked), LOG_INT("ignored", s->ignored),
	    LOG_INT("whole", whole),
	    LOG_MICROS("oldest_seconds", age > 0 ? age : 0)),
	    "%ju records compared: %ju missing, %ju different, %ju extra%s; "
	    "%ju of them have lasted for %ju looks", (uintmax_t)s->compared,
	    (uintmax_t)s->missing, (uintmax_t)s->different,
	    (uintmax_t)s->extra, whole == 0 ? " (only of keys that came)" : "",
	    (uintmax_t)s->counted, (uintmax_t)v->ld->opt->generations);
	if (s->rejected + s->filtered > 0)
		log_warn("%ju records were left out on the way and not "
		    "compared", (uintmax_t)(s->rejected + s->filtered));
	if (v->warned)
		log_warn("--repair writes only rows that were read again: give "
		    "these lines to extract --only");
}

int
verify_end(struct verify * v)
{
	size_t whole;
	int rc;

	/* An empty pipe must not look like equality. */
	if (v->ld->ntable == 0 || !v->stated) {
		log_error("nothing came in, so nothing is compared");
		return (EXIT_TEMP);
	}
	rc = judge_tables(v, &whole);
	if (rc == EXIT_DONE && v->ld->opt->sample > 0)
		rc = verify_drawn(v);
	if (whole > 0 && rc == EXIT_DONE)
		rc = verify_extra(v);
	if (rc != EXIT_DONE)
		return (rc);
	tell(v, whole);
	if (verify_file_end(v->file) == -1)
		return (EXIT_TEMP);
	return (v->sums.counted > 0 ? EXIT_DIFFERENT : EXIT_DONE);
}
