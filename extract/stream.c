#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/exitcode.h"
#include "../common/linein.h"
#include "../common/log.h"
#include "../common/mem.h"
#include "../common/stop.h"
#include "../common/timestamp.h"
#include "count.h"
#include "mutex.h"
#include "only.h"
#include "range.h"
#include "singer.h"
#include "stream_impl.h"

#include "stream.h"

/* The longest name of a round. */
#define ROUND_MAX	64

/* With --follow, a bound is good for the tables of a round that come late. */
#define BOUND_GOOD_US	UINT64_C(100000)

/* What has just begun is over in a moment: so often is that looked after. */
#define BOUND_TRIES	4
#define BOUND_FIRST_TRIES	8
#define BOUND_PAUSE_US	UINT64_C(1000)

/* A bound that is held for so long is told of; its age, so often. */
#define HELD_LONG_US	INT64_C(10000000)
#define AGE_EVERY_US	UINT64_C(10000000)

/* What it lacks may come and go: it has to be all right for so long. */
#define CALM_US		UINT64_C(5000000)

/* With --follow, a STATE at least this often. */
#define STATE_EVERY_US	UINT64_C(10000000)

void
stream_schema(struct stream * st, size_t i)
{
	struct job * job = &st->job[i];
	struct buf * b = out_buf(st->out);

	page_plan_free(st->plan[i]);
	st->plan[i] = page_plan_new(job->table, &st->opt->cell,
	    st->epoch);
	singer_schema(b, job->table, &st->opt->cell);

	/* Who compares with all there is has to know that this is all. */
	b->n -= 2;
	if (st->opt->range.n > 0)
		range_put(b, st->opt);
	if (st->opt->full && (st->opt->where == NULL || st->opt->range.n > 0))
		buf_puts(b, ",\"scope\":\"all\"");
	buf_puts(b, "}\n");
}

/* The value of a STATE, with the bookmark of ${job} as it is now. */
static void
print_value(struct stream * st, const struct job * job, struct buf * value)
{

	buf_clear(value);
	bookmark_print(value, &job->bookmark, job->table, &st->opt->cell);
	state_set(st->state, job->table->name, value->p, value->n);
	buf_clear(value);
	state_print(st->state, value);
}

int
stream_state(struct stream * st, struct job * job, int always)
{
	struct buf * b = out_buf(st->out);
	struct buf value = { NULL, 0, 0 };

	print_value(st, job, &value);
	if (always || st->page.total != st->stated || value.n !=
	    st->value.n || memcmp(value.p, st->value.p, value.n) != 0) {
		if (job->table->change != CATALOG_NONE)
			bound_mark(&st->bound, &job->bookmark.mark);
		print_value(st, job, &value);
		buf_puts(b, "{\"type\":\"STATE\",\"value\":");
		buf_put(b, value.p, value.n);
		buf_puts(b, ",\"records\":");
		buf_put_u64(b, st->page.total - st->stated);
		buf_puts(b, "}\n");
		st->stated = st->page.total;
		st->state_at = stop_clock();
	}
	buf_free(&st->value);
	st->value = value;
	return (out_flush(st->out) == OUT_FAILED ? EXIT_TEMP : 0);
}

/*
 * The bound is held by something that wasn't there the last time; or there is
 * no last time, and little is known of it.
 */
static int
held_anew(const struct bound * b, int64_t last_us)
{

	return (b->held && b->rewind_us == 0 &&
	    b->safe_us + (int64_t)b->margin_us >= last_us);
}

/* Is it worth while to read it once more, after so many ${tries}? */
static int
try_again(const struct stream * st, int64_t last_us, int tries)
{

	if (last_us == 0)
		return (st->bound.held && tries < BOUND_FIRST_TRIES);
	return (st->opt->follow && held_anew(&st->bound, last_us) &&
	    tries < BOUND_TRIES);
}

/* Say it once if the bound has come to lack something, or lacks less. */
static void
tell_lacks(struct stream * st)
{
	const struct bound * b = &st->bound;
	size_t i;

	if (b->lacks != 0)
		st->lacks_at = bound_clock();
	if (b->lacks == st->lacks || (b->lacks == 0 &&
	    bound_clock() - st->lacks_at < CALM_US))
		return;
	telling_lacks(st->lacks, b, st->opt);
	st->lacks = b->lacks;
	for (i = 0; i < st->njob; i++)
		st->untold[i] = 1;
}

int
stream_bound(struct stream * st)
{
	struct bound * b = &st->bound;
	uint64_t every = st->opt->follow ? st->opt->follow_us : 0;
	uint64_t good = every / 2 < BOUND_GOOD_US ? every / 2 : BOUND_GOOD_US;
	int64_t last = b->now_us;
	enum source_rc rc;
	int code, tries = 0;

	if ((code = mutex_take(st)) != 0)
		return (code);
	if (b->read_at != 0 && bound_clock() - b->read_at < good)
		return (0);
	do {
		rc = bound_read(st->source, st->opt->lag_us, every, b);
		if (rc != SOURCE_OK)
			return (source_report(st->source, rc, "reading the "
			    "server's clock and its open transactions"));
		if (b->rewind_us != 0)
			reading_rewind(st);
	} while (try_again(st, last, ++tries) &&
	    stop_sleep(BOUND_PAUSE_US << (tries - 1)) == 0);
	tell_lacks(st);
	return (0);
}

/* A service wants to know how old the bound is, and who holds it back. */
static void
tell_age(struct stream * st)
{
	const struct bound * b = &st->bound;
	int held = b->held && b->now_us - b->safe_us >= HELD_LONG_US;
	size_t i;

	if (!st->opt->report || (st->opt->follow && st->bound_at != 0 &&
	    held == st->held && bound_clock() - st->bound_at < AGE_EVERY_US))
		return;
	st->bound_at = bound_clock();
	st->held = held;
	for (i = 0; i < st->njob; i++) {
		if (st->job[i].table->change != CATALOG_NONE)
			telling_bound(&st->job[i], b, held);
	}
}

int
stream_guarantee(struct stream * st, size_t i)
{

	if (!st->opt->report || !st->untold[i])
		return (0);
	st->untold[i] = 0;
	return (telling_guarantee(&st->job[i], st->source, st->lacks,
	    st->opt));
}

static void
tell_done(const struct stream * st, const struct job * job, uint64_t rows,
    uint64_t us)
{
	char bound[TIMESTAMP_LEN + 1];

	timestamp_format(st->bound.safe_us, bound);
	bound[TIMESTAMP_LEN] = '\0';
	log_event(LOG_LEVEL_INFO, LOG_FIELDS(
	    LOG_TEXT("table", job->table->name),
	    LOG_TEXT("operation", "extract"),
	    LOG_INT("records_processed", rows),
	    LOG_MICROS("duration_seconds", us),
	    LOG_TEXT("bound", job->table->change == CATALOG_NONE ? NULL :
	    bound)), "%s: %ju rows read", job->table->name,
	    (uintmax_t)rows);
}

/* A turn of one table. */
static int
run_job(struct stream * st, size_t i)
{
	struct job * job = &st->job[i];
	uint64_t start = stop_clock(), before;
	int repeated = st->opt->follow || st->opt->rounds;
	int code, failed, renewed;

	/* For the first table it was read just now, unless we waited. */
	if ((!repeated || i == 0) && (st->again || i > 0 || st->opt->rounds) &&
	    (code = stream_bound(st)) != 0)
		return (code);
	if ((code = job_look(job, st->source, st->opt, &renewed)) != 0)
		return (code);
	if (renewed || st->plan[i] == NULL)
		stream_schema(st, i);
	st->untold[i] |= renewed;
	if ((code = stream_guarantee(st, i)) != 0)
		return (code);
	st->page.rows = 0;
	before = st->page.total;
	if (st->opt->report && !st->opt->follow)
		telling_begin(&st->page.telling, job->table->name,
		    count_estimate(st->source, st->opt, job));
	st->page.progress = progress_open(job->table->name,
	    repeated ? 0 : reading_ahead(st, job));
	code = reading_table(st, i);
	progress_close(st->page.progress);
	st->page.progress = NULL;
	telling_end(&st->page.telling);
	failed = stream_state(st, job,
	    stop_clock() - st->state_at >= STATE_EVERY_US);
	if (!repeated || st->page.total != before)
		tell_done(st, job, st->page.total - before,
		    stop_clock() - start);
	return (code != 0 ? code : failed);
}

/* A round over all tables. */
static int
run_round(struct stream * st)
{
	size_t i;
	int code = 0;

	for (i = 0; i < st->njob && code == 0; i++)
		code = run_job(st, i);
	tell_age(st);
	st->again = 1;
	return (code);
}

/* Rounds with pauses between, until we are asked to end. */
static int
follow(struct stream * st)
{
	uint64_t due = stop_clock(), now;
	int code;

	while ((code = run_round(st)) == 0) {
		source_progress(st->source);
		due += st->opt->follow_us;
		now = stop_clock();
		if (due < now)
			due = now;
		if (stop_sleep(due - now))
			return (EXIT_STOPPED);
	}
	return (code);
}

/* What a round may be called. */
static int
is_word(const char * p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (!((p[i] >= 'a' && p[i] <= 'z') ||
		    (p[i] >= 'A' && p[i] <= 'Z') ||
		    (p[i] >= '0' && p[i] <= '9') ||
		    p[i] == '-' || p[i] == '_' || p[i] == '.'))
			return (0);
	}
	return (n > 0);
}

/*
 * The round called by the ${n} bytes ${p}.  Its last STATE carries the name:
 * whoever reads it in an acknowledgement knows that all of the round is safe.
 */
static int
run_named(void * cookie, const char * p, size_t n)
{
	struct stream * st = cookie;
	char word[ROUND_MAX + 1];
	int code;

	if (!is_word(p, n)) {
		log_error("standard input: \"%.*s\" can't name a round: "
		    "letters, digits, '-', '_' and '.' can", (int)n, p);
		return (EXIT_PERM);
	}
	memcpy(word, p, n);
	word[n] = '\0';
	if ((code = run_round(st)) != 0)
		return (code);
	source_progress(st->source);
	state_round(st->state, word);
	code = stream_state(st, &st->job[st->njob - 1], 1);
	state_round(st->state, NULL);
	return (code);
}

/* A round for each line of standard input, until its end. */
static int
run_on_request(struct stream * st)
{
	struct linein * in = linein_open(STDIN_FILENO, "standard input",
	    ROUND_MAX);
	int code = linein_each(in, run_named, st);

	linein_free(in);
	return (code);
}

static int
run_rounds(struct stream * st)
{

	if (st->opt->only != NULL)
		return (only_run(st));
	if (st->opt->rounds)
		return (run_on_request(st));
	return (st->opt->follow ? follow(st) : run_round(st));
}

/* What was known last, of all that the bookmarks say. */
static void
find_mark(struct stream * st)
{
	const struct bound_mark * m;
	size_t i;

	for (i = 0; i < st->njob; i++) {
		m = &st->job[i].bookmark.mark;
		if (m->now_us != 0 && (st->bound.last.now_us == 0 ||
		    m->up_us > st->bound.last.up_us))
			st->bound.last = *m;
	}
}

/* A later run has a larger epoch, whatever the clock does. */
static void
choose_epoch(struct stream * st)
{
	size_t i;

	st->epoch = (uint64_t)st->bound.now_us;
	for (i = 0; i < st->njob; i++) {
		if (st->job[i].bookmark.epoch >= st->epoch)
			st->epoch = st->job[i].bookmark.epoch + 1;
	}
	for (i = 0; i < st->njob; i++)
		st->job[i].bookmark.epoch = st->epoch;
}

/* Find the tables and their bookmarks. */
static int
open_jobs(struct stream * st)
{
	struct options * opt = st->opt;
	size_t i;
	int code;

	if (opt->ntable > 1 && (opt->from_key != NULL ||
	    opt->to_key != NULL)) {
		log_error("--from-key and --to-key are for one table");
		return (EXIT_PERM);
	}
	for (i = 0; i < opt->ntable; i++) {
		code = job_open(&st->job[i], st->source, opt, opt->table[i]);
		st->untold[i] = 1;
		st->njob++;
		if (code == 0)
			code = range_limit(opt, st->job[i].table);
		if (code != 0)
			return (code);
		code = job_resume(&st->job[i], st->state, opt);
		if (code != 0)
			return (code);
		st->limit[i] = opt->page_size;
		if (opt->state != NULL && !st->job[i].had_bookmark &&
		    !opt->full && !opt->has_since)
			log_info("%s: no bookmark: a first run",
			    st->job[i].table->name);
	}
	return (0);
}

static void
tell_counts(const struct cell_env * env)
{

	if (env->odd_dates > 0)
		log_warn("%ju dates that no calendar has (0000-00-00) were "
		    "given as %s (--zero-dates)", (uintmax_t)env->odd_dates,
		    env->dates == CELL_DATES_NULL ? "null" : "strings");
	if (env->bad_texts > 0)
		log_warn("%ju broken texts or JSON values were replaced "
		    "(--on-bad-text)", (uintmax_t)env->bad_texts);
}

int
stream_run(struct options * opt, struct source * s, struct out * out)
{
	struct stream st = { .opt = opt, .source = s, .out = out };
	int code;
	size_t i;

	st.page = (struct page) { .source = s, .out = out,
	    .env = &opt->cell };
	st.job = mem_new(opt->ntable, sizeof *st.job);
	st.plan = mem_new(opt->ntable, sizeof *st.plan);
	st.limit = mem_new(opt->ntable, sizeof *st.limit);
	st.ahead = mem_new(opt->ntable, sizeof *st.ahead);
	st.untold = mem_new(opt->ntable, sizeof *st.untold);
	st.state = opt->state != NULL ? state_read(opt->state) : state_new();
	code = st.state == NULL ? EXIT_PERM : 0;
	if (code == 0)
		code = open_jobs(&st);
	if (code == 0) {
		find_mark(&st);
		code = stream_bound(&st);
	}
	if (code == 0) {
		choose_epoch(&st);
		for (i = 0; i < st.njob && code == 0; i++)
			code = stream_guarantee(&st, i);
		if (code == 0)
			code = run_rounds(&st);
	}
	tell_counts(&opt->cell);
	bound_free(&st.bound);
	for (i = 0; i < st.njob; i++) {
		job_close(&st.job[i]);
		page_plan_free(st.plan[i]);
	}
	state_free(st.state);
	buf_free(&st.value);
	free(st.job);
	free(st.plan);
	free(st.limit);
	free(st.ahead);
	free(st.untold);
	return (code);
}
