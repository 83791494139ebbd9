#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/mem.h"

#include "jsonw.h"

#include "metrics.h"

/* From a quick change to a slow day, in microseconds. */
static const int64_t bounds[] = { 50000, 100000, 250000, 500000, 1000000,
	2500000, 5000000, 10000000, 30000000, 60000000, 300000000,
	900000000, 3600000000, 14400000000, 86400000000 };
#define BOUNDS	(sizeof bounds / sizeof bounds[0])

struct histogram {
	uint64_t bucket[BOUNDS + 1];
	uint64_t n;
	int64_t sum_us;
};

struct tally {
	char * table;
	struct histogram lag, duration;
	uint64_t stage_failures, stalls, interrupted;
	struct tally * next;
};

struct metrics {
	struct tally * tallies;
	uint64_t checkpoint_failures, settings_read;
};

struct metrics *
metrics_new(void)
{

	return (mem_new(1, sizeof(struct metrics)));
}

void
metrics_free(struct metrics * m)
{
	struct tally * t;

	if (m == NULL)
		return;
	while ((t = m->tallies) != NULL) {
		m->tallies = t->next;
		free(t->table);
		free(t);
	}
	free(m);
}

static struct tally *
find(const struct metrics * m, const char * table)
{
	struct tally * t;

	for (t = m->tallies; t != NULL; t = t->next) {
		if (strcmp(t->table, table) == 0)
			return (t);
	}
	return (NULL);
}

static struct tally *
obtain(struct metrics * m, const char * table)
{
	struct tally * t = find(m, table);

	if (t == NULL) {
		t = mem_new(1, sizeof *t);
		t->table = mem_dup(table);
		t->next = m->tallies;
		m->tallies = t;
	}
	return (t);
}

static void
observe(struct histogram * h, int64_t us)
{
	size_t i;

	if (us < 0)
		return;
	for (i = 0; i < BOUNDS && us > bounds[i]; i++)
		continue;
	h->bucket[i]++;
	h->n++;
	h->sum_us += us;
}

void
metrics_event(void * cookie, const struct event * ev)
{
	struct metrics * m = cookie;
	struct tally * t;

	if (ev->kind == EVENT_SETTINGS)
		m->settings_read++;
	else if (ev->kind == EVENT_CHECKPOINT_FAILED)
		m->checkpoint_failures++;
	if (ev->table == NULL)
		return;
	t = obtain(m, ev->table);
	switch (ev->kind) {
	case EVENT_ACK:
		observe(&t->lag, ev->us);
		break;
	case EVENT_RUN_END:
		if (ev->text != NULL && strcmp(ev->text, "ok") == 0)
			observe(&t->duration, ev->us);
		if (ev->text != NULL && strcmp(ev->text, "interrupted") == 0)
			t->interrupted++;
		break;
	case EVENT_STAGE_FAILED:
		t->stage_failures++;
		break;
	case EVENT_STALLED:
		t->stalls++;
		break;
	default:
		break;
	}
}

/*
 * Writing.
 */

static void
put_head(struct buf * b, const char * name, const char * type,
    const char * help)
{

	buf_printf(b, "# HELP millrace_%s %s\n# TYPE millrace_%s %s\n", name,
	    help, name, type);
}

/* The text of a label's value. */
static void
put_label(struct buf * b, const char * s)
{

	for (; *s != '\0'; s++) {
		if (*s == '\n')
			buf_puts(b, "\\n");
		else {
			if (*s == '"' || *s == '\\')
				buf_putc(b, '\\');
			buf_putc(b, *s);
		}
	}
}

/* millrace_NAME{table="TABLE" and the space before the value. */
static void
put_name(struct buf * b, const char * name, const char * table,
    const char * more)
{

	buf_printf(b, "millrace_%s{table=\"", name);
	put_label(b, table);
	buf_printf(b, "\"%s} ", more);
}

/* A figure of every table that stands as it is in its view. */
struct figure {
	const char * name, * type, * help;
	enum { F_U64, F_I64, F_MICROS, F_INT,
		F_SPAN			/* microseconds; left out below 0 */
	} kind;
	size_t offset;		/* in struct table_view */
};

#define AT(member)	offsetof(struct table_view, member)

static const struct figure figures[] = {
	{ "records_read_total", "counter", "Rows that extract printed.",
	    F_U64, AT(total.read) },
	{ "records_written_total", "counter", "Records that load resolved.",
	    F_U64, AT(total.written) },
	{ "records_created_total", "counter", "Documents inserted.",
	    F_U64, AT(total.created) },
	{ "records_updated_total", "counter", "Documents replaced.",
	    F_U64, AT(total.updated) },
	{ "records_deleted_total", "counter", "Documents deleted.",
	    F_U64, AT(total.deleted) },
	{ "records_marked_total", "counter",
	    "Documents marked as those of deleted rows.",
	    F_U64, AT(total.marked) },
	{ "records_ignored_total", "counter",
	    "Deletions that the table's policy leaves alone.",
	    F_U64, AT(total.ignored) },
	{ "records_stale_total", "counter",
	    "Records older than the document that is there.",
	    F_U64, AT(total.stale) },
	{ "records_conflicts_total", "counter",
	    "Documents that somebody else had changed.",
	    F_U64, AT(total.conflicts) },
	{ "records_rejected_total", "counter",
	    "Records set aside in a reject file.",
	    F_U64, AT(total.rejected) },
	{ "pipeline_restarts_total", "counter", "Pipelines started again.",
	    F_U64, AT(restarts) },
	{ "records_per_minute", "gauge",
	    "Records a minute, over this run or the last one.",
	    F_I64, AT(rate_per_minute) },
	{ "rows_due", "gauge", "Rows that this run is to read, as guessed.",
	    F_U64, AT(rows_due) },
	{ "verified_rows_total", "counter",
	    "Rows compared by verifications.", F_U64, AT(verify.total) },
	{ "stale_repaired_total", "counter",
	    "Differences mended by verifications.",
	    F_U64, AT(verify.mended_total) },
	{ "verify_differences", "gauge",
	    "Differences that the last verification has left.",
	    F_U64, AT(verify.left) },
	{ "mismatch_age_seconds", "gauge",
	    "Age of the oldest difference that is left; 0 for none.",
	    F_MICROS, AT(verify.mismatch_us) },
	{ "verify_failed", "gauge",
	    "1 if a verification has failed since the last complete one.",
	    F_INT, AT(verify.failed) },
	{ "verify_overdue", "gauge", "1 if the next one is overdue.",
	    F_INT, AT(verify.overdue) },
	{ "failures_in_a_row", "gauge", "Tries that failed since one worked.",
	    F_U64, AT(tries) },
	{ "table_paused", "gauge", "1 if a person has paused the table.",
	    F_INT, AT(paused) },
	{ "interval_seconds", "gauge", "From run to run; 0 by a cron line.",
	    F_MICROS, AT(interval_us) },
	{ "last_run_duration_seconds", "gauge",
	    "How long the last complete run took.",
	    F_MICROS, AT(duration_us) },
	{ "last_success_timestamp_seconds", "gauge",
	    "When a run was last complete; 0 for never.",
	    F_MICROS, AT(succeeded_wall) },
	{ "last_acknowledgement_timestamp_seconds", "gauge",
	    "When the position last moved; 0 for never.",
	    F_MICROS, AT(acked_wall) },
	{ "next_run_timestamp_seconds", "gauge",
	    "When the next run is due; 0 for not at all.",
	    F_MICROS, AT(next_wall) },
	{ "position_lag_seconds", "gauge",
	    "Age of the position while rows wait; 0 at rest.",
	    F_SPAN, AT(lag_us) },
	{ "barrier_age_seconds", "gauge",
	    "How far what may be read lies behind the source's clock.",
	    F_SPAN, AT(bound.age_us) },
	{ "barrier_held", "gauge",
	    "1 if something open has held it there for long.",
	    F_INT, AT(bound.is_held) },
	{ "full_cycle_age_seconds", "gauge",
	    "Since the last complete verification began.",
	    F_SPAN, AT(verify.age_us) },
};

static void
put_figure(const struct figure * f, const struct report * r, struct buf * b)
{
	const char * p;
	size_t i;

	put_head(b, f->name, f->type, f->help);
	for (i = 0; i < r->n; i++) {
		p = (const char *)&r->table[i] + f->offset;
		if (f->kind == F_SPAN && *(const int64_t *)(const void *)p < 0)
			continue;
		put_name(b, f->name, r->table[i].name, "");
		switch (f->kind) {
		case F_U64:
			buf_put_u64(b, *(const uint64_t *)(const void *)p);
			break;
		case F_I64:
			buf_put_i64(b, *(const int64_t *)(const void *)p);
			break;
		case F_MICROS:
		case F_SPAN:
			jsonw_put_fraction(b,
			    *(const int64_t *)(const void *)p, SECOND_US);
			break;
		case F_INT:
			buf_put_i64(b, *(const int *)(const void *)p);
			break;
		}
		buf_putc(b, '\n');
	}
}

/* A share of something, from 0 to 1; NaN if there is nothing. */
static void
put_share(struct buf * b, uint64_t part, uint64_t all)
{

	if (all == 0)
		buf_puts(b, "NaN\n");
	else
		buf_printf(b, "%.6f\n", (double)part / (double)all);
}

static void
put_rates(const struct report * r, struct buf * b)
{
	const struct table_view * v, * end = r->table + r->n;

	put_head(b, "runs_total", "counter", "Runs that are over.");
	for (v = r->table; v < end; v++) {
		put_name(b, "runs_total", v->name, ",result=\"ok\"");
		buf_printf(b, "%ju\n", (uintmax_t)v->runs_ok);
		put_name(b, "runs_total", v->name, ",result=\"failed\"");
		buf_printf(b, "%ju\n", (uintmax_t)v->runs_failed);
	}
	put_head(b, "run_success_ratio", "gauge", "Runs that were complete.");
	for (v = r->table; v < end; v++) {
		put_name(b, "run_success_ratio", v->name, "");
		put_share(b, v->runs_ok, v->runs_ok + v->runs_failed);
	}
	put_head(b, "run_error_ratio", "gauge", "Runs that failed.");
	for (v = r->table; v < end; v++) {
		put_name(b, "run_error_ratio", v->name, "");
		put_share(b, v->runs_failed, v->runs_ok + v->runs_failed);
	}
	put_head(b, "validation_failure_ratio", "gauge",
	    "Records rejected, of those read.");
	for (v = r->table; v < end; v++) {
		put_name(b, "validation_failure_ratio", v->name, "");
		put_share(b, v->total.rejected, v->total.read);
	}
}

static void
put_states(const struct report * r, struct buf * b)
{
	char more[64];
	size_t i;
	int s;

	put_head(b, "table_state", "gauge", "1 for the state it is in.");
	for (i = 0; i < r->n; i++) {
		for (s = 0; s < JOB_STATES; s++) {
			snprintf(more, sizeof more, ",state=\"%s\"",
			    job_state_name((enum job_state)s));
			put_name(b, "table_state", r->table[i].name, more);
			buf_printf(b, "%d\n", (int)r->table[i].state == s);
		}
	}
}

static void
put_levels(const struct report * r, struct buf * b)
{
	const struct table_view * v, * end = r->table + r->n;
	enum guarantee_level l;
	char more[64];

	put_head(b, "guarantee", "gauge", "1 for the level that holds.");
	for (v = r->table; v < end; v++) {
		for (l = GUARANTEE_BEST_EFFORT; l <= GUARANTEE_EXACT; l++) {
			snprintf(more, sizeof more, ",level=\"%s\"",
			    guarantee_word(l));
			put_name(b, "guarantee", v->name, more);
			buf_printf(b, "%d\n",
			    guarantee_level(v->guarantee) == l);
		}
	}
}

static void
put_histogram(const char * name, const char * table,
    const struct histogram * h, struct buf * b)
{
	struct buf le = { NULL, 0, 0 };
	char what[64];
	uint64_t n = 0;
	size_t i;

	snprintf(what, sizeof what, "%s_bucket", name);
	for (i = 0; i <= BOUNDS; i++) {
		n += h->bucket[i];
		buf_clear(&le);
		buf_puts(&le, ",le=\"");
		if (i < BOUNDS)
			jsonw_put_fraction(&le, bounds[i], SECOND_US);
		else
			buf_puts(&le, "+Inf");
		buf_putc(&le, '"');
		put_name(b, what, table, buf_text(&le));
		buf_printf(b, "%ju\n", (uintmax_t)n);
	}
	buf_free(&le);
	snprintf(what, sizeof what, "%s_sum", name);
	put_name(b, what, table, "");
	jsonw_put_fraction(b, h->sum_us, SECOND_US);
	snprintf(what, sizeof what, "%s_count", name);
	buf_putc(b, '\n');
	put_name(b, what, table, "");
	buf_printf(b, "%ju\n", (uintmax_t)h->n);
}

/* What was counted from events. */
static void
put_tallies(const struct metrics * m, const struct report * r, struct buf * b)
{
	static const struct tally none = { NULL, { { 0 }, 0, 0 },
		{ { 0 }, 0, 0 }, 0, 0, 0, NULL };
	const struct tally * t;
	size_t i, k;
	static const struct {
		const char * name, * help;
		size_t offset;
	} counts[] = {
		{ "stage_failures_total", "Stages that failed.",
		    offsetof(struct tally, stage_failures) },
		{ "stalls_total", "Pipelines killed for want of progress.",
		    offsetof(struct tally, stalls) },
		{ "runs_interrupted_total", "Runs stopped on purpose.",
		    offsetof(struct tally, interrupted) },
	};

	put_head(b, "lag_seconds", "histogram",
	    "From the change in MySQL to its acknowledged write.");
	for (i = 0; i < r->n; i++) {
		t = find(m, r->table[i].name);
		put_histogram("lag_seconds", r->table[i].name,
		    t != NULL ? &t->lag : &none.lag, b);
	}
	put_head(b, "run_duration_seconds", "histogram",
	    "How long complete runs took.");
	for (i = 0; i < r->n; i++) {
		t = find(m, r->table[i].name);
		put_histogram("run_duration_seconds", r->table[i].name,
		    t != NULL ? &t->duration : &none.duration, b);
	}
	for (k = 0; k < sizeof counts / sizeof counts[0]; k++) {
		put_head(b, counts[k].name, "counter", counts[k].help);
		for (i = 0; i < r->n; i++) {
			t = find(m, r->table[i].name);
			put_name(b, counts[k].name, r->table[i].name, "");
			buf_printf(b, "%ju\n", t == NULL ? (uintmax_t)0 :
			    (uintmax_t)*(const uint64_t *)(const void *)
			    ((const char *)t + counts[k].offset));
		}
	}
}

static void
put_one(struct buf * b, const char * name, const char * type,
    const char * help, int64_t v)
{

	put_head(b, name, type, help);
	buf_printf(b, "millrace_%s %jd\n", name, (intmax_t)v);
}

/* What is one for all tables. */
static void
put_service(const struct metrics * m, const struct service_view * v,
    struct buf * b)
{
	int i;

	put_head(b, "build_info", "gauge", "1, with the version.");
	buf_printf(b, "millrace_build_info{version=\"%s\"} 1\n",
	    MILLRACE_VERSION);
	put_one(b, "ready", "gauge", "1 once start-up is complete.",
	    v->ready && !v->stopping);
	put_one(b, "sync_enabled", "gauge", "0 if all is paused.", v->enabled);
	put_one(b, "pool_max", "gauge", "Extractors that may run.",
	    v->pool_max);
	put_one(b, "pool_used", "gauge", "Extractors at work.", v->pool_used);
	put_one(b, "pool_idle", "gauge", "Extractors kept ready.",
	    v->pool_idle);
	put_one(b, "pool_waiting", "gauge", "Tables that wait for a place.",
	    v->pool_waiting);
	put_one(b, "pool_timeouts_total", "counter",
	    "Tables that waited too long for a place.",
	    (int64_t)v->pool_timeouts);
	put_one(b, "disk_free_bytes", "gauge",
	    "Space for the state directory.", v->disk_free);
	put_one(b, "disk_low", "gauge", "1 if that is too little.",
	    v->disk_low);
	if (v->storage_total > 0) {
		put_one(b, "mongodb_storage_free_bytes", "gauge",
		    "Space in MongoDB's file system.",
		    v->storage_total - v->storage_used);
		put_one(b, "mongodb_storage_low", "gauge",
		    "1 if that is too little.", v->storage_low);
	}
	put_one(b, "checkpoint_failures_total", "counter",
	    "Positions that could not be written.",
	    (int64_t)m->checkpoint_failures);
	put_one(b, "settings_read_total", "counter",
	    "Times that the settings were read again.",
	    (int64_t)m->settings_read);
	put_head(b, "server_up", "gauge", "1 if the server answers.");
	for (i = 0; i < SERVERS; i++)
		buf_printf(b, "millrace_server_up{server=\"%s\"} %d\n",
		    v->server[i].name, v->server[i].state == SERVER_UP);
}

static void
put_http(const struct http_counts * h, struct buf * b)
{
	int i;

	put_head(b, "http_answers_total", "counter", "Answers of the API.");
	for (i = 2; i < 6; i++)
		buf_printf(b, "millrace_http_answers_total{class=\"%dxx\"} "
		    "%ju\n", i, (uintmax_t)h->status[i]);
	put_one(b, "http_refused_flood_total", "counter",
	    "Connections refused because of others.", (int64_t)h->flood);
	put_one(b, "http_refused_slow_total", "counter",
	    "Connections that took too long.", (int64_t)h->slow);
	put_one(b, "http_connections", "gauge", "Connections now.",
	    (int64_t)h->open);
}

/* The second number of statm: pages in memory. */
static int64_t
resident(void)
{
	intmax_t all, pages = 0;
	FILE * f = fopen("/proc/self/statm", "re");

	if (f == NULL)
		return (0);
	if (fscanf(f, "%jd %jd", &all, &pages) != 2)
		pages = 0;
	fclose(f);
	return ((int64_t)pages * sysconf(_SC_PAGESIZE));
}

static int64_t
open_descriptors(void)
{
	DIR * d = opendir("/proc/self/fd");
	int64_t n = 0;

	if (d == NULL)
		return (0);
	while (readdir(d) != NULL)
		n++;
	closedir(d);

	/* But for ".", ".." and the one that looks. */
	return (n - 3);
}

static void
put_process(const struct service_view * v, struct buf * b)
{

	buf_printf(b, "# TYPE process_resident_memory_bytes gauge\n"
	    "process_resident_memory_bytes %jd\n"
	    "# TYPE process_open_fds gauge\nprocess_open_fds %jd\n"
	    "# TYPE process_start_time_seconds gauge\n"
	    "process_start_time_seconds ", (intmax_t)resident(),
	    (intmax_t)open_descriptors());
	jsonw_put_fraction(b, v->started_wall, SECOND_US);
	buf_putc(b, '\n');
}

void
metrics_put(const struct metrics * m, const struct report * r,
    const struct http_counts * http, struct buf * b)
{
	size_t i;

	put_service(m, &r->all, b);
	for (i = 0; i < sizeof figures / sizeof figures[0]; i++)
		put_figure(&figures[i], r, b);
	put_rates(r, b);
	put_states(r, b);
	put_levels(r, b);
	put_tallies(m, r, b);
	if (http != NULL)
		put_http(http, b);
	put_process(&r->all, b);
}
