#include <string.h>

#include "../common/timestamp.h"

#include "table_impl.h"

/*
 * What there is to see of a table.
 */

const char *
table_name(const struct table * t)
{

	return (t->name);
}

const struct job *
table_job(const struct table * t)
{

	return (t->job);
}

struct verifier *
table_verifier(const struct table * t)
{

	return (t->verifier);
}

int
table_has_stage(const struct table * t, const char * stage)
{

	/* Before the first start it is unknown: the usual three. */
	if (t->plan == NULL)
		return (strcmp(stage, "extract") == 0 ||
		    strcmp(stage, "transform") == 0 ||
		    strcmp(stage, "load") == 0);
	return (pipeline_plan_find(t->plan, stage) != -1);
}

struct mono
table_pipeline_begun(const struct table * t)
{

	return (t->pipeline_begun);
}

void
table_fill(const struct table * t, struct table_view * v, struct mono now)
{
	enum job_state state = job_state(t->job);
	int64_t us;

	*v = (struct table_view) { .name = t->name, .state = state,
	    .run = t->run[0] != '\0' ? t->run : NULL, .lag_us = t->lag_us,
	    .interval_us = t->schedule.interval_us, .cron = t->cron,
	    .started_wall = t->begun_wall, .ended_wall = t->ended_wall,
	    .succeeded_wall = t->succeeded_wall,
	    .duration_us = t->duration_us, .run_counts = tally_run(&t->tally),
	    .total = tally_all(&t->tally), .runs_ok = t->runs_ok,
	    .runs_failed = t->runs_failed, .restarts = t->restarts,
	    .tries = job_tries(t->job), .error = t->error,
	    .error_wall = t->error_wall, .guarantee = &t->guarantee,
	    .bound = t->bound, .drift = &t->drift };
	verifier_fill(t->verifier, &v->verify);
	if (t->checkpoint != NULL) {
		v->position = checkpoint_position(t->checkpoint);
		v->value = checkpoint_value(t->checkpoint);
		v->acked_wall = checkpoint_time(t->checkpoint);
	}
	if (state == JOB_RUNNING || state == JOB_STOPPING) {
		v->running_us = mono_sub(now, t->begun);
		v->rows_due = t->tally.due;
	}
	us = v->running_us > 0 ? v->running_us : t->duration_us;
	if (us >= SECOND_US / 1000)
		v->rate_per_minute = (int64_t)((double)(
		    v->run_counts.written > v->run_counts.read ?
		    v->run_counts.written : v->run_counts.read) *
		    (double)MINUTE_US / (double)us);
	if (!mono_is_never(job_due(t->job))) {
		us = timestamp_now();
		v->next_wall = job_due(t->job).us + t->host->wall_ahead;
		if (v->next_wall < us)
			v->next_wall = us;
	}
}
