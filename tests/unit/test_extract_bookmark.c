#include "extract/bookmark.h"
#include "extract/state.h"

#include "tap.h"

/* Names are constants here; nothing writes to them. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

/*
 * Bookmarks: from a row to JSON and back.
 */

static struct catalog_column columns[] = {
	{ .name = "updated_at", .kind = CELL_DATETIME, .fraction = 3 },
	{ .name = "k", .kind = CELL_TEXT }
};
static struct catalog_table table = { .name = "t", .column = columns,
    .ncolumn = 2, .key = { 1 }, .nkey = 1, .change = 0 };
static struct cell_env env;
static struct buf out, why;

/* What ${out} holds. */
static void
is(const char * expected, const char * name)
{

	same(out.p, out.n, expected, strlen(expected), name);
}

static void
test_times(void)
{
	struct position_time a, b;

	position_time_at(&a, &columns[0], &env, INT64_C(1767323046123999));
	same(a.p, a.n, "2026-01-02 03:04:06.123", 23, "rounded down");
	position_time_at(&b, &columns[0], &env, INT64_C(1767323046124000));
	ok(position_time_compare(&a, &b) < 0 &&
	    position_time_compare(&b, &a) > 0 &&
	    position_time_compare(&a, &a) == 0, "compared");
	position_time_at(&a, &columns[0], &env, -1);
	same(a.p, a.n, "1969-12-31 23:59:59.999", 23, "before 1970");
	position_time_at(&a, &columns[0], &env, INT64_MAX / 2);
	same(a.p, a.n, "9999-12-31 23:59:59.999", 23, "the last one");
	env.offset_us = INT64_C(-3600) * 1000000;
	position_time_at(&a, &columns[0], &env, 0);
	same(a.p, a.n, "1969-12-31 23:00:00.000", 23, "in another zone");
	env.offset_us = 0;
}

/* What the bookmark of a row says, and that it comes back as it was. */
static void
round_trip(const struct catalog_column * key, const char * time,
    const char * p, size_t n, const char * expected)
{
	char * row[] = { (char *)time, (char *)p };
	unsigned long len[] = { strlen(time), n };
	struct bookmark bm = { .epoch = 5 }, back = { .epoch = 0 };
	struct json * doc;
	const char * q;
	size_t m;

	columns[1] = *key;
	columns[1].name = "k";
	position_set(&bm.at, &table, &(struct cell_row){ row, len, NULL });
	buf_clear(&out);
	bookmark_print(&out, &bm, &table, &env);
	is(expected, expected);
	doc = json_parse(out.p, out.n, NULL);
	if (!ok(doc != NULL && bookmark_parse(&back, json_root(doc), &table,
	    &env, &why) == 0 && back.at.nkey == 1 && back.epoch == 5,
	    "is read back"))
		printf("#   %s\n", buf_text(&why));
	else {
		q = position_key(&back.at, 0, &m);
		same(q, m, p, n, "with its key");
		same(back.at.time.p, back.at.time.n, time, strlen(time),
		    "and its time");
	}
	json_free(doc);
	bookmark_free(&bm);
	bookmark_free(&back);
}

#define HEAD	"{\"replication_key\":\"updated_at\",\"replication_key_value\":"
#define TAIL	",\"key_properties\":[\"k\"],\"epoch\":5}"

#define CLOCK	"\"clock\":{\"now\":\"2026-01-02T03:04:06.000000Z\"," \
	"\"final\":\"2026-01-02T03:04:05.000000Z\",\"boot\":" \
	"\"01234567-89ab-cdef-0123-456789abcdef\","

static void
test_keys(void)
{
	char * members[] = { "red", "green" };
	struct catalog_column c = { .kind = CELL_TEXT };
	const char * t = "2026-01-02 03:04:05.678";

	round_trip(&c, t, "a\"\n\0\xc3\xa9", 6, HEAD
	    "\"2026-01-02T03:04:05.678000Z\",\"key\":[\"a\\\"\\n\\u0000"
	    "\xc3\xa9\"]" TAIL);
	round_trip(&c, "2026-00-15 00:00:00.000", "", 0, HEAD
	    "\"2026-00-15 00:00:00.000\",\"key\":[\"\"]" TAIL);
	env.offset_us = INT64_C(7200) * 1000000;
	round_trip(&c, t, "x", 1, HEAD
	    "\"2026-01-02T01:04:05.678000Z\",\"key\":[\"x\"]" TAIL);
	c.kind = CELL_DATETIME;
	c.fraction = 6;
	round_trip(&c, t, "2026-01-01 00:00:00.000001", 26, HEAD
	    "\"2026-01-02T01:04:05.678000Z\",\"key\":"
	    "[\"2025-12-31T22:00:00.000001Z\"]" TAIL);
	env.offset_us = 0;
	c.kind = CELL_INT;
	round_trip(&c, t, "18446744073709551615", 20, HEAD
	    "\"2026-01-02T03:04:05.678000Z\",\"key\":[18446744073709551615]"
	    TAIL);
	c.kind = CELL_NUMBER;
	round_trip(&c, t, "-1e-300", 7, HEAD
	    "\"2026-01-02T03:04:05.678000Z\",\"key\":[-1e-300]" TAIL);
	c.kind = CELL_DECIMAL;
	round_trip(&c, t, "-0.50", 5, HEAD
	    "\"2026-01-02T03:04:05.678000Z\",\"key\":[\"-0.50\"]" TAIL);
	c.kind = CELL_DATE;
	round_trip(&c, t, "0000-00-00", 10, HEAD
	    "\"2026-01-02T03:04:05.678000Z\",\"key\":[\"0000-00-00\"]" TAIL);
	c.kind = CELL_TIME;
	round_trip(&c, t, "-838:59:59", 10, HEAD
	    "\"2026-01-02T03:04:05.678000Z\",\"key\":[\"-838:59:59\"]" TAIL);
	c.kind = CELL_BINARY;
	round_trip(&c, t, "\0", 1, HEAD
	    "\"2026-01-02T03:04:05.678000Z\",\"key\":[\"AA==\"]" TAIL);
	round_trip(&c, t, "\xff\xfe", 2, HEAD
	    "\"2026-01-02T03:04:05.678000Z\",\"key\":[\"//4=\"]" TAIL);
	round_trip(&c, t, "abc", 3, HEAD
	    "\"2026-01-02T03:04:05.678000Z\",\"key\":[\"YWJj\"]" TAIL);
	c.kind = CELL_SET;
	c.member = members;
	c.nmember = 2;
	round_trip(&c, t, "red,green", 9, HEAD
	    "\"2026-01-02T03:04:05.678000Z\",\"key\":[[\"red\",\"green\"]]"
	    TAIL);
	c.kind = CELL_TEXT;
	round_trip(&c, t, "green", 5, HEAD
	    "\"2026-01-02T03:04:05.678000Z\",\"key\":[\"green\"]" TAIL);
}

/* A scan, in a table with and without a change column. */
static void
test_scan(void)
{
	struct bookmark bm = { .scanning = 1, .epoch = 9 };
	struct bookmark back = { .epoch = 0 };
	struct catalog_column c = { .name = "k", .kind = CELL_INT };
	struct json * doc;
	char * row[] = { NULL, "42" };
	unsigned long len[] = { 0, 2 };

	columns[1] = c;
	position_set(&bm.scan, &table, &(struct cell_row){ row, len, NULL });
	position_time_at(&bm.to, &columns[0], &env, 0);
	buf_clear(&out);
	bookmark_print(&out, &bm, &table, &env);
	is("{\"replication_key\":\"updated_at\",\"key\":[],"
	    "\"key_properties\":[\"k\"],\"epoch\":9,\"scan\":{\"to\":"
	    "\"1970-01-01T00:00:00.000000Z\",\"key\":[42]}}", "a scan");
	doc = json_parse(out.p, out.n, NULL);
	ok(bookmark_parse(&back, json_root(doc), &table, &env, &why) == 0 &&
	    back.scanning && back.scan.nkey == 1 && back.to.n == 23 &&
	    back.at.time.n == 0, "is read back");
	json_free(doc);

	table.change = CATALOG_NONE;
	buf_clear(&out);
	bookmark_print(&out, &bm, &table, &env);
	is("{\"key\":[],\"key_properties\":[\"k\"],\"epoch\":9,"
	    "\"scan\":{\"key\":[42]}}", "without a change column");
	table.change = 0;
	bookmark_free(&bm);
	bookmark_free(&back);
}

static int
parses(const char * text, struct bookmark * bm)
{
	struct json * doc = json_parse(text, strlen(text), NULL);
	int rc;

	memset(bm, 0, sizeof *bm);
	buf_clear(&why);
	rc = doc == NULL ? -2 : bookmark_parse(bm, json_root(doc), &table,
	    &env, &why);
	json_free(doc);
	return (rc);
}

static void
test_refusals(void)
{
	static const char * const bad[] = { "1", "{}", "[]",
	    "{\"replication_key\":\"created_at\"}",
	    "{\"replication_key\":\"updated_at\"}",
	    HEAD "\"soon\"}", HEAD "null}", HEAD "1}",
	    HEAD "\"2026-01-01\",\"epoch\":1.5}",
	    HEAD "\"2026-01-01\",\"nulls_at\":\"x\"}",
	    HEAD "\"2026-01-01\",\"scan\":1}",
	    HEAD "\"2026-01-01\",\"scan\":{}}",
	    HEAD "\"2026-01-01\",\"scan\":{\"to\":\"2026-01-01\",\"key\":"
	    "[\"1 OR 1\"]}}",
	    HEAD "\"2026-01-01\",\"scan\":{\"to\":\"2026-01-01\",\"key\":"
	    "[1,2]}}",
	    HEAD "\"2026-01-01\",\"key\":[1],\"key_properties\":"
	    "[\"other\"]}" };
	struct bookmark bm;
	size_t i;

	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		ok(parses(bad[i], &bm) == -1 && why.n > 0, "%s", bad[i]);
		bookmark_free(&bm);
	}

	/* What was known of the clocks comes back, and nothing half. */
	ok(parses(HEAD "\"2026-01-01\"," CLOCK "\"up\":7}}", &bm) == 0 &&
	    bm.mark.up_us == 7 && bm.mark.now_us - bm.mark.safe_us ==
	    1000000 && bm.mark.boot[35] == 'f', "clocks");
	buf_clear(&out);
	bookmark_print(&out, &bm, &table, &env);
	ok(memmem(out.p, out.n, CLOCK "\"up\":7}", strlen(CLOCK "\"up\":7}"))
	    != NULL, "and are printed so");
	bookmark_free(&bm);
	ok(parses(HEAD "\"2026-01-01\"," CLOCK "\"up\":-1}}", &bm) == -1,
	    "clocks that can't be read");
	bookmark_free(&bm);

	/* A key that isn't one is left out: more is read, not less. */
	ok(parses(HEAD "\"2026-01-01\",\"key\":[\"x\"]}", &bm) == 0 &&
	    bm.at.nkey == 0 && bm.at.time.n == 23, "a key of another type");
	bookmark_free(&bm);
	ok(parses(HEAD "\"2026-01-01T00:00:00.123456Z\",\"key\":[1]}", &bm) ==
	    0 && bm.at.nkey == 0 && memcmp(bm.at.time.p + 19, ".123", 4) == 0,
	    "of a time that is finer than the column");
	bookmark_free(&bm);
	ok(parses(HEAD "\"2026-01-01T01:00:00.123+01:00\",\"key\":[1]}",
	    &bm) == 0 && bm.at.nkey == 1 && memcmp(bm.at.time.p,
	    "2026-01-01 00:00:00.123", 23) == 0, "in another zone");
	bookmark_free(&bm);
}

/* A TIME of a key. */
static void
test_spans(void)
{
	static const char * const good[] = { "00:00:00", "-838:59:59",
		"838:59:59.000000", "-01:02:03.4", "100:00:00.12" };
	static const char * const bad[] = { "", "-", "0", "1:02:03", "01:02",
		"01:02:3", "01:02:03.", "01:02:03.1234567", "1000:00:00",
		"--01:02:03", "01-02:03", "01:02:03 ", "01 02:03", "::",
		"2026-01-02", ".1", "01:02:03:04", "-838:59:59.", "01::02:03",
		"0a:00:00", "000:00:0" };
	struct bookmark bm;
	char text[200];
	size_t i;

	columns[1] = (struct catalog_column) { .name = "k",
	    .kind = CELL_TIME };
	for (i = 0; i < sizeof good / sizeof good[0]; i++) {
		sprintf(text, HEAD "\"2026-01-01\",\"key\":[\"%s\"]}",
		    good[i]);
		ok(parses(text, &bm) == 0 && bm.at.nkey == 1, "%s", good[i]);
		bookmark_free(&bm);
	}
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		sprintf(text, HEAD "\"2026-01-01\",\"key\":[\"%s\"]}",
		    bad[i]);
		ok(parses(text, &bm) == 0 && bm.at.nkey == 0, "not \"%s\"",
		    bad[i]);
		bookmark_free(&bm);
	}
}

static void
test_state(void)
{
	static const char * const bad[] = { "", "\n", "{", "[]", "null", "{}",
	    "{\"bookmarks\":[]}", "{\"bookmarks\":{}}\n{\"bookmarks\":{" };
	static const char text[] = "{\"x\":[1,\n2],\"bookmarks\":{\"a\":"
	    "{\"n\":18446744073709551616},\"b\":1}}\n";
	static const char lines[] =
	    "{\"bookmarks\":{\"a\":1}}\n{\"bookmarks\":{}}\n\n";
	struct state * st;
	size_t i;

	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		buf_clear(&why);
		st = state_parse(bad[i], strlen(bad[i]), &why);
		ok(st == NULL && why.n > 0, "state \"%s\"", bad[i]);
	}
	st = state_parse(text, sizeof text - 1, &why);
	ok(st != NULL && state_get(st, "a") != NULL && state_get(st, "c") ==
	    NULL, "a state");
	state_set(st, "b", "2", 1);
	state_set(st, "c\"", "3", 1);
	buf_clear(&out);
	state_print(st, &out);
	is("{\"bookmarks\":{\"a\":"
	    "{\"n\":18446744073709551616},\"b\":2,\"c\\\"\":3},"
	    "\"x\":[1, 2]}", "keeps what isn't ours");
	state_free(st);
	st = state_parse(lines, sizeof lines - 1, &why);
	ok(st != NULL && state_get(st, "a") == NULL, "the last line counts");
	state_free(st);
}

int
main(void)
{

	test_times();
	test_keys();
	test_scan();
	test_refusals();
	test_spans();
	test_state();
	buf_free(&out);
	buf_free(&why);
	return (tap_done());
}
