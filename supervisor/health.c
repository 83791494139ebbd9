#include <stdlib.h>
#include <string.h>

#include "../common/log.h"
#include "../common/mem.h"
#include "../common/timestamp.h"

#include "health.h"
#include "pipeline.h"
#include "relay.h"

#define AWAY_US		(SECOND_US * 3 / 2)	/* between two looks then */
#define LONGEST_US	(20 * SECOND_US)	/* then a check has failed */

struct asked {
	struct health * h;
	enum server server;
	enum server_state state;
	int64_t since, checked;
	char * error;		/* what the last failing check said */
	char * said;		/* the last error of the one that runs */
	struct pipeline * p;	/* NULL: not being asked */
	struct loop_timer * timer;	/* the next check, or the kill */
	int wanted;		/* somebody waits for the answer */
};

struct health {
	struct loop * lp;
	struct health_options opt;
	health_fn * fn;
	void * cookie;
	int stopped;
	struct asked asked[SERVERS];
};

static const char * const programs[SERVERS] = { "extract", "load" };

const char *
server_name(enum server server)
{
	static const char * const names[SERVERS] = { "mysql", "mongodb" };

	return (names[server]);
}

const char *
server_state_name(enum server_state state)
{
	static const char * const names[] = { "unknown", "up", "away",
		"refuses" };

	return (names[state]);
}

/* When is the next look? */
static void
set_timer(struct asked * a, struct mono now)
{
	int64_t wait = a->h->opt.every_us;

	if (a->h->stopped)
		return;
	if (a->state == SERVER_AWAY && wait > AWAY_US)
		wait = AWAY_US;
	loop_at(a->timer, mono_add(now, wait));
}

static void
found(struct asked * a, enum server_state state, struct mono now)
{
	enum server_state was = a->state;

	a->checked = timestamp_now();
	if (was != state)
		a->since = a->checked;
	a->state = state;
	a->wanted = 0;
	if (state == SERVER_UP) {
		free(a->error);
		a->error = NULL;
	}
	set_timer(a, now);
	a->h->fn(a->h->cookie, a->server, was, now);
}

static void
on_line(void * cookie, size_t stage, const char * p, size_t n,
    struct mono now)
{
	struct asked * a = cookie;
	struct relay_line l;

	(void)stage;
	(void)now;
	relay_read(programs[a->server], p, n, &l);
	if (l.level == LOG_LEVEL_ERROR || a->said == NULL) {
		free(a->said);
		a->said = mem_dup(l.message);
	}
	relay_clear(&l);
}

static void
on_ended(void * cookie, enum pipeline_result r, int culprit,
    const struct child_end * end, struct mono now)
{
	struct asked * a = cookie;
	char how[128];

	(void)culprit;
	pipeline_free(a->p);
	a->p = NULL;
	if (r == PIPELINE_DONE || r == PIPELINE_STOPPED) {
		found(a, SERVER_UP, now);
		return;
	}
	free(a->error);
	a->error = a->said != NULL ? a->said :
	    mem_dup(child_end_text(end, how, sizeof how));
	a->said = NULL;
	found(a, r == PIPELINE_PERM ? SERVER_REFUSES : SERVER_AWAY, now);
}

static const struct pipeline_ops ops = { NULL, on_line, on_ended };

static char * const *
stage_env(void * cookie, const char * stage)
{
	const struct asked * a = cookie;

	return (env_stage(a->h->opt.env, stage));
}

static void
ask(struct asked * a, struct mono now)
{
	struct pipeline_plan * plan = mem_new(1, sizeof *plan);
	struct pipeline_spec spec = { plan, stage_env,
	    env_path(a->h->opt.env), -1, -1, a->h->opt.lock_fd, 0 };

	free(a->said);
	a->said = NULL;
	pipeline_plan_add(plan, 0, programs[a->server]);
	pipeline_plan_add(plan, 0, "--check");
	if (a->h->opt.env_file != NULL) {
		pipeline_plan_add(plan, 0, "--env-file");
		pipeline_plan_add(plan, 0, a->h->opt.env_file);
	}
	plan->n = 1;
	a->p = pipeline_start(a->h->lp, &spec, &ops, a);
	pipeline_plan_free(plan);
	if (a->p != NULL)
		loop_at(a->timer, mono_add(now, LONGEST_US));
	else
		set_timer(a, now);
}

static void
on_timer(void * cookie, struct mono now)
{
	struct asked * a = cookie;

	if (a->p != NULL) {
		free(a->said);
		a->said = mem_dup("no answer within 20 s");
		pipeline_kill(a->p);
	} else if (!a->h->stopped)
		ask(a, now);
}

struct health *
health_open(struct loop * lp, const struct health_options * opt,
    health_fn * fn, void * cookie)
{
	struct health * h = mem_new(1, sizeof *h);
	enum server s;

	h->lp = lp;
	h->opt = *opt;
	h->fn = fn;
	h->cookie = cookie;
	for (s = 0; s < SERVERS; s++) {
		h->asked[s].h = h;
		h->asked[s].server = s;
		h->asked[s].timer = loop_timer(lp, server_name(s), on_timer,
		    &h->asked[s]);
	}
	return (h);
}

void
health_free(struct health * h)
{
	enum server s;

	if (h == NULL)
		return;
	for (s = 0; s < SERVERS; s++) {
		pipeline_free(h->asked[s].p);
		loop_timer_free(h->asked[s].timer);
		free(h->asked[s].error);
		free(h->asked[s].said);
	}
	free(h);
}

void
health_options(struct health * h, const struct health_options * opt)
{

	h->opt = *opt;
}

void
health_probe(struct health * h, struct mono now)
{
	enum server s;

	for (s = 0; s < SERVERS && !h->stopped; s++) {
		h->asked[s].wanted = 1;
		if (h->asked[s].p == NULL)
			loop_at(h->asked[s].timer, now);
	}
}

int
health_asking(const struct health * h)
{
	enum server s;

	for (s = 0; s < SERVERS; s++) {
		if (h->asked[s].wanted)
			return (1);
	}
	return (0);
}

void
health_seen(struct health * h, struct mono now)
{
	enum server s;

	for (s = 0; s < SERVERS; s++) {
		struct asked * a = &h->asked[s];

		/* A check that runs, or is awaited, says more. */
		if (a->p != NULL || a->wanted)
			continue;
		if (a->state == SERVER_UP) {
			a->checked = timestamp_now();
			set_timer(a, now);
		} else
			found(a, SERVER_UP, now);
	}
}

void
health_stop(struct health * h)
{
	enum server s;

	h->stopped = 1;
	for (s = 0; s < SERVERS; s++) {
		loop_at(h->asked[s].timer, MONO_NEVER);
		if (h->asked[s].p != NULL)
			pipeline_kill(h->asked[s].p);
	}
}

int
health_reaped(struct health * h, pid_t pid, const struct child_end * end,
    struct mono now)
{
	enum server s;

	for (s = 0; s < SERVERS; s++) {
		if (pipeline_reaped(h->asked[s].p, pid, end, now))
			return (1);
	}
	return (0);
}

void
health_before_reap(struct health * h, pid_t pid)
{
	enum server s;

	for (s = 0; s < SERVERS; s++) {
		if (h->asked[s].p != NULL)
			pipeline_before_reap(h->asked[s].p, pid);
	}
}

enum server_state
health_state(const struct health * h, enum server server)
{

	return (h->asked[server].state);
}

int64_t
health_since(const struct health * h, enum server server)
{

	return (h->asked[server].since);
}

int64_t
health_checked(const struct health * h, enum server server)
{

	return (h->asked[server].checked);
}

const char *
health_error(const struct health * h, enum server server)
{

	return (h->asked[server].error);
}
