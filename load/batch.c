#include <bson/bson.h>
#include <stdlib.h>
#include <string.h>

#include "../common/mem.h"

#include "bsonw.h"
#include "resolve.h"

#include "batch.h"

/* The writes of a batch together may take this much; a single one, more. */
#define BYTES_MAX	(8u << 20)

/* A slot of the table of keys; it counts only in its own round. */
struct slot {
	uint32_t op;
	uint32_t round;
};

struct batch {
	char * collection;
	char * change;		/* the change field */
	size_t max;
	int keep;
	struct batch_op * op;
	size_t n;
	struct buf bytes;
	struct buf text;
	struct slot * table;
	size_t mask;
	uint32_t round;
	uint64_t decimals;
};

struct batch *
batch_new(const char * collection, size_t max, int keep)
{
	struct batch * b = mem_new(1, sizeof *b);

	b->collection = mem_dup(collection);
	b->max = max;
	b->keep = keep;
	b->op = mem_new(max, sizeof *b->op);
	for (b->mask = 15; b->mask < 2 * max; b->mask = 2 * b->mask + 1)
		continue;
	b->table = mem_new(b->mask + 1, sizeof *b->table);
	b->round = 1;
	return (b);
}

void
batch_free(struct batch * b)
{

	if (b == NULL)
		return;
	free(b->collection);
	free(b->change);
	free(b->op);
	free(b->table);
	buf_free(&b->bytes);
	buf_free(&b->text);
	free(b);
}

void
batch_clear(struct batch * b)
{

	b->n = 0;
	buf_clear(&b->bytes);
	buf_clear(&b->text);
	if (++b->round == 0) {
		memset(b->table, 0, (b->mask + 1) * sizeof *b->table);
		b->round = 1;
	}
}

int
batch_full(const struct batch * b)
{

	return (b->n == b->max || b->bytes.n + b->text.n >= BYTES_MAX);
}

size_t
batch_count(const struct batch * b)
{

	return (b->n);
}

struct batch_op *
batch_op(struct batch * b, size_t i)
{

	return (&b->op[i]);
}

const char *
batch_collection(const struct batch * b)
{

	return (b->collection);
}

const char *
batch_bytes(const struct batch * b, size_t at)
{

	return (b->bytes.p + at);
}

const char *
batch_message(const struct batch * b, size_t at)
{

	return (b->text.p + at);
}

const char *
batch_change(const struct batch * b)
{

	return (b->change);
}

uint64_t
batch_decimals(struct batch * b)
{
	uint64_t n = b->decimals;

	b->decimals = 0;
	return (n);
}

void
batch_seen(struct batch * b, struct batch_op * op, const char * v, size_t n)
{

	op->seen = (uint32_t)b->bytes.n;
	op->seen_n = (uint8_t)n;
	buf_put(&b->bytes, v, n);
}

/* Eight bytes at a time, multiplied and folded. */
static size_t
hash(const char * p, size_t n)
{
	const uint64_t k = UINT64_C(0x9e3779b97f4a7c15);
	uint64_t h = n * k, w;

	for (; n >= 8; p += 8, n -= 8) {
		memcpy(&w, p, 8);
		h = (h ^ w) * k;
		h ^= h >> 29;
	}
	w = 0;
	memcpy(&w, p, n);
	h = (h ^ w) * k;
	return ((size_t)(h ^ h >> 32));
}

/* The slot of a key: its own, or the free one where it would be. */
static struct slot *
slot_of(const struct batch * b, const char * key, size_t n)
{
	const struct batch_op * op;
	struct slot * s;
	size_t h;

	for (h = hash(key, n);; h++) {
		s = &b->table[h & b->mask];
		if (s->round != b->round)
			return (s);
		op = &b->op[s->op];
		if (op->key_n == n &&
		    memcmp(b->bytes.p + op->key, key, n) == 0)
			return (s);
	}
}

struct batch_op *
batch_find(struct batch * b, const char * key, size_t n)
{
	struct slot * s = slot_of(b, key, n);

	return (s->round == b->round ? &b->op[s->op] : NULL);
}

/* Eight hexadecimal digits. */
static void
put_hex(uint32_t v, char * dst)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t x = v, letters;

	/* A digit a byte, the highest in front. */
	x = (x & 0xffff) << 32 | x >> 16;
	x = (x & UINT64_C(0x000000ff000000ff)) << 16 |
	    (x >> 8 & UINT64_C(0x000000ff000000ff));
	x = (x & UINT64_C(0x000f000f000f000f)) << 8 |
	    (x >> 4 & UINT64_C(0x000f000f000f000f));
	letters = (x + ones * 6) >> 4 & ones;
	x += ones * '0' + letters * ('a' - '0' - 10);
	memcpy(dst, &x, 8);
}

size_t
batch_version(const uint64_t * pos, size_t npos, char * dst)
{
	char * p = dst;
	size_t i;

	for (i = 0; i < npos; i++) {
		if (i > 0)
			*p++ = '.';
		put_hex((uint32_t)(pos[i] >> 32), p);
		put_hex((uint32_t)pos[i], p + 8);
		p += 16;
	}
	return ((size_t)(p - dst));
}

/* The key of a row; a new one where the stream has none. */
static int
add_key(struct batch * b, struct bsonizer * z, const struct plan * plan,
    const struct record * r, struct batch_op * op,
    struct bsonize_error * err)
{
	bson_oid_t oid;

	op->key = (uint32_t)b->bytes.n;
	if (plan->key != PLAN_KEY_NONE) {
		if (bsonize_key(z, plan, r, &b->bytes, err) == -1)
			return (-1);
	} else if (r->op == 'd') {
		*err = (struct bsonize_error) { "key", "a deletion needs a "
		    "key, and the stream has none", NULL, 0 };
		return (-1);
	} else {
		bson_oid_init(&oid, NULL);
		op->made_key = 1;
		buf_putc(&b->bytes, BSONW_OBJECTID);
		buf_put(&b->bytes, oid.bytes, sizeof oid.bytes);
	}
	op->key_n = (uint32_t)b->bytes.n - op->key;
	return (0);
}

/* The version, and when the row was changed. */
static int
add_times(struct batch * b, struct bsonizer * z, const struct plan * plan,
    const struct record * r, struct batch_op * op,
    struct bsonize_error * err)
{
	int has_at;

	op->v = (uint32_t)b->bytes.n;
	op->v_n = (uint8_t)batch_version(r->pos, r->npos,
	    buf_room(&b->bytes, BATCH_VERSION_MAX));
	b->bytes.n += op->v_n;
	if ((has_at = bsonize_time(z, plan, r, &op->at_ms)) == -1) {
		*err = (struct bsonize_error) { "at", "the time of the change "
		    "is no time", NULL, 0 };
		return (-1);
	}
	op->has_at = (uint8_t)has_at;
	return (0);
}

static int
add_document(struct batch * b, struct bsonizer * z, const struct plan * plan,
    const struct record * r, struct batch_op * op,
    const struct batch_options * opt, struct bsonize_error * err)
{
	char v[BATCH_VERSION_MAX];
	struct bsonize_stamp stamp = { NULL, 0, op->has_at, op->at_ms,
	    opt->has_version, opt->version, 0 };
	char key_small[64];
	char * key = key_small;
	int rc;

	/* The buffer may move while the document grows. */
	if (op->key_n > sizeof key_small)
		key = mem_new(op->key_n, 1);
	memcpy(key, b->bytes.p + op->key, op->key_n);
	if (op->v_n > 0) {
		memcpy(v, b->bytes.p + op->v, op->v_n);
		stamp.v = v;
		stamp.v_n = op->v_n;
	}
	op->doc = (uint32_t)b->bytes.n;
	rc = bsonize_document(z, plan, r, key, op->key_n, &stamp, &b->bytes,
	    err);
	if (key != key_small)
		free(key);
	op->doc_n = (uint32_t)b->bytes.n - op->doc;
	b->decimals += stamp.decimals;
	return (rc);
}

/* How the write is sent at first. */
static void
choose_guard(struct batch_op * op, const struct plan * plan,
    const struct batch_options * opt)
{

	op->verb = (op->doc_n == 0) ? BATCH_DELETE :
	    (opt->insert || plan->key == PLAN_KEY_NONE) ? BATCH_INSERT :
	    BATCH_UPDATE;
	op->guard = (op->v_n == 0) ? BATCH_GUARD_NONE :
	    (opt->newest && op->has_at && plan->change != -1) ?
	    BATCH_GUARD_NEWEST : BATCH_GUARD_VERSION;
}

/* Does the write that is there stay, rather than the new one? */
static int
old_wins(const struct batch * b, const struct batch_op * old,
    const struct batch_op * op)
{

	if (old->v_n == 0 || op->v_n == 0)
		return (0);
	return (resolve_compare(b->bytes.p + old->v, old->v_n,
	    b->bytes.p + op->v, op->v_n) > 0);
}

/* Keep the message of a write. */
static void
keep_text(struct batch * b, const struct record * r, struct batch_op * op)
{

	if (!b->keep)
		return;
	op->text = (uint32_t)b->text.n;
	op->text_n = (uint32_t)r->len;
	buf_put(&b->text, r->line, r->len);
}

static void
set_change(struct batch * b, const struct plan * plan)
{

	free(b->change);
	b->change = (plan->change == -1) ? NULL :
	    mem_dup(plan->field[plan->change].elem + 1);
}

enum batch_result
batch_add(struct batch * b, struct bsonizer * z, const struct plan * plan,
    const struct record * r, uint64_t line,
    const struct batch_options * opt, struct bsonize_error * err)
{
	struct batch_op op;
	struct slot * s;
	size_t start = b->bytes.n;

	if (b->n == 0)
		set_change(b, plan);
	memset(&op, 0, sizeof op);
	op.line = line;
	if (add_key(b, z, plan, r, &op, err) == -1 ||
	    add_times(b, z, plan, r, &op, err) == -1)
		goto bad;

	/* Of two writes of a key the one of the higher version stays. */
	s = slot_of(b, b->bytes.p + op.key, op.key_n);
	if (s->round == b->round && old_wins(b, &b->op[s->op], &op)) {
		b->bytes.n = start;
		return (BATCH_MERGED);
	}
	if (r->op != 'd' &&
	    add_document(b, z, plan, r, &op, opt, err) == -1)
		goto bad;
	choose_guard(&op, plan, opt);
	keep_text(b, r, &op);
	if (s->round == b->round) {
		b->op[s->op] = op;
		return (BATCH_MERGED);
	}
	s->op = (uint32_t)b->n;
	s->round = b->round;
	b->op[b->n++] = op;
	return (BATCH_ADDED);

bad:
	b->bytes.n = start;
	return (BATCH_BAD);
}

/* An element whose value is {"$lte": ...}, open. */
static size_t
open_lte(struct buf * out, const char * name)
{

	return (bsonw_nested(out, BSONW_DOCUMENT, name));
}

/*
 * The version isn't one that load wrote, whatever stands in its place:
 * {"_sync.v": {"$not": {"$type": "string"}}}.
 */
static void
put_no_version(struct buf * out)
{
	size_t field = bsonw_nested(out, BSONW_DOCUMENT, PLAN_STAMP ".v");
	size_t not = bsonw_nested(out, BSONW_DOCUMENT, "$not");

	bsonw_text(out, "$type", "string", 6);
	bsonw_close(out, not);
	bsonw_close(out, field);
}

/* The filter of one write, as the member q. */
static void
put_filter(const struct batch * b, const struct batch_op * op,
    struct buf * out)
{
	size_t q, in;

	q = bsonw_nested(out, BSONW_DOCUMENT, "q");
	bsonw_value(out, "_id", b->bytes.p + op->key, op->key_n);
	switch ((enum batch_guard)op->guard) {
	case BATCH_GUARD_NONE:
		break;
	case BATCH_GUARD_NEWEST:
	case BATCH_GUARD_VERSION:
		in = open_lte(out, PLAN_STAMP ".v");
		bsonw_text(out, "$lte", b->bytes.p + op->v, op->v_n);
		bsonw_close(out, in);
		if (op->guard == BATCH_GUARD_VERSION)
			break;
		in = open_lte(out, b->change);
		bsonw_date(out, "$lte", op->at_ms);
		bsonw_close(out, in);
		break;
	case BATCH_GUARD_EXACT:
		bsonw_text(out, PLAN_STAMP ".v", b->bytes.p + op->seen,
		    op->seen_n);
		break;
	case BATCH_GUARD_NO_VERSION:
		put_no_version(out);
		break;
	}
	bsonw_close(out, q);
}

/* The bytes of a string constant, without its NUL. */
#define PUT(p, text)	(memcpy((p), (text), sizeof(text) - 1), \
    (p) + sizeof(text) - 1)

static inline char *
put_bytes(char * p, const char * from, size_t n)
{

	memcpy(p, from, n);
	return (p + n);
}

/* The length of the document from ${start} on, which ends before ${p}. */
static inline char *
put_end(char * start, char * p)
{
	uint32_t n;

	*p++ = '\0';
	n = (uint32_t)(p - start);
	memcpy(start, &n, 4);
	return (p);
}

/*
 * The same as put_write() for an update that is guarded by its version, as
 * nearly all are: written in one go.
 */
static void
put_update(const struct batch * b, const struct batch_op * op, size_t index,
    struct buf * out)
{
	const char * key = b->bytes.p + op->key;
	size_t change_n = b->change != NULL ? strlen(b->change) : 0;
	char * p, * start, * q, * lte;
	uint32_t v_n = op->v_n + 1;

	bsonw_index(out, BSONW_DOCUMENT, index);
	start = p = buf_room(out, op->key_n + op->v_n + change_n + op->doc_n +
	    128);
	p = PUT(p + 4, "\x03q\0");
	q = p;
	p += 4;
	*p++ = key[0];
	p = PUT(p, "_id\0");
	p = put_bytes(p, key + 1, op->key_n - 1);
	p = PUT(p, "\x03" PLAN_STAMP ".v\0");
	lte = p;
	p = PUT(p + 4, "\x02$lte\0");
	memcpy(p, &v_n, 4);
	p = put_bytes(p + 4, b->bytes.p + op->v, op->v_n);
	*p++ = '\0';
	p = put_end(lte, p);
	if (op->guard == BATCH_GUARD_NEWEST) {
		*p++ = BSONW_DOCUMENT;
		p = put_bytes(p, b->change, change_n + 1);
		lte = p;
		p = PUT(p + 4, "\x09$lte\0");
		memcpy(p, &op->at_ms, 8);
		p = put_end(lte, p + 8);
	}
	p = put_end(q, p);
	p = PUT(p, "\x03u\0");
	p = put_bytes(p, b->bytes.p + op->doc, op->doc_n);
	p = PUT(p, "\x08upsert\0\1");
	p = put_end(start, p);
	out->n += (size_t)(p - start);
}

/* One element of the command's array. */
static void
put_write(const struct batch * b, const struct batch_op * op, size_t index,
    enum batch_verb verb, struct buf * out)
{
	size_t start;

	if (verb == BATCH_UPDATE && (op->guard == BATCH_GUARD_VERSION ||
	    op->guard == BATCH_GUARD_NEWEST)) {
		put_update(b, op, index, out);
		return;
	}
	bsonw_index(out, BSONW_DOCUMENT, index);
	if (verb == BATCH_INSERT) {
		buf_put(out, b->bytes.p + op->doc, op->doc_n);
		return;
	}
	start = bsonw_open(out);
	put_filter(b, op, out);
	if (verb == BATCH_DELETE)
		bsonw_int32(out, "limit", 1);
	else {
		buf_putc(out, BSONW_DOCUMENT);
		buf_put(out, "u", 2);
		buf_put(out, b->bytes.p + op->doc, op->doc_n);
		bsonw_bool(out, "upsert", 1);
	}
	bsonw_close(out, start);
}

size_t
batch_command(const struct batch * b, enum batch_verb verb,
    const size_t * ops, size_t n, size_t max, struct buf * out)
{
	static const char * const names[][2] = {
		[BATCH_INSERT] = { "insert", "documents" },
		[BATCH_UPDATE] = { "update", "updates" },
		[BATCH_DELETE] = { "delete", "deletes" }
	};
	size_t i, start, array, before;

	buf_clear(out);
	start = bsonw_open(out);
	bsonw_text(out, names[verb][0], b->collection,
	    strlen(b->collection));
	bsonw_bool(out, "ordered", 0);
	array = bsonw_nested(out, BSONW_ARRAY, names[verb][1]);
	for (i = 0; i < n; i++) {
		before = out->n;
		put_write(b, &b->op[ops[i]], i, verb, out);
		if (i > 0 && out->n + 2 > max) {
			out->n = before;
			break;
		}
	}
	bsonw_close(out, array);
	bsonw_close(out, start);
	return (i);
}

void
batch_filter(const struct batch * b, const size_t * ops, size_t n,
    struct buf * out)
{
	size_t start, id, in, i;
	const struct batch_op * op;

	start = bsonw_open(out);
	if (n == 1) {
		op = &b->op[ops[0]];
		bsonw_value(out, "_id", b->bytes.p + op->key, op->key_n);
		bsonw_close(out, start);
		return;
	}
	id = bsonw_nested(out, BSONW_DOCUMENT, "_id");
	in = bsonw_nested(out, BSONW_ARRAY, "$in");
	for (i = 0; i < n; i++) {
		op = &b->op[ops[i]];
		bsonw_index(out, b->bytes.p[op->key], i);
		buf_put(out, b->bytes.p + op->key + 1, op->key_n - 1);
	}
	bsonw_close(out, in);
	bsonw_close(out, id);
	bsonw_close(out, start);
}
