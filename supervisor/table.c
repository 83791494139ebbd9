#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/buf.h"
#include "../common/log.h"
#include "../common/mem.h"
#include "../common/timestamp.h"

#include "checkpoint.h"
#include "command.h"
#include "folder.h"
#include "pipeline.h"
#include "relay.h"
#include "table.h"
#include "tally.h"
#include "watch.h"

#define RUN_ID_MAX	32

struct table {
	struct table_host * host;
	size_t i;
	char * name;
	struct folder folder;
	struct checkpoint * checkpoint;	/* NULL: not loaded */
	struct job * job;
	struct loop_timer * timer;
	struct schedule schedule;
	char * cron;

	struct pipeline * pipeline;
	struct pipeline_plan * plan;	/* of it, or of the last one */
	struct watch * watch;
	struct mono pipeline_begun;
	int rounds;			/* it stays for others */
	int killed;			/* by us */
	int no_checkpoint;		/* it couldn't be written */
	char * said[PIPELINE_STAGES_MAX];	/* see hear() */
	char * error_said[PIPELINE_STAGES_MAX];	/* each one's last error */

	char run[RUN_ID_MAX];		/* this one's id, or the last's */
	struct mono begun;
	int64_t begun_wall, ended_wall, succeeded_wall;
	int64_t duration_us;		/* of the last complete run */
	uint64_t runs_ok, runs_failed, restarts;
	int64_t lag_us;
	char * error;
	int64_t error_wall;

	uint64_t loaded;		/* written before we started */
	struct tally tally;
};

/*
 * Telling.
 */

static void
tell(struct table * t, enum event_kind kind, enum log_level level,
    const char * text, int64_t us)
{
	struct event ev = { .kind = kind, .level = level,
	    .wall_us = timestamp_now(), .table = t->name,
	    .run = t->run[0] != '\0' ? t->run : NULL, .text = text,
	    .us = us };

	t->host->tell(t->host->cookie, &ev);
}

static void
note_error(struct table * t, const char * text)
{

	free(t->error);
	t->error = mem_dup(text);
	t->error_wall = timestamp_now();
}

#define SAY(t, level, op, ...)	log_event(level, LOG_FIELDS(		\
	LOG_TEXT("table", (t)->name), LOG_TEXT("run", (t)->run),	\
	LOG_TEXT("operation", op)), __VA_ARGS__)

/*
 * The tellings of the pipeline.
 */

/* It stands still at the acknowledgements: nothing may go on. */
static void
checkpoint_lost(struct table * t, struct mono now)
{
	char text[256];

	snprintf(text, sizeof text, "the checkpoint can't be written: %s",
	    strerror(errno));
	SAY(t, LOG_LEVEL_ERROR, "checkpoint", "%s: %s; make room or mend the "
	    "state directory, then resume", t->name, text);
	note_error(t, text);
	tell(t, EVENT_CHECKPOINT_FAILED, LOG_LEVEL_ERROR, text, -1);
	t->no_checkpoint = 1;
	table_event(t, JOB_EV_CRITICAL, now);
}

static void
went_forward(struct table * t, struct mono now)
{
	int64_t at = checkpoint_position_us(t->checkpoint);

	t->lag_us = at == -1 ? -1 : timestamp_now() - at;
	if (t->lag_us < -1)
		t->lag_us = 0;
	tell(t, EVENT_ACK, LOG_LEVEL_DEBUG, NULL, t->lag_us);
	table_event(t, JOB_EV_ACK, now);
}

static void
on_ack(void * cookie, const char * value, size_t n, struct mono now)
{
	struct table * t = cookie;
	struct counts all = tally_all(&t->tally);
	const char * round;

	switch (checkpoint_ack(t->checkpoint, value, n, t->run,
	    t->loaded + all.written, timestamp_now())) {
	case CHECKPOINT_OK:
		went_forward(t, now);
		break;
	case CHECKPOINT_EPOCH:
	case CHECKPOINT_SAME:
		break;
	case CHECKPOINT_OLD:
		SAY(t, LOG_LEVEL_WARN, "checkpoint", "%s: an acknowledgement "
		    "of an earlier position came, and is ignored", t->name);
		return;
	case CHECKPOINT_BAD_VALUE:
		SAY(t, LOG_LEVEL_WARN, "checkpoint", "%s: an acknowledgement "
		    "that is no STATE value came, and is ignored", t->name);
		return;
	case CHECKPOINT_FAILED:
		checkpoint_lost(t, now);
		return;
	}
	t->host->seen(t->host->cookie, now);
	round = checkpoint_round(t->checkpoint);
	if (t->rounds && round != NULL && strcmp(round, t->run) == 0)
		table_event(t, JOB_EV_ROUND, now);
}

/*
 * What is told when the stage fails: its last two errors, as the first of
 * them is often the reason of the other; else its first warning.
 */
static void
hear(struct table * t, size_t stage, const struct relay_line * l)
{
	char * before = t->said[stage];
	struct buf b = { NULL, 0, 0 };

	if (l->level != LOG_LEVEL_ERROR &&
	    (l->level != LOG_LEVEL_WARN || before != NULL))
		return;
	if (l->level == LOG_LEVEL_ERROR && t->error_said[stage] != NULL &&
	    strcmp(t->error_said[stage], l->message) != 0)
		buf_printf(&b, "%s; ", t->error_said[stage]);
	buf_puts(&b, l->message);
	t->said[stage] = mem_dup(buf_text(&b));
	if (l->level == LOG_LEVEL_ERROR) {
		free(t->error_said[stage]);
		t->error_said[stage] = mem_dup(l->message);
	}
	free(before);
	buf_free(&b);
}

static void
on_line(void * cookie, size_t stage, const char * p, size_t n,
    struct mono now)
{
	struct table * t = cookie;
	const char * name = pipeline_stage_name(t->pipeline, stage);
	struct relay_line l;

	(void)now;
	relay_read(name, p, n, &l);
	tally_take(&t->tally, &l);
	if (!l.quiet)
		relay_say(name, t->name, t->run, p, n, &l);
	if (l.level >= LOG_LEVEL_WARN)
		tell(t, EVENT_STAGE_LINE, l.level, l.message, -1);
	hear(t, stage, &l);
	relay_clear(&l);
}

/* Say whose fault the end was. */
static void
blame(struct table * t, enum pipeline_result r, int culprit,
    const struct child_end * end)
{
	enum log_level level = r == PIPELINE_PERM ? LOG_LEVEL_ERROR :
	    LOG_LEVEL_WARN;
	struct buf b = { NULL, 0, 0 };
	char how[128];

	buf_printf(&b, "%s: %s", pipeline_stage_name(t->pipeline,
	    (size_t)culprit), child_end_text(end, how, sizeof how));
	if (t->said[culprit] != NULL)
		buf_printf(&b, ": %s", t->said[culprit]);
	if (t->killed) {
		SAY(t, LOG_LEVEL_INFO, "stop", "%s: killed", t->name);
	} else {
		SAY(t, level, "fail", "%s: %s", t->name, buf_text(&b));
		note_error(t, buf_text(&b));
		tell(t, EVENT_STAGE_FAILED, level, buf_text(&b), -1);
	}
	buf_free(&b);
}

/* Forget the pipeline, but not what it has counted. */
static void
drop_pipeline(struct table * t)
{
	size_t k;

	pipeline_free(t->pipeline);
	t->pipeline = NULL;
	tally_pipeline_ends(&t->tally);
	for (k = 0; k < PIPELINE_STAGES_MAX; k++) {
		free(t->said[k]);
		free(t->error_said[k]);
		t->said[k] = t->error_said[k] = NULL;
	}
}

static void
on_ended(void * cookie, enum pipeline_result r, int culprit,
    const struct child_end * end, struct mono now)
{
	static const enum job_event events[] = {
		[PIPELINE_DONE] = JOB_EV_DONE,
		[PIPELINE_STOPPED] = JOB_EV_STOPPED,
		[PIPELINE_TEMP] = JOB_EV_TEMP,
		[PIPELINE_CRASHED] = JOB_EV_CRASHED,
		[PIPELINE_PERM] = JOB_EV_PERM
	};
	struct table * t = cookie;

	if (culprit != -1)
		blame(t, r, culprit, end);
	drop_pipeline(t);

	/* Where rounds are asked for, their acknowledgement ends them, not
	 * the end of the program. */
	if (t->rounds && r == PIPELINE_DONE)
		r = PIPELINE_STOPPED;
	table_event(t, events[r], now);

	/* Refused, but maybe only what the files said before. */
	if (r == PIPELINE_PERM && job_state(t->job) == JOB_BLOCKED) {
		watch_changed(t->watch, WATCH_SETTINGS);
		table_check(t, now);
	}
}

static const struct pipeline_ops pipeline_ops = { on_ack, on_line, on_ended };

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
	if ((t->checkpoint = checkpoint_open(t->folder.dirfd, t->name)) == NULL)
		return (-1);
	t->loaded = checkpoint_records(t->checkpoint);
	return (0);
}

/*
 * What the job asks for.
 */

static void
new_run(struct table * t, struct mono now)
{

	t->begun = now;
	t->begun_wall = timestamp_now();
	tally_run_begins(&t->tally);
	snprintf(t->run, sizeof t->run, "%011llx-%04llx",
	    (unsigned long long)t->begun_wall / 1000,
	    (unsigned long long)++t->host->runs & 0xffff);
	tell(t, EVENT_RUN_START, LOG_LEVEL_INFO, NULL, -1);
	SAY(t, LOG_LEVEL_INFO, "run", "%s: run begins", t->name);
}

static enum job_start
start_pipeline(struct table * t, struct mono now)
{
	struct command_spec cs = { t->host->cfg, t->host->env, t->name,
	    t->folder.path, t->host->cfg->pool_min > 0 };
	struct pipeline_spec spec = { NULL, stage_env,
	    env_path(t->host->env), t->folder.ack_fd, -1, t->host->lock_fd, 0 };
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
	t->pipeline_begun = now;
	t->pipeline = pipeline_start(t->host->lp, &spec, &pipeline_ops, t);
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
		note_error(t, "its folder or checkpoint can't be used");
		return (JOB_UNSTARTABLE);
	}
	if (t->pipeline != NULL) {
		if (pipeline_request(t->pipeline, t->run) == 0)
			return (JOB_STARTED);

		/* It has just died, or is about to. */
		drop_pipeline(t);
	}
	r = start_pipeline(t, now);
	if (r != JOB_STARTED)
		note_error(t, "its pipeline can't be started");
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
	note_error(t, text);
	tell(t, EVENT_STALLED, LOG_LEVEL_ERROR, text, us);
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
	struct job_limits limits = { 0, 0, 0, 0 };

	t->host = host;
	t->i = i;
	t->name = mem_dup(name);
	t->folder.dirfd = t->folder.ack_fd = -1;
	t->lag_us = -1;
	t->schedule.interval_us = 60 * MINUTE_US;
	t->watch = watch_new();
	t->job = job_new(&job_ops, t, &limits, paused, now,
	    (uint64_t)timestamp_now() ^ (uint64_t)i << 48);
	t->timer = loop_timer(host->lp, "table", on_timer, t);
	if (open_files(t) == -1) {
		note_error(t, "its folder or checkpoint can't be used");
		job_event(t->job, JOB_EV_CRITICAL, now);
	}
	loop_at(t->timer, job_deadline(t->job));
	return (t);
}

void
table_free(struct table * t)
{

	if (t == NULL)
		return;
	drop_pipeline(t);
	pipeline_plan_free(t->plan);
	watch_free(t->watch);
	checkpoint_free(t->checkpoint);
	job_free(t->job);
	loop_timer_free(t->timer);
	folder_close(&t->folder);
	free(t->name);
	free(t->cron);
	free(t->error);
	free(t);
}

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

void
table_event(struct table * t, enum job_event ev, struct mono now)
{

	job_event(t->job, ev, now);
	loop_at(t->timer, job_deadline(t->job));
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

void
table_check(struct table * t, struct mono now)
{
	unsigned kinds = WATCH_PROGRAM | WATCH_FILE;
	const char * what;

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
table_room(struct table * t, struct mono now)
{

	if (t->no_checkpoint && job_state(t->job) == JOB_BLOCKED)
		table_event(t, JOB_EV_CHANGED, now);
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
table_kill(struct table * t)
{

	t->killed = 1;
	if (t->pipeline != NULL)
		pipeline_kill(t->pipeline);
}

int
table_reaped(struct table * t, pid_t pid, const struct child_end * end,
    struct mono now)
{

	return (pipeline_reaped(t->pipeline, pid, end, now));
}

void
table_before_reap(struct table * t, pid_t pid)
{

	if (t->pipeline != NULL)
		pipeline_before_reap(t->pipeline, pid);
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
	    .error_wall = t->error_wall };
	if (t->checkpoint != NULL) {
		v->position = checkpoint_position(t->checkpoint);
		v->value = checkpoint_value(t->checkpoint);
		v->acked_wall = checkpoint_time(t->checkpoint);
	}
	if (state == JOB_RUNNING || state == JOB_STOPPING)
		v->running_us = mono_sub(now, t->begun);
	us = v->running_us > 0 ? v->running_us : t->duration_us;
	if (us >= SECOND_US / 1000)
		v->rate_per_minute = (int64_t)((double)(
		    v->run_counts.written > v->run_counts.read ?
		    v->run_counts.written : v->run_counts.read) *
		    (double)MINUTE_US / (double)us);
	if (!mono_is_never(job_due(t->job))) {
		us = mono_sub(job_due(t->job), now);
		v->next_wall = timestamp_now() + (us > 0 ? us : 0);
	}
}
