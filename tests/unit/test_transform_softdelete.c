#include <stdlib.h>
#include <string.h>

#include "../../common/json.h"
#include "../../transform/softdelete.h"

#include "tap.h"

/* Read the members of a schema file; there must be no fault. */
static struct json *
open_file(const char * text, struct softdelete * sd)
{
	struct faults f = { "test", 0 };
	struct json * doc = json_parse(text, strlen(text), NULL);

	*sd = (struct softdelete) { 0 };
	softdelete_read(sd, json_root(doc), &f);
	ok(f.n == 0, "%s", text);
	return (doc);
}

static int
meets(const struct softdelete * sd, const char * json)
{
	struct value * v = value_copy(json, strlen(json));
	int rc = softdelete_meets(sd, &v->v);

	free(v);
	return (rc);
}

static void
test_any(void)
{
	static const char * const no[] = { "null", "false", "0", "0.00",
		"-0", "0e5", "\"\"", "\"0\"", "\"0.0\"", "\"0000-00-00\"",
		"\"0000-00-00T00:00:00.000000Z\"", "\"00:00:00\"",
		"\"\\u0030\"" };
	static const char * const yes[] = { "true", "1", "-1", "0.01",
		"10", "\"1\"", "\"N\"", "\"2026-01-02T00:00:00Z\"",
		"\"0001-00-00\"", "\" 0x\"", "\"\\u0031\"", "[]", "{}" };
	struct softdelete sd;
	struct json * doc = open_file("{\"x-soft-delete\":{\"column\":\"c\","
	    "\"then\":\"mark\"},\"x-deletes\":\"ignore\"}", &sd);
	size_t i;

	ok(sd.marks && strcmp(sd.column, "c") == 0 &&
	    strcmp(sd.deletes, "ignore") == 0, "what it says");
	for (i = 0; i < sizeof no / sizeof *no; i++)
		ok(!meets(&sd, no[i]), "%s says no", no[i]);
	for (i = 0; i < sizeof yes / sizeof *yes; i++)
		ok(meets(&sd, yes[i]), "%s says yes", yes[i]);
	softdelete_clear(&sd);
	json_free(doc);
}

static void
test_when(void)
{
	struct softdelete sd;
	struct json * doc = open_file("{\"x-soft-delete\":{\"column\":\"c\","
	    "\"then\":\"delete\",\"when\":[0,\"no\",null,false]}}", &sd);

	ok(meets(&sd, "0") && meets(&sd, "0.0") && meets(&sd, "\"no\"") &&
	    meets(&sd, "\"n\\u006f\"") && meets(&sd, "null") &&
	    meets(&sd, "false"), "the values of the list");
	ok(!meets(&sd, "1") && !meets(&sd, "\"0\"") && !meets(&sd, "true") &&
	    !meets(&sd, "\"\"") && !meets(&sd, "\"NO\""), "and no others");
	softdelete_clear(&sd);
	json_free(doc);
}

static void
test_fits(void)
{
	const char * column = "{\"enum\":[\"new\",\"gone\"]}";
	struct json * schema = json_parse(column, strlen(column), NULL);
	struct buf why = { NULL, 0, 0 };
	struct softdelete sd;
	struct json * doc = open_file("{\"x-soft-delete\":{\"column\":\"c\","
	    "\"then\":\"delete\",\"when\":\"gone\"}}", &sd);

	ok(softdelete_fits(&sd, json_root(schema), KIND(SCAN_STRING), &why) &&
	    why.n == 0, "a value of the enum");
	ok(!softdelete_fits(&sd, NULL, KIND(SCAN_INT), &why) &&
	    strcmp(buf_text(&why), "gives integer, never \"gone\"") == 0,
	    "another type: %s", buf_text(&why));
	softdelete_clear(&sd);
	json_free(doc);
	buf_clear(&why);
	doc = open_file("{\"x-soft-delete\":{\"column\":\"c\","
	    "\"then\":\"delete\",\"when\":[\"gone\",\"Gone\"]}}", &sd);
	ok(!softdelete_fits(&sd, json_root(schema), KIND(SCAN_STRING), &why) &&
	    strcmp(buf_text(&why), "never has the value \"Gone\"") == 0,
	    "no value of the enum: %s", buf_text(&why));
	softdelete_clear(&sd);
	json_free(doc);
	json_free(schema);
	buf_free(&why);
}

static void
test_time(void)
{
	static const char * const good[] = { "\"2026-01-02T03:04:05.5Z\"",
		"\"2026-01-02\"", "\"2026-01-02T03:04:05+01:00\"",
		"\"2026\\u002d01-02\"" };
	static const char * const bad[] = { "1", "null", "\"yes\"", "\"\"",
		"\"2026-02-30\"" };
	struct buf out = { NULL, 0, 0 };
	struct value * v;
	size_t i;

	for (i = 0; i < sizeof good / sizeof *good; i++) {
		buf_clear(&out);
		v = value_copy(good[i], strlen(good[i]));
		ok(softdelete_put_time(&v->v, &out) &&
		    strcmp(buf_text(&out), good[i]) == 0, "%s", good[i]);
		free(v);
	}
	buf_clear(&out);
	for (i = 0; i < sizeof bad / sizeof *bad; i++) {
		v = value_copy(bad[i], strlen(bad[i]));
		ok(!softdelete_put_time(&v->v, &out) && out.n == 0, "%s",
		    bad[i]);
		free(v);
	}
	buf_free(&out);
}

int
main(void)
{

	test_any();
	test_when();
	test_fits();
	test_time();
	return (tap_done());
}
