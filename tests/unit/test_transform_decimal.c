#include "transform/decimal.h"

#include "tap.h"

static struct decimal
read_(const char * s)
{
	struct decimal d;

	if (decimal_read(s, strlen(s), &d) == -1) {
		printf("Bail out! not read: %s\n", s);
		exit(EXIT_FAILURE);
	}
	return (d);
}

static void
test_read(void)
{
	static const char * const good[] = { "0", "-0", "+5", "007", ".5",
		"5.", "1e5", "1E+05", "1.5e-7", "-12.340", "0.000",
		"1e999999999" };
	static const char * const bad[] = { "", "-", ".", "e5", "1e", "1e+",
		"1 ", " 1", "1.2.3", "0x1", "1e9999999999", "--1", "1-", "NaN",
		"1e5.5" };
	struct decimal d;
	size_t i;

	for (i = 0; i < sizeof good / sizeof good[0]; i++)
		ok(decimal_read(good[i], strlen(good[i]), &d) == 0,
		    "\"%s\" is a number", good[i]);
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ok(decimal_read(bad[i], strlen(bad[i]), &d) == -1,
		    "\"%s\" is none", bad[i]);
}

static void
test_view(void)
{
	static const struct {
		const char * text;
		size_t digits;
		int64_t exp, scale, whole;
		size_t written;
	} t[] = {
		{ "0", 0, 0, 0, 0, 0 }, { "0.00", 0, 0, 0, 0, 2 },
		{ "1", 1, 0, 0, 1, 0 }, { "120", 2, 2, 0, 3, 0 },
		{ "2.50", 2, 0, 1, 1, 2 }, { "0.0250", 2, -2, 3, 0, 4 },
		{ "-100.001", 6, 2, 3, 3, 3 }, { "1e3", 1, 3, 0, 4, 0 },
		{ "12.5e-3", 3, -2, 4, 0, 1 }, { "00012", 2, 1, 0, 2, 0 }
	};
	struct decimal d;
	size_t i;

	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		d = read_(t[i].text);
		ok(d.digits == t[i].digits && d.exp == t[i].exp &&
		    decimal_scale(&d) == t[i].scale &&
		    decimal_whole(&d) == t[i].whole &&
		    d.written == t[i].written, "the view of %s", t[i].text);
	}
}

static void
test_compare(void)
{
	/* In order; equal ones in one row. */
	static const char * const rows[][3] = {
		{ "-1e999999999", NULL }, { "-9007199254740993", NULL },
		{ "-9007199254740992.9", NULL }, { "-10", "-1e1", "-10.0" },
		{ "-1.5", NULL }, { "-0.001", "-1e-3", NULL },
		{ "0", "-0", "0.000e7" }, { "1e-999999999", NULL },
		{ "0.5", ".50", "5e-1" }, { "1.00000000000000000001", NULL },
		{ "1.0000000000000000001", NULL }, { "9", NULL },
		{ "10", "1e1", "1.0E+1" }, { "10.01", NULL },
		{ "18446744073709551615", NULL },
		{ "18446744073709551616", "1.8446744073709551616e19", NULL }
	};
	const size_t n = sizeof rows / sizeof rows[0];
	struct decimal a, b;
	size_t i, j, k, l, wrong = 0;
	int c;

	for (i = 0; i < n; i++) {
		for (j = 0; j < n; j++) {
			for (k = 0; k < 3 && rows[i][k] != NULL; k++) {
				for (l = 0; l < 3 && rows[j][l] != NULL;
				    l++) {
					a = read_(rows[i][k]);
					b = read_(rows[j][l]);
					c = decimal_compare(&a, &b);
					wrong += ((c > 0) - (c < 0)) !=
					    ((i > j) - (i < j));
				}
			}
		}
	}
	ok(wrong == 0, "all pairs compare as they stand in the list");
}

static void
test_multiple(void)
{
	static const struct {
		const char * a;
		const char * m;
		int is;
	} t[] = {
		{ "0", "7", 1 }, { "10", "5", 1 }, { "10", "3", 0 },
		{ "21.00", "0.01", 1 }, { "21.005", "0.01", 0 },
		{ "-0.3", "0.1", 1 }, { "0.35", "0.1", 0 },
		{ "4.35", "0.15", 1 }, { "1e30", "3", 0 },
		{ "1e30", "999999999999999989", 0 },
		{ "999999999999999999", "999999999999999999", 1 },
		{ "999999999999999999e20", "999999999999999999", 1 },
		{ "123456789012345678901234567890", "10", 1 },
		{ "123456789012345678901234567891", "10", 0 },
		{ "5", "10", 0 }, { "15", "2.5", 1 }, { "1e5", "1e4", 1 },
		{ "1e4", "1e5", 0 }, { "2", "4e-1", 1 }
	};
	struct decimal a, m;
	size_t i;

	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		a = read_(t[i].a);
		m = read_(t[i].m);
		ok(decimal_multiple(&a, &m) == t[i].is, "%s is %sa multiple "
		    "of %s", t[i].a, t[i].is ? "" : "no ", t[i].m);
	}
}

static void
test_plain(void)
{
	static const struct {
		const char * text;
		const char * plain;
	} t[] = {
		{ "0", "0" }, { "-0.00", "0" }, { "1e3", "1000" },
		{ "1.5e-3", "0.0015" }, { "-12.340", "-12.34" },
		{ ".5", "0.5" }, { "+7", "7" }, { "007", "7" },
		{ "123456789.000000001", "123456789.000000001" },
		{ "1e-10", "0.0000000001" }, { "12e10", "120000000000" },
		{ "100", "100" }, { "100.5e1", "1005" }
	};
	struct decimal d;
	char dst[200];
	size_t i, n;

	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		d = read_(t[i].text);
		ok(decimal_room(&d, 0) <= sizeof dst, "%s has room",
		    t[i].text);
		n = decimal_plain(&d, dst);
		same(dst, n, t[i].plain, strlen(t[i].plain), t[i].text);
	}
	d = read_("1e5000");
	ok(decimal_room(&d, 0) == 0, "1e5000 is too large");
	d = read_("1e-5000");
	ok(decimal_room(&d, 0) == 0, "1e-5000 is too small");
}

static void
test_round(void)
{
	static const struct {
		const char * text;
		int places;
		const char * up;
		const char * even;
	} t[] = {
		{ "2.5", 0, "3", "2" }, { "3.5", 0, "4", "4" },
		{ "-2.5", 0, "-3", "-2" }, { "0.5", 0, "1", "0" },
		{ "-0.5", 0, "-1", "0" }, { "0.49", 0, "0", "0" },
		{ "2.51", 0, "3", "3" }, { "2.500000001", 0, "3", "3" },
		{ "2.995", 2, "3.00", "3.00" }, { "2.985", 2, "2.99", "2.98" },
		{ "9.99", 1, "10.0", "10.0" }, { "99.95", 1, "100.0", "100.0" },
		{ "0.005", 2, "0.01", "0.00" }, { "0.0049", 2, "0.00", "0.00" },
		{ "0.05", 0, "0", "0" }, { "1250", -2, "1300", "1200" },
		{ "1249", -2, "1200", "1200" }, { "50", -2, "100", "0" },
		{ "49", -2, "0", "0" }, { "5", -2, "0", "0" },
		{ "1.5e-3", 3, "0.002", "0.002" }, { "1", 2, "1.00", "1.00" },
		{ "0", 2, "0.00", "0.00" }, { "-0.001", 2, "0.00", "0.00" },
		{ "12345678901234567890.5", 0, "12345678901234567891",
		    "12345678901234567890" },
		{ "9999999999999999999999.9999", 3,
		    "10000000000000000000000.000",
		    "10000000000000000000000.000" }
	};
	struct decimal d;
	char dst[200];
	size_t i, n;

	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		d = read_(t[i].text);
		n = decimal_round(&d, t[i].places, DECIMAL_HALF_UP, dst);
		same(dst, n, t[i].up, strlen(t[i].up), t[i].text);
		n = decimal_round(&d, t[i].places, DECIMAL_HALF_EVEN, dst);
		same(dst, n, t[i].even, strlen(t[i].even), t[i].text);
	}
}

int
main(void)
{

	test_read();
	test_view();
	test_compare();
	test_multiple();
	test_plain();
	test_round();
	return (tap_done());
}
