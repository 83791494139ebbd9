#ifndef SERVICE_H_
#define SERVICE_H_

#include <stddef.h>
#include <stdint.h>

#include "child.h"
#include "clock.h"
#include "config.h"
#include "event.h"
#include "drift.h"
#include "guarantee.h"
#include "health.h"
#include "job.h"
#include "loop.h"

/*
 * The whole: tables with their pipelines and checkpoints, the pool, the two
 * servers' health, and the functions to look and to steer.  Everything is
 * called from the loop, and nothing here waits.
 */
struct service;

struct service_options {
	int state_fd;		/* the state directory, open */
	int lock_fd;		/* what holds its lock (lock.h) */
	int notify_fd;		/* gets a newline once ready; or -1 */
	int once;		/* run every table once, then end */
};

/**
 * service_open(lp, cfg, opt):
 * Load what is kept in the state directory and begin the start-up.  ${cfg} is
 * taken over.  Return NULL after a report.
 */
struct service * service_open(struct loop * lp, struct config * cfg,
    const struct service_options * opt);
void service_free(struct service * sv);

/* A signal came (wake.h). */
void service_signal(struct service * sv, int sig, struct mono now);

/* Drain everything and end the loop; the second call kills. */
void service_stop(struct service * sv, struct mono now);

/* The exit code of the program once the loop has ended. */
int service_exit_code(const struct service * sv);

/* Call ${fn} for every event.  Several may listen. */
void service_listen(struct service * sv, event_fn * fn, void * cookie);

/**
 * service_on_child(sv, fn, cookie):
 * Call ${fn} for each child that has ended and that isn't the service's own.
 * Only one may listen.
 */
typedef void service_child_fn(void * cookie, pid_t pid,
    const struct child_end * end, struct mono now);
void service_on_child(struct service * sv, service_child_fn * fn,
    void * cookie);

/* Looking. ------------------------------------------------------------- */

/* The verification of a table. */
struct verify_view {
	enum job_state state;
	int on;				/* by the settings */
	int repair;			/* the same */
	const char * run;		/* of this or the last look, or NULL */
	unsigned look, looks;		/* of the open cycle; 0: none is open */
	uint64_t rows;			/* compared so far in this look */
	int64_t begun_wall;		/* the open cycle; 0: none */
	int64_t interval_us;		/* 0: by cron, or off */
	const char * cron;		/* NULL: by interval */
	int64_t next_wall;		/* the next cycle, or look; 0: none */
	int64_t done_begun_wall, done_wall;	/* the last complete one */
	uint64_t compared;		/* by it, and what it found at first */
	uint64_t missing, different, extra, left_out;
	uint64_t mended;		/* by it */
	uint64_t left;			/* what it left */
	uint64_t foreign;		/* documents besides, not ours */
	int held;			/* because there was too much to mend */
	int failed;			/* a cycle has failed since then */
	int overdue;
	int64_t age_us;			/* since it began; -1: never */
	int64_t mismatch_us;		/* age of the oldest left; 0: none */
	uint64_t total, mended_total;	/* since the supervisor started */
	const char * error;		/* the last failure, or NULL */
	int64_t error_wall;
};

struct table_view {
	const char * name;
	enum job_state state;
	int paused;			/* itself; or all, see service_view */
	int gone;			/* SYNC_TABLES names it no more */
	const char * run;		/* id of this or the last run, or NULL */
	const char * position;		/* change column's value, or NULL */
	const char * value;		/* acknowledged STATE value, or NULL */
	int64_t lag_us;			/* change to acknowledgement, of the
					 * newest row; -1: unknown */
	int64_t acked_wall;		/* 0: never */
	int64_t interval_us;		/* 0: by cron */
	const char * cron;		/* NULL: by interval */
	int64_t next_wall;		/* 0: none */
	int64_t started_wall, ended_wall, succeeded_wall;	/* 0: never */
	int64_t duration_us;		/* of the last complete run */
	int64_t running_us;		/* of this one; 0 */
	struct counts run_counts;	/* of this or the last run */
	struct counts total;		/* since the supervisor started */
	int64_t rate_per_minute;	/* records, over this or the last run */
	uint64_t runs_ok, runs_failed;
	uint64_t restarts;		/* pipelines started again */
	uint64_t tries;			/* failures in a row */
	const char * error;		/* the last failure, or NULL */
	int64_t error_wall;
	uint64_t rows_due;		/* of this run, guessed; 0: unknown */
	const struct guarantee * guarantee;
	struct held bound;		/* as it was told last */
	struct verify_view verify;
	const struct drift * drift;	/* NULL: as if there was none */
};

size_t service_tables(const struct service * sv);

/* Fill ${v}; its texts last until the loop goes on. */
void service_table(const struct service * sv, size_t i,
    struct table_view * v, struct mono now);

/* The number of a table, or -1. */
int service_find(const struct service * sv, const char * table);

struct server_view {
	const char * name;		/* "mysql", "mongodb" */
	enum server_state state;
	int64_t since_wall, checked_wall;
	const char * error;		/* what the check said, or NULL */
};

struct service_view {
	int ready;			/* start-up is complete */
	int stopping;
	int insecure;			/* a pipeline has --insecure */
	int enabled;			/* not paused as a whole */
	int64_t interval_us;		/* what holds for most tables */
	int64_t next_wall;		/* the soonest of all; 0: none */
	int64_t last_wall;		/* the last complete run of any */
	int64_t started_wall;
	unsigned pool_max, pool_used, pool_idle, pool_waiting;
	uint64_t pool_timeouts;
	int64_t disk_free;		/* bytes in the state directory */
	int disk_low;
	int64_t storage_used, storage_total;	/* bytes of MongoDB's file
					 * system; total 0: it doesn't tell */
	int storage_low;
	struct server_view server[SERVERS];
};

void service_view(const struct service * sv, struct service_view * v,
    struct mono now);

const struct config * service_config(const struct service * sv);

/* Steering. ${table} NULL means all. ----------------------------------- */

enum steer {
	STEER_DONE,		/* it is so now */
	STEER_QUEUED,		/* it follows after what is being done */
	STEER_ALREADY,		/* it was so before */
	STEER_NO_TABLE,		/* there is no such table */
	STEER_NO_STAGE,		/* the pipeline has no such stage */
	STEER_PAUSED,		/* refused: paused */
	STEER_EARLY,		/* refused: its first copy isn't complete */
	STEER_STOPPING,		/* refused: the supervisor ends */
	STEER_BAD_VALUE,	/* an interval out of range */
	STEER_NOT_SAVED		/* done, but not durably: won't survive */
};

#define INTERVAL_MIN_US	SECOND_US
#define INTERVAL_MAX_US	(366 * 24 * 60 * MINUTE_US)

/* Run now, or once more when one runs. */
enum steer service_trigger(struct service * sv, const char * table,
    struct mono now);

/* Verify now. */
enum steer service_verify(struct service * sv, const char * table,
    struct mono now);

/* Durable.  Pausing drains what runs. */
enum steer service_pause(struct service * sv, const char * table,
    struct mono now);
enum steer service_resume(struct service * sv, const char * table,
    struct mono now);

/* Durable.  ${us} 0 goes back to the setting. */
enum steer service_interval(struct service * sv, const char * table,
    int64_t us, struct mono now);

/**
 * service_restart(sv, table, stage, now):
 * Replace the pipeline of ${table}, because of its ${stage} (NULL: all of
 * them), from the acknowledged position.  STEER_QUEUED while it drains;
 * STEER_DONE if none runs: the next one is new anyway.
 */
enum steer service_restart(struct service * sv, const char * table,
    const char * stage, struct mono now);

/* Read the settings again, as on SIGHUP.  Return 0, or -1 after a report if
 * they are bad or the service is ending; the old ones hold. */
int service_reload(struct service * sv, struct mono now);

/* "done", "queued", ... */
const char * steer_name(enum steer s);

/* A sentence about it, for people who asked for ${what}: "trigger", ... */
const char * steer_text(const char * what, enum steer s);

#endif /* !SERVICE_H_ */
