#include <bson/bson.h>

#include "common/json.h"
#include "common/timestamp.h"
#include "load/batch.h"
#include "load/decimal128.h"

#include "mutate.h"
#include "tap.h"

/*
 * Mutated streams: each line is refused, with a column or the name of a
 * property, or what is stored is what another reader sees in it.
 */
static const char schema[] = "{\"type\":\"SCHEMA\",\"stream\":\"t\","
	"\"schema\":{\"properties\":{\"id\":{\"type\":\"integer\","
	"\"x-mysql-type\":\"bigint\"},\"s\":{\"type\":[\"null\",\"string\"]},"
	"\"d\":{\"type\":\"string\",\"format\":\"singer.decimal\"},"
	"\"t\":{\"type\":\"string\",\"format\":\"date-time\"},\"f\":{\"type\":"
	"\"number\",\"x-mysql-type\":\"double\"},\"j\":{}}},"
	"\"key_properties\":[\"id\"],\"bookmark_properties\":[\"t\"]}";
static const char * const rows[] = {
	"{\"type\":\"RECORD\",\"stream\":\"t\",\"op\":\"u\",\"at\":"
	"\"2026-01-02T03:04:05.678901Z\",\"pos\":[1767323046123456,1],"
	"\"record\":{\"id\":42,\"s\":\"caf\xc3\xa9 \\\"x\\\" \\ud83d\\ude00\","
	"\"d\":\"-21.50\",\"t\":\"2026-01-02T03:04:05.678901Z\",\"f\":0.1,"
	"\"j\":{\"a\":[1,2.5,true,null,\"x\"],\"b.c\":{\"d\":12345678901}}}}",
	"{\"type\":\"RECORD\",\"stream\":\"t\",\"pos\":[7,2,3],\"record\":"
	"{\"id\":-9223372036854775808,\"s\":null,\"d\":null,\"f\":null,"
	"\"t\":null,\"j\":[[[[]]],{\"x\":-0.0}],\"unknown\":1e400}}",
	"{\"type\":\"RECORD\",\"stream\":\"t\",\"op\":\"d\",\"pos\":[7,4],"
	"\"record\":{\"id\":5,\"_sdc_deleted_at\":\"2026-01-02T00:00:00Z\"}}"
};
#define ROWS (sizeof rows / sizeof rows[0])

static int same_value(const struct json_node *, bson_iter_t *);

/* Is the number ${node} the value of ${it}? */
static int
same_number(const struct json_node * node, bson_iter_t * it)
{
	char text[BSON_DECIMAL128_STRING], ours[BSON_DECIMAL128_STRING];
	bson_decimal128_t d, e;
	uint8_t out[16];
	const char * p;
	size_t n;
	int64_t i;
	double f;

	p = json_raw(node, &n);
	switch (bson_iter_type(it)) {
	case BSON_TYPE_INT32:
	case BSON_TYPE_INT64:
		return (decimal128_int64(p, n, &i) == 0 &&
		    i == bson_iter_as_int64(it));
	case BSON_TYPE_DOUBLE:
		(void)decimal128_double(p, n, &f);
		return (f == bson_iter_double(it));
	case BSON_TYPE_DECIMAL128:
		if (decimal128_parse(p, n, out) != DECIMAL128_OK)
			return (0);
		memcpy(&e.low, out, 8);
		memcpy(&e.high, out + 8, 8);
		bson_iter_decimal128(it, &d);
		bson_decimal128_to_string(&d, text);
		bson_decimal128_to_string(&e, ours);
		return (strcmp(text, ours) == 0);
	case BSON_TYPE_UTF8:
		return (n == strlen(bson_iter_utf8(it, NULL)) &&
		    memcmp(p, bson_iter_utf8(it, NULL), n) == 0);
	default:
		return (0);
	}
}

/* A string may be a text, a decimal or a time by its property's type. */
static int
same_string(const struct json_node * node, bson_iter_t * it)
{
	char text[BSON_DECIMAL128_STRING], ours[BSON_DECIMAL128_STRING];
	bson_decimal128_t d, e;
	uint8_t out[16];
	const char * p, * q;
	size_t n;
	uint32_t m;
	int64_t us;

	p = json_text(node, &n);
	switch (bson_iter_type(it)) {
	case BSON_TYPE_UTF8:
		q = bson_iter_utf8(it, &m);
		return (n == m && memcmp(p, q, n) == 0);
	case BSON_TYPE_DECIMAL128:
		if (decimal128_parse(p, n, out) != DECIMAL128_OK)
			return (0);
		memcpy(&e.low, out, 8);
		memcpy(&e.high, out + 8, 8);
		bson_iter_decimal128(it, &d);
		bson_decimal128_to_string(&d, text);
		bson_decimal128_to_string(&e, ours);
		return (strcmp(text, ours) == 0);
	case BSON_TYPE_DATE_TIME:
		return (timestamp_parse(p, n, &us) == 0 &&
		    bson_iter_date_time(it) == us / 1000 -
		    (us % 1000 < 0));
	default:
		return (0);
	}
}

/* The members in order; names that had to be escaped are passed over. */
static int
same_members(const struct json_node * node, bson_iter_t * it)
{
	const struct json_node * m;
	bson_iter_t in;

	if (!bson_iter_recurse(it, &in))
		return (0);
	for (m = json_first(node); m != NULL; m = json_next(m)) {
		if (!bson_iter_next(&in) || !same_value(m, &in))
			return (0);
	}
	return (!bson_iter_next(&in));
}

static int
same_value(const struct json_node * node, bson_iter_t * it)
{

	switch (json_kind(node)) {
	case JSON_NULL:
		return (BSON_ITER_HOLDS_NULL(it));
	case JSON_BOOL:
		return (BSON_ITER_HOLDS_BOOL(it) &&
		    bson_iter_bool(it) == (json_true(node) != 0));
	case JSON_NUMBER:
		return (same_number(node, it));
	case JSON_STRING:
		return (same_string(node, it));
	case JSON_ARRAY:
		return (BSON_ITER_HOLDS_ARRAY(it) && same_members(node, it));
	case JSON_OBJECT:
		return (BSON_ITER_HOLDS_DOCUMENT(it) &&
		    same_members(node, it));
	}
	return (0);
}

/* Does the document hold what the record's members say? */
static int
same_document(const char * line, size_t n, const bson_t * doc)
{
	struct json * json = json_parse(line, n, NULL);
	const struct json_node * m;
	bson_iter_t it;
	int good = (json != NULL && bson_iter_init(&it, doc) &&
	    bson_iter_next(&it));

	m = json != NULL ? json_first(json_get(json_root(json), "record")) :
	    NULL;
	for (; good && m != NULL; m = json_next(m)) {
		if (strncmp(json_key(m, NULL), "_sdc_", 5) == 0)
			continue;
		good = bson_iter_next(&it) && same_value(m, &it);
	}
	good = good && bson_iter_next(&it) &&
	    strcmp(bson_iter_key(&it), PLAN_STAMP) == 0 &&
	    !bson_iter_next(&it);
	json_free(json);
	return (good);
}

/* All commands that a batch makes are BSON, whole and clean. */
static int
commands_are_bson(struct batch * b)
{
	struct buf out = { NULL, 0, 0 };
	struct batch_command bytes;
	size_t index = 0;
	bson_t cmd;
	int good;

	batch_command(b, (enum batch_verb)batch_op(b, 0)->verb, &index, 1,
	    1 << 24, &out, &bytes);
	good = bson_init_static(&cmd, (const uint8_t *)bytes.p, bytes.n) &&
	    bson_validate(&cmd, BSON_VALIDATE_UTF8 |
	    BSON_VALIDATE_UTF8_ALLOW_NULL, NULL);
	buf_free(&out);
	return (good);
}

struct tally {
	unsigned long lines, rows, stored;
};

/* One mutated row.  Return 0 if something is wrong with what comes of it. */
static int
try_row(struct record_reader * rd, struct bsonizer * z,
    const struct plan * plan, struct batch * b, const char * p, size_t n,
    struct tally * tally)
{
	struct batch_options bo = { 1, 0, 0, 0, 0 };
	struct bsonize_error err;
	struct record_error re;
	struct record r;
	const struct batch_op * op;
	bson_t doc;

	if (record_parse(rd, p, n, &r, &re) == -1) {
		tally->lines++;
		return (re.what != NULL && re.column >= 1 &&
		    re.column <= n + 1);
	}
	if (r.type != RECORD_ROW || r.op == 't')
		return (1);
	batch_clear(b);
	if (batch_add(b, z, plan, &r, 1, &bo, &err) == BATCH_BAD) {
		tally->rows++;
		return (err.rule != NULL && err.what != NULL);
	}
	tally->stored++;
	op = batch_op(b, 0);
	if (!commands_are_bson(b))
		return (0);
	if (op->doc_n == 0)
		return (r.op == 'd');
	return (bson_init_static(&doc, (const uint8_t *)batch_document(b,
	    op), op->doc_n) && same_document(p, n, &doc));
}

int
main(void)
{
	unsigned long i, runs = mutate_begin(20000), bad = 0, plans = 0;
	struct plan_options po = { 0, 0, 0, 0 };
	struct tally tally = { 0, 0, 0 };
	struct record_reader * rd = record_reader_new();
	struct bsonizer * z = bsonizer_new();
	struct batch * b = batch_new("t", 10, 1);
	struct plan * plan, * mutant;
	char err[256], text[MUTATE_MAX];
	size_t n;
	unsigned k;

	plan = plan_build(schema, strlen(schema), &po, err, sizeof err);
	record_shape(rd, plan->names, plan->nfield);
	for (i = 0; i < runs; i++) {
		n = strlen(rows[i % ROWS]);
		memcpy(text, rows[i % ROWS], n);
		for (k = roll(3); k != UINT32_MAX && n < 1500; k--)
			mutate(text, &n);
		if (memchr(text, '\n', n) != NULL)
			continue;
		if (!try_row(rd, z, plan, b, place_line(text, n), n,
		    &tally) && bad++ < 5)
			printf("# wrong: %.*s\n", (int)n, text);
	}
	ok(bad == 0, "%lu rows: %lu broken, %lu refused, %lu stored", runs,
	    tally.lines, tally.rows, tally.stored);
	ok(tally.stored > runs / 50 && tally.rows > runs / 200 &&
	    tally.lines > runs / 10, "of each kind enough");

	for (bad = 0, i = 0; i < runs / 4; i++) {
		n = strlen(schema);
		memcpy(text, schema, n);
		for (k = roll(3); k != UINT32_MAX && n < 1500; k--)
			mutate(text, &n);
		err[0] = '\0';
		mutant = plan_build(text, n, &po, err, sizeof err);
		bad += (mutant == NULL && err[0] == '\0');
		plans += (mutant != NULL);
		plan_free(mutant);
	}
	ok(bad == 0 && plans > 0, "SCHEMAs: %lu good, no reason for %lu",
	    plans, bad);
	plan_free(plan);
	batch_free(b);
	bsonizer_free(z);
	record_reader_free(rd);
	free(mutate_block);
	return (tap_done());
}
