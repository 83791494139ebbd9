#include <stdlib.h>
#include <string.h>

#include "../common/exitcode.h"
#include "../common/scan.h"
#include "job.h"
#include "query.h"
#include "state.h"

#include "count.h"

/* Run a statement that gives one number, and add it to ${n}. */
static int
add_count(struct source * s, const struct job * job, struct buf * sql,
    uint64_t * n)
{
	struct answer * a;
	enum source_rc rc;

	if ((rc = source_ask(s, buf_text(sql), &a)) != SOURCE_OK)
		return (source_report(s, rc, job->table->name));
	*n += answer_u64(a, 0, 0);
	answer_free(a);
	return (0);
}

static int
count_all(struct source * s, const struct options * opt,
    const struct job * job, uint64_t * n)
{
	struct buf sql = { NULL, 0, 0 };
	int code;

	query_select(&sql, job->table, "COUNT(*)", NULL, opt->where);
	code = add_count(s, job, &sql, n);
	buf_free(&sql);
	return (code);
}

/* What finds the rows behind the bookmark. */
static struct query
due_query(const struct options * opt, const struct job * job)
{
	const struct bookmark * bm = &job->bookmark;

	return ((struct query) { .table = job->table, .where = opt->where,
	    .order = bm->scanning || bm->at.time.n == 0 ? QUERY_BY_KEY :
	    QUERY_BY_CHANGE, .index = CATALOG_NONE,
	    .from = bm->scanning ? &bm->scan : &bm->at });
}

static int
count_due(struct source * s, const struct options * opt,
    const struct job * job, uint64_t * n)
{
	struct query q = due_query(opt, job);
	struct buf sql = { NULL, 0, 0 };
	size_t level;
	int code = 0;

	for (level = query_levels(&q); level-- > 0 && code == 0;) {
		buf_clear(&sql);
		query_rows(&sql, &q, level);
		code = add_count(s, job, &sql, n);
	}
	buf_free(&sql);
	return (code);
}

/* What EXPLAIN says of a statement on one table. */
static uint64_t
explained(const struct answer * a)
{
	const char * filtered = NULL;
	uint64_t rows = 0;
	size_t i;

	for (i = 0; answer_rows(a) == 1 && i < answer_columns(a); i++) {
		if (strcmp(answer_name(a, i), "rows") == 0)
			rows = answer_u64(a, 0, i);
		else if (strcmp(answer_name(a, i), "filtered") == 0)
			filtered = answer_get(a, 0, i, NULL);
	}
	return (filtered == NULL ? rows :
	    (uint64_t)((double)rows * strtod(filtered, NULL) / 100));
}

uint64_t
count_estimate(struct source * s, const struct options * opt,
    const struct job * job)
{
	struct query q = due_query(opt, job);
	struct buf sql = { NULL, 0, 0 };
	struct answer * a;
	uint64_t n = 0;
	size_t level;

	for (level = query_levels(&q); level-- > 0;) {
		buf_clear(&sql);
		buf_puts(&sql, "EXPLAIN FORMAT=TRADITIONAL ");
		query_rows(&sql, &q, level);
		if (source_ask(s, buf_text(&sql), &a) == SOURCE_OK)
			n += explained(a);
		answer_free(a);
	}
	buf_free(&sql);
	return (n);
}

static void
print_json(struct buf * b, const struct job * job, uint64_t rows,
    uint64_t due)
{
	const struct catalog_table * t = job->table;

	buf_puts(b, "{\"table\":");
	(void)scan_put_text(b, t->name, strlen(t->name));
	buf_puts(b, ",\"rows\":");
	buf_put_u64(b, rows);
	buf_puts(b, ",\"due\":");
	buf_put_u64(b, due);
	buf_puts(b, "}\n");
}

/* One table.  ${width} is that of the column of names. */
static int
count_table(const struct options * opt, struct source * s,
    const struct state * st, const char * name, int width, struct buf * b)
{
	struct job job;
	uint64_t rows = 0, due = 0;
	int code;

	if ((code = job_open(&job, s, opt, name)) == 0 &&
	    (code = job_resume(&job, st, opt)) == 0 &&
	    (code = count_all(s, opt, &job, &rows)) == 0 &&
	    (code = count_due(s, opt, &job, &due)) == 0) {
		if (opt->json)
			print_json(b, &job, rows, due);
		else
			buf_printf(b, "%-*s  %12ju  %12ju\n", width,
			    job.table->name, (uintmax_t)rows,
			    (uintmax_t)due);
	}
	job_close(&job);
	return (code);
}

int
count_run(const struct options * opt, struct source * s, struct out * out)
{
	struct state * st;
	struct buf * b = out_buf(out);
	size_t i, width = strlen("TABLE");
	int code = EXIT_DONE;

	st = opt->state != NULL ? state_read(opt->state) : state_new();
	if (st == NULL)
		return (EXIT_PERM);
	for (i = 0; i < opt->ntable; i++) {
		if (strlen(opt->table[i]) > width)
			width = strlen(opt->table[i]);
	}
	if (!opt->json)
		buf_printf(b, "%-*s  %12s  %12s\n", (int)width, "TABLE",
		    "ROWS", "DUE");
	for (i = 0; i < opt->ntable && code == EXIT_DONE; i++) {
		code = count_table(opt, s, st, opt->table[i], (int)width, b);
		if (out_flush(out) == OUT_FAILED && code == EXIT_DONE)
			code = EXIT_TEMP;
	}
	state_free(st);
	return (code);
}
