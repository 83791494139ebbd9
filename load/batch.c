#include <bson/bson.h>
#include <stdlib.h>
#include <string.h>

#include "../common/mem.h"
#include "../common/timestamp.h"

#include "bsonw.h"
#include "resolve.h"
#include "version.h"

#include "batch_impl.h"

/* The writes of a batch together may take this much; a single one, more. */
#define BYTES_MAX	(8u << 20)

struct batch *
batch_new(const char * collection, size_t max, int keep)
{
	struct batch * b = mem_new(1, sizeof *b);

	b->collection = mem_dup(collection);
	b->max = max;
	b->bytes_max = BYTES_MAX;
	b->keep = keep;
	b->op = mem_new(max, sizeof *b->op);
	for (b->mask = 15; b->mask < 2 * max; b->mask = 2 * b->mask + 1)
		continue;
	b->table = mem_new(b->mask + 1, sizeof *b->table);
	b->round = 1;
	batch_clear(b);
	return (b);
}

void
batch_limit(struct batch * b, size_t n)
{

	b->limit = n < b->max ? n : b->max;
}

void
batch_share(struct batch * b, size_t n)
{

	b->bytes_max = BYTES_MAX / n;
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
	buf_free(&b->notes);
	buf_free(&b->text);
	free(b);
}

void
batch_clear(struct batch * b)
{

	b->n = 0;
	b->limit = b->max;
	batch_lay_head(b);
	buf_clear(&b->notes);
	buf_clear(&b->text);
	b->sorted = 1;
	b->last = INT64_MIN;
	if (++b->round == 0) {
		memset(b->table, 0, (b->mask + 1) * sizeof *b->table);
		b->round = 1;
	}
}

int
batch_full(const struct batch * b)
{

	return (b->n >= b->limit ||
	    b->bytes.n + b->notes.n + b->text.n >= b->bytes_max);
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
batch_document(const struct batch * b, const struct batch_op * op)
{

	return (b->bytes.p + op->doc);
}

const char *
batch_note(const struct batch * b, size_t at)
{

	return (b->notes.p + at);
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

	b->laid = LAID_MIXED;
	if (v == NULL) {
		op->guard = BATCH_GUARD_NO_VERSION;
		return;
	}
	op->guard = BATCH_GUARD_EXACT;
	op->seen = (uint32_t)b->notes.n;
	op->seen_n = (uint8_t)n;
	buf_put(&b->notes, v, n);
}

/* Eight bytes at a time, multiplied and folded. */
size_t
batch_hash(const char * p, size_t n)
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

	for (h = batch_hash(key, n);; h++) {
		s = &b->table[h & b->mask];
		if (s->round != b->round)
			return (s);
		op = &b->op[s->op];
		if (op->key_n == n &&
		    memcmp(b->notes.p + op->key, key, n) == 0)
			return (s);
	}
}

/* Is the key a whole number above all others of the batch? */
static inline int
is_next(struct batch * b, const char * key, size_t n)
{
	int64_t v;
	int32_t small;

	if (!b->sorted)
		return (0);
	if (key[0] == BSONW_INT64 && n == 9)
		memcpy(&v, key + 1, 8);
	else if (key[0] == BSONW_INT32 && n == 5) {
		memcpy(&small, key + 1, 4);
		v = small;
	} else
		return (0);
	b->next = v;
	return (v > b->last || b->n == 0);
}

/* The keys aren't sorted, or one of them is wanted: fill the table. */
static void
fill_table(struct batch * b)
{
	struct slot * s;
	size_t i;

	if (!b->sorted)
		return;
	b->sorted = 0;
	for (i = 0; i < b->n; i++) {
		s = slot_of(b, b->notes.p + b->op[i].key, b->op[i].key_n);
		*s = (struct slot) { (uint32_t)i, b->round };
	}
}

/* The slot of a new write's key; NULL where none is needed. */
static inline struct slot *
find_slot(struct batch * b, const struct batch_op * op)
{
	const char * key = b->notes.p + op->key;

	if (is_next(b, key, op->key_n))
		return (NULL);
	fill_table(b);
	return (slot_of(b, key, op->key_n));
}

struct batch_op *
batch_find(struct batch * b, const char * key, size_t n)
{
	struct slot * s;

	fill_table(b);
	s = slot_of(b, key, n);
	return (s->round == b->round ? &b->op[s->op] : NULL);
}

/* The key of a row; a new one where the stream has none. */
static int
add_key(struct batch * b, struct bsonizer * z, const struct plan * plan,
    const struct record * r, struct batch_op * op,
    struct bsonize_error * err)
{
	bson_oid_t oid;

	if (plan->key != PLAN_KEY_NONE)
		return (bsonize_key(z, plan, r, &b->notes, err));
	if (r->op == 'd') {
		*err = (struct bsonize_error) { "key", "a deletion needs a "
		    "key, and the stream has none", NULL, 0 };
		return (-1);
	}
	bson_oid_init(&oid, NULL);
	op->made_key = 1;
	buf_putc(&b->notes, BSONW_OBJECTID);
	buf_put(&b->notes, oid.bytes, sizeof oid.bytes);
	return (0);
}

/* When the row was changed. */
static int
add_time(struct bsonizer * z, const struct plan * plan,
    const struct record * r, struct batch_op * op,
    struct bsonize_error * err)
{
	int has_at = bsonize_time(z, plan, r, &op->at_ms);

	op->has_at = (has_at == 1);
	if (has_at != -1)
		return (0);
	*err = (struct bsonize_error) { "at", "the time of the change is no "
	    "time", NULL, 0 };
	return (-1);
}

/* The document, where it stands in a command. */
static int
add_document(struct batch * b, struct bsonizer * z, const struct plan * plan,
    const struct record * r, struct batch_op * op,
    const struct batch_options * opt, struct bsonize_error * err)
{
	struct bsonize_stamp stamp = { op->v_n > 0 ? b->notes.p + op->v :
	    NULL, op->v_n, op->has_at, op->at_ms, opt->has_version,
	    opt->version, 0 };
	size_t at = batch_lay_open(b, op);

	op->doc = (uint32_t)b->bytes.n;
	if (bsonize_document(z, plan, r, b->notes.p + op->key, op->key_n,
	    &stamp, &b->bytes, err) == -1)
		return (-1);
	op->doc_n = (uint32_t)b->bytes.n - op->doc;
	batch_lay_close(b, op, at);
	b->decimals += stamp.decimals;
	return (0);
}

/* When the row was deleted whose document is marked: now, if not known. */
static void
add_mark(struct batch * b, struct bsonizer * z, const struct plan * plan,
    const struct record * r, struct batch_op * op)
{
	int64_t ms;

	if (!bsonize_deleted(z, plan, r, &ms))
		ms = timestamp_now() / 1000;
	op->doc = (uint32_t)b->notes.n;
	buf_put(&b->notes, &ms, sizeof ms);
}

/* How the write is sent at first. */
static inline void
choose_guard(struct batch_op * op, int deletes, const struct plan * plan,
    const struct batch_options * opt)
{

	op->verb = deletes ? (opt->mark ? BATCH_MARK : BATCH_DELETE) :
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
	return (resolve_compare(b->notes.p + old->v, old->v_n,
	    b->notes.p + op->v, op->v_n) > 0);
}

/* Keep the message of a write. */
static inline void
keep_text(struct batch * b, const char * line, size_t n,
    struct batch_op * op)
{

	if (!b->keep)
		return;
	op->text = (uint32_t)b->text.n;
	op->text_n = (uint32_t)n;
	buf_put(&b->text, line, n);
}

static void
set_change(struct batch * b, const struct plan * plan)
{

	free(b->change);
	b->change = (plan->change == -1) ? NULL :
	    mem_dup(plan->field[plan->change].elem + 1);
	b->change_n = b->change != NULL ? strlen(b->change) : 0;
}

/* The write, which is new_op()'s, is whole: it is one of the batch. */
static inline enum batch_result
put_op(struct batch * b, const struct batch_op * op, struct slot * s)
{

	if (s != NULL && s->round == b->round) {
		b->op[s->op] = *op;
		b->laid = LAID_MIXED;
		return (BATCH_MERGED);
	}
	if (s != NULL)
		*s = (struct slot) { (uint32_t)b->n, b->round };
	else
		b->last = b->next;
	b->n++;
	return (BATCH_ADDED);
}

/* A write more, where it will stay unless its key has one. */
static inline struct batch_op *
new_op(struct batch * b, uint64_t line)
{
	struct batch_op * op = &b->op[b->n];

	*op = (struct batch_op) { .key = (uint32_t)b->notes.n, .line = line };
	return (op);
}

enum batch_result
batch_add(struct batch * b, struct bsonizer * z, const struct plan * plan,
    const struct record * r, uint64_t line,
    const struct batch_options * opt, struct bsonize_error * err)
{
	struct batch_op * op = new_op(b, line);
	struct slot * s;
	size_t bytes = b->bytes.n, notes = b->notes.n;

	if (b->n == 0)
		set_change(b, plan);
	if (add_key(b, z, plan, r, op, err) == -1 ||
	    add_time(z, plan, r, op, err) == -1)
		goto bad;
	op->key_n = (uint32_t)b->notes.n - op->key;
	op->v = (uint32_t)b->notes.n;
	op->v_n = (uint8_t)version_put(r->pos, r->npos,
	    buf_room(&b->notes, VERSION_MAX));
	b->notes.n += op->v_n;

	/* Of two writes of a key the one of the higher version stays. */
	s = find_slot(b, op);
	if (s != NULL && s->round == b->round &&
	    old_wins(b, &b->op[s->op], op)) {
		b->notes.n = notes;
		return (BATCH_MERGED);
	}
	choose_guard(op, r->op == 'd', plan, opt);
	if (r->op == 'd') {
		b->laid = LAID_MIXED;
		if (opt->mark)
			add_mark(b, z, plan, r, op);
	} else if (add_document(b, z, plan, r, op, opt, err) == -1)
		goto bad;
	keep_text(b, r->line, r->len, op);
	return (put_op(b, op, s));

bad:
	b->bytes.n = bytes;
	b->notes.n = notes;
	return (BATCH_BAD);
}

enum batch_result
batch_add_quick(struct batch * b, struct quick * q, struct quick_row * row,
    uint64_t line, const struct batch_options * opt)
{
	struct batch_op * op = new_op(b, line);
	struct bsonize_stamp stamp;
	struct slot * s;
	size_t at, bytes = b->bytes.n, notes = b->notes.n;
	char * p;

	if (b->n == 0)
		set_change(b, quick_plan(q));
	op->has_at = (uint8_t)row->has_at;
	op->at_ms = row->at_ms;
	op->key_n = (uint32_t)row->key_n;
	p = buf_room(&b->notes, row->key_n + VERSION_MAX);
	p = bsonw_copy(p, row->key, row->key_n);
	op->v = op->key + op->key_n;
	op->v_n = (uint8_t)quick_version(q, row, p);
	b->notes.n += row->key_n + op->v_n;
	s = find_slot(b, op);
	if (s != NULL && s->round == b->round && old_wins(b, &b->op[s->op],
	    op))
		goto bad;
	choose_guard(op, 0, quick_plan(q), opt);
	at = batch_lay_open(b, op);
	op->doc = (uint32_t)b->bytes.n;
	stamp = (struct bsonize_stamp) { p, op->v_n, op->has_at, op->at_ms,
	    0, 0, 0 };
	if (quick_document(q, row, &stamp, &b->bytes) == -1)
		goto bad;
	op->doc_n = (uint32_t)b->bytes.n - op->doc;
	batch_lay_close(b, op, at);
	keep_text(b, row->line, row->n, op);
	return (put_op(b, op, s));

bad:
	b->bytes.n = bytes;
	b->notes.n = notes;
	return (BATCH_BAD);
}
