#include <stddef.h>

#include "jobstep.h"

/*
 * What the table at the end leads to: these, or a step that is all there is
 * to do.  ${j->ev} says which event it is, to the few that ask.
 */
typedef void action_fn(struct job * j);

static void
leave_queue(struct job * j)
{

	if (j->state == JOB_QUEUED)
		j->ops->leave(j->cookie, j->now);
}

/* As a person, or a changed file, asks for it: the past is forgotten. */
static void
run_afresh(struct job * j)
{

	backoff_reset(&j->backoff);
	step_want_run(j);
}

static void
run_again(struct job * j)
{

	j->again = 1;
}

static void
no_place(struct job * j)
{

	/* Not the table's fault: it isn't counted. */
	step_enter(j, JOB_BACKOFF, mono_add(j->now, backoff_jitter(&j->backoff,
	    j->limits.retry_delay_us)));
}

/* Nothing runs: be in ${state}, once an idle pipeline has gone. */
static void
rest(struct job * j, int after, enum job_state state)
{

	if (j->pipeline) {
		step_stop_pipeline(j, after);
		return;
	}
	leave_queue(j);
	if (j->in_run)
		step_run_over(j, JOB_INTERRUPTED);
	step_enter(j, state, MONO_NEVER);
}

static void
pause_idle(struct job * j)
{

	rest(j, AFTER_PAUSE, JOB_PAUSED);
}

static void
end_idle(struct job * j)
{

	rest(j, AFTER_END, JOB_ENDED);
}

static void
pause_running(struct job * j)
{

	step_stop_pipeline(j, AFTER_PAUSE);
}

static void
pause_stopping(struct job * j)
{

	if (j->after == AFTER_NEXT || j->after == AFTER_RUN)
		j->after = AFTER_PAUSE;
}

static void
resume_paused(struct job * j)
{

	backoff_reset(&j->backoff);
	if (j->interrupted)
		step_want_run(j);
	else
		step_wait_turn(j);
}

static void
resume_stopping(struct job * j)
{

	if (j->after == AFTER_PAUSE)
		j->after = j->in_run ? AFTER_RUN : AFTER_NEXT;
}

static void
replace_idle(struct job * j)
{

	if (j->pipeline)
		step_stop_pipeline(j, AFTER_NEXT);
}

static void
replace_running(struct job * j)
{

	step_stop_pipeline(j, AFTER_RUN);
}

static void
end_running(struct job * j)
{

	step_stop_pipeline(j, AFTER_END);
}

static void
end_stopping(struct job * j)
{

	j->after = AFTER_END;
}

static void
note_progress(struct job * j)
{

	j->doubtful = 0;
	if (!j->limits.strict)
		backoff_reset(&j->backoff);
	if (j->state == JOB_RUNNING && !j->stalled)
		j->deadline = step_stall_deadline(j);
}

static void
stall(struct job * j)
{

	j->stalled = 1;
	j->deadline = MONO_NEVER;
	j->ops->stalled(j->cookie, j->now);
	j->ops->kill(j->cookie);
}

static void
doubt(struct job * j)
{

	j->doubtful = 1;
}

/*
 * A connection that was open while its server went may hang for minutes
 * after it is back.  What is killed goes on at once, as after a crash.
 */
static void
resolve_doubt(struct job * j)
{

	if (j->doubtful && !j->stalled)
		j->ops->kill(j->cookie);
	j->doubtful = 0;
}

static void
run_done(struct job * j)
{

	backoff_reset(&j->backoff);
	step_run_over(j, JOB_OK);
}

/* The round is complete, and the pipeline ready for another. */
static void
round_complete(struct job * j)
{

	run_done(j);
	if (j->again || j->ops->keep(j->cookie))
		step_wait_turn(j);
	else
		step_stop_pipeline(j, AFTER_NEXT);
}

/* The last round came to its end while the pipeline was to stop. */
static void
round_while_stopping(struct job * j)
{

	if (!j->in_run)
		return;
	run_done(j);
	if (j->after == AFTER_RUN)
		j->after = AFTER_NEXT;
}

static void
pipeline_done(struct job * j)
{

	step_lose_pipeline(j);
	run_done(j);
	step_wait_turn(j);
}

/* Drained, though not by us: it goes on from where it was. */
static void
pipeline_stopped(struct job * j)
{

	step_lose_pipeline(j);
	step_count_crash(j);
}

static void
pipeline_failed(struct job * j)
{

	step_lose_pipeline(j);
	if (j->stalled)
		step_count_failure(j);
	else
		step_check_servers(j);
}

static void
pipeline_crashed(struct job * j)
{

	step_lose_pipeline(j);
	if (j->stalled)
		step_count_failure(j);
	else
		step_count_crash(j);
}

static void
pipeline_refused(struct job * j)
{

	step_lose_pipeline(j);
	step_block(j);
}

/* An idle pipeline has gone; the next round gets a new one. */
static void
idle_gone(struct job * j)
{

	if (j->pipeline)
		step_lose_pipeline(j);
}

static void
stop_at_once(struct job * j)
{

	if (j->state != JOB_STOPPING)
		step_enter(j, JOB_STOPPING, MONO_NEVER);
	if (j->after != AFTER_END)
		j->after = AFTER_BLOCK;
	j->ops->kill(j->cookie);
}

/* It can't be run at all. */
static void
block_idle(struct job * j)
{

	if (j->pipeline)
		stop_at_once(j);
	else
		step_enter(j, JOB_BLOCKED, MONO_NEVER);
}

/* The same with a run that waits. */
static void
block_waiting(struct job * j)
{

	leave_queue(j);
	step_block(j);
}

static void
out_of_time(struct job * j)
{

	j->deadline = MONO_NEVER;
	j->ops->kill(j->cookie);
}

/* A pipeline that was to be replaced has ended: go on as it ended. */
static void
go_on(struct job * j, enum job_event ev)
{

	switch (ev) {
	case JOB_EV_PERM:
		step_block(j);
		break;
	case JOB_EV_TEMP:
		step_check_servers(j);
		break;
	case JOB_EV_DONE:
		run_done(j);
		step_wait_turn(j);
		break;
	default:
		/* Drained, or killed at the deadline. */
		step_want_run(j);
		break;
	}
}

static void
stopped(struct job * j)
{
	enum job_event ev = j->ev;
	enum job_outcome outcome = JOB_INTERRUPTED;

	step_lose_pipeline(j);
	if (ev == JOB_EV_DONE)
		outcome = JOB_OK;
	if (ev == JOB_EV_PERM)
		outcome = JOB_REFUSED;
	switch (j->after) {
	case AFTER_RUN:
		go_on(j, ev);
		return;
	case AFTER_NEXT:
		step_wait_turn(j);
		return;
	case AFTER_BLOCK:
		step_block(j);
		return;
	case AFTER_PAUSE:
	case AFTER_END:
		if (j->in_run)
			step_run_over(j, outcome);
		step_enter(j, j->after == AFTER_END ? JOB_ENDED : JOB_PAUSED,
		    MONO_NEVER);
		return;
	}
}

static void
server_away(struct job * j)
{

	leave_queue(j);
	step_enter(j, JOB_AWAY, MONO_NEVER);
}

static action_fn * const table[JOB_STATES][JOB_EVENTS] = {
	[JOB_WAITING] = {
		[JOB_EV_TIME] = step_want_run,
		[JOB_EV_TRIGGER] = step_want_run,
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
		[JOB_EV_PLACE] = step_begin_round,
		[JOB_EV_NO_PLACE] = no_place,
		[JOB_EV_AWAY] = server_away,
		[JOB_EV_CRITICAL] = block_waiting,
	},
	[JOB_RUNNING] = {
		[JOB_EV_TIME] = stall,
		[JOB_EV_TRIGGER] = run_again,
		[JOB_EV_PAUSE] = pause_running,
		[JOB_EV_RESTART] = replace_running,
		[JOB_EV_CHANGED] = replace_running,
		[JOB_EV_STOP] = end_running,
		[JOB_EV_AWAY] = doubt,
		[JOB_EV_BACK] = resolve_doubt,
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
		[JOB_EV_TIME] = step_count_failure,
		[JOB_EV_PAUSE] = pause_idle,
		[JOB_EV_STOP] = end_idle,
		[JOB_EV_AWAY] = server_away,
		[JOB_EV_BACK] = step_count_failure,
		[JOB_EV_CRITICAL] = block_waiting,
	},
	[JOB_BACKOFF] = {
		[JOB_EV_TIME] = step_want_run,
		[JOB_EV_TRIGGER] = step_want_run,
		[JOB_EV_PAUSE] = pause_idle,
		[JOB_EV_RESTART] = run_afresh,
		[JOB_EV_CHANGED] = run_afresh,
		[JOB_EV_STOP] = end_idle,
		[JOB_EV_AWAY] = server_away,
		[JOB_EV_CRITICAL] = block_waiting,
	},
	[JOB_AWAY] = {
		[JOB_EV_PAUSE] = pause_idle,
		[JOB_EV_STOP] = end_idle,
		[JOB_EV_BACK] = step_want_run,
		[JOB_EV_CRITICAL] = block_waiting,
	},
	[JOB_FAILED] = {
		[JOB_EV_TIME] = step_want_run,
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
act_on(struct job * j, enum job_event ev, struct mono now)
{
	action_fn * action = table[j->state][ev];

	j->ev = ev;
	j->now = now;
	if (action != NULL)
		action(j);
}
