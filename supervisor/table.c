#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/mem.h"
#include "../common/timestamp.h"

#include "command.h"
#include "table_impl.h"

static char * const *
stage_env(void * cookie, const char * stage)
{
	struct table * t = cookie;

	return (env_stage(t->host->env, stage));
}

/*
 * Files.
 */

/* Everything that a pipeline needs on disk.  Return 0, or -1, reported. */
static int
open_files(struct table * t)
{

	if (folder_open(&t->folder, t->host->state_fd,
	    t->host->cfg->state_dir, t->name) == -1)
		return (-1);
	if (t->checkpoint != NULL)
		return (0);
	t->checkpoint = checkpoint_open(t->folder.dirfd, t->name);
	if (t->checkpoint == NULL) {
		/* Only for want of room? */
		t->no_checkpoint = folder_try(&t->folder) == -1;
		return (-1);
	}
	t->loaded = checkpoint_records(t->checkpoint);
	return (0);
}

/*
 * What the job asks for.
 */

void
table_run_id(struct table_host * host, char dst[RUN_ID_MAX])
{

	snprintf(dst, RUN_ID_MAX, "%011llx-%04llx",
	    (unsigned long long)timestamp_now() / 1000,
	    (unsigned long long)++host->runs & 0xffff);
}

static void
new_run(struct table * t, struct mono now)
{

	t->begun = now;
	t->begun_wall = timestamp_now();
	tally_run_begins(&t->tally);
	table_run_id(t->host, t->run);
	table_tell(t, EVENT_RUN_START, LOG_LEVEL_INFO, NULL, -1);
	SAY(t, LOG_LEVEL_INFO, "run", "%s: run begins", t->name);
}

static enum job_start
start_pipeline(struct table * t, struct mono now)
{
	struct command_spec cs = { t->host->cfg, t->host->env, t->name,
	    t->folder.path, t->host->cfg->pool_min > 0, &t->schema,
	    NULL };
	struct pipeline_spec spec = { NULL, stage_env,
	    env_path(t->host->env), t->folder.ack_fd, -1, t->host->lock_fd, 0,
	    0 };
	int e;

	pipeline_plan_free(t->plan);
	t->plan = command_build(&cs, t->watch, &t->rounds);
	if (t->plan == NULL)
		return (JOB_UNSTARTABLE);
	if (checkpoint_export(t->checkpoint, "state") == -1)
		return (JOB_NOT_STARTED);
	spec.plan = t->plan;
	spec.rounds = t->rounds;
	t->killed = t->no_checkpoint = 0;
	t->deletes = config_deletes(t->host->cfg, t->name, t->schema);
	t->unheard = 1;
	guarantee_clear(&t->heard);
	command_guarantee(t->plan, &t->heard);
	t->pipeline_begun = now;
	t->pipeline = pipeline_start(t->host->lp, &spec, &table_pipeline_ops,
	    t);
	e = errno;
	if (t->pipeline == NULL)
		return (e == ENOENT || e == EACCES || e == ENOEXEC ?
		    JOB_UNSTARTABLE : JOB_NOT_STARTED);
	if (t->rounds && pipeline_request(t->pipeline, t->run) == -1)
		pipeline_kill(t->pipeline);
	return (JOB_STARTED);
}

static enum job_start
op_start(void * cookie, struct mono now)
{
	struct table * t = cookie;
	enum job_start r;

	new_run(t, now);
	if (open_files(t) == -1) {
		table_note_error(t, "its folder or checkpoint can't be used");
		return (JOB_UNSTARTABLE);
	}
	if (t->pipeline != NULL) {
		if (pipeline_request(t->pipeline, t->run) == 0)
			return (JOB_STARTED);

		/* It has just died, or is about to. */
		table_drop_pipeline(t);
	}
	r = start_pipeline(t, now);
	if (r != JOB_STARTED)
		table_note_error(t, "its pipeline can't be started: the log "
		    "says why");
	return (r);
}

static void
op_drain(void * cookie)
{
	struct table * t = cookie;

	if (t->pipeline != NULL)
		pipeline_drain(t->pipeline);
}

static void
op_kill(void * cookie)
{

	table_kill(cookie);
}

static void
op_want(void * cookie, struct mono now)
{
	struct table * t = cookie;

	t->host->want(t->host->cookie, t->i, now);
}

static void
op_leave(void * cookie, struct mono now)
{
	struct table * t = cookie;

	t->host->leave(t->host->cookie, t->i, now);
}

static void
op_probe(void * cookie, struct mono now)
{
	struct table * t = cookie;

	t->host->probe(t->host->cookie, t->i, now);
}

static struct mono
op_due(void * cookie, struct mono begun, struct mono now)
{
	struct table * t = cookie;
	int64_t now_wall = timestamp_now();

	return (schedule_next(&t->schedule, begun,
	    now_wall - mono_sub(now, begun), now, now_wall));
}

static void
op_stalled(void * cookie, struct mono now)
{
	struct table * t = cookie;
	int64_t us = mono_sub(now, t->begun);
	char text[128];

	snprintf(text, sizeof text, "nothing was acknowledged for %lld s",
	    (long long)(t->host->cfg->stall_us / SECOND_US));
	SAY(t, LOG_LEVEL_ERROR, "stall", "%s: %s (SYNC_STALL_SECONDS): the "
	    "pipeline is killed", t->name, text);
	table_note_error(t, text);
	table_tell(t, EVENT_STALLED, LOG_LEVEL_ERROR, text, us);
}

static int
op_keep(void * cookie)
{
	struct table * t = cookie;

	return (t->host->keep(t->host->cookie, t->i, t->pipeline_begun));
}

/* What a person reads about a run that is over. */
static void
say_over(struct table * t, enum job_outcome outcome, const char * word,
    int64_t us)
{
	static const enum log_level levels[] = { LOG_LEVEL_INFO,
		LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR,
		LOG_LEVEL_ERROR };
	struct counts c = tally_run(&t->tally);
	struct event ev = { .kind = EVENT_RUN_END, .level = levels[outcome],
	    .wall_us = timestamp_now(), .table = t->name, .run = t->run,
	    .text = word, .us = us, .counts = &c };

	log_event(levels[outcome], LOG_FIELDS(LOG_TEXT("table", t->name),
	    LOG_TEXT("run", t->run), LOG_TEXT("operation", "run"),
	    LOG_TEXT("outcome", word), LOG_INT("records_processed", c.read),
	    LOG_INT("records_created", c.created),
	    LOG_INT("records_updated", c.updated),
	    LOG_INT("records_deleted", c.deleted),
	    LOG_INT("records_marked", c.marked),
	    LOG_INT("records_ignored", c.ignored),
	    LOG_INT("records_rejected", c.rejected),
	    LOG_MICROS("duration_seconds", us),
	    LOG_INT("errors", outcome >= JOB_RETRY)), "%s: run %s",
	    t->name, word);
	t->host->tell(t->host->cookie, &ev);
}

static void
op_over(void * cookie, enum job_outcome outcome, struct mono now)
{
	static const char * const words[] = { "ok", "interrupted", "retry",
		"gave up", "refused" };
	struct table * t = cookie;
	int64_t us = mono_sub(now, t->begun);

	/* One that was interrupted while it waited never began. */
	if (t->run[0] == '\0')
		return;
	t->ended_wall = timestamp_now();
	switch (outcome) {
	case JOB_OK:
		t->runs_ok++;
		t->succeeded_wall = t->ended_wall;
		t->duration_us = us;
		free(t->error);
		t->error = NULL;
		verifier_synced(t->verifier, t->begun, now);
		break;
	case JOB_INTERRUPTED:
		break;
	case JOB_RETRY:
		t->restarts++;
		break;
	case JOB_GAVE_UP:
	case JOB_REFUSED:
		t->runs_failed++;
		break;
	}
	say_over(t, outcome, words[outcome], us);
	t->host->over(t->host->cookie, t->i, outcome, now);
}

static void
op_moved(void * cookie, enum job_state from, enum job_state to,
    struct mono now)
{
	struct table * t = cookie;
	struct event ev = { .kind = EVENT_STATE,
	    .level = to == JOB_BLOCKED || to == JOB_FAILED ?
	    LOG_LEVEL_ERROR : LOG_LEVEL_INFO, .wall_us = timestamp_now(),
	    .table = t->name, .run = t->run[0] != '\0' ? t->run : NULL,
	    .text = t->error, .from = job_state_name(from),
	    .to = job_state_name(to) };

	log_debug("%s: %s -> %s", t->name, ev.from, ev.to);
	t->host->moved(t->host->cookie, t->i, from, to, now);
	t->host->tell(t->host->cookie, &ev);
}

static const struct job_ops job_ops = { op_start, op_drain, op_kill, op_want,
	op_leave, op_probe, op_due, op_stalled, op_keep, op_over, op_moved };

/*
 * From outside.
 */

static void
on_timer(void * cookie, struct mono now)
{

	table_event(cookie, JOB_EV_TIME, now);
}

struct table *
table_open(struct table_host * host, size_t i, const char * name,
    int paused, struct mono now)
{
	struct table * t = mem_new(1, sizeof *t);
	struct job_limits limits = { 0, 0, 0, 0, 0 };

	t->host = host;
	t->i = i;
	t->name = mem_dup(name);
	t->folder.dirfd = t->folder.ack_fd = -1;
	t->lag_us = t->bound.age_us = -1;
	t->schedule.interval_us = 60 * MINUTE_US;
	t->watch = watch_new();
	t->job = job_new(&job_ops, t, &limits, paused, now,
	    (uint64_t)timestamp_now() ^ (uint64_t)i << 48);
	t->timer = loop_timer(host->lp, "table", on_timer, t);
	if (open_files(t) == -1) {
		table_note_error(t, "its folder or checkpoint can't be used");
		job_event(t->job, JOB_EV_CRITICAL, now);
	}
	loop_at(t->timer, job_deadline(t->job));
	t->verifier = verifier_new(host, i, t->name, &t->folder, &t->schema,
	    paused, now);
	return (t);
}

void
table_free(struct table * t)
{

	if (t == NULL)
		return;
	table_drop_pipeline(t);
	verifier_free(t->verifier);
	pipeline_plan_free(t->plan);
	watch_free(t->watch);
	checkpoint_free(t->checkpoint);
	job_free(t->job);
	loop_timer_free(t->timer);
	folder_close(&t->folder);
	guarantee_clear(&t->heard);
	guarantee_clear(&t->known);
	guarantee_clear(&t->guarantee);
	drift_clear(&t->drift);
	free(t->schema);
	free(t->name);
	free(t->cron);
	free(t->error);
	free(t);
}

void
table_event(struct table * t, enum job_event ev, struct mono now)
{

	job_event(t->job, ev, now);
	loop_at(t->timer, job_deadline(t->job));

	/* What a person asks for is about both. */
	if (ev == JOB_EV_PAUSE || ev == JOB_EV_RESUME || ev == JOB_EV_STOP)
		verifier_event(t->verifier, ev, now);
}

void
table_schedule(struct table * t, const struct schedule * s,
    const char * cron, struct mono now)
{
	char * copy = mem_dup(cron);

	t->schedule = *s;
	free(t->cron);
	t->cron = copy;
	job_reschedule(t->job, now);
	loop_at(t->timer, job_deadline(t->job));
}

void
table_limits(struct table * t, const struct job_limits * limits)
{

	job_set_limits(t->job, limits);
}

/* What holds now, and if that is another level than before, say so. */
void
table_compose(struct table * t)
{
	const struct guarantee * known = t->known.checked ? &t->known :
	    &t->heard;
	enum guarantee_level was = guarantee_level(&t->guarantee), is;
	int fresh = !t->guarantee.checked;
	struct guarantee_cover cover;
	struct buf why = { NULL, 0, 0 };
	const char * between = ": ";
	size_t i;

	if (known->checked)
		verifier_overlooks(t->verifier, guarantee_overlooks(known));
	verifier_cover(t->verifier, &cover);
	guarantee_compose(&t->guarantee, known, &cover, t->deletes);
	is = guarantee_level(&t->guarantee);
	if (is == was && fresh == !t->guarantee.checked)
		return;
	guarantee_put(&why, is, t->guarantee.within_us);
	for (i = 0; i < t->guarantee.n; i++) {
		if (t->guarantee.reason[i].most != is)
			continue;
		buf_printf(&why, "%s%s", between,
		    t->guarantee.reason[i].code);
		between = ", ";
	}
	log_event(is < was ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, LOG_FIELDS(
	    LOG_TEXT("table", t->name), LOG_TEXT("operation", "guarantee"),
	    LOG_TEXT("guarantee", guarantee_word(is)),
	    LOG_MICROS("within_seconds", t->guarantee.within_us)),
	    "%s: guaranteed now: %s", t->name, buf_text(&why));
	buf_free(&why);
}

void
table_check(struct table * t, struct mono now)
{
	unsigned kinds = WATCH_PROGRAM | WATCH_FILE;
	const char * what;

	table_compose(t);
	switch (job_state(t->job)) {
	case JOB_BLOCKED:
	case JOB_FAILED:
	case JOB_BACKOFF:
		kinds |= WATCH_SETTINGS;
		break;
	case JOB_WAITING:
	case JOB_RUNNING:
		if (t->pipeline == NULL)
			return;
		break;
	default:
		return;
	}
	if ((what = watch_changed(t->watch, kinds)) == NULL)
		return;
	SAY(t, LOG_LEVEL_INFO, "replace", "%s: %s has changed: %s", t->name,
	    what, t->pipeline != NULL ? "the pipeline is replaced" :
	    "it is tried again");
	if (t->pipeline != NULL)
		t->restarts++;
	table_event(t, JOB_EV_CHANGED, now);
}

void
table_new_settings(struct table * t, struct mono now)
{

	free(t->schema);
	t->schema = NULL;
	table_event(t, JOB_EV_CHANGED, now);
	verifier_event(t->verifier, JOB_EV_CHANGED, now);
}

void
table_unfit(struct table * t, const char * why, struct mono now)
{

	if (t->pipeline != NULL)
		return;
	table_note_error(t, why);
	table_tell(t, EVENT_UNFIT, LOG_LEVEL_ERROR, why, -1);
	table_event(t, JOB_EV_CRITICAL, now);
}

void
table_room(struct table * t, struct mono now)
{

	if (!t->no_checkpoint || job_state(t->job) != JOB_BLOCKED ||
	    folder_try(&t->folder) == -1)
		return;
	SAY(t, LOG_LEVEL_INFO, "checkpoint", "%s: its folder can be written "
	    "to again: it is tried again", t->name);
	table_event(t, JOB_EV_CHANGED, now);
}

void
table_kill(struct table * t)
{

	t->killed = 1;
	if (t->pipeline != NULL)
		pipeline_kill(t->pipeline);
}

int
table_ended(const struct table * t)
{

	return (job_state(t->job) == JOB_ENDED &&
	    verifier_ended(t->verifier));
}

int
table_reaped(struct table * t, pid_t pid, const struct child_end * end,
    struct mono now)
{

	return (pipeline_reaped(t->pipeline, pid, end, now) ||
	    verifier_reaped(t->verifier, pid, end, now));
}

void
table_before_reap(struct table * t, pid_t pid)
{

	if (t->pipeline != NULL)
		pipeline_before_reap(t->pipeline, pid);
	verifier_before_reap(t->verifier, pid);
}
