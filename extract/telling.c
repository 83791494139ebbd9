#include <stddef.h>
#include <stdio.h>

#include "../common/log.h"
#include "../common/stop.h"
#include "telling.h"

#define EVERY_US	UINT64_C(1000000)

static void
tell(struct telling * t, uint64_t rows)
{

	log_event(LOG_LEVEL_INFO, LOG_FIELDS(LOG_TEXT("table", t->table),
	    LOG_TEXT("operation", "report"),
	    LOG_INT("records_processed", rows),
	    LOG_INT("records_due", t->due)), "%s: %ju of about %ju rows read",
	    t->table, (uintmax_t)rows, (uintmax_t)t->due);
	t->at = stop_clock();
}

void
telling_begin(struct telling * t, const char * table, uint64_t due)
{

	*t = (struct telling) { table, due, 0 };
	tell(t, 0);
}

void
telling_step(struct telling * t, uint64_t rows)
{

	if (t->table != NULL && stop_clock() - t->at >= EVERY_US)
		tell(t, rows);
}

void
telling_end(struct telling * t)
{

	t->table = NULL;
}

/* No promise holds better than the weakest of its reasons allows. */
static void
reason(const struct job * job, const char * code, const char * text)
{

	log_event(LOG_LEVEL_INFO, LOG_FIELDS(
	    LOG_TEXT("table", job->table->name),
	    LOG_TEXT("operation", "guarantee"),
	    LOG_TEXT("guarantee", "best-effort"), LOG_TEXT("code", code)),
	    "%s", text);
}

void
telling_guarantee(const struct job * job, const struct bound * b,
    const struct options * opt)
{
	const struct catalog_table * t = job->table;
	char text[160];

	reason(job, "change_column", "changes are found by the change column: "
	    "deleted rows, and rows changed without it, are not seen");
	if (b->best_effort) {
		snprintf(text, sizeof text, "the account lacks the privilege "
		    "PROCESS: a transaction open longer than %.1f s (--lag) "
		    "can be overlooked", (double)opt->lag_us / 1e6);
		reason(job, "no_process_privilege", text);
	} else if (b->plain)
		reason(job, "plain_bound", "the server's list of transactions "
		    "has gaps (innodb_status_output_locks, or too many): one "
		    "that waited for a metadata lock and then stays open "
		    "without a statement can be overlooked");
	if (t->change == CATALOG_NONE)
		reason(job, "no_change_column", "there is no change column: "
		    "each run reads all rows");
	else if (t->only_inserts)
		reason(job, "only_inserts", "the change column is a time of "
		    "creation: changes of old rows are not seen");
	else if (!t->column[t->change].on_update)
		reason(job, "no_on_update", "the change column is set by the "
		    "application alone (no ON UPDATE)");
	if (t->key_unproven)
		reason(job, "key_unproven", "no unique index vouches for the "
		    "key");
	if (!t->is_view && !t->innodb)
		reason(job, "not_innodb", "the table is not InnoDB: open "
		    "transactions on it can't be seen");
	if (opt->where != NULL)
		reason(job, "where", "--where: a row that stops to fit stays "
		    "as it was");
}
