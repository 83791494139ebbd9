#include <stdlib.h>
#include <string.h>

#include "../common/linein.h"
#include "../common/mem.h"

#include "decimal.h"

#include "value.h"

#define BLOCK_SIZE	(16u << 10)
#define KEEP_SIZE	(1u << 20)	/* larger blocks are given back */

struct block {
	struct block * next;
	size_t size;
	char bytes[];
};

struct scratch {
	struct block * first;
	struct block * now;	/* where memory is taken from */
	size_t used;		/* of it */
};

const char *
kind_name(unsigned kind)
{
	static const char * const names[] = {
		[SCAN_NULL] = "null", [SCAN_FALSE] = "a boolean",
		[SCAN_TRUE] = "a boolean", [SCAN_INT] = "an integer",
		[SCAN_NUMBER] = "a number with a fraction or exponent",
		[SCAN_STRING] = "a string", [SCAN_ARRAY] = "an array",
		[SCAN_OBJECT] = "an object"
	};

	return (names[kind]);
}

void
kinds_put(struct buf * b, unsigned kinds)
{
	static const struct {
		unsigned bits;
		const char * name;
	} words[] = {
		{ KINDS_BOOL, "boolean" }, { KINDS_NUM, "number" },
		{ KIND(SCAN_INT), "integer" }, { KIND(SCAN_STRING), "string" },
		{ KIND(SCAN_ARRAY), "array" }, { KIND(SCAN_OBJECT), "object" },
		{ KIND(SCAN_NULL), "null" }
	};
	size_t i;
	int n = 0;

	for (i = 0; i < sizeof words / sizeof words[0]; i++) {
		if ((kinds & words[i].bits) != words[i].bits)
			continue;
		kinds &= ~words[i].bits;
		if (n++ > 0)
			buf_puts(b, kinds != 0 ? ", " : " or ");
		buf_puts(b, words[i].name);
	}
}

static struct block *
block_new(size_t size)
{
	struct block * b = mem_new(1, sizeof *b + size);

	b->size = size;
	return (b);
}

struct scratch *
scratch_new(void)
{
	struct scratch * s = mem_new(1, sizeof *s);

	s->first = s->now = block_new(BLOCK_SIZE);
	return (s);
}

void
scratch_reset(struct scratch * s)
{
	struct block * b;

	/* Keep what common records need; one huge value isn't common. */
	while ((b = s->first->next) != NULL) {
		s->first->next = b->next;
		if (b->size > s->first->size && b->size <= KEEP_SIZE) {
			b->next = s->first->next;
			free(s->first);
			s->first = b;
		} else
			free(b);
	}
	s->now = s->first;
	s->used = 0;
}

void
scratch_free(struct scratch * s)
{

	if (s == NULL)
		return;
	scratch_reset(s);
	free(s->first);
	free(s);
}

char *
scratch_get(struct scratch * s, size_t n)
{
	size_t want = n + LINEIN_SLACK;
	char * p;

	if (s->now->size - s->used < want) {
		size_t size = 2 * s->now->size;

		while (size < want)
			size *= 2;
		s->now->next = block_new(size);
		s->now = s->now->next;
		s->used = 0;
	}
	p = s->now->bytes + s->used;
	s->used += want;
	return (p);
}

void
value_text(struct value * v, struct scratch * s)
{
	char * p;

	if (v->text)
		return;
	if (v->v.escaped) {
		p = scratch_get(s, v->v.n);
		v->v.n = scan_decode(&v->v, p);
		v->v.p = p;
		v->v.escaped = 0;
		v->v.ascii = 0;		/* \u00e9 is ASCII as it stands */
	}
	v->text = 1;
}

void
value_set_text(struct value * v, const char * p, size_t n, int ascii)
{

	v->v = (struct scan_value) { p, n, SCAN_STRING, 0, ascii != 0, 0 };
	v->text = 1;
}

void
value_set_word(struct value * v, enum scan_kind kind)
{
	static const char words[3][64] = { "null", "false", "true" };

	v->v = (struct scan_value) { words[kind], strlen(words[kind]),
	    (uint8_t)kind, 0, 1, 0 };
	v->text = 0;
}

void
value_set_int(struct value * v, int64_t i, struct scratch * s)
{
	struct buf b = { scratch_get(s, 24), 0, 24 };

	buf_put_i64(&b, i);
	v->v = (struct scan_value) { b.p, b.n, SCAN_INT, 0, 1, 0 };
	v->text = 0;
}

int
value_set_json(struct value * v, const char * p, size_t n)
{
	struct scan_error err;
	const char * end = p + n;
	const char * q;

	p = scan_space(p, end);
	if (p == end || (q = scan_value(p, end, &v->v, &err)) == NULL ||
	    scan_space(q, end) != end)
		return (-1);
	v->text = 0;
	return (0);
}

struct value *
value_copy(const char * p, size_t n)
{
	struct value * v = mem_new(1, sizeof *v + n + LINEIN_SLACK);
	char * text = (char *)(v + 1);

	memcpy(text, p, n);
	if (value_set_json(v, text, n) == -1)
		abort();	/* the caller parsed it */
	return (v);
}

void
value_put(struct buf * b, const struct value * v)
{
	const char * p;
	size_t n;

	if (v->text) {
		scan_put_text(b, v->v.p, v->v.n);
		return;
	}
	p = scan_raw(&v->v, &n);
	buf_put(b, p, n);
}

/* The text of a string, decoded if need be; *mem is then to be freed. */
static const char *
text_of(const struct value * v, size_t * n, char ** mem)
{

	*mem = NULL;
	*n = v->v.n;
	if (v->text || !v->v.escaped)
		return (v->v.p);
	*mem = mem_new(v->v.n + 1, 1);
	*n = scan_decode(&v->v, *mem);
	return (*mem);
}

static int
string_equal(const struct value * a, const struct value * b)
{
	char * mem;
	const char * p;
	size_t n;
	int equal;

	if (b->text || !b->v.escaped) {
		if (a->text || !a->v.escaped)
			return (a->v.n == b->v.n && (a->v.n == 0 ||
			    memcmp(a->v.p, b->v.p, a->v.n) == 0));
		return (scan_equal(&a->v, b->v.p, b->v.n));
	}
	p = text_of(a, &n, &mem);
	equal = scan_equal(&b->v, p, n);
	free(mem);
	return (equal);
}

static int
number_equal(const struct scan_value * a, const struct scan_value * b)
{
	struct decimal da, db;

	if (a->n == b->n && memcmp(a->p, b->p, a->n) == 0)
		return (1);
	return (decimal_read(a->p, a->n, &da) == 0 &&
	    decimal_read(b->p, b->n, &db) == 0 &&
	    decimal_compare(&da, &db) == 0);
}

static int
array_equal(const struct scan_value * a, const struct scan_value * b)
{
	struct scan_iter ia, ib;
	struct value va = { 0 }, vb = { 0 };

	scan_open(&ia, a);
	scan_open(&ib, b);
	while (scan_element(&ia, &va.v)) {
		if (!scan_element(&ib, &vb.v) || !value_equal(&va, &vb))
			return (0);
	}
	return (!scan_element(&ib, &vb.v));
}

/* Names are unique in each, so one way round and the count are enough. */
static int
object_equal(const struct scan_value * a, const struct scan_value * b)
{
	struct scan_iter ia, ib;
	struct value ka = { 0 }, kb = { 0 }, va = { 0 }, vb = { 0 };
	size_t na = 0, nb = 0;
	int found;

	scan_open(&ia, a);
	while (scan_member(&ia, &ka.v, &va.v)) {
		na++;
		found = 0;
		scan_open(&ib, b);
		while (!found && scan_member(&ib, &kb.v, &vb.v))
			found = string_equal(&ka, &kb);
		if (!found || !value_equal(&va, &vb))
			return (0);
	}
	scan_open(&ib, b);
	while (scan_member(&ib, &kb.v, &vb.v))
		nb++;
	return (na == nb);
}

int
value_equal(const struct value * a, const struct value * b)
{
	unsigned both = KIND(a->v.kind) | KIND(b->v.kind);

	if ((both & ~KINDS_NUM) == 0)
		return (number_equal(&a->v, &b->v));
	if (a->v.kind != b->v.kind)
		return (0);
	switch (a->v.kind) {
	case SCAN_STRING:
		return (string_equal(a, b));
	case SCAN_ARRAY:
		return (array_equal(&a->v, &b->v));
	case SCAN_OBJECT:
		return (object_equal(&a->v, &b->v));
	default:
		return (1);
	}
}

/* FNV-1a. */
#define HASH_START	0xcbf29ce484222325ull
static uint64_t
hash_bytes(uint64_t h, const char * p, size_t n)
{

	while (n-- > 0)
		h = (h ^ (unsigned char)*p++) * 0x100000001b3ull;
	return (h);
}

static uint64_t
hash_number(const struct scan_value * v)
{
	struct decimal d;
	uint64_t h = HASH_START;
	size_t i;

	if (decimal_read(v->p, v->n, &d) == -1)
		return (hash_bytes(h, v->p, v->n));
	h = (h ^ (uint64_t)d.exp) * 31 + (uint64_t)d.minus;
	for (i = 0; i < d.n; i++) {
		if (d.p[i] != '.')
			h = hash_bytes(h, d.p + i, 1);
	}
	return (h);
}

static uint64_t
hash_nested(const struct scan_value * v)
{
	struct scan_iter it;
	struct value key = { 0 }, val = { 0 };
	uint64_t h = HASH_START + v->kind;

	scan_open(&it, v);
	if (v->kind == SCAN_ARRAY) {
		while (scan_element(&it, &val.v))
			h = h * 31 + value_hash(&val);
		return (h);
	}
	/* Members count in any order. */
	while (scan_member(&it, &key.v, &val.v))
		h += value_hash(&key) * 31 ^ value_hash(&val);
	return (h);
}

uint64_t
value_hash(const struct value * v)
{
	const char * p;
	char * mem;
	uint64_t h;
	size_t n;

	switch (v->v.kind) {
	case SCAN_INT:
	case SCAN_NUMBER:
		return (hash_number(&v->v));
	case SCAN_STRING:
		p = text_of(v, &n, &mem);
		h = hash_bytes(HASH_START, p, n);
		free(mem);
		return (h);
	case SCAN_ARRAY:
	case SCAN_OBJECT:
		return (hash_nested(&v->v));
	default:
		return (v->v.kind);
	}
}

unsigned
value_depth(const struct scan_value * v)
{
	unsigned depth = 0, most = 0;
	const char * p = v->p;
	const char * end = v->p + v->n;
	int quoted = 0;

	if ((KIND(v->kind) & KINDS_NESTED) == 0)
		return (0);
	for (; p < end; p++) {
		if (*p == '\\')
			p++;
		else if (*p == '"')
			quoted = !quoted;
		else if (quoted)
			continue;
		else if (*p == '{' || *p == '[') {
			if (++depth > most)
				most = depth;
		} else if (*p == '}' || *p == ']')
			depth--;
	}
	return (most);
}
