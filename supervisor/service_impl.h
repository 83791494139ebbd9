#ifndef SERVICE_IMPL_H_
#define SERVICE_IMPL_H_

#include "ask.h"
#include "control.h"
#include "env.h"
#include "health.h"
#include "pool.h"
#include "service.h"
#include "table.h"

/*
 * The inside of a service, for service.c (its life), startup.c (how it
 * begins), servers.c (what it watches), turns.c (who may run), steer.c (what
 * people ask for) and view.c (what they see).
 */
struct service {
	struct loop * lp;
	struct config * cfg;
	struct env * env;
	struct control * control;
	struct health * health;
	struct ask_who who;
	struct ask * discover;		/* while it is asked */
	struct ask * survey;		/* the same */
	int surveyed;
	struct ask * fitness;		/* of the collections; the same */
	unsigned fitness_tries;
	struct mono discover_at;	/* when to ask again; or never */
	char * discover_said;		/* why there are none; or NULL */
	struct pool * pool;
#define LOOKS_MAX	1		/* at a time, of each kind: */
	struct pool * looks[2];		/* at all rows; at some again */
	struct table_host host;
	struct table ** table;
	enum job_outcome * outcome;	/* --once: of each, when done */
	char * done;			/* --once: it is */
	enum fit { FIT_UNKNOWN, FIT_ASKED, FIT_KNOWN } * fit;
					/* is its collection looked at? */
	size_t n;
	int state_fd, lock_fd;
	int notify_fd;			/* -1: nobody waits; or told */

	int once, ready, stopping;
	int exit_code;
	uint64_t pool_timeouts;
	int64_t disk_free;
	int disk_low, storage_low;
	int64_t started_wall, last_wall;

	struct loop_timer * soon;	/* what is put off until after events */
	struct loop_timer * tick;	/* once a second */
	struct mono status_at, disk_at;	/* when next */
	int changed;			/* since the status was written */
	int dirty;			/* there is something to do soon */

	struct listener {
		event_fn * fn;
		void * cookie;
	} * listener;
	size_t nlistener;
	service_child_fn * on_child;	/* or NULL */
	void * child_cookie;
};

#define SAY(level, op, ...)	log_event(level, LOG_FIELDS(		\
	LOG_TEXT("operation", op)), __VA_ARGS__)

/* Take up the tables ${names} that aren't there yet. */
void service_open_tables(struct service * sv, const char * const * names,
    size_t n, struct mono now);

/* End the tables that SYNC_TABLES doesn't name any more. */
void service_close_tables(struct service * sv, struct mono now);

/* Find out which tables there are, and take them up, now or later. */
void service_find_tables(struct service * sv, struct mono now);

/* Ask, once the server is there, whether the tables are fit, and say so. */
void service_survey(struct service * sv);

/* Ask, once MongoDB is there, whether the collections are fit. */
void service_ask_fitness(struct service * sv);

/* Nonzero while that has to be awaited. */
int service_fitness_open(const struct service * sv);

/* servers.c: what follows from how the servers are. */
int service_any_server(const struct service * sv, enum server_state state);

/* Tell the tables that wait for an answer. */
void service_spread_health(struct service * sv, struct mono now);

/* A server was found to be as it is; see health_fn. */
void service_on_health(void * cookie, enum server s, enum server_state was,
    struct mono now);

/* --once doesn't wait for a server for ever. */
void service_check_patience(struct service * sv, struct mono now);

/* turns.c: give the places that there are to those that wait for one. */
void service_run_pool(struct service * sv, struct mono now);

/* The same for those that are to be verified. */
void service_run_looks(struct service * sv, struct mono now);

/* How much space there is for the state directory. */
void service_check_disk(struct service * sv, struct mono now);

/* The servers are asked as the pipelines reach them. */
void service_ask_alike(struct service * sv);

/* Do what is to be done, once what happens now is over. */
void service_soon(struct service * sv);

/* Is everything paused? */
int service_all_paused(const struct service * sv);

/* Pause and resume the tables as it is to be now. */
void service_settle(struct service * sv, struct mono now);

/* Give a table the schedule and the limits that hold for it. */
void service_apply(struct service * sv, size_t i, struct mono now);

/* Tell the listeners. */
void service_tell(struct service * sv, enum event_kind kind,
    enum log_level level, const char * table, const char * text, int64_t us);

#endif /* !SERVICE_IMPL_H_ */
