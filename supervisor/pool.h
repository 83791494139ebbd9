#ifndef POOL_H_
#define POOL_H_

#include <stddef.h>

#include "clock.h"

/*
 * The places for extractors, each of which holds a connection to MySQL: how
 * many there may be at once, who has one, and who waits for one, first come
 * first served.  Tables are numbers from 0.  Pure.
 */
struct pool;

struct pool * pool_new(size_t tables, unsigned max, int64_t timeout_us);
void pool_free(struct pool * p);

/* Take over the places of ${from}, which has no more tables. */
void pool_copy(struct pool * p, const struct pool * from);

/* Other limits; places that are too many are not taken away. */
void pool_limits(struct pool * p, unsigned max, int64_t timeout_us);

/* Table ${t} wants a place; it waits from ${now} on.  Harmless if it has. */
void pool_want(struct pool * p, size_t t, struct mono now);

/* Table ${t} gives its place back, or waits no longer. */
void pool_leave(struct pool * p, size_t t);

/* The place of ${t} holds a connection that isn't working; or is again. */
void pool_set_idle(struct pool * p, size_t t, int idle);

/**
 * pool_grant(p):
 * Give the next place to the one that waits longest and return its number,
 * or -1 if nobody waits or there is no place.
 */
int pool_grant(struct pool * p);

/* Somebody who has waited too long, and waits no longer; or -1.  Its turn is
 * kept: if it wants a place again, it is before those that came later. */
int pool_expire(struct pool * p, struct mono now);

/**
 * pool_recall(p):
 * There is a place, and nobody waits who came before the one returned, who
 * had waited too long; or -1.  It is to want the place again, or to leave.
 */
int pool_recall(const struct pool * p);

/* When the next one will have waited too long. */
struct mono pool_deadline(const struct pool * p);

/* How many have a place, an idle one among them, or wait. */
unsigned pool_used(const struct pool * p);
unsigned pool_idle(const struct pool * p);
unsigned pool_waiting(const struct pool * p);
unsigned pool_max(const struct pool * p);

#endif /* !POOL_H_ */
