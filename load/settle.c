#include <stdio.h>

#include "../common/exitcode.h"
#include "../common/log.h"
#include "../common/reject.h"
#include "../common/stop.h"

#include "loader.h"
#include "verify.h"

#define REPORT_US	UINT64_C(200000)

/* The program's exit code for what a write came to. */
int
loader_exit(enum write_result rc)
{

	switch (rc) {
	case WRITE_OK:
		return (EXIT_DONE);
	case WRITE_STOPPED:
		return (EXIT_STOPPED);
	case WRITE_TEMP:
		return (EXIT_TEMP);
	case WRITE_PERM:
		break;
	}
	return (EXIT_PERM);
}

/* What has become of a table's rows so far. */
static void
tell_counts(const struct loader * ld, const struct table * t,
    const char * operation)
{
	const struct write_counts * c = &t->counts;
	char kept[80] = "";

	if (t->deletes != DELETES_MIRROR)
		snprintf(kept, sizeof kept, "; of deleted rows %ju marked, "
		    "%ju ignored", (uintmax_t)c->marked,
		    (uintmax_t)c->ignored);
	log_event(LOG_LEVEL_INFO, LOG_FIELDS(LOG_TEXT("table", t->name),
	    LOG_TEXT("operation", operation),
	    LOG_TEXT("collection", t->collection),
	    LOG_INT("records_processed", t->processed),
	    LOG_INT("records_created", c->created),
	    LOG_INT("records_updated", c->updated),
	    LOG_INT("records_deleted", c->deleted),
	    LOG_INT("records_marked", c->marked),
	    LOG_INT("records_ignored", c->ignored),
	    LOG_INT("records_absent", c->absent),
	    LOG_INT("records_stale", c->stale),
	    LOG_INT("records_merged", c->merged),
	    LOG_INT("records_rejected", c->rejected),
	    LOG_INT("conflicts_source", c->conflicts_source),
	    LOG_INT("conflicts_target", c->conflicts_target),
	    LOG_INT("clock_regressions", c->clock),
	    LOG_MICROS("duration_seconds", stop_clock() - t->started),
	    LOG_INT("errors", c->errors)),
	    "%s: %ju records%s: %ju created, %ju updated, %ju deleted, "
	    "%ju stale, %ju rejected%s", t->name, (uintmax_t)t->processed,
	    ld->opt->dry_run ? ", none written; it would be" : "",
	    (uintmax_t)c->created, (uintmax_t)c->updated,
	    (uintmax_t)c->deleted, (uintmax_t)c->stale,
	    (uintmax_t)c->rejected, kept);
}

/* The same at the end. */
void
loader_tell(const struct loader * ld, const struct table * t)
{
	const struct write_counts * c = &t->counts;

	tell_counts(ld, t, ld->opt->dry_run ? "dry-run" : "load");
	if (c->clock > 0)
		log_warn("%s: the source's clock went back for %ju rows, "
		    "which were written all the same", t->name,
		    (uintmax_t)c->clock);
}

/*
 * Say what the next acknowledgement covers, unless that was said just now and
 * more is about to come.
 */
static void
report(struct loader * ld)
{
	uint64_t now = stop_clock();
	size_t i;

	if (now - ld->reported < REPORT_US && !linein_idle(ld->in))
		return;
	ld->reported = now;
	for (i = 0; i < ld->ntable; i++) {
		struct table * t = ld->table[i];

		if (t->told != t->processed)
			tell_counts(ld, t, "report");
		t->told = t->processed;
	}
}

/* What there is to say of a batch before it is written. */
static void
tell_batch(struct table * t, struct batch * b)
{
	uint64_t decimals = batch_decimals(b);

	if (decimals > 0 && t->decimals == 0)
		log_warn("%s: numbers of more digits than Decimal128 holds "
		    "are stored as strings", t->name);
	t->decimals += decimals;
}

/* Wait until the batch that is on its way is resolved. */
static int
loader_finish(struct loader * ld, struct lane * lane)
{

	if (lane->table == NULL)
		return (EXIT_DONE);
	lane->table = NULL;
	ld->waiting--;
	return (loader_exit(writer_end(lane->writer)));
}

int
loader_start(struct loader * ld, struct table * t, size_t l)
{
	struct lane * lane = &ld->lane[l];
	struct fill * f = &t->fill[l];
	struct batch * b = f->batch;
	int rc;

	if (b == NULL || batch_count(b) == 0)
		return (EXIT_DONE);
	if ((rc = loader_finish(ld, lane)) != EXIT_DONE)
		return (rc);
	tell_batch(t, b);
	if (ld->verify != NULL) {
		ld->waiting--;
		return (verify_batch(ld->verify, t, b));
	}
	lane->table = t;
	lane->first = f->first;
	if (lane->carrier != NULL) {
		f->batch = f->spare;
		f->spare = b;
	}
	writer_begin(lane->writer, b, t->name, &t->counts, &t->insert);
	return (lane->carrier == NULL ? loader_finish(ld, lane) : EXIT_DONE);
}

int
loader_write(struct loader * ld, struct table * t)
{
	size_t l;
	int rc = EXIT_DONE;

	for (l = 0; l < ld->nlane && rc == EXIT_DONE; l++)
		rc = loader_start(ld, t, l);
	for (l = 0; l < ld->nlane && rc == EXIT_DONE; l++) {
		if (ld->lane[l].table == t)
			rc = loader_finish(ld, &ld->lane[l]);
	}
	return (rc);
}

/* The first row that isn't resolved, or UINT64_MAX. */
static uint64_t
first_open(const struct loader * ld)
{
	uint64_t first = UINT64_MAX;
	const struct fill * f;
	size_t i, l;

	for (l = 0; l < ld->nlane && ld->waiting > 0; l++) {
		if (ld->lane[l].table != NULL && ld->lane[l].first < first)
			first = ld->lane[l].first;
		for (i = 0; i < ld->ntable; i++) {
			f = &ld->table[i]->fill[l];
			if (f->batch != NULL && batch_count(f->batch) > 0 &&
			    f->first < first)
				first = f->first;
		}
	}
	return (first);
}

int
loader_acknowledge(struct loader * ld)
{
	const char * value;
	size_t n;

	if (ld->opt->dry_run)
		return (EXIT_DONE);
	value = marks_take(ld->marks, first_open(ld), &n);
	if (value == NULL && ld->waiting > 0)
		return (EXIT_DONE);
	if (ld->rejects.file != NULL && reject_sync(ld->rejects.file) == -1)
		return (EXIT_TEMP);
	if (conflict_sync(ld->conflict) == -1)
		return (EXIT_TEMP);
	if (value == NULL)
		return (EXIT_DONE);
	if (ld->verify != NULL)
		return (verify_state(ld->verify, value, n));
	if (ld->opt->report)
		report(ld);
	return (ack_put(ld->ack, value, n) == 0 ? EXIT_DONE : EXIT_TEMP);
}

/* Write all that was read, and acknowledge it.  Return an exit code. */
int
loader_write_all(struct loader * ld)
{
	size_t i, l;
	int rc = EXIT_DONE;

	for (i = 0; i < ld->ntable && ld->waiting > 0; i++) {
		for (l = 0; l < ld->nlane && rc == EXIT_DONE; l++)
			rc = loader_start(ld, ld->table[i], l);
	}
	for (l = 0; l < ld->nlane && rc == EXIT_DONE; l++)
		rc = loader_finish(ld, &ld->lane[l]);
	return (rc == EXIT_DONE ? loader_acknowledge(ld) : rc);
}
