#ifndef TABLE_H_
#define TABLE_H_

#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>

#include "child.h"
#include "clock.h"
#include "config.h"
#include "env.h"
#include "event.h"
#include "job.h"
#include "loop.h"
#include "service.h"
#include "verifier.h"

/*
 * One table: its job (what is to be done), its pipeline (what runs), its
 * checkpoint (what is safe), and the counts of its runs.  It knows the rest
 * of the service by its host only.
 */
struct table;

struct table_host {
	void * cookie;
	struct loop * lp;
	struct env * env;
	const struct config * cfg;	/* may be another one later */
	int lock_fd;
	int state_fd;			/* the state directory */
	uint64_t runs;			/* begun so far, for run ids */

	/* What a job asks for; see job_ops.  ${i} is the table's number. */
	void (*want)(void * cookie, size_t i, struct mono now);
	void (*leave)(void * cookie, size_t i, struct mono now);
	void (*probe)(void * cookie, size_t i, struct mono now);
	int (*keep)(void * cookie, size_t i, struct mono begun);
	void (*moved)(void * cookie, size_t i, enum job_state from,
	    enum job_state to, struct mono now);
	void (*over)(void * cookie, size_t i, enum job_outcome outcome,
	    struct mono now);
	/* A place for a look: at all rows, or at some ${again}. */
	void (*look_want)(void * cookie, size_t i, int again,
	    struct mono now);
	void (*look_leave)(void * cookie, size_t i);
	/* Data went through both servers. */
	void (*seen)(void * cookie, struct mono now);
	void (*tell)(void * cookie, const struct event * ev);

	int64_t wall_ahead;		/* wall - steady clock; it follows
					 * the wall clock by steps, so that
					 * times ahead stand still */
};

/**
 * table_open(host, i, name, paused, now):
 * The table ${name}, number ${i}.  If its folder or its checkpoint can't be
 * used it is blocked.  It runs as soon as the loop does, unless ${paused}.
 */
struct table * table_open(struct table_host * host, size_t i,
    const char * name, int paused, struct mono now);

/* Kill what runs, release all. */
void table_free(struct table * t);

const char * table_name(const struct table * t);
const struct job * table_job(const struct table * t);
struct verifier * table_verifier(const struct table * t);

/* Have both its synchronisation and its verification ended? */
int table_ended(const struct table * t);

/* Something happened to its job. */
void table_event(struct table * t, enum job_event ev, struct mono now);

/* Another schedule or other limits hold; ${cron} is copied, may be NULL. */
void table_schedule(struct table * t, const struct schedule * s,
    const char * cron, struct mono now);
void table_limits(struct table * t, const struct job_limits * limits);

/* Look for changed files and act on them; is what is promised still so? */
void table_check(struct table * t, struct mono now);

/* The settings were read again: its pipeline is built from them, and goes on
 * without a schema file if there is none. */
void table_new_settings(struct table * t, struct mono now);

/* Its collection isn't fit, because of ${why}: it is blocked, unless it has
 * begun to run.  */
void table_unfit(struct table * t, const char * why, struct mono now);

/* There is room on the disk.  If it is blocked because its checkpoint could
 * not be written, and its folder can be written to again, it goes on. */
void table_room(struct table * t, struct mono now);

/* Does its pipeline have such a stage, "transform"? */
int table_has_stage(const struct table * t, const char * stage);

/* When its pipeline was started. */
struct mono table_pipeline_begun(const struct table * t);

/* Kill its pipeline, if there is one. */
void table_kill(struct table * t);

/* As pipeline_reaped() and pipeline_before_reap(). */
int table_reaped(struct table * t, pid_t pid, const struct child_end * end,
    struct mono now);
void table_before_reap(struct table * t, pid_t pid);

/* Fill in what is known of it, but for what the host decides. */
void table_fill(const struct table * t, struct table_view * v,
    struct mono now);

#endif /* !TABLE_H_ */
