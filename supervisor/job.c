#include <stdlib.h>

#include "../common/mem.h"

#include "job.h"

/* A check of the servers that takes longer counts as passed. */
#define CHECK_US	(60 * SECOND_US)

struct job {
	const struct job_ops * ops;
	void * cookie;
	struct job_limits limits;
	struct backoff backoff;
	enum job_state state;
	struct mono deadline;
	struct mono due;	/* the next run, by schedule */
	struct mono begun;	/* this run or the last one */
	int ever;		/* there was a run */
	int in_run;		/* a run has begun and isn't over yet */
	int again;		/* another one follows */
	int interrupted;	/* the last one was stopped half-way */
	int pipeline;		/* there is one, running or idle */
	int stalled;		/* it is being killed for that */
	enum {
		AFTER_NEXT,	/* wait for the next run */
		AFTER_RUN,	/* go on with this one */
		AFTER_PAUSE,
		AFTER_BLOCK,
		AFTER_END
	} after;		/* JOB_STOPPING: what then */
};

typedef void action_fn(struct job * j, enum job_event ev, struct mono now);

static void
enter(struct job * j, enum job_state state, struct mono deadline,
    struct mono now)
{
	enum job_state from = j->state;

	j->state = state;
	j->deadline = deadline;
	if (from != state)
		j->ops->moved(j->cookie, from, state, now);
}

/*
 * Steps that several actions share.
 */

static struct mono
stall_deadline(const struct job * j, struct mono now)
{

	if (j->limits.stall_us == 0)
		return (MONO_NEVER);
	return (mono_add(now, j->limits.stall_us));
}

/* A try ended in a failure that may pass. */
static void
try_later(struct job * j, int64_t wait_us, struct mono now)
{

	enter(j, JOB_BACKOFF, mono_add(now, wait_us), now);
	j->ops->over(j->cookie, JOB_RETRY, now);
}

static void
run_over(struct job * j, enum job_outcome outcome, struct mono now)
{

	j->in_run = 0;
	j->interrupted = (outcome == JOB_INTERRUPTED);
	j->due = j->ops->due(j->cookie, j->begun, now);
	j->ops->over(j->cookie, outcome, now);
}

/* Count a temporary failure: another try, or none before the next turn. */
static void
count_failure(struct job * j, struct mono now)
{
	int64_t wait_us;

	if (backoff_temp(&j->backoff, &wait_us) == 0) {
		try_later(j, wait_us, now);
		return;
	}
	run_over(j, JOB_GAVE_UP, now);
	j->again = 0;
	enter(j, JOB_FAILED, j->due, now);
}

static void
count_crash(struct job * j, struct mono now)
{
	int64_t wait_us;

	backoff_crash(&j->backoff, now, &wait_us);
	try_later(j, wait_us, now);
}

static void
block(struct job * j, struct mono now)
{

	run_over(j, JOB_REFUSED, now);
	j->again = 0;
	enter(j, JOB_BLOCKED, MONO_NEVER, now);
}

static void
begin_round(struct job * j, struct mono now)
{

	j->stalled = 0;
	enter(j, JOB_RUNNING, stall_deadline(j, now), now);
	j->pipeline = 1;
	switch (j->ops->start(j->cookie, now)) {
	case JOB_STARTED:
		return;
	case JOB_NOT_STARTED:
		j->pipeline = 0;
		j->ops->leave(j->cookie, now);
		count_failure(j, now);
		return;
	case JOB_UNSTARTABLE:
		j->pipeline = 0;
		j->ops->leave(j->cookie, now);
		block(j, now);
		return;
	}
}

static void
want_run(struct job * j, struct mono now)
{

	if (!j->in_run) {
		j->in_run = 1;
		j->ever = 1;
		j->again = 0;
		j->interrupted = 0;
		j->begun = now;
	}
	if (j->pipeline) {
		begin_round(j, now);
		return;
	}
	enter(j, JOB_QUEUED, MONO_NEVER, now);
	j->ops->want(j->cookie, now);
}

/* Nothing runs, and no run is open: when is the next? */
static void
wait_turn(struct job * j, struct mono now)
{

	if (j->again)
		want_run(j, now);
	else
		enter(j, JOB_WAITING, j->due, now);
}

static void
stop_pipeline(struct job * j, int after, struct mono now)
{

	j->after = after;
	enter(j, JOB_STOPPING, mono_add(now, j->limits.stop_us), now);
	j->ops->drain(j->cookie);
}

/* The pipeline has gone. */
static void
lose_pipeline(struct job * j, struct mono now)
{

	j->pipeline = 0;
	j->ops->leave(j->cookie, now);
}

static void
check_servers(struct job * j, struct mono now)
{

	enter(j, JOB_CHECKING, mono_add(now, CHECK_US), now);
	j->ops->probe(j->cookie, now);
}

/*
 * The actions.
 */

static void
run_now(struct job * j, enum job_event ev, struct mono now)
{

	(void)ev;
	want_run(j, now);
}

/* As a person, or a changed file, asks for it: the past is forgotten. */
static void
run_afresh(struct job * j, enum job_event ev, struct mono now)
{

	(void)ev;
	backoff_reset(&j->backoff);
	want_run(j, now);
}

static void
run_again(struct job * j, enum job_event ev, struct mono now)
{

	(void)ev;
	(void)now;
	j->again = 1;
}

static void
got_place(struct job * j, enum job_event ev, struct mono now)
{

	(void)ev;
	begin_round(j, now);
}

static void
no_place(struct job * j, enum job_event ev, struct mono now)
{

	/* Not the table's fault: it isn't counted. */
	(void)ev;
	enter(j, JOB_BACKOFF, mono_add(now, backoff_jitter(&j->backoff,
	    j->limits.retry_delay_us)), now);
}

static void
pause_idle(struct job * j, enum job_event ev, struct mono now)
{

	(void)ev;
	if (j->pipeline) {
		stop_pipeline(j, AFTER_PAUSE, now);
		return;
	}
	if (j->state == JOB_QUEUED)
		j->ops->leave(j->cookie, now);
	if (j->in_run)
		run_over(j, JOB_INTERRUPTED, now);
	enter(j, JOB_PAUSED, MONO_NEVER, now);
}

static void
pause_running(struct job * j, enum job_event ev, struct mono now)
{

	(void)ev;
	stop_pipeline(j, AFTER_PAUSE, now);
}

static void
pause_stopping(struct job * j, enum job_event ev, struct mono now)
{

	(void)ev;
	(void)now;
	if (j->after == AFTER_NEXT || j->after == AFTER_RUN)
		j->after = AFTER_PAUSE;
}

static void
resume_paused(struct job * j, enum job_event ev, struct mono now)
{

	(void)ev;
	backoff_reset(&j->backoff);
	if (j->interrupted)
		want_run(j, now);
	else
		wait_turn(j, now);
}

static void
resume_stopping(struct job * j, enum job_event ev, struct mono now)
{

	(void)ev;
	(void)now;
	if (j->after == AFTER_PAUSE)
		j->after = j->in_run ? AFTER_RUN : AFTER_NEXT;
}

static void
replace_idle(struct job * j, enum job_event ev, struct mono now)
{

	(void)ev;
	if (j->pipeline)
		stop_pipeline(j, AFTER_NEXT, now);
}

static void
replace_running(struct job * j, enum job_event ev, struct mono now)
{

	(void)ev;
	stop_pipeline(j, AFTER_RUN, now);
}

static void
end_idle(struct job * j, enum job_event ev, struct mono now)
{

	(void)ev;
	if (j->pipeline) {
		stop_pipeline(j, AFTER_END, now);
		return;
	}
	if (j->state == JOB_QUEUED)
		j->ops->leave(j->cookie, now);
	if (j->in_run)
		run_over(j, JOB_INTERRUPTED, now);
	enter(j, JOB_ENDED, MONO_NEVER, now);
}

static void
end_running(struct job * j, enum job_event ev, struct mono now)
{

	(void)ev;
	stop_pipeline(j, AFTER_END, now);
}

static void
end_stopping(struct job * j, enum job_event ev, struct mono now)
{

	(void)ev;
	(void)now;
	j->after = AFTER_END;
}

static void
note_progress(struct job * j, enum job_event ev, struct mono now)
{

	(void)ev;
	backoff_reset(&j->backoff);
	if (j->state == JOB_RUNNING && !j->stalled)
		j->deadline = stall_deadline(j, now);
}

static void
stall(struct job * j, enum job_event ev, struct mono now)
{

	(void)ev;
	j->stalled = 1;
	j->deadline = MONO_NEVER;
	j->ops->stalled(j->cookie, now);
	j->ops->kill(j->cookie);
}

/* The round is complete, and the pipeline ready for another. */
static void
round_complete(struct job * j, enum job_event ev, struct mono now)
{

	(void)ev;
	backoff_reset(&j->backoff);
	run_over(j, JOB_OK, now);
	if (j->again || j->ops->keep(j->cookie))
		wait_turn(j, now);
	else
		stop_pipeline(j, AFTER_NEXT, now);
}

/* The last round came to its end while the pipeline was to stop. */
static void
round_while_stopping(struct job * j, enum job_event ev, struct mono now)
{

	(void)ev;
	if (!j->in_run)
		return;
	backoff_reset(&j->backoff);
	run_over(j, JOB_OK, now);
	if (j->after == AFTER_RUN)
		j->after = AFTER_NEXT;
}

static void
pipeline_done(struct job * j, enum job_event ev, struct mono now)
{

	(void)ev;
	lose_pipeline(j, now);
	backoff_reset(&j->backoff);
	run_over(j, JOB_OK, now);
	wait_turn(j, now);
}

/* Drained, though not by us: it goes on from where it was. */
static void
pipeline_stopped(struct job * j, enum job_event ev, struct mono now)
{

	(void)ev;
	lose_pipeline(j, now);
	count_crash(j, now);
}

static void
pipeline_failed(struct job * j, enum job_event ev, struct mono now)
{

	(void)ev;
	lose_pipeline(j, now);
	if (j->stalled)
		count_failure(j, now);
	else
		check_servers(j, now);
}

static void
pipeline_crashed(struct job * j, enum job_event ev, struct mono now)
{

	(void)ev;
	lose_pipeline(j, now);
	if (j->stalled)
		count_failure(j, now);
	else
		count_crash(j, now);
}

static void
pipeline_refused(struct job * j, enum job_event ev, struct mono now)
{

	(void)ev;
	lose_pipeline(j, now);
	block(j, now);
}

/* An idle pipeline has gone; the next round gets a new one. */
static void
idle_gone(struct job * j, enum job_event ev, struct mono now)
{

	(void)ev;
	if (j->pipeline)
		lose_pipeline(j, now);
}

static void
stop_at_once(struct job * j, enum job_event ev, struct mono now)
{

	(void)ev;
	if (j->state != JOB_STOPPING)
		enter(j, JOB_STOPPING, MONO_NEVER, now);
	if (j->after != AFTER_END)
		j->after = AFTER_BLOCK;
	j->ops->kill(j->cookie);
}

/* It can't be run at all. */
static void
block_idle(struct job * j, enum job_event ev, struct mono now)
{

	(void)ev;
	enter(j, JOB_BLOCKED, MONO_NEVER, now);
}

static void
out_of_time(struct job * j, enum job_event ev, struct mono now)
{

	(void)ev;
	(void)now;
	j->deadline = MONO_NEVER;
	j->ops->kill(j->cookie);
}

/* A pipeline that was to be replaced has ended: go on as it ended. */
static void
go_on(struct job * j, enum job_event ev, struct mono now)
{

	switch (ev) {
	case JOB_EV_PERM:
		block(j, now);
		break;
	case JOB_EV_TEMP:
		check_servers(j, now);
		break;
	case JOB_EV_DONE:
		backoff_reset(&j->backoff);
		run_over(j, JOB_OK, now);
		wait_turn(j, now);
		break;
	default:
		/* Drained, or killed at the deadline. */
		want_run(j, now);
		break;
	}
}

static void
stopped(struct job * j, enum job_event ev, struct mono now)
{
	enum job_outcome outcome = JOB_INTERRUPTED;

	lose_pipeline(j, now);
	if (ev == JOB_EV_DONE)
		outcome = JOB_OK;
	if (ev == JOB_EV_PERM)
		outcome = JOB_REFUSED;
	switch (j->after) {
	case AFTER_RUN:
		go_on(j, ev, now);
		return;
	case AFTER_NEXT:
		wait_turn(j, now);
		return;
	case AFTER_BLOCK:
		block(j, now);
		return;
	case AFTER_PAUSE:
	case AFTER_END:
		if (j->in_run)
			run_over(j, outcome, now);
		enter(j, j->after == AFTER_END ? JOB_ENDED : JOB_PAUSED,
		    MONO_NEVER, now);
		return;
	}
}

static void
server_away(struct job * j, enum job_event ev, struct mono now)
{

	(void)ev;
	if (j->state == JOB_QUEUED)
		j->ops->leave(j->cookie, now);
	enter(j, JOB_AWAY, MONO_NEVER, now);
}

/* It wasn't the servers. */
static void
servers_fine(struct job * j, enum job_event ev, struct mono now)
{

	(void)ev;
	count_failure(j, now);
}

static action_fn * const table[JOB_STATES][JOB_EVENTS] = {
	[JOB_WAITING] = {
		[JOB_EV_TIME] = run_now,
		[JOB_EV_TRIGGER] = run_now,
		[JOB_EV_PAUSE] = pause_idle,
		[JOB_EV_RESTART] = replace_idle,
		[JOB_EV_CHANGED] = replace_idle,
		[JOB_EV_CLOSE] = replace_idle,
		[JOB_EV_STOP] = end_idle,
		[JOB_EV_DONE] = idle_gone,
		[JOB_EV_STOPPED] = idle_gone,
		[JOB_EV_TEMP] = idle_gone,
		[JOB_EV_CRASHED] = idle_gone,
		[JOB_EV_PERM] = idle_gone,
		[JOB_EV_CRITICAL] = block_idle,
	},
	[JOB_QUEUED] = {
		[JOB_EV_PAUSE] = pause_idle,
		[JOB_EV_STOP] = end_idle,
		[JOB_EV_PLACE] = got_place,
		[JOB_EV_NO_PLACE] = no_place,
		[JOB_EV_AWAY] = server_away,
	},
	[JOB_RUNNING] = {
		[JOB_EV_TIME] = stall,
		[JOB_EV_TRIGGER] = run_again,
		[JOB_EV_PAUSE] = pause_running,
		[JOB_EV_RESTART] = replace_running,
		[JOB_EV_CHANGED] = replace_running,
		[JOB_EV_STOP] = end_running,
		[JOB_EV_ACK] = note_progress,
		[JOB_EV_ROUND] = round_complete,
		[JOB_EV_DONE] = pipeline_done,
		[JOB_EV_STOPPED] = pipeline_stopped,
		[JOB_EV_TEMP] = pipeline_failed,
		[JOB_EV_CRASHED] = pipeline_crashed,
		[JOB_EV_PERM] = pipeline_refused,
		[JOB_EV_CRITICAL] = stop_at_once,
	},
	[JOB_STOPPING] = {
		[JOB_EV_TIME] = out_of_time,
		[JOB_EV_TRIGGER] = run_again,
		[JOB_EV_PAUSE] = pause_stopping,
		[JOB_EV_RESUME] = resume_stopping,
		[JOB_EV_STOP] = end_stopping,
		[JOB_EV_ACK] = note_progress,
		[JOB_EV_ROUND] = round_while_stopping,
		[JOB_EV_DONE] = stopped,
		[JOB_EV_STOPPED] = stopped,
		[JOB_EV_TEMP] = stopped,
		[JOB_EV_CRASHED] = stopped,
		[JOB_EV_PERM] = stopped,
		[JOB_EV_CRITICAL] = stop_at_once,
	},
	[JOB_CHECKING] = {
		[JOB_EV_TIME] = servers_fine,
		[JOB_EV_PAUSE] = pause_idle,
		[JOB_EV_STOP] = end_idle,
		[JOB_EV_AWAY] = server_away,
		[JOB_EV_BACK] = servers_fine,
	},
	[JOB_BACKOFF] = {
		[JOB_EV_TIME] = run_now,
		[JOB_EV_TRIGGER] = run_now,
		[JOB_EV_PAUSE] = pause_idle,
		[JOB_EV_RESTART] = run_afresh,
		[JOB_EV_CHANGED] = run_afresh,
		[JOB_EV_STOP] = end_idle,
		[JOB_EV_AWAY] = server_away,
	},
	[JOB_AWAY] = {
		[JOB_EV_PAUSE] = pause_idle,
		[JOB_EV_STOP] = end_idle,
		[JOB_EV_BACK] = run_now,
	},
	[JOB_FAILED] = {
		[JOB_EV_TIME] = run_now,
		[JOB_EV_TRIGGER] = run_afresh,
		[JOB_EV_RESUME] = run_afresh,
		[JOB_EV_PAUSE] = pause_idle,
		[JOB_EV_RESTART] = run_afresh,
		[JOB_EV_CHANGED] = run_afresh,
		[JOB_EV_STOP] = end_idle,
	},
	[JOB_BLOCKED] = {
		[JOB_EV_TRIGGER] = run_afresh,
		[JOB_EV_RESUME] = run_afresh,
		[JOB_EV_PAUSE] = pause_idle,
		[JOB_EV_RESTART] = run_afresh,
		[JOB_EV_CHANGED] = run_afresh,
		[JOB_EV_STOP] = end_idle,
	},
	[JOB_PAUSED] = {
		[JOB_EV_RESUME] = resume_paused,
		[JOB_EV_STOP] = end_idle,
	},
	/* JOB_ENDED: nothing happens any more. */
};

void
job_event(struct job * j, enum job_event ev, struct mono now)
{
	action_fn * action = table[j->state][ev];

	if (action != NULL)
		action(j, ev, now);
}

struct job *
job_new(const struct job_ops * ops, void * cookie,
    const struct job_limits * limits, int paused, struct mono now,
    uint64_t seed)
{
	struct job * j = mem_new(1, sizeof *j);

	j->ops = ops;
	j->cookie = cookie;
	j->limits = *limits;
	backoff_init(&j->backoff, limits->max_retries,
	    limits->retry_delay_us, seed);
	j->due = now;
	j->state = paused ? JOB_PAUSED : JOB_WAITING;
	j->deadline = paused ? MONO_NEVER : now;
	return (j);
}

void
job_free(struct job * j)
{

	free(j);
}

void
job_set_limits(struct job * j, const struct job_limits * limits)
{

	j->limits = *limits;
	backoff_limits(&j->backoff, limits->max_retries,
	    limits->retry_delay_us);
}

void
job_reschedule(struct job * j, struct mono now)
{

	/* The first run is due at once by any schedule. */
	if (!j->ever)
		return;
	j->due = j->ops->due(j->cookie, j->begun, now);
	if (j->state == JOB_WAITING || j->state == JOB_FAILED)
		j->deadline = j->due;
}

enum job_state
job_state(const struct job * j)
{

	return (j->state);
}

struct mono
job_deadline(const struct job * j)
{

	return (j->deadline);
}

struct mono
job_due(const struct job * j)
{

	switch (j->state) {
	case JOB_BLOCKED:
	case JOB_PAUSED:
	case JOB_ENDED:
		return (MONO_NEVER);
	case JOB_WAITING:
	case JOB_FAILED:
	case JOB_BACKOFF:
		return (j->deadline);
	default:
		return (j->in_run ? MONO_NEVER : j->due);
	}
}

int
job_again(const struct job * j)
{

	return (j->again);
}

uint64_t
job_tries(const struct job * j)
{

	return (j->backoff.tries);
}

unsigned
job_crashes(const struct job * j)
{

	return (j->backoff.crashes);
}

int
job_has_pipeline(const struct job * j)
{

	return (j->pipeline);
}

const char *
job_state_name(enum job_state s)
{
	static const char * const names[JOB_STATES] = { "waiting", "queued",
		"running", "stopping", "checking", "backoff", "away",
		"failed", "blocked", "paused", "ended" };

	return (names[s]);
}

const char *
job_event_name(enum job_event ev)
{
	static const char * const names[JOB_EVENTS] = { "time", "trigger",
		"pause", "resume", "restart", "changed", "close", "stop",
		"place", "no place", "away", "back", "ack", "round", "done",
		"stopped", "temp", "crashed", "perm", "critical" };

	return (names[ev]);
}
