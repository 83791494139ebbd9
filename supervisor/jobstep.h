#ifndef JOBSTEP_H_
#define JOBSTEP_H_

#include "job.h"

/*
 * The inside of a job, for job.c, jobact.c (which action an event leads to)
 * and jobstep.c (what several actions have in common).  Pure as job.h.
 */
struct job {
	const struct job_ops * ops;
	void * cookie;
	struct job_limits limits;
	struct backoff backoff;
	enum job_state state;
	enum job_event ev;	/* being acted upon */
	struct mono now;	/* when it came */
	struct mono deadline;
	struct mono due;	/* the next run, by schedule */
	struct mono begun;	/* this run or the last one */
	int ever;		/* there was a run */
	int in_run;		/* a run has begun and isn't over yet */
	int again;		/* another one follows */
	int interrupted;	/* the last one was stopped half-way */
	int pipeline;		/* there is one, running or idle */
	int stalled;		/* it is being killed for that */
	int doubtful;		/* see job_doubtful() */
	enum {
		AFTER_NEXT,	/* wait for the next run */
		AFTER_RUN,	/* go on with this one */
		AFTER_PAUSE,
		AFTER_BLOCK,
		AFTER_END
	} after;		/* JOB_STOPPING: what then */
};

/* Be in ${state}, until ${deadline}. */
void step_enter(struct job * j, enum job_state state, struct mono deadline);

/* When it has stalled, if nothing happens from now on. */
struct mono step_stall_deadline(const struct job * j);

/* The run has come to ${outcome}. */
void step_run_over(struct job * j, enum job_outcome outcome);

/* Count a temporary failure: another try, or none before the next turn. */
void step_count_failure(struct job * j);
void step_count_crash(struct job * j);

/* The run is over for good, until a person or a changed file helps. */
void step_block(struct job * j);

/* There is a place, or a pipeline that stands ready. */
void step_begin_round(struct job * j);

/* Begin a run, or go on with the one that is open. */
void step_want_run(struct job * j);

/* Nothing runs, and no run is open: when is the next? */
void step_wait_turn(struct job * j);

/* Drain the pipeline; ${after} says what then. */
void step_stop_pipeline(struct job * j, int after);

/* The pipeline has gone. */
void step_lose_pipeline(struct job * j);

/* It failed: ask for both servers. */
void step_check_servers(struct job * j);

/* jobact.c: do what the event means in this state. */
void act_on(struct job * j, enum job_event ev, struct mono now);

#endif /* !JOBSTEP_H_ */
