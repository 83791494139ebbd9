#include <string.h>

#include "../common/retry.h"

#include "backoff.h"

#define FIRST_US	(SECOND_US / 10)	/* no wait is shorter */
#define LONGEST_US	(30 * SECOND_US)	/* between crashes */

void
backoff_init(struct backoff * b, uint64_t max, int64_t delay_us,
    uint64_t seed)
{

	memset(b, 0, sizeof *b);
	b->seed = seed;
	backoff_limits(b, max, delay_us);
}

void
backoff_limits(struct backoff * b, uint64_t max, int64_t delay_us)
{

	b->max = max;
	b->delay_us = delay_us;
}

void
backoff_reset(struct backoff * b)
{

	b->tries = 0;
	b->crashes = 0;
	b->nring = 0;
}

int64_t
backoff_jitter(struct backoff * b, int64_t us)
{

	return (us - (int64_t)(retry_random(&b->seed) %
	    (uint64_t)(us / 2 + 1)));
}

int
backoff_temp(struct backoff * b, int64_t * wait_us)
{
	uint64_t halvings;
	int64_t us;

	if (b->tries >= b->max)
		return (-1);
	b->tries++;
	halvings = b->max - b->tries;
	us = halvings < 63 ? b->delay_us >> halvings : 0;
	if (us < FIRST_US)
		us = b->delay_us < FIRST_US ? b->delay_us : FIRST_US;
	*wait_us = backoff_jitter(b, us);
	return (0);
}

int
backoff_crash(struct backoff * b, struct mono now, int64_t * wait_us)
{
	struct mono oldest = b->ring[b->next];
	int64_t us = FIRST_US;
	unsigned i;

	b->ring[b->next] = now;
	b->next = (b->next + 1) % BACKOFF_RING;
	if (b->nring < BACKOFF_RING)
		b->nring++;
	else if (mono_sub(now, oldest) < MINUTE_US) {
		*wait_us = LONGEST_US;
		return (1);
	}
	for (i = 0; i < b->crashes && us < LONGEST_US; i++)
		us *= 2;
	b->crashes++;
	*wait_us = backoff_jitter(b, us < LONGEST_US ? us : LONGEST_US);
	return (0);
}
