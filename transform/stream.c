#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../common/exitcode.h"
#include "../common/linein.h"
#include "../common/lineout.h"
#include "../common/log.h"
#include "../common/mem.h"
#include "../common/progress.h"
#include "../common/record.h"
#include "../common/stop.h"

#include "bad.h"
#include "message.h"
#include "outschema.h"
#include "plan.h"
#include "propose.h"
#include "shape.h"

#include "stream.h"

#define GO_ON	(-1)		/* no exit code: the loop goes on */

/* A stream of the input, from its first SCHEMA on. */
struct stream {
	char * name;		/* decoded */
	size_t n;
	struct record_reader * reader;	/* with this stream's columns */
	struct plan * plan;	/* NULL: passes as it comes */
	struct shape * shape;
	struct buf in, out;	/* the SCHEMA in force, and what became of it */
	uint64_t records, rejected;
	uint64_t told;		/* of rejected */
};

struct run {
	const struct options * opt;
	struct schemaset * set;
	struct linein * in;
	struct lineout * out;
	struct bad * bad;
	struct progress * progress;
	struct record_reader * first;	/* until there is a stream */
	struct stream ** stream;
	size_t nstream;
	struct stream * now;	/* of the last row; NULL at first */
	uint64_t records;	/* RECORDs read */
	uint64_t started;	/* of stop_clock() */
	/* Since the last STATE: */
	uint64_t seen, rejected;
};

static struct stream *
find_stream(struct run * run, const struct scan_value * name)
{
	size_t i;

	for (i = 0; i < run->nstream; i++) {
		if (scan_equal(name, run->stream[i]->name, run->stream[i]->n))
			return (run->stream[i]);
	}
	return (NULL);
}

static struct stream *
add_stream(struct run * run, const struct scan_value * name)
{
	struct stream * st = mem_new(1, sizeof *st);

	st->name = mem_new(name->n + 1, 1);
	st->n = scan_decode(name, st->name);
	st->reader = record_reader_new();
	run->stream = mem_grow(run->stream, run->nstream + 1,
	    sizeof *run->stream);
	run->stream[run->nstream++] = st;
	return (st);
}

static void
forget_plan(struct stream * st)
{

	shape_free(st->shape);
	plan_free(st->plan);
	st->shape = NULL;
	st->plan = NULL;
}

static void
stream_free(struct stream * st)
{

	forget_plan(st);
	buf_free(&st->in);
	buf_free(&st->out);
	record_reader_free(st->reader);
	free(st->name);
	free(st);
}

/* What isn't taken over has to be known to somebody. */
static void
say_plan(const struct stream * st)
{
	static const char * const fate[] = {
		[COLUMNS_KEEP] = "taken over unnamed",
		[COLUMNS_DROP] = "left out",
		[COLUMNS_REJECT] = "rejected with their records"
	};
	const struct plan * plan = st->plan;
	struct buf b = { 0 };
	size_t i;

	for (i = 0; i < plan->nleft; i++)
		buf_printf(&b, "%s%s", i == 0 ? "" : ", ",
		    json_key(plan->left[i], NULL));
	log_event(LOG_LEVEL_INFO, LOG_FIELDS(LOG_TEXT("table", st->name),
	    LOG_TEXT("operation", "schema")), "%s: mapped by %s%s%s%s%s",
	    st->name, plan->sf->path, b.n > 0 ? "; columns " : "",
	    b.n > 0 ? fate[plan->sf->policy] : "", b.n > 0 ? ": " : "",
	    buf_text(&b));
	buf_free(&b);
}

/* Compile the stream's file against its SCHEMA.  Return 0, or -1. */
static int
make_plan(struct run * run, struct stream * st, struct schemafile * sf,
    const struct record * r)
{

	forget_plan(st);
	st->plan = plan_new(sf, r->line, r->len);
	if (st->plan == NULL || st->in.n > 0)
		(void)propose(sf, r->line, r->len, LOG_LEVEL_WARN, NULL);
	if (st->plan == NULL) {
		log_error("%s:%ju: this SCHEMA of %s doesn't fit %s; "
		    "--propose prints one that does, another file is chosen "
		    "with -s or --schemas, none with --no-schemas",
		    linein_name(run->in),
		    (uintmax_t)linein_number(run->in), st->name, sf->path);
		return (-1);
	}
	st->shape = shape_new(st->plan);
	record_shape(st->reader, st->plan->names, st->plan->nnames);
	bad_schema(run->bad, st->name, r->line, r->len);
	say_plan(st);
	buf_clear(&st->in);
	buf_put(&st->in, r->line, r->len);
	buf_clear(&st->out);
	outschema_put(st->plan, &st->out);
	buf_putc(&st->out, '\n');
	return (0);
}

static int
do_schema(struct run * run, const struct record * r)
{
	struct stream * st = find_stream(run, &r->stream);
	struct buf * out = lineout_buf(run->out);
	struct schemafile * sf = NULL;

	if (st == NULL)
		st = add_stream(run, &r->stream);
	if (strlen(st->name) == st->n)
		sf = schemaset_find(run->set, st->name);
	if (sf == NULL) {
		buf_put(out, r->line, r->len + 1);
		return (GO_ON);
	}
	/* Some taps say it again and again. */
	if ((st->plan == NULL || st->in.n != r->len ||
	    memcmp(st->in.p, r->line, r->len) != 0) &&
	    make_plan(run, st, sf, r) == -1)
		return (EXIT_PERM);
	buf_put(out, st->out.p, st->out.n);
	return (GO_ON);
}

static int
refuse(struct run * run, struct stream * st, const struct record * r,
    const struct verdict * why)
{

	st->rejected++;
	run->rejected++;
	switch (bad_record(run->bad, st->name, r->line, r->len,
	    linein_number(run->in), why, run->records)) {
	case BAD_GO_ON:
		return (GO_ON);
	case BAD_STOP:
		return (EXIT_PERM);
	default:
		return (EXIT_TEMP);
	}
}

/* What stands in the line before the record. */
static inline void
put_envelope(struct buf * out, const struct record * r)
{
	size_t n = (size_t)(r->record.p - r->line);

	buf_copy(buf_room(out, n), r->line, n);
	out->n += n;
}

/* The envelope stays as it is; only `record` is another one. */
static int
do_row(struct run * run, struct stream * st, const struct record * r)
{
	struct buf * out = lineout_buf(run->out);
	const char * behind = r->record.p + r->record.n;
	const char * end = r->line + r->len;
	size_t start = out->n;
	enum shape_row is;
	struct verdict why;
	char op;		/* another one than it says, or clearly */
	int rc;

	run->records++;
	run->seen++;
	st->records++;
	if (st->plan == NULL || r->op == 't') {
		buf_put(out, r->line, r->len + 1);
		return (GO_ON);
	}
	is = shape_take(st->shape, r);
	op = is == SHAPE_MARKED ? r->op : is == SHAPE_REMOVED ? 'd' : 0;
	if (op != 0)
		message_put_head(out, r, op);
	else
		put_envelope(out, r);
	rc = shape_put(st->shape, r, is, out, &why);
	if (rc == 0 && out->n - start > run->opt->max_line)
		rc = verdict_set(&why, "size",
		    "makes a line longer than --max-line");
	if (rc == -1) {
		out->n = start;
		return (refuse(run, st, r, &why));
	}
	if (end - behind == 1)
		buf_put(out, behind, 2);
	else
		message_put_tail(out, r, op);
	return (GO_ON);
}

/* What became of a stream's records so far. */
static void
say_sum(const struct run * run, struct stream * st)
{

	st->told = st->rejected;
	log_event(LOG_LEVEL_INFO, LOG_FIELDS(LOG_TEXT("table", st->name),
	    LOG_TEXT("operation", st->plan ? "map" : "pass"),
	    LOG_INT("records_processed", st->records),
	    LOG_INT("rejected", st->rejected),
	    LOG_INT("errors", st->rejected),
	    LOG_MICROS("duration_seconds", stop_clock() - run->started)),
	    "%s: %ju records %s, %ju rejected", st->name,
	    (uintmax_t)st->records, st->plan ? "mapped" : "passed",
	    (uintmax_t)st->rejected);
}

/* For --report: of which more were rejected than was told. */
static void
report(const struct run * run)
{
	size_t i;

	for (i = 0; i < run->nstream; i++) {
		if (run->stream[i]->told != run->stream[i]->rejected)
			say_sum(run, run->stream[i]);
	}
}

/* A STATE covers what came before it: count, and make rejects durable. */
static int
do_state(struct run * run, const struct record * r)
{
	struct buf * out = lineout_buf(run->out);
	uint64_t missing = 0;

	if (r->counted && r->records != run->seen) {
		if (!run->opt->allow_dropped || r->records < run->seen) {
			log_error("%s:%ju: this STATE counts %ju records, but "
			    "%ju came: a filter before has lost or repeated "
			    "some (--allow-dropped if it was to leave some "
			    "out)", linein_name(run->in),
			    (uintmax_t)linein_number(run->in),
			    (uintmax_t)r->records, (uintmax_t)run->seen);
			return (EXIT_PERM);
		}
		missing = r->records - run->seen;
	}
	if (run->rejected > 0 && bad_sync(run->bad) == -1)
		return (EXIT_TEMP);
	if (run->rejected > 0 && run->opt->report)
		report(run);
	if (run->rejected > 0 || missing > 0)
		message_put_state(out, r, run->seen - run->rejected,
		    r->rejected + run->rejected, r->filtered + missing);
	else
		buf_put(out, r->line, r->len + 1);
	run->seen = run->rejected = 0;
	return (GO_ON);
}

static int
bad_line(const struct run * run, const struct record_error * err)
{

	log_error("%s:%ju:%zu: %s", linein_name(run->in),
	    (uintmax_t)linein_number(run->in), err->column, err->what);
	return (EXIT_PERM);
}

/* The stream of a row isn't the last one's: read the row once more. */
static int
change_stream(struct run * run, struct record * r, struct record_error * err)
{
	const char * p;
	size_t n;

	run->now = find_stream(run, &r->stream);
	if (run->now == NULL) {
		p = scan_raw(&r->stream, &n);
		log_error("%s:%ju: a RECORD of the stream %.*s comes before "
		    "its SCHEMA", linein_name(run->in),
		    (uintmax_t)linein_number(run->in),
		    n > 100 ? 100 : (int)n, p);
		return (EXIT_PERM);
	}
	if (record_parse(run->now->reader, r->line, r->len, r, err) == -1)
		return (bad_line(run, err));
	return (GO_ON);
}

/* As scan_equal(), without a call for a name that has no escapes. */
static inline int
is_named(const struct scan_value * name, const struct stream * st)
{

	return (name->escaped ? scan_equal(name, st->name, st->n) :
	    name->n == st->n && memcmp(name->p, st->name, st->n) == 0);
}

static int
do_message(struct run * run, struct record * r)
{
	struct stream * st = run->now;
	struct record_error err;
	int rc;

	switch (r->type) {
	case RECORD_ROW:
		if (st == NULL || !is_named(&r->stream, st)) {
			if ((rc = change_stream(run, r, &err)) != GO_ON)
				return (rc);
		}
		return (do_row(run, run->now, r));
	case RECORD_SCHEMA:
		return (do_schema(run, r));
	case RECORD_STATE:
		return (do_state(run, r));
	default:
		buf_put(lineout_buf(run->out), r->line, r->len + 1);
		return (GO_ON);
	}
}

/* The lines from ${p} to ${end}: each ends where reading it ends. */
static int
do_lines(struct run * run, const char * p, const char * end)
{
	struct record_error err;
	struct record r;
	int rc, bad;

	for (; p < end; p += r.len + 1) {
		bad = record_parse(run->now != NULL ? run->now->reader :
		    run->first, p, (size_t)(end - p), &r, &err);
		if (linein_took(run->in, r.len) == -1)
			return (EXIT_PERM);
		if (bad)
			return (bad_line(run, &err));
		if ((rc = do_message(run, &r)) != GO_ON)
			return (rc);
		if (lineout_line(run->out) == -1)
			return (EXIT_TEMP);
		if (run->progress != NULL)
			progress_step(run->progress, run->records,
			    linein_offset(run->in));
	}
	return (GO_ON);
}

/* The end of the input: is it a proper one? */
static int
at_end(const struct run * run, enum linein_result last)
{

	if (last == LINEIN_ERROR)
		return (linein_too_long(run->in) ? EXIT_PERM : EXIT_TEMP);
	if (last == LINEIN_STOP) {
		log_info("stopped behind line %ju",
		    (uintmax_t)linein_number(run->in));
		return (EXIT_STOPPED);
	}
	if (run->seen > 0)
		log_warn("the input ended without a STATE: %ju records are "
		    "open", (uintmax_t)run->seen);
	return (bad_over(run->bad, run->records) ? EXIT_PERM : EXIT_DONE);
}

static int
loop(struct run * run)
{
	enum linein_result got;
	const char * p;
	size_t n;
	int rc;

	while ((got = linein_lines(run->in, &p, &n)) == LINEIN_LINE) {
		if ((rc = do_lines(run, p, p + n)) != GO_ON)
			return (rc);
		if (linein_idle(run->in) && lineout_flush(run->out) == -1)
			return (EXIT_TEMP);
	}
	return (at_end(run, got));
}

/* Only at the head of a pipe, where the size of the work is known. */
static struct progress *
open_progress(void)
{
	struct stat st;

	if (fstat(STDIN_FILENO, &st) == -1 || !S_ISREG(st.st_mode))
		return (NULL);
	return (progress_open("transform", (uint64_t)st.st_size));
}

static void
say_sums(const struct run * run)
{
	size_t i;

	for (i = 0; i < run->nstream; i++)
		say_sum(run, run->stream[i]);
}

int
stream_run(const struct options * opt, struct schemaset * set)
{
	struct run run = { .opt = opt, .set = set, .started = stop_clock() };
	size_t i;
	int rc;

	if ((run.bad = bad_open(opt)) == NULL)
		return (EXIT_PERM);
	run.in = linein_open(STDIN_FILENO, "standard input", opt->max_line);
	run.out = lineout_open(STDOUT_FILENO, "standard output");
	run.first = record_reader_new();
	run.progress = open_progress();
	rc = loop(&run);
	progress_close(run.progress);
	/* Whatever happened, the lines before it count. */
	if (lineout_close(run.out) == -1)
		rc = EXIT_TEMP;
	if (bad_close(run.bad) == -1)
		rc = EXIT_TEMP;
	say_sums(&run);
	for (i = 0; i < run.nstream; i++)
		stream_free(run.stream[i]);
	free(run.stream);
	record_reader_free(run.first);
	linein_free(run.in);
	return (rc);
}
