#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../common/exitcode.h"
#include "../common/log.h"
#include "../common/scan.h"
#include "job.h"
#include "query.h"

#include "range.h"

int
range_is_number(const char * s)
{
	const char * p = s + (*s == '-');

	if (*p == '\0' || strlen(p) > 20 || (*p == '0' && s[1] != '\0'))
		return (0);
	for (; *p != '\0'; p++) {
		if (*p < '0' || *p > '9')
			return (0);
	}
	errno = 0;
	if (*s == '-')
		(void)strtoll(s, NULL, 10);
	else
		(void)strtoull(s, NULL, 10);
	return (errno == 0);
}

static const struct catalog_column *
first_column(const struct catalog_table * t)
{

	return (&t->column[t->key[0]]);
}

/* Only numbers are in one order here and in MongoDB. */
static int
has_ranges(const struct catalog_table * t)
{

	return (t->nkey > 0 && (first_column(t)->kind == CELL_INT ||
	    first_column(t)->kind == CELL_ZEROFILL));
}

int
range_limit(struct options * opt, const struct catalog_table * t)
{
	struct buf * b = &opt->range;

	if (opt->from_key == NULL && opt->to_key == NULL)
		return (0);
	if (!has_ranges(t)) {
		log_error("%s: --from-key and --to-key need a key whose first "
		    "column is a whole number", t->name);
		return (EXIT_PERM);
	}
	if (opt->from_key != NULL) {
		query_name(b, first_column(t)->name);
		buf_printf(b, " >= %s", opt->from_key);
	}
	if (opt->to_key != NULL) {
		buf_puts(b, opt->from_key != NULL ? " AND " : "");
		query_name(b, first_column(t)->name);
		buf_printf(b, " < %s", opt->to_key);
	}
	opt->where = buf_text(b);
	return (0);
}

void
range_put(struct buf * b, const struct options * opt)
{

	buf_printf(b, ",\"range\":[%s,%s]",
	    opt->from_key != NULL ? opt->from_key : "null",
	    opt->to_key != NULL ? opt->to_key : "null");
}

/* A number between, which may be negative. */
static void
put_number(struct buf * b, uint64_t n, int negative)
{

	if (negative)
		buf_printf(b, "%" PRId64, (int64_t)n);
	else
		buf_put_u64(b, n);
}

/*
 * ${n} ranges of equal width from ${lo} to ${hi}, the first and the last of
 * which have no end: differences of 64 bits are right with any sign.
 */
static void
put_ranges(struct buf * b, uint64_t lo, uint64_t hi, uint64_t n, int is_signed)
{
	uint64_t i, at, width = hi - lo;

	if (n > width)
		n = width + (width < UINT64_MAX);
	for (i = 1; i <= n; i++) {
		at = lo + width / n * i;
		if (i > 1) {
			buf_puts(b, "--from-key ");
			put_number(b, at - width / n, is_signed);
		}
		if (i < n) {
			buf_puts(b, i > 1 ? " --to-key " : "--to-key ");
			put_number(b, at, is_signed);
		}
		buf_putc(b, '\n');
	}
}

/* The lowest and the highest key.  A table without rows is one range. */
static int
ask_ranges(struct source * s, const struct catalog_table * t, uint64_t n,
    struct buf * b)
{
	const struct catalog_column * c = first_column(t);
	struct buf what = { NULL, 0, 0 }, sql = { NULL, 0, 0 };
	const char * lo, * hi;
	struct answer * a;
	enum source_rc rc;

	buf_puts(&what, "MIN(");
	query_name(&what, c->name);
	buf_puts(&what, "), MAX(");
	query_name(&what, c->name);
	buf_puts(&what, ")");
	query_select(&sql, t, buf_text(&what), NULL, NULL);
	rc = source_ask(s, buf_text(&sql), &a);
	buf_free(&what);
	buf_free(&sql);
	if (rc != SOURCE_OK)
		return (source_report(s, rc, t->name));
	lo = answer_get(a, 0, 0, NULL);
	hi = answer_get(a, 0, 1, NULL);
	if (lo == NULL || hi == NULL)
		buf_putc(b, '\n');
	else if (c->is_unsigned)
		put_ranges(b, strtoull(lo, NULL, 10), strtoull(hi, NULL, 10),
		    n, 0);
	else
		put_ranges(b, (uint64_t)strtoll(lo, NULL, 10),
		    (uint64_t)strtoll(hi, NULL, 10), n, 1);
	answer_free(a);
	return (EXIT_DONE);
}

int
range_run(const struct options * opt, struct source * s, struct out * out)
{
	struct buf * b = out_buf(out);
	struct job job;
	int code;

	if (opt->ntable != 1) {
		log_error("--ranges is for one table");
		return (EXIT_PERM);
	}
	if ((code = job_open(&job, s, opt, opt->table[0])) == 0) {
		if (has_ranges(job.table))
			code = ask_ranges(s, job.table, opt->ranges, b);
		else {
			log_info("%s: its key is no whole number: it can't be "
			    "divided", job.table->name);
			buf_putc(b, '\n');
		}
		if (out_flush(out) == OUT_FAILED && code == EXIT_DONE)
			code = EXIT_TEMP;
	}
	job_close(&job);
	return (code);
}
