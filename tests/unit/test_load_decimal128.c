#include <bson/bson.h>
#include <math.h>
#include <stdint.h>

#include "load/decimal128.h"

#include "tap.h"

/* The text of 16 bytes, as libbson prints it. */
static const char *
text_of(const uint8_t * p, char * dst)
{
	bson_decimal128_t d;

	memcpy(&d.low, p, 8);
	memcpy(&d.high, p + 8, 8);
	bson_decimal128_to_string(&d, dst);
	return (dst);
}

static void
check(const char * in, const char * expected)
{
	char got[BSON_DECIMAL128_STRING];
	uint8_t out[16];
	int rc = decimal128_parse(in, strlen(in), out);

	if (rc != DECIMAL128_OK)
		strcpy(got, rc == DECIMAL128_SYNTAX ? "syntax" : "range");
	else
		text_of(out, got);
	same(got, strlen(got), expected, strlen(expected), in);
}

static void
test_texts(void)
{

	check("0", "0");
	check("-0", "-0");
	check("0.00", "0.00");
	check("000123", "123");
	check("+5", "5");
	check("1.50", "1.50");
	check(".5", "0.5");
	check("5.", "5");
	check("1e3", "1E+3");
	check("1.5E-3", "0.0015");
	check("9999999999999999999999999999999999",
	    "9999999999999999999999999999999999");
	check("-99999999999999999.99999999999999999",
	    "-99999999999999999.99999999999999999");
	check("10000000000000000000000000000000000", "1.00000000000000000000000"
	    "0000000000E+34");
	check("10000000000000000000000000000000001", "range");
	check("0.12345678901234567890123456789012345", "range");
	check("0.00000000000000000000000000000000000000000001", "1E-44");
	check("9.999999999999999999999999999999999E6144",
	    "9.999999999999999999999999999999999E+6144");
	check("1E6144", "1.000000000000000000000000000000000E+6144");
	check("1E6145", "range");
	check("1E-6176", "1E-6176");
	check("1E-6177", "range");
	check("10E-6177", "1E-6176");
	check("0E-9999", "0E-6176");
	check("0E99999999999999999999", "0E+6111");
	check("1E99999999999999999999", "range");
	check("1E-99999999999999999999", "range");
	check("", "syntax");
	check("-", "syntax");
	check(".", "syntax");
	check("1.2.3", "syntax");
	check("1e", "syntax");
	check("1e+", "syntax");
	check("1e5x", "syntax");
	check(" 1", "syntax");
	check("1 ", "syntax");
	check("NaN", "syntax");
	check("Infinity", "syntax");
	check("0x10", "syntax");
}

static uint64_t seed = 1;

static unsigned
below(unsigned n)
{

	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return ((unsigned)(seed >> 33) % n);
}

/* A random decimal of up to ${max} digits. */
static void
make(char * p, unsigned max)
{
	unsigned n = 1 + below(max), point = below(n + 1), i;

	if (below(2))
		*p++ = '-';
	for (i = 0; i < n; i++) {
		if (i == point && i > 0)
			*p++ = '.';
		*p++ = (char)('0' + (below(4) ? below(10) : 0));
	}
	if (below(4) == 0)
		p += sprintf(p, "E%s%u", below(2) ? "-" : "", below(7000));
	*p = '\0';
}

/* The digits of a text from the first that isn't 0; and to the last one. */
static size_t
digits_of(const char * p, size_t * used)
{
	size_t n = 0;

	for (*used = 0; *p != '\0' && *p != 'E'; p++) {
		if (*p < '0' || *p > '9' || (n == 0 && *p == '0'))
			continue;
		n++;
		if (*p != '0')
			*used = n;
	}
	return (n);
}

/*
 * What libbson reads exactly, we read alike.  It rounds where there are more
 * than 34 digits: that we refuse.
 */
static void
test_against_libbson(void)
{
	char text[128], a[BSON_DECIMAL128_STRING], b[BSON_DECIMAL128_STRING];
	bson_decimal128_t theirs;
	uint8_t out[16];
	size_t n, used;
	int i, rc, read, good = 1, exact = 0, refused = 0;

	for (i = 0; i < 200000 && good; i++) {
		make(text, 40);
		rc = decimal128_parse(text, strlen(text), out);
		read = bson_decimal128_from_string(text, &theirs);
		n = digits_of(text, &used);
		if (rc == DECIMAL128_OK && n > DECIMAL128_DIGITS) {
			good = (used <= DECIMAL128_DIGITS);
		} else if (rc == DECIMAL128_OK) {
			bson_decimal128_to_string(&theirs, b);
			good = (read && strcmp(text_of(out, a), b) == 0);
			exact++;
		} else {
			good = (rc == DECIMAL128_RANGE &&
			    (!read || used > DECIMAL128_DIGITS));
			refused++;
		}
	}
	ok(good && exact > 1000 && refused > 1000,
	    "200000 numbers, %d exact and %d not%s%s", exact, refused,
	    good ? "" : ": ", good ? "" : text);
}

static void
test_int64(void)
{
	static const struct {
		const char * text;
		int rc;
		int64_t n;
	} t[] = {
		{ "0", 0, 0 }, { "-0.0", 0, 0 }, { "10", 0, 10 },
		{ "1e1", 0, 10 }, { "10.0", 0, 10 }, { "1.5e1", 0, 15 },
		{ "150e-1", 0, 15 }, { "1.5", -1, 0 }, { "x", -1, 0 },
		{ "9223372036854775807", 0, INT64_MAX },
		{ "9223372036854775808", -1, 0 },
		{ "-9223372036854775808", 0, INT64_MIN },
		{ "-9223372036854775809", -1, 0 },
		{ "9.223372036854775807e18", 0, INT64_MAX },
		{ "1e18", 0, INT64_C(1000000000000000000) },
		{ "1e19", -1, 0 }, { "10000000000000000000000e-4", 0,
		    INT64_C(1000000000000000000) }, { "1e999999999999", -1, 0 }
	};
	size_t i;
	int64_t n;

	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		n = 0;
		ok(decimal128_int64(t[i].text, strlen(t[i].text), &n) ==
		    t[i].rc && n == t[i].n, "%s as an int64", t[i].text);
	}
}

static void
test_double(void)
{
	static const struct {
		const char * text;
		int rc;
	} t[] = {
		{ "0", 0 }, { "0.1", 0 }, { "1e300", 0 }, { "-2.5", 0 },
		{ "0.30000000000000004", 0 }, { "0.30000000000000005", -1 },
		{ "9007199254740992", 0 }, { "9007199254740993", -1 },
		{ "1.7976931348623157e308", 0 }, { "1.8e308", -1 },
		{ "5e-324", 0 }, { "4e-324", -1 }, { "1e-400", -1 },
		{ "100000000000000000000000", 0 },
		{ "0.1000000000000000000000000000000", 0 },
		{ "0.10000000000000000555", -1 }, { "x", -1 },
		{ "2.2250738585072014e-308", 0 }
	};
	char text[64], back[64];
	size_t i;
	double d;
	int good = 1;

	for (i = 0; i < sizeof t / sizeof t[0]; i++)
		ok(decimal128_double(t[i].text, strlen(t[i].text), &d) ==
		    t[i].rc, "%s as a double", t[i].text);

	/* Where it says yes, the shortest text of the double is the same. */
	for (i = 0; i < 100000 && good; i++) {
		make(text, 20);
		if (decimal128_double(text, strlen(text), &d) == -1)
			continue;
		snprintf(back, sizeof back, "%.17g", d);
		good = (strtod(back, NULL) == strtod(text, NULL) &&
		    isfinite(d));
	}
	ok(good, "100000 numbers");
}

int
main(void)
{

	test_texts();
	test_against_libbson();
	test_int64();
	test_double();
	return (tap_done());
}
