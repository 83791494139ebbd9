#include "common/log.h"
#include "common/record.h"

#include "transform/plan.h"
#include "transform/shape.h"

#include "mutate.h"
#include "tap.h"

/*
 * The quick way of making documents against the plain one.  Two schema files
 * differ in one property at the end, which keeps the second from being put
 * together of parts; and one reader has seen the rows before, the other one
 * hasn't.  So the documents are equal up to that property.
 */
#define PROPS	"\"_id\":{\"x-from\":\"id\"}," \
	"\"renamed\":{\"x-from\":\"a\",\"type\":[\"string\",\"null\"]," \
	    "\"maxLength\":20}," \
	"\"a_name_that_is_longer_than_a_block_or_two\":{\"x-from\":\"b\"}," \
	"\"d\":{}"
#define FLAT	"{\"x-source\":{\"table\":\"t\"},\"x-columns\":\"drop\"," \
	"\"properties\":{" PROPS "}}"
#define AGAIN	"{\"x-source\":{\"table\":\"t\"},\"x-columns\":\"drop\"," \
	"\"properties\":{" PROPS ",\"z\":{\"x-from\":\"id\"}}}"
static const char schema[] = "{\"type\":\"SCHEMA\",\"stream\":\"t\","
    "\"schema\":{\"type\":\"object\",\"properties\":{\"id\":{},\"a\":{},"
    "\"b\":{},\"d\":{}}},\"key_properties\":[\"id\"]}";

struct way {
	struct schemafile * sf;
	struct plan * plan;
	struct shape * shape;
	struct record_reader * reader;
	struct record record;
	struct buf out;
	struct verdict why;
};

/* A reader that has seen nothing, and a shape for its rows. */
static void
start(struct way * w)
{

	shape_free(w->shape);
	w->shape = shape_new(w->plan);
	record_reader_free(w->reader);
	w->reader = record_reader_new();
	record_shape(w->reader, w->plan->names, w->plan->nnames);
}

static void
open_way(struct way * w, const char * file)
{

	memset(w, 0, sizeof *w);
	w->sf = schemafile_parse("t.json", file, strlen(file));
	w->plan = plan_new(w->sf, schema, sizeof schema - 1);
	start(w);
}

static void
close_way(struct way * w)
{

	record_reader_free(w->reader);
	shape_free(w->shape);
	plan_free(w->plan);
	schemafile_free(w->sf);
	buf_free(&w->out);
}

/* Make the document; 1 if there is one, 0 if the row is refused, -1. */
static int
make(struct way * w, const char * line, size_t n)
{
	struct record_error err;

	buf_clear(&w->out);
	if (record_parse(w->reader, line, n, &w->record, &err) == -1)
		return (-1);
	if (w->record.type != RECORD_ROW)
		return (-1);
	(void)shape_take(w->shape, &w->record);
	return (shape_put(w->shape, &w->record, SHAPE_ROW, &w->out,
	    &w->why) == 0);
}

/* The same but for the last property, or the same reason against it? */
static int
alike(const struct way * quick, const struct way * plain, int made)
{
	size_t n = quick->out.n;

	if (made == 0)
		return (strcmp(quick->why.path, plain->why.path) == 0 &&
		    strcmp(quick->why.rule, plain->why.rule) == 0 &&
		    strcmp(quick->why.reason, plain->why.reason) == 0);
	return (made == -1 || (n > 1 && plain->out.n > n &&
	    memcmp(quick->out.p, plain->out.p, n - 1) == 0 &&
	    quick->out.p[n - 1] == '}' &&
	    memcmp(plain->out.p + n - 1, ",\"z\":", 5) == 0));
}

static size_t
make_line(char * p)
{
	static const char * const values[] = { "1", "0", "null", "\"\"",
	    "\"text\"", "\"text of more than twenty letters\"",
	    "\"\xc3\xa9\xe2\x82\xac\"", "\"\\u00e9\\n\"", "-1.50", "true",
	    "[1,{}]", "{\"x\":[]}", "99999999999999999999",
	    "\"sixteen letters!\"" };
#define VALUE	values[roll(sizeof values / sizeof values[0])]

	return ((size_t)sprintf(p, "{\"type\":\"RECORD\",\"stream\":\"t\","
	    "\"op\":\"r\",\"at\":\"2026-01-02T03:04:05.%06uZ\","
	    "\"pos\":[1767323046123456,%u],\"record\":{\"id\":%u,%s%s,"
	    "\"b\":%s,\"%s\":%s}}", roll(1000000), roll(100000), roll(1000),
	    roll(50) ? "\"a\":" : "\"x\":", VALUE, VALUE,
	    roll(50) ? "d" : "c", VALUE));
}

static void
test_agree(void)
{
	unsigned long i, total = mutate_begin(100000);
	struct way quick, plain;
	char text[MUTATE_MAX];
	const char * line;
	int made = 0, good = 1;
	unsigned long done = 0, refused = 0;
	size_t n = 0;
	uint32_t k;

	open_way(&quick, FLAT);
	open_way(&plain, AGAIN);
	for (i = 0; i < total && good; i++) {
		n = make_line(text);
		for (k = roll(4) ? 0 : roll(4); k > 0; k--)
			mutate(text, &n);
		line = place_line(text, n);
		start(&plain);
		made = make(&quick, line, n);
		good = made == make(&plain, line, n) &&
		    alike(&quick, &plain, made);
		done += made == 1;
		refused += made == 0;
	}
	if (!good)
		printf("# made differently: %.*s\n# %.*s\n# %.*s\n", (int)n,
		    text, (int)quick.out.n, quick.out.p, (int)plain.out.n,
		    plain.out.p);
	ok(good, "both ways make the same documents");
	ok(done > total / 3 && refused > total / 20, "%lu made, %lu refused "
	    "of %lu", done, refused, total);
	close_way(&quick);
	close_way(&plain);
}

int
main(void)
{

	log_open("test");
	test_agree();
	free(mutate_block);
	return (tap_done());
}
