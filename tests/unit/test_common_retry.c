#include "common/retry.h"

#include "tap.h"

/* All ${max} waits lie within half and all of what is written down. */
static void
test_waits(uint64_t max, uint64_t delay_s, const uint64_t * full)
{
	struct retry r;
	uint64_t i, us = 0, least = UINT64_MAX, most = 0;
	int round, good = 1;

	retry_init(&r, max, delay_s);
	for (round = 0; round < 1000; round++) {
		for (i = 0; i < max; i++) {
			good &= retry_next(&r, &us) == 0 && us <= full[i] &&
			    us >= full[i] - full[i] / 2;
			if (i + 1 == max) {
				least = us < least ? us : least;
				most = us > most ? us : most;
			}
		}
		good &= retry_next(&r, &us) == -1 &&
		    retry_next(&r, &us) == -1;
		retry_reset(&r);
	}
	ok(good, "%u retries of up to %u s", (unsigned)max, (unsigned)delay_s);
	if (max > 0 && delay_s > 0)
		ok(most - least > full[max - 1] * 4 / 10,
		    "with jitter over all of the half");
}

int
main(void)
{
	static const uint64_t by_default[] = { 7500000, 15000000, 30000000 };
	static const uint64_t one[] = { 5000000 };
	static const uint64_t none[] = { 0, 0, 0 };
	static const uint64_t many[] = { 100000, 100000, 100000, 125000,
	    250000, 500000, 1000000 };
	struct retry a, b;
	uint64_t us, ub, i, last = 0;

	test_waits(3, 30, by_default);
	test_waits(1, 5, one);
	test_waits(0, 30, none);
	test_waits(3, 0, none);
	test_waits(7, 1, many);

	retry_init(&a, 100, 3600);
	for (i = 0; i < 100; i++)
		if (retry_next(&a, &us) == 0)
			last = us;
	ok(last >= 1800000000 && last <= 3600000000u, "a hundred retries");
	retry_init(&a, 1, UINT64_MAX);
	ok(retry_next(&a, &us) == 0, "a delay for ever");

	retry_init(&a, 3, 30);
	retry_init(&b, 3, 30);
	retry_next(&a, &us);
	retry_next(&b, &ub);
	ok(us != ub, "two programs don't wait alike");
	retry_reset(&a);
	for (i = 0; retry_next(&a, &us) == 0; i++)
		continue;
	ok(i == 3, "after a success all retries are there again");
	return (tap_done());
}
