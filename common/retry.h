#ifndef RETRY_H_
#define RETRY_H_

#include <stdint.h>

/*
 * How long to wait before the next try.  The waits double and the last of
 * SYNC_MAX_RETRIES is SYNC_RETRY_DELAY long: with 3 and 30 s, up to 7.5, 15
 * and 30 s; none is shorter than 0.1 s, unless SYNC_RETRY_DELAY is.  Jitter
 * takes off up to half of each, so that many programs that lost the same
 * server don't come back at once.
 */
struct retry {
	uint64_t max;		/* SYNC_MAX_RETRIES */
	uint64_t delay_us;	/* SYNC_RETRY_DELAY in microseconds */
	uint64_t tries;		/* waits since the last success */
	uint64_t seed;		/* of the jitter */
};

/* Start to count: ${max} retries, ${delay_s} seconds. */
void retry_init(struct retry * r, uint64_t max, uint64_t delay_s);

/* Something went well: the next failure is a first one again. */
void retry_reset(struct retry * r);

/**
 * retry_next(r, us):
 * Store in ${us} how long to wait before the next try.  Return 0, or -1 when
 * there were ${max} since the last success.
 */
int retry_next(struct retry * r, uint64_t * us);

/* The next number of the sequence of a ${seed}, for jitter only. */
uint64_t retry_random(uint64_t * seed);

#endif /* !RETRY_H_ */
