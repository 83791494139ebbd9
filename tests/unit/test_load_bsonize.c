#include <bson/bson.h>
#include <string.h>

#include "common/buf.h"
#include "common/mem.h"
#include "common/record.h"
#include "load/bsonize.h"
#include "load/plan.h"

#include "tap.h"

/*
 * A property's schema and a value of it, and what is stored: canonical
 * extended JSON, or "!rule" where the record is refused.
 */
static const struct {
	const char * schema, * value, * expected;
} values[] = {
	/* Whole numbers: by the column's type, not by the value. */
	{ "{\"type\":\"integer\",\"minimum\":-128,\"maximum\":127}", "5",
	    "{\"$numberInt\":\"5\"}" },
	{ "{\"type\":[\"null\",\"integer\"],\"x-mysql-type\":\"int\"}",
	    "-2147483648", "{\"$numberInt\":\"-2147483648\"}" },
	{ "{\"type\":[\"integer\",\"null\"],\"x-mysql-type\":\"int(11)\"}",
	    "2147483648", "!range" },
	{ "{\"type\":\"integer\",\"x-mysql-type\":\"int unsigned\"}",
	    "4294967295", "{\"$numberLong\":\"4294967295\"}" },
	{ "{\"type\":\"integer\",\"x-mysql-type\":\"bigint(20)\"}", "7",
	    "{\"$numberLong\":\"7\"}" },
	{ "{\"type\":\"integer\",\"x-mysql-type\":\"bigint\"}",
	    "9223372036854775808", "!range" },
	{ "{\"type\":\"integer\",\"minimum\":0,"
	    "\"x-mysql-type\":\"bigint unsigned\"}", "9223372036854775807",
	    "{\"$numberLong\":\"9223372036854775807\"}" },
	{ "{\"type\":\"integer\",\"minimum\":0,\"maximum\":"
	    "18446744073709551615}", "18446744073709551615",
	    "{\"$numberDecimal\":\"18446744073709551615\"}" },
	{ "{\"type\":\"integer\",\"x-mysql-type\":\"bit(64)\"}",
	    "18446744073709551615",
	    "{\"$numberDecimal\":\"18446744073709551615\"}" },
	{ "{\"type\":\"integer\",\"x-mysql-type\":\"bit(31)\"}", "1",
	    "{\"$numberInt\":\"1\"}" },
	{ "{\"type\":\"integer\",\"x-mysql-type\":\"bit(32)\"}", "1",
	    "{\"$numberLong\":\"1\"}" },
	{ "{\"type\":\"integer\",\"x-mysql-type\":\"year\"}", "2026",
	    "{\"$numberInt\":\"2026\"}" },
	{ "{\"type\":\"integer\"}", "1", "{\"$numberLong\":\"1\"}" },
	{ "{\"type\":\"integer\"}", "-0", "{\"$numberLong\":\"0\"}" },
	{ "{\"type\":\"integer\"}", "1.0", "{\"$numberLong\":\"1\"}" },
	{ "{\"type\":\"integer\"}", "12e2", "{\"$numberLong\":\"1200\"}" },
	{ "{\"type\":\"integer\"}", "1.5", "!type" },
	{ "{\"type\":\"integer\"}", "\"1\"", "!type" },
	{ "{\"type\":\"integer\"}", "true", "!type" },
	{ "{\"type\":\"integer\"}", "null", "null" },
	{ "{\"type\":\"integer\"}", "99999999999999999999",
	    "{\"$numberDecimal\":\"99999999999999999999\"}" },

	/* Decimals: all digits, or a string. */
	{ "{\"type\":[\"null\",\"string\"],\"format\":\"singer.decimal\"}",
	    "\"21.00\"", "{\"$numberDecimal\":\"21.00\"}" },
	{ "{\"type\":\"string\",\"format\":\"x-singer.decimal\"}",
	    "\"-0.10\"", "{\"$numberDecimal\":\"-0.10\"}" },
	{ "{\"type\":[\"string\",\"null\"],\"format\":\"singer.decimal\"}",
	    "\"1234567890123456789012345678901234\"",
	    "{\"$numberDecimal\":\"1234567890123456789012345678901234\"}" },
	{ "{\"type\":\"string\",\"format\":\"singer.decimal\"}",
	    "\"12345678901234567890123456789012345\"",
	    "\"12345678901234567890123456789012345\"" },
	{ "{\"type\":\"string\",\"format\":\"singer.decimal\"}",
	    "\"12345.0000000000000000000000000000000000\"",
	    "{\"$numberDecimal\":\"12345.00000000000000000000000000000\"}" },
	{ "{\"type\":\"number\",\"multipleOf\":0.01}", "0.1",
	    "{\"$numberDecimal\":\"0.1\"}" },
	{ "{\"type\":\"string\",\"format\":\"singer.decimal\"}", "\"x\"",
	    "!decimal" },
	{ "{\"type\":\"string\",\"format\":\"singer.decimal\"}", "\"\"",
	    "!decimal" },
	{ "{\"type\":\"string\",\"format\":\"singer.decimal\"}", "\"NaN\"",
	    "!decimal" },
	{ "{\"type\":\"string\",\"format\":\"singer.decimal\"}",
	    "\"1\\u002e5\"", "{\"$numberDecimal\":\"1.5\"}" },

	/* Doubles, and numbers of no known type. */
	{ "{\"type\":\"number\",\"x-mysql-type\":\"double\"}", "0.1",
	    "{\"$numberDouble\":\"0.10000000000000000555\"}" },
	{ "{\"type\":\"number\",\"x-mysql-type\":\"float\"}", "16777216",
	    "{\"$numberDouble\":\"16777216.0\"}" },
	{ "{\"type\":\"number\",\"x-mysql-type\":\"double\"}", "1e999",
	    "!range" },
	{ "{\"type\":\"number\"}", "2.5", "{\"$numberDouble\":\"2.5\"}" },
	{ "{\"type\":\"number\"}", "101", "{\"$numberDouble\":\"101.0\"}" },
	{ "{\"type\":\"number\"}", "12345678901234567.89",
	    "{\"$numberDecimal\":\"12345678901234567.89\"}" },
	{ "{\"type\":\"number\"}", "9007199254740993",
	    "{\"$numberDecimal\":\"9007199254740993\"}" },
	{ "{\"type\":\"number\"}", "1e400", "{\"$numberDecimal\":\"1E+400\"}" },
	{ "{\"type\":\"number\"}", "\"1\"", "!type" },

	/* Times. */
	{ "{\"type\":[\"null\",\"string\"],\"format\":\"date-time\"}",
	    "\"2026-01-02T03:04:05.678901Z\"",
	    "{\"$date\":{\"$numberLong\":\"1767323045678\"}}" },
	{ "{\"type\":\"string\",\"format\":\"date-time\"}",
	    "\"1969-12-31T23:59:59.999999Z\"",
	    "{\"$date\":{\"$numberLong\":\"-1\"}}" },
	{ "{\"type\":\"string\",\"format\":\"date-time\"}",
	    "\"1000-01-01T00:00:00.000000Z\"",
	    "{\"$date\":{\"$numberLong\":\"-30610224000000\"}}" },
	{ "{\"type\":\"string\",\"format\":\"date-time\"}",
	    "\"9999-12-31T23:59:59.999999Z\"",
	    "{\"$date\":{\"$numberLong\":\"253402300799999\"}}" },
	{ "{\"type\":\"string\",\"format\":\"date-time\"}",
	    "\"2024-02-29T00:00:00.000000Z\"",
	    "{\"$date\":{\"$numberLong\":\"1709164800000\"}}" },
	{ "{\"type\":\"string\",\"format\":\"date-time\"}",
	    "\"2023-02-29T00:00:00.000000Z\"", "!date" },
	{ "{\"type\":\"string\",\"format\":\"date-time\"}",
	    "\"2026-01-02T24:00:00.000000Z\"", "!date" },
	{ "{\"type\":\"string\",\"format\":\"date-time\"}",
	    "\"2026-01-02T03:04:05+02:00\"",
	    "{\"$date\":{\"$numberLong\":\"1767315845000\"}}" },
	{ "{\"type\":\"string\",\"format\":\"date-time\"}", "\"soon\"",
	    "!date" },
	{ "{\"type\":\"string\",\"format\":\"date-time\"}", "5", "!date" },
	{ "{\"type\":\"string\",\"format\":\"date\"}", "\"2026-01-02\"",
	    "{\"$date\":{\"$numberLong\":\"1767312000000\"}}" },
	{ "{\"type\":\"string\",\"format\":\"date\"}", "\"0000-00-00\"",
	    "!date" },
	{ "{\"bsonType\":\"string\",\"format\":\"date\"}", "\"2026-01-02\"",
	    "\"2026-01-02\"" },
	{ "{\"anyOf\":[{\"type\":\"string\",\"format\":\"date-time\"},"
	    "{\"type\":[\"string\",\"null\"]}]}", "\"2026-01-02T00:00:00Z\"",
	    "{\"$date\":{\"$numberLong\":\"1767312000000\"}}" },
	{ "{\"anyOf\":[{\"type\":\"string\",\"format\":\"date-time\"},"
	    "{\"type\":[\"string\",\"null\"]}]}", "\"soon\"", "\"soon\"" },
	{ "{\"type\":\"string\",\"x-mysql-type\":\"time(6)\"}",
	    "\"-838:59:59.000001\"", "\"-838:59:59.000001\"" },

	/* Strings. */
	{ "{\"type\":\"string\"}", "\"\"", "\"\"" },
	{ "{\"type\":\"string\"}", "\"a\\\"\\\\\\/\\n\\u0041\\ud83d\\ude00\"",
	    "\"a\\\"\\\\/\\nA\xf0\x9f\x98\x80\"" },
	{ "{\"type\":\"string\"}", "\"a\\u0000b\"", "\"a\\u0000b\"" },
	{ "{\"type\":\"string\"}", "5", "!type" },
	{ "{\"type\":\"string\"}", "\"aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbcccccccc"
	    "ccccccccddddddddddddddddeeeeeeeeeeeeeeeeffffffffffffffffgggggggg"
	    "gggggggghhhhhhhhhhhhhhhhiiiii\"",
	    "\"aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddd"
	    "ddddeeeeeeeeeeeeeeeeffffffffffffffffgggggggggggggggghhhhhhhhhhhh"
	    "hhhhiiiii\"" },

	/* Binary. */
	{ "{\"type\":\"string\",\"contentEncoding\":\"base64\"}", "\"\"",
	    "{\"$binary\":{\"base64\":\"\",\"subType\":\"00\"}}" },
	{ "{\"type\":\"string\",\"contentEncoding\":\"base64\"}",
	    "\"aGVsbG8=\"",
	    "{\"$binary\":{\"base64\":\"aGVsbG8=\",\"subType\":\"00\"}}" },
	{ "{\"type\":\"string\",\"contentEncoding\":\"base64\"}",
	    "\"\\/\\/79\"",
	    "{\"$binary\":{\"base64\":\"//79\",\"subType\":\"00\"}}" },
	{ "{\"type\":\"string\",\"contentEncoding\":\"base64\"}", "\"aGVsbG8\"",
	    "!base64" },
	{ "{\"type\":\"string\",\"contentEncoding\":\"base64\"}", "\"aGVsbG9=\"",
	    "!base64" },
	{ "{\"type\":\"string\",\"contentEncoding\":\"base64\"}", "\"====\"",
	    "!base64" },
	{ "{\"type\":\"string\",\"contentEncoding\":\"base64\"}",
	    "\"aGVs\\nbG8=\"", "!base64" },

	/* What a transformed schema says. */
	{ "{\"bsonType\":\"bool\"}", "true", "true" },
	{ "{\"bsonType\":[\"null\",\"bool\"]}", "0", "!type" },
	{ "{\"bsonType\":\"int\"}", "5", "{\"$numberInt\":\"5\"}" },
	{ "{\"bsonType\":[\"long\",\"null\"]}", "5",
	    "{\"$numberLong\":\"5\"}" },
	{ "{\"bsonType\":\"double\"}", "5", "{\"$numberDouble\":\"5.0\"}" },
	{ "{\"bsonType\":\"decimal\"}", "5", "{\"$numberDecimal\":\"5\"}" },
	{ "{\"bsonType\":\"decimal\"}", "\"5.0\"",
	    "{\"$numberDecimal\":\"5.0\"}" },
	{ "{\"bsonType\":\"date\"}", "\"2026-01-02\"",
	    "{\"$date\":{\"$numberLong\":\"1767312000000\"}}" },
	{ "{\"bsonType\":\"binData\"}", "\"AA==\"",
	    "{\"$binary\":{\"base64\":\"AA==\",\"subType\":\"00\"}}" },
	{ "{\"bsonType\":\"objectId\"}", "\"0123456789abcdef01234567\"",
	    "{\"$oid\":\"0123456789abcdef01234567\"}" },
	{ "{\"bsonType\":\"objectId\"}", "\"0123\"", "!type" },
	{ "{\"bsonType\":\"array\",\"items\":{\"bsonType\":\"decimal\"}}",
	    "[\"1.0\",2,null]", "[{\"$numberDecimal\":\"1.0\"},"
	    "{\"$numberDecimal\":\"2\"},null]" },
	{ "{\"bsonType\":\"object\",\"properties\":{\"a\":{\"bsonType\":"
	    "\"object\",\"properties\":{\"n\":{\"bsonType\":\"long\"},"
	    "\"t\":{\"bsonType\":\"date\"}}}}}",
	    "{\"a\":{\"t\":\"2026-01-02\",\"n\":1,\"x\":1}}",
	    "{\"a\":{\"t\":{\"$date\":{\"$numberLong\":\"1767312000000\"}},"
	    "\"n\":{\"$numberLong\":\"1\"},\"x\":{\"$numberInt\":\"1\"}}}" },

	/* JSON columns, arrays, objects. */
	{ "{}", "{\"$numberLong\":\"7\"}",
	    "{\"\xef\xbc\x84numberLong\":\"7\"}" },
	{ "{}", "[1,2147483648,1.5,0.1,true,false,null,\"x\",{},[]]",
	    "[{\"$numberInt\":\"1\"},{\"$numberLong\":\"2147483648\"},"
	    "{\"$numberDouble\":\"1.5\"},"
	    "{\"$numberDouble\":\"0.10000000000000000555\"},true,false,null,"
	    "\"x\",{},[]]" },
	{ "{}", "1.23456789012345678901234567890123456789",
	    "\"1.23456789012345678901234567890123456789\"" },
	{ "{}", "-0", "{\"$numberDouble\":\"-0.0\"}" },
	{ "{}", "{\"a.b\":1}", "{\"a\xef\xbc\x8e" "b\":{\"$numberInt\":"
	    "\"1\"}}" },
	{ "{}", "{\"a.b\":1,\"a\xef\xbc\x8e" "b\":2}", "!name" },
	{ "{}", "{\"\":1}", "!name" },
	{ "{}", "{\"a\\u0000\":1}", "!name" },
	{ "{\"type\":\"array\",\"items\":{\"type\":\"string\"}}",
	    "[\"a\",\"b\"]", "[\"a\",\"b\"]" },
	{ "{\"type\":\"array\",\"items\":{\"type\":\"string\"}}", "[1]",
	    "!type" },
	{ "{\"type\":\"array\"}", "{}", "!type" },
	{ "{\"type\":\"array\",\"items\":{\"type\":\"number\"},"
	    "\"x-mysql-type\":\"vector(2)\"}", "[1,9007199254740993]",
	    "[{\"$numberDouble\":\"1.0\"},"
	    "{\"$numberDouble\":\"9007199254740992.0\"}]" },
	{ "{\"type\":\"object\"}", "[]", "!type" },
	{ "{\"type\":\"boolean\"}", "false", "false" },
	{ "{\"type\":[\"string\",\"integer\"]}", "5", "{\"$numberInt\":\"5\"}" }
};

/* A line of messages with the slack that linein gives. */
static char *
padded(const char * fmt, ...)
{
	char * p = mem_new(1 << 16, 1);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p, (1 << 16) - 64, fmt, ap);
	va_end(ap);
	return (p);
}

/* The plan of a schema message, or an end of the test. */
static struct plan *
plan_of(const char * line)
{
	struct plan_options opt = { 0, 0, 0, 0 };
	char err[256] = "";
	struct plan * plan = plan_build(line, strlen(line), &opt, err,
	    sizeof err);

	if (plan == NULL)
		printf("# %s\n", err);
	return (plan);
}

/*
 * The document of a RECORD under a SCHEMA as extended JSON, in memory of its
 * own; or "!rule".
 */
static char *
document(const char * schema, const char * row)
{
	struct plan * plan = plan_of(schema);
	struct record_reader * rd = record_reader_new();
	struct bsonizer * z = bsonizer_new();
	struct bsonize_stamp stamp = { NULL, 0, 0, 0, 0, 0, 0 };
	struct bsonize_error err;
	struct record_error re;
	struct record r;
	struct buf key = { NULL, 0, 0 }, doc = { NULL, 0, 0 };
	char * line = padded("%s", row);
	char * text = NULL;
	bson_t b;

	if (plan == NULL)
		return (mem_dup("no plan"));
	record_shape(rd, plan->names, plan->nfield);
	if (record_parse(rd, line, strlen(line), &r, &re) == -1)
		text = mem_dup(re.what);
	else if (bsonize_key(z, plan, &r, &key, &err) == -1 ||
	    bsonize_document(z, plan, &r, key.p, key.n, &stamp, &doc,
	    &err) == -1) {
		text = mem_new(64, 1);
		snprintf(text, 64, "!%s", err.rule);
	} else if (!bson_init_static(&b, (uint8_t *)doc.p, doc.n) ||
	    !bson_validate(&b, BSON_VALIDATE_NONE, NULL))
		text = mem_dup("no BSON");
	else {
		char * t = bson_as_canonical_extended_json(&b, NULL);

		text = mem_dup(t);
		bson_free(t);
	}
	buf_free(&key);
	buf_free(&doc);
	free(line);
	plan_free(plan);
	bsonizer_free(z);
	record_reader_free(rd);
	return (text);
}

/* Extended JSON without the spaces between its tokens. */
static void
squeeze(char * s)
{
	char * d = s;
	int quoted = 0;

	for (; *s != '\0'; s++) {
		if (*s == '\\' && quoted) {
			*d++ = *s++;
			*d++ = *s;
			continue;
		}
		quoted ^= (*s == '"');
		if (*s != ' ' || quoted)
			*d++ = *s;
	}
	*d = '\0';
}

static void
check(const char * schema, const char * row, const char * expected,
    const char * name)
{
	char * got = document(schema, row);

	squeeze(got);
	same(got, strlen(got), expected, strlen(expected), name);
	free(got);
}

static void
test_values(void)
{
	size_t i;

	for (i = 0; i < sizeof values / sizeof values[0]; i++) {
		char * schema = padded("{\"type\":\"SCHEMA\",\"stream\":\"t\","
		    "\"schema\":{\"properties\":{\"id\":{\"type\":\"integer\","
		    "\"x-mysql-type\":\"int\"},\"v\":%s}},"
		    "\"key_properties\":[\"id\"]}", values[i].schema);
		char * row = padded("{\"type\":\"RECORD\",\"stream\":\"t\","
		    "\"record\":{\"id\":1,\"v\":%s}}", values[i].value);
		char * name = padded("%s as %s", values[i].value,
		    values[i].schema);
		char * want = values[i].expected[0] == '!' ?
		    padded("%s", values[i].expected) :
		    padded("{\"_id\":{\"$numberInt\":\"1\"},\"id\":"
		    "{\"$numberInt\":\"1\"},\"v\":%s,\"_sync\":{}}",
		    values[i].expected);

		check(schema, row, want, name);
		free(schema);
		free(row);
		free(name);
		free(want);
	}
}

#define SCHEMA(props, keys) "{\"type\":\"SCHEMA\",\"stream\":\"t\"," \
	"\"schema\":{\"properties\":" props "},\"key_properties\":" keys "}"
#define ROW(record) "{\"type\":\"RECORD\",\"stream\":\"t\",\"record\":" \
	record "}"
#define INT32 "{\"type\":\"integer\",\"x-mysql-type\":\"int\"}"
#define ONE "{\"$numberInt\":\"1\"}"
#define TWO "{\"$numberInt\":\"2\"}"

static void
test_keys(void)
{
	static const char pair[] = SCHEMA("{\"a\":" INT32 ",\"b\":" INT32 "}",
	    "[\"b\",\"a\"]");
	static const char id[] = SCHEMA("{\"_id\":{\"type\":\"string\"}}",
	    "[\"_id\"]");
	static const char other[] = SCHEMA("{\"_id\":{\"type\":\"string\"},"
	    "\"id\":" INT32 "}", "[\"id\"]");
	static const char micro[] = SCHEMA("{\"t\":{\"type\":\"string\","
	    "\"format\":\"date-time\",\"x-mysql-type\":\"datetime(6)\"}}",
	    "[\"t\"]");
	static const char any[] = SCHEMA("{\"t\":{\"type\":\"string\","
	    "\"format\":\"date-time\"}}", "[\"t\"]");
	static const char json[] = SCHEMA("{\"k\":{}}", "[\"k\"]");

	check(pair, ROW("{\"a\":1,\"b\":2}"), "{\"_id\":{\"b\":" TWO ",\"a\":"
	    ONE "},\"a\":" ONE ",\"b\":" TWO ",\"_sync\":{}}",
	    "a key of two properties is a document in the key's order");
	check(pair, ROW("{\"b\":2,\"a\":1}"), "{\"_id\":{\"b\":" TWO ",\"a\":"
	    ONE "},\"b\":" TWO ",\"a\":" ONE ",\"_sync\":{}}",
	    "the row's order changes the document's, not the key's");
	check(pair, ROW("{\"a\":1}"), "!key", "a key's part is missing");
	check(pair, ROW("{\"a\":1,\"b\":null}"), "!key",
	    "a key's part is null");
	check(id, ROW("{\"_id\":\"x\"}"), "{\"_id\":\"x\",\"_sync\":{}}",
	    "the key _id stays _id");
	check(other, ROW("{\"_id\":\"x\",\"id\":1}"), "{\"_id\":" ONE
	    ",\"__id\":\"x\",\"id\":" ONE ",\"_sync\":{}}",
	    "another _id becomes __id");
	check(micro, ROW("{\"t\":\"2026-01-02T00:00:00.000000Z\"}"),
	    "{\"_id\":\"2026-01-02T00:00:00.000000Z\",\"t\":{\"$date\":"
	    "{\"$numberLong\":\"1767312000000\"}},\"_sync\":{}}",
	    "a key with microseconds is a string");
	check(any, ROW("{\"t\":\"2026-01-02T00:00:00Z\"}"),
	    "{\"_id\":{\"$date\":{\"$numberLong\":\"1767312000000\"}},\"t\":"
	    "{\"$date\":{\"$numberLong\":\"1767312000000\"}},\"_sync\":{}}",
	    "a key that milliseconds hold is a date");
	check(any, ROW("{\"t\":\"2026-01-02T00:00:00.0000010Z\"}"),
	    "{\"_id\":\"2026-01-02T00:00:00.000001Z\",\"t\":{\"$date\":"
	    "{\"$numberLong\":\"1767312000000\"}},\"_sync\":{}}",
	    "one that they don't is a string");
	check(json, ROW("{\"k\":[1]}"), "!key", "an array is no key");
	check(json, ROW("{\"k\":{\"a\":1}}"), "{\"_id\":{\"a\":" ONE
	    "},\"k\":{\"a\":" ONE "},\"_sync\":{}}", "an object is one");
}

static void
test_names(void)
{
	static const char id[] = SCHEMA("{\"id\":" INT32 "}", "[\"id\"]");
	static const char odd[] = SCHEMA("{\"id\":" INT32 ",\"$a.b\":" INT32
	    "}", "[\"id\"]");

	check(id, ROW("{\"id\":1,\"x\":[1]}"), "{\"_id\":" ONE ",\"id\":" ONE
	    ",\"x\":[" ONE "],\"_sync\":{}}", "unknown properties are kept");
	check(id, ROW("{\"id\":1,\"_sdc_batched_at\":\"x\"}"), "{\"_id\":" ONE
	    ",\"id\":" ONE ",\"_sync\":{}}", "what Singer adds is not");
	check(id, ROW("{\"id\":1,\"\\u005fsdc_batched_at\":\"x\"}"),
	    "{\"_id\":" ONE ",\"id\":" ONE ",\"_sync\":{}}",
	    "however its name is written");
	check(id, ROW("{\"id\":1,\"_sync\":1}"), "!name",
	    "the stamp's name is taken");
	check(id, ROW("{\"id\":1,\"_id\":1,\"__id\":1}"), "!name",
	    "two unknown names become one");
	check(odd, ROW("{\"id\":1,\"$a.b\":1}"), "{\"_id\":" ONE ",\"id\":" ONE
	    ",\"\xef\xbc\x84" "a\xef\xbc\x8e" "b\":" ONE ",\"_sync\":{}}",
	    "$ and . in a column's name");
	check(odd, ROW("{\"id\":1,\"$a.b\":1,\"\xef\xbc\x84" "a.b\":1}"),
	    "!name", "an unknown name meets an escaped one");
}

/* The stamp: version, time, and the change field if it differs. */
static void
test_stamp(void)
{
	struct plan * plan = plan_of("{\"type\":\"SCHEMA\",\"stream\":\"t\","
	    "\"schema\":{\"properties\":{\"id\":" INT32 ",\"u\":{\"type\":"
	    "\"string\",\"format\":\"date-time\"}}},\"key_properties\":"
	    "[\"id\"],\"bookmark_properties\":[\"u\"]}");
	struct record_reader * rd = record_reader_new();
	struct bsonizer * z = bsonizer_new();
	struct bsonize_stamp stamp = { "0a.0b", 5, 1, 7, 1, 3, 0 };
	struct bsonize_error err;
	struct record_error re;
	struct record r;
	struct buf doc = { NULL, 0, 0 };
	char * line = padded(ROW("{\"id\":1,\"u\":\"1970-01-01T00:00:00.0089Z\""
	    "}"));
	char * text;
	int64_t ms;
	bson_t b;

	record_shape(rd, plan->names, plan->nfield);
	record_parse(rd, line, strlen(line), &r, &re);
	ok(bsonize_time(z, plan, &r, &ms) == 1 && ms == 8,
	    "without `at` the change property tells the time");
	ok(bsonize_document(z, plan, &r, "\x10\1\0\0\0", 5, &stamp, &doc,
	    &err) == 0, "a document with a stamp");
	bson_init_static(&b, (uint8_t *)doc.p, doc.n);
	text = bson_as_relaxed_extended_json(&b, NULL);
	squeeze(text);
	ok(strstr(text, "\"_sync\":{\"v\":\"0a.0b\",\"at\":{\"$date\":\""
	    "1970-01-01T00:00:00.007Z\"},\"c\":{\"$date\":\"1970-01-01T00:00:"
	    "00.008Z\"},\"version\":3}") != NULL, "%s", text);
	bson_free(text);
	free(line);
	buf_free(&doc);
	plan_free(plan);
	bsonizer_free(z);
	record_reader_free(rd);
}

int
main(void)
{

	test_values();
	test_keys();
	test_names();
	test_stamp();
	return (tap_done());
}
