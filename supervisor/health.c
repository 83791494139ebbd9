#include <stdlib.h>
#include <string.h>

#include "../common/mem.h"
#include "../common/timestamp.h"

#include "findings.h"
#include "health.h"

#define AWAY_US		(SECOND_US * 3 / 2)	/* between two looks then */
#define STORAGE_EVERY	5			/* rounds, at the latest */
#define LONGEST_US	(20 * SECOND_US)	/* then a check has failed */

struct asked {
	struct health * h;
	enum server server;
	enum server_state state;
	int64_t since, checked;
	char * error;		/* what the last failing check said */
	struct ask * ask;	/* NULL: not being asked */
	struct loop_timer * timer;	/* the next check, or the kill */
	struct mono told;	/* when it last told more than "up" */
	int wanted;		/* somebody waits for the answer */
};

struct health {
	struct loop * lp;
	const struct ask_who * who;
	int64_t every_us;
	health_fn * fn;
	void * cookie;
	int stopped;
	struct asked asked[SERVERS];
	int64_t used, total;	/* bytes of MongoDB's storage; total 0: it
				 * doesn't tell */
};

static const char * const questions[SERVERS][4] = {
	{ "extract", "--check", "--server", NULL },
	{ "load", "--check", "--json", NULL }
};

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
	int64_t wait = a->h->every_us;

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
on_answer(void * cookie, enum pipeline_result r, const char * out, size_t n,
    const char * error, struct mono now)
{
	struct asked * a = cookie;

	(void)n;
	if (error != NULL) {
		free(a->error);
		a->error = mem_dup(error);
	}
	ask_free(a->ask);
	a->ask = NULL;
	a->told = now;
	if (a->server == SERVER_MONGODB && r == PIPELINE_DONE &&
	    findings_storage(out, &a->h->used, &a->h->total) == -1)
		a->h->total = 0;
	if (r == PIPELINE_DONE || r == PIPELINE_STOPPED)
		found(a, SERVER_UP, now);
	else
		found(a, r == PIPELINE_PERM ? SERVER_REFUSES : SERVER_AWAY,
		    now);
}

static void
ask(struct asked * a, struct mono now)
{

	a->ask = ask_start(a->h->lp, a->h->who, questions[a->server],
	    on_answer, a);
	if (a->ask != NULL) {
		loop_at(a->timer, mono_add(now, LONGEST_US));
		return;
	}
	free(a->error);
	a->error = mem_dup("the program that asks it can't be started");
	found(a, SERVER_REFUSES, now);
}

static void
on_timer(void * cookie, struct mono now)
{
	struct asked * a = cookie;

	if (a->ask != NULL)
		ask_kill(a->ask, "no answer within 20 s");
	else if (!a->h->stopped)
		ask(a, now);
}

struct health *
health_open(struct loop * lp, const struct ask_who * who, int64_t every_us,
    health_fn * fn, void * cookie)
{
	struct health * h = mem_new(1, sizeof *h);
	enum server s;

	h->lp = lp;
	h->who = who;
	h->every_us = every_us;
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
		ask_free(h->asked[s].ask);
		loop_timer_free(h->asked[s].timer);
		free(h->asked[s].error);
	}
	free(h);
}

void
health_every(struct health * h, int64_t every_us)
{

	h->every_us = every_us;
}

void
health_probe(struct health * h, struct mono now)
{
	enum server s;

	for (s = 0; s < SERVERS && !h->stopped; s++) {
		h->asked[s].wanted = 1;
		if (h->asked[s].ask == NULL)
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

/*
 * Data that goes through says that MongoDB is up, but not how full it is:
 * where it tells that, it is asked in spite of them, though not as often.
 */
static int
tells_more(const struct asked * a, struct mono now)
{

	return (a->server == SERVER_MONGODB && a->h->total > 0 &&
	    mono_sub(now, a->told) >= STORAGE_EVERY * a->h->every_us);
}

void
health_seen(struct health * h, struct mono now)
{
	enum server s;

	for (s = 0; s < SERVERS; s++) {
		struct asked * a = &h->asked[s];

		/* A check that runs, or is awaited, says more. */
		if (a->ask != NULL || a->wanted)
			continue;
		if (a->state == SERVER_UP) {
			a->checked = timestamp_now();
			if (!tells_more(a, now))
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
		if (h->asked[s].ask != NULL)
			ask_kill(h->asked[s].ask, "the supervisor ends");
	}
}

int
health_reaped(struct health * h, pid_t pid, const struct child_end * end,
    struct mono now)
{
	enum server s;

	for (s = 0; s < SERVERS; s++) {
		if (ask_reaped(h->asked[s].ask, pid, end, now))
			return (1);
	}
	return (0);
}

void
health_before_reap(struct health * h, pid_t pid)
{
	enum server s;

	for (s = 0; s < SERVERS; s++)
		ask_before_reap(h->asked[s].ask, pid);
}

enum server_state
health_state(const struct health * h, enum server server)
{

	return (h->asked[server].state);
}

int
health_storage(const struct health * h, int64_t * used, int64_t * total)
{

	*used = h->used;
	*total = h->total;
	return (h->total > 0 ? 0 : -1);
}

int
health_by_check(const struct health * h, enum server server, struct mono now)
{

	return (h->asked[server].told.us == now.us);
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
