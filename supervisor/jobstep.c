#include "jobstep.h"

/* A check of the servers that takes longer counts as passed. */
#define CHECK_US	(60 * SECOND_US)

void
step_enter(struct job * j, enum job_state state, struct mono deadline,
    struct mono now)
{
	enum job_state from = j->state;

	j->state = state;
	j->deadline = deadline;
	if (from != state)
		j->ops->moved(j->cookie, from, state, now);
}

struct mono
step_stall_deadline(const struct job * j, struct mono now)
{

	if (j->limits.stall_us == 0)
		return (MONO_NEVER);
	return (mono_add(now, j->limits.stall_us));
}

/* A try ended in a failure that may pass. */
static void
try_later(struct job * j, int64_t wait_us, struct mono now)
{

	step_enter(j, JOB_BACKOFF, mono_add(now, wait_us), now);
	j->ops->over(j->cookie, JOB_RETRY, now);
}

void
step_run_over(struct job * j, enum job_outcome outcome, struct mono now)
{

	j->in_run = 0;
	j->interrupted = (outcome == JOB_INTERRUPTED);
	j->due = j->ops->due(j->cookie, j->begun, now);
	j->ops->over(j->cookie, outcome, now);
}

/* Count a temporary failure: another try, or none before the next turn. */
void
step_count_failure(struct job * j, struct mono now)
{
	int64_t wait_us;

	if (backoff_temp(&j->backoff, &wait_us) == 0) {
		try_later(j, wait_us, now);
		return;
	}
	step_run_over(j, JOB_GAVE_UP, now);
	j->again = 0;
	step_enter(j, JOB_FAILED, j->due, now);
}

void
step_count_crash(struct job * j, struct mono now)
{
	int64_t wait_us;

	backoff_crash(&j->backoff, now, &wait_us);
	try_later(j, wait_us, now);
}

void
step_block(struct job * j, struct mono now)
{

	step_run_over(j, JOB_REFUSED, now);
	j->again = 0;
	step_enter(j, JOB_BLOCKED, MONO_NEVER, now);
}

void
step_begin_round(struct job * j, struct mono now)
{

	j->stalled = 0;
	j->doubtful = 0;
	step_enter(j, JOB_RUNNING, step_stall_deadline(j, now), now);
	j->pipeline = 1;
	switch (j->ops->start(j->cookie, now)) {
	case JOB_STARTED:
		return;
	case JOB_NOT_STARTED:
		j->pipeline = 0;
		j->ops->leave(j->cookie, now);
		step_count_failure(j, now);
		return;
	case JOB_UNSTARTABLE:
		j->pipeline = 0;
		j->ops->leave(j->cookie, now);
		step_block(j, now);
		return;
	}
}

void
step_want_run(struct job * j, struct mono now)
{

	if (!j->in_run) {
		j->in_run = 1;
		j->ever = 1;
		j->again = 0;
		j->interrupted = 0;
		j->begun = now;
		j->due = j->ops->due(j->cookie, now, now);
	}
	if (j->pipeline) {
		step_begin_round(j, now);
		return;
	}
	step_enter(j, JOB_QUEUED, MONO_NEVER, now);
	j->ops->want(j->cookie, now);
}

/* Nothing runs, and no run is open: when is the next? */
void
step_wait_turn(struct job * j, struct mono now)
{

	if (j->again)
		step_want_run(j, now);
	else
		step_enter(j, JOB_WAITING, j->due, now);
}

void
step_stop_pipeline(struct job * j, int after, struct mono now)
{

	j->after = after;
	step_enter(j, JOB_STOPPING, mono_add(now, j->limits.stop_us), now);
	j->ops->drain(j->cookie);
}

/* The pipeline has gone. */
void
step_lose_pipeline(struct job * j, struct mono now)
{

	j->pipeline = 0;
	j->ops->leave(j->cookie, now);
}

void
step_check_servers(struct job * j, struct mono now)
{

	step_enter(j, JOB_CHECKING, mono_add(now, CHECK_US), now);
	j->ops->probe(j->cookie, now);
}
