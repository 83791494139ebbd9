#include <time.h>
#include <unistd.h>

#include "retry.h"

/* The first waits of many are no shorter, or they would be no waits. */
#define SHORTEST_US	UINT64_C(100000)

/* splitmix64; enough for jitter. */
uint64_t
retry_random(uint64_t * seed)
{
	uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (z ^ (z >> 31));
}

void
retry_init(struct retry * r, uint64_t max, uint64_t delay_s)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	r->max = max;
	if (delay_s > UINT64_MAX / 1000000)
		delay_s = UINT64_MAX / 1000000;
	r->delay_us = delay_s * 1000000;
	r->tries = 0;

	/* Differs between processes and, by the clock, between machines. */
	r->seed = ((uint64_t)ts.tv_sec << 30) ^ (uint64_t)ts.tv_nsec ^
	    ((uint64_t)getpid() << 44);
}

void
retry_reset(struct retry * r)
{

	r->tries = 0;
}

int
retry_next(struct retry * r, uint64_t * us)
{
	uint64_t halvings, wait;

	if (r->tries >= r->max)
		return (-1);
	r->tries++;
	halvings = r->max - r->tries;
	wait = halvings < 64 ? r->delay_us >> halvings : 0;
	if (wait < SHORTEST_US)
		wait = r->delay_us < SHORTEST_US ? r->delay_us : SHORTEST_US;
	*us = wait - retry_random(&r->seed) % (wait / 2 + 1);
	return (0);
}
