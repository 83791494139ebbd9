#include <inttypes.h>
#include <unistd.h>

#include "common/json.h"

#include "json_texts.h"
#include "tap.h"

static void
test_language(void)
{
	struct json_error err;
	struct json * doc;
	size_t i;

	for (i = 0; i < sizeof json_good / sizeof json_good[0]; i++) {
		doc = json_parse(json_good[i].p, json_good[i].n, &err);
		ok(doc != NULL, "read: %s", json_good[i].p);
		json_free(doc);
	}
	for (i = 0; i < sizeof json_bad / sizeof json_bad[0]; i++) {
		doc = json_parse(json_bad[i].text.p, json_bad[i].text.n, &err);
		ok(doc == NULL && err.line == json_bad[i].line &&
		    err.column == json_bad[i].column &&
		    strcmp(err.what, json_bad[i].what) == 0,
		    "refuse bad[%zu]: %u:%u: %s", i, json_bad[i].line,
		    json_bad[i].column, json_bad[i].what);
		json_free(doc);
	}
	ok(json_parse("[", 1, NULL) == NULL, "the error may be ignored");
	json_free(NULL);
}

static void
test_depth(void)
{
	char text[2 * 91 + 1];
	struct json_error err;
	struct json * doc;

	memset(text, '[', 90);
	memset(text + 90, ']', 90);
	doc = json_parse(text, 180, &err);
	ok(doc != NULL, "90 brackets");
	json_free(doc);
	memset(text, '[', 91);
	memset(text + 91, ']', 91);
	doc = json_parse(text, 182, &err);
	ok(doc == NULL && err.column == 91 &&
	    strcmp(err.what, "nested too deeply") == 0, "91 are too deep");
	json_free(doc);
	memset(text, '[', sizeof text);
	text[100] = '"';
	text[1] = 'x';
	doc = json_parse(text, sizeof text, &err);
	ok(doc == NULL && err.column == 2, "the first error counts");
	json_free(doc);
}

static void
test_tree(void)
{
	static const char text[] =
	    "{\"a\": [1, \"\\u20ac\\ud83d\\ude00\\n\", null],\n"
	    "  \"b\\u0000\\t\": {\"c\": true, \"d\": false}, \"e\": {}}";
	struct json * doc = json_parse(text, sizeof text - 1, NULL);
	const struct json_node * root, * v;
	unsigned line, column;
	const char * p;
	size_t n;

	if (!ok(doc != NULL, "a document"))
		return;
	root = json_root(doc);
	ok(json_kind(root) == JSON_OBJECT && json_count(root) == 3, "root");
	ok(json_next(root) == NULL && json_key(root, NULL) == NULL,
	    "the root has no name, and nothing beside it");
	p = json_raw(root, &n);
	same(p, n, text, sizeof text - 1, "its bytes are all");

	v = json_get(root, "a");
	ok(v == json_first(root) && json_kind(v) == JSON_ARRAY &&
	    json_count(v) == 3, "an array");
	v = json_first(v);
	ok(json_kind(v) == JSON_NUMBER && json_key(v, &n) == NULL, "a number");
	v = json_next(v);
	p = json_text(v, &n);
	same(p, n, "\xe2\x82\xac\xf0\x9f\x98\x80\n", 8, "a decoded text");
	ok(p[n] == '\0', "NUL-terminated");
	p = json_raw(v, &n);
	same(p, n, "\"\\u20ac\\ud83d\\ude00\\n\"", 22, "and as it stands");
	v = json_next(v);
	ok(json_kind(v) == JSON_NULL && json_next(v) == NULL, "null is last");
	ok(json_text(v, NULL) == NULL && json_text(NULL, NULL) == NULL,
	    "no text");

	v = json_next(json_first(root));
	p = json_key(v, &n);
	same(p, n, "b\0\t", 3, "a decoded name with a NUL");
	ok(json_get(root, "b") == NULL, "which isn't its beginning");
	json_key_position(v, &line, &column);
	ok(line == 2 && column == 3, "where the name stands");
	json_position(v, &line, &column);
	ok(line == 2 && column == 16, "where the value stands");
	ok(json_true(json_get(v, "c")) && !json_true(json_get(v, "d")) &&
	    !json_true(v) && !json_true(NULL), "true");
	ok(json_first(json_get(root, "e")) == NULL, "an empty object");
	ok(json_get(NULL, "x") == NULL && json_get(json_get(root, "a"), "x") ==
	    NULL && json_get(root, "x") == NULL, "no such member");
	json_free(doc);
}

static void
test_numbers(void)
{
	static const struct {
		const char * text;
		int s, u;	/* does it fit? */
		int64_t i;
	} t[] = {
		{ "0", 1, 1, 0 }, { "-0", 1, 1, 0 }, { "42", 1, 1, 42 },
		{ "-1", 1, 0, -1 },
		{ "9223372036854775807", 1, 1, INT64_MAX },
		{ "9223372036854775808", 0, 1, INT64_MIN },
		{ "-9223372036854775808", 1, 0, INT64_MIN },
		{ "-9223372036854775809", 0, 0, 0 },
		{ "18446744073709551615", 0, 1, -1 },
		{ "18446744073709551616", 0, 0, 0 },
		{ "100000000000000000000", 0, 0, 0 },
		{ "1.0", 0, 0, 0 }, { "1e2", 0, 0, 0 }, { "\"1\"", 0, 0, 0 },
		{ "null", 0, 0, 0 }
	};
	struct json * doc;
	uint64_t u;
	int64_t s;
	size_t i;
	int ds, du;

	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		doc = json_parse(t[i].text, strlen(t[i].text), NULL);
		ds = json_int64(json_root(doc), &s);
		du = json_uint64(json_root(doc), &u);
		ok(ds == (t[i].s ? 0 : -1) && (ds != 0 || s == t[i].i),
		    "%s as int64", t[i].text);
		ok(du == (t[i].u ? 0 : -1) &&
		    (du != 0 || u == (uint64_t)t[i].i), "%s as uint64",
		    t[i].text);
		json_free(doc);
	}
	ok(json_int64(NULL, &s) == -1 && json_uint64(NULL, &u) == -1,
	    "nothing is no number");
}

/* Objects whose names are sorted: each is found, and nothing else. */
static void
test_many(void)
{
	char * text = malloc(20 * 1000 + 3), name[24];
	const struct json_node * v;
	struct json * doc;
	size_t i, n, count;
	int64_t out;
	int found, order;

	for (count = 0; count < 40 || count == 1000;
	    count = count == 39 ? 1000 : count + 1) {
		n = 0;
		text[n++] = '{';
		for (i = 0; i < count; i++)
			n += (size_t)sprintf(text + n, "%s\"k%zu\":%zu",
			    i ? "," : "", i * 7919 % 1009, i);
		text[n++] = '}';
		doc = json_parse(text, n, NULL);
		if (doc == NULL)
			break;
		found = order = 1;
		v = json_first(json_root(doc));
		for (i = 0; i < count; i++, v = json_next(v)) {
			sprintf(name, "k%zu", i * 7919 % 1009);
			found &= json_int64(json_get(json_root(doc), name),
			    &out) == 0 && out == (int64_t)i;
			order &= strcmp(json_key(v, NULL), name) == 0;
		}
		found &= json_get(json_root(doc), "k") == NULL &&
		    json_get(json_root(doc), "k9999") == NULL &&
		    json_get(json_root(doc), "") == NULL;
		json_free(doc);
		if (!found || !order || v != NULL)
			break;
	}
	ok(count == 1001, "members are found, in objects of any size");
	free(text);
}

/* Texts that take jsmn, or a careless reader, quadratic time. */
static void
test_linear(void)
{
	static const struct {
		const char * unit, * close;
		int good;
	} t[] = {
		{ "[", "]", 0 }, { "{\"a\":", "}", 0 }, { "\"a\":", "}", 0 },
		{ "[],", "", 0 }, { "1\"[", "]", 0 }, { "\"", "", 0 },
		{ "{}:\"a\":", "}", 0 }, { "{}:", "]", 0 }, { "\\u", "", 0 }
	};
	size_t i, j, n, units = 300000;
	char * text = malloc(16 * units + 16), * p;
	struct json * doc;

	alarm(60);
	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		for (p = text, j = 0; j < units; j++)
			p = stpcpy(p, t[i].unit);
		for (j = 0; j < units; j++)
			p = stpcpy(p, t[i].close);
		doc = json_parse(text, (size_t)(p - text), NULL);
		ok(doc == NULL, "many times %s and then %s", t[i].unit,
		    t[i].close);
		json_free(doc);
	}
	p = stpcpy(text, "{\"x\":{}");
	for (j = 0; j < units; j++)
		p += sprintf(p, ",\"%zu\":[]", j);
	*p++ = '}';
	doc = json_parse(text, (size_t)(p - text), NULL);
	ok(doc != NULL && json_count(json_root(doc)) == units + 1,
	    "an object of many members");
	for (n = 0, j = 0; doc != NULL && j < units; j++) {
		char name[24];

		sprintf(name, "%zu", j);
		n += json_get(json_root(doc), name) != NULL;
	}
	ok(n == units, "each of which is found");
	json_free(doc);
	free(text);
	alarm(0);
}

int
main(void)
{

	test_language();
	test_depth();
	test_tree();
	test_numbers();
	test_many();
	test_linear();
	return (tap_done());
}
