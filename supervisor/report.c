#include <stdlib.h>
#include <string.h>

#include "../common/mem.h"

#include "jsonw.h"

#include "report_impl.h"

void
report_look(struct report * r, const struct service * sv, struct mono now)
{
	size_t i, n = service_tables(sv);

	if (n > r->room) {
		r->room = n;
		r->table = mem_grow(r->table, n, sizeof *r->table);
	}
	service_view(sv, &r->all, now);
	r->n = 0;
	for (i = 0; i < n; i++) {
		service_table(sv, i, &r->table[r->n], now);
		r->n += !r->table[r->n].gone;
	}
}

void
report_clear(struct report * r)
{

	free(r->table);
	*r = (struct report) { .n = 0 };
}

int
report_is_failing(const struct table_view * v)
{

	switch (v->state) {
	case JOB_FAILED:
	case JOB_BLOCKED:
	case JOB_BACKOFF:
	case JOB_CHECKING:
	case JOB_AWAY:
		return (1);
	default:
		return (v->tries > 0);
	}
}

int
report_is_pending(const struct table_view * v)
{

	switch (v->state) {
	case JOB_QUEUED:
	case JOB_RUNNING:
	case JOB_STOPPING:
	case JOB_CHECKING:
	case JOB_BACKOFF:
	case JOB_AWAY:
		return (1);
	default:
		return (0);
	}
}

int64_t
report_success(uint64_t ok, uint64_t failed)
{

	if (ok + failed == 0)
		return (-1);
	return ((int64_t)(ok * 10000 / (ok + failed)));
}

void
report_put_clock(struct buf * b, int64_t us)
{
	int64_t s = us / SECOND_US;

	buf_printf(b, "%02jd:%02jd:%02jd", (intmax_t)(s / 3600),
	    (intmax_t)(s / 60 % 60), (intmax_t)(s % 60));
}

/* A number with its fraction; negative is null. */
static void
put_number(struct jsonw * w, const char * name, int64_t v, int64_t unit)
{
	struct buf b = { NULL, 0, 0 };

	if (v < 0) {
		jsonw_null(w, name);
		return;
	}
	jsonw_put_fraction(&b, v, unit);
	jsonw_raw(w, name, buf_text(&b));
	buf_free(&b);
}

void
report_put_minutes(struct jsonw * w, const char * name, int64_t us)
{

	put_number(w, name, us == 0 ? -1 : us, MINUTE_US);
}

static void
put_counts(struct jsonw * w, const char * name, const struct counts * c)
{

	jsonw_object(w, name);
	jsonw_u64(w, "read", c->read);
	jsonw_u64(w, "written", c->written);
	jsonw_u64(w, "created", c->created);
	jsonw_u64(w, "updated", c->updated);
	jsonw_u64(w, "deleted", c->deleted);
	jsonw_u64(w, "marked", c->marked);
	jsonw_u64(w, "ignored", c->ignored);
	jsonw_u64(w, "stale", c->stale);
	jsonw_u64(w, "conflicts", c->conflicts);
	jsonw_u64(w, "rejected", c->rejected);
	jsonw_end(w);
}

/* How far this run is; null when none is made. */
static void
put_progress(struct jsonw * w, const struct table_view * v)
{
	uint64_t read = v->run_counts.read;

	if (v->state != JOB_RUNNING && v->state != JOB_STOPPING) {
		jsonw_null(w, "progress");
		return;
	}
	jsonw_object(w, "progress");
	jsonw_seconds(w, "running_seconds", v->running_us);
	jsonw_u64(w, "rows_read", read);
	if (v->rows_due == 0) {
		jsonw_null(w, "rows_due");
		jsonw_null(w, "percent");
	} else {
		jsonw_u64(w, "rows_due", v->rows_due);
		put_number(w, "percent", read >= v->rows_due ? 10000 :
		    (int64_t)((double)read / (double)v->rows_due * 10000.0),
		    100);
	}
	jsonw_end(w);
}

static void
put_times(struct jsonw * w, const struct table_view * v)
{

	report_put_minutes(w, "interval_minutes", v->interval_us);
	jsonw_text(w, "cron", v->cron);
	jsonw_time(w, "next_sync", v->next_wall);
	jsonw_time(w, "started_at", v->started_wall);
	jsonw_time(w, "ended_at", v->ended_wall);
	jsonw_time(w, "last_sync", v->succeeded_wall);
	jsonw_seconds(w, "last_sync_seconds",
	    v->succeeded_wall == 0 ? -1 : v->duration_us);
}

/* What is promised, and within what time it is found again if need be. */
static void
put_level(struct jsonw * w, enum guarantee_level level, int64_t within_us)
{
	struct buf b = { NULL, 0, 0 };

	guarantee_put(&b, level, within_us);
	jsonw_text(w, "level", buf_text(&b));
	jsonw_seconds(w, "within_seconds",
	    level == GUARANTEE_RECONCILED ? within_us : -1);
	buf_free(&b);
}

/* Up to where it may be read, and who holds that back; null if unknown. */
static void
put_barrier(struct jsonw * w, const char * name, const struct table_view * v,
    int with_table)
{
	const struct held * h = &v->bound;

	if (v->bound.age_us < 0) {
		jsonw_null(w, name);
		return;
	}
	jsonw_object(w, name);
	if (with_table)
		jsonw_text(w, "table", v->name);
	jsonw_seconds(w, "age_seconds", h->age_us);
	jsonw_time(w, "told_at", h->told_wall);
	jsonw_bool(w, "held", h->is_held);
	if (h->connection != 0)
		jsonw_u64(w, "connection", h->connection);
	else
		jsonw_null(w, "connection");
	jsonw_text(w, "user", h->user[0] != '\0' ? h->user : NULL);
	jsonw_end(w);
}

static void
put_drift(struct jsonw * w, const struct drift * d)
{
	size_t i;

	if (d == NULL || d->n == 0) {
		jsonw_null(w, "drift");
		return;
	}
	jsonw_object(w, "drift");
	jsonw_time(w, "at", d->at_wall);
	jsonw_array(w, "changes");
	for (i = 0; i < d->n; i++)
		jsonw_text(w, NULL, d->text[i]);
	jsonw_end(w);
	jsonw_end(w);
}

static void
put_table(struct jsonw * w, const char * name, const struct table_view * v)
{

	jsonw_object(w, name);
	jsonw_text(w, "table", v->name);
	jsonw_text(w, "state", job_state_name(v->state));
	jsonw_bool(w, "paused", v->paused);
	jsonw_text(w, "run", v->run);
	jsonw_text(w, "position", v->position);
	jsonw_raw(w, "value", v->value != NULL ? v->value : "null");
	jsonw_seconds(w, "lag_seconds", v->lag_us);
	jsonw_time(w, "acknowledged_at", v->acked_wall);
	put_times(w, v);
	put_progress(w, v);
	put_counts(w, "counts", &v->run_counts);
	put_counts(w, "totals", &v->total);
	jsonw_i64(w, "records_per_minute", v->rate_per_minute);
	jsonw_u64(w, "runs_ok", v->runs_ok);
	jsonw_u64(w, "runs_failed", v->runs_failed);
	put_number(w, "success_rate",
	    report_success(v->runs_ok, v->runs_failed), 100);
	jsonw_u64(w, "restarts", v->restarts);
	jsonw_u64(w, "tries", v->tries);
	jsonw_text(w, "last_error", v->error);
	jsonw_time(w, "last_error_at", v->error_wall);
	jsonw_object(w, "guarantee");
	put_level(w, guarantee_level(v->guarantee), v->guarantee->within_us);
	jsonw_end(w);
	put_barrier(w, "barrier", v, 0);
	report_put_verify(w, "verify", NULL, &v->verify);
	put_drift(w, v->drift);
	jsonw_end(w);
}

static void
put_tables(struct jsonw * w, const struct report * r)
{
	size_t i;

	jsonw_array(w, "tables");
	for (i = 0; i < r->n; i++)
		put_table(w, NULL, &r->table[i]);
	jsonw_end(w);
}

/* The sums over all tables, and the last complete run of any. */
static void
put_metrics(struct jsonw * w, const struct report * r)
{
	const struct table_view * v, * last = NULL;
	struct buf b = { NULL, 0, 0 };
	uint64_t records = 0, ok = 0, failed = 0;

	for (v = r->table; v < r->table + r->n; v++) {
		records += v->total.written;
		ok += v->runs_ok;
		failed += v->runs_failed;
		if (v->succeeded_wall != 0 && (last == NULL ||
		    v->succeeded_wall > last->succeeded_wall))
			last = v;
	}
	jsonw_object(w, "sync_metrics");
	jsonw_u64(w, "total_records", records);
	if (last != NULL) {
		report_put_clock(&b, last->duration_us);
		jsonw_text(w, "last_sync_duration", buf_text(&b));
	} else
		jsonw_null(w, "last_sync_duration");
	put_number(w, "success_rate", report_success(ok, failed), 100);
	jsonw_end(w);
	buf_free(&b);
}

void
report_status(const struct report * r, struct buf * b)
{
	const struct table_view * v;
	struct jsonw w;

	jsonw_init(&w, b);
	jsonw_object(&w, NULL);
	jsonw_bool(&w, "sync_enabled", r->all.enabled);
	jsonw_time(&w, "last_sync", r->all.last_wall);
	jsonw_time(&w, "next_sync", r->all.next_wall);
	report_put_minutes(&w, "sync_interval_minutes", r->all.interval_us);
	jsonw_array(&w, "tables_synced");
	for (v = r->table; v < r->table + r->n; v++) {
		if (v->succeeded_wall != 0 || v->acked_wall != 0)
			jsonw_text(&w, NULL, v->name);
	}
	jsonw_end(&w);
	put_metrics(&w, r);
	put_tables(&w, r);
	jsonw_end(&w);
	buf_putc(b, '\n');
}

void
report_tables(const struct report * r, struct buf * b)
{
	struct jsonw w;

	jsonw_init(&w, b);
	jsonw_object(&w, NULL);
	put_tables(&w, r);
	jsonw_end(&w);
	buf_putc(b, '\n');
}

void
report_table(const struct table_view * v, struct buf * b)
{
	struct jsonw w;

	jsonw_init(&w, b);
	put_table(&w, NULL, v);
	buf_putc(b, '\n');
}

static const char *
connection_word(enum server_state s)
{

	switch (s) {
	case SERVER_UP:
		return ("connected");
	case SERVER_AWAY:
		return ("disconnected");
	case SERVER_REFUSES:
		return ("refused");
	default:
		return ("unknown");
	}
}

static void
put_server(struct jsonw * w, const struct server_view * s)
{

	jsonw_object(w, s->name);
	jsonw_text(w, "connection", connection_word(s->state));
	jsonw_time(w, "since", s->since_wall);
	jsonw_time(w, "checked_at", s->checked_wall);
	jsonw_text(w, "error", s->error);
	jsonw_end(w);
}

/* What the tables come to, counted once for all members of the health. */
struct sum {
	uint64_t pending, errors;
	unsigned failing, running, ended;
};

static struct sum
sum_up(const struct report * r)
{
	struct sum s = { 0, 0, 0, 0, 0 };
	const struct table_view * v;

	for (v = r->table; v < r->table + r->n; v++) {
		s.pending += (uint64_t)report_is_pending(v);
		s.errors += v->runs_failed;
		s.failing += (unsigned)report_is_failing(v);
		s.running += (v->state == JOB_RUNNING);
		s.ended += (v->succeeded_wall != 0);
	}
	return (s);
}

static const char *
status_word(const struct report * r, const struct sum * s)
{

	if (r->all.stopping)
		return ("stopping");
	if (!r->all.ready)
		return ("starting");
	if (s->failing > 0 || r->all.disk_low || r->all.storage_low ||
	    r->all.server[SERVER_MYSQL].state > SERVER_UP ||
	    r->all.server[SERVER_MONGODB].state > SERVER_UP)
		return ("degraded");
	return (r->all.enabled ? "ok" : "paused");
}

static const char *
last_word(const struct sum * s)
{

	if (s->failing > 0)
		return ("failed");
	if (s->ended > 0)
		return ("success");
	return (s->running > 0 ? "running" : "never");
}

/* What all tables together are promised. */
static enum guarantee_level
common_level(const struct report * r, int64_t * within_us)
{
	enum guarantee_level level = GUARANTEE_EXACT, one;
	const struct table_view * v;

	*within_us = 0;
	if (r->n == 0)
		return (GUARANTEE_BEST_EFFORT);
	for (v = r->table; v < r->table + r->n; v++) {
		one = guarantee_level(v->guarantee);
		if (one < level)
			level = one;
		if (v->guarantee->within_us > *within_us)
			*within_us = v->guarantee->within_us;
	}
	return (level);
}

static int
has_reason(const struct guarantee * g, const struct guarantee_reason * why)
{
	size_t i;

	for (i = 0; i < g->n; i++) {
		if (strcmp(g->reason[i].code, why->code) == 0 &&
		    strcmp(g->reason[i].text, why->text) == 0)
			return (1);
	}
	return (0);
}

/* A reason, with the tables that it holds for, from the ${i}-th on. */
static void
put_reason(struct jsonw * w, const struct report * r, size_t i,
    const struct guarantee_reason * why)
{

	jsonw_object(w, NULL);
	jsonw_text(w, "code", why->code);
	jsonw_text(w, "text", why->text);
	jsonw_array(w, "tables");
	for (; i < r->n; i++) {
		if (has_reason(r->table[i].guarantee, why))
			jsonw_text(w, NULL, r->table[i].name);
	}
	jsonw_end(w);
	jsonw_end(w);
}

/* Each reason once: at the first table that has it. */
static void
put_reasons(struct jsonw * w, const struct report * r)
{
	const struct guarantee * g;
	size_t i, k, before;

	jsonw_array(w, "reasons");
	for (i = 0; i < r->n; i++) {
		g = r->table[i].guarantee;
		for (k = 0; k < g->n; k++) {
			for (before = 0; before < i; before++) {
				if (has_reason(r->table[before].guarantee,
				    &g->reason[k]))
					break;
			}
			if (before == i)
				put_reason(w, r, i, &g->reason[k]);
		}
	}
	jsonw_end(w);
}

/* What is promised now; never more than is known. */
static void
put_guarantee(struct jsonw * w, const struct report * r)
{
	int64_t within_us;
	enum guarantee_level level = common_level(r, &within_us);
	const char * reason = "All that is found is written, or set aside in "
	    "a reject file, before the position moves.";

	if (level == GUARANTEE_RECONCILED)
		reason = "All that is found is written, or set aside in a "
		    "reject file, before the position moves; what can't be "
		    "found so, a row deleted in MySQL for example, is found "
		    "and mended by the next verification.";
	else if (level == GUARANTEE_BEST_EFFORT)
		reason = "All that is found is written, or set aside in a "
		    "reject file, before the position moves; a change that is "
		    "not found, and a row deleted in MySQL, is not: see the "
		    "reasons.";
	if (r->all.server[SERVER_MYSQL].state > SERVER_UP ||
	    r->all.server[SERVER_MONGODB].state > SERVER_UP)
		reason = "A server does not answer: nothing moves until it "
		    "does, and then goes on from the acknowledged position.";
	else if (!r->all.enabled)
		reason = "Paused: nothing moves until it is resumed, and then "
		    "goes on from the acknowledged position.";
	jsonw_object(w, "guarantee");
	put_level(w, level, within_us);
	jsonw_text(w, "reason", reason);
	put_reasons(w, r);
	jsonw_end(w);
}

static void
put_resources(struct jsonw * w, const struct service_view * v)
{

	jsonw_object(w, "servers");
	put_server(w, &v->server[SERVER_MYSQL]);
	put_server(w, &v->server[SERVER_MONGODB]);
	jsonw_end(w);
	jsonw_object(w, "pool");
	jsonw_u64(w, "max", v->pool_max);
	jsonw_u64(w, "used", v->pool_used);
	jsonw_u64(w, "idle", v->pool_idle);
	jsonw_u64(w, "waiting", v->pool_waiting);
	jsonw_u64(w, "timeouts", v->pool_timeouts);
	jsonw_end(w);
	jsonw_object(w, "disk");
	jsonw_i64(w, "free_bytes", v->disk_free);
	jsonw_bool(w, "low", v->disk_low);
	jsonw_end(w);
	jsonw_object(w, "mongodb_storage");
	if (v->storage_total > 0) {
		jsonw_i64(w, "free_bytes", v->storage_total - v->storage_used);
		jsonw_i64(w, "total_bytes", v->storage_total);
		jsonw_bool(w, "low", v->storage_low);
	} else {
		jsonw_null(w, "free_bytes");
		jsonw_null(w, "total_bytes");
		jsonw_null(w, "low");
	}
	jsonw_end(w);
}

void
report_health(const struct report * r, struct buf * b)
{
	const struct service_view * v = &r->all;
	struct sum sum = sum_up(r);
	struct jsonw w;
	size_t i;

	jsonw_init(&w, b);
	jsonw_object(&w, NULL);
	jsonw_text(&w, "status", status_word(r, &sum));
	jsonw_text(&w, "mysql_connection",
	    connection_word(v->server[SERVER_MYSQL].state));
	jsonw_text(&w, "mongodb_connection",
	    connection_word(v->server[SERVER_MONGODB].state));
	jsonw_text(&w, "last_sync_status", last_word(&sum));
	jsonw_u64(&w, "pending_operations", sum.pending);
	jsonw_u64(&w, "error_count", sum.errors);
	put_guarantee(&w, r);
	jsonw_array(&w, "barriers_held");
	for (i = 0; i < r->n; i++) {
		if (r->table[i].bound.is_held)
			put_barrier(&w, NULL, &r->table[i], 1);
	}
	jsonw_end(&w);
	jsonw_array(&w, "failing_tables");
	for (i = 0; i < r->n; i++) {
		if (report_is_failing(&r->table[i]))
			jsonw_text(&w, NULL, r->table[i].name);
	}
	jsonw_end(&w);
	put_resources(&w, v);
	jsonw_bool(&w, "ready", v->ready && !v->stopping);
	jsonw_time(&w, "started_at", v->started_wall);
	jsonw_text(&w, "version", MILLRACE_VERSION);
	jsonw_end(&w);
	buf_putc(b, '\n');
}
