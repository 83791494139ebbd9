#include "jsonw.h"

#include "report_impl.h"

/*
 * How the verification goes.
 */

/* "off" is a verification that is, and has nothing to end. */
static const char *
verify_word(const struct verify_view * v)
{

	return (!v->on && v->look == 0 && v->state != JOB_ENDED ? "off" :
	    job_state_name(v->state));
}

/* The cycle that is open; null when none is. */
static void
put_cycle(struct jsonw * w, const struct verify_view * v)
{

	if (v->look == 0) {
		jsonw_null(w, "progress");
		return;
	}
	jsonw_object(w, "progress");
	jsonw_time(w, "begun_at", v->begun_wall);
	jsonw_u64(w, "look", v->look);
	jsonw_u64(w, "rows_compared", v->rows);
	jsonw_end(w);
}

/* The last one that was complete; null before the first. */
static void
put_last_cycle(struct jsonw * w, const struct verify_view * v)
{

	if (v->done_wall == 0) {
		jsonw_null(w, "last");
		return;
	}
	jsonw_object(w, "last");
	jsonw_time(w, "begun_at", v->done_begun_wall);
	jsonw_time(w, "ended_at", v->done_wall);
	jsonw_u64(w, "rows_compared", v->compared);
	jsonw_u64(w, "left_out", v->left_out);
	jsonw_u64(w, "missing", v->missing);
	jsonw_u64(w, "different", v->different);
	jsonw_u64(w, "extra", v->extra);
	jsonw_u64(w, "mended", v->mended);
	jsonw_u64(w, "left", v->left);
	jsonw_u64(w, "foreign", v->foreign);
	jsonw_bool(w, "too_many", v->held);
	jsonw_end(w);
}

void
report_put_verify(struct jsonw * w, const char * name, const char * table,
    const struct verify_view * v)
{

	jsonw_object(w, name);
	if (table != NULL)
		jsonw_text(w, "table", table);
	jsonw_text(w, "state", verify_word(v));
	jsonw_text(w, "run", v->run);
	report_put_minutes(w, "interval_minutes", v->interval_us);
	jsonw_text(w, "cron", v->cron);
	jsonw_bool(w, "repair", v->repair);
	jsonw_time(w, "next_look", v->next_wall);
	put_cycle(w, v);
	put_last_cycle(w, v);
	jsonw_seconds(w, "full_cycle_age_seconds", v->age_us);
	jsonw_seconds(w, "mismatch_age_seconds", v->mismatch_us);
	jsonw_bool(w, "failed", v->failed);
	jsonw_bool(w, "overdue", v->overdue);
	jsonw_u64(w, "verified_rows", v->total);
	jsonw_u64(w, "stale_repaired", v->mended_total);
	jsonw_text(w, "last_error", v->error);
	jsonw_time(w, "last_error_at", v->error_wall);
	jsonw_end(w);
}

void
report_verify(const struct report * r, struct buf * b)
{
	const struct table_view * v;
	struct jsonw w;

	jsonw_init(&w, b);
	jsonw_object(&w, NULL);
	jsonw_array(&w, "tables");
	for (v = r->table; v < r->table + r->n; v++)
		report_put_verify(&w, NULL, v->name, &v->verify);
	jsonw_end(&w);
	jsonw_end(&w);
	buf_putc(b, '\n');
}
