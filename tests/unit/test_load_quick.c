#include <bson/bson.h>

#include "load/batch_impl.h"

#include "mutate.h"
#include "tap.h"

/*
 * Rows that are read in one pass against the same rows read the plain way:
 * whatever the quick reader takes is what record.h, bsonize.h and batch.h
 * make of it, byte for byte, and it takes what is usual.
 */
#define GROUP		12	/* rows of a batch */
#define LINE_MAX_	1500

static const char * const names[] = { "id", "k", "s", "u", "d", "day", "t",
	"a name of more than one block$", "f", "b", "j", "_sdc_x" };
static const char * const types[] = {
	"\"type\":\"integer\",\"x-mysql-type\":\"bigint\"",
	"\"type\":\"integer\",\"x-mysql-type\":\"int\"",
	"\"type\":[\"null\",\"string\"]",
	"\"type\":\"integer\",\"x-mysql-type\":\"bigint unsigned\"",
	"\"type\":\"string\",\"format\":\"singer.decimal\"",
	"\"type\":\"string\",\"format\":\"date\"",
	"\"type\":\"string\",\"format\":\"date-time\"",
	"\"type\":\"string\"",
	"\"type\":\"number\",\"x-mysql-type\":\"double\"",
	"\"type\":\"boolean\"", "", "\"type\":\"string\"" };
#define NAMES	(sizeof names / sizeof names[0])

/* What the streams differ in. */
static const struct variant {
	const char * tail;
	size_t id;		/* the column that is called _id, if any is */
} variants[] = {
	{ "[\"id\"],\"bookmark_properties\":[\"t\"]}", NAMES },
	{ "[\"id\"]}", NAMES },
	{ "[\"k\"],\"bookmark_properties\":[\"day\"]}", NAMES },
	{ "[\"s\"]}", NAMES },
	{ "[\"k\",\"id\"],\"bookmark_properties\":[\"t\"]}", NAMES },
	{ "[\"t\"],\"bookmark_properties\":[\"t\"]}", NAMES },
	{ "[\"u\"]}", NAMES },
	{ "[\"j\"]}", NAMES },
	{ "[\"_id\"],\"bookmark_properties\":[\"t\"]}", 0 },
	{ "[\"_id\"]}", 1 },
	{ "[\"_id\"]}", 2 }
};
#define STREAMS	(sizeof variants / sizeof variants[0])

/* The shape of the rows for a while. */
struct shape {
	size_t order[NAMES], n;
	int has_at, has_pos, space;
	const char * op;
};

static struct buf line;
static const struct variant * variant;

static const char *
name_of(size_t column)
{

	return (column == variant->id ? "_id" : names[column]);
}

static void
put_schema(struct buf * b)
{
	size_t i;

	buf_puts(b, "{\"type\":\"SCHEMA\",\"stream\":\"t\",\"schema\":{"
	    "\"properties\":{");
	for (i = 0; i < NAMES; i++)
		buf_printf(b, "%s\"%s\":{%s}", i > 0 ? "," : "", name_of(i),
		    types[i]);
	buf_printf(b, "}},\"key_properties\":%s", variant->tail);
}

static void
digits(uint32_t max)
{
	uint32_t n = roll(max) + 1;

	while (n-- > 0)
		buf_putc(&line, (char)('0' + roll(10)));
}

static void
put_integer(void)
{
	static const char * const odd[] = { "-0", "0", "01", "1.0", "12e2",
		"2147483647", "2147483648", "-2147483648", "-2147483649",
		"9223372036854775807", "9223372036854775808", "-", "1 ",
		"18446744073709551615", "\"1\"", "true", "null", "1.5" };

	switch (roll(60)) {
	case 0:
		buf_puts(&line, odd[roll(sizeof odd / sizeof odd[0])]);
		return;
	case 1: case 2: case 3:
		buf_putc(&line, '-');
		break;
	default:
		break;
	}
	buf_put_u64(&line, roll(2) ? roll(40) : roll(20) ? roll(2000000) :
	    (uint64_t)roll(UINT32_MAX) * roll(UINT32_MAX));
}

static void
put_decimal(void)
{
	static const char * const odd[] = { ".5", "5.", "+5", "-0.00", "1e5",
		"", "-", "NaN", "\\u0031", "0000.5", "1.2.3", "1234567.1234567",
		"12345678.1", "1.12345678", "-1234567890123456789012.345",
		"1234567890123456789012345678901234567890" };

	if (roll(200) == 0) {
		put_integer();
		return;
	}
	buf_putc(&line, '"');
	if (roll(60) == 0)
		buf_puts(&line, odd[roll(sizeof odd / sizeof odd[0])]);
	else {
		if (roll(6) == 0)
			buf_putc(&line, '-');
		digits(roll(8) ? 8 : 20);
		if (roll(6) != 0) {
			buf_putc(&line, '.');
			digits(roll(8) ? 4 : 20);
		}
	}
	buf_putc(&line, '"');
}

static void
put_day(void)
{

	buf_printf(&line, "%04u-%02u-%02u", roll(60) ? 1900 + roll(200) :
	    roll(10000), roll(200) ? 1 + roll(12) : roll(14),
	    roll(100) ? 1 + roll(28) : roll(33));
}

static void
put_clock(void)
{
	static const char * const zone[] = { "Z", "Z", "Z", "Z", "Z", "z", "",
		"+02:00", "-23:59" };

	buf_printf(&line, "%c%02u:%02u:%02u.%06u%s", roll(400) ? 'T' : ' ',
	    roll(400) ? roll(24) : roll(26), roll(400) ? roll(60) : roll(62),
	    roll(400) ? roll(60) : roll(63), roll(1000000),
	    zone[roll(roll(60) ? 5 : sizeof zone / sizeof zone[0])]);
}

static void
put_time(int day)
{
	static const char * const odd[] = { "null", "\"soon\"", "5", "\"\"",
		"\"2024-02-29\"", "\"0000-01-01\"", "\"9999-12-31\"",
		"\"2026-01-02T03:04:05Z\"", "\"2026\\u002d01-02\"" };

	if (roll(100) == 0) {
		buf_puts(&line, odd[roll(sizeof odd / sizeof odd[0])]);
		return;
	}
	buf_putc(&line, '"');
	put_day();
	if (!day)
		put_clock();
	buf_putc(&line, '"');
}

static void
put_text(void)
{
	static const char * const odd[] = { "\\n", "\\\"", "\\u00e9", "\\ud83d"
		"\\ude00", "\\u0000", "\xc3\xa9", "\xe6\xbc\xa2",
		"\xf0\x9f\x98\x80", "\xff", "\xc0\x80", "\xed\xa0\x80", "\t",
		"\\x", "\x7f" };
	uint32_t n = roll(roll(4) ? 20 : 70);

	if (roll(24) == 0) {
		buf_puts(&line, "null");
		return;
	}
	buf_putc(&line, '"');
	while (n-- > 0) {
		if (roll(40) == 0)
			buf_puts(&line, odd[roll(roll(30) ? 8 : sizeof odd /
			    sizeof odd[0])]);
		else
			buf_putc(&line, (char)('a' + roll(26)));
	}
	buf_putc(&line, '"');
}

static void
put_any(void)
{
	static const char * const values[] = { "null", "true", "false", "0.1",
		"[]", "{}", "{\"a\":1,\"b\":[1,2.5,null]}", "\"x\"", "-0",
		"12345678901", "[{\"$x.y\":{}}]", "1e400",
		"{ \"a\" : [ ] }" };

	if (roll(100) == 0)
		buf_puts(&line, "{\"a\":1,\"a\":2}");
	else if (roll(100) == 0)
		/* White space, but it ends the line. */
		buf_puts(&line, "{\"a\":\n1}");
	else
		buf_puts(&line, values[roll(sizeof values /
		    sizeof values[0])]);
}

static void
put_value(size_t name)
{

	switch (name) {
	case 0: case 1: case 3:
		put_integer();
		return;
	case 2: case 7: case 11:
		put_text();
		return;
	case 4:
		put_decimal();
		return;
	case 5: case 6:
		put_time(name == 5);
		return;
	case 8:
		buf_puts(&line, roll(4) ? "2.5" : "-1e-7");
		return;
	case 9:
		buf_puts(&line, roll(8) ? "true" : "false");
		return;
	default:
		put_any();
	}
}

/* Other columns, in another order. */
static void
choose_shape(struct shape * s)
{
	size_t i, j, swap;

	s->n = roll(8) ? NAMES : 1 + roll(NAMES);
	for (i = 0; i < NAMES; i++)
		s->order[i] = i;
	for (i = NAMES - 1; i > 0 && roll(3) == 0; i--) {
		j = roll((uint32_t)i + 1);
		swap = s->order[i];
		s->order[i] = s->order[j];
		s->order[j] = swap;
	}
	s->has_at = roll(6) ? 1 + (int)roll(2) : 0;
	s->has_pos = roll(12) != 0;
	s->space = roll(20) == 0;
	s->op = roll(20) ? "u" : roll(2) ? "d" : "";
}

static void
put_envelope(const struct shape * s)
{

	buf_puts(&line, "{\"type\":\"RECORD\",\"stream\":\"t\"");
	if (s->op[0] != '\0')
		buf_printf(&line, ",\"op\":\"%s\"", s->op);
	if (s->has_at) {
		buf_puts(&line, ",\"at\":");
		put_time(0);
	}
	if (s->space)
		buf_puts(&line, ", \"x\":[7]");
	if (s->has_pos) {
		buf_printf(&line, ",\"pos\":[%s", s->has_at == 2 ? "7,8," :
		    "1767323046123456,");
		if (roll(60) == 0)
			buf_puts(&line, roll(2) ? "0" : "1844674407370955161");
		buf_put_u64(&line, roll(30));
		buf_putc(&line, ']');
	}
}

static void
put_row(const struct shape * s)
{
	size_t i;

	buf_clear(&line);
	put_envelope(s);
	buf_puts(&line, ",\"record\":{");
	for (i = 0; i < s->n; i++) {
		if (i > 1 && roll(40) == 0)
			continue;
		buf_printf(&line, "%s\"%s\":%s", i > 0 ? "," : "",
		    name_of(s->order[i]), s->space && roll(4) == 0 ? " " : "");
		put_value(s->order[i]);
	}
	buf_puts(&line, roll(200) ? "}}" : roll(2) ? "},\"y\":1}" : "} }");
}

/* One stream, read both ways. */
struct both {
	struct plan * plan;
	struct record_reader * rd;
	struct bsonizer * z;
	struct quick * q;
	struct batch * plain, * quick;
	unsigned long taken, good, whole, merged;
};

static int
same_op(const struct both * t, const struct batch_op * a,
    const struct batch_op * b)
{

	return (a->key_n == b->key_n && a->doc_n == b->doc_n &&
	    a->v_n == b->v_n && a->verb == b->verb && a->guard == b->guard &&
	    a->has_at == b->has_at && a->at_ms == b->at_ms &&
	    a->line == b->line && a->text_n == b->text_n &&
	    memcmp(batch_note(t->plain, a->key), batch_note(t->quick, b->key),
	    a->key_n) == 0 &&
	    memcmp(batch_note(t->plain, a->v), batch_note(t->quick, b->v),
	    a->v_n) == 0 &&
	    memcmp(batch_document(t->plain, a), batch_document(t->quick, b),
	    a->doc_n) == 0);
}

/* All writes, and the commands: as they lie, and made of their parts. */
static int
same_batch(struct both * t, int verb)
{
	struct buf spare[2] = { { NULL, 0, 0 }, { NULL, 0, 0 } };
	struct batch_command a, b;
	size_t ops[GROUP], i, n = 0;
	bson_t doc;
	int same = (batch_count(t->plain) == batch_count(t->quick));

	for (i = 0; i < batch_count(t->plain) && same; i++) {
		same = same_op(t, batch_op(t->plain, i), batch_op(t->quick, i));
		if (batch_op(t->plain, i)->verb == verb)
			ops[n++] = i;
	}
	if (!same || n == 0)
		return (same);
	t->plain->laid = LAID_MIXED;
	(void)batch_command(t->plain, (enum batch_verb)verb, ops, n, 1 << 24,
	    &spare[0], &a);
	(void)batch_command(t->quick, (enum batch_verb)verb, ops, n, 1 << 24,
	    &spare[1], &b);
	same = (a.n == b.n && memcmp(a.p, b.p, a.n) == 0 &&
	    bson_init_static(&doc, (const uint8_t *)b.p, b.n) &&
	    bson_validate(&doc, BSON_VALIDATE_UTF8 |
	    BSON_VALIDATE_UTF8_ALLOW_NULL, NULL));
	buf_free(&spare[0]);
	buf_free(&spare[1]);
	return (same);
}

/* The quick way, with the line at the begin of ${n} bytes. */
static enum batch_result
quickly(struct both * t, const char * p, size_t n, uint64_t number,
    const struct batch_options * bo, size_t * used)
{
	struct quick_row row;
	enum batch_result b;

	if (quick_open(t->q, p, n, &row) == -1)
		return (BATCH_BAD);
	b = batch_add_quick(t->quick, t->q, &row, number, bo);
	*used = row.n;
	return (b);
}

/*
 * A line, both ways, as load does it: with others behind it, up to ${ahead}.
 * Return 0 if they differ.
 */
static int
try_line(struct both * t, const char * p, size_t n, size_t ahead,
    uint64_t number, int whole, int insert)
{
	struct batch_options bo = { 1, insert, 0, 0, 0 };
	enum batch_result a = BATCH_BAD, b;
	struct bsonize_error err;
	struct record_error re;
	struct record r;
	size_t used = 0;
	int good;

	/* A line that is longer than it may be. */
	if (n > 0 && roll(4) == 0 && quickly(t, p, roll((uint32_t)n), number,
	    &bo, &used) != BATCH_BAD)
		return (0);
	b = quickly(t, p, ahead, number, &bo, &used);
	if (b != BATCH_BAD && used != n)
		return (0);
	good = (record_parse(t->rd, p, ahead, &r, &re) == 0 && r.len == n &&
	    r.type == RECORD_ROW && r.op != 't');
	if (good)
		a = batch_add(t->plain, t->z, t->plan, &r, number, &bo, &err);
	t->good += (whole && a == BATCH_ADDED);
	if (b != BATCH_BAD) {
		t->taken++;
		t->whole += (whole && a == BATCH_ADDED);
		t->merged += (b == BATCH_MERGED);
		return (a == b);
	}
	if (a == BATCH_BAD)
		return (1);
	b = batch_add(t->quick, t->z, t->plan, &r, number, &bo, &err);
	quick_learn(t->q, t->plan, &r);
	return (a == b);
}

/*
 * A newline behind the line of *${n} bytes ${text}, unless it has one, and
 * something like another line behind that.  Return the length of it all.
 */
static size_t
put_behind(char * text, size_t * n)
{
	char * nl = memchr(text, '\n', *n);
	size_t ahead = *n, more = roll(3) ? 0 : roll(200);

	if (nl != NULL)
		*n = (size_t)(nl - text);
	else
		text[ahead++] = '\n';
	if (more > ahead)
		more = ahead;
	memmove(text + ahead, text + roll(2) * (ahead - more), more);
	ahead += more;
	text[ahead - 1] = '\n';
	return (ahead);
}

/* As many batches as it takes for ${runs} lines of a stream. */
static int
try_stream(struct both * t, unsigned long runs)
{
	char text[MUTATE_MAX];
	struct shape shape;
	unsigned long i;
	int verb, same = 1, insert = 0;
	unsigned k;
	size_t n, whole, ahead;

	choose_shape(&shape);
	for (i = 0; i < runs && same; i++) {
		if (i % GROUP == 0) {
			for (verb = 0; verb < 3 && same; verb++)
				same = same_batch(t, verb);
			if (!same)
				printf("# the batches differ\n");
			batch_clear(t->plain);
			batch_clear(t->quick);
			(void)batch_find(t->plain, "\x0a", 1);
			insert = roll(4) == 0;
			if (roll(6) == 0)
				choose_shape(&shape);
		}
		put_row(&shape);
		if ((n = whole = line.n) > LINE_MAX_)
			continue;
		memcpy(text, line.p, n);
		k = roll(3) ? 0 : roll(3);
		for (; k > 0 && n < LINE_MAX_ + 100; k--)
			mutate(text, &n);
		ahead = put_behind(text, &n);
		same = try_line(t, place(text, ahead), n, ahead, i,
		    n == whole && memcmp(text, line.p, n) == 0, insert);
		if (!same)
			printf("# differs: %.*s\n", (int)n, text);
	}
	return (same);
}

static void
open_both(struct both * t, const char * schema, size_t n)
{
	struct plan_options po = { 0, 0, 0, 0 };
	char err[256];

	memset(t, 0, sizeof *t);
	t->plan = plan_build(schema, n, &po, err, sizeof err);
	t->rd = record_reader_new();
	record_shape(t->rd, t->plan->names, t->plan->nfield);
	t->z = bsonizer_new();
	t->q = quick_new(t->z);
	t->plain = batch_new("t", GROUP, 1);
	t->quick = batch_new("t", GROUP, 1);
}

static void
close_both(struct both * t)
{

	quick_free(t->q);
	bsonizer_free(t->z);
	record_reader_free(t->rd);
	batch_free(t->plain);
	batch_free(t->quick);
	plan_free(t->plan);
}

static void
test_streams(unsigned long runs)
{
	struct buf schema = { NULL, 0, 0 };
	struct both t;
	size_t i;
	int same;

	for (i = 0; i < STREAMS; i++) {
		buf_clear(&schema);
		variant = &variants[i];
		put_schema(&schema);
		open_both(&t, schema.p, schema.n);
		same = try_stream(&t, runs / STREAMS);
		ok(same, "%s: %lu taken, %lu merged", variant->tail, t.taken,
		    t.merged);
		ok(t.whole * 4 > t.good || t.whole > 1000 ||
		    strstr(variant->tail, "\"j\"") != NULL || t.good < 100,
		    "of %lu good ones that nobody changed %lu", t.good,
		    t.whole);
		close_both(&t);
	}
	buf_free(&schema);
}

#define FILL	"a text, as a line may be too short to be read quickly"

/* A name that stands in no line as it is must not be found in one. */
static void
test_names(void)
{
	static const char * const lines[] = {
		"\"id\":1,\"s\":\"" FILL "\",\"a\\nb\":5,\"c\\\"d\":6}}\n",
		"\"id\":2,\"s\":\"" FILL "\",\"a\nb\":5}}\n",
		"\"id\":3,\"s\":\"" FILL "\",\"c\"d\":6}}\n",
		"\"id\":4,\"s\":\"" FILL "\"}}\n" };
	const char * schema = "{\"type\":\"SCHEMA\",\"stream\":\"t\","
	    "\"schema\":{\"properties\":{\"id\":{\"type\":\"integer\"},"
	    "\"s\":{\"type\":\"string\"},\"a\\nb\":{\"type\":\"integer\"},"
	    "\"c\\\"d\":{\"type\":\"integer\"}}},"
	    "\"key_properties\":[\"id\"]}";
	struct shape shape = { .has_pos = 1, .op = "r" };
	struct both t;
	size_t i, n, good = 0;

	open_both(&t, schema, strlen(schema));
	for (i = 0; i < 4; i++) {
		buf_clear(&line);
		put_envelope(&shape);
		buf_puts(&line, ",\"record\":{");
		buf_puts(&line, lines[i]);
		n = (size_t)((char *)memchr(line.p, '\n', line.n) - line.p);
		good += (size_t)try_line(&t, place(line.p, line.n), n, line.n,
		    i, 1, 0);
	}
	ok(good == 4 && t.good == 2, "names to be escaped");
	close_both(&t);
}

int
main(void)
{
	unsigned long runs = mutate_begin(40000);

	test_streams(runs);
	test_names();
	buf_free(&line);
	free(mutate_block);
	return (tap_done());
}
