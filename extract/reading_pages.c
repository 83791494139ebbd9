#include "../common/exitcode.h"
#include "../common/stop.h"
#include "reading_impl.h"

/*
 * Page after page of the rows that a reading is about.
 */

/* Pages between these times stay as they are. */
#define PAGE_SHORT_US	(PAGE_OPEN_US / 4)
#define PAGE_SIZE_MIN	UINT64_C(100)

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

void
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
		reading_again(st, i);
	st->untold[i] = 1;
	return (stream_guarantee(st, i));
}

/* So many times in a row may a definition be found changed. */
#define CHANGES_MAX	5

int
reading_pages(struct stream * st, size_t i, struct reading * r,
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
