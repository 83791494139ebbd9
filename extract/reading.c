#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/exitcode.h"
#include "../common/log.h"
#include "../common/stop.h"
#include "reading_impl.h"

/* How often the bound is asked for while we wait for it. */
#define SETTLE_POLL_US	UINT64_C(120000)

/* Rows this far ahead of the server's clock are worth a word. */
#define FUTURE_US	INT64_C(1000000)

/* How often is looked for them. */
#define AHEAD_EVERY_US	UINT64_C(10000000)

static const struct catalog_column *
change_column(const struct job * job)
{

	return (&job->table->column[job->table->change]);
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

void
reading_again(struct stream * st, size_t i)
{
	struct job * job = &st->job[i];
	struct position_time to = { .n = 0 };

	if (job->table->change != CATALOG_NONE)
		to = time_in(st, job, st->bound.safe_us);
	position_clear(&job->bookmark.at);
	begin_scan(&job->bookmark, &to);
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
	code = reading_pages(st, i, &r, &bm->scan);
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
	code = reading_pages(st, i, &r, &bm->at);
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
		code = reading_pages(st, i, &r, &pos);
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
		reading_again(st, i);
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
