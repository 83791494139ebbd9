#include <stdlib.h>
#include <string.h>

#include "../common/mem.h"
#include "../common/scan_fast.h"

#include "bsonw.h"
#include "quick_value.h"

#include "quick.h"

/*
 * common/record_quick.c remembers a line as well, but not the same of it: all
 * fields, each at its place, for values that are looked at later.  Here any
 * may be left out, and each is written while it is read.
 */
#define KEYS_MAX	8	/* fields up to the last one of the key */
#define TAIL		"],\"record\":"
#define LEARN_ALWAYS	8	/* rows that it is tried with in vain, */
#define LEARN_RARELY	64	/* before it is tried with one in so many */

/* The bytes of a string constant, without its NUL.  ${p} is evaluated twice. */
#define PUT(p, text)	(memcpy((p), (text), sizeof(text) - 1), \
    (p) + sizeof(text) - 1)

/* How a value is read; QUICK_CLOSER by scan.h and bsonize.h. */
enum how { QUICK_CLOSER, QUICK_SKIP, QUICK_TEXT, QUICK_INT32, QUICK_INT64,
	QUICK_DECIMAL, QUICK_DATE };

/* One field, in the order in which they come; any may be left out. */
struct step {
	size_t name;		/* `"name":`, in names */
	size_t name_n;
	unsigned mask;		/* for scan_same32(); 0: it is longer */
	const struct plan_field * field;
	int slot;
	enum how how;
};

struct quick {
	struct bsonizer * z;
	const struct plan * plan;
	struct step * step;
	size_t nstep, cap;	/* nstep = 0: nothing was learned */
	struct buf names;
	size_t room;		/* for all fields, without their values */
	size_t nkeys;		/* fields up to the last one of the key */
	enum how key;		/* of a whole number that is the first field,
				 * _id or not; else QUICK_CLOSER */

	/* The line up to the time, and from behind it up to the running
	 * number; all of it in `mid` if rows have no time. */
	struct buf head, mid;
	int has_at;
	uint64_t pos[RECORD_POS_MAX];
	size_t npos;

	struct quick_day day;
	int has_change;
	int64_t change_ms;
	unsigned vain;		/* rows since it was of use */
};

struct quick *
quick_new(struct bsonizer * z)
{
	struct quick * q = mem_new(1, sizeof *q);

	q->z = z;
	q->day = (struct quick_day)QUICK_DAY_FIRST;
	return (q);
}

void
quick_free(struct quick * q)
{

	if (q == NULL)
		return;
	free(q->step);
	buf_free(&q->names);
	buf_free(&q->head);
	buf_free(&q->mid);
	free(q);
}

/*
 * The envelope: `"pos":[` and the numbers directly before the record, and
 * the time, if there is one, somewhere before them.
 */
static int
learn_envelope(struct quick * q, const struct record * r)
{
	const char * end = r->line + r->len;
	const char * last = r->record.p - (sizeof TAIL - 1);
	const char * open, * start = r->line;

	if (r->npos == 0 || r->at.escaped ||
	    r->record.p + r->record.n + 1 != end ||
	    (size_t)(r->record.p - r->line) < sizeof TAIL + 8 ||
	    memcmp(last, TAIL, sizeof TAIL - 1) != 0)
		return (-1);
	while (scan_is_digit(last[-1]))
		last--;
	for (open = last - 1; scan_is_digit(*open) || *open == ','; open--)
		continue;
	if (open - r->line < 8 || memcmp(open - 6, "\"pos\":[", 7) != 0 ||
	    (open[-7] != ',' && open[-7] != '{'))
		return (-1);
	buf_clear(&q->head);
	if ((q->has_at = (r->at.p != NULL))) {
		if (r->at.n != QUICK_TIME || r->at.p > open)
			return (-1);
		buf_put(&q->head, r->line, (size_t)(r->at.p - r->line));
		start = r->at.p + r->at.n;
	}
	buf_clear(&q->mid);
	buf_put(&q->mid, start, (size_t)(last - start));
	memcpy(q->pos, r->pos, sizeof q->pos);
	q->npos = r->npos;
	return (0);
}

static enum how
how_to_read(const struct plan_field * f)
{

	switch (f->type.kind) {
	case PLAN_STRING:
		return (QUICK_TEXT);
	case PLAN_INT32:
		return (QUICK_INT32);
	case PLAN_INT64:
	case PLAN_INTEGER:
		return (QUICK_INT64);
	case PLAN_DECIMAL:
		return (QUICK_DECIMAL);
	case PLAN_DATE:
		return (QUICK_DATE);
	default:
		return (QUICK_CLOSER);
	}
}

/* One more field, whose name stands in a line as the ${n} bytes ${name}. */
static int
add_step(struct quick * q, size_t slot, const char * name, size_t n)
{
	const struct plan_field * f = &q->plan->field[slot];
	struct step * s;

	if (f->refused != NULL || f->extra != NULL)
		return (-1);
	if (q->nstep == q->cap) {
		q->cap = q->cap ? 2 * q->cap : 16;
		q->step = mem_grow(q->step, q->cap, sizeof *q->step);
	}
	s = &q->step[q->nstep++];
	*s = (struct step) { q->names.n, n + 3, n + 3 > 32 ? 0 :
	    UINT32_MAX >> (32 - (n + 3)), f, (int)slot,
	    f->elem == NULL ? QUICK_SKIP : how_to_read(f) };
	buf_putc(&q->names, '"');
	buf_put(&q->names, name, n);
	buf_puts(&q->names, "\":");
	q->room += f->elem_n + QUICK_ROOM;
	return (0);
}

/* Are the row's fields in the order of the SCHEMA? */
static int
in_order(const struct record * r)
{
	size_t i;
	int last = -1;

	for (i = 0; i < r->nfield; i++) {
		if (r->field[i].slot <= last)
			return (0);
		last = r->field[i].slot;
	}
	return (1);
}

/*
 * All fields of the SCHEMA, if the row has them in that order, so that others
 * may have more or less; else those of the row.
 */
static int
learn_fields(struct quick * q, const struct record * r)
{
	const struct plan * plan = q->plan;
	size_t i;

	for (i = 0; i < r->nfield; i++) {
		if (r->field[i].slot == -1)
			return (-1);
	}
	buf_clear(&q->names);
	q->room = 0;
	if (in_order(r)) {
		for (i = 0; i < plan->nfield; i++) {
			if (add_step(q, i, plan->field[i].name,
			    plan->field[i].name_n) == -1)
				return (-1);
		}
		return (0);
	}
	for (i = 0; i < r->nfield; i++) {
		if (add_step(q, (size_t)r->field[i].slot, r->field[i].key.p,
		    r->field[i].key.n) == -1)
			return (-1);
	}
	return (0);
}

/* The key's properties have to be the first ones. */
static int
learn_key(struct quick * q)
{
	const struct plan * plan = q->plan;
	size_t i, j;

	if (plan->key == PLAN_KEY_NONE)
		return (-1);
	q->nkeys = 0;
	for (i = 0; i < plan->nkeys; i++) {
		for (j = 0; j < q->nstep && j < KEYS_MAX; j++) {
			if (q->step[j].slot == (int)plan->keys[i])
				break;
		}
		if (j == q->nstep || j == KEYS_MAX)
			return (-1);
		if (q->nkeys < j + 1)
			q->nkeys = j + 1;
	}
	q->key = how_to_read(q->step[0].field);
	if (q->nkeys != 1 || plan->nkeys != 1 ||
	    (q->key != QUICK_INT32 && q->key != QUICK_INT64))
		q->key = QUICK_CLOSER;
	return (0);
}

void
quick_learn(struct quick * q, const struct plan * plan,
    const struct record * r)
{

	if (++q->vain > LEARN_ALWAYS && q->vain % LEARN_RARELY != 0)
		return;
	q->nstep = 0;
	q->plan = plan;
	if (r->op == 'd' || r->op == 't' || r->nfield == 0 ||
	    (r->at.p == NULL && plan->change != -1))
		return;
	if (learn_envelope(q, r) == -1 || learn_fields(q, r) == -1 ||
	    learn_key(q) == -1)
		q->nstep = 0;
}

const struct plan *
quick_plan(const struct quick * q)
{

	return (q->plan);
}

const uint64_t *
quick_pos(const struct quick * q, size_t * npos)
{

	*npos = q->npos;
	return (q->pos);
}

int
quick_open(struct quick * q, const char * p, size_t n,
    struct quick_row * row)
{
	const char * end = p + n;
	const char * start;

	if (q->nstep == 0 || n <= q->head.n + q->mid.n + QUICK_TIME +
	    sizeof TAIL + 20)
		return (-1);
	row->line = p;
	row->end = end;
	row->next = NULL;
	row->at_ms = 0;
	if ((row->has_at = q->has_at)) {
		if (!scan_same(p, q->head.p, q->head.n))
			return (-1);
		p += q->head.n;
		if (!quick_time(&q->day, p, &row->at_ms))
			return (-1);
		p += QUICK_TIME;
	}
	if (!scan_same(p, q->mid.p, q->mid.n))
		return (-1);
	p += q->mid.n;

	/* Up to 19 digits can't overflow; none of them is a leading zero. */
	start = p;
	p = scan_digits(p);
	if (p == start || p - start > 19 || (*start == '0' && p > start + 1))
		return (-1);
	if (memcmp(p, TAIL, sizeof TAIL - 1) != 0)
		return (-1);
	row->pos = scan_decimal(start, (size_t)(p - start));
	row->fields = p + sizeof TAIL - 1;
	return (0);
}

/* Does the name of the field stand at ${p}, and something behind it? */
static inline int
is_name(const struct quick * q, const struct step * s, const char * p,
    const char * end)
{

	const char * name = q->names.p + s->name;

	return (end - p > (ptrdiff_t)s->name_n && (s->mask != 0 ?
	    scan_same32(p, name, s->mask) : scan_same(p, name, s->name_n)));
}

static inline const char *
read_value(const char * p, const char * end, struct scan_value * v,
    struct scan_error * se)
{
	const char * q = scan_simple(p, v);

	return (q != NULL ? q : scan_value(p, end, v, se));
}

/* The key's fields, split as record.h splits them. */
static int
key_by_record(struct quick * q, const char * p, const char * end,
    struct buf * out)
{
	struct record_field field[KEYS_MAX];
	struct bsonize_error err;
	struct scan_error se;
	struct record r;
	size_t i;

	memset(&r, 0, sizeof r);
	for (i = 0; i < q->nkeys; i++) {
		const struct step * s = &q->step[i];

		if (*p++ != (i == 0 ? '{' : ',') || !is_name(q, s, p, end))
			return (-1);
		field[i].slot = s->slot;
		p = read_value(p + s->name_n, end, &field[i].val, &se);
		if (p == NULL)
			return (-1);
	}
	r.field = field;
	r.nfield = q->nkeys;
	return (bsonize_key(q->z, q->plan, &r, out, &err));
}

int
quick_key(struct quick * q, struct quick_row * row, struct buf * out)
{
	const struct step * s = q->step;
	const char * p = row->fields;
	char * d;
	int64_t v;

	if (q->key == QUICK_CLOSER)
		return (key_by_record(q, p, row->end, out));
	if (*p++ != '{' || !is_name(q, s, p, row->end))
		return (-1);
	p = quick_int(p + s->name_n, &v);
	if (p == NULL || p >= row->end || (*p != ',' && *p != '}'))
		return (key_by_record(q, row->fields, row->end, out));
	row->next = p;
	d = buf_room(out, 9);
	if (q->key == QUICK_INT64) {
		d[0] = BSONW_INT64;
		memcpy(d + 1, &v, 8);
		out->n += 9;
	} else {
		if (v < INT32_MIN || v > INT32_MAX)
			return (-1);
		d[0] = BSONW_INT32;
		memcpy(d + 1, &v, 4);
		out->n += 5;
	}
	return (0);
}

int
quick_peek(struct quick * q, const char * p, size_t n, struct buf * out)
{
	struct quick_row row;

	return (quick_open(q, p, n, &row) == -1 ? -1 :
	    quick_key(q, &row, out));
}

/*
 * A value that isn't of the usual form, at ${p}: the element whose type is
 * at ${head} in ${out} is completed.  Return the byte behind the value.
 */
static const char *
look_closer(struct quick * q, const struct step * s, const char * p,
    const char * end, struct buf * out, size_t head)
{
	struct scan_value v, dup;
	struct scan_error se;
	int type;

	if (p >= end || (p = read_value(p, end, &v, &se)) == NULL ||
	    (v.kind >= SCAN_ARRAY && scan_duplicate(&v, &dup)))
		return (NULL);
	if (s->how == QUICK_SKIP)
		return (s->slot == q->plan->deleted_at &&
		    v.kind != SCAN_NULL ? NULL : p);
	if ((type = bsonize_value(q->z, q->plan, &s->field->type, &v,
	    out)) == -1)
		return (NULL);
	out->p[head] = (char)type;
	if (s->slot == q->plan->change && type == BSONW_DATE) {
		q->has_change = 1;
		memcpy(&q->change_ms, out->p + out->n - 8, 8);
	}
	return (p);
}

/*
 * The value at ${p}, in its usual form, to ${*dst}; its type to ${head}.
 * Return the byte behind it, or NULL if it wants a closer look.
 */
static inline const char *
put_usual(struct quick * q, const struct step * s, const char * p,
    const char * end, char * head, char ** dst)
{
	int64_t v;

	if (*p == 'n') {
		*head = BSONW_NULL;
		return (end - p > 4 && memcmp(p, "null", 4) == 0 ? p + 4 :
		    NULL);
	}
	switch (s->how) {
	case QUICK_TEXT:
		*head = BSONW_STRING;
		return (quick_text(p, end, dst));
	case QUICK_INT32:
		*head = BSONW_INT32;
		if ((p = quick_int(p, &v)) == NULL || p >= end ||
		    (*p != ',' && *p != '}') || v < INT32_MIN ||
		    v > INT32_MAX)
			return (NULL);
		memcpy(*dst, &v, 4);
		*dst += 4;
		return (p);
	case QUICK_INT64:
		*head = BSONW_INT64;
		if ((p = quick_int(p, &v)) == NULL || p >= end ||
		    (*p != ',' && *p != '}'))
			return (NULL);
		memcpy(*dst, &v, 8);
		*dst += 8;
		return (p);
	case QUICK_DECIMAL:
		*head = BSONW_DECIMAL;
		return (quick_decimal(p, end, dst));
	case QUICK_DATE:
		*head = BSONW_DATE;
		if ((p = quick_date(&q->day, p, end, &v)) == NULL)
			return (NULL);
		memcpy(*dst, &v, 8);
		*dst += 8;
		if (s->slot == q->plan->change) {
			q->has_change = 1;
			q->change_ms = v;
		}
		return (p);
	case QUICK_CLOSER:
	case QUICK_SKIP:
		break;
	}
	return (NULL);
}

/*
 * The fields from the one of ${s} on, with ${sep} at ${p} before the first.
 * Return the byte behind the last, or NULL.
 */
static const char *
put_fields(struct quick * q, const struct step * s, const char * p, char sep,
    const char * end, struct buf * out)
{
	const struct step * stop = q->step + q->nstep;
	char * d = out->p + out->n;
	const char * next;
	char * head;

	for (; *p == sep; s++, sep = ',') {
		for (p++; s < stop && !is_name(q, s, p, end); s++)
			continue;
		if (s == stop)
			return (NULL);
		p += s->name_n;
		head = d;
		if (s->how != QUICK_SKIP)
			d = quick_copy(d, s->field->elem, s->field->elem_n);
		next = put_usual(q, s, p, end, head, &d);
		if (next == NULL) {
			out->n = (size_t)(d - out->p);
			next = look_closer(q, s, p, end, out,
			    (size_t)(head - out->p));
			if (next == NULL)
				return (NULL);
			d = buf_room(out, q->room + (size_t)(end - next));
		}
		p = next;
	}
	out->n = (size_t)(d - out->p);
	return (p);
}

/* The stamp, as the last field, and the end of the document. */
static void
put_stamp(const struct quick * q, const struct bsonize_stamp * s,
    struct buf * out, size_t start)
{
	char * p = buf_room(out, s->v_n + 64);
	char * stamp;
	uint32_t n = (uint32_t)s->v_n + 1;

	p = PUT(p, "\x03" PLAN_STAMP "\0");
	stamp = p;
	p = PUT(p + 4, "\x02v\0");
	memcpy(p, &n, 4);
	p = quick_copy(p + 4, s->v, s->v_n);
	*p++ = '\0';
	if (s->has_at) {
		p = PUT(p, "\x09" "at\0");
		memcpy(p, &s->at_ms, 8);
		p += 8;
	}
	if (q->has_change && !(s->has_at && s->at_ms == q->change_ms)) {
		p = PUT(p, "\x09" "c\0");
		memcpy(p, &q->change_ms, 8);
		p += 8;
	}
	*p++ = '\0';
	n = (uint32_t)(p - stamp);
	memcpy(stamp, &n, 4);
	*p++ = '\0';
	out->n = (size_t)(p - out->p);
	n = (uint32_t)(out->n - start);
	memcpy(out->p + start, &n, 4);
}

int
quick_document(struct quick * q, const struct quick_row * row,
    const char * key, size_t key_n, const struct bsonize_stamp * stamp,
    struct buf * out)
{
	size_t start = out->n;
	const struct step * s = q->step;
	const char * p;
	char * d;

	q->has_change = 0;
	d = buf_room(out, 2 * key_n + 16 + q->room +
	    (size_t)(row->end - row->fields)) + 4;
	*d++ = key[0];
	d = PUT(d, "_id\0");
	d = quick_copy(d, key + 1, key_n - 1);
	if (row->next != NULL && s->how != QUICK_SKIP) {
		/* The first field is the key. */
		quick_copy(d, s->field->elem, s->field->elem_n);
		*d = key[0];
		d = quick_copy(d + s->field->elem_n, key + 1, key_n - 1);
	}
	out->n = (size_t)(d - out->p);
	p = (row->next != NULL) ?
	    put_fields(q, s + 1, row->next, ',', row->end, out) :
	    put_fields(q, s, row->fields, '{', row->end, out);
	if (p == NULL || row->end - p != 2 || p[0] != '}' || p[1] != '}')
		return (-1);
	put_stamp(q, stamp, out, start);
	if (out->n - start > BSONIZE_MAX)
		return (-1);
	q->vain = 0;
	return (0);
}
