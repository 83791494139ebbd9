#include <string.h>

#include "../common/mem.h"
#include "../common/scan_fast.h"

#include "quick_impl.h"
#include "version.h"

/*
 * common/record_quick.c remembers a line as well, but not the same of it: all
 * fields, each at its place, for values that are looked at later.  Here any
 * may be left out, and each is written while it is read.
 */
#define LEARN_ALWAYS	8	/* rows that it is tried with in vain, */
#define LEARN_RARELY	64	/* before it is tried with one in so many */

/*
 * The envelope: `"pos":[` and the numbers directly before the record, and
 * the time, if there is one, somewhere before them.
 */
static int
learn_envelope(struct quick * q, const struct record * r)
{
	const char * end = r->line + r->len;
	const char * last = r->record.p - (sizeof QUICK_TAIL - 1);
	const char * open, * start = r->line;

	if (r->npos == 0 || r->at.escaped ||
	    r->record.p + r->record.n + 1 != end ||
	    (size_t)(r->record.p - r->line) < sizeof QUICK_TAIL + 8 ||
	    memcmp(last, QUICK_TAIL, sizeof QUICK_TAIL - 1) != 0)
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
	buf_clear(&q->version);
	q->version.n = version_put(r->pos, r->npos, buf_room(&q->version,
	    VERSION_MAX)) - VERSION_NUMBER;
	return (0);
}

static enum quick_how
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

/* Does a name stand in a line as it is, and never across two of them? */
static int
is_plain(const char * name, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if ((unsigned char)name[i] < ' ' || name[i] == '"' ||
		    name[i] == '\\')
			return (0);
	}
	return (1);
}

/* One more field, whose name stands in a line as the ${n} bytes ${name}. */
static int
add_step(struct quick * q, size_t slot, const char * name, size_t n)
{
	const struct plan_field * f = &q->plan->field[slot];
	struct quick_step * s;

	if (f->refused != NULL || f->extra != NULL || !is_plain(name, n))
		return (-1);
	if (q->nstep == q->cap) {
		q->cap = q->cap ? 2 * q->cap : 16;
		q->step = mem_grow(q->step, q->cap, sizeof *q->step);
	}
	s = &q->step[q->nstep++];
	*s = (struct quick_step) { .name_n = n + 3, .name_at = q->names.n,
	    .field = f, .slot = (int)slot,
	    .how = f->elem == NULL ? QUICK_SKIP : how_to_read(f) };
	buf_putc(&q->names, '"');
	buf_put(&q->names, name, n);
	buf_puts(&q->names, "\":");
	if (s->name_n <= sizeof s->name.text) {
		memcpy(s->name.text, q->names.p + s->name_at, s->name_n);
		memset(s->name.mask, 0xff, s->name_n);
	}
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
		for (j = 0; j < q->nstep && j < QUICK_KEYS; j++) {
			if (q->step[j].slot == (int)plan->keys[i])
				break;
		}
		if (j == q->nstep || j == QUICK_KEYS)
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
