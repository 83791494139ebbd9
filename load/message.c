#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/exitcode.h"
#include "../common/log.h"
#include "../common/mem.h"
#include "../common/reject.h"
#include "../common/stop.h"

#include "loader.h"
#include "sweep.h"
#include "verify.h"

#define LAG_BATCHES	8	/* records before every table is written */

/* The table of a stream by its name, or NULL. */
static struct table *
find_table(const struct loader * ld, const struct scan_value * stream)
{
	size_t i;

	for (i = 0; i < ld->ntable; i++) {
		if (scan_equal(stream, ld->table[i]->name,
		    strlen(ld->table[i]->name)))
			return (ld->table[i]);
	}
	return (NULL);
}

/* Another stream that is loaded into the same collection. */
static void
find_shared(struct loader * ld, struct table * t)
{
	size_t i;

	for (i = 0; i < ld->ntable; i++) {
		struct table * other = ld->table[i];

		if (other == t || strcmp(other->collection, t->collection) != 0)
			continue;
		other->shared = t->shared = 1;
		log_warn("%s and %s are both loaded into %s", other->name,
		    t->name, t->collection);
	}
}

/* Where the rows of a stream go. */
static char *
choose_collection(const struct loader * ld, const struct plan * plan)
{
	const char * name = options_collection(ld->opt, plan->stream);

	if (name == NULL)
		name = plan->collection;
	return (mem_dup(name != NULL ? name : plan->stream));
}

static struct table *
add_table(struct loader * ld, const struct plan * plan)
{
	struct table * t = mem_new(1, sizeof *t);

	t->name = mem_dup(plan->stream);
	t->collection = choose_collection(ld, plan);
	t->started = stop_clock();
	ld->table = mem_grow(ld->table, ld->ntable + 1, sizeof *ld->table);
	ld->table[ld->ntable++] = t;
	find_shared(ld, t);
	return (t);
}

/* A batch for each lane; two, if one can be filled while one is sent. */
static void
make_batches(const struct loader * ld, struct table * t)
{
	int keep = (ld->rejects.file != NULL || ld->verify != NULL);
	struct fill * f;

	for (f = t->fill; f < t->fill + ld->nlane; f++) {
		f->batch = batch_new(t->collection, ld->opt->batch, keep);
		batch_share(f->batch, ld->nlane);
		if (ld->nlane == 1)
			continue;
		f->spare = batch_new(t->collection, ld->opt->batch, keep);
		batch_share(f->spare, ld->nlane);
	}
}

void
loader_drop_batches(struct table * t)
{
	struct fill * f;

	for (f = t->fill; f < t->fill + LOADER_LANES; f++) {
		batch_free(f->batch);
		batch_free(f->spare);
		f->batch = f->spare = NULL;
	}
}

/* The collection is there and can be written to.  Return an exit code. */
static int
prepare(struct loader * ld, struct table * t)
{
	int rc, empty;

	rc = loader_exit(writer_prepare(ld->lane[0].writer, t->collection, &empty));
	if (rc != EXIT_DONE)
		return (rc);
	t->insert = empty && ld->verify == NULL;
	make_batches(ld, t);
	return (EXIT_DONE);
}

/* What is worth knowing about a plan. */
static void
tell_plan(const struct table * t)
{
	const struct plan * plan = t->plan;

	if (plan->key == PLAN_KEY_NONE)
		log_warn("%s: no key: every record becomes a new document, "
		    "and one that comes twice is stored twice", t->name);
	if (plan->renamed_id)
		log_warn("%s: the property _id is not the key, and is stored "
		    "as __id", t->name);
	log_debug("%s: into the collection %s", t->name, t->collection);
}

/* Put a new plan in the place of a table's old one. */
static int
replace_plan(struct loader * ld, struct table * t, struct plan * plan,
    const struct record * r)
{
	char * collection = choose_collection(ld, plan);
	int same = (strcmp(collection, t->collection) == 0);

	t->deletes = plan->deletes;
	plan_free(t->plan);
	t->plan = plan;
	quick_free(t->quick);
	t->quick = quick_new(ld->bsonizer);
	ld->current = NULL;
	ld->shape = NULL;
	buf_clear(&t->schema);
	buf_put(&t->schema, r->line, r->len);
	if (ld->rejects.file != NULL)
		reject_schema(ld->rejects.file, t->name, r->line, r->len);
	if (same)
		free(collection);
	else {
		free(t->collection);
		t->collection = collection;
		loader_drop_batches(t);
		find_shared(ld, t);
	}
	tell_plan(t);
	if (options_deletes(ld->opt, t->name, &t->deletes) == -1)
		return (EXIT_PERM);
	return (t->fill[0].batch == NULL ? prepare(ld, t) : EXIT_DONE);
}

/* A line can't be taken, as was said.  What stood before it still counts. */
static int
give_up(struct loader * ld)
{
	int rc = loader_write_all(ld);

	return (rc == EXIT_DONE || rc == EXIT_STOPPED ? EXIT_PERM : rc);
}

/* Where a line went wrong, for messages. */
static int
bad_line(struct loader * ld, const char * what)
{

	log_error("%s:%ju: %s", linein_name(ld->in),
	    (uintmax_t)linein_number(ld->in), what);
	return (give_up(ld));
}

static int
on_schema(struct loader * ld, const struct record * r)
{
	struct table * t = find_table(ld, &r->stream);
	struct plan * plan;
	char why[512];
	int rc;

	if (t != NULL && t->schema.n == r->len &&
	    memcmp(t->schema.p, r->line, r->len) == 0)
		return (EXIT_DONE);
	plan = plan_build(r->line, r->len, &ld->opt->plan, why, sizeof why);
	if (plan == NULL)
		return (bad_line(ld, why));
	if (t != NULL && (rc = loader_write(ld, t)) != EXIT_DONE) {
		plan_free(plan);
		return (rc);
	}
	if (t == NULL)
		t = add_table(ld, plan);
	rc = replace_plan(ld, t, plan, r);
	if (rc == EXIT_DONE && ld->verify != NULL)
		rc = verify_schema(ld->verify, t, r->line, r->len);
	return (rc);
}

/* Singer's `version`, which the reader passes over. */
static void
read_version(const struct record * r, struct batch_options * bo)
{
	struct scan_value line, key, val;
	struct scan_error err;
	struct scan_iter it;

	if (scan_value(scan_space(r->line, r->line + r->len),
	    r->line + r->len, &line, &err) == NULL)
		return;
	scan_open(&it, &line);
	while (scan_member(&it, &key, &val)) {
		if (scan_equal(&key, "version", 7))
			bo->has_version = (scan_int64(&val,
			    &bo->version) == 0);
	}
}

/* A record that can't be stored.  Return an exit code. */
static int
refuse(struct loader * ld, struct table * t, const struct record * r,
    const struct bsonize_error * err)
{
	struct buf reason = { NULL, 0, 0 };
	struct rejects_entry e = { linein_name(ld->in), t->name, r->line,
	    r->len, linein_number(ld->in), err->rule, NULL, NULL };
	int rc;

	if (err->name != NULL)
		buf_printf(&reason, "\"%.*s\" ", (int)err->name_n, err->name);
	buf_puts(&reason, err->what);
	e.reason = buf_text(&reason);
	t->counts.rejected++;
	rc = rejects_put(&ld->rejects, &e);
	buf_free(&reason);
	return (rc == 0 ? EXIT_DONE : give_up(ld));
}

/* Has a batch waited for so long that it holds up acknowledgements? */
static int
is_old(const struct loader * ld, const struct fill * f)
{

	return (batch_count(f->batch) > 0 && ld->rows - f->first >=
	    LAG_BATCHES * ld->nlane * ld->opt->batch);
}

/* A batch is full: write it, and those that are too old. */
static int
on_full(struct loader * ld, struct table * t, size_t l)
{
	size_t i;
	int rc;

	rc = loader_start(ld, t, l);
	for (i = 0; i < ld->ntable; i++) {
		for (l = 0; l < ld->nlane && rc == EXIT_DONE; l++) {
			if (ld->table[i]->fill[l].batch != NULL &&
			    is_old(ld, &ld->table[i]->fill[l]))
				rc = loader_start(ld, ld->table[i], l);
		}
	}
	return (rc == EXIT_DONE ? loader_acknowledge(ld) : rc);
}

/* The source's table was emptied: so are the rows of before. */
static int
on_truncate(struct loader * ld, struct table * t, const struct record * r)
{
	int rc;

	if (ld->verify != NULL)
		return (bad_line(ld, "a table that was emptied can't be "
		    "verified"));
	rc = loader_write(ld, t);
	return (rc == EXIT_DONE ? sweep_table(ld, t, r) : rc);
}

/* A row is in its table's batch. */
static inline int
on_added(struct loader * ld, struct table * t, size_t l,
    enum batch_result added)
{
	struct fill * f = &t->fill[l];

	if (added == BATCH_MERGED)
		t->counts.merged++;
	else if (batch_count(f->batch) == 1) {
		ld->waiting++;
		f->first = ld->begun = ld->rows;
		batch_limit(f->batch, writer_most(ld->lane[l].writer));
	}
	return (batch_full(f->batch) ? on_full(ld, t, l) : EXIT_DONE);
}

/* The lane of a row: always the same for the same key. */
static size_t
choose_lane(struct loader * ld, const struct table * t,
    const struct record * r)
{
	struct bsonize_error err;

	if (ld->nlane == 1)
		return (0);
	if (t->plan->key == PLAN_KEY_NONE)
		return (ld->rows % ld->nlane);
	buf_clear(&ld->key);
	if (bsonize_key(ld->bsonizer, t->plan, r, &ld->key, &err) == -1)
		return (0);
	return (batch_hash(ld->key.p, ld->key.n) % ld->nlane);
}

/*
 * A document is marked as it is.  So what waits to be written of it goes
 * first, or else the mark would take the place of it.
 */
static int
write_before_mark(struct loader * ld, struct table * t,
    const struct record * r, size_t l)
{
	struct bsonize_error err;
	const struct batch_op * op;

	if (t->plan->key == PLAN_KEY_NONE)
		return (EXIT_DONE);
	buf_clear(&ld->key);
	if (bsonize_key(ld->bsonizer, t->plan, r, &ld->key, &err) == -1)
		return (EXIT_DONE);
	op = batch_find(t->fill[l].batch, ld->key.p, ld->key.n);
	return (op != NULL && op->doc_n > 0 ? loader_write(ld, t) :
	    EXIT_DONE);
}

/* Take a row into its table's batch. */
static int
add_row(struct loader * ld, struct table * t, const struct record * r)
{
	struct batch_options bo = { ld->opt->policy != RESOLVE_SOURCE,
	    t->insert, 0, 0, t->deletes == DELETES_MARK };
	struct bsonize_error err;
	enum batch_result added;
	size_t l;
	int rc;

	if (r->op == 'd' && t->deletes == DELETES_IGNORE &&
	    ld->verify == NULL) {
		t->counts.ignored++;
		return (EXIT_DONE);
	}
	if (ld->opt->activate)
		read_version(r, &bo);
	l = choose_lane(ld, t, r);
	if (r->op == 'd' && bo.mark &&
	    (rc = write_before_mark(ld, t, r, l)) != EXIT_DONE)
		return (rc);
	added = batch_add(t->fill[l].batch, ld->bsonizer, t->plan, r,
	    linein_number(ld->in), &bo, &err);
	if (added == BATCH_BAD)
		return (refuse(ld, t, r, &err));
	quick_learn(t->quick, t->plan, r);
	return (on_added(ld, t, l, added));
}

/* Of streams that share a collection only one has writes that wait. */
static int
take_turn(struct loader * ld, struct table * t)
{
	int rc = EXIT_DONE;

	if (ld->writing != NULL && ld->writing != t)
		rc = loader_write(ld, ld->writing);
	ld->writing = t;
	return (rc);
}

static inline void
count_row(struct loader * ld, struct table * t)
{

	ld->seen++;
	ld->rows++;
	ld->rejects.seen++;
	ld->any = 1;
	ld->closed = 0;
	t->processed++;
}

static int
on_row(struct loader * ld, const struct record * r)
{
	struct table * t = ld->current;
	int rc;

	if (t == NULL || !scan_equal(&r->stream, t->name, strlen(t->name)))
		t = find_table(ld, &r->stream);
	if (t == NULL)
		return (bad_line(ld, "a RECORD of a stream without SCHEMA"));
	ld->current = t;
	count_row(ld, t);
	if (ld->verify != NULL && verify_sample(ld->verify, r))
		return (EXIT_DONE);
	if (t->shared && (rc = take_turn(ld, t)) != EXIT_DONE)
		return (rc);
	return (r->op == 't' ? on_truncate(ld, t, r) : add_row(ld, t, r));
}

/* Is the value one that stands for a position? */
static int
is_position(const struct scan_value * v)
{
	struct scan_value key, val;
	struct scan_iter it;

	if (v->kind == SCAN_NULL)
		return (0);
	if (v->kind != SCAN_OBJECT)
		return (1);
	scan_open(&it, v);
	return (scan_member(&it, &key, &val));
}

static int
on_state(struct loader * ld, const struct record * r)
{
	const char * p;
	size_t n;

	if (r->counted && r->records != ld->seen && !ld->opt->allow_dropped) {
		log_error("%s:%ju: the STATE counts %ju records, but %ju came "
		    "in: some were lost or added on the way (--allow-dropped "
		    "allows it)", linein_name(ld->in),
		    (uintmax_t)linein_number(ld->in), (uintmax_t)r->records,
		    (uintmax_t)ld->seen);
		return (give_up(ld));
	}
	ld->seen = 0;
	ld->closed = 1;
	if (ld->verify != NULL)
		verify_left_out(ld->verify, r->rejected, r->filtered);
	if (is_position(&r->value)) {
		p = scan_raw(&r->value, &n);
		marks_put(ld->marks, ld->rows, ld->begun, p, n);
	}

	/* A checkpoint knows of nothing behind its STATE. */
	if (ld->verify != NULL)
		return (loader_write_all(ld));

	/* Nothing waits: no need to wait for a batch either. */
	return (ld->waiting == 0 ? loader_acknowledge(ld) : EXIT_DONE);
}

/* What is left of an older version of the table goes away. */
static int
on_activate(struct loader * ld, const struct record * r)
{
	struct table * t = find_table(ld, &r->stream);
	struct batch_options bo = { 0, 0, 0, 0, 0 };
	int rc;

	if (t == NULL)
		return (bad_line(ld, "an ACTIVATE_VERSION of a stream without "
		    "SCHEMA"));
	if (!ld->opt->activate) {
		log_debug("%s: ACTIVATE_VERSION is passed over", t->name);
		return (EXIT_DONE);
	}
	read_version(r, &bo);
	if (!bo.has_version)
		return (bad_line(ld, "the version is no whole number"));
	rc = loader_write(ld, t);
	return (rc == EXIT_DONE ? sweep_version(ld, t, bo.version) : rc);
}

/* Split the line as its stream's rows look. */
static int
parse(struct loader * ld, const char * p, size_t n, struct record * r,
    struct record_error * err)
{
	struct table * t;

	if (record_parse(ld->reader, p, n, r, err) == -1)
		return (-1);
	if (r->type != RECORD_ROW || (ld->current != NULL &&
	    ld->shape == ld->current->plan && scan_equal(&r->stream,
	    ld->current->name, strlen(ld->current->name))))
		return (0);

	/* Another stream's row: its names, and once more. */
	if ((t = find_table(ld, &r->stream)) == NULL)
		return (0);
	ld->current = t;
	ld->shape = t->plan;
	record_shape(ld->reader, t->plan->names, t->plan->nfield);
	return (record_parse(ld->reader, p, n, r, err));
}

/*
 * Take a row that is like the one before it, from the ${ahead} bytes ${p}:
 * it has ${*n} of them.  Return -1 if it isn't.
 */
static inline int
on_quick(struct loader * ld, struct table * t, const char * p, size_t ahead,
    size_t * n)
{
	struct batch_options bo = { ld->opt->policy != RESOLVE_SOURCE,
	    t->insert, 0, 0, 0 };
	enum batch_result added;
	struct quick_row row;
	size_t l = 0;

	if (t->shared || ld->opt->activate || ld->opt->sample != 0)
		return (-1);
	if (ahead > ld->opt->max_line)
		ahead = ld->opt->max_line;
	if (quick_open(t->quick, p, ahead, &row) == -1)
		return (-1);
	if (ld->nlane > 1)
		l = batch_hash(row.key, row.key_n) % ld->nlane;
	added = batch_add_quick(t->fill[l].batch, t->quick, &row,
	    linein_number(ld->in) + 1, &bo);
	if (added == BATCH_BAD)
		return (-1);
	*n = row.n;
	(void)linein_took(ld->in, row.n);
	count_row(ld, t);
	return (on_added(ld, t, l, added));
}

/* Act on a line that parse() has read, if it isn't ${bad}. */
static int
on_line(struct loader * ld, const struct record * r, int bad,
    const struct record_error * err)
{
	char what[256];

	if (bad) {
		snprintf(what, sizeof what, "column %zu: %s", err->column,
		    err->what);
		return (bad_line(ld, what));
	}
	switch (r->type) {
	case RECORD_ROW:
		return (on_row(ld, r));
	case RECORD_STATE:
		return (on_state(ld, r));
	case RECORD_SCHEMA:
		return (on_schema(ld, r));
	case RECORD_ACTIVATE_VERSION:
		break;
	}
	return (on_activate(ld, r));
}

int
loader_line(struct loader * ld, const char * p, size_t n)
{
	struct record_error err;
	struct record r;
	int bad = parse(ld, p, n, &r, &err);

	return (on_line(ld, &r, bad, &err));
}

int
loader_lines(struct loader * ld, const char * p, const char * end)
{
	struct record_error err;
	struct record r;
	size_t n;
	int bad, rc = EXIT_DONE;

	for (; p < end && rc == EXIT_DONE; p += n + 1) {
		if (ld->current != NULL && (rc = on_quick(ld, ld->current, p,
		    (size_t)(end - p), &n)) != -1)
			continue;
		bad = parse(ld, p, (size_t)(end - p), &r, &err);
		n = r.len;
		if (linein_took(ld->in, n) == -1)
			return (give_up(ld));
		rc = on_line(ld, &r, bad, &err);
	}
	return (rc);
}
