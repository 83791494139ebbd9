#include <string.h>

#include "mem.h"
#include "scan_fast.h"

#include "record_impl.h"

/*
 * Rows that are like the last one.  Nothing is judged here: what the plain
 * way has accepted is compared, byte by byte, and only values are read.  On
 * any difference the plain way reads the line again from its start.
 */

#define TAIL		"],\"record\":"

void
record_keep_fields(struct record_reader * rd, const struct record * r)
{
	struct record_field * f = r->field;
	const char * from = r->record.p;
	const char * to;
	struct memo * m;
	size_t i, n, key;

	if (r->nfield > rd->memo_cap)
		rd->memo = mem_grow(rd->memo, rd->memo_cap = 2 * r->nfield,
		    sizeof *rd->memo);
	buf_clear(&rd->memo_text);
	buf_room(&rd->memo_text, r->record.n);
	for (i = 0; i < r->nfield; i++, f++) {
		to = scan_raw(&f->val, &n);
		m = &rd->memo[i];
		m->n = (size_t)(to - from);
		m->at = rd->memo_text.n;
		memset(&m->head, 0, sizeof m->head);
		memcpy(m->head.text, from, m->n < 32 ? m->n : 32);
		memset(m->head.mask, 0xff, m->n < 32 ? m->n : 32);
		key = (size_t)(f->key.p - from);
		buf_put(&rd->memo_text, from, m->n);
		f->key.p = rd->memo_text.p + m->at + key;
		from = to + n;
	}
	rd->nmemo = r->nfield;
	rd->shape++;
}

void
record_keep_envelope(struct record_reader * rd, const struct record * r,
    const struct scan_value * op, const struct scan_value * pos)
{
	struct plain * pl = &rd->plain;
	const char * end = r->line + r->len;
	const char * at = r->at.p != NULL ? r->at.p - 1 : NULL;
	const char * last, * mid;

	pl->npos = 0;
	if (op->p == NULL || r->npos == 0 || r->stream.escaped ||
	    r->record.p < pos->p || r->record.p + r->record.n + 1 != end)
		return;
	if (at != NULL && (r->stream.p > at || pos->p < at))
		return;
	/* Behind the last comma or the bracket stands the running number. */
	for (last = pos->p + pos->n - 1; last[-1] != ',' && last[-1] != '[';
	    last--)
		continue;
	if (r->stream.p > last)
		return;
	mid = at != NULL ? r->at.p + r->at.n + 1 : last;
	buf_clear(&pl->head);
	buf_put(&pl->head, r->line, (size_t)((at != NULL ? at : last) -
	    r->line));
	buf_clear(&pl->mid);
	buf_put(&pl->mid, mid, (size_t)(last - mid));
	memcpy(pl->pos, r->pos, sizeof pl->pos);
	pl->stream = (size_t)(r->stream.p - r->line);
	pl->nstream = r->stream.n;
	pl->ascii = r->stream.ascii;
	pl->timed = (at != NULL);
	pl->op = r->op;
	pl->npos = r->npos;
}

/* A running number as extract writes it; NULL if it isn't plain. */
static inline __attribute__((always_inline)) const char *
read_running(const char * p, uint64_t * out)
{
	const char * q = scan_digits(p);
	size_t n = (size_t)(q - p);

	/* It can't overflow, and has no leading zero. */
	if (n == 0 || n > 19 || (*p == '0' && n > 1))
		return (NULL);
	*out = scan_decimal(p, n);
	return (q);
}

/* A value that isn't among the simplest. */
static const char * __attribute__((noinline))
read_value(const char * p, const char * end, struct scan_value * v)
{
	struct scan_error se;
	struct scan_value dup;
	const char * nl;

	/* Between tokens a newline is white space. */
	if ((*p == '{' || *p == '[') &&
	    (nl = memchr(p, '\n', (size_t)(end - p))) != NULL)
		end = nl;
	p = scan_value(p, end, v, &se);
	if (p != NULL && v->kind >= SCAN_ARRAY && scan_duplicate(v, &dup))
		return (NULL);
	return (p);
}

/*
 * Nothing that is accepted reaches over the end of the line: no memo has a
 * newline, no text, and no number.  No place is looked at further than a
 * memo's first 32 bytes and a block behind it, which LINEIN_SLACK covers.
 */
static inline __attribute__((always_inline)) const char *
read_fields(struct record_reader * rd, const char * p, const char * end)
{
	const struct memo * m = rd->memo;
	const struct memo * last;
	struct record_field * f = rd->field;
	const char * q;

	if (rd->nmemo == 0)
		return (NULL);
	last = m + rd->nmemo;
	for (; m < last; m++, f++) {
		if (!scan_begins(p, &m->head))
			return (NULL);
		if (m->n > sizeof m->head.text &&
		    ((size_t)(end - p) <= m->n ||
		    !scan_same(p, rd->memo_text.p + m->at, m->n)))
			return (NULL);
		p += m->n;
		if ((q = scan_simple(p, &f->val)) == NULL &&
		    (q = read_value(p, end, &f->val)) == NULL)
			return (NULL);
		p = q;
	}
	return (*p == '}' ? p + 1 : NULL);
}

/* The record from ${p} to ${q} has been read into rd->field. */
static inline void
take_fields(const struct record_reader * rd, struct record * r,
    const char * p, const char * q)
{

	r->record = (struct scan_value) { p, (size_t)(q - p), SCAN_OBJECT,
	    0, 0, 0 };
	r->field = rd->field;
	r->nfield = rd->nmemo;
	r->shape = rd->shape;
}

const char *
record_quick_fields(struct record_reader * rd, struct record * r,
    const char * p)
{
	const char * q = read_fields(rd, p, r->line + r->len);

	if (q != NULL)
		take_fields(rd, r, p, q);
	return (q);
}

/* The envelope up to the record's bracket; NULL if it is another one. */
static inline __attribute__((always_inline)) const char *
read_envelope(const struct record_reader * rd, struct record * r,
    const char * end)
{
	static const char tail[33] = TAIL "{";
	const struct plain * pl = &rd->plain;
	const char * p = r->line + pl->head.n;

	if (pl->npos == 0 ||
	    (size_t)(end - r->line) <= pl->head.n + pl->mid.n ||
	    !scan_same(r->line, pl->head.p, pl->head.n))
		return (NULL);
	r->at.p = NULL;
	if (pl->timed) {
		if (*p != '"' || (p = scan_simple(p, &r->at)) == NULL ||
		    (size_t)(end - p) <= pl->mid.n ||
		    !scan_same(p, pl->mid.p, pl->mid.n))
			return (NULL);
		p += pl->mid.n;
	}
	memcpy(r->pos, pl->pos, sizeof r->pos);
	p = read_running(p, &r->pos[pl->npos - 1]);
	if (p == NULL || !scan_same32(p, tail, (1u << sizeof TAIL) - 1))
		return (NULL);
	r->type = RECORD_ROW;
	r->stream = (struct scan_value) { r->line + pl->stream, pl->nstream,
	    SCAN_STRING, 0, pl->ascii, 0 };
	r->op = pl->op;
	r->npos = pl->npos;
	r->value.p = NULL;
	r->counted = 0;
	r->records = r->rejected = r->filtered = 0;
	return (p + sizeof TAIL - 1);
}

int
record_quick(struct record_reader * rd, struct record * r, const char * end,
    const char ** record)
{
	const char * p, * q;

	if ((*record = p = read_envelope(rd, r, end)) == NULL ||
	    (q = read_fields(rd, p, end)) == NULL ||
	    *q != '}' || (q + 1 != end && q[1] != '\n'))
		return (0);
	r->len = (size_t)(q + 1 - r->line);
	take_fields(rd, r, p, q);
	return (1);
}
