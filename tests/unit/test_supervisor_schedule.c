#include "supervisor/backoff.h"
#include "supervisor/schedule.h"

#include "tap.h"

#define AT(s)	((struct mono) { (s) * SECOND_US })
#define WALL0	(INT64_C(1767225600) * SECOND_US)	/* 2026-01-01 00:00 */

static void
test_minutes(void)
{
	static const struct {
		const char * text;
		int64_t us;		/* 0: refused */
	} cases[] = { { "60", 60 * MINUTE_US }, { "0.25", MINUTE_US / 4 },
		{ "1.5", MINUTE_US * 3 / 2 }, { "0.05", 3 * SECOND_US },
		{ "0.017", 1020000 }, { "007", 7 * MINUTE_US },
		{ "527040", 527040 * MINUTE_US }, { "527041", 0 },
		{ "0", 0 }, { "0.01", 0 }, { "", 0 }, { ".5", 0 },
		{ "1.", 0 }, { "-1", 0 }, { "1e3", 0 }, { "1 ", 0 },
		{ "99999999999999999999", 0 } };
	size_t i;
	int64_t us;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		us = 0;
		if (schedule_minutes(cases[i].text, &us) == -1)
			us = 0;
		ok(us == cases[i].us, "\"%s\" minutes", cases[i].text);
	}
}

static void
test_interval(void)
{
	struct schedule s = { .interval_us = 15 * MINUTE_US };

	ok(schedule_next(&s, AT(100), WALL0, AT(160), WALL0).us ==
	    AT(1000).us, "from start to start");
	ok(schedule_next(&s, AT(100), WALL0, AT(5000), WALL0).us ==
	    AT(5000).us, "a run that took longer: at once");
	ok(schedule_next(&s, AT(100), WALL0, AT(160),
	    WALL0 - 1000 * MINUTE_US).us == AT(1000).us,
	    "the wall clock doesn't matter");
}

static void
test_cron(void)
{
	struct schedule s = { .interval_us = 0 };
	const char * err;

	setenv("TZ", "UTC", 1);
	ok(cron_parse("0 * * * *", &s.cron, &err) == 0, "every hour");
	ok(schedule_next(&s, AT(0), WALL0 + 600 * SECOND_US, AT(60),
	    WALL0 + 660 * SECOND_US).us == AT(3000).us,
	    "at the full hour, by our own clock");
	ok(schedule_next(&s, AT(0), WALL0, AT(9000),
	    WALL0 + 9000 * SECOND_US).us == AT(9000).us,
	    "after sleep: at once, and once");
	ok(schedule_next(&s, AT(0), WALL0 + 90000 * SECOND_US, AT(10),
	    WALL0 + 10 * SECOND_US).us == AT(3600).us,
	    "a wall clock put back doesn't hold us up");
	ok(cron_parse("0 0 31 2 *", &s.cron, &err) == 0 &&
	    mono_is_never(schedule_next(&s, AT(0), WALL0, AT(1), WALL0)),
	    "never");
}

/* An hour of a schedule in no time: when do runs begin? */
static void
test_hour(void)
{
	struct schedule s = { .interval_us = 5 * MINUTE_US };
	struct mono now = AT(0), begun;
	int runs = 0, even = 1;

	while (now.us < AT(3600).us) {
		even &= (now.us % MINUTE_US == 0);
		runs++;
		begun = now;

		/* One takes 20 s, the sixth 7 minutes. */
		now = mono_add(now, runs == 6 ? 7 * MINUTE_US :
		    20 * SECOND_US);
		if (runs == 6)
			s.interval_us = 60 * SECOND_US;
		now = schedule_next(&s, begun, WALL0, now, WALL0);
	}
	ok(even, "on the minute, also after a long one");
	ok(runs == 6 + 28, "every 5 minutes, then every minute: %d", runs);
}

static void
test_temp(void)
{
	struct backoff b;
	int64_t us[3], again;
	int i, good = 1;

	backoff_init(&b, 3, 30 * SECOND_US, 1);
	for (i = 0; i < 3; i++)
		good &= (backoff_temp(&b, &us[i]) == 0);
	ok(good && backoff_temp(&b, &again) == -1, "three tries");
	ok(us[0] >= 3750000 && us[0] <= 7500000 && us[1] >= 7500000 &&
	    us[1] <= 15000000 && us[2] >= 15000000 && us[2] <= 30000000,
	    "they double, the last is the longest");
	backoff_reset(&b);
	ok(backoff_temp(&b, &again) == 0, "afresh after a success");
	backoff_init(&b, 0, SECOND_US, 1);
	ok(backoff_temp(&b, &again) == -1, "none at all");
	backoff_init(&b, 1000, SECOND_US, 1);
	ok(backoff_temp(&b, &again) == 0 && again >= SECOND_US / 20,
	    "never no wait");
}

static void
test_crash(void)
{
	struct backoff b;
	struct mono now = AT(1000);
	int64_t us = 0, total = 0;
	int i, many = 0;

	backoff_init(&b, 3, 30 * SECOND_US, 7);
	ok(backoff_crash(&b, now, &us) == 0 && us <= SECOND_US / 10,
	    "the first: at once");
	for (i = 1; i < 9; i++) {
		backoff_crash(&b, now, &us);
		total += us;
	}
	ok(total > 20 * SECOND_US && us <= 30 * SECOND_US, "then slower");
	for (i = 0; i < 5; i++)
		many = backoff_crash(&b, mono_add(now, SECOND_US), &us);
	ok(many && us == 30 * SECOND_US, "too many in a minute");
	ok(backoff_crash(&b, mono_add(now, 120 * SECOND_US), &us) == 0,
	    "not any more");
	for (i = 0; i < 100; i++) {
		backoff_reset(&b);
		many = backoff_crash(&b, now, &us);
	}
	ok(!many && us <= SECOND_US / 10, "progress in between: at once");
}

int
main(void)
{

	test_minutes();
	test_interval();
	test_cron();
	test_hour();
	test_temp();
	test_crash();
	return (tap_done());
}
