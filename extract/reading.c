#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/exitcode.h"
#include "../common/log.h"
#include "../common/stop.h"
#include "stream_impl.h"

/* How often the bound is asked for while we wait for it. */
#define SETTLE_POLL_US	UINT64_C(120000)

/* Pages between these times stay as they are. */
#define PAGE_SHORT_US	(PAGE_OPEN_US / 4)
#define PAGE_SIZE_MIN	UINT64_C(100)

/* Rows this far ahead of the server's clock are worth a word. */
#define FUTURE_US	INT64_C(1000000)

/* How often is looked for them. */
#define AHEAD_EVERY_US	UINT64_C(10000000)

static const struct catalog_column *
change_column(const struct job * job)
{

	return (&job->table->column[job->table->change]);
}

/*
 * Make the next page last between a quarter of the limit and the limit.  If
 * the reader of our output is slower than the server, no more than can be
 * held back: then a page is read to its end without waiting.
 */
static void
adapt(struct stream * st, size_t i)
{
	const struct page * pg = &st->page;
	uint64_t limit = st->limit[i], most = st->opt->page_size;

	if (pg->open_us > PAGE_OPEN_US)
		limit /= 2;
	else if (pg->open_us < PAGE_SHORT_US)
		limit *= 2;
	if (pg->slow && pg->bytes > 0 &&
	    OUT_HELD_MAX * pg->read / pg->bytes < most)
		most = OUT_HELD_MAX * pg->read / pg->bytes;
	if (limit > most)
		limit = most;
	if (limit < PAGE_SIZE_MIN && limit < st->limit[i])
		limit = st->limit[i] < PAGE_SIZE_MIN ? st->limit[i] :
		    PAGE_SIZE_MIN;
	st->limit[i] = limit;
}

/* After trouble with a statement: return 0 if it may be sent again. */
static int
get_over(struct stream * st, size_t i, enum source_rc rc)
{

	if (rc == SOURCE_LOST)
		rc = source_recover(st->source);
	else if (rc == SOURCE_SLOW && st->limit[i] > 1) {
		st->limit[i] /= 2;
		return (0);
	}
	if (rc == SOURCE_OK)
		return (0);
	return (source_report(st->source, rc, st->job[i].table->name));
}

/* Which rows to read, beside the position. */
struct reading {
	enum query_order order;
	int by_change_index;
	struct buf filter;	/* conditions as in struct query */
	struct buf upper;
};

static void
reading_free(struct reading * r)
{

	buf_free(&r->filter);
	buf_free(&r->upper);
}

/*
 * Read one page behind ${pos} and move it to the last row.  ${end} says
 * whether there may be more, or, as PAGE_TROUBLE with ${rc} SOURCE_CHANGED,
 * that the table isn't what it was.
 */
static int
read_page(struct stream * st, size_t i, struct reading * r,
    struct position * pos, enum page_end * end, enum source_rc * rc)
{
	const struct job * job = &st->job[i];
	const struct catalog_table * t = job->table;
	struct position last = { .nkey = 0 };
	struct query q = { t, job->columns.p, st->opt->where, r->order,
	    r->by_change_index ? t->change_index : t->key_index,
	    r->filter.n > 0 ? buf_text(&r->filter) : NULL,
	    r->upper.n > 0 ? buf_text(&r->upper) : NULL, pos };
	int code = 0;

	st->page.plan = st->plan[i];
	do {
		*end = page_read(&st->page, &q, st->limit[i], &last, rc,
		    &code);
		if (last.nkey > 0) {
			position_copy(pos, &last);
			source_progress(st->source);
		}
		if (*end != PAGE_TROUBLE || *rc == SOURCE_CHANGED)
			break;
	} while ((code = get_over(st, i, *rc)) == 0);
	buf_free(&last.raw);
	return (code);
}

/* An instant in the change column of a job. */
static struct position_time
time_in(const struct stream * st, const struct job * job, int64_t us)
{
	struct position_time t;

	position_time_at(&t, change_column(job), &st->opt->cell, us);
	return (t);
}

static void
begin_scan(struct bookmark * bm, const struct position_time * to)
{

	bm->scanning = 1;
	bm->to = *to;
	position_clear(&bm->scan);
}

/* All rows of a job are to be read, whatever the bookmark said. */
static void
start_again(struct stream * st, size_t i)
{
	struct job * job = &st->job[i];
	struct position_time to = { .n = 0 };

	if (job->table->change != CATALOG_NONE)
		to = time_in(st, job, st->bound.safe_us);
	position_clear(&job->bookmark.at);
	begin_scan(&job->bookmark, &to);
}

/* Has the definition of the table changed since the SCHEMA? */
static int
has_changed(struct stream * st, const struct job * job, int * changed)
{
	struct catalog_identity id;
	enum source_rc rc;

	*changed = 0;
	rc = catalog_digest(st->source, job->table, &id);
	if (rc != SOURCE_OK && rc != SOURCE_CHANGED)
		return (source_report(st->source, rc, job->table->name));
	*changed = rc == SOURCE_CHANGED || id.digest !=
	    job->table->identity.digest;
	return (0);
}

/* The definition has changed: read it, and go on under a new SCHEMA. */
static int
renew_schema(struct stream * st, size_t i)
{
	int code;

	code = job_refresh(&st->job[i], st->source, st->opt);
	if (code != 0)
		return (code);
	stream_schema(st, i);
	if (st->job[i].reread)
		start_again(st, i);
	st->untold[i] = 1;
	return (stream_guarantee(st, i));
}

/* So many times in a row may a definition be found changed. */
#define CHANGES_MAX	5

/*
 * Read page after page behind ${pos}, which is a part of the job's bookmark
 * or leads nowhere, with a STATE behind each page.
 *
 * After each page the table's definition is compared: rows may lack what a
 * column added meanwhile holds.  They are read again, and the later reading
 * wins.  Whatever happens, the position isn't left behind rows of which this
 * isn't known.  When all rows have to be read again the bookmark says so at
 * once, and ${pos} is done with.
 */
static int
read_pages(struct stream * st, size_t i, struct reading * r,
    struct position * pos)
{
	struct job * job = &st->job[i];
	struct position start = { .nkey = 0 };
	enum page_end end;
	enum source_rc rc;
	unsigned changes = 0;
	uint64_t before;
	int code, failed, changed;

	do {
		position_copy(&start, pos);
		before = st->page.total;
		code = read_page(st, i, r, pos, &end, &rc);
		changed = end == PAGE_TROUBLE && rc == SOURCE_CHANGED;
		/* No row waits for the comparison. */
		failed = out_flush(st->out) == OUT_FAILED ? EXIT_TEMP : 0;
		if (!failed && end != PAGE_TROUBLE &&
		    st->page.total != before)
			failed = has_changed(st, job, &changed);
		if (end == PAGE_TROUBLE || failed || changed)
			position_copy(pos, &start);
		if (code == 0)
			code = failed;
		if (code == 0 && changed) {
			end = PAGE_MORE;
			if (++changes == CHANGES_MAX)
				code = source_report(st->source,
				    SOURCE_CHANGED, job->table->name);
			else
				code = renew_schema(st, i);
			if (code == 0 && job->reread)
				break;
			if (code == 0)
				continue;
		}
		changes = 0;
		failed = stream_state(st, job, 0);
		if (code == 0)
			code = failed;
		adapt(st, i);
	} while (code == 0 && end == PAGE_MORE && !stop_asked());
	buf_free(&start.raw);
	if (code == 0 && (end == PAGE_STOPPED || stop_asked()))
		code = EXIT_STOPPED;
	return (code);
}

/*
 * Read in the order of the key: all rows, or those changed from the
 * bookmark's time up to its scan's end.
 */
static int
read_scan(struct stream * st, size_t i)
{
	struct job * job = &st->job[i];
	struct bookmark * bm = &job->bookmark;
	struct reading r = { .order = QUERY_BY_KEY };
	int code, first = bm->at.time.n == 0;

	if (bm->to.n > 0 && first)
		query_before_or_never(&r.filter, job->table, &bm->to);
	else if (bm->to.n > 0)
		query_between(&r.filter, job->table, &bm->at.time, &bm->to);
	code = read_pages(st, i, &r, &bm->scan);
	reading_free(&r);
	if (code != 0 || job->reread)
		return (code);
	if (first && job->table->change != CATALOG_NONE)
		bm->nulls_at = st->bound.now_us;
	bm->scanning = 0;
	bm->at.time = bm->to;
	position_clear_key(&bm->at);
	return (0);
}

/* Read what was changed behind the bookmark and before ${to}. */
static int
read_changes(struct stream * st, size_t i, const struct position_time * to)
{
	struct job * job = &st->job[i];
	struct bookmark * bm = &job->bookmark;
	struct reading r = { .order = QUERY_BY_CHANGE, .by_change_index = 1 };
	struct position_time none = { .n = 0 };
	int code;

	if (position_time_compare(&bm->at.time, to) >= 0)
		return (0);
	if (job->table->change_index == CATALOG_NONE) {
		begin_scan(bm, to);
		return (read_scan(st, i));
	}
	query_between(&r.upper, job->table, &none, to);
	code = read_pages(st, i, &r, &bm->at);
	reading_free(&r);
	return (code);
}

/* Read the rows whose change column is NULL, or the zero date. */
static int
read_undated(struct stream * st, size_t i)
{
	struct job * job = &st->job[i];
	const struct catalog_column * c = change_column(job);
	static const char * const never[] = { " IS NULL",
	    " = '0000-00-00 00:00:00'" };
	struct position pos = { .nkey = 0 };
	int code = 0;
	size_t k;

	for (k = c->nullable ? 0 : 1; k < 2 && code == 0 && !job->reread;
	    k++) {
		struct reading r = { .order = QUERY_BY_KEY,
		    .by_change_index = job->table->change_index !=
		    CATALOG_NONE };

		query_name(&r.filter, c->name);
		buf_puts(&r.filter, never[k]);
		position_clear(&pos);
		code = read_pages(st, i, &r, &pos);
		reading_free(&r);
	}
	buf_free(&pos.raw);
	if (code == 0 && !job->reread)
		job->bookmark.nulls_at = st->bound.now_us;
	return (code);
}

static int
undated_due(const struct stream * st, const struct job * job)
{
	int64_t age = st->bound.now_us - job->bookmark.nulls_at;

	return (job->table->change != CATALOG_NONE && !st->opt->has_since &&
	    (job->bookmark.nulls_at == 0 || age < 0 ||
	    (uint64_t)age >= st->opt->nulls_us));
}

/* Run a question of one number or text; NULL and no row give "". */
static int
ask_text(struct stream * st, const struct job * job, const char * what,
    const char * condition, char * dst, size_t size)
{
	struct buf sql = { NULL, 0, 0 };
	struct answer * a;
	enum source_rc rc;
	const char * p;

	query_select(&sql, job->table, what, condition, st->opt->where);
	buf_puts(&sql, " LIMIT 1");
	rc = source_ask(st->source, buf_text(&sql), &a);
	buf_free(&sql);
	dst[0] = '\0';
	if (rc != SOURCE_OK)
		return (source_report(st->source, rc, job->table->name));
	p = answer_rows(a) > 0 ? answer_get(a, 0, 0, NULL) : NULL;
	if (p != NULL && strlen(p) < size)
		strcpy(dst, p);
	answer_free(a);
	return (0);
}

/* Are there rows changed from ${from} through ${through}? */
static int
rows_between(struct stream * st, const struct job * job,
    const struct position_time * from, const struct position_time * through,
    int * any)
{
	struct buf b = { NULL, 0, 0 };
	char one[8];
	int code;

	query_through(&b, job->table, from, through);
	code = ask_text(st, job, "1", buf_text(&b), one, sizeof one);
	*any = one[0] != '\0';
	buf_free(&b);
	return (code);
}

static void
tell_held(const struct stream * st, const struct job * job,
    const struct position_time * to)
{
	const struct bound * b = &st->bound;

	if (b->user[0] != '\0')
		log_info("%s: rows changed since %.*s are held back by "
		    "connection %ju of user %s, which is still at work; the "
		    "next run takes them", job->table->name, (int)to->n,
		    to->p, (uintmax_t)b->holder, b->user);
	else
		log_info("%s: rows changed since %.*s may still get company; "
		    "the next run takes them", job->table->name, (int)to->n,
		    to->p);
}

/*
 * Somebody changes rows, and starts us at once: wait until the bound has
 * passed ${start}, when we began, if rows are there to wait for.
 */
static int
settle(struct stream * st, size_t i, int64_t start)
{
	struct job * job = &st->job[i];
	struct position_time to, then = time_in(st, job, start);
	uint64_t end = stop_clock() + st->opt->settle_us;
	int code, any;

	to = time_in(st, job, st->bound.safe_us);
	if (position_time_compare(&to, &then) > 0)
		return (0);
	if ((code = rows_between(st, job, &to, &then, &any)) != 0 || !any)
		return (code);
	while (stop_clock() < end) {
		if (stop_sleep(SETTLE_POLL_US))
			return (EXIT_STOPPED);
		if ((code = stream_bound(st)) != 0)
			return (code);
		to = time_in(st, job, st->bound.safe_us);
		if (position_time_compare(&to, &then) > 0)
			return (read_changes(st, i, &to));
	}
	tell_held(st, job, &to);
	return (read_changes(st, i, &to));
}

/* Is it time to look for rows in the future?  It may take a reading of all. */
static int
look_due(const struct stream * st, size_t i)
{
	uint64_t every = AHEAD_EVERY_US;

	if (st->job[i].table->change_index == CATALOG_NONE &&
	    st->opt->nulls_us > every)
		every = st->opt->nulls_us;
	return (st->ahead[i].at == 0 ||
	    bound_clock() - st->ahead[i].at >= every);
}

/* Say it when rows come to carry a time that hasn't come yet. */
static int
look_ahead(struct stream * st, size_t i)
{
	const struct job * job = &st->job[i];
	struct ahead * ahead = &st->ahead[i];
	struct position_time limit = time_in(st, job, st->bound.now_us +
	    FUTURE_US);
	struct buf b = { NULL, 0, 0 };
	char last[32];
	int code, some;

	if (!look_due(st, i))
		return (0);
	ahead->at = bound_clock();
	buf_puts(&b, "MAX(");
	query_name(&b, change_column(job)->name);
	buf_putc(&b, ')');
	code = ask_text(st, job, buf_text(&b), NULL, last, sizeof last);
	buf_free(&b);
	if (code != 0)
		return (code);
	some = strlen(last) == limit.n && memcmp(last, limit.p, limit.n) > 0;
	if (some && !ahead->some)
		log_warn("%s: there are rows with a change time in the "
		    "future, up to %s; they are read when it has come",
		    job->table->name, last);
	ahead->some = some;
	return (0);
}

/* Rows with times that were final already may be written from now on. */
static void
tell_back(const struct job * job, const struct position_time * to,
    const char * missed)
{
	const struct position_time * at = &job->bookmark.at.time;
	char from[CELL_TIME_LEN + 1], until[CELL_TIME_LEN + 1];

	snprintf(from, sizeof from, "%.*s", (int)to->n, to->p);
	snprintf(until, sizeof until, "%.*s", (int)at->n, at->p);
	log_event(LOG_LEVEL_WARN, LOG_FIELDS(
	    LOG_TEXT("table", job->table->name),
	    LOG_TEXT("operation", "clock"), LOG_TEXT("code", "clock_back"),
	    LOG_TEXT("from", from), LOG_TEXT("until", until)),
	    "%s: the server's clock has gone back: reading again from %s "
	    "instead of %s%s", job->table->name, from, until, missed);
}

/* Move a bookmark that is ahead of ${us} back there; say so with ${missed},
 * if it isn't NULL. */
static void
step_back(struct stream * st, struct job * job, int64_t us,
    const char * missed)
{
	struct bookmark * bm = &job->bookmark;
	struct position_time to = time_in(st, job, us);

	/* A scan leads to its end, and takes less for done. */
	if (bm->scanning && bm->to.n > 0 &&
	    position_time_compare(&bm->to, &to) > 0)
		bm->to = to;
	if (bm->at.time.n == 0 ||
	    position_time_compare(&bm->at.time, &to) <= 0)
		return;
	if (missed != NULL)
		tell_back(job, &to, missed);
	bm->at.time = to;
	position_clear_key(&bm->at);
}

void
reading_rewind(struct stream * st)
{
	size_t i;

	for (i = 0; i < st->njob; i++) {
		if (st->job[i].table->change != CATALOG_NONE)
			step_back(st, &st->job[i], st->bound.rewind_us,
			    st->bound.rewind_sure ? "" : NULL);
	}
}

/*
 * Between two runs the clock may have gone back.  By how much is known if our
 * own clock ran on; else only what is behind the server's clock is too far,
 * and a bookmark of --follow, which is close behind it, is worth as much as
 * one that isn't.
 */
static void
rewind_bookmark(struct stream * st, size_t i)
{
	struct job * job = &st->job[i];
	struct bookmark * bm = &job->bookmark;
	struct position_time now = time_in(st, job, st->bound.now_us);
	int64_t lowest, us = st->bound.now_us - BOUND_MARGIN_US;
	int sure = 0;

	if (st->opt->has_since || (bm->at.time.n == 0 && !bm->scanning))
		return;
	if (!st->again && bm->mark.now_us != 0) {
		lowest = bound_lowest(&st->bound, &bm->mark, &sure);
		if (lowest < us)
			us = lowest;
	}
	if (sure && bound_follows(&st->bound, &bm->mark))
		step_back(st, job, us, "");
	else if (sure || position_time_compare(&bm->at.time, &now) > 0)
		step_back(st, job, us < st->bound.safe_us ? us :
		    st->bound.safe_us, "; rows changed in between before "
		    "this run may be missed (--since finds them)");
	else if (!st->again)
		step_back(st, job, us, NULL);
}

/* What there is to do, for the progress line. */
uint64_t
reading_ahead(struct stream * st, const struct job * job)
{
	struct buf b = { NULL, 0, 0 };
	struct position_time to;
	char n[32] = "";

	if (!isatty(STDERR_FILENO))
		return (0);
	if (job->bookmark.at.time.n == 0 || job->table->change_index ==
	    CATALOG_NONE)
		return (job->table->rows);
	to = time_in(st, job, st->bound.safe_us);
	query_between(&b, job->table, &job->bookmark.at.time, &to);
	(void)ask_text(st, job, "COUNT(*)", buf_text(&b), n, sizeof n);
	buf_free(&b);
	return (strtoull(n, NULL, 10));
}

/* Read all that is due of a table with a change column. */
static int
read_changing(struct stream * st, size_t i)
{
	struct job * job = &st->job[i];
	struct bookmark * bm = &job->bookmark;
	struct position_time to;
	int64_t start = st->bound.now_us;
	int code;

	rewind_bookmark(st, i);
	to = time_in(st, job, st->bound.safe_us);
	if (!bm->scanning && bm->at.time.n == 0)
		begin_scan(bm, &to);
	if (bm->scanning && ((code = read_scan(st, i)) != 0 || job->reread))
		return (code);
	if ((code = read_changes(st, i, &to)) != 0 || job->reread)
		return (code);
	if (!st->opt->follow && ((code = settle(st, i, start)) != 0 ||
	    job->reread))
		return (code);
	if (undated_due(st, job) && ((code = read_undated(st, i)) != 0 ||
	    job->reread))
		return (code);
	return (look_ahead(st, i));
}

/* Read all that is due of a table, and all of it if its definition says so. */
int
reading_table(struct stream * st, size_t i)
{
	struct position_time none = { .n = 0 };
	struct job * job = &st->job[i];
	int code;

	if (job->reread)
		start_again(st, i);
	do {
		job->reread = 0;
		if (job->table->change != CATALOG_NONE)
			code = read_changing(st, i);
		else {
			if (!job->bookmark.scanning)
				begin_scan(&job->bookmark, &none);
			code = read_scan(st, i);
		}
	} while (code == 0 && job->reread);
	return (code);
}
