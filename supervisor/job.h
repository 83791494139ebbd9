#ifndef JOB_H_
#define JOB_H_

#include <stdint.h>

#include "backoff.h"
#include "clock.h"
#include "pipeline.h"

/*
 * What is to be done with one table, as a table of its own: state x event ->
 * action.  Pure: it starts and stops nothing itself but through its ops, and
 * the time is passed in.  The state of all tables, and the functions to steer
 * them, are in service.h.
 */
struct job;

enum job_state {
	JOB_WAITING,	/* for its time; an idle pipeline may stand ready */
	JOB_QUEUED,	/* for a place in the pool */
	JOB_RUNNING,	/* a round is being made */
	JOB_STOPPING,	/* its pipeline drains from its source */
	JOB_CHECKING,	/* it failed; are both servers there? */
	JOB_BACKOFF,	/* before the next try */
	JOB_AWAY,	/* for a server to come back */
	JOB_FAILED,	/* out of tries until its next turn */
	JOB_BLOCKED,	/* failed for good: needs a person or a changed file */
	JOB_PAUSED,	/* by a person */
	JOB_ENDED,	/* the supervisor ends */
	JOB_STATES
};

enum job_event {
	/* From outside. */
	JOB_EV_TIME,		/* job_deadline() has come */
	JOB_EV_TRIGGER,		/* run now, or once more after this run */
	JOB_EV_PAUSE,
	JOB_EV_RESUME,
	JOB_EV_RESTART,		/* replace the pipeline, from its source */
	JOB_EV_CHANGED,		/* a program, schema, setting file changed */
	JOB_EV_CLOSE,		/* give back an idle pipeline's place */
	JOB_EV_STOP,		/* the supervisor ends */
	/* Answers. */
	JOB_EV_PLACE,		/* there is a place in the pool */
	JOB_EV_NO_PLACE,	/* there was none for too long */
	JOB_EV_AWAY,		/* a server doesn't answer */
	JOB_EV_BACK,		/* both do (again) */
	/* From the pipeline. */
	JOB_EV_ACK,		/* something was acknowledged: progress */
	JOB_EV_ROUND,		/* the round is complete, the pipeline stays */
	JOB_EV_DONE,		/* it ended, and so on as pipeline_result */
	JOB_EV_STOPPED,
	JOB_EV_TEMP,
	JOB_EV_CRASHED,
	JOB_EV_PERM,
	JOB_EV_CRITICAL,	/* nothing may be acknowledged (any more) */
	JOB_EVENTS
};

/* What a job is told of a pipeline that has ended. */
enum job_event job_event_of(enum pipeline_result r);

/* What a run came to, told when it is over. */
enum job_outcome {
	JOB_OK,			/* complete */
	JOB_INTERRUPTED,	/* stopped on purpose; goes on later */
	JOB_RETRY,		/* failed; will be tried again */
	JOB_GAVE_UP,		/* failed, and was the last try */
	JOB_REFUSED		/* failed for good */
};

enum job_start {
	JOB_STARTED,
	JOB_NOT_STARTED,	/* counts as a failed try */
	JOB_UNSTARTABLE		/* trying again is no use */
};

struct job_ops {
	/* Begin a round. */
	enum job_start (*start)(void * cookie, struct mono now);
	/* Stop the pipeline at its source; kill it. */
	void (*drain)(void * cookie);
	void (*kill)(void * cookie);
	/* Want a place; JOB_EV_PLACE or JOB_EV_NO_PLACE answers, maybe now. */
	void (*want)(void * cookie, struct mono now);
	/* Give the place back, or leave the queue. */
	void (*leave)(void * cookie, struct mono now);
	/* Are the servers there?  JOB_EV_AWAY or JOB_EV_BACK answers later. */
	void (*probe)(void * cookie, struct mono now);
	/* When the next run is due, given that one began at ${begun}. */
	struct mono (*due)(void * cookie, struct mono begun,
	    struct mono now);
	/* Nothing was acknowledged for too long; it is killed next. */
	void (*stalled)(void * cookie, struct mono now);
	/* Keep the idle pipeline for the next round? */
	int (*keep)(void * cookie);
	/* A run, or one try of it, is over. */
	void (*over)(void * cookie, enum job_outcome outcome,
	    struct mono now);
	/* The state has changed. */
	void (*moved)(void * cookie, enum job_state from, enum job_state to,
	    struct mono now);
};

struct job_limits {
	uint64_t max_retries;	/* SYNC_MAX_RETRIES */
	int64_t retry_delay_us;	/* SYNC_RETRY_DELAY */
	int64_t stop_us;	/* to drain, then the group is killed */
	int64_t stall_us;	/* without an acknowledgement; 0: no limit */
	int strict;		/* failures count until a run is complete, not
				 * only until there is progress */
};

/**
 * job_new(ops, cookie, limits, paused, now, seed):
 * A job whose first run is due at ${now}, unless it is ${paused}.
 */
struct job * job_new(const struct job_ops * ops, void * cookie,
    const struct job_limits * limits, int paused, struct mono now,
    uint64_t seed);
void job_free(struct job * j);

/* Something happened.  The deadline may be another one afterwards. */
void job_event(struct job * j, enum job_event ev, struct mono now);

/* New limits, from now on. */
void job_set_limits(struct job * j, const struct job_limits * limits);

/**
 * job_since(j, begun, now):
 * The last run began at ${begun}, before this job was made: the first of its
 * own isn't due at once, but when due() says.
 */
void job_since(struct job * j, struct mono begun, struct mono now);

/* The schedule changed: ask due() again. */
void job_reschedule(struct job * j, struct mono now);

enum job_state job_state(const struct job * j);

/* When JOB_EV_TIME is to come; never, if not at all. */
struct mono job_deadline(const struct job * j);

/*
 * When the next run is to begin by schedule, also while one is made; a time
 * that has passed if it follows at once.  MONO_NEVER while it can't.
 */
struct mono job_due(const struct job * j);

/* Nonzero if a further run follows this one. */
int job_again(const struct job * j);

/* Temporary failures in a row; crashes in a row. */
uint64_t job_tries(const struct job * j);
unsigned job_crashes(const struct job * j);

/* Nonzero if what runs has made no progress since a server went away: its
 * connections may be dead, and JOB_EV_BACK replaces it. */
int job_doubtful(const struct job * j);

/**
 * job_health(j, away):
 * The event for it, as it is now, if the servers are ${away} or not; or
 * JOB_EVENTS if that is nothing to it.
 */
enum job_event job_health(const struct job * j, int away);

/* Nonzero while a pipeline exists, also an idle one. */
int job_has_pipeline(const struct job * j);

/* "waiting", "running", ...; JSON and people get the same word. */
const char * job_state_name(enum job_state s);
const char * job_event_name(enum job_event ev);

#endif /* !JOB_H_ */
