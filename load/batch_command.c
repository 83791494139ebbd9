#include <string.h>

#include "bsonw.h"

#include "batch_impl.h"

/* The bytes of a string constant, without its NUL.  ${p} is evaluated twice. */
#define PUT(p, text)	(memcpy((p), (text), sizeof(text) - 1), \
    (p) + sizeof(text) - 1)

static const struct verb {
	const char * name, * array;
} verbs[] = {
	[BATCH_INSERT] = { "insert", "documents" },
	[BATCH_UPDATE] = { "update", "updates" },
	[BATCH_DELETE] = { "delete", "deletes" },
	[BATCH_MARK] = { "update", "updates" }
};

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
 * The filter of a write with one of the guards that it has at first, as the
 * member q.  There has to be room: see filter_room().
 */
static char *
put_first_filter(const struct batch * b, const struct batch_op * op, char * p)
{
	const char * key = b->notes.p + op->key;
	uint32_t v_n = op->v_n + 1;
	char * q, * lte;

	p = PUT(p, "\x03q\0");
	q = p;
	p += 4;
	*p++ = key[0];
	p = PUT(p, "_id\0");
	p = bsonw_copy(p, key + 1, op->key_n - 1);
	if (op->guard == BATCH_GUARD_NONE)
		return (put_end(q, p));
	p = PUT(p, "\x03" PLAN_STAMP ".v\0");
	lte = p;
	p = PUT(p + 4, "\x02$lte\0");
	memcpy(p, &v_n, 4);
	p = bsonw_copy(p + 4, b->notes.p + op->v, op->v_n);
	*p++ = '\0';
	p = put_end(lte, p);
	if (op->guard == BATCH_GUARD_NEWEST) {
		*p++ = BSONW_DOCUMENT;
		memcpy(p, b->change, b->change_n + 1);
		p += b->change_n + 1;
		lte = p;
		p = PUT(p + 4, "\x09$lte\0");
		memcpy(p, &op->at_ms, 8);
		p = put_end(lte, p + 8);
	}
	return (put_end(q, p));
}

static inline size_t
filter_room(const struct batch * b, const struct batch_op * op)
{

	return (op->key_n + op->v_n + b->change_n + 128);
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
	char * p;
	size_t q;

	if (op->guard != BATCH_GUARD_EXACT &&
	    op->guard != BATCH_GUARD_NO_VERSION) {
		p = buf_room(out, filter_room(b, op));
		out->n += (size_t)(put_first_filter(b, op, p) - p);
		return;
	}
	q = bsonw_nested(out, BSONW_DOCUMENT, "q");
	bsonw_value(out, "_id", b->notes.p + op->key, op->key_n);
	if (op->guard == BATCH_GUARD_EXACT)
		bsonw_text(out, PLAN_STAMP ".v", b->notes.p + op->seen,
		    op->seen_n);
	else
		put_no_version(out);
	bsonw_close(out, q);
}

/* Behind the document of an update. */
static inline void
put_update_end(struct buf * out, size_t start)
{
	char * p = buf_room(out, 16);

	p = PUT(p, "\x08upsert\0\1");
	out->n = (size_t)(put_end(out->p + start, p) - out->p);
}

/* One more, in digits. */
static inline void
count_up(struct batch * b)
{
	char * p = b->index + BATCH_DIGITS - 1;

	for (; *p == '9'; p--)
		*p = '0';
	if (p < b->index + BATCH_DIGITS - b->index_n) {
		*p = '0';
		b->index_n++;
	}
	(*p)++;
}

size_t
batch_lay_open(struct batch * b, const struct batch_op * op)
{
	struct buf * out = &b->bytes;
	char * p = buf_room(out, filter_room(b, op));
	size_t at;

	*p++ = BSONW_DOCUMENT;
	memcpy(p, b->index + BATCH_DIGITS - b->index_n, BATCH_DIGITS);
	p += b->index_n;
	*p++ = '\0';
	at = (size_t)(p - out->p);
	if (op->verb == BATCH_UPDATE) {
		p = put_first_filter(b, op, p + 4);
		p = PUT(p, "\x03u\0");
	}
	out->n = (size_t)(p - out->p);
	return (at);
}

void
batch_lay_close(struct batch * b, const struct batch_op * op, size_t at)
{

	if (op->verb == BATCH_UPDATE)
		put_update_end(&b->bytes, at);
	count_up(b);
	if (b->laid == LAID_NONE)
		b->laid = op->verb;
	else if (b->laid != op->verb)
		b->laid = LAID_MIXED;
}

/* A command up to its first write.  Its lengths are filled in later. */
static size_t
put_head(const struct batch * b, enum batch_verb verb, struct buf * out)
{

	(void)bsonw_open(out);
	bsonw_text(out, verbs[verb].name, b->collection,
	    strlen(b->collection));
	bsonw_bool(out, "ordered", 0);
	return (bsonw_nested(out, BSONW_ARRAY, verbs[verb].array));
}

void
batch_lay_head(struct batch * b)
{

	if (b->head == 0) {
		(void)put_head(b, BATCH_INSERT, &b->bytes);
		b->head = b->bytes.n;
	}
	b->bytes.n = b->head;
	b->laid = LAID_NONE;
	memset(b->index, '0', sizeof b->index);
	b->index_n = 1;
}

/* The command that the batch itself is. */
static void
whole_command(struct batch * b, enum batch_verb verb, struct buf * spare,
    struct batch_command * cmd)
{
	size_t array, start, n = b->bytes.n;

	buf_clear(spare);
	array = put_head(b, verb, spare);
	start = b->head - spare->n;
	memcpy(b->bytes.p + start, spare->p, spare->n);
	bsonw_close(&b->bytes, start + array);
	bsonw_close(&b->bytes, start);
	cmd->p = b->bytes.p + start;
	cmd->n = b->bytes.n - start;
	b->bytes.n = n;
}

/* One element of the command's array. */
static void
put_write(const struct batch * b, const struct batch_op * op, size_t index,
    enum batch_verb verb, struct buf * out)
{
	size_t start;
	int64_t ms;

	bsonw_index(out, BSONW_DOCUMENT, index);
	if (verb == BATCH_INSERT) {
		buf_put(out, b->bytes.p + op->doc, op->doc_n);
		return;
	}
	start = bsonw_open(out);
	put_filter(b, op, out);
	if (verb == BATCH_DELETE) {
		bsonw_int32(out, "limit", 1);
		bsonw_close(out, start);
		return;
	}
	if (verb == BATCH_MARK) {
		memcpy(&ms, b->notes.p + op->doc, sizeof ms);
		deletes_put_mark(out, b->notes.p + op->v, op->v_n, ms);
		bsonw_close(out, start);
		return;
	}
	buf_putc(out, BSONW_DOCUMENT);
	buf_put(out, "u", 2);
	buf_put(out, b->bytes.p + op->doc, op->doc_n);
	put_update_end(out, start);
}

size_t
batch_command(struct batch * b, enum batch_verb verb, const size_t * ops,
    size_t n, size_t max, struct buf * spare, struct batch_command * cmd)
{
	size_t i, array, before;

	if (b->laid == (int)verb && n == b->n && b->bytes.n + 2 <= max) {
		whole_command(b, verb, spare, cmd);
		return (n);
	}
	buf_clear(spare);
	array = put_head(b, verb, spare);
	for (i = 0; i < n; i++) {
		before = spare->n;
		put_write(b, &b->op[ops[i]], i, verb, spare);
		if (i > 0 && spare->n + 2 > max) {
			spare->n = before;
			break;
		}
	}
	bsonw_close(spare, array);
	bsonw_close(spare, 0);
	*cmd = (struct batch_command) { spare->p, spare->n };
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
		bsonw_value(out, "_id", b->notes.p + op->key, op->key_n);
		bsonw_close(out, start);
		return;
	}
	id = bsonw_nested(out, BSONW_DOCUMENT, "_id");
	in = bsonw_nested(out, BSONW_ARRAY, "$in");
	for (i = 0; i < n; i++) {
		op = &b->op[ops[i]];
		bsonw_index(out, b->notes.p[op->key], i);
		buf_put(out, b->notes.p + op->key + 1, op->key_n - 1);
	}
	bsonw_close(out, in);
	bsonw_close(out, id);
	bsonw_close(out, start);
}
