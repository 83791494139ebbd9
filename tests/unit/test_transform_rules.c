#include "common/log.h"
#include "common/mem.h"

#include "transform/format.h"
#include "transform/schemafile.h"

#include "tap.h"

/* The rule, and where, that refuses ${in} under the keywords ${schema}. */
static const char *
check(const char * schema, const char * in)
{
	static struct buf out;
	struct buf file = { 0 };
	struct schemafile * sf;
	struct value * given = value_copy(in, strlen(in));
	struct scratch * mem = scratch_new();
	struct verdict why;
	struct value v = *given;

	buf_clear(&out);
	buf_printf(&file, "{\"x-source\":{\"table\":\"t\"},\"properties\":"
	    "{\"v\":{\"x-from\":\"v\"%s%s}}}", schema[0] ? "," : "", schema);
	sf = schemafile_parse("test.json", file.p, file.n);
	if (sf == NULL)
		buf_puts(&out, "FAULT");
	else if (rules_check(sf->prop[0].rules, &v, mem, &why) == 0)
		buf_puts(&out, "ok");
	else
		buf_printf(&out, "%s %s", why.rule, why.path);
	schemafile_free(sf);
	scratch_free(mem);
	buf_free(&file);
	free(given);
	return (buf_text(&out));
}

static const struct {
	const char * schema;
	const char * in;
	const char * out;
} t[] = {
	{ "", "{\"a\":[1]}", "ok" },
	/* type */
	{ "\"type\":\"string\"", "\"a\"", "ok" },
	{ "\"type\":\"string\"", "1", "type " },
	{ "\"type\":\"string\"", "null", "type " },
	{ "\"type\":[\"string\",\"null\"]", "null", "ok" },
	{ "\"type\":\"integer\"", "12", "ok" },
	{ "\"type\":\"integer\"", "12.0", "type " },
	{ "\"type\":\"integer\"", "1e2", "type " },
	{ "\"type\":\"number\"", "12", "ok" },
	{ "\"type\":\"number\"", "1.5", "ok" },
	{ "\"type\":\"boolean\"", "false", "ok" },
	{ "\"type\":\"boolean\"", "0", "type " },
	{ "\"type\":[]", "0", "FAULT" },
	{ "\"type\":\"str\"", "0", "FAULT" },
	/* bsonType */
	{ "\"bsonType\":\"int\"", "2147483647", "ok" },
	{ "\"bsonType\":\"int\"", "2147483648", "bsonType " },
	{ "\"bsonType\":\"int\"", "-2147483649", "bsonType " },
	{ "\"bsonType\":\"long\"", "-9223372036854775808", "ok" },
	{ "\"bsonType\":\"long\"", "9223372036854775808", "bsonType " },
	{ "\"bsonType\":\"long\"", "99999999999999999999999", "bsonType " },
	{ "\"bsonType\":\"long\"", "null", "bsonType " },
	{ "\"bsonType\":[\"null\",\"long\"]", "null", "ok" },
	{ "\"bsonType\":[\"int\",\"long\"]", "1", "FAULT" },
	{ "\"bsonType\":\"decimal\"", "\"1234567890123456789012345678901234\"",
	    "ok" },
	{ "\"bsonType\":\"decimal\"", "\"12345678901234567890123456789012345\"",
	    "bsonType " },
	{ "\"bsonType\":\"decimal\"",
	    "12345678901234567890123456789012345", "bsonType " },
	{ "\"bsonType\":\"decimal\"", "\"1e6144\"", "ok" },
	{ "\"bsonType\":\"decimal\"", "\"1e6145\"", "bsonType " },
	{ "\"bsonType\":\"decimal\"", "\"1e-6177\"", "bsonType " },
	{ "\"bsonType\":\"decimal\"", "\"12x\"", "bsonType " },
	{ "\"bsonType\":\"date\"", "\"2026-01-02\"", "ok" },
	{ "\"bsonType\":\"date\"", "\"2026-01-02T03:04:05.678901Z\"", "ok" },
	{ "\"bsonType\":\"date\"", "\"2026-13-02\"", "bsonType " },
	{ "\"bsonType\":\"date\"", "1767323045", "bsonType " },
	{ "\"bsonType\":\"objectId\"", "\"507f1f77bcf86cd799439011\"", "ok" },
	{ "\"bsonType\":\"objectId\"", "\"507f1f77bcf86cd79943901\"",
	    "bsonType " },
	{ "\"bsonType\":\"binData\"", "\"AAEC\"", "ok" },
	{ "\"bsonType\":\"binData\"", "\"AAE\"", "contentEncoding " },
	{ "\"type\":\"string\",\"bsonType\":\"int\"", "1", "FAULT" },
	{ "\"bsonType\":\"timestamp\"", "1", "FAULT" },
	/* lengths are in code points, whatever they are written as */
	{ "\"maxLength\":2", "\"ab\"", "ok" },
	{ "\"maxLength\":2", "\"abc\"", "maxLength " },
	{ "\"maxLength\":2", "\"\xc3\xa9\xf0\x9f\xaa\x9a\"", "ok" },
	{ "\"maxLength\":2", "\"\\u00e9\\ud83e\\ude9a\"", "ok" },
	{ "\"maxLength\":2", "\"\\n\\n\\n\"", "maxLength " },
	{ "\"minLength\":2", "\"\xf0\x9f\xaa\x9a\"", "minLength " },
	{ "\"minLength\":2", "\"\\ud83e\\ude9a\"", "minLength " },
	{ "\"minLength\":1", "\"\"", "minLength " },
	{ "\"minLength\":1", "0", "ok" },
	{ "\"minLength\":3,\"maxLength\":2", "0", "FAULT" },
	{ "\"minLength\":-1", "0", "FAULT" },
	{ "\"minLength\":1.5", "0", "FAULT" },
	/* pattern: anywhere, on the decoded text */
	{ "\"pattern\":\"^[A-Z]{2}$\"", "\"DE\"", "ok" },
	{ "\"pattern\":\"^[A-Z]{2}$\"", "\"DE\\n\"", "pattern " },
	{ "\"pattern\":\"^[A-Z]{2}$\"", "\"\\u0044E\"", "ok" },
	{ "\"pattern\":\"b\"", "\"abc\"", "ok" },
	{ "\"pattern\":\"^.$\"", "\"\xf0\x9f\xaa\x9a\"", "ok" },
	{ "\"pattern\":\"^.\\u0000$\"", "\"a\\u0000\"", "ok" },
	{ "\"pattern\":\"(a|a)*$\"", "\"x\"", "ok" },
	{ "\"pattern\":\"(\"", "\"x\"", "FAULT" },
	{ "\"pattern\":\"(a+)+$\"", "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\"",
	    "pattern " },
	/* numbers, exactly */
	{ "\"minimum\":0", "-1", "minimum " },
	{ "\"minimum\":0", "-0.0", "ok" },
	{ "\"minimum\":0", "-1e-300", "minimum " },
	{ "\"minimum\":0", "\"-1\"", "ok" },
	{ "\"minimum\":0,\"format\":\"singer.decimal\"", "\"-1\"",
	    "minimum " },
	{ "\"minimum\":0,\"bsonType\":\"decimal\"", "\"-0.01\"", "minimum " },
	{ "\"maximum\":9007199254740993", "9007199254740993", "ok" },
	{ "\"maximum\":9007199254740993", "9007199254740994", "maximum " },
	{ "\"maximum\":18446744073709551615", "18446744073709551616",
	    "maximum " },
	{ "\"maximum\":0.1", "0.1000000000000000000001", "maximum " },
	{ "\"exclusiveMinimum\":0", "0", "exclusiveMinimum " },
	{ "\"exclusiveMinimum\":0", "1e-5", "ok" },
	{ "\"exclusiveMaximum\":10", "10.0", "exclusiveMaximum " },
	{ "\"exclusiveMaximum\":10", "9", "ok" },
	{ "\"multipleOf\":0.01", "21.35", "ok" },
	{ "\"multipleOf\":0.01", "21.355", "multipleOf " },
	{ "\"multipleOf\":5", "15", "ok" },
	{ "\"multipleOf\":5", "16", "multipleOf " },
	{ "\"multipleOf\":0", "16", "FAULT" },
	{ "\"minimum\":2,\"maximum\":1", "1", "FAULT" },
	{ "\"minimum\":\"2\"", "1", "FAULT" },
	{ "\"precision\":5,\"scale\":2", "123.45", "ok" },
	{ "\"precision\":5,\"scale\":2", "123.450", "ok" },
	{ "\"precision\":5,\"scale\":2", "123.456", "scale " },
	{ "\"precision\":5,\"scale\":2", "1234", "precision " },
	{ "\"precision\":3", "1234", "precision " },
	{ "\"precision\":3", "12.3", "ok" },
	{ "\"precision\":1,\"scale\":2", "1", "FAULT" },
	/* enum, const */
	{ "\"enum\":[\"a\",1,null]", "\"\\u0061\"", "ok" },
	{ "\"enum\":[\"a\",1,null]", "1.0", "ok" },
	{ "\"enum\":[\"a\",1,null]", "null", "ok" },
	{ "\"enum\":[\"a\",1,null]", "\"1\"", "enum " },
	{ "\"enum\":[{\"a\":1,\"b\":[2]}]", "{\"b\":[2.0],\"a\":1}", "ok" },
	{ "\"enum\":[{\"a\":1,\"b\":[2]}]", "{\"b\":[2,3],\"a\":1}", "enum " },
	{ "\"enum\":[[1]]", "[1, 2]", "enum " },
	{ "\"enum\":[[]]", "[1]", "enum " },
	{ "\"enum\":[1,2,3,4,5,6,7,8,9,10,\"x\"]", "10.0", "ok" },
	{ "\"enum\":[1,2,3,4,5,6,7,8,9,10,\"x\"]", "\"x\"", "ok" },
	{ "\"enum\":[1,2,3,4,5,6,7,8,9,10,\"x\"]", "11", "enum " },
	{ "\"enum\":[]", "11", "FAULT" },
	{ "\"const\":false", "false", "ok" },
	{ "\"const\":false", "0", "const " },
	{ "\"const\":1,\"enum\":[1]", "1", "FAULT" },
	/* arrays */
	{ "\"type\":\"array\",\"minItems\":1", "[]", "minItems " },
	{ "\"maxItems\":1", "[1,2]", "maxItems " },
	{ "\"uniqueItems\":true", "[1,\"1\",[1],null]", "ok" },
	{ "\"uniqueItems\":true", "[{\"a\":1,\"b\":2},{\"b\":2.0,\"a\":1}]",
	    "uniqueItems " },
	{ "\"uniqueItems\":true", "[\"a\",\"\\u0061\"]", "uniqueItems " },
	{ "\"uniqueItems\":false", "[1,1]", "ok" },
	{ "\"items\":{\"type\":\"string\"}", "[\"a\",1]", "type [1]" },
	{ "\"items\":{\"items\":{\"minimum\":0}}", "[[0],[1,-1]]",
	    "minimum [1][1]" },
	{ "\"items\":[{}]", "[]", "FAULT" },
	{ "\"items\":{\"x-from\":\"a\"}", "[]", "FAULT" },
	/* objects in one piece */
	{ "\"properties\":{\"a\":{\"type\":\"integer\"}}", "{\"a\":1}", "ok" },
	{ "\"properties\":{\"a\":{\"type\":\"integer\"}}", "{\"a\":\"1\"}",
	    "type a" },
	{ "\"properties\":{\"a\":{\"items\":{\"const\":1}}}", "{\"a\":[1,2]}",
	    "const a[1]" },
	{ "\"required\":[\"a\",\"b\"]", "{\"b\":1}", "required a" },
	{ "\"required\":[\"a\"]", "{\"\\u0061\":null}", "ok" },
	{ "\"additionalProperties\":false,\"properties\":{\"a\":{}}",
	    "{\"a\":1,\"b\":2}", "additionalProperties " },
	{ "\"additionalProperties\":{}", "{}", "FAULT" },
	/* formats */
	{ "\"format\":\"date-time\"", "\"2026-01-02T03:04:05Z\"", "ok" },
	{ "\"format\":\"date-time\"", "\"2026-01-02\"", "format " },
	{ "\"format\":\"date-time\"", "5", "ok" },
	{ "\"format\":\"hostname\"", "5", "FAULT" },
	{ "\"contentEncoding\":\"base64\"", "\"AA==\"", "ok" },
	{ "\"contentEncoding\":\"base64\"", "\"AB==\"", "contentEncoding " },
	{ "\"contentEncoding\":\"base32\"", "\"AB==\"", "FAULT" },
	/* a default has to pass */
	{ "\"default\":\"a\",\"type\":\"integer\"", "1", "FAULT" },
	{ "\"default\":3,\"type\":\"integer\"", "1", "ok" }
};

static const struct {
	const char * format;
	const char * good[8];
	const char * bad[12];
} formats[] = {
	{ "date-time", { "2026-01-02T03:04:05.678901Z",
	    "2026-01-02T03:04:05Z", "2024-02-29T23:59:59.1+05:30",
	    "0000-01-01T00:00:00.000000Z" },
	    { "2026-01-02", "2026-01-02T24:00:00.000000Z",
	    "2026-01-02T03:60:05.678901Z", "2026-02-29T03:04:05.678901Z",
	    "2026-01-02T03:04:05.67890xZ", "2026-01-02T03:04:05.678901z ",
	    "2026/01/02T03:04:05.678901Z", "2026-01-02T03:04:05" } },
	{ "date", { "2026-01-31", "2024-02-29", "2000-02-29", "0001-01-01" },
	    { "2026-02-29", "1900-02-29", "2026-00-01", "2026-01-00",
	    "2026-04-31", "2026-1-1", "26-01-01", "2026-01-0a",
	    "2026-01-01 ", "\xff\xff\xff\xff-01-01" } },
	{ "email", { "a@b", "user.name+tag@example.org", "o'hare@x-y.de",
	    "\xc3\xa4@\xc3\xb6.de" }, { "", "a", "@b", "a@", "a b@c", ".a@b",
	    "a.@b", "a..b@c", "a@-b", "a@b..c", "a@b.", "a@b@c" } },
	{ "uri", { "http://a/b?c#d", "mailto:a@b", "urn:isbn:1", "a+b:%20" },
	    { "", "a", "a:", "1a:b", "http://a b", "a:%2", "a:%zz", "//a/b",
	    "a:\xc3\xa9" } },
	{ "uuid", { "123e4567-e89b-12d3-a456-426614174000",
	    "123E4567-E89B-12D3-A456-426614174000" }, { "",
	    "123e4567e89b12d3a456426614174000",
	    "123e4567-e89b-12d3-a456-42661417400g",
	    "{123e4567-e89b-12d3-a456-426614174000}" } },
	{ "ipv4", { "127.0.0.1", "255.255.255.255" }, { "256.0.0.1", "1.2.3",
	    "1.2.3.4.5", "01.2.3.4", "" } },
	{ "ipv6", { "::", "::1", "2001:db8::1", "::ffff:1.2.3.4" },
	    { "1", ":::", "2001:db8::1::2", "12345::", "" } },
	{ "singer.decimal", { "1", "-0.50", "1e3", "007" }, { "", "1,5", "x",
	    "1.2.3", "Infinity" } }
};

static void
test_formats(void)
{
	enum format f;
	size_t i, j;

	for (i = 0; i < sizeof formats / sizeof formats[0]; i++) {
		f = format_named(formats[i].format);
		for (j = 0; j < 8 && formats[i].good[j] != NULL; j++)
			ok(format_check(f, formats[i].good[j],
			    strlen(formats[i].good[j])), "%s: %s",
			    formats[i].format, formats[i].good[j]);
		for (j = 0; j < 12 && formats[i].bad[j] != NULL; j++)
			ok(!format_check(f, formats[i].bad[j],
			    strlen(formats[i].bad[j])), "no %s: %s",
			    formats[i].format, formats[i].bad[j]);
	}
}

int
main(void)
{
	const char * got;
	size_t i;

	log_open("test");
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		got = check(t[i].schema, t[i].in);
		same(got, strlen(got), t[i].out, strlen(t[i].out),
		    t[i].schema);
	}
	test_formats();
	return (tap_done());
}
