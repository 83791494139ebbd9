#include <bson/bson.h>

#include "common/json.h"
#include "common/record.h"

#include "load/bsonize.h"
#include "load/compare.h"
#include "load/keyjson.h"
#include "load/plan.h"
#include "load/quick.h"

#include "fuzz.h"

/*
 * A SCHEMA line and RECORDs under it, to BSON: valid, and the same from the
 * quick reader.  The first byte chooses the policies.
 */
struct both {
	struct plan * plan;
	struct record_reader * rd;
	struct bsonizer * z;
	struct quick * q;
	struct buf key, doc, qdoc, json;
};

static const char version[33 + BUF_SLACK] =
    "0000000000000001.0000000000000002";
static const struct bsonize_stamp stamp = { .v = version, .v_n = 33 };

static void
check_document(struct both * t)
{
	struct json * doc;
	bson_t b;
	size_t n;

	MUST(bson_init_static(&b, (const uint8_t *)t->doc.p, t->doc.n));
	MUST(bson_validate(&b, BSON_VALIDATE_UTF8 |
	    BSON_VALIDATE_UTF8_ALLOW_NULL, NULL));
	buf_clear(&t->json);
	MUST(compare_documents(t->doc.p, t->doc.n, t->doc.p, t->doc.n,
	    &t->json) && t->json.n == 0);
	compare_body(t->doc.p, t->doc.n, &n);
	MUST(n <= t->doc.n);
	if (keyjson_array(t->plan, t->key.p, t->key.n, &t->json) == 0) {
		doc = json_parse(t->json.p, t->json.n, NULL);
		MUST(doc != NULL && json_kind(json_root(doc)) == JSON_ARRAY);
		json_free(doc);
	}
}

/* The plain way.  Return nonzero if there is a document. */
static int
plain(struct both * t, const char * p, size_t n, struct record * r)
{
	struct bsonize_stamp st = stamp;
	struct bsonize_error err = { NULL, NULL, NULL, 0 };
	struct record_error re;
	int64_t ms;

	buf_clear(&t->key);
	buf_clear(&t->doc);
	if (record_parse(t->rd, p, n, r, &re) == -1 ||
	    r->type != RECORD_ROW || t->plan->key == PLAN_KEY_NONE)
		return (0);
	if (bsonize_key(t->z, t->plan, r, &t->key, &err) == -1) {
		MUST(err.rule != NULL && err.what != NULL);
		return (0);
	}
	st.has_at = bsonize_time(t->z, t->plan, r, &ms);
	if (st.has_at == -1)
		return (0);
	st.at_ms = st.has_at ? ms : 0;
	if (bsonize_document(t->z, t->plan, r, t->key.p, t->key.n, &st,
	    &t->doc, &err) == -1) {
		MUST(err.rule != NULL && err.what != NULL);
		return (0);
	}
	return (st.decimals == 0 ? 1 : 2);
}

/*
 * The quick way, from ${n} bytes that begin with the line of ${len}: what it
 * makes is what the plain one has made.
 */
static void
quickly(struct both * t, const char * p, size_t n, size_t len, int made)
{
	struct bsonize_stamp st = stamp;
	struct quick_row row;

	buf_clear(&t->qdoc);
	if (quick_open(t->q, p, n, &row) == -1)
		return;
	st.has_at = row.has_at;
	st.at_ms = row.has_at ? row.at_ms : 0;
	if (quick_document(t->q, &row, &st, &t->qdoc) == -1)
		return;
	MUST(made && row.n == len);
	MUST(t->key.n == row.key_n &&
	    memcmp(t->key.p, row.key, t->key.n) == 0);
	MUST(t->doc.n == t->qdoc.n &&
	    memcmp(t->doc.p, t->qdoc.p, t->doc.n) == 0);
}

/* The line of ${len} bytes, with others behind it up to ${ahead}. */
static void
try_line(struct both * t, const uint8_t * line, size_t len, size_t ahead)
{
	char * text = fuzz_place_line(line, ahead);
	struct record r;
	int made = plain(t, text, ahead + 1, &r);

	quickly(t, text, ahead + 1, len, made);
	if (made)
		check_document(t);
	if (made == 1)
		quick_learn(t->q, t->plan, &r);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t * p, size_t n)
{
	struct both t = { .plan = NULL };
	struct plan_options po;
	char err[256], * text;
	const uint8_t * line;
	size_t len;

	if (n == 0)
		return (0);
	po = (struct plan_options){ p[0] & 1, (p[0] & 2) != 0,
	    (p[0] & 4) != 0, (p[0] & 8) != 0 };
	p++, n--;
	if (!fuzz_line(&p, &n, &line, &len))
		return (0);
	text = fuzz_place_line(line, len);
	t.plan = plan_build(text, len, &po, err, sizeof err);
	free(text);
	if (t.plan == NULL)
		return (0);
	t.rd = record_reader_new();
	t.z = bsonizer_new();
	t.q = quick_new(t.z);
	record_shape(t.rd, t.plan->names, t.plan->nfield);
	while (fuzz_line(&p, &n, &line, &len))
		try_line(&t, line, len, (size_t)(p - line) + n);
	quick_free(t.q);
	bsonizer_free(t.z);
	record_reader_free(t.rd);
	plan_free(t.plan);
	buf_free(&t.key);
	buf_free(&t.doc);
	buf_free(&t.qdoc);
	buf_free(&t.json);
	return (0);
}
