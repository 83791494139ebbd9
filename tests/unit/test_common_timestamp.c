#include "common/timestamp.h"

#include "tap.h"

#define S	INT64_C(1000000)

static const struct {
	const char * text;
	int64_t us;
	const char * out;	/* NULL: not read */
} times[] = {
	{ "1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00.000000Z" },
	{ "1970-01-01", 0, "1970-01-01T00:00:00.000000Z" },
	{ "2026-01-02T03:04:05.678901Z", 1767323045 * S + 678901,
	    "2026-01-02T03:04:05.678901Z" },
	{ "2026-01-02 03:04:05.6Z", 1767323045 * S + 600000,
	    "2026-01-02T03:04:05.600000Z" },
	{ "2026-01-02T03:04:05.678901999Z", 1767323045 * S + 678901,
	    "2026-01-02T03:04:05.678901Z" },
	{ "2026-01-02T04:04:05+01:00", 1767323045 * S,
	    "2026-01-02T03:04:05.000000Z" },
	{ "2026-01-01T21:34:05-05:30", 1767323045 * S,
	    "2026-01-02T03:04:05.000000Z" },
	{ "2026-01-02T03:04:05-00:00", 1767323045 * S,
	    "2026-01-02T03:04:05.000000Z" },
	{ "1969-12-31T23:59:59.999999Z", -1,
	    "1969-12-31T23:59:59.999999Z" },
	{ "0000-01-01T00:00:00Z", -62167219200 * S,
	    "0000-01-01T00:00:00.000000Z" },
	{ "9999-12-31T23:59:59.999999Z", 253402300799 * S + 999999,
	    "9999-12-31T23:59:59.999999Z" },
	{ "2016-12-31T23:59:60Z", 1483228800 * S,
	    "2017-01-01T00:00:00.000000Z" },
	{ "2016-12-31T23:59:60.5Z", 1483228800 * S + 500000,
	    "2017-01-01T00:00:00.500000Z" },
	{ "2000-02-29", 951782400 * S, "2000-02-29T00:00:00.000000Z" },
	{ "2024-02-29T12:00:00Z", 1709208000 * S,
	    "2024-02-29T12:00:00.000000Z" },
	{ "1900-03-01", -2203891200 * S, "1900-03-01T00:00:00.000000Z" },

	{ "", 0, NULL }, { "2026", 0, NULL }, { "2026-01", 0, NULL },
	{ "2026-1-02", 0, NULL }, { "26-01-02", 0, NULL },
	{ "2026-00-02", 0, NULL }, { "2026-13-02", 0, NULL },
	{ "2026-01-00", 0, NULL }, { "2026-01-32", 0, NULL },
	{ "2026-04-31", 0, NULL }, { "1900-02-29", 0, NULL },
	{ "2023-02-29", 0, NULL }, { "0000-00-00", 0, NULL },
	{ "2026-01-02 ", 0, NULL }, { "2026-01-02T", 0, NULL },
	{ "2026-01-02T03:04:05", 0, NULL },
	{ "2026-01-02T03:04Z", 0, NULL }, { "2026-01-02T24:00:00Z", 0, NULL },
	{ "2026-01-02T03:60:05Z", 0, NULL },
	{ "2026-01-02T03:04:61Z", 0, NULL },
	{ "2026-01-02T03:04:05.Z", 0, NULL },
	{ "2026-01-02T03:04:05.1234567890Z", 0, NULL },
	{ "2026-01-02T03:04:05z", 0, NULL },
	{ "2026-01-02t03:04:05Z", 0, NULL },
	{ "2026-01-02T03:04:05Zx", 0, NULL },
	{ "2026-01-02T03:04:05+1:00", 0, NULL },
	{ "2026-01-02T03:04:05+0100", 0, NULL },
	{ "2026-01-02T03:04:05+01", 0, NULL },
	{ "2026-01-02T03:04:05+24:00", 0, NULL },
	{ "2026-01-02T03:04:05+01:60", 0, NULL },
	{ "-026-01-02", 0, NULL }, { "+026-01-02", 0, NULL },
	{ " 2026-01-02", 0, NULL }, { "2026/01/02", 0, NULL },
	{ "0000-01-01T00:00:00+00:01", 0, NULL },
	{ "9999-12-31T23:59:59-00:01", 0, NULL },
	{ "9999-12-31T23:59:60Z", 0, NULL },
};

static void
test_table(void)
{
	char text[TIMESTAMP_LEN];
	int64_t us;
	size_t i;

	for (i = 0; i < sizeof times / sizeof times[0]; i++) {
		const char * t = times[i].text;

		us = 77;
		if (times[i].out == NULL) {
			ok(timestamp_parse(t, strlen(t), &us) == -1 &&
			    us == 77, "refuse \"%s\"", t);
			continue;
		}
		ok(timestamp_parse(t, strlen(t), &us) == 0 &&
		    us == times[i].us, "read %s", t);
		timestamp_format(times[i].us, text);
		same(text, sizeof text, times[i].out, strlen(times[i].out),
		    "and write it");
	}
}

static int
month_days(int y, int m)
{

	if (m == 2)
		return (y % 4 != 0 || (y % 100 == 0 && y % 400 != 0) ?
		    28 : 29);
	return (m == 4 || m == 6 || m == 9 || m == 11 ? 30 : 31);
}

/* Every day of the calendar, counted one by one, both ways. */
static void
test_every_day(void)
{
	struct timestamp_parts t;
	int64_t day = timestamp_days(0, 1, 1), us;
	char text[TIMESTAMP_LEN];
	int y, m, d, good = 1;

	ok(day == -719528, "the first day");
	for (y = 0; y <= 9999; y++)
		for (m = 1; m <= 12; m++)
			for (d = 1; d <= month_days(y, m); d++, day++) {
				us = day * 86400 * S + (day & 65535) * S;
				timestamp_split(us, &t);
				timestamp_format(us, text);
				good &= timestamp_days(y, m, d) == day &&
				    t.year == y && t.month == m &&
				    t.day == d && t.micros == 0 &&
				    t.hour * 3600 + t.minute * 60 + t.second ==
				    (day & 65535) &&
				    timestamp_parse(text, sizeof text, &us) ==
				    0 && us == (day * 86400 +
				    (day & 65535)) * S;
			}
	ok(good, "all 3,652,425 days of 10,000 years");
	ok(day == timestamp_days(10000, 1, 1), "and the day behind them");
}

static void
test_cut(void)
{
	static const char text[] = "2026-01-02T03:04:05.678901+01:00";
	int64_t us;
	size_t n;
	int good = 1;

	for (n = 0; n < sizeof text - 1; n++)
		good &= (timestamp_parse(text, n, &us) == 0) == (n == 10);
	ok(good, "no piece of a time is one, but for its date");
	ok(timestamp_now() > 1767323045 * S, "the clock runs");
}

int
main(void)
{

	test_table();
	test_every_day();
	test_cut();
	return (tap_done());
}
