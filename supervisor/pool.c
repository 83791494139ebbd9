#include <stdint.h>
#include <stdlib.h>

#include "../common/mem.h"

#include "pool.h"

struct pool {
	size_t n;
	unsigned max;
	int64_t timeout_us;
	struct place {
		enum { NONE, WAITING, EXPIRED, USED, IDLE } is;
		struct mono since;	/* it waits */
		uint64_t ticket;
	} * place;
	uint64_t tickets;
};

struct pool *
pool_new(size_t tables, unsigned max, int64_t timeout_us)
{
	struct pool * p = mem_new(1, sizeof *p);

	p->n = tables;
	p->place = mem_new(tables + 1, sizeof *p->place);
	pool_limits(p, max, timeout_us);
	return (p);
}

void
pool_free(struct pool * p)
{

	if (p == NULL)
		return;
	free(p->place);
	free(p);
}

void
pool_copy(struct pool * p, const struct pool * from)
{
	size_t i;

	for (i = 0; i < from->n; i++)
		p->place[i] = from->place[i];
	p->tickets = from->tickets;
}

void
pool_limits(struct pool * p, unsigned max, int64_t timeout_us)
{

	p->max = max;
	p->timeout_us = timeout_us;
}

void
pool_want(struct pool * p, size_t t, struct mono now)
{
	struct place * pl = &p->place[t];

	if (pl->is != NONE && pl->is != EXPIRED)
		return;
	if (pl->is == NONE)
		pl->ticket = p->tickets++;
	pl->is = WAITING;
	pl->since = now;
}

void
pool_leave(struct pool * p, size_t t)
{

	p->place[t].is = NONE;
}

void
pool_set_idle(struct pool * p, size_t t, int idle)
{

	if (p->place[t].is == USED || p->place[t].is == IDLE)
		p->place[t].is = idle ? IDLE : USED;
}

/* The one that came first of those that are ${what}, or -1. */
static int
first(const struct pool * p, int what)
{
	int found = -1;
	size_t i;

	for (i = 0; i < p->n; i++) {
		if ((int)p->place[i].is == what && (found == -1 ||
		    p->place[i].ticket < p->place[found].ticket))
			found = (int)i;
	}
	return (found);
}

int
pool_grant(struct pool * p)
{
	int t;

	if (pool_used(p) >= p->max || (t = first(p, WAITING)) == -1)
		return (-1);
	p->place[t].is = USED;
	return (t);
}

/* The one that has waited longest since it last began to, or -1. */
static int
longest_waiting(const struct pool * p)
{
	int found = -1;
	size_t i;

	for (i = 0; i < p->n; i++) {
		if (p->place[i].is == WAITING && (found == -1 ||
		    p->place[i].since.us < p->place[found].since.us))
			found = (int)i;
	}
	return (found);
}

int
pool_expire(struct pool * p, struct mono now)
{
	int t = longest_waiting(p);

	if (t == -1 ||
	    !mono_due(mono_add(p->place[t].since, p->timeout_us), now))
		return (-1);
	p->place[t].is = EXPIRED;
	return (t);
}

int
pool_recall(const struct pool * p)
{
	int t = first(p, EXPIRED), w = first(p, WAITING);

	if (t == -1 || pool_used(p) >= p->max ||
	    (w != -1 && p->place[w].ticket < p->place[t].ticket))
		return (-1);
	return (t);
}

struct mono
pool_deadline(const struct pool * p)
{
	int t = longest_waiting(p);

	if (t == -1)
		return (MONO_NEVER);
	return (mono_add(p->place[t].since, p->timeout_us));
}

static unsigned
count(const struct pool * p, int what)
{
	unsigned k = 0;
	size_t i;

	for (i = 0; i < p->n; i++)
		k += ((int)p->place[i].is == what);
	return (k);
}

unsigned
pool_used(const struct pool * p)
{

	return (count(p, USED) + count(p, IDLE));
}

unsigned
pool_idle(const struct pool * p)
{

	return (count(p, IDLE));
}

unsigned
pool_waiting(const struct pool * p)
{

	return (count(p, WAITING));
}

unsigned
pool_max(const struct pool * p)
{

	return (p->max);
}
