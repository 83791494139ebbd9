#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "scan_fast.h"

#include "scan.h"

const char *
scan_space(const char * p, const char * end)
{

	while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' ||
	    *p == '\r'))
		p++;
	return (p);
}

static const char *
fail(struct scan_error * err, const char * what, const char * where)
{

	err->what = what;
	err->where = where;
	return (NULL);
}

/* Pass over the escape at the backslash ${p}. */
static const char *
skip_escape(const char * p, const char * end, struct scan_error * err)
{
	int u;

	if (end - p < 2)
		return (fail(err, "the string has no closing quote", p));
	switch (p[1]) {
	case '"': case '\\': case '/': case 'b': case 'f': case 'n':
	case 'r': case 't':
		return (p + 2);
	case 'u':
		break;
	default:
		return (fail(err, "unknown escape in a string", p));
	}
	if ((u = scan_hex4(p + 2, end)) == -1)
		return (fail(err, "\\u without four hexadecimal digits", p));
	if (u >= 0xdc00 && u <= 0xdfff)
		return (fail(err, "a low surrogate without a high one", p));
	if (u < 0xd800 || u > 0xdbff)
		return (p + 6);
	if (end - p < 12 || p[6] != '\\' || p[7] != 'u' ||
	    (u = scan_hex4(p + 8, end)) < 0xdc00 || u > 0xdfff)
		return (fail(err, "a high surrogate without a low one", p));
	return (p + 12);
}

/* The string whose opening quote is at ${p}. */
static const char *
scan_string(const char * p, const char * end, struct scan_value * v,
    struct scan_error * err)
{
	const char * start = ++p;
	const char * bad;
	unsigned high = 0;
	struct scan_block b;

	v->kind = SCAN_STRING;
	v->escaped = 0;
	for (;;) {
		if (p >= end)
			break;
		b = scan_look(p);
		if (b.special == 0) {
			high |= b.high;
			p += SCAN_BLOCK;
			continue;
		}
		high |= b.high & (b.special ^ (b.special - 1));
		p += __builtin_ctz(b.special);
		if (p >= end)
			break;
		if (*p == '"') {
			v->p = start;
			v->n = (size_t)(p - start);
			v->ascii = (high == 0);
			if (high && (bad = scan_utf8_bad(start, v->n)) != NULL)
				return (fail(err, "not valid UTF-8", bad));
			return (p + 1);
		}
		if (*p != '\\')
			return (fail(err,
			    "a control byte in a string has to be escaped",
			    p));
		v->escaped = 1;
		if ((p = skip_escape(p, end, err)) == NULL)
			return (NULL);
	}
	return (fail(err, "the string has no closing quote", start - 1));
}

/* The first byte in [p, end) that is no digit, or the end. */
static const char *
digits(const char * p, const char * end)
{

	while (p < end && scan_is_digit(*p))
		p++;
	return (p);
}

static const char *
scan_number(const char * p, const char * end, struct scan_value * v,
    struct scan_error * err)
{
	const char * start = p;
	const char * q;

	v->kind = SCAN_INT;
	if (p < end && *p == '-')
		p++;
	q = digits(p, end);
	if (q == p)
		return (fail(err, "a digit is missing in a number", p));
	if (*p == '0' && q > p + 1)
		return (fail(err, "a number starts with 0", p));
	p = q;
	if (p < end && *p == '.') {
		v->kind = SCAN_NUMBER;
		if ((q = digits(p + 1, end)) == p + 1)
			return (fail(err, "a digit is missing in a number",
			    q));
		p = q;
	}
	if (p < end && (*p | 0x20) == 'e') {
		v->kind = SCAN_NUMBER;
		p++;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		if ((q = digits(p, end)) == p)
			return (fail(err, "a digit is missing in a number",
			    q));
		p = q;
	}
	v->p = start;
	v->n = (size_t)(p - start);
	v->escaped = 0;
	v->ascii = 1;
	return (p);
}

static const char *
scan_word(const char * p, const char * end, struct scan_value * v,
    struct scan_error * err)
{
	static const struct {
		const char * text;
		uint8_t n, kind;
	} words[] = {
		{ "null", 4, SCAN_NULL }, { "true", 4, SCAN_TRUE },
		{ "false", 5, SCAN_FALSE }
	};
	size_t i;

	for (i = 0; i < sizeof words / sizeof words[0]; i++) {
		if ((size_t)(end - p) < words[i].n ||
		    memcmp(p, words[i].text, words[i].n) != 0)
			continue;
		*v = (struct scan_value) { p, words[i].n, words[i].kind,
		    0, 1, 0 };
		return (p + words[i].n);
	}
	return (fail(err, "a value is expected", p));
}

static const char * scan_any(const char *, const char *, struct scan_value *,
    struct scan_error *, int);

/* "key": with space around the colon; ${p} is at the quote. */
static const char *
scan_key(const char * p, const char * end, struct scan_value * key,
    struct scan_error * err)
{

	if (p >= end || *p != '"')
		return (fail(err, "a name in quotes is expected", p));
	if ((p = scan_string(p, end, key, err)) == NULL)
		return (NULL);
	p = scan_skip_space(p, end);
	if (p >= end || *p != ':')
		return (fail(err, "':' is expected behind a name", p));
	return (scan_skip_space(p + 1, end));
}

/* The array or object whose bracket is at ${p}. */
static const char *
scan_nested(const char * p, const char * end, struct scan_value * v,
    struct scan_error * err, int depth)
{
	const char * start = p;
	int object = (*p == '{');
	char close = object ? '}' : ']';
	struct scan_value inner;

	if (depth >= SCAN_DEPTH_MAX)
		return (fail(err, "nested too deeply", p));
	p = scan_space(p + 1, end);
	if (p < end && *p == close)
		goto done;
	for (;;) {
		if (object && (p = scan_key(p, end, &inner, err)) == NULL)
			return (NULL);
		if ((p = scan_any(p, end, &inner, err, depth + 1)) == NULL)
			return (NULL);
		p = scan_skip_space(p, end);
		if (p < end && *p == close)
			break;
		if (p >= end || *p != ',')
			return (fail(err, object ? "',' or '}' is expected" :
			    "',' or ']' is expected", p));
		p = scan_skip_space(p + 1, end);
	}
done:
	p++;
	*v = (struct scan_value) { start, (size_t)(p - start),
	    object ? SCAN_OBJECT : SCAN_ARRAY, 0, 0, 0 };
	return (p);
}

static const char *
scan_any(const char * p, const char * end, struct scan_value * v,
    struct scan_error * err, int depth)
{

	if (p >= end)
		return (fail(err, "a value is expected", p));
	switch (*p) {
	case '"':
		return (scan_string(p, end, v, err));
	case '{':
	case '[':
		return (scan_nested(p, end, v, err, depth));
	case '-': case '0': case '1': case '2': case '3': case '4':
	case '5': case '6': case '7': case '8': case '9':
		return (scan_number(p, end, v, err));
	default:
		return (scan_word(p, end, v, err));
	}
}

const char *
scan_value(const char * p, const char * end, struct scan_value * v,
    struct scan_error * err)
{

	return (scan_any(p, end, v, err, 0));
}

void
scan_open(struct scan_iter * it, const struct scan_value * v)
{

	it->end = v->p + v->n - 1;	/* the closing bracket */
	it->p = scan_space(v->p + 1, it->end);
}

/* Behind a value: to the next one, or to the end. */
static void
scan_next(struct scan_iter * it)
{

	it->p = scan_space(it->p, it->end);
	if (it->p < it->end)
		it->p = scan_space(it->p + 1, it->end);
}

int
scan_member(struct scan_iter * it, struct scan_value * key,
    struct scan_value * val)
{
	struct scan_error err;

	if (it->p >= it->end)
		return (0);
	it->p = scan_key(it->p, it->end, key, &err);
	it->p = scan_any(it->p, it->end, val, &err, 0);
	scan_next(it);
	return (1);
}

int
scan_element(struct scan_iter * it, struct scan_value * val)
{
	struct scan_error err;

	if (it->p >= it->end)
		return (0);
	it->p = scan_any(it->p, it->end, val, &err, 0);
	scan_next(it);
	return (1);
}

int
scan_uint64(const struct scan_value * v, uint64_t * out)
{
	const char * p = v->p;
	const char * end = v->p + v->n;
	uint64_t n = 0;

	if (v->kind != SCAN_INT)
		return (-1);
	/* The only negative number that fits is -0. */
	if (*p == '-' && *++p != '0')
		return (-1);
	if (v->n < 20) {
		for (; p < end; p++)
			n = n * 10 + (uint64_t)(*p - '0');
		*out = n;
		return (0);
	}
	for (; p < end; p++) {
		if (__builtin_mul_overflow(n, 10, &n) ||
		    __builtin_add_overflow(n, (uint64_t)(*p - '0'), &n))
			return (-1);
	}
	*out = n;
	return (0);
}

int
scan_int64(const struct scan_value * v, int64_t * out)
{
	struct scan_value abs = *v;
	uint64_t n;
	int minus;

	if (v->kind != SCAN_INT)
		return (-1);
	if ((minus = (*v->p == '-'))) {
		abs.p++;
		abs.n--;
	}
	if (scan_uint64(&abs, &n) == -1 || n > (uint64_t)INT64_MAX + minus)
		return (-1);
	*out = minus ? (int64_t)(0 - n) : (int64_t)n;
	return (0);
}

/* The names of one object, decoded, to be sorted. */
struct name {
	const char * p;
	size_t n;
	struct scan_value key;
};

static int
name_compare(const void * va, const void * vb)
{
	const struct name * a = va;
	const struct name * b = vb;
	size_t n = a->n < b->n ? a->n : b->n;
	int c = (n == 0) ? 0 : memcmp(a->p, b->p, n);

	if (c != 0)
		return (c);
	if (a->n != b->n)
		return (a->n < b->n ? -1 : 1);
	/* Equal names in the order of the text. */
	return (a->key.p < b->key.p ? -1 : 1);
}

/* Two of ${n} names are equal: the second one to ${key}. */
static int
names_equal(struct name * names, size_t n, struct scan_value * key)
{
	size_t i;

	if (n < 2)
		return (0);
	qsort(names, n, sizeof *names, name_compare);
	for (i = 1; i < n; i++) {
		if (names[i].n == names[i - 1].n && (names[i].n == 0 ||
		    memcmp(names[i].p, names[i - 1].p, names[i].n) == 0)) {
			*key = names[i].key;
			return (1);
		}
	}
	return (0);
}

static int
object_duplicate(const struct scan_value * v, struct scan_value * key)
{
	struct name * names = NULL;
	struct scan_value k, val;
	struct scan_iter it;
	size_t i, n = 0, cap = 0;
	int found = 0;

	scan_open(&it, v);
	while (!found && scan_member(&it, &k, &val)) {
		found = scan_duplicate(&val, key);
		if (n == cap)
			names = mem_grow(names, cap = cap ? 2 * cap : 8,
			    sizeof *names);
		names[n] = (struct name) { k.p, k.n, k };
		if (k.escaped) {
			char * text = mem_new(k.n, 1);

			names[n].n = scan_decode(&k, text);
			names[n].p = text;
		}
		n++;
	}
	if (!found)
		found = names_equal(names, n, key);
	for (i = 0; i < n; i++) {
		if (names[i].key.escaped)
			free((void *)(uintptr_t)names[i].p);
	}
	free(names);
	return (found);
}

int
scan_duplicate(const struct scan_value * v, struct scan_value * key)
{
	struct scan_value val;
	struct scan_iter it;

	if (v->kind == SCAN_OBJECT)
		return (object_duplicate(v, key));
	if (v->kind != SCAN_ARRAY)
		return (0);
	scan_open(&it, v);
	while (scan_element(&it, &val)) {
		if (scan_duplicate(&val, key))
			return (1);
	}
	return (0);
}
