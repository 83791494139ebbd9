#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "mem.h"
#include "record_impl.h"

struct record_reader *
record_reader_new(void)
{

	return (mem_new(1, sizeof(struct record_reader)));
}

static void
forget_shape(struct record_reader * rd)
{
	size_t i;

	for (i = 0; i < rd->nname; i++)
		free(rd->name[i].text);
	free(rd->name);
	free(rd->table);
	free(rd->seen);
	rd->name = NULL;
	rd->table = NULL;
	rd->seen = NULL;
	rd->nname = rd->mask = 0;
	rd->nmemo = 0;
}

void
record_reader_free(struct record_reader * rd)
{

	if (rd == NULL)
		return;
	forget_shape(rd);
	free(rd->field);
	buf_free(&rd->plain.head);
	buf_free(&rd->plain.mid);
	free(rd->memo);
	buf_free(&rd->memo_text);
	free(rd);
}

/* FNV-1a. */
static size_t
hash(const char * p, size_t n)
{
	uint64_t h = 0xcbf29ce484222325ull;

	for (; n > 0; n--)
		h = (h ^ (unsigned char)*p++) * 0x100000001b3ull;
	return ((size_t)(h ^ h >> 32));
}

void
record_shape(struct record_reader * rd, const char * const * names, size_t n)
{
	size_t i, h;

	forget_shape(rd);
	if (n == 0)
		return;
	for (rd->mask = 15; rd->mask < 2 * n; rd->mask = 2 * rd->mask + 1)
		continue;
	rd->name = mem_new(n, sizeof *rd->name);
	rd->seen = mem_new(n, sizeof *rd->seen);
	rd->table = mem_new(rd->mask + 1, sizeof *rd->table);
	rd->nname = n;
	for (i = 0; i <= rd->mask; i++)
		rd->table[i] = -1;
	for (i = 0; i < n; i++) {
		rd->name[i].text = mem_dup(names[i]);
		rd->name[i].n = strlen(names[i]);
		h = hash(names[i], rd->name[i].n);
		while (rd->table[h & rd->mask] != -1)
			h++;
		rd->table[h & rd->mask] = (int)i;
	}
}

static int
is_name(const struct record_reader * rd, size_t slot, const char * p,
    size_t n)
{

	return (rd->name[slot].n == n &&
	    memcmp(rd->name[slot].text, p, n) == 0);
}

/* The slot of a name that stands behind that of the slot ${last}, or -1. */
static int
find_slot(const struct record_reader * rd, const struct scan_value * key,
    int last)
{
	const char * p = key->p;
	char * text = NULL;
	size_t h, n = key->n;
	int slot;

	if (rd->nname == 0)
		return (-1);
	if (key->escaped) {
		text = mem_new(key->n, 1);
		n = scan_decode(key, text);
		p = text;
	}
	/* Most often they come in order. */
	slot = last + 1;
	if ((size_t)slot == rd->nname || !is_name(rd, (size_t)slot, p, n)) {
		for (h = hash(p, n); (slot = rd->table[h & rd->mask]) != -1 &&
		    !is_name(rd, (size_t)slot, p, n); h++)
			continue;
	}
	free(text);
	return (slot);
}

static int
fail(struct record_error * err, const char * line, const char * what,
    const char * where)
{

	err->what = what;
	err->column = (size_t)(where - line) + 1;
	return (-1);
}

/* The same at the start of a value, with a string's quote. */
static int
fail_at(struct record_error * err, const char * line, const char * what,
    const struct scan_value * v)
{
	size_t n;

	return (fail(err, line, what, scan_raw(v, &n)));
}

/* The row's names weren't the last one's: are any two equal? */
static int
check_names(struct record_reader * rd, const struct record * r,
    struct record_error * err)
{
	struct scan_value dup;
	size_t i;
	int slot, unknown = 0;

	rd->row++;
	for (i = 0; i < r->nfield; i++) {
		if ((slot = r->field[i].slot) == -1) {
			unknown++;
			continue;
		}
		if (rd->seen[slot] == rd->row)
			return (fail(err, r->line, "a name occurs twice",
			    r->field[i].key.p - 1));
		rd->seen[slot] = rd->row;
	}
	if (unknown > 1 && scan_duplicate(&r->record, &dup))
		return (fail(err, r->line, "a name occurs twice", dup.p - 1));
	return (0);
}

/* `"key"` and the colon behind it. */
static const char *
read_key(const char * p, const char * end, struct scan_value * key,
    struct scan_error * se)
{

	if (p >= end || *p != '"') {
		*se = (struct scan_error) { "a name in quotes is expected",
		    p };
		return (NULL);
	}
	if ((p = scan_value(p, end, key, se)) == NULL)
		return (NULL);
	p = scan_skip_space(p, end);
	if (p >= end || *p != ':') {
		*se = (struct scan_error) { "':' is expected behind a name",
		    p };
		return (NULL);
	}
	return (scan_skip_space(p + 1, end));
}

/* Behind a value: step to the next one, or set *done at the end. */
static inline const char *
next_member(const char * p, const char * end, int * done,
    struct scan_error * se)
{

	p = scan_skip_space(p, end);
	if (p < end && *p == ',') {
		*done = 0;
		return (scan_skip_space(p + 1, end));
	}
	if (p < end && *p == '}') {
		*done = 1;
		return (p + 1);
	}
	*se = (struct scan_error) { "',' or '}' is expected", p };
	return (NULL);
}

/* The fields of the object at ${p}, with their slots. */
static const char *
read_fields(struct record_reader * rd, const char * p, const char * end,
    struct record * r, struct record_error * err)
{
	struct scan_error se;
	struct scan_value dup;
	struct record_field * f;
	const char * start = p;
	size_t n = 0;
	int done, slot = -1;

	rd->nmemo = 0;
	p = scan_space(p + 1, end);
	done = (p < end && *p == '}');
	p += done;
	while (!done) {
		if (n == rd->cap) {
			rd->cap = rd->cap ? 2 * rd->cap : 32;
			rd->field = mem_grow(rd->field, rd->cap,
			    sizeof *rd->field);
		}
		f = &rd->field[n];
		if ((p = read_key(p, end, &f->key, &se)) == NULL)
			goto bad;
		f->slot = slot = find_slot(rd, &f->key, slot);
		if ((p = scan_value(p, end, &f->val, &se)) == NULL)
			goto bad;
		if (f->val.kind >= SCAN_ARRAY &&
		    scan_duplicate(&f->val, &dup)) {
			fail(err, r->line, "a name occurs twice", dup.p - 1);
			return (NULL);
		}
		n++;
		if ((p = next_member(p, end, &done, &se)) == NULL)
			goto bad;
	}
	r->record = (struct scan_value) { start, (size_t)(p - start),
	    SCAN_OBJECT, 0, 0, 0 };
	r->field = rd->field;
	r->nfield = n;
	if (check_names(rd, r, err) == -1)
		return (NULL);
	record_keep_fields(rd, r);
	r->shape = rd->shape;
	return (p);
bad:
	fail(err, r->line, se.what, se.where);
	return (NULL);
}

/* What stands in the envelope, by the names of record.5. */
enum member { M_TYPE, M_STREAM, M_OP, M_AT, M_POS, M_RECORD, M_OLD, M_TX,
	M_END, M_VALUE, M_RECORDS, M_REJECTED, M_FILTERED, M_SCHEMA, M_VERSION,
	M_N };

struct envelope {
	struct scan_value m[M_N];	/* p == NULL: not there */
	int unknown;			/* other members */
};

static int
member_of(const struct scan_value * key)
{
	static const struct {
		const char * name;
		uint8_t n;
	} names[M_N] = {
		[M_TYPE] = { "type", 4 }, [M_STREAM] = { "stream", 6 },
		[M_OP] = { "op", 2 }, [M_AT] = { "at", 2 },
		[M_POS] = { "pos", 3 }, [M_RECORD] = { "record", 6 },
		[M_OLD] = { "old", 3 }, [M_TX] = { "tx", 2 },
		[M_END] = { "end", 3 },
		[M_VALUE] = { "value", 5 }, [M_RECORDS] = { "records", 7 },
		[M_REJECTED] = { "rejected", 8 },
		[M_FILTERED] = { "filtered", 8 },
		[M_SCHEMA] = { "schema", 6 }, [M_VERSION] = { "version", 7 }
	};
	int i;

	for (i = 0; i < M_N; i++) {
		if (key->escaped ? scan_equal(key, names[i].name, names[i].n) :
		    key->n == names[i].n &&
		    memcmp(key->p, names[i].name, names[i].n) == 0)
			return (i);
	}
	return (-1);
}

/* All members of the line into ${e}; the fields of `record` into ${r}. */
static int
read_envelope(struct record_reader * rd, struct record * r,
    struct envelope * e, struct record_error * err)
{
	const char * end = r->line + r->len;
	const char * p = scan_space(r->line, end);
	const char * start = p;
	const char * q;
	struct scan_value key, val, dup;
	struct scan_error se;
	int i, done;

	if (p >= end || *p != '{')
		return (fail(err, r->line, "the line is no JSON object", p));
	p = scan_space(p + 1, end);
	done = (p < end && *p == '}');
	p += done;
	while (!done) {
		if ((p = read_key(p, end, &key, &se)) == NULL)
			goto bad;
		i = member_of(&key);
		dup = key;
		if (i != -1 && e->m[i].p != NULL)
			goto twice;
		if (i == M_RECORD && p < end && *p == '{') {
			q = record_quick_fields(rd, r, p);
			if (q == NULL &&
			    (q = read_fields(rd, p, end, r, err)) == NULL)
				return (-1);
			p = q;
			val = r->record;
		} else if ((p = scan_value(p, end, &val, &se)) == NULL)
			goto bad;
		else if (val.kind >= SCAN_ARRAY && scan_duplicate(&val, &dup))
			goto twice;
		if (i != -1)
			e->m[i] = val;
		else
			e->unknown++;
		if ((p = next_member(p, end, &done, &se)) == NULL)
			goto bad;
	}
	val = (struct scan_value) { start, (size_t)(p - start), SCAN_OBJECT,
	    0, 0, 0 };
	if (e->unknown > 1 && scan_duplicate(&val, &dup))
		goto twice;
	p = scan_space(p, end);
	if (p != end)
		return (fail(err, r->line, "something stands behind the "
		    "message", p));
	return (0);
twice:
	return (fail(err, r->line, "a name occurs twice", dup.p - 1));
bad:
	return (fail(err, r->line, se.what, se.where));
}

/* The counts of a STATE: whole numbers that aren't negative. */
static int
read_count(const struct record * r, const struct scan_value * v,
    uint64_t * out, struct record_error * err)
{

	*out = 0;
	if (v->p == NULL || scan_uint64(v, out) == 0)
		return (0);
	return (fail_at(err, r->line, "a count of a STATE is no whole number",
	    v));
}

static int
read_state(struct record * r, const struct envelope * e,
    struct record_error * err)
{

	if (e->m[M_VALUE].p == NULL)
		return (fail(err, r->line, "a STATE without `value`",
		    r->line));
	r->value = e->m[M_VALUE];
	r->counted = (e->m[M_RECORDS].p != NULL);
	if (read_count(r, &e->m[M_RECORDS], &r->records, err) == -1 ||
	    read_count(r, &e->m[M_REJECTED], &r->rejected, err) == -1)
		return (-1);
	return (read_count(r, &e->m[M_FILTERED], &r->filtered, err));
}

static int
read_pos(struct record * r, const struct scan_value * v,
    struct record_error * err)
{
	struct scan_value n;
	struct scan_iter it;

	r->npos = 0;
	if (v->p == NULL || v->kind == SCAN_NULL)
		return (0);
	if (v->kind != SCAN_ARRAY)
		return (fail_at(err, r->line, "`pos` is no array", v));
	scan_open(&it, v);
	while (scan_element(&it, &n)) {
		if (r->npos == RECORD_POS_MAX)
			return (fail_at(err, r->line,
			    "`pos` has more than 8 numbers", &n));
		if (scan_uint64(&n, &r->pos[r->npos++]) == -1)
			return (fail_at(err, r->line,
			    "`pos` holds something else than whole numbers "
			    "below 2^64", &n));
	}
	return (0);
}

/* Without `op`, a deletion is what Singer's taps mark as one. */
static char
implied_op(const struct record * r)
{
	static const char mark[] = "_sdc_deleted_at";
	size_t i;

	for (i = 0; i < r->nfield; i++) {
		if (scan_equal(&r->field[i].key, mark, sizeof mark - 1))
			return (r->field[i].val.kind == SCAN_NULL ? 'r' :
			    'd');
	}
	return ('r');
}

/* The letter of `op`, or NUL if it is none of them. */
static char
read_op(const struct scan_value * op)
{
	const char * letter;

	for (letter = "rcudt"; *letter != '\0'; letter++) {
		if (op->kind == SCAN_STRING && scan_equal(op, letter, 1))
			break;
	}
	return (*letter);
}

static int
read_row(struct record * r, const struct envelope * e,
    struct record_error * err)
{
	const struct scan_value * op = &e->m[M_OP];

	if (e->m[M_RECORD].p == NULL)
		return (fail(err, r->line, "a RECORD without `record`",
		    r->line));
	if (e->m[M_RECORD].kind != SCAN_OBJECT)
		return (fail_at(err, r->line, "`record` is no object",
		    &e->m[M_RECORD]));
	r->at = e->m[M_AT];
	if (r->at.p != NULL && r->at.kind == SCAN_NULL)
		r->at.p = NULL;
	if (r->at.p != NULL && r->at.kind != SCAN_STRING)
		return (fail(err, r->line, "`at` is no string", r->at.p));
	r->op = op->p == NULL ? implied_op(r) : read_op(op);
	if (r->op == '\0')
		return (fail_at(err, r->line, "`op` is none of r c u d t",
		    op));
	return (read_pos(r, &e->m[M_POS], err));
}

/* The type, and what every message of it has to have. */
static int
read_type(struct record * r, const struct envelope * e,
    struct record_error * err)
{
	static const struct {
		const char * name;
		enum record_type type;
	} types[] = {
		{ "RECORD", RECORD_ROW }, { "STATE", RECORD_STATE },
		{ "SCHEMA", RECORD_SCHEMA },
		{ "ACTIVATE_VERSION", RECORD_ACTIVATE_VERSION }
	};
	const struct scan_value * type = &e->m[M_TYPE];
	size_t i;

	if (type->p == NULL || type->kind != SCAN_STRING)
		return (fail(err, r->line, "the message has no `type`",
		    r->line));
	for (i = 0; i < sizeof types / sizeof types[0]; i++) {
		if (scan_equal(type, types[i].name, strlen(types[i].name)))
			break;
	}
	if (i == sizeof types / sizeof types[0])
		return (fail(err, r->line, "unknown `type`", type->p - 1));
	r->type = types[i].type;
	if (r->type == RECORD_STATE)
		return (0);
	r->stream = e->m[M_STREAM];
	if (r->stream.p == NULL || r->stream.kind != SCAN_STRING ||
	    r->stream.n == 0)
		return (fail(err, r->line, "the message has no `stream`",
		    r->line));
	return (0);
}

/* A line of which nothing is known. */
static int
parse_any(struct record_reader * rd, struct record * r,
    struct record_error * err)
{
	struct envelope e;
	const char * p = r->line;

	memset(&e, 0, sizeof e);
	if (read_envelope(rd, r, &e, err) == -1 ||
	    read_type(r, &e, err) == -1)
		return (-1);
	switch (r->type) {
	case RECORD_ROW:
		if (read_row(r, &e, err) == -1)
			return (-1);
		record_keep_envelope(rd, r, &e.m[M_OP], &e.m[M_POS]);
		break;
	case RECORD_STATE:
		return (read_state(r, &e, err));
	case RECORD_SCHEMA:
		if (e.m[M_SCHEMA].p == NULL ||
		    e.m[M_SCHEMA].kind != SCAN_OBJECT)
			return (fail(err, p, "a SCHEMA without `schema`", p));
		break;
	case RECORD_ACTIVATE_VERSION:
		if (e.m[M_VERSION].p == NULL)
			return (fail(err, p,
			    "an ACTIVATE_VERSION without `version`", p));
		break;
	}
	return (0);
}

/*
 * A line that isn't like the last row; only from ${record} on if that isn't
 * NULL.
 */
static int __attribute__((noinline))
parse_plainly(struct record_reader * rd, size_t n, const char * record,
    struct record * r, struct record_error * err)
{
	const char * p = r->line;
	const char * end = memchr(p, '\n', n);

	if (end == NULL)
		end = p + n;
	r->len = (size_t)(end - p);
	if (record != NULL) {
		if ((record = read_fields(rd, record, end, r, err)) == NULL)
			return (-1);
		if (record + 1 == end && *record == '}')
			return (0);
	}
	*r = (struct record) { .line = p, .len = (size_t)(end - p) };
	return (parse_any(rd, r, err));
}

int
record_parse(struct record_reader * rd, const char * p, size_t n,
    struct record * r, struct record_error * err)
{
	const char * record;

	r->line = p;
	if (record_quick(rd, r, p + n, &record))
		return (0);
	return (parse_plainly(rd, n, record, r, err));
}

int
record_pos_compare(const uint64_t * a, size_t na, const uint64_t * b,
    size_t nb)
{
	size_t i;

	for (i = 0; i < na && i < nb; i++) {
		if (a[i] != b[i])
			return (a[i] < b[i] ? -1 : 1);
	}
	return (na < nb ? -1 : na > nb);
}
