#include "common/record.h"

#include "transform/outschema.h"
#include "transform/plan.h"
#include "transform/schemafile.h"
#include "transform/shape.h"

#include "fuzz.h"

/*
 * A schema file: refused, or it makes JSON of the columns there are.
 */
static const char schema[] = "{\"type\":\"SCHEMA\",\"stream\":\"t\","
    "\"schema\":{\"type\":\"object\",\"properties\":{"
    "\"id\":{\"type\":\"integer\",\"x-mysql-type\":\"bigint\"},"
    "\"a\":{\"type\":[\"null\",\"string\"]},"
    "\"b\":{\"type\":\"string\",\"format\":\"singer.decimal\"},"
    "\"c\":{\"type\":\"string\",\"format\":\"date-time\"},"
    "\"d\":{}}},\"key_properties\":[\"id\"],"
    "\"bookmark_properties\":[\"c\"]}";
static const char * const rows[] = {
	"{\"type\":\"RECORD\",\"stream\":\"t\",\"op\":\"u\",\"record\":{"
	"\"id\":1,\"a\":\"a,b: \\u00e9\",\"b\":\"12.50\","
	"\"c\":\"2026-01-02T03:04:05.678901Z\",\"d\":{\"x\":[1,null]}}}",
	"{\"type\":\"RECORD\",\"stream\":\"t\",\"record\":{\"id\":-0,"
	"\"a\":null,\"b\":\"-0.005\",\"c\":\"0000-00-00\",\"d\":true,"
	"\"e\":1e400}}",
	"{\"type\":\"RECORD\",\"stream\":\"t\",\"op\":\"d\",\"record\":{"
	"\"id\":18446744073709551615}}"
};

static void
is_json(const struct buf * b)
{
	struct json * doc = json_parse(b->p, b->n, NULL);

	MUST(doc != NULL && json_kind(json_root(doc)) == JSON_OBJECT);
	MUST(memchr(b->p, '\n', b->n) == NULL);
	json_free(doc);
}

static void
try_rows(const struct plan * plan, struct buf * out)
{
	struct record_reader * rd = record_reader_new();
	struct shape * shape = shape_new(plan);
	struct record_error err;
	struct verdict why;
	struct record r;
	char * text;
	size_t i;
	int rc;

	record_shape(rd, plan->names, plan->nnames);
	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		buf_clear(out);
		text = fuzz_place_line(rows[i], strlen(rows[i]));
		MUST(record_parse(rd, text, strlen(rows[i]), &r, &err) == 0);
		rc = shape_put(shape, &r, shape_take(shape, &r), out, &why);
		if (rc == 0)
			is_json(out);
		else
			MUST(out->n == 0);
		free(text);
	}
	shape_free(shape);
	record_reader_free(rd);
}

int
LLVMFuzzerTestOneInput(const uint8_t * p, size_t n)
{
	struct schemafile * sf = schemafile_parse("fuzz.json",
	    (const char *)p, n);
	struct buf out = { NULL, 0, 0 };
	struct plan * plan;

	if (sf == NULL)
		return (0);
	outschema_validator(sf, &out);
	buf_clear(&out);
	if ((plan = plan_new(sf, schema, sizeof schema - 1)) != NULL) {
		outschema_put(plan, &out);
		is_json(&out);
		try_rows(plan, &out);
		plan_free(plan);
	}
	schemafile_free(sf);
	buf_free(&out);
	return (0);
}
