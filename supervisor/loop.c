#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "../common/log.h"
#include "../common/mem.h"

#include "loop.h"

/*
 * No wait is longer: poll(2)'s clock stands still while the machine sleeps,
 * ours doesn't, and what became due meanwhile is found this soon.
 */
#define LONGEST_US	(5 * SECOND_US)

struct loop_slot {
	struct loop * lp;
	const char * name;	/* for a debugger */
	int fd;			/* -1: removed, to be forgotten */
	short events;
	loop_fd_fn * fn;
	void * cookie;
	struct loop_slot * next;
};

struct loop_timer {
	struct loop * lp;
	const char * name;
	struct mono when;
	int dead;		/* removed, to be forgotten */
	loop_timer_fn * fn;
	void * cookie;
	struct loop_timer * next;
};

struct loop {
	struct loop_slot * slots;
	struct loop_timer * timers;
	struct pollfd * pfd;
	struct loop_slot ** polled;	/* whose each pfd is */
	size_t npfd, room;
	struct mono now;
	int quit;
};

struct loop *
loop_new(void)
{
	struct loop * lp = mem_new(1, sizeof *lp);

	lp->now = mono_now();
	return (lp);
}

void
loop_free(struct loop * lp)
{
	struct loop_slot * s;
	struct loop_timer * t;

	if (lp == NULL)
		return;
	while ((s = lp->slots) != NULL) {
		lp->slots = s->next;
		free(s);
	}
	while ((t = lp->timers) != NULL) {
		lp->timers = t->next;
		free(t);
	}
	free(lp->pfd);
	free(lp->polled);
	free(lp);
}

struct loop_slot *
loop_watch(struct loop * lp, const char * name, int fd, short events,
    loop_fd_fn * fn, void * cookie)
{
	struct loop_slot * s = mem_new(1, sizeof *s);

	*s = (struct loop_slot) { lp, name, fd, events, fn, cookie,
	    lp->slots };
	lp->slots = s;
	return (s);
}

void
loop_events(struct loop_slot * s, short events)
{

	s->events = events;
}

void
loop_unwatch(struct loop_slot * s)
{

	/* Forgotten later: the loop may be walking over it now. */
	if (s != NULL)
		s->fd = -1;
}

struct loop_timer *
loop_timer(struct loop * lp, const char * name, loop_timer_fn * fn,
    void * cookie)
{
	struct loop_timer * t = mem_new(1, sizeof *t);

	*t = (struct loop_timer) { lp, name, MONO_NEVER, 0, fn, cookie,
	    lp->timers };
	lp->timers = t;
	return (t);
}

void
loop_at(struct loop_timer * t, struct mono when)
{

	t->when = when;
}

void
loop_timer_free(struct loop_timer * t)
{

	if (t == NULL)
		return;
	t->dead = 1;
	t->when = MONO_NEVER;
}

/* Forget what was removed. */
static void
sweep(struct loop * lp)
{
	struct loop_slot ** s = &lp->slots;
	struct loop_timer ** t = &lp->timers;

	while (*s != NULL) {
		struct loop_slot * gone = *s;

		if (gone->fd == -1) {
			*s = gone->next;
			free(gone);
		} else
			s = &gone->next;
	}
	while (*t != NULL) {
		struct loop_timer * gone = *t;

		if (gone->dead) {
			*t = gone->next;
			free(gone);
		} else
			t = &gone->next;
	}
}

/* List what is to be polled. */
static void
fill(struct loop * lp)
{
	struct loop_slot * s;

	lp->npfd = 0;
	for (s = lp->slots; s != NULL; s = s->next) {
		if (s->events == 0)
			continue;
		if (lp->npfd == lp->room) {
			lp->room = lp->room * 2 + 16;
			lp->pfd = mem_grow(lp->pfd, lp->room,
			    sizeof *lp->pfd);
			lp->polled = mem_grow(lp->polled, lp->room,
			    sizeof *lp->polled);
		}
		lp->pfd[lp->npfd] = (struct pollfd) { s->fd, s->events, 0 };
		lp->polled[lp->npfd++] = s;
	}
}

/* Milliseconds until the nearest timer, rounded up. */
static int
timeout_ms(const struct loop * lp)
{
	const struct loop_timer * t;
	struct mono soonest = mono_add(lp->now, LONGEST_US);
	int64_t us;

	for (t = lp->timers; t != NULL; t = t->next)
		soonest = mono_min(soonest, t->when);
	us = mono_sub(soonest, mono_now());
	return (us <= 0 ? 0 : (int)((us + 999) / 1000));
}

static void
run_timers(struct loop * lp)
{
	struct loop_timer * t;

	for (t = lp->timers; t != NULL; t = t->next) {
		if (t->dead || !mono_due(t->when, lp->now))
			continue;
		t->when = MONO_NEVER;
		t->fn(t->cookie, lp->now);
	}
}

static void
run_slots(struct loop * lp)
{
	size_t i;

	for (i = 0; i < lp->npfd; i++) {
		struct loop_slot * s = lp->polled[i];

		/* It may have been removed or put to rest meanwhile. */
		if (lp->pfd[i].revents == 0 || s->fd == -1 || s->events == 0)
			continue;
		s->fn(s->cookie, s->fd, lp->pfd[i].revents, lp->now);
	}
}

int
loop_run(struct loop * lp)
{
	int n;

	lp->quit = 0;
	while (!lp->quit) {
		sweep(lp);
		fill(lp);
		n = poll(lp->pfd, lp->npfd, timeout_ms(lp));
		lp->now = mono_now();
		if (n == -1 && errno != EINTR) {
			log_error_sys("poll");
			return (-1);
		}
		if (n > 0)
			run_slots(lp);
		run_timers(lp);
	}
	return (0);
}

void
loop_quit(struct loop * lp)
{

	lp->quit = 1;
}

struct mono
loop_now(const struct loop * lp)
{

	return (lp->now);
}
