#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/exitcode.h"
#include "../common/log.h"
#include "../common/mem.h"
#include "../common/timestamp.h"

#include "service_impl.h"
#include "status.h"

#define TICK_US		SECOND_US
#define DISK_US		(10 * SECOND_US)
#define STATUS_US	SECOND_US	/* the file is written no oftener */

/* A wall clock that moves by more against ours was set. */
#define WALL_STEP_US	(2 * SECOND_US)
#define WALL_FOLLOW_US	(SECOND_US / 100)	/* smaller differences wait */

/* What stages try themselves: the rest is the jobs' affair. */
#define STAGE_RETRIES	"2"
#define STAGE_DELAY	"1"

/*
 * Telling.
 */

static void
pass_event(void * cookie, const struct event * ev)
{
	struct service * sv = cookie;
	size_t i;

	for (i = 0; i < sv->nlistener; i++)
		sv->listener[i].fn(sv->listener[i].cookie, ev);
}

void
service_tell(struct service * sv, enum event_kind kind, enum log_level level,
    const char * table, const char * text, int64_t us)
{
	struct event ev = { .kind = kind, .level = level,
	    .wall_us = timestamp_now(), .table = table, .text = text,
	    .us = us };

	pass_event(sv, &ev);
}

void
service_listen(struct service * sv, event_fn * fn, void * cookie)
{

	sv->listener = mem_grow(sv->listener, sv->nlistener + 1,
	    sizeof *sv->listener);
	sv->listener[sv->nlistener++] = (struct listener) { fn, cookie };
}

void
service_on_child(struct service * sv, service_child_fn * fn, void * cookie)
{

	sv->on_child = fn;
	sv->child_cookie = cookie;
}

void
service_soon(struct service * sv)
{

	sv->changed = sv->dirty = 1;
	loop_at(sv->soon, loop_now(sv->lp));
}

/*
 * What the tables ask for.
 */

static void
host_want(void * cookie, size_t i, struct mono now)
{
	struct service * sv = cookie;

	pool_want(sv->pool, i, now);
	service_soon(sv);
}

static void
host_leave(void * cookie, size_t i, struct mono now)
{
	struct service * sv = cookie;

	(void)now;
	pool_leave(sv->pool, i);
	service_soon(sv);
}

static void
host_probe(void * cookie, size_t i, struct mono now)
{
	struct service * sv = cookie;

	(void)i;
	health_probe(sv->health, now);
}

/* May its idle pipeline stay for the next round? */
static int
host_keep(void * cookie, size_t i, struct mono begun)
{
	struct service * sv = cookie;

	(void)i;
	return (!sv->stopping && !sv->once && pool_waiting(sv->pool) == 0 &&
	    pool_idle(sv->pool) < sv->cfg->pool_min &&
	    mono_sub(loop_now(sv->lp), begun) < sv->cfg->pool_recycle_us);
}

static void
host_moved(void * cookie, size_t i, enum job_state from, enum job_state to,
    struct mono now)
{
	struct service * sv = cookie;

	(void)from;

	/* A table tells of itself while it is still being opened. */
	if (i < sv->n)
		pool_set_idle(sv->pool, i, to == JOB_WAITING);

	/* SYNC_TABLES may name it again since it was told to end. */
	if (to == JOB_ENDED && !sv->stopping && !sv->once)
		sv->discover_at = now;
	service_soon(sv);
}

static void
host_over(void * cookie, size_t i, enum job_outcome outcome, struct mono now)
{
	struct service * sv = cookie;

	(void)now;
	if (outcome == JOB_OK)
		sv->last_wall = timestamp_now();
	if (outcome != JOB_RETRY && sv->once) {
		sv->outcome[i] = outcome;
		sv->done[i] = 1;
	}
	service_soon(sv);
}

static void
host_look_want(void * cookie, size_t i, int again, struct mono now)
{
	struct service * sv = cookie;

	pool_want(sv->looks[again != 0], i, now);
	service_soon(sv);
}

static void
host_look_leave(void * cookie, size_t i)
{
	struct service * sv = cookie;

	pool_leave(sv->looks[0], i);
	pool_leave(sv->looks[1], i);
	service_soon(sv);
}

static void
host_seen(void * cookie, struct mono now)
{
	struct service * sv = cookie;

	health_seen(sv->health, now);
}

/*
 * What is put off until after events.
 */

/* --once: whoever is done ends. */
static void
run_once(struct service * sv, struct mono now)
{
	size_t i, left = 0;

	if (sv->n == 0)
		return;
	for (i = 0; i < sv->n; i++) {
		enum job_state state = job_state(table_job(sv->table[i]));

		/* Blocked from the start, or paused: it won't run. */
		if (!sv->done[i] && (state == JOB_BLOCKED ||
		    state == JOB_PAUSED)) {
			sv->outcome[i] = state == JOB_PAUSED ?
			    JOB_INTERRUPTED : JOB_REFUSED;
			sv->done[i] = 1;
		}
		if (sv->done[i])
			table_event(sv->table[i], JOB_EV_STOP, now);
		else
			left++;
	}
	if (left == 0 && !sv->stopping)
		service_stop(sv, now);
}

static int
all_ended(const struct service * sv)
{
	size_t i;

	for (i = 0; i < sv->n; i++) {
		if (!table_ended(sv->table[i]))
			return (0);
	}
	return (1);
}

/* All steps of the start-up are done. */
static void
become_ready(struct service * sv)
{

	if (sv->ready || sv->n == 0 || service_fitness_open(sv) ||
	    health_state(sv->health, SERVER_MYSQL) != SERVER_UP ||
	    health_state(sv->health, SERVER_MONGODB) != SERVER_UP)
		return;
	sv->ready = 1;
	SAY(LOG_LEVEL_INFO, "ready", "ready: %zu tables", sv->n);
	service_tell(sv, EVENT_READY, LOG_LEVEL_INFO, NULL, NULL, -1);
	if (sv->notify_fd != -1) {
		if (write(sv->notify_fd, "\n", 1) != 1)
			log_warn_sys("tell that we are ready");
		close(sv->notify_fd);
		sv->notify_fd = -1;
	}
}

static void
on_soon(void * cookie, struct mono now)
{
	struct service * sv = cookie;

	/* What is done may lead to more of it. */
	do {
		sv->dirty = 0;
		become_ready(sv);
		service_survey(sv);
		service_ask_fitness(sv);
		if (sv->once)
			run_once(sv, now);
		if (!sv->stopping)
			service_run_pool(sv, now);
		if (!sv->stopping && !sv->once)
			service_run_looks(sv, now);
	} while (sv->dirty);
	if (sv->stopping && all_ended(sv))
		loop_quit(sv->lp);
	else if (!sv->stopping && !service_any_server(sv, SERVER_UNKNOWN) &&
	    !sv->disk_low && !service_fitness_open(sv))
		loop_at(sv->soon, pool_deadline(sv->pool));
}

/*
 * Once a second.
 */

/* Cron lines follow the wall clock when somebody sets it. */
static void
check_wall(struct service * sv, struct mono now)
{
	int64_t ahead = timestamp_now() - mono_now().us;
	int64_t step = ahead - sv->host.wall_ahead;
	size_t i;

	if (step > -WALL_FOLLOW_US && step < WALL_FOLLOW_US)
		return;
	sv->host.wall_ahead = ahead;
	if (step > -WALL_STEP_US && step < WALL_STEP_US)
		return;
	SAY(LOG_LEVEL_INFO, "clock", "the wall clock was set by %lld s",
	    (long long)(step / SECOND_US));
	for (i = 0; i < sv->n; i++)
		service_apply(sv, i, now);
}

/* Idle connections that are too old are not kept. */
static void
recycle(struct service * sv, size_t i, struct mono now)
{
	const struct job * j = table_job(sv->table[i]);

	if (job_state(j) == JOB_WAITING && job_has_pipeline(j) &&
	    mono_sub(now, table_pipeline_begun(sv->table[i])) >=
	    sv->cfg->pool_recycle_us)
		table_event(sv->table[i], JOB_EV_CLOSE, now);
}

static void
on_tick(void * cookie, struct mono now)
{
	struct service * sv = cookie;
	size_t i;

	loop_at(sv->tick, mono_add(now, TICK_US));
	check_wall(sv, now);
	if (mono_due(sv->disk_at, now)) {
		service_check_disk(sv, now);
		sv->disk_at = mono_add(now, DISK_US);
	}
	for (i = 0; i < sv->n && !sv->stopping; i++) {
		table_check(sv->table[i], now);
		verifier_tick(table_verifier(sv->table[i]), now);
		recycle(sv, i, now);
	}
	if (mono_due(sv->discover_at, now) && !sv->stopping)
		service_find_tables(sv, now);
	if (sv->once && !sv->stopping)
		service_check_patience(sv, now);
	if (mono_due(sv->status_at, now) || sv->changed) {
		status_write(sv, sv->state_fd, now);
		sv->changed = 0;
		sv->status_at = mono_add(now, 10 * STATUS_US);
	}
}

/*
 * Signals.
 */

static void
before_reap(void * cookie, pid_t pid)
{
	struct service * sv = cookie;
	size_t i;

	for (i = 0; i < sv->n; i++)
		table_before_reap(sv->table[i], pid);
	health_before_reap(sv->health, pid);
	ask_before_reap(sv->discover, pid);
	ask_before_reap(sv->survey, pid);
	ask_before_reap(sv->fitness, pid);
}

/* Whose was it?  Nonzero if it was ours. */
static int
reaped(struct service * sv, pid_t pid, const struct child_end * end,
    struct mono now)
{
	size_t i;

	for (i = 0; i < sv->n; i++) {
		if (table_reaped(sv->table[i], pid, end, now))
			return (1);
	}
	return (health_reaped(sv->health, pid, end, now) ||
	    ask_reaped(sv->discover, pid, end, now) ||
	    ask_reaped(sv->survey, pid, end, now) ||
	    ask_reaped(sv->fitness, pid, end, now));
}

static void
reap_all(struct service * sv, struct mono now)
{
	struct child_end end;
	pid_t pid;

	while (child_reap(&pid, &end, before_reap, sv) == 1) {
		if (!reaped(sv, pid, &end, now) && sv->on_child != NULL)
			sv->on_child(sv->child_cookie, pid, &end, now);
	}
	service_soon(sv);
}

void
service_signal(struct service * sv, int sig, struct mono now)
{

	switch (sig) {
	case SIGCHLD:
		reap_all(sv, now);
		break;
	case SIGHUP:
		service_reload(sv, now);
		break;
	default:
		SAY(LOG_LEVEL_INFO, "signal", "%s: %s", strsignal(sig),
		    sv->stopping ? "what still runs is killed" :
		    "the pipelines drain");
		if (!sv->stopping)
			sv->exit_code = EXIT_STOPPED;
		service_stop(sv, now);
		break;
	}
}

void
service_stop(struct service * sv, struct mono now)
{
	size_t i;

	if (sv->stopping) {
		for (i = 0; i < sv->n; i++)
			table_kill(sv->table[i]);
		return;
	}
	sv->stopping = 1;
	service_tell(sv, EVENT_STOPPING, LOG_LEVEL_INFO, NULL, NULL, -1);
	health_stop(sv->health);
	ask_free(sv->discover);
	ask_free(sv->survey);
	ask_free(sv->fitness);
	sv->discover = sv->survey = sv->fitness = NULL;
	for (i = 0; i < sv->n; i++)
		table_event(sv->table[i], JOB_EV_STOP, now);
	service_soon(sv);
}

/* Hand the settings of ${sv}->cfg on to whoever keeps a copy. */
static void
spread_settings(struct service * sv)
{

	sv->who = (struct ask_who) { sv->env, sv->cfg->env_file,
	    sv->lock_fd, 0, 0 };
	service_ask_alike(sv);
	sv->host.cfg = sv->cfg;
}

int
service_reload(struct service * sv, struct mono now)
{
	struct config * cfg;
	size_t i;

	/* It would begin tables that nobody ends. */
	if (sv->stopping) {
		SAY(LOG_LEVEL_INFO, "settings", "the settings aren't read: "
		    "the supervisor is ending");
		return (-1);
	}
	if ((cfg = config_load(sv->cfg->env_file)) == NULL) {
		SAY(LOG_LEVEL_ERROR, "settings", "the settings as they were "
		    "read before still hold");
		return (-1);
	}
	if (strcmp(cfg->state_dir, sv->cfg->state_dir) != 0) {
		SAY(LOG_LEVEL_ERROR, "settings", "STATE_DIR can't change "
		    "while the service runs");
		config_free(cfg);
		return (-1);
	}
	config_free(sv->cfg);
	sv->cfg = cfg;
	spread_settings(sv);
	sv->disk_at = now;
	health_every(sv->health, cfg->health_us);
	pool_limits(sv->pool, cfg->pool_max, cfg->pool_timeout_us);
	SAY(LOG_LEVEL_INFO, "settings", "settings read again");
	service_tell(sv, EVENT_SETTINGS, LOG_LEVEL_INFO, NULL, NULL, -1);
	service_close_tables(sv, now);
	for (i = 0; i < sv->n; i++) {
		service_apply(sv, i, now);
		table_new_settings(sv->table[i], now);
	}
	service_find_tables(sv, now);
	service_settle(sv, now);
	health_probe(sv->health, now);
	service_soon(sv);
	return (0);
}

/*
 * Life.
 */

/* The environment of the stages. */
static struct env *
make_env(void)
{
	struct env * e = env_new();

	env_set(e, "LOG_FORMAT", "json");

	/* Their counts are events, too; see relay_say(). */
	if (!log_shows(LOG_LEVEL_INFO))
		env_set(e, "LOG_LEVEL", "info");
	/* Load's library would keep counters that nobody reads in a file of
	 * /dev/shm, which outlives a kill -9. */
	env_set(e, "MONGOC_DISABLE_SHM", "1");
	env_set(e, "SYNC_MAX_RETRIES", STAGE_RETRIES);
	env_set(e, "SYNC_RETRY_DELAY", STAGE_DELAY);
	return (e);
}

struct service *
service_open(struct loop * lp, struct config * cfg,
    const struct service_options * opt)
{
	struct service * sv = mem_new(1, sizeof *sv);
	struct mono now = loop_now(lp);
	int i;

	sv->lp = lp;
	sv->cfg = cfg;
	sv->state_fd = opt->state_fd;
	sv->lock_fd = opt->lock_fd;
	sv->notify_fd = opt->notify_fd;
	sv->once = opt->once;
	sv->started_wall = timestamp_now();
	sv->discover_at = MONO_NEVER;
	sv->status_at = sv->disk_at = now;
	if ((sv->control = control_open(sv->state_fd)) == NULL) {
		service_free(sv);
		return (NULL);
	}
	sv->env = make_env();
	sv->host = (struct table_host) { sv, lp, sv->env, cfg, sv->lock_fd,
	    sv->state_fd, 0, host_want, host_leave, host_probe, host_keep,
	    host_moved, host_over, host_look_want, host_look_leave,
	    host_seen, pass_event,
	    timestamp_now() - mono_now().us };
	spread_settings(sv);
	sv->pool = pool_new(0, cfg->pool_max, cfg->pool_timeout_us);
	for (i = 0; i < 2; i++)
		sv->looks[i] = pool_new(0, LOOKS_MAX, INT64_MAX);
	sv->soon = loop_timer(lp, "soon", on_soon, sv);
	sv->tick = loop_timer(lp, "tick", on_tick, sv);
	sv->health = health_open(lp, &sv->who, cfg->health_us,
	    service_on_health, sv);
	loop_at(sv->tick, now);
	service_check_disk(sv, now);
	health_probe(sv->health, now);
	service_find_tables(sv, now);
	return (sv);
}

void
service_free(struct service * sv)
{
	size_t i;

	if (sv == NULL)
		return;
	if (sv->health != NULL)
		status_write(sv, sv->state_fd, loop_now(sv->lp));
	for (i = 0; i < sv->n; i++)
		table_free(sv->table[i]);
	ask_free(sv->discover);
	ask_free(sv->survey);
	ask_free(sv->fitness);
	health_free(sv->health);
	control_free(sv->control);
	pool_free(sv->pool);
	pool_free(sv->looks[0]);
	pool_free(sv->looks[1]);
	env_free(sv->env);
	config_free(sv->cfg);
	loop_timer_free(sv->soon);
	loop_timer_free(sv->tick);
	free(sv->table);
	free(sv->outcome);
	free(sv->done);
	free(sv->fit);
	free(sv->discover_said);
	free(sv->listener);
	free(sv);
}

int
service_exit_code(const struct service * sv)
{
	int code = sv->exit_code;
	size_t i;

	for (i = 0; i < sv->n && sv->once; i++) {
		if (!sv->done[i])
			continue;
		if (sv->outcome[i] == JOB_REFUSED)
			return (EXIT_PERM);
		if (sv->outcome[i] == JOB_GAVE_UP)
			code = EXIT_TEMP;
	}

	/* A service that was asked to stop has done all it should. */
	return (code == EXIT_STOPPED && !sv->once ? EXIT_DONE : code);
}
