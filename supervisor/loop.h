#ifndef LOOP_H_
#define LOOP_H_

#include "clock.h"

/*
 * The only poll(2) of the program: descriptors that are watched, each in a
 * named slot, and timers, of which the nearest is the poll's timeout.  No
 * threads.  A function that is called here must not wait for anything; it
 * may add and remove any slot or timer, its own too.
 */
struct loop;
struct loop_slot;
struct loop_timer;

/* ${events} and ${revents} are poll(2)'s; ${now} is one reading per turn. */
typedef void loop_fd_fn(void * cookie, int fd, short revents,
    struct mono now);
typedef void loop_timer_fn(void * cookie, struct mono now);

struct loop * loop_new(void);
void loop_free(struct loop * lp);

/**
 * loop_watch(lp, name, fd, events, fn, cookie):
 * Call ${fn} whenever ${fd} is ready for ${events}, or has failed or been
 * hung up.  ${name} is a constant for messages; ${fd} stays the caller's,
 * who has to remove the slot before closing it.
 */
struct loop_slot * loop_watch(struct loop * lp, const char * name, int fd,
    short events, loop_fd_fn * fn, void * cookie);

/* Wait for other events; 0 rests the slot (errors and hang-ups included). */
void loop_events(struct loop_slot * s, short events);

/* Remove a slot; NULL is harmless. */
void loop_unwatch(struct loop_slot * s);

/**
 * loop_timer(lp, name, fn, cookie):
 * Make a timer, which is off until loop_at().
 */
struct loop_timer * loop_timer(struct loop * lp, const char * name,
    loop_timer_fn * fn, void * cookie);

/* Call the timer's function once, at ${when}; MONO_NEVER turns it off. */
void loop_at(struct loop_timer * t, struct mono when);

/* Remove a timer; NULL is harmless. */
void loop_timer_free(struct loop_timer * t);

/**
 * loop_run(lp):
 * Serve slots and timers until loop_quit().  Return 0, or -1 if poll(2)
 * failed, which is reported.
 */
int loop_run(struct loop * lp);
void loop_quit(struct loop * lp);

/* The reading of the clock that this turn of the loop began with. */
struct mono loop_now(const struct loop * lp);

#endif /* !LOOP_H_ */
