#include "common/buf.h"
#include "common/num.h"

#include "tap.h"

static void
test_numbers(void)
{
	static const struct {
		const char * text;
		uint64_t min, max;
		int rc;
		uint64_t v;
	} t[] = {
		{ "0", 0, UINT64_MAX, 0, 0 }, { "7", 0, 10, 0, 7 },
		{ "0010", 0, 10, 0, 10 }, { "10", 10, 10, 0, 10 },
		{ "18446744073709551615", 0, UINT64_MAX, 0, UINT64_MAX },
		{ "18446744073709551616", 0, UINT64_MAX, -1, 0 },
		{ "99999999999999999999", 0, UINT64_MAX, -1, 0 },
		{ "11", 0, 10, -1, 0 }, { "0", 1, 10, -1, 0 },
		{ "", 0, 10, -1, 0 }, { " 1", 0, 10, -1, 0 },
		{ "1 ", 0, 10, -1, 0 }, { "+1", 0, 10, -1, 0 },
		{ "-1", 0, 10, -1, 0 }, { "1x", 0, 10, -1, 0 },
		{ "0x1", 0, 10, -1, 0 }, { "1.0", 0, 10, -1, 0 },
		{ "1e1", 0, 10, -1, 0 }
	};
	uint64_t v;
	size_t i;

	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		v = 77;
		ok(num_u64(t[i].text, t[i].min, t[i].max, &v) == t[i].rc &&
		    v == (t[i].rc == 0 ? t[i].v : 77), "\"%s\"", t[i].text);
	}
}

static void
test_durations(void)
{
	static const struct {
		const char * text;
		int rc;
		uint64_t us;
	} t[] = {
		{ "0", 0, 0 }, { "1", 0, 1000000 }, { "1us", 0, 1 },
		{ "1ms", 0, 1000 }, { "1s", 0, 1000000 },
		{ "1m", 0, 60000000 }, { "1h", 0, 3600000000 },
		{ "1d", 0, 86400000000 }, { "0.5", 0, 500000 },
		{ "1.25m", 0, 75000000 }, { "0.000001s", 0, 1 },
		{ "0.1us", 0, 0 }, { "2.50ms", 0, 2500 },
		{ "1.123456789s", 0, 1123456 }, { "0.333333d", 0,
		    28799971200 },
		{ "213503982d", 0, 18446744044800000000u },
		{ "213503983d", -1, 0 }, { "18446744073709551615", -1, 0 },
		{ "18446744073709551615us", 0, UINT64_MAX },
		{ "18446744073709551616us", -1, 0 },
		{ "", -1, 0 }, { "s", -1, 0 }, { "1.", -1, 0 },
		{ "1.s", -1, 0 }, { ".5", -1, 0 }, { "-1", -1, 0 },
		{ "+1", -1, 0 }, { " 1", -1, 0 }, { "1 s", -1, 0 },
		{ "1S", -1, 0 }, { "1min", -1, 0 }, { "1s ", -1, 0 },
		{ "1.2.3", -1, 0 }, { "1w", -1, 0 }
	};
	uint64_t us;
	size_t i;

	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		us = 77;
		ok(num_duration(t[i].text, &us) == t[i].rc &&
		    us == (t[i].rc == 0 ? t[i].us : 77), "\"%s\"", t[i].text);
	}
}

/* Numbers as buf.h writes them. */
static void
test_written(void)
{
	struct buf b = { NULL, 0, 0 };
	char text[24];
	uint64_t v = 1;
	int i, k, good = 1;

	for (i = 0; i < 64; i++)
		for (k = -1; k <= 1; k++) {
			v = (1ull << i) + (uint64_t)k;
			buf_clear(&b);
			buf_put_u64(&b, v);
			sprintf(text, "%ju", (uintmax_t)v);
			good &= strcmp(buf_text(&b), text) == 0;
			buf_clear(&b);
			buf_put_i64(&b, (int64_t)v);
			sprintf(text, "%jd", (intmax_t)v);
			good &= strcmp(buf_text(&b), text) == 0;
		}
	for (v = 0, i = 0; i < 20; i++, v = v * 10 + 9) {
		buf_clear(&b);
		buf_put_u64(&b, v);
		sprintf(text, "%ju", (uintmax_t)v);
		good &= strcmp(buf_text(&b), text) == 0;
	}
	ok(good, "numbers around each power of two, and of ten");
	buf_clear(&b);
	buf_printf(&b, "%s-%d", "a", 7);
	for (i = 0; i < 1000; i++)
		buf_putc(&b, 'x');
	ok(b.n == 1003 && memcmp(b.p, "a-7xxx", 6) == 0, "a buffer grows");
	buf_put(&b, NULL, 0);
	buf_free(&b);
	buf_free(&b);
	ok(b.p == NULL && b.n == 0, "and is freed");
}

int
main(void)
{

	test_numbers();
	test_durations();
	test_written();
	return (tap_done());
}
