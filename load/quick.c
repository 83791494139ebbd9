#include <stdlib.h>
#include <string.h>

#include "../common/mem.h"
#include "../common/scan_fast.h"

#include "bsonw.h"
#include "version.h"

#include "quick_impl.h"

#define QUICK_LINE	(64u << 10)	/* of a line that is read quickly */

/* The bytes of a string constant, without its NUL.  ${p} is evaluated twice. */
#define PUT(p, text)	(memcpy((p), (text), sizeof(text) - 1), \
    (p) + sizeof(text) - 1)

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
	buf_free(&q->version);
	buf_free(&q->id);
	free(q);
}

const struct plan *
quick_plan(const struct quick * q)
{

	return (q->plan);
}

size_t
quick_version(const struct quick * q, const struct quick_row * row, char * dst)
{
	char * p = bsonw_copy(dst, q->version.p, q->version.n);

	return ((size_t)(version_number(row->pos, p) - dst));
}

/* The envelope, up to the fields. */
static inline int
open_envelope(struct quick * q, const char * p, size_t n,
    struct quick_row * row)
{
	const char * start;

	if (q->nstep == 0 || n <= q->head.n + q->mid.n + QUICK_TIME +
	    sizeof QUICK_TAIL + 20)
		return (-1);
	row->line = p;
	row->end = p + (n < QUICK_LINE ? n : QUICK_LINE);
	row->newline = row->next = NULL;
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
	if (memcmp(p, QUICK_TAIL, sizeof QUICK_TAIL - 1) != 0)
		return (-1);
	row->pos = scan_decimal(start, (size_t)(p - start));
	row->fields = p + sizeof QUICK_TAIL - 1;
	return (0);
}

/* The end of the line, of which ${p} is a part; NULL if it isn't there. */
static const char *
find_newline(struct quick_row * row, const char * p)
{

	if (row->newline == NULL && p < row->end)
		row->newline = memchr(p, '\n', (size_t)(row->end - p));
	return (row->newline);
}

/* Does the name of the field stand at ${p}? */
static inline int
is_name(const struct quick * q, const struct quick_step * s, const char * p,
    const char * end)
{

	if (s->name_n <= sizeof s->name.text)
		return (scan_begins(p, &s->name));
	return (end - p > (ptrdiff_t)s->name_n &&
	    scan_same(p, q->names.p + s->name_at, s->name_n));
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
key_by_record(struct quick * q, struct quick_row * row)
{
	const char * p = row->fields;
	const char * end = find_newline(row, p);
	struct record_field field[QUICK_KEYS];
	struct bsonize_error err;
	struct scan_error se;
	struct record r;
	size_t i;

	if (end == NULL)
		return (-1);
	memset(&r, 0, sizeof r);
	for (i = 0; i < q->nkeys; i++) {
		const struct quick_step * s = &q->step[i];

		if (*p++ != (i == 0 ? '{' : ',') || !is_name(q, s, p, end))
			return (-1);
		field[i].slot = s->slot;
		p = read_value(p + s->name_n, end, &field[i].val, &se);
		if (p == NULL)
			return (-1);
	}
	r.field = field;
	r.nfield = q->nkeys;
	buf_clear(&q->id);
	return (bsonize_key(q->z, q->plan, &r, &q->id, &err));
}

/* The key, as a whole number if that is what it is. */
static inline int
read_key(struct quick * q, struct quick_row * row)
{
	const struct quick_step * s = q->step;
	const char * p = row->fields;
	char * d;
	int64_t v;

	if (q->key == QUICK_CLOSER)
		return (key_by_record(q, row));
	if (*p++ != '{' || !is_name(q, s, p, row->end))
		return (-1);
	p = quick_int(p + s->name_n, &v);
	if (p == NULL || (*p != ',' && *p != '}'))
		return (key_by_record(q, row));
	row->next = p;
	buf_clear(&q->id);
	d = buf_room(&q->id, 9);
	d[0] = BSONW_INT64;
	q->id.n = 9;
	if (q->key == QUICK_INT32) {
		if (v < INT32_MIN || v > INT32_MAX)
			return (-1);
		d[0] = BSONW_INT32;
		q->id.n = 5;
	}

	/* The low bytes come first. */
	memcpy(d + 1, &v, 8);
	return (0);
}

int
quick_open(struct quick * q, const char * p, size_t n,
    struct quick_row * row)
{

	if (open_envelope(q, p, n, row) == -1 || read_key(q, row) == -1)
		return (-1);
	row->key = q->id.p;
	row->key_n = q->id.n;
	return (0);
}

/*
 * A value that isn't of the usual form, at ${p}: the element whose type is
 * at ${head} in ${out} is completed.  Return the byte behind the value.
 */
static const char *
look_closer(struct quick * q, const struct quick_step * s, const char * p,
    struct quick_row * row, struct buf * out, size_t head)
{
	const char * end = find_newline(row, p);
	struct scan_value v, dup;
	struct scan_error se;
	int type;

	if (end == NULL || (p = read_value(p, end, &v, &se)) == NULL ||
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
put_usual(struct quick * q, const struct quick_step * s, const char * p,
    const char * end, char * head, char ** dst)
{
	int64_t v;

	switch (s->how) {
	case QUICK_TEXT:
		*head = BSONW_STRING;
		return (quick_text(p, end, dst));
	case QUICK_INT32:
	case QUICK_INT64:
		if ((p = quick_int(p, &v)) == NULL ||
		    (*p != ',' && *p != '}'))
			return (NULL);
		if (s->how == QUICK_INT32 && v != (int32_t)v)
			return (NULL);
		memcpy(*dst, &v, 8);
		*head = s->how == QUICK_INT32 ? BSONW_INT32 : BSONW_INT64;
		*dst += s->how == QUICK_INT32 ? 4 : 8;
		return (p);
	case QUICK_DECIMAL:
		*head = BSONW_DECIMAL;
		return (quick_decimal(p, dst));
	case QUICK_DATE:
		*head = BSONW_DATE;
		if ((p = quick_date(&q->day, p, &v)) == NULL)
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
put_fields(struct quick * q, const struct quick_step * s, const char * p,
    char sep, struct quick_row * row, struct buf * out)
{
	const char * end = row->end;
	const struct quick_step * stop = q->step + q->nstep;
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
			d = bsonw_copy(d, s->field->elem, s->field->elem_n);
		next = put_usual(q, s, p, end, head, &d);
		if (next == NULL && memcmp(p, "null", 4) == 0) {
			*head = BSONW_NULL;
			next = p + 4;
		} else if (next == NULL) {
			out->n = (size_t)(d - out->p);
			next = look_closer(q, s, p, row, out,
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
	p = bsonw_copy(p + 4, s->v, s->v_n);
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
quick_document(struct quick * q, struct quick_row * row,
    const struct bsonize_stamp * stamp, struct buf * out)
{
	const char * key = row->key + 1;
	size_t start = out->n, n = row->key_n - 1;
	const struct quick_step * s = q->step;
	const char * p;
	char * d;

	q->has_change = 0;
	d = buf_room(out, 2 * n + 16 + q->room +
	    (size_t)(row->end - row->fields)) + 4;
	*d++ = row->key[0];
	d = PUT(d, "_id\0");
	d = bsonw_copy(d, key, n);
	if (row->next != NULL && s->how != QUICK_SKIP) {
		/* The first field is the key. */
		bsonw_copy(d, s->field->elem, s->field->elem_n);
		*d = row->key[0];
		d = bsonw_copy(d + s->field->elem_n, key, n);
	}
	out->n = (size_t)(d - out->p);
	p = (row->next != NULL) ?
	    put_fields(q, s + 1, row->next, ',', row, out) :
	    put_fields(q, s, row->fields, '{', row, out);
	if (p == NULL || memcmp(p, "}}\n", 3) != 0 || p + 2 > row->end)
		return (-1);
	row->n = (size_t)(p - row->line) + 2;
	put_stamp(q, stamp, out, start);
	if (out->n - start > BSONIZE_MAX)
		return (-1);
	q->vain = 0;
	return (0);
}
