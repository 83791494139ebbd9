#include "common/buf.h"
#include "common/json.h"
#include "common/linein.h"
#include "common/scan.h"
#include "common/scan_fast.h"

#include "json_texts.h"
#include "mutate.h"
#include "tap.h"

/* Read all of a text with scan.h.  Return nonzero if it is one value. */
static int
scan_all(const char * text, size_t n, struct scan_value * v,
    struct scan_error * err)
{
	const char * end = text + n;
	const char * p = scan_space(text, end);

	if ((p = scan_value(p, end, v, err)) == NULL)
		return (0);
	p = scan_space(p, end);
	err->what = "something stands behind the value";
	err->where = p;
	return (p == end);
}

static void
test_language(void)
{
	struct scan_value v, key;
	struct scan_error err;
	const char * text;
	size_t i, n;

	for (i = 0; i < sizeof json_good / sizeof json_good[0]; i++) {
		n = json_good[i].n;
		text = place(json_good[i].p, n);
		ok(scan_all(text, n, &v, &err) && !scan_duplicate(&v, &key),
		    "read: %s", json_good[i].p);
	}
	for (i = 0; i < sizeof json_bad / sizeof json_bad[0]; i++) {
		n = json_bad[i].text.n;
		text = place(json_bad[i].text.p, n);
		if (scan_all(text, n, &v, &err)) {
			ok(scan_duplicate(&v, &key), "json_bad[%zu] has a "
			    "duplicate", i);
			ok(json_bad[i].line > 1 || (size_t)(key.p - text) ==
			    json_bad[i].column, "which is found");
		} else
			ok(err.where >= text && err.where <= text + n,
			    "refuse json_bad[%zu]: %s", i, err.what);
	}
}

static void
test_depth(void)
{
	char text[182];
	struct scan_value v;
	struct scan_error err;

	memset(text, '[', 90);
	memset(text + 90, ']', 90);
	ok(scan_all(place(text, 180), 180, &v, &err), "90 brackets");
	memset(text, '[', 91);
	memset(text + 91, ']', 91);
	ok(!scan_all(place(text, 182), 182, &v, &err), "91 are too deep");
}

static void
test_values(void)
{
	static const struct {
		const char * text;
		enum scan_kind kind;
		int escaped, ascii;
	} t[] = {
		{ "null", SCAN_NULL, 0, -1 }, { "false", SCAN_FALSE, 0, -1 },
		{ "true", SCAN_TRUE, 0, -1 }, { "0", SCAN_INT, 0, -1 },
		{ "-0", SCAN_INT, 0, -1 }, { "12345678901", SCAN_INT, 0, -1 },
		{ "1.0", SCAN_NUMBER, 0, -1 }, { "1e5", SCAN_NUMBER, 0, -1 },
		{ "1E-5", SCAN_NUMBER, 0, -1 }, { "[1]", SCAN_ARRAY, 0, -1 },
		{ "{}", SCAN_OBJECT, 0, -1 }, { "\"\"", SCAN_STRING, 0, 1 },
		{ "\"abcdefghijklmnopqrstuvwxyz\"", SCAN_STRING, 0, 1 },
		{ "\"abcdefghijklmnop\\nrstuvwxyz\"", SCAN_STRING, 1, 1 },
		{ "\"\xc3\xa9\"", SCAN_STRING, 0, 0 },
		{ "\"abcdefghijklmnopqrst\xc3\xa9\"", SCAN_STRING, 0, 0 },
		{ "\"abcdefghijklmnop\\\"\xc3\xa9\"", SCAN_STRING, 1, 0 },
		{ "\"\\u00e9\"", SCAN_STRING, 1, 1 }
	};
	struct scan_value v;
	struct scan_error err;
	const char * p, * raw;
	char * text;
	size_t i, n, len;

	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		n = strlen(t[i].text);
		text = place(t[i].text, n);
		text[n] = ',';
		p = scan_value(text, text + n, &v, &err);
		ok(p == text + n && v.kind == t[i].kind &&
		    (v.kind != SCAN_STRING || (v.escaped == t[i].escaped &&
		    v.ascii == t[i].ascii)), "%s", t[i].text);
		raw = scan_raw(&v, &len);
		ok(raw == text && len == n, "all of it");
	}
}

static void
test_iterators(void)
{
	static const char text[] =
	    " { \"a\" : 1 ,\"b\":[ 1 , \"x\",[ ] , {}],\"c\\n\":{\"d\":null}} ";
	static const char * const keys[] = { "a", "b", "c\\n" };
	struct scan_value v, key, val, e;
	struct scan_error err;
	struct scan_iter it, inner;
	size_t n = 0, elements = 0;
	int good = 1;

	ok(scan_all(place(text, sizeof text - 1), sizeof text - 1, &v, &err),
	    "an object");
	scan_open(&it, &v);
	while (scan_member(&it, &key, &val) && n < 3) {
		good &= key.n == strlen(keys[n]) &&
		    memcmp(key.p, keys[n], key.n) == 0;
		n++;
		if (val.kind != SCAN_ARRAY)
			continue;
		scan_open(&inner, &val);
		while (scan_element(&inner, &e))
			elements++;
	}
	ok(good && n == 3 && elements == 4, "its members in turn");
	ok(!scan_member(&it, &key, &val), "and no more");
	ok(scan_all(place("[ ]", 3), 3, &v, &err), "an empty array");
	scan_open(&it, &v);
	ok(!scan_element(&it, &e), "has no elements");
}

static void
test_text(void)
{
	static const struct {
		struct text in, out;
		size_t chars;
	} t[] = {
		{ T("\"\""), T(""), 0 }, { T("\"abc\""), T("abc"), 3 },
		{ T("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""),
		    T("\"\\/\b\f\n\r\t"), 8 },
		{ T("\"\\u0000\\u007F\""), T("\0\x7f"), 2 },
		{ T("\"\\u00e9\\u00E9\xc3\xa9\""),
		    T("\xc3\xa9\xc3\xa9\xc3\xa9"), 3 },
		{ T("\"\\u07ff\\u0800\\uffff\""),
		    T("\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf"), 3 },
		{ T("\"\\ud7ff\\ue000\""), T("\xed\x9f\xbf\xee\x80\x80"), 2 },
		{ T("\"\\ud800\\udc00x\\uDbFf\\uDfFf\""),
		    T("\xf0\x90\x80\x80x\xf4\x8f\xbf\xbf"), 3 },
		{ T("\"\xf0\x9f\x98\x80\\ud83d\\ude00\\\\\""),
		    T("\xf0\x9f\x98\x80\xf0\x9f\x98\x80\\"), 3 },
		{ T("\"\\\\u0041\""), T("\\u0041"), 6 },
	};
	struct scan_value v;
	struct scan_error err;
	char dst[64];
	size_t i, n;

	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		scan_all(place(t[i].in.p, t[i].in.n), t[i].in.n, &v, &err);
		n = scan_decode(&v, dst);
		same(dst, n, t[i].out.p, t[i].out.n, t[i].in.p);
		ok(scan_chars(&v) == t[i].chars, "has %zu code points",
		    t[i].chars);
		ok(scan_equal(&v, t[i].out.p, t[i].out.n) &&
		    !scan_equal(&v, t[i].out.p, t[i].out.n + 1) &&
		    (n == 0 || !scan_equal(&v, t[i].out.p, n - 1)),
		    "is equal to itself only");
		ok(scan_starts(&v, t[i].out.p, n) &&
		    (n == 0 || scan_starts(&v, t[i].out.p, n - 1)) &&
		    !scan_starts(&v, t[i].out.p, n + 1) &&
		    !scan_starts(&v, "?", 1), "starts as it does");
	}
}

static void
test_integers(void)
{
	static const struct {
		const char * text;
		int s, u;
		uint64_t v;
	} t[] = {
		{ "0", 1, 1, 0 }, { "-0", 1, 1, 0 }, { "7", 1, 1, 7 },
		{ "-7", 1, 0, (uint64_t)-7 },
		{ "9223372036854775807", 1, 1, INT64_MAX },
		{ "9223372036854775808", 0, 1, 1ull << 63 },
		{ "-9223372036854775808", 1, 0, 1ull << 63 },
		{ "-9223372036854775809", 0, 0, 0 },
		{ "18446744073709551615", 0, 1, UINT64_MAX },
		{ "18446744073709551616", 0, 0, 0 },
		{ "99999999999999999999", 0, 0, 0 },
		{ "-18446744073709551615", 0, 0, 0 },
		{ "100000000000000000000000000", 0, 0, 0 },
		{ "1.0", 0, 0, 0 }, { "1e1", 0, 0, 0 }, { "\"1\"", 0, 0, 0 }
	};
	struct scan_value v;
	struct scan_error err;
	uint64_t u = 0;
	int64_t s = 0;
	size_t i;

	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		scan_all(place(t[i].text, strlen(t[i].text)),
		    strlen(t[i].text), &v, &err);
		ok(scan_int64(&v, &s) == (t[i].s ? 0 : -1) &&
		    (!t[i].s || (uint64_t)s == t[i].v), "%s as int64",
		    t[i].text);
		ok(scan_uint64(&v, &u) == (t[i].u ? 0 : -1) &&
		    (!t[i].u || u == t[i].v), "%s as uint64", t[i].text);
	}
}

/* Escapes of one byte in a text, wherever in a block it stands. */
static void
test_fast(void)
{
	static const char digits[] = "1234567890123456789";
	static const char same[] = "0123456789abcdefghijklmnopqrstuvwxyz01234";
	struct scan_begin begin;
	char a[64], b[64];
	uint64_t v = 0;
	size_t i, n;
	int good = 1;

	for (n = 1; n <= 19; n++) {
		v = v * 10 + (uint64_t)(digits[n - 1] - '0');
		good &= scan_decimal(place(digits, n), n) == v;
	}
	ok(good, "numbers of 1 to 19 digits");
	for (n = 1; n < 40; n++) {
		memset(a, '1', sizeof a);
		for (i = 0; i < 256; i++) {
			a[n] = (char)i;
			good &= (i >= '0' && i <= '9') ||
			    scan_digits(a) == a + n;
		}
	}
	ok(good, "digits, and what is none");
	for (n = 0; n < SCAN_BLOCK; n++) {
		memset(a, ' ', sizeof a);
		for (i = 0; i < 256; i++) {
			a[n] = (char)i;
			good &= scan_odd(a) == (unsigned)(i < ' ' || i == '"' ||
			    i == '\\' || i > 0x7f) << n;
		}
	}
	ok(good, "bytes that aren't plain text");
	memset(a, 'x', sizeof a);
	memset(b, 'y', sizeof b);
	for (n = 0; n < sizeof same; n++) {
		memcpy(a, same, n);
		memcpy(b, same, n);
		memset(&begin, 0, sizeof begin);
		memcpy(begin.text, same, n < 32 ? n : 32);
		memset(begin.mask, 0xff, n < 32 ? n : 32);
		good &= scan_same(a, b, n) && scan_begins(b, &begin) &&
		    (n > 31 || scan_same32(a, b, (1u << n) - 1));
		for (i = 0; i < n; i++) {
			b[i] ^= 1;
			good &= !scan_same(a, b, n) &&
			    scan_begins(b, &begin) == (i >= 32) && (n > 31 ||
			    !scan_same32(a, b, (1u << n) - 1));
			b[i] ^= 1;
		}
	}
	ok(good && scan_same32(a, b, ~0u), "bytes that differ, at any place");
}

static void
test_put(void)
{
	static const struct text special[] = {
		T("\""), T("\\\""), T("\\"), T("\\\\"), T("\0"), T("\\u0000"),
		T("\b"), T("\\b"), T("\t"), T("\\t"), T("\n"), T("\\n"),
		T("\x0b"), T("\\u000b"), T("\f"), T("\\f"), T("\r"), T("\\r"),
		T("\x10"), T("\\u0010"), T("\x1f"), T("\\u001f"), T("\x7f"),
		T("\x7f"), T(" "), T(" "), T("\xc3\xa9"), T("\xc3\xa9"),
		T("\xf0\x9f\x98\x80"), T("\xf0\x9f\x98\x80"), T("/"), T("/")
	};
	static const struct text refused[] = {
		T("\x80"), T("\xff"), T("\xc3"), T("\xc0\x80"),
		T("\xed\xa0\x80"), T("\xf4\x90\x80\x80")
	};
	struct buf b = { NULL, 0, 0 }, want = { NULL, 0, 0 };
	size_t i, n, at;
	int good = 1, kept = 1;
	char in[80];
	char * text;

	for (n = 0; n < 70; n++)
		for (at = 0; at <= n; at++) {
			for (i = 0; i < sizeof special / sizeof special[0];
			    i += 2) {
				memset(in, 'x', sizeof in);
				memcpy(in + at, special[i].p, special[i].n);
				text = place(in, n + special[i].n);
				buf_clear(&b);
				buf_clear(&want);
				buf_putc(&want, '"');
				buf_put(&want, in, at);
				buf_put(&want, special[i + 1].p,
				    special[i + 1].n);
				buf_put(&want, in + at + special[i].n, n - at);
				buf_putc(&want, '"');
				good &= scan_put_text(&b, text,
				    n + special[i].n) == 0 && b.n == want.n &&
				    memcmp(b.p, want.p, b.n) == 0;
			}
			for (i = 0; i < sizeof refused / sizeof refused[0];
			    i++) {
				memset(in, 'x', sizeof in);
				memcpy(in + at, refused[i].p, refused[i].n);
				text = place(in, n + refused[i].n);
				buf_clear(&b);
				buf_puts(&b, "kept");
				kept &= scan_put_text(&b, text,
				    n + refused[i].n) == -1 && b.n == 4;
			}
		}
	ok(good, "text is escaped, wherever the byte stands");
	ok(kept, "what isn't UTF-8 is refused, and leaves nothing");
	buf_free(&b);
	buf_free(&want);
}

/* UTF-8, all of it: the number of valid texts of a length is known. */
static void
test_utf8(void)
{
	unsigned char p[4 + LINEIN_SLACK] = { 0 };
	static const unsigned char ends[] = { 0, 0x7f, 0x80, 0xbf, 0xc0, 0xff };
	uint32_t u, valid = 0, more = 0;
	unsigned a, b, c, d;
	int all = 1, fours = 1, ascii;

	for (u = 0; u < 1u << 24; u++) {
		p[0] = (unsigned char)(u >> 16);
		p[1] = (unsigned char)(u >> 8);
		p[2] = (unsigned char)u;
		p[3] = 'x';
		valid += scan_utf8((char *)p, 3, NULL) != 0;
		more += scan_utf8((char *)p, 4, NULL) != 0;
	}
	ok(more == valid, "whatever stands behind them");
	ok(valid == 128 * 128 * 128 + 2 * 128 * 1920 + 61440,
	    "all texts of three bytes");
	for (u = 0x800; u < 0x10000; u++) {
		p[0] = (unsigned char)(0xe0 | u >> 12);
		p[1] = (unsigned char)(0x80 | (u >> 6 & 0x3f));
		p[2] = (unsigned char)(0x80 | (u & 0x3f));
		all &= (scan_utf8((char *)p, 3, NULL) != 0) ==
		    (u < 0xd800 || u > 0xdfff);
	}
	ok(all, "all code points of three bytes, without surrogates");
	for (a = 0xf0; a < 0x100; a++)
		for (b = 0; b < 0x100; b++)
			for (c = 0; c < sizeof ends; c++)
				for (d = 0; d < sizeof ends; d++) {
					p[0] = (unsigned char)a;
					p[1] = (unsigned char)b;
					p[2] = ends[c];
					p[3] = ends[d];
					fours &= (scan_utf8((char *)p, 4,
					    NULL) != 0) == (a <= 0xf4 &&
					    b >= (a == 0xf0 ? 0x90 : 0x80) &&
					    b <= (a == 0xf4 ? 0x8f : 0xbf) &&
					    c / 2 == 1 && d / 2 == 1);
				}
	ok(fours, "code points of four bytes");
	ok(scan_utf8("abcdefghi", 9, &ascii) && ascii, "ASCII");
	ok(scan_utf8("abcdefg\xc3\xa9", 9, &ascii) && !ascii, "not all ASCII");
	ok(scan_utf8("", 0, &ascii) && ascii, "nothing");
	ok(!scan_utf8("abcdefg\xc3\xa9", 8, &ascii), "the end is the end");
}

/*
 * Seeded mutations of texts: both readers take the same, and see the same
 * in it.
 */
static const char * const originals[] = {
	"{\"type\":\"RECORD\",\"stream\":\"orders\",\"op\":\"u\","
	    "\"pos\":[17,1],"
	    "\"record\":{\"id\":18446744073709551615,\"t\":\"21.00\","
	    "\"n\":null,\"s\":\"a \\u20ac\\n\"}}",
	"[0,-1,1.5e-7,1E5,true,false,null,\"\",{},[]]",
	"{\"a\":{\"a\":{\"a\":[{\"b\":1,\"c\":[[[]]]},{\"b\":2}]}},\"\":0}",
	"\"\\ud83d\\ude00 \xf0\x9f\x98\x80 \xc3\xa9\\\"\\\\\\/\\b\\f\\n\\r\\t "
	    "long enough for two blocks\"",
	" [ 1 , \"a\" ,\t{ \"k\" : \"v\" , \"l\" : [ ] }\r\n] ",
	"{\"k1\":1,\"k2\":2,\"k3\":3,\"k4\":4,\"k5\":5,\"k6\":6,\"k7\":7,"
	    "\"k8\":8,\"k9\":9,\"ka\":10}",
	"[[[[[[[[[[1]]]]]]]]]]", "123456789012345678901234567890.5",
};

/* Are a string of both readers the same, in every way of looking at it? */
static int
same_text(const struct scan_value * v, const char * p, size_t n)
{
	char text[MUTATE_MAX];
	size_t i, chars = 0, len = scan_decode(v, text);
	struct buf b = { NULL, 0, 0 };
	struct scan_value again;
	struct scan_error err;
	int good;

	for (i = 0; i < n; i++)
		chars += (p[i] & 0xc0) != 0x80;
	good = len == n && memcmp(text, p, n) == 0 && scan_equal(v, p, n) &&
	    scan_chars(v) == chars && scan_utf8(p, n, NULL);

	/* Written and read, it is itself again. */
	good &= scan_put_text(&b, p, n) == 0;
	good = good && scan_value(b.p, b.p + b.n, &again, &err) ==
	    b.p + b.n && scan_equal(&again, p, n);
	buf_free(&b);
	return (good);
}

static int same_value(const char *, const struct scan_value *,
    const struct json_node *);

static int
same_children(const char * text, const struct scan_value * v,
    const struct json_node * node)
{
	const struct json_node * child = json_first(node);
	struct scan_value key, val;
	struct scan_iter it;
	size_t n = 0, len;
	const char * p;
	int object = (v->kind == SCAN_OBJECT);

	scan_open(&it, v);
	while (object ? scan_member(&it, &key, &val) :
	    scan_element(&it, &val)) {
		if (child == NULL || !same_value(text, &val, child))
			return (0);
		p = json_key(child, &len);
		if ((p != NULL) != object ||
		    (object && !same_text(&key, p, len)))
			return (0);
		child = json_next(child);
		n++;
	}
	return (child == NULL && n == json_count(node));
}

static int
same_value(const char * text, const struct scan_value * v,
    const struct json_node * node)
{
	static const enum json_kind kinds[] = { JSON_NULL, JSON_BOOL,
	    JSON_BOOL, JSON_NUMBER, JSON_NUMBER, JSON_STRING, JSON_ARRAY,
	    JSON_OBJECT };
	size_t ns, nj;
	const char * ps = scan_raw(v, &ns), * pj = json_raw(node, &nj);
	uint64_t us = 0, uj = 0;
	int64_t is = 0, ij = 0;

	if (ns != nj || memcmp(ps, pj, ns) != 0 ||
	    kinds[v->kind] != json_kind(node) ||
	    json_true(node) != (v->kind == SCAN_TRUE))
		return (0);
	if (scan_uint64(v, &us) != json_uint64(node, &uj) || us != uj ||
	    scan_int64(v, &is) != json_int64(node, &ij) || is != ij)
		return (0);
	if (v->kind == SCAN_STRING) {
		pj = json_text(node, &nj);
		return (same_text(v, pj, nj));
	}
	return (v->kind < SCAN_ARRAY || same_children(text, v, node));
}

/* What scan_simple() takes is what scan_value() reads. */
static int
same_simple(const char * text, size_t n)
{
	const char * line = place_line(text, n);
	struct scan_value v, s;
	struct scan_error err;
	const char * q;

	if (n == 0 || (q = scan_simple(line, &s)) == NULL)
		return (1);
	return (scan_value(line, line + n, &v, &err) == q && v.p == s.p &&
	    v.n == s.n && v.kind == s.kind && v.escaped == s.escaped &&
	    v.ascii == s.ascii);
}

static int
agree(const char * bytes, size_t n, int * accepted)
{
	const char * text = place(bytes, n);
	struct json_error je;
	struct json * doc = json_parse(text, n, &je);
	struct scan_value v, key;
	struct scan_error se;
	int scanned, good;

	scanned = scan_all(text, n, &v, &se);
	if (!scanned && (se.where < text || se.where > text + n))
		return (0);
	if (scanned && scan_duplicate(&v, &key)) {
		scanned = 0;
		if (key.p < text || key.p > text + n)
			return (0);
	}
	*accepted += scanned;
	good = scanned == (doc != NULL);
	if (good && doc != NULL)
		good = same_value(text, &v, json_root(doc));
	good = good && same_simple(bytes, n);
	json_free(doc);
	return (good);
}

static void
test_agree(void)
{
	unsigned long i, total = mutate_begin(200000);
	char text[MUTATE_MAX];
	size_t n = 0;
	uint32_t k;
	int good = 1, accepted = 0;

	for (i = 0; i < total && good; i++) {
		const char * o = originals[roll(sizeof originals /
		    sizeof originals[0])];

		n = strlen(o);
		memcpy(text, o, n);
		for (k = roll(4); k > 0; k--)
			mutate(text, &n);
		good = agree(text, n, &accepted);
	}
	if (!good)
		printf("# the readers differ: %.*s\n", (int)n, text);
	ok(good, "both readers agree on mutations of texts");
	ok((unsigned long)accepted > total / 10 &&
	    (unsigned long)accepted < total / 10 * 9,
	    "%d of %lu were taken", accepted, total);
}

int
main(void)
{

	test_language();
	test_depth();
	test_values();
	test_iterators();
	test_text();
	test_integers();
	test_fast();
	test_put();
	test_utf8();
	test_agree();
	free(mutate_block);
	return (tap_done());
}
