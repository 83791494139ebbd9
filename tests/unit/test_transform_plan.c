#include <unistd.h>

#include "common/linein.h"
#include "common/log.h"
#include "common/mem.h"

#include "transform/outschema.h"
#include "transform/plan.h"
#include "transform/shape.h"

#include "tap.h"

static FILE * messages;

#define FILE_(props)	"{\"x-source\":{\"table\":\"t\"},\"properties\":{" \
			props "}"
#define COLUMNS		"\"id\":{\"type\":\"integer\"}," \
			"\"a\":{\"type\":[\"null\",\"string\"]}," \
			"\"d\":{\"type\":\"string\"," \
			"\"format\":\"singer.decimal\",\"scale\":2}," \
			"\"at\":{\"type\":\"string\"," \
			"\"format\":\"date-time\"}"
#define SCHEMA(key, cols)	"{\"type\":\"SCHEMA\",\"stream\":\"t\"," \
			"\"schema\":{\"type\":\"object\",\"properties\":{" \
			cols "}},\"key_properties\":[" key "]," \
			"\"bookmark_properties\":[\"at\"]}"

/* Do both fit together? If not, is ${said} part of the reason? */
static void
refused(const char * file, const char * schema, const char * said)
{
	struct schemafile * sf = schemafile_parse("t.json", file,
	    strlen(file));
	struct plan * plan = NULL;
	char text[2000] = "";
	ssize_t n;

	if (ftruncate(fileno(messages), 0) == -1 ||
	    lseek(fileno(messages), 0, SEEK_SET) == -1)
		exit(EXIT_FAILURE);
	if (sf != NULL)
		plan = plan_new(sf, schema, strlen(schema));
	lseek(fileno(messages), 0, SEEK_SET);
	n = read(fileno(messages), text, sizeof text - 1);
	text[n > 0 ? n : 0] = '\0';
	if (!ok(sf != NULL && (plan == NULL) == (said != NULL) &&
	    (said == NULL || strstr(text, said) != NULL), "%s: %s",
	    said == NULL ? "fits" : "refused", said ? said : file))
		printf("# %s\n", text);
	plan_free(plan);
	schemafile_free(sf);
}

static void
test_fit(void)
{

	refused(FILE_("\"_id\":{\"x-from\":\"id\"}}"),
	    SCHEMA("\"id\"", COLUMNS), NULL);
	refused(FILE_("\"a\":{}}"), SCHEMA("\"id\"", COLUMNS), NULL);
	refused(FILE_("\"a\":{}},\"x-columns\":\"drop\""),
	    SCHEMA("\"id\"", COLUMNS), "the key column \"id\" isn't a "
	    "property");
	refused(FILE_("\"a\":{\"properties\":{\"id\":{}}}}"),
	    SCHEMA("\"id\"", COLUMNS), "the key column \"id\" isn't a "
	    "property");
	refused(FILE_("\"_id\":{\"x-from\":\"a\"}}"),
	    SCHEMA("\"id\"", COLUMNS), "\"_id\" is not made of the key");
	refused(FILE_("\"_id\":{\"x-from\":\"id\"}}"),
	    SCHEMA("\"id\",\"a\"", COLUMNS), "all of its columns");
	refused(FILE_("\"_id\":{\"x-apply\":[{\"concat\":"
	    "[\"$id\",\"/\",\"$a\"]}]}}"),
	    SCHEMA("\"id\",\"a\"", COLUMNS), NULL);
	refused(FILE_("\"k\":{\"x-apply\":[{\"concat\":"
	    "[\"$id\",\"/\",\"$a\"]}]}},\"x-columns\":\"drop\""),
	    SCHEMA("\"id\"", COLUMNS), "the key column");
	/* Columns that are there, or not. */
	refused(FILE_("\"b\":{}}"), SCHEMA("\"id\"", COLUMNS),
	    "no column \"b\"");
	refused(FILE_("\"b\":{}},\"required\":[\"b\"]"),
	    SCHEMA("\"id\"", COLUMNS), "no column \"b\"");
	refused(FILE_("\"b\":{\"default\":1}},\"required\":[\"b\"]"),
	    SCHEMA("\"id\"", COLUMNS), NULL);
	refused(FILE_("\"b\":{}},\"required\":[\"b\"]"),
	    SCHEMA("\"id\"", ""), NULL);
	refused(FILE_("\"o\":{\"properties\":{\"b\":{}},\"required\":"
	    "[\"b\"]}}"), SCHEMA("\"id\"", COLUMNS),
	    "of which the property \"b\"");
	/* Types that never meet. */
	refused(FILE_("\"a\":{\"type\":\"integer\"}}"),
	    SCHEMA("\"id\"", COLUMNS), "convert it with x-apply");
	refused(FILE_("\"a\":{\"x-apply\":[\"integer\"],"
	    "\"type\":\"integer\"}}"), SCHEMA("\"id\"", COLUMNS), NULL);
	/* One name for two things. */
	refused(FILE_("\"a\":{\"x-from\":\"d\"}}"),
	    SCHEMA("\"id\"", COLUMNS), "the column \"a\" isn't named");
	refused(FILE_("\"a\":{\"x-from\":\"d\"}},\"x-columns\":\"drop\""),
	    SCHEMA("", COLUMNS), NULL);
	refused(FILE_("\"a\":{\"x-from\":\"d\"},\"d\":{\"x-from\":\"a\"}}"),
	    SCHEMA("\"id\"", COLUMNS), NULL);
	refused("{\"x-source\":{\"table\":\"t\",\"key\":[\"a\"]},"
	    "\"properties\":{}}", SCHEMA("\"id\"", COLUMNS),
	    "x-source.key isn't the key");
}

/* The SCHEMA that comes out. */
static void
test_schema(void)
{
	static const char file[] = "{\"x-source\":{\"table\":\"t\"},"
	    "\"x-target\":{\"collection\":\"c\"},\"properties\":{"
	    "\"_id\":{\"x-from\":\"id\",\"title\":\"key\"},"
	    "\"sum\":{\"x-from\":\"d\",\"minimum\":0},"
	    "\"text\":{\"x-from\":\"d\",\"bsonType\":\"string\"},"
	    "\"tags\":{\"x-from\":\"a\",\"x-apply\":[{\"split\":\",\"}]},"
	    "\"o\":{\"properties\":{\"when\":{\"x-from\":\"at\"}}}}}";
	static const char schema[] = SCHEMA("\"id\"", COLUMNS
	    ",\"_sdc_x\":{\"type\":\"string\"},\"more\":{\"type\":\"null\"}");
	static const char want[] = "{\"type\":\"SCHEMA\",\"stream\":\"t\","
	    "\"schema\":{\"type\":\"object\",\"properties\":{"
	    "\"_id\":{\"type\":\"integer\"},"
	    "\"sum\":{\"type\":\"string\",\"format\":\"singer.decimal\","
	    "\"scale\":2,\"minimum\":0},"
	    "\"text\":{\"type\":\"string\",\"format\":\"singer.decimal\","
	    "\"scale\":2,\"bsonType\":\"string\"},"
	    "\"tags\":{\"type\":[\"null\",\"array\"]},"
	    "\"o\":{\"type\":\"object\",\"properties\":{\"when\":"
	    "{\"type\":\"string\",\"format\":\"date-time\"}}},"
	    "\"more\":{\"type\":\"null\"},\"_sdc_x\":{\"type\":\"string\"}}},"
	    "\"key_properties\":[\"_id\"],\"bookmark_properties\":[],"
	    "\"collection\":\"c\"}";
	struct schemafile * sf = schemafile_parse("t.json", file,
	    strlen(file));
	struct plan * plan = plan_new(sf, schema, strlen(schema));
	struct buf out = { 0 };

	outschema_put(plan, &out);
	same(out.p, out.n, want, strlen(want), "the SCHEMA message");
	buf_free(&out);
	plan_free(plan);
	schemafile_free(sf);
}

/* Rows, with their slots looked up as a stage does. */
static void
row(const char * file, const char * record, int delete, const char * want)
{
	static const char schema[] = SCHEMA("\"id\"", COLUMNS);
	struct schemafile * sf = schemafile_parse("t.json", file,
	    strlen(file));
	struct plan * plan = plan_new(sf, schema, strlen(schema));
	struct shape * sh = shape_new(plan);
	struct record_reader * rd = record_reader_new();
	struct record_error err;
	struct verdict why;
	struct record r;
	struct buf line = { 0 }, out = { 0 };
	int rc;

	buf_puts(&out, "before");
	buf_printf(&line, "{\"type\":\"RECORD\",\"stream\":\"t\","
	    "\"record\":%s}", record);
	buf_putc(&line, '\n');
	buf_room(&line, LINEIN_SLACK);
	record_shape(rd, plan->names, plan->nnames);
	if (record_parse(rd, line.p, line.n, &r, &err) == -1) {
		printf("Bail out! %s\n", err.what);
		exit(EXIT_FAILURE);
	}
	(void)shape_take(sh, &r);
	rc = shape_put(sh, &r, delete ? SHAPE_DELETION : SHAPE_ROW, &out,
	    &why);
	if (rc == -1) {
		ok(out.n == 6, "nothing is left of a bad record");
		buf_printf(&out, "%s %s", why.rule, why.path);
	}
	same(out.p + 6, out.n - 6, want, strlen(want), record);
	buf_free(&line);
	buf_free(&out);
	record_reader_free(rd);
	shape_free(sh);
	plan_free(plan);
	schemafile_free(sf);
}

static void
test_rows(void)
{
	static const char simple[] = FILE_("\"_id\":{\"x-from\":\"id\"},"
	    "\"d\":{\"minimum\":0},\"at\":{\"x-null\":\"omit\"}},"
	    "\"required\":[\"d\"]");
	static const char nested[] = FILE_("\"_id\":{\"x-from\":\"id\"},"
	    "\"o\":{\"x-null\":\"omit\",\"properties\":{\"a\":{},\"p\":{"
	    "\"x-null\":\"keep\",\"properties\":{\"d\":{\"minimum\":0}}}}}}");
	static const char omitted[] = FILE_("\"o\":{\"x-null\":\"omit\","
	    "\"properties\":{\"a\":{},\"d\":{}}}},\"required\":[\"o\"]");
	static const char kept_omit[] = FILE_("\"id\":{}},"
	    "\"x-null\":\"omit\"");
	static const char drop[] = FILE_("\"id\":{},\"twice\":{\"x-from\":"
	    "\"a\"},\"b\":{\"x-from\":\"a\"},\"c\":{\"x-from\":\"a\"}},"
	    "\"x-columns\":\"drop\"");
	static const char strict[] = FILE_("\"id\":{}},"
	    "\"x-columns\":\"reject\"");
	static const char dflt[] = FILE_("\"id\":{},\"v\":{\"x-from\":null,"
	    "\"default\":3},\"a\":{\"default\":\"none\"},\"at\":{\"x-apply\":"
	    "[{\"default\":\"now\"}]}}");
	static const char key[] = FILE_("\"_id\":{\"x-from\":\"id\","
	    "\"x-apply\":[\"string\"]},\"at\":{\"type\":\"string\"}},"
	    "\"required\":[\"at\"]");

	row(simple, "{\"id\":1,\"d\":\"2.50\",\"at\":\"x\",\"a\":\"\\u0041\"}",
	    0, "{\"_id\":1,\"d\":\"2.50\",\"at\":\"x\",\"a\":\"\\u0041\"}");
	row(simple, "{ \"a\" : null , \"at\" :null,\"d\" : \"0\" ,\"id\":1 }",
	    0, "{\"_id\":1,\"d\":\"0\",\"a\":null}");
	row(simple, "{\"id\":1,\"d\":\"-2.50\"}", 0, "minimum d");
	row(simple, "{\"id\":1}", 0, "required d");
	row(simple, "{\"d\":\"1\"}", 0, "key _id");
	row(simple, "{\"id\":null,\"d\":\"1\"}", 0, "key _id");
	row(simple, "{\"id\":[1],\"d\":\"1\"}", 0, "key _id");
	row(simple, "{\"id\":1,\"d\":\"1\",\"_id\":2}", 0, "x-columns _id");
	row(simple, "{\"id\":1,\"d\":\"1\",\"_sdc_x\":\"y\"}", 0,
	    "{\"_id\":1,\"d\":\"1\",\"_sdc_x\":\"y\"}");
	row(nested, "{\"id\":1,\"d\":\"1\",\"a\":\"x\",\"at\":1}", 0,
	    "{\"_id\":1,\"o\":{\"a\":\"x\",\"p\":{\"d\":\"1\"}},\"at\":1}");
	row(nested, "{\"id\":1,\"a\":null}", 0,
	    "{\"_id\":1,\"o\":{\"p\":{}}}");
	row(nested, "{\"id\":1,\"d\":\"-1\"}", 0, "minimum o.p.d");
	row(omitted, "{\"id\":1,\"a\":null}", 0, "required o");
	row(omitted, "{\"id\":1,\"d\":\"1\"}", 0,
	    "{\"o\":{\"d\":\"1\"},\"id\":1}");
	row(kept_omit, "{\"id\":1,\"a\":null,\"d\":\"1\",\"more\":null}", 0,
	    "{\"id\":1,\"d\":\"1\"}");
	row(drop, "{\"id\":1,\"a\":\"0123456789012345678901234567890123456789"
	    "0123456789012345678901234567890123456789\",\"more\":2}", 0,
	    "{\"id\":1,\"twice\":\"0123456789012345678901234567890123456789"
	    "0123456789012345678901234567890123456789\",\"b\":\"01234567890123"
	    "456789012345678901234567890123456789012345678901234567890123"
	    "456789\",\"c\":\"0123456789012345678901234567890123456789"
	    "0123456789012345678901234567890123456789\"}");
	row(strict, "{\"id\":1,\"more\":2}", 0, "x-columns more");
	row(dflt, "{\"id\":1}", 0,
	    "{\"id\":1,\"v\":3,\"a\":\"none\",\"at\":\"now\"}");
	row(dflt, "{\"id\":1,\"a\":null,\"at\":null}", 0,
	    "{\"id\":1,\"v\":3,\"a\":null,\"at\":\"now\"}");
	/* A delete is its key, whatever else the record says. */
	row(key, "{\"id\":1,\"a\":\"x\",\"_sdc_deleted_at\":\"y\"}", 1,
	    "{\"_id\":\"1\",\"_sdc_deleted_at\":\"y\"}");
	row(key, "{\"a\":\"x\"}", 1, "key _id");
	row(strict, "{\"id\":1,\"more\":2}", 1, "{\"id\":1}");
	row(omitted, "{\"id\":7}", 1, "{\"id\":7}");
}

/* A value that is moved inwards must not make the line too deep. */
static void
test_depth(void)
{
	static const char file[] = FILE_("\"id\":{},\"o\":{\"properties\":{"
	    "\"p\":{\"properties\":{\"a\":{}}}}}}");
	struct buf in = { 0 }, want = { 0 };
	unsigned depth, i;

	for (depth = 85; depth <= 88; depth++) {
		buf_clear(&in);
		buf_clear(&want);
		buf_puts(&in, "{\"id\":1,\"a\":");
		buf_puts(&want, "{\"id\":1,\"o\":{\"p\":{\"a\":");
		for (i = 0; i < depth; i++)
			buf_putc(&in, '[');
		for (i = 0; i < depth; i++)
			buf_putc(&in, ']');
		buf_put(&want, in.p + 12, in.n - 12);
		buf_putc(&in, '}');
		buf_puts(&want, "}}}");
		/* Two levels are the line's own, two those around. */
		row(file, buf_text(&in), 0,
		    depth <= 86 ? buf_text(&want) : "depth o.p.a");
	}
	buf_free(&in);
	buf_free(&want);
}

int
main(void)
{

	setenv("LOG_FORMAT", "text", 1);
	if ((messages = tmpfile()) == NULL ||
	    dup2(fileno(messages), STDERR_FILENO) == -1)
		return (EXIT_FAILURE);
	log_open("test");
	test_fit();
	test_schema();
	test_rows();
	test_depth();
	return (tap_done());
}
