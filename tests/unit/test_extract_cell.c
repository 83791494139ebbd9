#include "common/scan.h"
#include "extract/cell.h"

#include "tap.h"

/*
 * Fields of rows to JSON.  Each field is copied to a block of its own size,
 * so that a sanitizer sees the first byte read behind it.
 */

static struct cell_env env;
static struct buf out;

/* The cell, or NULL; its text is in ${out}. */
static const char *
put(enum cell_kind kind, const char * p, size_t n)
{
	char * exact = malloc(n == 0 ? 1 : n);
	const char * why;

	if (exact == NULL)
		abort();
	memcpy(exact, p, n);
	buf_clear(&out);
	why = cell_put(&out, kind, &env, exact, n);
	free(exact);
	return (why);
}

static void
gives_n(enum cell_kind kind, const char * p, size_t n, const char * expected)
{
	const char * why = put(kind, p, n);

	if (ok(why == NULL, "%.40s is taken", expected))
		same(out.p, out.n, expected, strlen(expected), expected);
	else
		printf("#   %s\n", why);
}
#define gives(kind, text, expected) \
	gives_n((kind), (text), sizeof (text) - 1, (expected))

static void
refuses_n(enum cell_kind kind, const char * p, size_t n, const char * what)
{
	const char * why = put(kind, p, n);

	ok(why != NULL && strstr(why, what) != NULL, "refused: %s", what);
}
#define refuses(kind, text, what) \
	refuses_n((kind), (text), sizeof (text) - 1, (what))

static void
test_numbers(void)
{

	gives(CELL_INT, "0", "0");
	gives(CELL_INT, "-9223372036854775808", "-9223372036854775808");
	gives(CELL_INT, "18446744073709551615", "18446744073709551615");
	gives(CELL_ZEROFILL, "00000042", "42");
	gives(CELL_ZEROFILL, "0000", "0");
	gives(CELL_DECIMAL, "-0.50", "\"-0.50\"");
	gives(CELL_DECIMAL_ZEROFILL, "00000012.500", "\"12.500\"");
	gives(CELL_DECIMAL_ZEROFILL, "0000.001", "\"0.001\"");
	gives(CELL_NUMBER, "-1.7976931348623157e308",
	    "-1.7976931348623157e308");
	refuses(CELL_NUMBER, "nan", "JSON can't hold");
	refuses(CELL_NUMBER, "-inf", "JSON can't hold");
	refuses(CELL_INT, "", "without digits");
}

static void
test_times(void)
{

	env = (struct cell_env) { .dates = CELL_DATES_NULL };
	gives(CELL_TIMESTAMP, "2026-01-02 03:04:05",
	    "\"2026-01-02T03:04:05.000000Z\"");
	gives(CELL_TIMESTAMP, "2026-01-02 03:04:05.6",
	    "\"2026-01-02T03:04:05.600000Z\"");
	gives(CELL_DATETIME, "9999-12-31 23:59:59.999999",
	    "\"9999-12-31T23:59:59.999999Z\"");
	gives(CELL_DATETIME, "0000-01-01 00:00:00",
	    "\"0000-01-01T00:00:00.000000Z\"");
	gives(CELL_DATE, "2024-02-29", "\"2024-02-29\"");
	gives(CELL_DATE, "2026-12-31", "\"2026-12-31\"");
	gives(CELL_TIME, "-838:59:59.000001", "\"-838:59:59.000001\"");
	ok(env.odd_dates == 0, "no odd dates so far");

	gives(CELL_DATE, "0000-00-00", "null");
	gives(CELL_DATE, "2026-02-29", "null");
	gives(CELL_DATETIME, "2026-00-15 01:02:03", "null");
	gives(CELL_DATETIME, "2026-04-31 01:02:03.123", "null");
	ok(env.odd_dates == 4, "odd dates are counted");
	env.dates = CELL_DATES_STRING;
	gives(CELL_DATETIME, "2026-00-15 01:02:03",
	    "\"2026-00-15 01:02:03\"");
	env.dates = CELL_DATES_REJECT;
	refuses(CELL_DATE, "0000-00-00", "calendar");

	env.dates = CELL_DATES_NULL;
	env.offset_us = INT64_C(19800) * 1000000;	/* +05:30 */
	gives(CELL_DATETIME, "2026-01-01 05:29:59.999999",
	    "\"2025-12-31T23:59:59.999999Z\"");
	gives(CELL_TIMESTAMP, "2026-01-01 05:29:59",
	    "\"2026-01-01T05:29:59.000000Z\"");
	gives(CELL_DATETIME, "0000-01-01 05:00:00", "null");
	env.offset_us = -env.offset_us;
	gives(CELL_DATETIME, "9999-12-31 23:00:00", "null");
	env.offset_us = 0;
}

static void
test_texts(void)
{
	char long_text[100];
	struct buf b = { NULL, 0, 0 };
	size_t i, k;

	gives(CELL_TEXT, "", "\"\"");
	gives(CELL_TEXT, "a\"b\\c\n\t\r\b\f\x01\x1f/",
	    "\"a\\\"b\\\\c\\n\\t\\r\\b\\f\\u0001\\u001f/\"");
	gives(CELL_TEXT, "nul\0byte", "\"nul\\u0000byte\"");
	gives(CELL_TEXT, "\x7f\xc3\xa9\xf4\x8f\xbf\xbf",
	    "\"\x7f\xc3\xa9\xf4\x8f\xbf\xbf\"");

	/* What is special is seen at every place of every length. */
	for (i = 1; i < 40; i++) {
		for (k = 0; k < i; k++) {
			memset(long_text, 'x', i);
			long_text[k] = "\"\\\n\x1f"[i % 4];
			put(CELL_TEXT, long_text, i);
			buf_clear(&b);
			scan_put_text(&b, long_text, i);
			if (out.n != b.n || memcmp(out.p, b.p, b.n) != 0)
				break;
		}
		if (k < i)
			break;
	}
	ok(i == 40, "escapes at every place (%zu)", i);

	env.replace = 0;
	refuses(CELL_TEXT, "a\xff", "UTF-8");
	refuses(CELL_TEXT, "\xed\xa0\x80", "UTF-8");
	refuses(CELL_TEXT, "\xc0\x80", "UTF-8");
	refuses(CELL_TEXT, "cut off \xf0\x9f\x98", "UTF-8");
	env.replace = 1;
	gives(CELL_TEXT, "a\xff\"\xc3\xa9\xf0\x9f",
	    "\"a\xef\xbf\xbd\\\"\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd\"");
	ok(env.bad_texts == 1, "broken texts are counted");
	env = (struct cell_env) { .replace = 0 };

	gives(CELL_SET, "", "[]");
	gives(CELL_SET, "a", "[\"a\"]");
	gives(CELL_SET, "a,it's,\"", "[\"a\",\"it's\",\"\\\"\"]");
	buf_free(&b);
}

static void
test_binary(void)
{

	gives(CELL_BINARY, "", "\"\"");
	gives(CELL_BINARY, "\0", "\"AA==\"");
	gives(CELL_BINARY, "\xff\xfe", "\"//4=\"");
	gives(CELL_BINARY, "abc", "\"YWJj\"");
	gives(CELL_BINARY, "abcd", "\"YWJjZA==\"");
	gives(CELL_VECTOR, "", "[]");
	gives(CELL_VECTOR, "\x00\x00\x80\x3f\xcd\xcc\xcc\x3d",
	    "[1,0.10000000149011612]");
	gives(CELL_VECTOR, "\x01\x00\x00\x00\xff\xff\x7f\xff",
	    "[1.401298464324817e-45,-3.4028234663852886e+38]");
	refuses(CELL_VECTOR, "\x00\x00\xc0\x7f", "JSON can't hold");
	refuses(CELL_VECTOR, "\x00\x00\x80", "broken length");
}

static void
test_json(void)
{
	char deep[200];

	gives(CELL_JSON, "{\"a\": 1, \"b\": [1, 2.50, \"x y\"]}",
	    "{\"a\":1,\"b\":[1,2.50,\"x y\"]}");
	gives(CELL_JSON, " \n[ 1 ,\t-0 , 1E+2 ]\r\n", "[1,-0,1E+2]");
	gives(CELL_JSON, "\"a \\\" \\\\\"", "\"a \\\" \\\\\"");
	gives(CELL_JSON, "18446744073709551616", "18446744073709551616");
	gives(CELL_JSON, " null ", "null");
	gives(CELL_JSON, "[true , false]", "[true,false]");
	refuses(CELL_JSON, "", "valid JSON");
	refuses(CELL_JSON, " ", "valid JSON");
	refuses(CELL_JSON, "[1 2]", "valid JSON");
	refuses(CELL_JSON, "[tr ue]", "valid JSON");
	refuses(CELL_JSON, "[1] [2]", "valid JSON");
	refuses(CELL_JSON, "{\"a\":1", "valid JSON");
	refuses(CELL_JSON, "\"open", "valid JSON");
	refuses(CELL_JSON, "\"\\", "valid JSON");
	refuses(CELL_JSON, "\"\xff\"", "valid JSON");
	refuses(CELL_JSON, "[{\"a\":1,\"\\u0061\":2}]", "twice");

	memset(deep, '[', 100);
	memset(deep + 100, ']', 100);
	refuses_n(CELL_JSON, deep + 11, 178, "nested too deeply");
	ok(put(CELL_JSON, deep + 12, 176) == NULL, "88 levels are taken");

	env.replace = 1;
	gives(CELL_JSON, "{\"a\":1 ,\"a\":2}",
	    "\"{\\\"a\\\":1 ,\\\"a\\\":2}\"");
	gives(CELL_JSON, "[\"\xff\"]", "\"[\\\"\xef\xbf\xbd\\\"]\"");
	env.replace = 0;
}

/* A geometry without SRID, from hexadecimal. */
static void
geometry(const char * hex, const char * expected)
{
	char wkb[500];
	unsigned byte;
	size_t n;

	for (n = 0; sscanf(hex + 2 * n, "%2x", &byte) == 1; n++)
		wkb[n] = (char)byte;
	if (expected != NULL)
		gives_n(CELL_GEOMETRY, wkb, n, expected);
	else
		refuses_n(CELL_GEOMETRY, wkb, n, "geometry");
}

#define ONE	"000000000000f03f"
#define TWO	"0000000000000040"
#define POINT12	"0101000000" ONE TWO

static void
test_geometry(void)
{

	geometry("00000000" POINT12,
	    "{\"type\":\"Point\",\"coordinates\":[1,2]}");
	geometry("e6100000" "0000000001" "3ff0000000000000"
	    "bfb999999999999a",
	    "{\"type\":\"Point\",\"coordinates\":[1,-0.1]}");
	geometry("00000000" "0101000000" "000000000000f87f"
	    "000000000000f87f", "{\"type\":\"Point\",\"coordinates\":[]}");
	geometry("00000000" "0102000000" "02000000" ONE TWO TWO ONE,
	    "{\"type\":\"LineString\",\"coordinates\":[[1,2],[2,1]]}");
	geometry("00000000" "0103000000" "01000000" "02000000" ONE TWO TWO
	    ONE, "{\"type\":\"Polygon\",\"coordinates\":[[[1,2],[2,1]]]}");
	geometry("00000000" "0104000000" "02000000" POINT12 POINT12,
	    "{\"type\":\"MultiPoint\",\"coordinates\":[[1,2],[1,2]]}");
	geometry("00000000" "0105000000" "01000000" "0102000000" "01000000"
	    ONE TWO,
	    "{\"type\":\"MultiLineString\",\"coordinates\":[[[1,2]]]}");
	geometry("00000000" "0106000000" "01000000" "0103000000" "01000000"
	    "01000000" ONE TWO,
	    "{\"type\":\"MultiPolygon\",\"coordinates\":[[[[1,2]]]]}");
	geometry("00000000" "0107000000" "02000000" POINT12 "0107000000"
	    "00000000", "{\"type\":\"GeometryCollection\",\"geometries\":["
	    "{\"type\":\"Point\",\"coordinates\":[1,2]},"
	    "{\"type\":\"GeometryCollection\",\"geometries\":[]}]}");

	geometry("", NULL);
	geometry("000000", NULL);
	geometry("00000000", NULL);
	geometry("00000000" "02" "01000000" ONE TWO, NULL);
	geometry("00000000" "0101000000" ONE, NULL);
	geometry("00000000" "0108000000", NULL);
	geometry("00000000" POINT12 "00", NULL);
	geometry("00000000" "0104000000" "01000000" "0102000000" "00000000",
	    NULL);
	geometry("00000000" "0102000000" "ffffffff" ONE TWO, NULL);
	ok(put(CELL_GEOMETRY, "\0\0\0\0\1\1\0\0\0\0\0\0\0\0\0\xf0\x7f"
	    "\0\0\0\0\0\0\0\0", 25) != NULL, "infinity is refused");
}

/* Collections in collections, to the limit and beyond. */
static void
test_nested_geometry(void)
{
	static const char head[] = "\1\7\0\0\0\1\0\0\0";
	struct buf b = { NULL, 0, 0 };
	int i;

	buf_put(&b, "\0\0\0\0", 4);
	for (i = 0; i < 1000; i++)
		buf_put(&b, head, 9);
	ok(put(CELL_GEOMETRY, b.p, b.n) != NULL, "a thousand levels");
	b.n = 4 + 39 * 9;
	buf_put(&b, "\1\7\0\0\0\0\0\0\0", 9);
	ok(put(CELL_GEOMETRY, b.p, b.n) == NULL, "forty levels");
	buf_free(&b);
}

static void
test_doubles(void)
{
	uint64_t x = 1, bits;
	double d;
	int i, bad = 0;

	for (i = 0; i < 100000; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		bits = x;
		memcpy(&d, &bits, 8);
		if (d != d || d - d != 0)
			continue;
		buf_clear(&out);
		cell_double(&out, d);
		bad += strtod(buf_text(&out), NULL) != d;
	}
	ok(bad == 0, "100000 doubles come back");
	buf_clear(&out);
	cell_double(&out, 0.1);
	same(out.p, out.n, "0.1", 3, "and are short");
}

int
main(void)
{

	test_numbers();
	test_times();
	test_texts();
	test_binary();
	test_json();
	test_geometry();
	test_nested_geometry();
	test_doubles();
	buf_free(&out);
	return (tap_done());
}
