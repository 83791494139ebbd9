#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/mem.h"
#include "../common/timestamp.h"

#include "verifier_impl.h"

/*
 * When a table is looked at: its job, of which a run is a look.
 */

#define FIRST_US	(10 * MINUTE_US)	/* behind the first copy */
#define AGAIN_US	(60 * MINUTE_US)	/* when it has given up */
#define BLOCKED_US	(24 * 60 * MINUTE_US)	/* when it was refused */
#define DAY_US		(24 * 60 * MINUTE_US)
#define STOP_US		(2 * SECOND_US)	/* a look that is cut off goes on */

void
verifier_note_error(struct verifier * v, const char * text)
{

	free(v->error);
	v->error = mem_dup(text);
	v->error_wall = timestamp_now();
}

void
verifier_tell(struct verifier * v, enum event_kind kind,
    enum log_level level, const char * text)
{
	struct event ev = { .kind = kind, .level = level,
	    .wall_us = timestamp_now(), .table = v->name, .run = v->run,
	    .text = text, .us = -1 };

	v->host->tell(v->host->cookie, &ev);
}

/* Not oftener than it is wanted. */
static int64_t
sparing(const struct verifier * v, int64_t us)
{
	int64_t interval = v->schedule.interval_us;

	return (interval > 0 && interval < us ? interval : us);
}

/* When the cycle behind the one that began last is due. */
static struct mono
next_cycle(const struct verifier * v, struct mono now)
{
	int64_t wall = timestamp_now(), begun = v->cycle.begun;

	if (!v->on)
		return (MONO_NEVER);
	if (begun == 0 && v->schedule.interval_us > 0)
		return (mono_add(v->ready, sparing(v, FIRST_US)));
	if (begun == 0 || begun > wall)
		begun = wall - mono_sub(now, v->ready);
	return (schedule_next(&v->schedule, mono_add(now, begun - wall),
	    begun, now, wall));
}

/* When the next look of the one that is open is due. */
static struct mono
next_look(const struct verifier * v, struct mono now)
{

	if (mono_is_never(v->looked)) {
		/* It was cut off by a restart, or has failed. */
		return (mono_is_never(v->began) ? now :
		    mono_add(v->began, sparing(v, AGAIN_US)));
	}
	if (cycle_awaits_sync(&v->cycle) && !v->synced)
		return (MONO_NEVER);
	return (mono_add(v->looked, v->host->cfg->verify_wait_us));
}

/*
 * What the job asks for.
 */

static enum job_start
op_start(void * cookie, struct mono now)
{
	struct verifier * v = cookie;
	enum job_start r = verifier_look(v, now);

	if (r != JOB_STARTED)
		verifier_note_error(v, "it can't be started: the log says "
		    "why");
	return (r);
}

static void
op_drain(void * cookie)
{
	struct verifier * v = cookie;

	v->draining = 1;
	if (v->pipeline != NULL)
		pipeline_drain(v->pipeline);
}

static void
op_kill(void * cookie)
{

	verifier_kill(cookie);
}

static void
op_want(void * cookie, struct mono now)
{
	struct verifier * v = cookie;

	v->host->look_want(v->host->cookie, v->i, v->cycle.look > 1, now);
}

static void
op_leave(void * cookie, struct mono now)
{
	struct verifier * v = cookie;

	(void)now;
	v->host->look_leave(v->host->cookie, v->i);
}

static void
op_probe(void * cookie, struct mono now)
{
	struct verifier * v = cookie;

	v->host->probe(v->host->cookie, v->i, now);
}

static struct mono
op_due(void * cookie, struct mono begun, struct mono now)
{
	const struct verifier * v = cookie;
	struct mono due;

	(void)begun;
	if (mono_is_never(v->ready))
		return (MONO_NEVER);
	due = v->cycle.look != 0 ? next_look(v, now) : next_cycle(v, now);
	return (mono_due(due, now) ? now : due);
}

static void
op_stalled(void * cookie, struct mono now)
{
	struct verifier * v = cookie;

	(void)now;
	verifier_note_error(v, "no progress");
	VERIFIER_SAY(v, LOG_LEVEL_ERROR, "%s: verification makes no progress "
	    "(SYNC_STALL_SECONDS): it is killed", v->name);
}

static int
op_keep(void * cookie)
{

	(void)cookie;
	return (0);
}

static void
op_over(void * cookie, enum job_outcome outcome, struct mono now)
{
	struct verifier * v = cookie;

	(void)now;
	if (outcome != JOB_GAVE_UP && outcome != JOB_REFUSED)
		return;
	cycle_failed(&v->cycle);
	if (v->dirfd != -1)
		verifier_save(v);
	VERIFIER_SAY(v, LOG_LEVEL_ERROR, "%s: verification has failed, and "
	    "is tried again at its turn", v->name);
	verifier_tell(v, EVENT_VERIFY_FAILED, LOG_LEVEL_ERROR, v->error);
}

static void
op_moved(void * cookie, enum job_state from, enum job_state to,
    struct mono now)
{
	struct verifier * v = cookie;

	(void)now;
	log_debug("%s: verification: %s -> %s", v->name,
	    job_state_name(from), job_state_name(to));
}

static const struct job_ops ops = { op_start, op_drain, op_kill, op_want,
	op_leave, op_probe, op_due, op_stalled, op_keep, op_over, op_moved };

/*
 * From outside.
 */

static void
on_timer(void * cookie, struct mono now)
{
	struct verifier * v = cookie;

	job_event(v->job, JOB_EV_TIME, now);
	loop_at(v->timer, job_deadline(v->job));
}

struct verifier *
verifier_new(struct table_host * host, size_t i, const char * name,
    const struct folder * folder, char ** schema, int paused,
    struct mono now)
{
	struct verifier * v = mem_new(1, sizeof *v);
	struct job_limits limits = { 0, 0, 0, 0, 1 };

	v->host = host;
	v->i = i;
	v->name = name;
	v->folder = folder;
	v->schema = schema;
	v->dirfd = v->out_fd = -1;
	v->ready = v->began = v->looked = v->sync_begun = MONO_NEVER;
	v->paused = paused;
	v->watch = watch_new();
	v->job = job_new(&ops, v, &limits, paused, now,
	    (uint64_t)timestamp_now() ^ (uint64_t)i << 48 ^ UINT64_MAX);
	v->timer = loop_timer(host->lp, "verification", on_timer, v);

	/* If it can't be opened that is said when it is needed. */
	if (folder->dirfd != -1)
		(void)verifier_open_files(v, 0);

	/* What the last look has found is still good, if it is there. */
	if (v->cycle.look > 1)
		v->looked = now;
	job_since(v->job, now, now);
	loop_at(v->timer, job_deadline(v->job));
	return (v);
}

void
verifier_free(struct verifier * v)
{

	if (v == NULL)
		return;
	verifier_drop(v);
	pipeline_plan_free(v->plan);
	watch_free(v->watch);
	job_free(v->job);
	loop_timer_free(v->timer);
	if (v->dirfd != -1)
		close(v->dirfd);
	free(v->path);
	free(v->cron);
	free(v->error);
	free(v);
}

void
verifier_event(struct verifier * v, enum job_event ev, struct mono now)
{

	if (ev == JOB_EV_PAUSE)
		v->paused = 1;
	else if (ev == JOB_EV_RESUME)
		v->paused = 0;
	if (ev != JOB_EV_RESUME || !v->put_down)
		job_event(v->job, ev, now);
	job_reschedule(v->job, now);
	loop_at(v->timer, job_deadline(v->job));
}

/* It was switched off or on. */
static void
turn(struct verifier * v, int on, struct mono now)
{

	v->on = on;
	if (!on && v->cycle.look != 0 && !v->put_down) {
		v->put_down = 1;
		job_event(v->job, JOB_EV_PAUSE, now);
	} else if (on && v->put_down) {
		v->put_down = 0;
		if (!v->paused)
			job_event(v->job, JOB_EV_RESUME, now);
	}
}

void
verifier_settings(struct verifier * v, const struct job_limits * limits,
    struct mono now)
{
	const struct config * c = v->host->cfg;
	struct job_limits own = *limits;
	struct schedule s;
	const char * cron;
	int on;

	if ((on = config_verify(c, v->name, &s, &cron)) == -1)
		return;
	own.strict = 1;
	if (own.stop_us > STOP_US)
		own.stop_us = STOP_US;
	job_set_limits(v->job, &own);
	v->schedule = s;
	free(v->cron);
	v->cron = mem_dup(cron);
	v->repair = c->verify_repair;
	turn(v, on, now);
	job_reschedule(v->job, now);
	loop_at(v->timer, job_deadline(v->job));
}

void
verifier_synced(struct verifier * v, struct mono begun, struct mono now)
{

	if (mono_is_never(v->ready))
		v->ready = now;
	if (!mono_is_never(v->sync_begun))
		v->sync_us = mono_sub(begun, v->sync_begun);
	v->sync_begun = begun;
	if (!mono_is_never(v->looked) && begun.us >= v->looked.us)
		v->synced = 1;
	job_reschedule(v->job, now);
	loop_at(v->timer, job_deadline(v->job));
}

void
verifier_place(struct verifier * v, int fit, struct mono now)
{

	if (!fit)
		v->host->look_leave(v->host->cookie, v->i);
	verifier_event(v, fit ? JOB_EV_PLACE : JOB_EV_NO_PLACE, now);
}

void
verifier_health(struct verifier * v, int away, struct mono now)
{
	enum job_event ev = job_health(v->job, away);

	if (ev != JOB_EVENTS)
		verifier_event(v, ev, now);
}

void
verifier_doubt(struct verifier * v, enum job_event ev, struct mono now)
{

	if (job_state(v->job) == JOB_RUNNING)
		verifier_event(v, ev, now);
}

void
verifier_forgive(struct verifier * v, struct mono now)
{
	enum job_state is = job_state(v->job);

	if (is == JOB_BLOCKED || is == JOB_FAILED)
		verifier_event(v, JOB_EV_CHANGED, now);
}

enum steer
verifier_ask(struct verifier * v, struct mono now)
{

	if (v->paused)
		return (STEER_PAUSED);
	if (mono_is_never(v->ready))
		return (STEER_EARLY);
	switch (job_state(v->job)) {
	case JOB_PAUSED:
		v->put_down = 0;
		verifier_event(v, JOB_EV_RESUME, now);
		break;
	case JOB_WAITING:
		if (v->cycle.look != 0)
			return (STEER_ALREADY);
		break;
	case JOB_BACKOFF:
	case JOB_FAILED:
	case JOB_BLOCKED:
		break;
	case JOB_ENDED:
		return (STEER_NO_TABLE);
	default:
		return (STEER_ALREADY);
	}
	verifier_event(v, JOB_EV_TRIGGER, now);
	return (STEER_DONE);
}

void
verifier_tick(struct verifier * v, struct mono now)
{
	unsigned kinds = WATCH_PROGRAM | WATCH_FILE;
	enum job_state is = job_state(v->job);
	const char * what;

	if (is == JOB_BLOCKED || is == JOB_FAILED || is == JOB_BACKOFF)
		kinds |= WATCH_SETTINGS;
	else if (is != JOB_RUNNING)
		return;
	if ((what = watch_changed(v->watch, kinds)) != NULL) {
		VERIFIER_SAY(v, LOG_LEVEL_INFO, "%s: %s has changed: "
		    "verification %s", v->name, what, is == JOB_RUNNING ?
		    "goes on with new processes" : "is tried again");
		verifier_event(v, JOB_EV_CHANGED, now);
	} else if (is == JOB_BLOCKED && !mono_is_never(v->began) &&
	    mono_sub(now, v->began) >= sparing(v, BLOCKED_US))
		verifier_event(v, JOB_EV_TRIGGER, now);
}

void
verifier_overlooks(struct verifier * v, int yes)
{

	/* If it can't be kept it holds as long as we live. */
	if (yes && !v->cycle.overlooks)
		(void)verifier_open_files(v, 1);
	if (cycle_overlooks(&v->cycle, yes) && v->dirfd != -1)
		(void)verifier_save(v);
}

int
verifier_cover(const struct verifier * v, struct guarantee_cover * cover)
{
	struct cycle_plan plan = { v->on, v->repair,
	    v->schedule.interval_us, v->sync_us +
	    CYCLE_LOOKS * v->host->cfg->verify_wait_us };
	int64_t wall;

	if (v->plan != NULL && !command_may_repair(v->plan))
		plan.repair = 0;
	if (v->on && plan.period_us == 0) {
		wall = cron_next(&v->schedule.cron, v->cycle.done_begun /
		    SECOND_US);
		plan.period_us = wall == -1 ? 366 * DAY_US :
		    wall * SECOND_US - v->cycle.done_begun;
	}
	return (cycle_cover(&v->cycle, &plan, timestamp_now(), cover));
}

int
verifier_ended(const struct verifier * v)
{

	return (job_state(v->job) == JOB_ENDED);
}

void
verifier_kill(struct verifier * v)
{

	v->killed = 1;
	if (v->pipeline != NULL)
		pipeline_kill(v->pipeline);
}

int
verifier_reaped(struct verifier * v, pid_t pid, const struct child_end * end,
    struct mono now)
{

	return (pipeline_reaped(v->pipeline, pid, end, now));
}

void
verifier_before_reap(struct verifier * v, pid_t pid)
{

	if (v->pipeline != NULL)
		pipeline_before_reap(v->pipeline, pid);
}

void
verifier_fill(const struct verifier * v, struct verify_view * view)
{
	const struct cycle * c = &v->cycle;
	int64_t now = timestamp_now();
	struct guarantee_cover cover;
	struct mono due = job_due(v->job);

	*view = (struct verify_view) { .state = job_state(v->job),
	    .on = v->on, .repair = v->repair,
	    .run = v->run[0] != '\0' ? v->run : NULL, .look = c->look,
	    .looks = CYCLE_LOOKS, .begun_wall = c->look != 0 ? c->begun : 0,
	    .rows = v->rows, .interval_us = v->schedule.interval_us,
	    .cron = v->cron, .done_begun_wall = c->done_begun,
	    .done_wall = c->done_ended, .compared = c->done.compared,
	    .missing = c->done.missing, .different = c->done.different,
	    .extra = c->done.extra, .left_out = c->done.left_out,
	    .mended = c->done_mended, .left = c->left, .foreign = c->foreign,
	    .held = c->held,
	    .failed = c->failed, .age_us = -1, .total = v->total,
	    .mended_total = v->mended, .error = v->error,
	    .error_wall = v->error_wall };
	view->overdue = verifier_cover(v, &cover);
	if (c->done_ended != 0)
		view->age_us = now > c->done_begun ? now - c->done_begun : 0;
	if (c->left_since != 0)
		view->mismatch_us = now > c->left_since ?
		    now - c->left_since : 0;
	if (!mono_is_never(due)) {
		view->next_wall = due.us + v->host->wall_ahead;
		if (view->next_wall < now)
			view->next_wall = now;
	}
}
