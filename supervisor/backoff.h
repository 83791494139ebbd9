#ifndef BACKOFF_H_
#define BACKOFF_H_

#include <stdint.h>

#include "clock.h"

/*
 * How long to wait before a table is tried again.  Pure: the time and the
 * seed of the jitter come from outside.
 *
 * A temporary failure is tried again SYNC_MAX_RETRIES times, after waits that
 * double and of which the last is SYNC_RETRY_DELAY.  A crash is tried again
 * at once and then after waits that double from 0.1 s to 30 s, without limit;
 * but after BACKOFF_RING of them in a minute there is one try in 30 s.  An
 * acknowledgement in between makes the next failure a first one again.
 */
#define BACKOFF_RING	10

struct backoff {
	uint64_t max;			/* SYNC_MAX_RETRIES */
	int64_t delay_us;		/* SYNC_RETRY_DELAY */
	uint64_t tries;			/* temporary failures in a row */
	unsigned crashes;		/* crashes in a row */
	struct mono ring[BACKOFF_RING];	/* the last crashes */
	unsigned nring, next;
	uint64_t seed;
};

void backoff_init(struct backoff * b, uint64_t max, int64_t delay_us,
    uint64_t seed);

/* The limits changed; what was counted stays. */
void backoff_limits(struct backoff * b, uint64_t max, int64_t delay_us);

/* Something went well. */
void backoff_reset(struct backoff * b);

/**
 * backoff_temp(b, wait_us):
 * After a temporary failure: store how long to wait and return 0, or return
 * -1 when there were as many as there may be.
 */
int backoff_temp(struct backoff * b, int64_t * wait_us);

/**
 * backoff_crash(b, now, wait_us):
 * After a crash at ${now}: store how long to wait.  Return nonzero if there
 * were too many in a short time.
 */
int backoff_crash(struct backoff * b, struct mono now, int64_t * wait_us);

/* ${us} less up to half of it. */
int64_t backoff_jitter(struct backoff * b, int64_t us);

#endif /* !BACKOFF_H_ */
