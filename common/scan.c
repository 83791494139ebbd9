#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "mem.h"
#include "scan_fast.h"

#include "scan.h"

/* Nonzero if any of eight bytes is '"', '\\' or a control byte. */
#define REP		SCAN_REP
#define BELOW(x, c)	(((x) - REP(c)) & ~(x) & REP(0x80))
static inline uint64_t
special8(uint64_t x)
{

	return (BELOW(x, 0x20) | BELOW(x ^ REP('"'), 1) |
	    BELOW(x ^ REP('\\'), 1));
}

static inline uint32_t
load4(const char * p)
{
	uint32_t x;

	memcpy(&x, p, 4);
	return (x);
}

static inline int
is_special(char c)
{

	return ((unsigned char)c < 0x20 || c == '"' || c == '\\');
}

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

/* Four hexadecimal digits, or -1. */
static int
hex4(const char * p, const char * end)
{
	int i, d, v = 0;

	if (end - p < 4)
		return (-1);
	for (i = 0; i < 4; i++) {
		char c = p[i];

		if (scan_is_digit(c))
			d = c - '0';
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			d = (c | 0x20) - 'a' + 10;
		else
			return (-1);
		v = v * 16 + d;
	}
	return (v);
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
	if ((u = hex4(p + 2, end)) == -1)
		return (fail(err, "\\u without four hexadecimal digits", p));
	if (u >= 0xdc00 && u <= 0xdfff)
		return (fail(err, "a low surrogate without a high one", p));
	if (u < 0xd800 || u > 0xdbff)
		return (p + 6);
	if (end - p < 12 || p[6] != '\\' || p[7] != 'u' ||
	    (u = hex4(p + 8, end)) < 0xdc00 || u > 0xdfff)
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
	const char * q = scan_digits(p, end);

	return (q < end ? q : end);
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
		    0, 1 };
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
	    object ? SCAN_OBJECT : SCAN_ARRAY, 0, 0 };
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

/* Store a code point as UTF-8; return its length. */
static size_t
put_utf8(char * dst, unsigned u)
{

	if (u < 0x80) {
		dst[0] = (char)u;
		return (1);
	}
	if (u < 0x800) {
		dst[0] = (char)(0xc0 | u >> 6);
		dst[1] = (char)(0x80 | (u & 0x3f));
		return (2);
	}
	if (u < 0x10000) {
		dst[0] = (char)(0xe0 | u >> 12);
		dst[1] = (char)(0x80 | (u >> 6 & 0x3f));
		dst[2] = (char)(0x80 | (u & 0x3f));
		return (3);
	}
	dst[0] = (char)(0xf0 | u >> 18);
	dst[1] = (char)(0x80 | (u >> 12 & 0x3f));
	dst[2] = (char)(0x80 | (u >> 6 & 0x3f));
	dst[3] = (char)(0x80 | (u & 0x3f));
	return (4);
}

/* Decode the escape at ${*p}, known to be whole, and step over it. */
static size_t
decode_escape(const char ** p, const char * end, char * dst)
{
	unsigned u;

	switch ((*p)[1]) {
	case 'b': *dst = '\b'; break;
	case 'f': *dst = '\f'; break;
	case 'n': *dst = '\n'; break;
	case 'r': *dst = '\r'; break;
	case 't': *dst = '\t'; break;
	case 'u':
		u = (unsigned)hex4(*p + 2, end);
		*p += 6;
		if (u >= 0xd800 && u <= 0xdbff) {
			u = 0x10000 + ((u - 0xd800) << 10) +
			    ((unsigned)hex4(*p + 2, end) - 0xdc00);
			*p += 6;
		}
		return (put_utf8(dst, u));
	default:
		*dst = (*p)[1];
	}
	*p += 2;
	return (1);
}

size_t
scan_decode(const struct scan_value * v, char * dst)
{
	const char * p = v->p;
	const char * end = v->p + v->n;
	const char * q;
	char * d = dst;

	if (!v->escaped) {
		memcpy(dst, v->p, v->n);
		return (v->n);
	}
	while (p < end) {
		if ((q = memchr(p, '\\', (size_t)(end - p))) == NULL)
			q = end;
		memcpy(d, p, (size_t)(q - p));
		d += q - p;
		p = q;
		if (p < end)
			d += decode_escape(&p, end, d);
	}
	return ((size_t)(d - dst));
}

int
scan_equal(const struct scan_value * v, const char * s, size_t n)
{
	char small[256];
	char * text;
	size_t len;
	int equal;

	if (!v->escaped)
		return (v->n == n && memcmp(v->p, s, n) == 0);
	if (v->n < n)
		return (0);
	text = v->n <= sizeof small ? small : mem_new(v->n, 1);
	len = scan_decode(v, text);
	equal = (len == n && memcmp(text, s, n) == 0);
	if (text != small)
		free(text);
	return (equal);
}

size_t
scan_chars(const struct scan_value * v)
{
	const char * p = v->p;
	const char * end = v->p + v->n;
	size_t chars = 0;
	int u;

	if (v->ascii && !v->escaped)
		return (v->n);
	while (p < end) {
		if (*p != '\\') {
			chars += (*p++ & 0xc0) != 0x80;
			continue;
		}
		chars++;
		if (p[1] != 'u')
			p += 2;
		else if ((u = hex4(p + 2, end)) >= 0xd800 && u <= 0xdbff)
			p += 12;
		else
			p += 6;
	}
	return (chars);
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

/*
 * Copy bytes until one has to be escaped.  ${dst} has room for ${n} bytes.
 * Nothing is read behind the ${n} bytes: they may end where the memory does.
 * Return how many were copied; or the high bits seen into ${high}.
 */
static size_t
copy_clean(char * dst, const char * p, size_t n, uint64_t * high)
{
	size_t i = 0;
	struct scan_block b;

	for (; n - i >= SCAN_BLOCK; i += SCAN_BLOCK) {
		b = scan_look(p + i);
		*high |= b.high;
		memcpy(dst + i, p + i, SCAN_BLOCK);
		if (b.special != 0)
			return (i + (size_t)__builtin_ctz(b.special));
	}
	if (n - i >= 8) {
		uint64_t x = scan_load8(p + i), y = scan_load8(p + n - 8);

		if ((special8(x) | special8(y)) == 0) {
			*high |= (x | y) & REP(0x80);
			memcpy(dst + i, &x, 8);
			memcpy(dst + n - 8, &y, 8);
			return (n);
		}
	} else if (n - i >= 4) {
		uint64_t x = load4(p + i) |
		    (uint64_t)load4(p + n - 4) << 32;

		if (special8(x) == 0) {
			*high |= x & REP(0x80);
			memcpy(dst + i, p + i, 4);
			memcpy(dst + n - 4, p + n - 4, 4);
			return (n);
		}
	}
	for (; i < n && !is_special(p[i]); i++) {
		*high |= (unsigned char)p[i] & 0x80;
		dst[i] = p[i];
	}
	return (i);
}

/* The escape of one byte; return its length, at most 6. */
static size_t
put_escape(char * dst, char c)
{
	static const char hex[] = "0123456789abcdef";
	static const char shorts[] = "btn?fr";	/* from 8 to 13 */

	dst[0] = '\\';
	if (c == '"' || c == '\\')
		dst[1] = c;
	else if (c >= 8 && c <= 13 && c != 11)
		dst[1] = shorts[c - 8];
	else {
		memcpy(dst + 1, "u00", 3);
		dst[4] = hex[c >> 4 & 1];
		dst[5] = hex[c & 15];
		return (6);
	}
	return (2);
}

int
scan_put_text(struct buf * b, const char * p, size_t n)
{
	size_t start = b->n, done = 0;
	uint64_t high = 0;

	buf_putc(b, '"');
	for (;;) {
		char * dst = buf_room(b, n - done + 8);
		size_t len = copy_clean(dst, p + done, n - done, &high);

		done += len;
		b->n += len;
		if (done == n)
			break;
		b->n += put_escape(dst + len, p[done++]);
	}
	buf_putc(b, '"');
	if (high && scan_utf8_bad(p, n) != NULL) {
		b->n = start;
		return (-1);
	}
	return (0);
}
