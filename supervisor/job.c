#include <stdlib.h>

#include "../common/mem.h"

#include "jobstep.h"

void
job_event(struct job * j, enum job_event ev, struct mono now)
{

	act_on(j, ev, now);
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
job_since(struct job * j, struct mono begun, struct mono now)
{

	j->ever = 1;
	j->begun = begun;
	job_reschedule(j, now);
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
	case JOB_STOPPING:
		if (j->after != AFTER_RUN && j->after != AFTER_NEXT)
			return (MONO_NEVER);
		return (j->due);
	default:
		return (j->due);
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
job_doubtful(const struct job * j)
{

	return (j->state == JOB_RUNNING && j->doubtful);
}

enum job_event
job_health(const struct job * j, int away)
{

	switch (j->state) {
	case JOB_CHECKING:
	case JOB_AWAY:
		return (away ? JOB_EV_AWAY : JOB_EV_BACK);
	case JOB_QUEUED:
	case JOB_BACKOFF:
		return (away ? JOB_EV_AWAY : JOB_EVENTS);
	default:
		return (JOB_EVENTS);
	}
}

int
job_has_pipeline(const struct job * j)
{

	return (j->pipeline);
}

enum job_event
job_event_of(enum pipeline_result r)
{
	static const enum job_event events[] = {
		[PIPELINE_DONE] = JOB_EV_DONE,
		[PIPELINE_STOPPED] = JOB_EV_STOPPED,
		[PIPELINE_TEMP] = JOB_EV_TEMP,
		[PIPELINE_CRASHED] = JOB_EV_CRASHED,
		[PIPELINE_PERM] = JOB_EV_PERM
	};

	return (events[r]);
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
