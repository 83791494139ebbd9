#include "common/json.h"
#include "common/record.h"

#include "mutate.h"
#include "tap.h"

#define ROW(env, rec)	"{\"type\":\"RECORD\",\"stream\":\"s\"" env \
	",\"record\":" rec "}"

static int
parse(struct record_reader * rd, const char * text, struct record * r,
    struct record_error * err)
{
	size_t n = strlen(text);

	return (record_parse(rd, place_line(text, n), n, r, err));
}

static int
span_is(const struct scan_value * v, const char * text)
{
	size_t n;
	const char * p;

	if (v->p == NULL || text == NULL)
		return (v->p == NULL && text == NULL);
	p = scan_raw(v, &n);
	return (n == strlen(text) && memcmp(p, text, n) == 0);
}

static void
test_rows(void)
{
	static const struct {
		const char * line;
		char op;
		const char * at, * record;
		size_t npos, nfield;
		uint64_t first, last;
	} t[] = {
		{ ROW("", "{}"), 'r', NULL, "{}", 0, 0, 0, 0 },
		{ ROW(",\"op\":\"c\",\"at\":\"x\",\"pos\":[1767323046123456,1]",
		    "{\"id\":1}"), 'c', "\"x\"", "{\"id\":1}", 2, 1,
		    1767323046123456, 1 },
		{ ROW(",\"op\":\"u\",\"old\":{\"a\":1},\"tx\":\"g:1\","
		    "\"end\":true", "{\"a\":2}"), 'u', NULL, "{\"a\":2}", 0, 1,
		    0, 0 },
		{ ROW(",\"op\":\"d\"", "{\"_sdc_deleted_at\":null}"), 'd',
		    NULL, "{\"_sdc_deleted_at\":null}", 0, 1, 0, 0 },
		{ ROW(",\"op\":\"t\"", "{}"), 't', NULL, "{}", 0, 0, 0, 0 },
		{ ROW("", "{\"_sdc_deleted_at\":\"2026\"}"), 'd', NULL,
		    "{\"_sdc_deleted_at\":\"2026\"}", 0, 1, 0, 0 },
		{ ROW("", "{\"_sdc_deleted_at\":null}"), 'r', NULL,
		    "{\"_sdc_deleted_at\":null}", 0, 1, 0, 0 },
		{ ROW("", "{\"\\u005fsdc_deleted_at\":1}"), 'd', NULL,
		    "{\"\\u005fsdc_deleted_at\":1}", 0, 1, 0, 0 },
		{ ROW(",\"op\":\"r\"", "{\"_sdc_deleted_at\":\"x\"}"), 'r',
		    NULL, "{\"_sdc_deleted_at\":\"x\"}", 0, 1, 0, 0 },
		{ ROW(",\"op\":\"\\u0063\"", "{}"), 'c', NULL, "{}", 0, 0, 0,
		    0 },
		{ ROW(",\"at\":null,\"pos\":null", "{}"), 'r', NULL, "{}", 0,
		    0, 0, 0 },
		{ ROW(",\"pos\":[]", "{}"), 'r', NULL, "{}", 0, 0, 0, 0 },
		{ ROW(",\"pos\":[18446744073709551615,2,3,4,5,6,7,0]", "{}"),
		    'r', NULL, "{}", 8, 0, UINT64_MAX, 0 },
		{ " { \"record\" : { \"a\" : [ 1 ] , \"b\" : { } } , \"stream\""
		    " : \"s\" , \"type\" : \"RECORD\" } ", 'r', NULL,
		    "{ \"a\" : [ 1 ] , \"b\" : { } }", 0, 2, 0, 0 },
		{ "{\"t\\u0079pe\":\"RE\\u0043ORD\",\"stream\":\"s\","
		    "\"r\\u0065cord\":{\"a\":1},\"x\":{\"y\":[{}]}}", 'r',
		    NULL, "{\"a\":1}", 0, 1, 0, 0 },
		{ ROW(",\"time_extracted\":\"2026\",\"version\":3", "{}"), 'r',
		    NULL, "{}", 0, 0, 0, 0 },
		{ ROW("", "{\"a\":{\"b\":1},\"c\":{\"b\":1}}"), 'r', NULL,
		    "{\"a\":{\"b\":1},\"c\":{\"b\":1}}", 0, 2, 0, 0 },
	};
	struct record_reader * rd = record_reader_new();
	struct record_error err;
	struct record r;
	size_t i;
	int twice;

	/* Each of them twice: the second time the reader has seen it. */
	for (i = 0; i < sizeof t / sizeof t[0]; i++)
		for (twice = 0; twice < 2; twice++)
			ok(parse(rd, t[i].line, &r, &err) == 0 &&
			    r.type == RECORD_ROW && r.op == t[i].op &&
			    span_is(&r.stream, "\"s\"") &&
			    span_is(&r.at, t[i].at) &&
			    span_is(&r.record, t[i].record) &&
			    r.nfield == t[i].nfield && r.npos == t[i].npos &&
			    (r.npos == 0 || (r.pos[0] == t[i].first &&
			    r.pos[r.npos - 1] == t[i].last)), "%s",
			    t[i].line);
	record_reader_free(rd);
	record_reader_free(NULL);
}

static void
test_others(void)
{
	struct record_reader * rd = record_reader_new();
	struct record_error err;
	struct record r;

	ok(parse(rd, "{\"type\":\"SCHEMA\",\"stream\":\"a\\u0062\",\"schema\":"
	    "{\"properties\":{}},\"key_properties\":[]}", &r, &err) == 0 &&
	    r.type == RECORD_SCHEMA && scan_equal(&r.stream, "ab", 2),
	    "SCHEMA");
	ok(parse(rd, "{\"type\":\"STATE\",\"value\":{\"a\":1},\"records\":3,"
	    "\"rejected\":2,\"filtered\":1}", &r, &err) == 0 &&
	    r.type == RECORD_STATE && span_is(&r.value, "{\"a\":1}") &&
	    r.counted && r.records == 3 && r.rejected == 2 && r.filtered == 1,
	    "STATE");
	ok(parse(rd, "{\"type\":\"STATE\",\"value\":null}", &r, &err) == 0 &&
	    span_is(&r.value, "null") && !r.counted && r.records == 0 &&
	    r.rejected == 0 && r.filtered == 0, "STATE without counts");
	ok(parse(rd, "{\"type\":\"STATE\",\"value\":null,\"records\":"
	    "18446744073709551615}", &r, &err) == 0 && r.counted &&
	    r.records == UINT64_MAX, "a large count");
	ok(parse(rd, "{\"type\":\"ACTIVATE_VERSION\",\"stream\":\"a\","
	    "\"version\":1}", &r, &err) == 0 &&
	    r.type == RECORD_ACTIVATE_VERSION, "ACTIVATE_VERSION");
	record_reader_free(rd);
}

static void
test_refused(void)
{
	static const struct {
		const char * line;
		const char * what;
		size_t column;
	} t[] = {
		{ "", "the line is no JSON object", 1 },
		{ "[]", "the line is no JSON object", 1 },
		{ " 1", "the line is no JSON object", 2 },
		{ "{}", "the message has no `type`", 1 },
		{ "{\"type\":1}", "the message has no `type`", 1 },
		{ "{\"type\":null}", "the message has no `type`", 1 },
		{ "{\"type\":\"record\"}", "unknown `type`", 9 },
		{ "{\"type\":\"\"}", "unknown `type`", 9 },
		{ "{\"type\":\"RECORD\",\"record\":{}}",
		    "the message has no `stream`", 1 },
		{ "{\"type\":\"RECORD\",\"stream\":\"\",\"record\":{}}",
		    "the message has no `stream`", 1 },
		{ "{\"type\":\"RECORD\",\"stream\":1,\"record\":{}}",
		    "the message has no `stream`", 1 },
		{ "{\"type\":\"SCHEMA\",\"schema\":{}}",
		    "the message has no `stream`", 1 },
		{ "{\"type\":\"RECORD\",\"stream\":\"s\"}",
		    "a RECORD without `record`", 1 },
		{ ROW("", "[]"), "`record` is no object", 40 },
		{ ROW("", "null"), "`record` is no object", 40 },
		{ ROW(",\"op\":\"x\"", "{}"), "`op` is none of r c u d t", 0 },
		{ ROW(",\"op\":\"ru\"", "{}"), "`op` is none of r c u d t",
		    0 },
		{ ROW(",\"op\":1", "{}"), "`op` is none of r c u d t", 0 },
		{ ROW(",\"op\":\"\"", "{}"), "`op` is none of r c u d t", 0 },
		{ ROW(",\"op\":\"\\u0000\"", "{}"),
		    "`op` is none of r c u d t", 0 },
		{ ROW(",\"at\":1", "{}"), "`at` is no string", 36 },
		{ ROW(",\"pos\":1", "{}"), "`pos` is no array", 37 },
		{ ROW(",\"pos\":[-1]", "{}"), NULL, 38 },
		{ ROW(",\"pos\":[1.0]", "{}"), NULL, 38 },
		{ ROW(",\"pos\":[1,\"2\"]", "{}"), NULL, 40 },
		{ ROW(",\"pos\":[18446744073709551616]", "{}"), NULL, 38 },
		{ ROW(",\"pos\":[1,2,3,4,5,6,7,8,9]", "{}"),
		    "`pos` has more than 8 numbers", 54 },
		{ "{\"type\":\"STATE\"}", "a STATE without `value`", 1 },
		{ "{\"type\":\"STATE\",\"value\":1,\"records\":-1}",
		    "a count of a STATE is no whole number", 37 },
		{ "{\"type\":\"STATE\",\"value\":1,\"records\":1.5}",
		    "a count of a STATE is no whole number", 37 },
		{ "{\"type\":\"STATE\",\"value\":1,\"rejected\":\"1\"}",
		    "a count of a STATE is no whole number", 0 },
		{ "{\"type\":\"STATE\",\"value\":1,\"filtered\":null}",
		    "a count of a STATE is no whole number", 0 },
		{ "{\"type\":\"SCHEMA\",\"stream\":\"s\"}",
		    "a SCHEMA without `schema`", 1 },
		{ "{\"type\":\"SCHEMA\",\"stream\":\"s\",\"schema\":[]}",
		    "a SCHEMA without `schema`", 1 },
		{ "{\"type\":\"ACTIVATE_VERSION\",\"stream\":\"s\"}",
		    "an ACTIVATE_VERSION without `version`", 1 },

		/* The same name twice, at any place and depth. */
		{ ROW(",\"type\":\"RECORD\"", "{}"), "a name occurs twice",
		    31 },
		{ ROW(",\"op\":\"r\",\"\\u006fp\":\"r\"", "{}"),
		    "a name occurs twice", 40 },
		{ ROW(",\"x\":1,\"x\":1", "{}"), "a name occurs twice", 37 },
		{ ROW(",\"x\":{\"a\":1,\"a\":1}", "{}"),
		    "a name occurs twice", 42 },
		{ ROW(",\"old\":{\"a\":1,\"a\":1}", "{}"),
		    "a name occurs twice", 44 },
		{ ROW(",\"record\":{}", "{}"), "a name occurs twice", 43 },
		{ ROW("", "{\"a\":1,\"a\":2}"), "a name occurs twice", 47 },
		{ ROW("", "{\"a\":1,\"\\u0061\":2}"), "a name occurs twice",
		    47 },
		{ ROW("", "{\"a\":1,\"b\":[{\"c\":1,\"c\":1}]}"),
		    "a name occurs twice", 59 },
		{ "{\"type\":\"STATE\",\"value\":{\"a\":{\"b\":1,\"b\":2}}}",
		    "a name occurs twice", 0 },
		{ "{\"type\":\"SCHEMA\",\"stream\":\"s\",\"schema\":"
		    "{\"a\":1,\"a\":1}}", "a name occurs twice", 0 },

		/* Not JSON. */
		{ ROW("", "{\"a\":01}"), NULL, 0 },
		{ ROW("", "{\"a\":\"\xff\"}"), "not valid UTF-8", 46 },
		{ ROW("", "{\"\xc0\x80\":1}"), NULL, 0 },
		{ ROW("", "{\"a\":1,}"), NULL, 47 },
		{ ROW("", "{\"a\"}"), NULL, 0 },
		{ ROW("", "{a:1}"), NULL, 0 },
		{ ROW("", "{\"a\":\"\\ud800\"}"), NULL, 0 },
		{ ROW("", "{\"a\":\"\t\"}"), NULL, 46 },
		{ ROW("", "{}") "}", "something stands behind the message",
		    43 },
		{ ROW("", "{}") " {}", NULL, 44 },
		{ "{\"type\":\"RECORD\",\"stream\":\"s\",\"record\":{}",
		    NULL, 42 },
		{ "{\"type\":\"RECORD\",\"stream\":\"s\",\"record\":{\"a\":1",
		    NULL, 0 },
	};
	struct record_reader * rd = record_reader_new();
	struct record_error err;
	struct record r;
	size_t i;

	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		ok(parse(rd, t[i].line, &r, &err) == -1 &&
		    (t[i].what == NULL || strcmp(err.what, t[i].what) == 0) &&
		    (t[i].column == 0 || err.column == t[i].column) &&
		    err.column >= 1 && err.column <= strlen(t[i].line) + 1,
		    "refuse: %s", t[i].line);
		if (t[i].what != NULL && strcmp(err.what, t[i].what) != 0)
			printf("#   %zu: %s\n", err.column, err.what);
		if (t[i].column != 0 && err.column != t[i].column)
			printf("#   column %zu\n", err.column);
	}
	record_reader_free(rd);
}

/* A row that was cut, at any place, behind one that wasn't. */
static void
test_cut(void)
{
	static const char line[] = ROW(",\"op\":\"u\",\"at\":\"2026\","
	    "\"pos\":[1,2]", "{\"id\":1,\"t\":\"x\",\"n\":[null,{}]}");
	struct record_reader * rd = record_reader_new();
	struct record_error err;
	struct record r;
	size_t n;
	int good = 1;

	for (n = 0; n < sizeof line - 1; n++) {
		good &= parse(rd, line, &r, &err) == 0;
		err = (struct record_error) { NULL, 0 };
		good &= record_parse(rd, place_line(line, n), n, &r,
		    &err) == -1 && r.len == n && err.column >= 1 &&
		    err.column <= n + 1 && err.what != NULL;
	}
	ok(good, "a row that was cut is refused, wherever");
	n = sizeof line - 1 - strlen("1,\"t\":\"x\",\"n\":[null,{}]}}");
	ok(record_parse(rd, place_line(line, n), n, &r, &err) == -1 &&
	    strcmp(err.what, "a value is expected") == 0 &&
	    err.column == n + 1, "behind a name, too");
	record_reader_free(rd);
}

/* Lines behind each other: the first one ends where it ends. */
static void
test_lines(void)
{
	static const char row[] = ROW(",\"op\":\"r\",\"pos\":[1,2]",
	    "{\"a\":[1,2]}");
	static const struct {
		const char * first, * rest;
	} t[] = {
		{ row, "" },
		{ row, "{" },
		{ ROW(",\"op\":\"r\",\"pos\":[1,2]", "{\"a\":[1,"), "2]}}" },
		{ ROW(",\"op\":\"r\",\"pos\":[1,2]", "{\"a\":\"x"), "\"}}" },
		{ ROW(",\"op\":\"r\",\"pos\":[1,2]", "{\"a\":1"), "2}}" },
		{ ROW(",\"op\":\"r\",\"pos\":[1", "{\"a\":[1,2]}"),
		    "2],\"record\":{\"a\":[1,2]}}" },
	};
	struct record_reader * rd = record_reader_new();
	struct record_error err;
	struct record r;
	char text[200];
	size_t i, len, n;

	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		ok(parse(rd, row, &r, &err) == 0, "a row");
		len = strlen(t[i].first);
		n = (size_t)sprintf(text, "%s\n%s\n", t[i].first, t[i].rest);
		ok(record_parse(rd, place(text, n), n, &r, &err) ==
		    (t[i].first == row ? 0 : -1) && r.len == len &&
		    r.line[len] == '\n', "%s, and then %s", t[i].first,
		    t[i].rest);
	}
	record_reader_free(rd);
}

/* The slots of a row as text: "0 2 -1". */
static const char *
slots(struct record_reader * rd, const char * line)
{
	static char text[64];
	struct record_error err;
	struct record r;
	size_t i, n = 0;

	if (parse(rd, line, &r, &err) == -1)
		return (err.what);
	text[0] = '\0';
	for (i = 0; i < r.nfield; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "%s%d",
		    i ? " " : "", r.field[i].slot);
	return (text);
}

static void
test_shape(void)
{
	static const char * const abc[] = { "a", "b", "c\n" };
	static const char * const ba[] = { "b", "a" };
	static const struct {
		const char * line, * slots;
	} t[] = {
		{ ROW("", "{\"a\":1,\"b\":2,\"c\\n\":3}"), "0 1 2" },
		{ ROW("", "{\"a\":1,\"b\":2,\"c\\n\":3}"), "0 1 2" },
		{ ROW("", "{\"a\":1,\"b\":2}"), "0 1" },
		{ ROW("", "{\"a\":1,\"c\\u000A\":3}"), "0 2" },
		{ ROW("", "{\"c\\n\":1,\"b\":2,\"a\":3}"), "2 1 0" },
		{ ROW("", "{\"c\\n\":1,\"b\":2,\"a\":3}"), "2 1 0" },
		{ ROW("", "{\"x\":1,\"b\":2,\"y\":3}"), "-1 1 -1" },
		{ ROW("", "{\"x\":1,\"b\":2,\"y\":3,\"a\":1}"), "-1 1 -1 0" },
		{ ROW("", "{\"x\":1,\"b\":2,\"x\":3}"), "a name occurs twice" },
		{ ROW("", "{\"b\":1,\"x\":2,\"b\":3}"), "a name occurs twice" },
		{ ROW("", "{\"b\":1,\"x\":2,\"\\u0062\":3}"),
		    "a name occurs twice" },
		{ ROW("", "{\"b\" : 1, \"a\":2}"), "1 0" },
		{ ROW("", "{}"), "" },
		{ ROW("", "{\"A\":1,\"aa\":2,\"\":3}"), "-1 -1 -1" },
	};
	struct record_reader * rd = record_reader_new();
	size_t i;

	ok(strcmp(slots(rd, t[0].line), "-1 -1 -1") == 0, "without a shape");
	record_shape(rd, abc, 3);
	for (i = 0; i < sizeof t / sizeof t[0]; i++)
		ok(strcmp(slots(rd, t[i].line), t[i].slots) == 0, "%s: %s",
		    t[i].line, t[i].slots);
	record_shape(rd, ba, 2);
	ok(strcmp(slots(rd, t[0].line), "1 0 -1") == 0, "another shape");
	record_shape(rd, NULL, 0);
	ok(strcmp(slots(rd, t[0].line), "-1 -1 -1") == 0, "forgotten");
	record_reader_free(rd);
}

/* A shape of many names, each of which is found. */
static void
test_wide(void)
{
	char * names[500];
	char line[MUTATE_MAX];
	struct record_reader * rd = record_reader_new();
	struct record_error err;
	struct record r;
	size_t i, n;
	int good = 1;

	for (i = 0; i < 500; i++) {
		names[i] = malloc(8);
		sprintf(names[i], "c%zu", i);
	}
	record_shape(rd, (const char * const *)names, 500);
	n = (size_t)sprintf(line, "%s", "{\"type\":\"RECORD\",\"stream\":\"s\","
	    "\"record\":{");
	for (i = 400; i < 550; i++)
		n += (size_t)sprintf(line + n, "%s\"c%zu\":%zu",
		    i > 400 ? "," : "", i, i);
	strcpy(line + n, "}}");
	good &= parse(rd, line, &r, &err) == 0 && r.nfield == 150;
	for (i = 0; good && i < 150; i++)
		good &= r.field[i].slot == (i < 100 ? (int)i + 400 : -1);
	ok(good, "a wide row");
	for (i = 0; i < 500; i++)
		free(names[i]);
	record_reader_free(rd);
}

static void
test_positions(void)
{
	static const uint64_t a[] = { 1, 2, 3 }, b[] = { 1, 3 },
	    c[] = { 18446744073709551615u, 0 }, d[] = { 9, 9, 9 };

	ok(record_pos_compare(a, 3, a, 3) == 0, "equal");
	ok(record_pos_compare(a, 3, b, 2) < 0 &&
	    record_pos_compare(b, 2, a, 3) > 0, "by the second");
	ok(record_pos_compare(a, 2, a, 3) < 0 &&
	    record_pos_compare(a, 3, a, 2) > 0, "the beginning is less");
	ok(record_pos_compare(c, 2, d, 3) > 0, "as numbers without sign");
	ok(record_pos_compare(a, 0, a, 0) == 0 &&
	    record_pos_compare(a, 0, a, 1) < 0, "none");
}

/*
 * A reader that has seen rows reads the next line as one that has seen none,
 * and as the tree reader does.
 */
#define LONG	"a_name_that_is_longer_than_two_blocks_of_bytes_" \
		"\xc3\xa9t\xc3\xa9"
static const char * const shape[] = { "id", "name", "t\"x", "n", LONG };
#define NSHAPE	(sizeof shape / sizeof shape[0])

static size_t
make_line(char * p)
{
	static const char * const ops[] = { "r", "u", "c", "d" };
	static const char * const names[] = { "", "x", "\xc3\xa9",
		"a longer text, with \\\"quotes\\\" and \\u20ac", "\\n" };
	static const char * const numbers[] = { "0", "7", "10", "-0", "01",
		"18446744073709551615", "99999999999999999999", "12345678",
		"123456789", "1.50", "1e5", "true", "null", "[]",
		"{\"a\":1,\"a\":2}" };
	int n;

	switch (roll(16)) {
	case 0:
		n = sprintf(p, "{\"type\":\"STATE\",\"value\":{\"a\":%u},"
		    "\"records\":%u}", roll(9), roll(9));
		break;
	case 1:
		n = sprintf(p, "{\"type\":\"RECORD\",\"stream\":\"b\","
		    "\"at\":\"2026-01-02T03:04:05.%06uZ\",\"op\":\"%s\","
		    "\"pos\":[%u],\"record\":{\"n\":%u,\"id\":\"%s\"}}",
		    roll(1000000), ops[roll(4)], roll(1000), roll(100),
		    names[roll(5)]);
		break;
	case 2:		/* without a time of change */
	case 3:
		n = sprintf(p, "{\"type\":\"RECORD\",\"stream\":\"orders\","
		    "\"op\":\"r\",\"pos\":[1767323046123456,%s],\"record\":"
		    "{\"id\":%s,\"" LONG "\":\"%s\",\"n\":%s}}",
		    numbers[roll(15)], numbers[roll(15)], names[roll(5)],
		    numbers[roll(15)]);
		break;
	case 4:		/* with space, and no envelope to speak of */
	case 5:
		n = sprintf(p, "{\"type\": \"RECORD\", \"stream\": \"orders\", "
		    "\"record\": {\"id\": %s, \"n\" : \"%s\",  \"" LONG
		    "\": %s}}", numbers[roll(15)], names[roll(5)],
		    numbers[roll(15)]);
		break;
	case 6:		/* a field more or less, or another order */
		n = sprintf(p, "{\"type\":\"RECORD\",\"stream\":\"orders\","
		    "\"op\":\"r\",\"at\":\"2026-01-02T03:04:05.%06uZ\","
		    "\"pos\":[1767323046123456,%u],\"record\":{\"id\":%u%s"
		    "}}", roll(1000000), roll(1000), roll(1000), roll(2) ?
		    ",\"name\":1" : roll(2) ? "" : ",\"n\":\"x\",\"name\":2");
		break;
	default:
		n = sprintf(p, "{\"type\":\"RECORD\",\"stream\":\"orders\","
		    "\"op\":\"%s\",\"at\":\"2026-01-02T03:04:05.%06uZ\","
		    "\"pos\":[1767323046123456,%u],\"record\":{\"id\":%u,"
		    "\"name\":\"%s\",\"t\\\"x\":%s,\"n\":{\"k\":[%u]}}}",
		    ops[roll(50) ? 0 : roll(4)], roll(1000000),
		    roll(1u << 31), roll(100000), names[roll(5)],
		    roll(2) ? "null" : "-1.5e3", roll(10));
	}
	return ((size_t)n);
}

static int
same_span(const struct scan_value * a, const struct scan_value * b)
{

	return (a->p == b->p && (a->p == NULL || (a->n == b->n &&
	    a->kind == b->kind && a->escaped == b->escaped &&
	    a->ascii == b->ascii)));
}

/* Each reader has the names in a place of its own. */
static int
same_name(const struct scan_value * a, const struct scan_value * b)
{

	return (a->n == b->n && memcmp(a->p - 1, b->p - 1, a->n + 2) == 0 &&
	    a->escaped == b->escaped && a->ascii == b->ascii);
}

static int
same_record(const struct record * a, const struct record * b)
{
	size_t i;

	if (a->line != b->line || a->len != b->len ||
	    a->type != b->type || a->op != b->op || a->npos != b->npos ||
	    memcmp(a->pos, b->pos, a->npos * sizeof a->pos[0]) != 0 ||
	    !same_span(&a->stream, &b->stream) || !same_span(&a->at, &b->at) ||
	    !same_span(&a->record, &b->record) || a->nfield != b->nfield ||
	    !same_span(&a->value, &b->value) || a->counted != b->counted ||
	    a->records != b->records || a->rejected != b->rejected ||
	    a->filtered != b->filtered)
		return (0);
	for (i = 0; i < a->nfield; i++) {
		if (!same_name(&a->field[i].key, &b->field[i].key) ||
		    !same_span(&a->field[i].val, &b->field[i].val) ||
		    a->field[i].slot != b->field[i].slot)
			return (0);
	}
	return (1);
}

/* Is every field what the tree reader found? */
static int
same_tree(const struct record * r, const struct json * doc)
{
	const struct json_node * v;
	size_t i, n, len;
	const char * p, * q;

	if (r->type != RECORD_ROW)
		return (1);
	v = json_get(json_root(doc), "record");
	if (json_count(v) != r->nfield)
		return (0);
	v = json_first(v);
	for (i = 0; i < r->nfield; i++, v = json_next(v)) {
		p = json_key(v, &n);
		if (!scan_equal(&r->field[i].key, p, n))
			return (0);
		p = json_raw(v, &n);
		q = scan_raw(&r->field[i].val, &len);
		if (n != len || memcmp(p, q, n) != 0)
			return (0);
		p = json_key(v, NULL);
		if (r->field[i].slot != -1 &&
		    strcmp(shape[r->field[i].slot], p) != 0)
			return (0);
	}
	return (1);
}

/* The ${n} bytes ${line}, the first of several lines or alone. */
static int
agree(struct record_reader * seen, const char * line, size_t n, int * taken,
    int * quick)
{
	static uint64_t last;
	struct record_reader * new = record_reader_new();
	struct record_error ea = { NULL, 0 }, eb = { NULL, 0 };
	struct record a, b;
	struct json * doc;
	const char * nl = memchr(line, '\n', n);
	size_t len = nl != NULL ? (size_t)(nl - line) : n;
	int ra, rb, good;

	record_shape(new, shape, NSHAPE);
	ra = record_parse(seen, line, n, &a, &ea);
	rb = record_parse(new, line, len, &b, &eb);
	good = ra == rb && a.len == len;
	if (good && ra == 0) {
		doc = json_parse(line, len, NULL);
		good = same_record(&a, &b) && doc != NULL &&
		    same_tree(&a, doc);
		json_free(doc);
		*taken += 1;
		if (a.type == RECORD_ROW) {
			*quick += a.shape == last;
			last = a.shape;
		}
	} else if (good)
		good = ea.column >= 1 && ea.column <= len + 1 &&
		    ea.column == eb.column && strcmp(ea.what, eb.what) == 0;
	record_reader_free(new);
	return (good);
}

static void
test_agree(void)
{
	struct record_reader * seen = record_reader_new();
	unsigned long i, total = mutate_begin(200000);
	char text[MUTATE_MAX];
	size_t n = 0;
	uint32_t k;
	int good = 1, taken = 0, quick = 0;

	record_shape(seen, shape, NSHAPE);
	for (i = 0; i < total && good; i++) {
		n = make_line(text);
		for (k = roll(3) ? 0 : roll(4); k > 0; k--)
			mutate(text, &n);
		if (roll(2)) {
			text[n++] = '\n';
			n += make_line(text + n);
			text[n++] = '\n';
		}
		good = agree(seen, text[n - 1] == '\n' ? place(text, n) :
		    place_line(text, n), n, &taken, &quick);
	}
	if (!good)
		printf("# read differently: %.*s\n", (int)n, text);
	ok(good, "what a reader has seen changes nothing");
	ok((unsigned long)taken > total / 2 &&
	    (unsigned long)taken < total / 20 * 19, "%d of %lu were taken",
	    taken, total);
	ok((unsigned long)quick > total / 10, "%d of them like the last one",
	    quick);
	record_reader_free(seen);
}

int
main(void)
{

	test_rows();
	test_others();
	test_refused();
	test_cut();
	test_lines();
	test_shape();
	test_wide();
	test_positions();
	test_agree();
	free(mutate_block);
	return (tap_done());
}
