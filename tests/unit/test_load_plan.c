#include "load/fieldname.h"
#include "load/plan.h"

#include "tap.h"

#define SCHEMA(props, rest) "{\"type\":\"SCHEMA\",\"stream\":\"t\"," \
	"\"schema\":{\"type\":\"object\",\"properties\":" props "}" rest "}"

/* The plan, or NULL and why in ${err}. */
static struct plan *
build(const char * line, char * err, size_t n)
{
	struct plan_options opt = { 0, 0, 1, 0 };

	return (plan_build(line, strlen(line), &opt, err, n));
}

static void
refused(const char * line, const char * why, const char * name)
{
	char err[256] = "";
	struct plan * plan = build(line, err, sizeof err);

	ok(plan == NULL && strstr(err, why) != NULL, "%s: %s", name, err);
	plan_free(plan);
}

static void
test_refused(void)
{

	refused("{", "column", "no JSON");
	refused("{\"type\":\"SCHEMA\",\"stream\":\"t\",\"schema\":"
	    "{\"type\":\"object\"}}", "properties", "no properties");
	refused("{\"type\":\"SCHEMA\",\"stream\":\"t\",\"schema\":"
	    "{\"type\":\"array\",\"properties\":{}}}", "object",
	    "not of type object");
	refused(SCHEMA("{\"_sync\":{}}", ""), "_sync", "a property _sync");
	refused(SCHEMA("{\"a\":{}}", ",\"key_properties\":[\"b\"]"),
	    "\"b\"", "a key that is no property");
	refused(SCHEMA("{\"a\":{\"type\":\"array\"}}",
	    ",\"key_properties\":[\"a\"]"), "array", "a key that is an array");
	refused(SCHEMA("{\"a\":{\"bsonType\":\"regex\"}}", ""), "regex",
	    "a bsonType that can't be written");
	refused(SCHEMA("{\"a\":{\"type\":\"text\"}}", ""), "\"a\"",
	    "a type that JSON Schema doesn't have");
	refused(SCHEMA("{\"a.b\":{},\"a\xef\xbc\x8e" "b\":{}}", ""),
	    "both", "two properties that become one field");
	refused(SCHEMA("{\"_id\":{},\"__id\":{},\"i\":{}}",
	    ",\"key_properties\":[\"i\"]"), "both", "_id and __id");
	refused(SCHEMA("{\"a\":{\"bsonType\":\"date\"},\"a__us\":{}}", ""),
	    "both", "a name that the microseconds want");
	refused(SCHEMA("{\"a\\u0000\":{}}", ""), "NUL", "NUL in a name");
	refused(SCHEMA("{\"o\":{\"type\":\"object\",\"properties\":"
	    "{\"x.y\":{},\"x\xef\xbc\x8ey\":{}}}}", ""), "both",
	    "the same in a nested object");
}

static void
test_built(void)
{
	char err[256] = "";
	struct plan * p;

	p = build(SCHEMA("{\"id\":{\"type\":\"integer\"},\"u\":{\"type\":"
	    "[\"string\",\"null\"],\"format\":\"date-time\"},\"_sdc_x\":{}}",
	    ",\"key_properties\":[\"id\"],\"bookmark_properties\":[\"u\"],"
	    "\"collection\":\"c\""), err, sizeof err);
	ok(p != NULL && p->nfield == 3 && p->key == PLAN_KEY_VALUE &&
	    p->change == 1 && strcmp(p->collection, "c") == 0, "a plan %s",
	    err);
	ok(p->field[2].elem == NULL, "_sdc_ properties are not stored");
	ok(strcmp(p->field[1].extra + 1, "u__us") == 0,
	    "a field for the microseconds");
	plan_free(p);

	p = build(SCHEMA("{\"a\":{}}", ""), err, sizeof err);
	ok(p != NULL && p->key == PLAN_KEY_NONE && p->change == -1,
	    "no key and no bookmark");
	plan_free(p);

	p = build(SCHEMA("{\"_id\":{},\"b\":{}}",
	    ",\"key_properties\":[\"b\",\"_id\"]"), err, sizeof err);
	ok(p != NULL && p->key == PLAN_KEY_DOCUMENT && p->renamed_id,
	    "_id as one part of a key is stored as __id as well");
	plan_free(p);

	/* A bookmark that isn't stored as a date tells no time. */
	p = build(SCHEMA("{\"u\":{\"type\":\"integer\"}}",
	    ",\"bookmark_properties\":[\"u\"]"), err, sizeof err);
	ok(p != NULL && p->change == -1, "a bookmark that is a number");
	plan_free(p);
	plan_free(NULL);
}

static void
test_names(void)
{
	struct buf b = { NULL, 0, 0 };

	ok(fieldname_plain("a", 1) && fieldname_plain("a$", 2) &&
	    !fieldname_plain("$a", 2) && !fieldname_plain("a.b", 3) &&
	    !fieldname_plain("", 0) && !fieldname_plain("a\0b", 3),
	    "names that can stay");
	ok(fieldname_escape("$a.b$", 5, &b) == NULL, "one that can't");
	same(b.p, b.n, "\xef\xbc\x84" "a\xef\xbc\x8e" "b$", 9, "escaped");
	ok(fieldname_escape("", 0, &b) != NULL, "an empty name");
	ok(fieldname_escape("\0", 1, &b) != NULL, "NUL in a name");
	buf_free(&b);
}

int
main(void)
{

	test_refused();
	test_built();
	test_names();
	return (tap_done());
}
