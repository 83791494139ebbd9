#include "common/log.h"

#include "transform/casemap.h"
#include "transform/steps.h"

#include "tap.h"

/* Columns that concat can name: a is "x", b is null, c isn't there, n is 7. */
static const struct scan_value col_a = { "x", 1, SCAN_STRING, 0, 1, 0 };
static const struct scan_value col_b = { "null", 4, SCAN_NULL, 0, 1, 0 };
static const struct scan_value col_n = { "7", 1, SCAN_INT, 0, 1, 0 };

/* Run ${steps} on the JSON ${in}; the result, or what is wrong, as text. */
static const char *
run(const char * steps, const char * in)
{
	static struct buf out;
	const struct scan_value * col[8] = { &col_a, &col_b, NULL, &col_n };
	struct columns cols = { 0 };
	struct faults f = { "steps", 0 };
	struct json * doc = json_parse(steps, strlen(steps), NULL);
	struct value * given = value_copy(in, strlen(in));
	struct buf buf = { 0 };
	struct convert c = { .buf = &buf, .col = col };
	struct value v = *given;
	struct steps * st;

	columns_add(&cols, "a");
	columns_add(&cols, "b");
	columns_add(&cols, "c");
	columns_add(&cols, "n");
	buf_clear(&out);
	c.mem = scratch_new();
	if (doc == NULL)
		buf_puts(&out, "NO JSON");
	else if ((st = steps_parse(json_root(doc), &cols, &f)) == NULL)
		buf_puts(&out, "FAULT");
	else {
		if (steps_run(st, &v, &c) == -1)
			buf_printf(&out, "! %s", c.why);
		else
			value_put(&out, &v);
		steps_free(st);
	}
	scratch_free(c.mem);
	buf_free(&buf);
	columns_free(&cols);
	json_free(doc);
	free(given);
	return (buf_text(&out));
}

static const struct {
	const char * steps;
	const char * in;
	const char * out;
} t[] = {
	/* trim: Unicode's white space, and nothing else. */
	{ "[\"trim\"]", "\"a b\"", "\"a b\"" },
	{ "[\"trim\"]", "\"  a b \\t\\n\"", "\"a b\"" },
	{ "[\"trim\"]", "\"\\u00a0\xe3\x80\x80" "a\\u2003\"", "\"a\"" },
	{ "[\"trim\"]", "\"\"", "\"\"" },
	{ "[\"trim\"]", "\"   \"", "\"\"" },
	{ "[\"trim\"]", "\"\\u0000a\\u0000\"", "\"\\u0000a\\u0000\"" },
	{ "[\"trim\"]", "null", "null" },
	{ "[\"trim\"]", "1", "! trim doesn't take an integer" },
	/* Bytes stay as they are where nothing changes. */
	{ "[\"trim\"]", "\"\\u0041\\/\"", "\"A/\"" },
	{ "[\"lower\"]", "\"\xc3\x84 \\u00c4 Abc \xc4\xb0 \xce\xa3\"",
	    "\"\xc3\xa4 \xc3\xa4 abc i \xcf\x83\"" },
	{ "[\"upper\"]", "\"stra\xc3\x9f" "e \xc3\xbf\"",
	    "\"STRA\xc3\x9f" "E \xc5\xb8\"" },
	{ "[\"upper\"]", "\"abc-09\"", "\"ABC-09\"" },
	{ "[\"lower\"]", "\"\"", "\"\"" },
	{ "[\"upper\", \"lower\"]", "\"@[`{\"", "\"@[`{\"" },
	/* substring counts code points. */
	{ "[{\"substring\": [0, 2]}]", "\"de-DE\"", "\"de\"" },
	{ "[{\"substring\": [1]}]", "\"\xf0\x9f\xaa\x9a\xc3\xa9" "b\"",
	    "\"\xc3\xa9" "b\"" },
	{ "[{\"substring\": [-2]}]", "\"a\xc3\xa9" "b\"",
	    "\"\xc3\xa9" "b\"" },
	{ "[{\"substring\": [-9, 2]}]", "\"abc\"", "\"ab\"" },
	{ "[{\"substring\": [9]}]", "\"abc\"", "\"\"" },
	{ "[{\"substring\": [0, 0]}]", "\"abc\"", "\"\"" },
	{ "[{\"substring\": []}]", "\"abc\"", "FAULT" },
	{ "[{\"substring\": [0, -1]}]", "\"abc\"", "FAULT" },
	{ "[{\"substring\": [1.5]}]", "\"abc\"", "FAULT" },
	/* replace */
	{ "[{\"replace\": {\"pattern\": \"[^0-9]+\", \"with\": \"\"}}]",
	    "\"+49 (30) 12\"", "\"493012\"" },
	{ "[{\"replace\": {\"pattern\": \"(\\\\w+)@(\\\\w+)\", "
	    "\"with\": \"$2 $$ $1\"}}]", "\"a@b\"", "\"b $ a\"" },
	{ "[{\"replace\": {\"pattern\": \"\\u00e9\", \"with\": \"e\"}}]",
	    "\"\\u00e9t\xc3\xa9\"", "\"ete\"" },
	{ "[{\"replace\": {\"pattern\": \"(a\", \"with\": \"\"}}]", "\"a\"",
	    "FAULT" },
	{ "[{\"replace\": {\"pattern\": \"a\", \"with\": \"$1\"}}]", "\"a\"",
	    "FAULT" },
	{ "[{\"replace\": {\"pattern\": \"a\"}}]", "\"a\"", "FAULT" },
	/* concat */
	{ "[{\"concat\": [\"$a\", \"-\", \"$n\", \"$$\"]}]", "null",
	    "\"x-7$\"" },
	{ "[{\"concat\": [\"$a\", \"$b\"]}]", "1", "null" },
	{ "[{\"concat\": [\"$a\", \"$c\"]}]", "1", "null" },
	{ "[{\"concat\": [\"SKU-\", \"$\"]}]", "12", "\"SKU-12\"" },
	{ "[{\"concat\": [\"$\", \"$\"]}]", "\"\\\"\"", "\"\\\"\\\"\"" },
	{ "[{\"concat\": [\"$\"]}]", "[1]",
	    "! concat: one of the values is an array" },
	{ "[{\"concat\": {\"columns\": [\"a\", \"b\", \"c\", \"n\"], "
	    "\"separator\": \", \"}}]", "null", "\"x, 7\"" },
	{ "[{\"concat\": {\"columns\": [\"b\", \"c\"], "
	    "\"separator\": \"\"}}]", "1", "null" },
	{ "[{\"concat\": {\"columns\": [\"b\"]}}]", "1", "FAULT" },
	{ "[{\"concat\": []}]", "1", "FAULT" },
	/* lists */
	{ "[{\"split\": \",\"}]", "\"a,b,,c\"", "[\"a\",\"b\",\"\",\"c\"]" },
	{ "[{\"split\": \", \"}]", "\"a, b,c\"", "[\"a\",\"b,c\"]" },
	{ "[{\"split\": \",\"}]", "\"\"", "[]" },
	{ "[{\"split\": \",\"}]", "\",\"", "[\"\",\"\"]" },
	{ "[{\"split\": \"\\u0000\"}]", "\"a\\u0000\\\"\"",
	    "[\"a\",\"\\\"\"]" },
	{ "[{\"split\": \"\"}]", "\"a\"", "FAULT" },
	{ "[{\"split\": \",\"}, {\"each\": [\"trim\", \"lower\"]}, "
	    "\"compact\"]", "\"Red, STEEL ,,new\"",
	    "[\"red\",\"steel\",\"new\"]" },
	{ "[{\"split\": \",\"}, {\"each\": [\"integer\"]}]", "\"1,x\"",
	    "! each: element 1: integer: is no number" },
	{ "[{\"split\": \",\"}, \"lower\"]", "\"a\"", "FAULT" },
	{ "[{\"each\": [{\"split\": \",\"}, {\"each\": [\"integer\"]}]}]",
	    "[\"1,2\", \"3\", null]", "[[1,2],[3],null]" },
	{ "[\"compact\"]", "[null, \"\", 0, false, [ ]]", "[0,false,[ ]]" },
	{ "[{\"join\": \"-\"}]", "[1, \"b\", null, true]", "\"1-b-true\"" },
	{ "[{\"join\": \"\"}]", "[]", "\"\"" },
	{ "[{\"join\": \"\"}]", "[{}]",
	    "! join: one of the elements is an object" },
	/* choices */
	{ "[{\"map\": {\"P\": \"paid\", \"1\": [1]}}]", "\"P\"", "\"paid\"" },
	{ "[{\"map\": {\"P\": \"paid\", \"1\": [1]}}]", "1", "[1]" },
	{ "[{\"map\": {\"true\": 1}}]", "true", "1" },
	{ "[{\"map\": {\"P\": \"paid\"}}]", "\"Q\"",
	    "! map: the map has no such entry" },
	{ "[{\"map\": {\"P\": \"paid\"}, \"default\": null}]", "\"Q\"",
	    "null" },
	{ "[{\"default\": 3, \"map\": {\"P\": 1}}]", "\"Q\"", "3" },
	{ "[{\"map\": {\"P\": 1}}, {\"default\": 2}]", "null", "2" },
	{ "[{\"map\": {}}]", "1", "FAULT" },
	{ "[{\"map\": {\"a\": 1}, \"defualt\": 2}]", "1", "FAULT" },
	{ "[{\"default\": {\"a\": [1]}}]", "null", "{\"a\": [1]}" },
	{ "[{\"default\": 1}]", "false", "false" },
	{ "[{\"null-if\": \"\"}]", "\"\"", "null" },
	{ "[{\"null-if\": [\"\", 0, \"n/a\"]}]", "0.00", "null" },
	{ "[{\"null-if\": [\"\", 0, \"n/a\"]}]", "\"n\\/a\"", "null" },
	{ "[{\"null-if\": 1}]", "\"1\"", "\"1\"" },
	{ "[\"boolean\"]", "1", "true" },
	{ "[\"boolean\"]", "0", "false" },
	{ "[\"boolean\"]", "2", "! boolean: is neither 0 nor 1" },
	{ "[\"boolean\"]", "\"YES\"", "true" },
	{ "[\"boolean\"]", "\"off\"", "false" },
	{ "[\"boolean\"]", "\"perhaps\"",
	    "! boolean: is no word for true or false" },
	{ "[\"boolean\"]", "\"\"",
	    "! boolean: is no word for true or false" },
	{ "[\"boolean\"]", "false", "false" },
	{ "[{\"boolean\": \"nonzero\"}]", "-128", "true" },
	{ "[{\"boolean\": \"nonzero\"}]", "0.0e5", "false" },
	{ "[{\"boolean\": \"nonzero\"}]", "0.01", "true" },
	{ "[{\"boolean\": \"nonzero\"}]", "\"1\"",
	    "! boolean doesn't take a string" },
	{ "[{\"boolean\": {\"true\": [\"J\", 1], \"false\": [\"N\"]}}]",
	    "\"J\"", "true" },
	{ "[{\"boolean\": {\"true\": [\"J\", 1], \"false\": [\"N\"]}}]", "1",
	    "true" },
	{ "[{\"boolean\": {\"true\": [\"J\"], \"false\": [\"N\"]}}]",
	    "\"j\"", "! boolean: is none of the words" },
	{ "[{\"boolean\": {\"true\": [\"J\"], \"false\": [\"J\"]}}]",
	    "\"J\"", "FAULT" },
	/* numbers */
	{ "[\"integer\"]", "\"0012\"", "12" },
	{ "[\"integer\"]", "12.00", "12" },
	{ "[\"integer\"]", "1e2", "100" },
	{ "[\"integer\"]", "\"18446744073709551616\"",
	    "18446744073709551616" },
	{ "[\"integer\"]", "\"1.5\"", "! integer: isn't a whole number" },
	{ "[\"integer\"]", "\"\"", "! integer: is no number" },
	{ "[\"integer\"]", "true", "1" },
	{ "[\"integer\"]", "1e99999", "! integer: is too large or too small" },
	{ "[\"number\"]", "\"1.50\"", "1.50" },
	{ "[\"number\"]", "\"+.5\"", "0.5" },
	{ "[\"number\"]", "\"1 2\"", "! number: is no number" },
	{ "[\"number\"]", "\"null\"", "! number: is no number" },
	{ "[\"decimal\"]", "1.50", "\"1.50\"" },
	{ "[\"decimal\"]", "1.5E-3", "\"0.0015\"" },
	{ "[\"decimal\"]", "\"007.10\"", "\"7.1\"" },
	{ "[\"string\"]", "12", "\"12\"" },
	{ "[\"string\"]", "true", "\"true\"" },
	{ "[\"string\"]", "{\"a\":\"b\"}", "\"{\\\"a\\\":\\\"b\\\"}\"" },
	{ "[{\"round\": 2}]", "\"2.345\"", "\"2.35\"" },
	{ "[{\"round\": 2, \"mode\": \"half-even\"}]", "\"2.345\"",
	    "\"2.34\"" },
	{ "[{\"round\": 2}]", "\"2.3\"", "\"2.3\"" },
	{ "[{\"round\": 2}]", "7", "7" },
	{ "[{\"round\": -1}]", "75", "80" },
	{ "[{\"round\": 0}]", "0.5", "1" },
	{ "[{\"round\": 1}]", "1.23e1", "12.3" },
	{ "[{\"round\": 1}]", "\"x\"", "! round: is no number" },
	{ "[{\"round\": 0.5}]", "1", "FAULT" },
	{ "[{\"round\": 1, \"mode\": \"up\"}]", "1", "FAULT" },
	{ "[{\"shift\": -2}]", "1200", "\"12.00\"" },
	{ "[{\"shift\": -2}]", "-5", "\"-0.05\"" },
	{ "[{\"shift\": 3}]", "\"1.5\"", "\"1500\"" },
	{ "[{\"shift\": -2}]", "0", "\"0.00\"" },
	/* JSON in a text column */
	{ "[\"parse-json\"]", "\" {\\\"a\\\": [1, 2.50]} \"",
	    "{\"a\": [1, 2.50]}" },
	{ "[\"parse-json\"]", "\"{'a': 1}\"",
	    "! parse-json: isn't valid JSON" },
	{ "[\"parse-json\"]", "\"{\\\"a\\\":1,\\\"\\\\u0061\\\":2}\"",
	    "! parse-json: has a member twice" },
	{ "[\"parse-json\"]", "\"\"", "! parse-json: isn't valid JSON" },
	{ "[\"parse-json\"]", "\"1 2\"", "! parse-json: isn't valid JSON" },
	/* dates */
	{ "[{\"date\": \"year\"}]", "\"2026-01-02T03:04:05.678901Z\"",
	    "2026" },
	{ "[{\"date\": \"quarter\"}]", "\"2026-12-31\"", "4" },
	{ "[{\"date\": \"month\"}]", "\"2026-09-30\"", "9" },
	{ "[{\"date\": \"week\"}]", "\"2027-01-01\"", "53" },
	{ "[{\"date\": \"week\"}]", "\"2024-12-30\"", "1" },
	{ "[{\"date\": \"week\"}]", "\"2026-01-01\"", "1" },
	{ "[{\"date\": \"weekday\"}]", "\"1970-01-01\"", "4" },
	{ "[{\"date\": \"weekday\"}]", "\"1969-12-28\"", "7" },
	{ "[{\"date\": \"yearday\"}]", "\"2024-12-31\"", "366" },
	{ "[{\"date\": \"hour\"}]", "\"2026-01-02T00:30:00+01:00\"", "23" },
	{ "[{\"date\": \"day\"}]", "\"2026-01-02T00:30:00+01:00\"", "1" },
	{ "[{\"date\": \"date\"}]", "\"2026-01-02T03:04:05Z\"",
	    "\"2026-01-02\"" },
	{ "[{\"date\": \"year-month\"}]", "\"2026-01-02T03:04:05Z\"",
	    "\"2026-01\"" },
	{ "[{\"date\": \"second\"}]", "\"2026-02-30\"",
	    "! date: is no date, with or without time" },
	{ "[{\"date\": \"century\"}]", "\"2026-01-01\"", "FAULT" },
	{ "[{\"from-epoch\": \"s\"}]", "1767323045",
	    "\"2026-01-02T03:04:05.000000Z\"" },
	{ "[{\"from-epoch\": \"ms\"}]", "-1",
	    "\"1969-12-31T23:59:59.999000Z\"" },
	{ "[{\"from-epoch\": \"us\"}]", "253402300799999999",
	    "\"9999-12-31T23:59:59.999999Z\"" },
	{ "[{\"from-epoch\": \"us\"}]", "253402300800000000",
	    "! from-epoch: isn't within the years 0 to 9999" },
	{ "[{\"from-epoch\": \"s\"}]", "9223372036854775807",
	    "! from-epoch: isn't within the years 0 to 9999" },
	/* what isn't a list of steps */
	{ "\"trim\"", "1", "FAULT" }, { "[1]", "1", "FAULT" },
	{ "[\"trimm\"]", "1", "FAULT" }, { "[{}]", "1", "FAULT" },
	{ "[\"split\"]", "1", "FAULT" }, { "[{\"trim\": 1}]", "1", "FAULT" },
	{ "[]", "1", "1" }
};

static void
test_steps(void)
{
	const char * got;
	size_t i;

	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		got = run(t[i].steps, t[i].in);
		same(got, strlen(got), t[i].out, strlen(t[i].out),
		    t[i].steps);
	}
}

static void
test_case(void)
{
	static const struct {
		uint32_t lower, upper;
	} pairs[] = {
		{ 'a', 'A' }, { 'z', 'Z' }, { 0xe9, 0xc9 }, { 0xff, 0x178 },
		{ 0x101, 0x100 }, { 0x17e, 0x17d }, { 0x3b1, 0x391 },
		{ 0x44f, 0x42f }, { 0x561, 0x531 }, { 0x1e01, 0x1e00 },
		{ 0x10428, 0x10400 }, { 0x1e922, 0x1e900 }
	};
	static const uint32_t none[] = { 0, '@', '[', '`', '{', 0xd7, 0xf7,
		0xdf, 0x5d0, 0x3042, 0x1f600, 0x10ffff };
	size_t i;

	for (i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
		ok(casemap(pairs[i].lower, 1) == pairs[i].upper &&
		    casemap(pairs[i].upper, 0) == pairs[i].lower &&
		    casemap(pairs[i].lower, 0) == pairs[i].lower,
		    "U+%04X and U+%04X", (unsigned)pairs[i].lower,
		    (unsigned)pairs[i].upper);
	for (i = 0; i < sizeof none / sizeof none[0]; i++)
		ok(casemap(none[i], 0) == none[i] &&
		    casemap(none[i], 1) == none[i], "U+%04X has no case",
		    (unsigned)none[i]);
}

int
main(void)
{

	log_open("test");
	test_steps();
	test_case();
	return (tap_done());
}
