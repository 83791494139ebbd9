#include <bson/bson.h>
#include <unistd.h>

#include "load/compare.h"
#include "load/digest.h"
#include "load/keyjson.h"
#include "load/keysort.h"
#include "load/suspect.h"
#include "load/verify_file.h"

#include "files.h"
#include "tap.h"

/* The first of SipHash's own list of results, under the key 00 01 ... 0f. */
static void
test_digest(void)
{
	static const char * const wanted[] = {
	    "a3817f04ba25a8e66df67214c7550293",
	    "da87c1d86b99af44347659119b22fc45",
	    "8177228da4a45dc7fca38bdef60affe4" };
	uint8_t secret[DIGEST_SECRET], in[2] = { 0, 1 }, out[DIGEST_LEN];
	uint8_t back[DIGEST_LEN];
	char text[2 * DIGEST_LEN];
	size_t i;

	for (i = 0; i < sizeof secret; i++)
		secret[i] = (uint8_t)i;
	for (i = 0; i < 3; i++) {
		digest_make(secret, in, i, out);
		digest_hex(out, sizeof out, text);
		same(text, sizeof text, wanted[i], strlen(wanted[i]),
		    "a digest as in SipHash's list");
	}
	ok(digest_unhex(text, sizeof text, back, sizeof back) == 0 &&
	    memcmp(out, back, sizeof out) == 0, "hexadecimal, and back");
	ok(digest_unhex("0G", 2, back, 1) == -1, "no hexadecimal digit");
	ok(digest_unhex("00", 2, back, 2) == -1, "not enough of them");
}

/* Any number of records comes out in order, none lost and none new. */
static void
test_sort(size_t n, size_t width)
{
	struct keysort * ks = keysort_new(width);
	uint8_t record[32], last[32];
	const uint8_t * p;
	uint64_t x = 1, sum = 0, sum_out = 0;
	size_t i, got = 0, wrong = 0;
	int rc;

	for (i = 0; i < n; i++) {
		memset(record, 0, sizeof record);
		x = x * UINT64_C(6364136223846793005) + 1442695040888963407u;

		/* Some of them often, and long runs of equal bytes. */
		record[0] = (uint8_t)(x >> 60);
		memcpy(record + width - 4, (uint8_t *)&x + 4, 4);
		if (i % 3 == 0)
			memset(record + width - 4, 7, 4);
		sum += *(uint32_t *)(void *)(record + width - 4);
		rc = keysort_add(ks, record);
		wrong += rc != 0;
	}
	rc = keysort_end(ks);
	memset(last, 0, sizeof last);
	while (rc == 0 && keysort_next(ks, &p) == 1) {
		wrong += memcmp(last, p, width) > 0;
		memcpy(last, p, width);
		sum_out += *(const uint32_t *)(const void *)(p + width - 4);
		got++;
	}
	ok(rc == 0 && got == n && wrong == 0 && sum == sum_out,
	    "%zu records of %zu bytes in order", n, width);
	keysort_free(ks);
}

/* A document from JSON. */
static bson_t *
doc(const char * json)
{
	bson_error_t err;
	bson_t * b = bson_new_from_json((const uint8_t *)json, -1, &err);

	if (b == NULL) {
		printf("Bail out! %s: %s\n", json, err.message);
		exit(1);
	}
	return (b);
}

/* Compare two documents: ${wanted} are the fields, NULL if they are equal. */
static void
compare(const char * a, const char * b, const char * wanted)
{
	bson_t * x = doc(a), * y = doc(b);
	struct buf fields = { NULL, 0, 0 };
	int rc = compare_documents((const char *)bson_get_data(x), x->len,
	    (const char *)bson_get_data(y), y->len, &fields);

	if (wanted == NULL)
		ok(rc && fields.n == 0, "%s is %s", a, b);
	else {
		ok(!rc, "%s isn't %s", a, b);
		same(fields.p, fields.n, wanted, strlen(wanted), "its fields");
	}
	buf_free(&fields);
	bson_destroy(x);
	bson_destroy(y);
}

static void
test_compare(void)
{

	compare("{\"_id\":1,\"a\":\"x\"}", "{\"_id\":1,\"a\":\"x\"}", NULL);
	compare("{\"_id\":1,\"a\":1,\"_sync\":{\"v\":\"1\"}}",
	    "{\"_id\":1,\"a\":1,\"_sync\":{\"v\":\"2\",\"c\":1}}", NULL);
	compare("{\"_id\":1,\"a\":1,\"_sync\":{}}", "{\"_id\":1,\"a\":1}",
	    NULL);
	compare("{\"_id\":1,\"a\":1,\"b\":2}", "{\"_id\":1,\"b\":2,\"a\":1}",
	    NULL);
	compare("{\"_id\":1,\"a\":1}", "{\"_id\":1,\"a\":2}", "[\"a\"]");
	compare("{\"_id\":1,\"a\":1}", "{\"_id\":1}", "[\"a\"]");
	compare("{\"_id\":1}", "{\"_id\":1,\"b\":null}", "[\"b\"]");
	compare("{\"_id\":1,\"a\":null}", "{\"_id\":1}", "[\"a\"]");
	compare("{\"a\":1}", "{\"a\":{\"$numberLong\":\"1\"}}", "[\"a\"]");
	compare("{\"a\":{\"$numberDecimal\":\"1.0\"}}",
	    "{\"a\":{\"$numberDecimal\":\"1.00\"}}", "[\"a\"]");
	compare("{\"a\":{\"x\":1,\"y\":2}}", "{\"a\":{\"y\":2,\"x\":1}}",
	    "[\"a\"]");
	compare("{\"a\":1,\"b\":2,\"c\":3}", "{\"d\":4,\"c\":3,\"b\":3}",
	    "[\"a\",\"b\",\"d\"]");
	compare("{\"a\":\"x\"}", "{\"a\":\"x\\u0000\"}", "[\"a\"]");
}

static void
test_stamp(void)
{
	static const char * const odd[] = { "{\"_id\":1}",
	    "{\"_sync\":1}", "{\"_sync\":{\"v\":7}}",
	    "{\"_sync\":{\"v\":\"zzz\"}}" };
	bson_t * b = doc("{\"_id\":1,\"a\":2,\"_sync\":"
	    "{\"v\":\"00000000000000aa.0000000000000001\"}}");
	const char * v;
	size_t n, i;

	compare_stamp((const char *)bson_get_data(b), b->len, &v, &n);
	same(v, n, "00000000000000aa.0000000000000001", 33, "a version");
	compare_body((const char *)bson_get_data(b), b->len, &n);
	ok(n == 4 + 9 + 7, "what isn't a note: %zu bytes", n);
	bson_destroy(b);
	for (i = 0; i < sizeof odd / sizeof odd[0]; i++) {
		b = doc(odd[i]);
		compare_stamp((const char *)bson_get_data(b), b->len, &v, &n);
		ok(v == NULL && n == 0, "no version in %s", odd[i]);
		bson_destroy(b);
	}
}

/* The _id of ${json} as the key of a row. */
static void
key(const struct plan * plan, const char * json, const char * wanted)
{
	bson_t * b = doc(json);
	const char * data = (const char *)bson_get_data(b);
	struct buf k = { NULL, 0, 0 }, out = { NULL, 0, 0 };
	bson_iter_t it;
	uint32_t at;
	int rc;

	(void)bson_iter_init_find(&it, b, "_id");
	at = bson_iter_offset(&it) + 1 + 4;
	buf_putc(&k, (char)bson_iter_type(&it));
	buf_put(&k, data + at, it.next_off - at);
	rc = keyjson_array(plan, k.p, k.n, &out);
	if (wanted == NULL)
		ok(rc == -1 && out.n == 0, "%s is no key of a row", json);
	else
		same(out.p, out.n, wanted, strlen(wanted), json);
	buf_free(&k);
	buf_free(&out);
	bson_destroy(b);
}

static struct plan *
plan(const char * properties, const char * keys)
{
	struct plan_options opt = { 0, 0, 0, 0 };
	struct buf b = { NULL, 0, 0 };
	struct plan * p;
	char why[512];

	buf_printf(&b, "{\"type\":\"SCHEMA\",\"stream\":\"t\",\"schema\":"
	    "{\"type\":\"object\",\"properties\":{%s}},"
	    "\"key_properties\":[%s]}", properties, keys);
	if ((p = plan_build(buf_text(&b), b.n, &opt, why, sizeof why)) ==
	    NULL) {
		printf("Bail out! %s\n", why);
		exit(1);
	}
	buf_free(&b);
	return (p);
}

static void
test_keys(void)
{
	struct plan * p;

	p = plan("\"id\":{\"type\":\"integer\",\"minimum\":0,"
	    "\"maximum\":18446744073709551615}", "\"id\"");
	key(p, "{\"_id\":{\"$numberLong\":\"7\"}}", "[7]");
	key(p, "{\"_id\":{\"$numberDecimal\":\"18446744073709551615\"}}",
	    "[18446744073709551615]");
	key(p, "{\"_id\":{\"$numberDecimal\":\"1.5\"}}", NULL);
	key(p, "{\"_id\":\"7\"}", NULL);
	key(p, "{\"_id\":{\"$oid\":\"0123456789abcdef01234567\"}}", NULL);
	key(p, "{\"_id\":{\"id\":7}}", NULL);
	plan_free(p);
	p = plan("\"a\":{\"type\":\"string\"},\"b\":{\"type\":\"string\","
	    "\"format\":\"singer.decimal\"}", "\"a\",\"b\"");
	key(p, "{\"_id\":{\"a\":\"x\\\"y\",\"b\":{\"$numberDecimal\":\"1.50\"}"
	    "}}", "[\"x\\\"y\",\"1.50\"]");
	key(p, "{\"_id\":{\"b\":{\"$numberDecimal\":\"1.50\"},\"a\":\"x\"}}",
	    NULL);
	key(p, "{\"_id\":{\"a\":\"x\"}}", NULL);
	key(p, "{\"_id\":{\"a\":\"x\",\"b\":{\"$numberDecimal\":\"1\"},"
	    "\"c\":1}}", NULL);
	key(p, "{\"_id\":\"x\"}", NULL);
	plan_free(p);
	p = plan("\"d\":{\"type\":\"string\",\"format\":\"date-time\"}",
	    "\"d\"");
	key(p, "{\"_id\":{\"$date\":{\"$numberLong\":\"1000\"}}}",
	    "[\"1970-01-01T00:00:01.000000Z\"]");
	plan_free(p);
	p = plan("\"d\":{\"type\":\"string\",\"contentEncoding\":\"base64\"}",
	    "\"d\"");
	key(p, "{\"_id\":{\"$binary\":{\"base64\":\"AAH/\",\"subType\":\"00\""
	    "}}}", "[\"AAH/\"]");
	key(p, "{\"_id\":{\"$binary\":{\"base64\":\"AA==\",\"subType\":\"00\""
	    "}}}", "[\"AA==\"]");
	plan_free(p);
}

/* Read from a line, with what may be read behind it. */
static int
read_line(const char * line, struct suspect * s)
{
	struct buf b = { NULL, 0, 0 };
	int rc;

	buf_puts(&b, line);
	rc = suspect_read(b.p, b.n, s);
	buf_free(&b);
	return (rc);
}

static void
test_suspects(void)
{
	struct suspect s, back, now;
	struct buf b = { NULL, 0, 0 };
	uint64_t pos[8];

	memset(&s, 0, sizeof s);
	s.there = 1;
	s.seen_n = 33;
	memcpy(s.seen, "00000000000000aa.0000000000000b01", 33);
	memset(s.source, 0xab, sizeof s.source);
	memset(s.target, 0xcd, sizeof s.target);
	suspect_renew(&s, NULL, 1000000);
	ok(s.generation == 1 && s.since_us == 1000000, "a first look");
	buf_puts(&b, "{\"type\":\"RECORD\",\"record\":{\"suspect\":1},"
	    "\"suspect\":");
	suspect_put(&s, &b);
	buf_putc(&b, '}');
	(void)buf_text(&b);
	ok(suspect_read(b.p, b.n, &back) == 1 &&
	    memcmp(&s, &back, sizeof s) == 0, "noted, and read back");
	now = s;
	suspect_renew(&now, &back, 2000000);
	ok(now.generation == 2 && now.since_us == 1000000,
	    "the same at the second");
	now.target[3] ^= 1;
	suspect_renew(&now, &back, 2000000);
	ok(now.generation == 1 && now.since_us == 1000000,
	    "different still, but otherwise");
	now = s;
	now.there = 0;
	suspect_renew(&now, &back, 2000000);
	ok(now.generation == 1, "different still, but gone");
	ok(suspect_version(&s, pos, 8) == 2 && pos[0] == 0xaa &&
	    pos[1] == 0xb01, "the version as numbers");
	s.seen_n = 0;
	ok(suspect_version(&s, pos, 8) == 1 && pos[0] == 0,
	    "no version: below all others");
	ok(read_line("{\"a\":1}", &back) == 0, "nothing noted");
	ok(read_line("{\"suspect\":1}", &back) == -1, "no object");
	ok(read_line("{\"suspect\":{}}", &back) == -1, "empty");
	buf_free(&b);
}

/* A checkpoint that can't be removed keeps what it speaks of. */
static void
test_end(void)
{
	static const uint8_t key[DIGEST_LEN] = { 1 };
	struct verify_sums sums = { .keys = 0 };
	struct verify_file * f;
	int busy;

	files_begin();
	files_catch();
	f = verify_file_open("at", &sums, &busy);
	ok(f != NULL && verify_file_key(f, key) == 0 &&
	    verify_file_save(f, &sums, "1", 1) == 0 &&
	    unlink("at") == 0 && mkdir("at", 0700) == 0, "a checkpoint");
	ok(verify_file_end(f) == -1 && access("at.keys", F_OK) == 0 &&
	    files_said("at: remove"), "that can't be removed");
	verify_file_free(f);
	ok(rmdir("at") == 0 && (f = verify_file_open("at", &sums, &busy)) !=
	    NULL && verify_file_end(f) == 0 && access("at.keys", F_OK) == -1,
	    "and one that isn't there");
	verify_file_free(f);
	buf_free(&sums.whole);
}

int
main(void)
{

	test_digest();
	test_sort(0, 16);
	test_sort(1, 16);
	test_sort(1000, 24);
	test_sort(2000000, 16);
	test_sort(700001, 24);
	test_compare();
	test_stamp();
	test_keys();
	test_suspects();
	test_end();
	return (tap_done());
}
