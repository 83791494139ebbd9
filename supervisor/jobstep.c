#include "jobstep.h"

/* A check of the servers that takes longer counts as passed. */
#define CHECK_US	(60 * SECOND_US)

void
step_enter(struct job * j, enum job_state state, struct mono deadline)
{
	enum job_state from = j->state;

	j->state = state;
	j->deadline = deadline;
	if (from != state)
		j->ops->moved(j->cookie, from, state, j->now);
}

struct mono
step_stall_deadline(const struct job * j)
{

	if (j->limits.stall_us == 0)
		return (MONO_NEVER);
	return (mono_add(j->now, j->limits.stall_us));
}

/* A try ended in a failure that may pass. */
static void
try_later(struct job * j, int64_t wait_us)
{

	step_enter(j, JOB_BACKOFF, mono_add(j->now, wait_us));
	j->ops->over(j->cookie, JOB_RETRY, j->now);
}

void
step_run_over(struct job * j, enum job_outcome outcome)
{

	j->in_run = 0;
	j->interrupted = (outcome == JOB_INTERRUPTED);
	j->due = j->ops->due(j->cookie, j->begun, j->now);
	j->ops->over(j->cookie, outcome, j->now);
}

/* Count a temporary failure: another try, or none before the next turn. */
void
step_count_failure(struct job * j)
{
	int64_t wait_us;

	if (backoff_temp(&j->backoff, &wait_us) == 0) {
		try_later(j, wait_us);
		return;
	}
	step_run_over(j, JOB_GAVE_UP);
	j->again = 0;
	step_enter(j, JOB_FAILED, j->due);
}

void
step_count_crash(struct job * j)
{
	int64_t wait_us;

	backoff_crash(&j->backoff, j->now, &wait_us);
	try_later(j, wait_us);
}

void
step_block(struct job * j)
{

	step_run_over(j, JOB_REFUSED);
	j->again = 0;
	step_enter(j, JOB_BLOCKED, MONO_NEVER);
}

void
step_begin_round(struct job * j)
{

	j->stalled = 0;
	j->doubtful = 0;
	step_enter(j, JOB_RUNNING, step_stall_deadline(j));
	j->pipeline = 1;
	switch (j->ops->start(j->cookie, j->now)) {
	case JOB_STARTED:
		return;
	case JOB_NOT_STARTED:
		j->pipeline = 0;
		j->ops->leave(j->cookie, j->now);
		step_count_failure(j);
		return;
	case JOB_UNSTARTABLE:
		j->pipeline = 0;
		j->ops->leave(j->cookie, j->now);
		step_block(j);
		return;
	}
}

void
step_want_run(struct job * j)
{

	if (!j->in_run) {
		j->in_run = 1;
		j->ever = 1;
		j->again = 0;
		j->interrupted = 0;
		j->begun = j->now;
		j->due = j->ops->due(j->cookie, j->now, j->now);
	}
	if (j->pipeline) {
		step_begin_round(j);
		return;
	}
	step_enter(j, JOB_QUEUED, MONO_NEVER);
	j->ops->want(j->cookie, j->now);
}

/* Nothing runs, and no run is open: when is the next? */
void
step_wait_turn(struct job * j)
{

	if (j->again)
		step_want_run(j);
	else
		step_enter(j, JOB_WAITING, j->due);
}

void
step_stop_pipeline(struct job * j, int after)
{

	j->after = after;
	step_enter(j, JOB_STOPPING, mono_add(j->now, j->limits.stop_us));
	j->ops->drain(j->cookie);
}

/* The pipeline has gone. */
void
step_lose_pipeline(struct job * j)
{

	j->pipeline = 0;
	j->ops->leave(j->cookie, j->now);
}

void
step_check_servers(struct job * j)
{

	step_enter(j, JOB_CHECKING, mono_add(j->now, CHECK_US));
	j->ops->probe(j->cookie, j->now);
}
