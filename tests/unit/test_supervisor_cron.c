#include <time.h>

#include "common/timestamp.h"
#include "supervisor/cron.h"

#include "tap.h"

#define BERLIN		"CET-1CEST,M3.5.0,M10.5.0/3"
#define NEW_YORK	"EST5EDT,M3.2.0,M11.1.0"
#define LORD_HOWE	"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0"

/* The next ${n} times of ${line} behind ${after} (UTC), joined by spaces. */
static const char *
next(const char * zone, const char * line, const char * after, int n)
{
	static char out[512];
	struct cron c;
	const char * err;
	int64_t us, t;
	char when[TIMESTAMP_LEN];
	size_t k = 0;

	setenv("TZ", zone, 1);
	tzset();
	if (cron_parse(line, &c, &err) == -1)
		return (err);
	if (timestamp_parse(after, strlen(after), &us) == -1)
		return ("bad test");
	out[0] = '\0';
	for (t = us / 1000000; n > 0; n--) {
		if ((t = cron_next(&c, t)) == -1)
			return ("never");
		timestamp_format(t * 1000000, when);
		k += (size_t)snprintf(out + k, sizeof out - k, "%s%.16s",
		    k > 0 ? " " : "", when);
	}
	return (out);
}

static void
expect(const char * zone, const char * line, const char * after, int n,
    const char * want, const char * name)
{
	const char * got = next(zone, line, after, n);

	same(got, strlen(got), want, strlen(want), name);
}

static void
test_fields(void)
{

	expect("UTC", "*/15 * * * *", "2026-03-01T00:14:59Z", 3,
	    "2026-03-01T00:15 2026-03-01T00:30 2026-03-01T00:45", "steps");
	expect("UTC", "0 0 * * *", "2026-02-28T12:00:00Z", 2,
	    "2026-03-01T00:00 2026-03-02T00:00", "midnight");
	expect("UTC", "5 4 29 2 *", "2026-01-01T00:00:00Z", 1,
	    "2028-02-29T04:05", "a leap day");
	expect("UTC", "0 9 * * mon-fri", "2026-11-20T09:00:00Z", 2,
	    "2026-11-23T09:00 2026-11-24T09:00", "weekdays by name");
	expect("UTC", "0 9 * * 7", "2026-11-20T09:00:00Z", 1,
	    "2026-11-22T09:00", "7 is Sunday");
	expect("UTC", "0 0 13 * 5", "2026-11-01T00:00:00Z", 3,
	    "2026-11-06T00:00 2026-11-13T00:00 2026-11-20T00:00",
	    "either day will do");
	expect("UTC", "30 1-5/2,22 * jan,JUL *", "2026-06-30T23:59:00Z", 4,
	    "2026-07-01T01:30 2026-07-01T03:30 2026-07-01T05:30 "
	    "2026-07-01T22:30", "lists, ranges with steps, months by name");
	expect("UTC", "10/20 3 * * *", "2026-01-01T00:00:00Z", 3,
	    "2026-01-01T03:10 2026-01-01T03:30 2026-01-01T03:50",
	    "a step from a number on");
	expect("UTC", "@hourly", "2026-01-01T00:30:00Z", 1,
	    "2026-01-01T01:00", "@hourly");
	expect("UTC", " @weekly", "2026-11-20T00:00:00Z", 1,
	    "2026-11-22T00:00", "@weekly");
	expect("UTC", "0 0 31 2 *", "2026-01-01T00:00:00Z", 1, "never",
	    "no such day");
}

static void
test_zones(void)
{

	expect(BERLIN, "30 2 * * *", "2026-03-28T12:00:00Z", 2,
	    "2026-03-29T01:00 2026-03-30T00:30",
	    "skipped in spring: at the change, then as ever");
	expect(BERLIN, "30 2 * * *", "2026-10-24T12:00:00Z", 2,
	    "2026-10-25T00:30 2026-10-26T01:30",
	    "twice in autumn: once");
	expect(BERLIN, "*/30 * * * *", "2026-10-25T00:00:00Z", 4,
	    "2026-10-25T00:30 2026-10-25T01:00 2026-10-25T01:30 "
	    "2026-10-25T02:00", "every half hour goes on in autumn");
	expect(BERLIN, "*/30 * * * *", "2026-03-29T00:00:00Z", 3,
	    "2026-03-29T00:30 2026-03-29T01:00 2026-03-29T01:30",
	    "and in spring");
	expect(NEW_YORK, "15 2 * * *", "2026-03-07T12:00:00Z", 2,
	    "2026-03-08T07:00 2026-03-09T06:15", "New York, spring");
	expect(NEW_YORK, "30 1 * * *", "2026-10-31T12:00:00Z", 2,
	    "2026-11-01T05:30 2026-11-02T06:30", "New York, autumn");
	expect(LORD_HOWE, "15 2 * * *", "2026-10-03T00:00:00Z", 2,
	    "2026-10-03T15:30 2026-10-04T15:15",
	    "half an hour is skipped on Lord Howe Island");
	expect(LORD_HOWE, "45 1 * * *", "2026-04-04T00:00:00Z", 2,
	    "2026-04-04T14:45 2026-04-05T15:15", "and repeated");
}

static void
test_mistakes(void)
{
	static const char * const bad[] = { "", "*", "* * * *",
		"* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *",
		"* * 32 * *", "* * * 13 *", "* * * * 8", "5-1 * * * *",
		"*/0 * * * *", "a * * * *", "1, * * * *", "1- * * * *",
		"1x * * * *", "-1 * * * *", "@never", "1 2 3 4 foo" };
	struct cron c;
	const char * err;
	size_t i;

	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		err = NULL;
		ok(cron_parse(bad[i], &c, &err) == -1 && err != NULL,
		    "refused: \"%s\"", bad[i]);
	}
}

int
main(void)
{

	test_fields();
	test_zones();
	test_mistakes();
	return (tap_done());
}
