#include <stdlib.h>
#include <string.h>

#include "../common/linein.h"
#include "../common/mem.h"

#include "shape.h"

/* Levels that a document may have: those of a line, less its own two. */
#define DEPTH_MAX	(SCAN_DEPTH_MAX - 2)

/* An object that is being put together. */
struct level {
	const struct op * open;
	size_t at;		/* where its head starts */
	size_t body;		/* behind the head */
};

/* An operation that copies a column that is there. */
struct part {
	const struct op * op;
	const struct scan_value * v;
	const char * head;	/* of the operation */
	size_t nhead;
	unsigned plain;
};

struct shape {
	const struct plan * plan;
	const struct scan_value ** col;	/* by slot; NULL: not in the row */
	uint64_t shape;		/* of the row that these are of; 0: none */
	size_t others;		/* columns of it that have no operation */
	struct part * part;	/* all of its operations, ... */
	size_t npart;		/* ... or 0 if some do something else */
	size_t nflat;		/* ... or 0 if some do so with any row */
	struct level * level;
	unsigned nlevel;
	struct scratch * mem;
	struct buf buf;
	struct convert convert;
};

/* The number of operations if all of them copy columns, each another. */
static size_t
count_flat(const struct plan * plan)
{
	char * used = mem_new(plan->nnames + 1, 1);
	size_t i;

	for (i = 0; i < plan->nop; i++) {
		if (plan->op[i].what != OP_VALUE || plan->op[i].slot < 0 ||
		    used[plan->op[i].slot]++ != 0)
			break;
	}
	free(used);
	return (i == plan->nop ? plan->nop : 0);
}

struct shape *
shape_new(const struct plan * plan)
{
	struct shape * sh = mem_new(1, sizeof *sh);

	sh->plan = plan;
	sh->col = mem_new(plan->nnames, sizeof *sh->col);
	sh->part = mem_new(plan->nop, sizeof *sh->part);
	sh->nflat = count_flat(plan);
	sh->level = mem_new(plan->depth + 1, sizeof *sh->level);
	sh->mem = scratch_new();
	sh->convert = (struct convert) { .mem = sh->mem, .buf = &sh->buf,
	    .col = sh->col };
	return (sh);
}

void
shape_free(struct shape * sh)
{

	if (sh == NULL)
		return;
	free(sh->col);
	free(sh->part);
	free(sh->level);
	scratch_free(sh->mem);
	buf_free(&sh->buf);
	free(sh);
}

/* Put the path of ${op} before that of the verdict. */
static int __attribute__((cold))
refuse(const struct shape * sh, const struct op * op, struct verdict * why)
{
	unsigned i;

	verdict_inside(why, op->name);
	for (i = sh->nlevel; i > 0; i--)
		verdict_inside(why, sh->level[i - 1].open->name);
	return (-1);
}

static int
refuse_with(const struct shape * sh, const struct op * op,
    struct verdict * why, const char * rule, const char * reason)
{

	verdict_set(why, rule, "%s", reason);
	return (refuse(sh, op, why));
}

/* The value of ${op} before any check.  Return 1, 0 if there is none, -1. */
static int
make_value(struct shape * sh, const struct op * op, struct value * v,
    struct verdict * why)
{
	const struct property * p = op->p;

	v->text = 0;
	if (op->slot != -1 && sh->col[op->slot] != NULL)
		v->v = *sh->col[op->slot];
	else if (p == NULL)
		return (0);
	else if (p->dflt != NULL) {
		*v = *p->dflt;
		return (1);
	} else if (p->steps == NULL || (op->slot != -1 &&
	    !steps_fill(p->steps)))
		return (0);
	else
		value_set_word(v, SCAN_NULL);
	if (p == NULL || p->steps == NULL ||
	    steps_run(p->steps, v, &sh->convert) == 0)
		return (1);
	verdict_set(why, "x-apply", "%s", sh->convert.why);
	return (refuse(sh, op, why));
}

/* What rules don't say: a key has to be one, and depth has an end. */
static int
check_place(struct shape * sh, const struct op * op, const struct value * v,
    struct verdict * why)
{

	if ((KIND(v->v.kind) & KINDS_SCALAR) != 0)
		return (0);
	if (op->key)
		return (refuse_with(sh, op, why, "key",
		    v->v.kind == SCAN_NULL ? "is null, but is the key" :
		    "is no single value, but is the key"));
	/* A level takes two bytes at least. */
	if (v->v.n > 2 * (DEPTH_MAX - op->depth) &&
	    value_depth(&v->v) + op->depth > DEPTH_MAX)
		return (refuse_with(sh, op, why, "depth",
		    "is nested too deeply"));
	return (0);
}

/* A property that isn't just copied. */
static int
put_value(struct shape * sh, const struct op * op, struct buf * out,
    struct verdict * why)
{
	struct value v;
	int there = make_value(sh, op, &v, why);

	if (there == -1)
		return (-1);
	if (there && op->omit_null && v.v.kind == SCAN_NULL)
		there = 0;
	if (!there) {
		if (op->key)
			return (refuse_with(sh, op, why, "key",
			    "is missing, but is the key"));
		if (op->required)
			return (refuse_with(sh, op, why, "required",
			    "is missing"));
		return (0);
	}
	if (op->p != NULL &&
	    rules_check(op->p->rules, &v, sh->mem, why) == -1)
		return (refuse(sh, op, why));
	if (check_place(sh, op, &v, why) == -1)
		return (-1);
	buf_put(out, op->head, op->nhead);
	value_put(out, &v);
	return (0);
}

/* The first comma behind ${at} becomes the bracket. */
static void
close_object(struct buf * out, size_t at)
{

	if (out->n == at)
		buf_putc(out, '{');
	else
		out->p[at] = '{';
	buf_putc(out, '}');
}

static void
open_level(struct shape * sh, const struct op * op, struct buf * out)
{
	struct level * l = &sh->level[sh->nlevel++];

	l->open = op;
	l->at = out->n;
	buf_put(out, op->head, op->nhead);
	l->body = out->n;
}

static int
close_level(struct shape * sh, struct buf * out, struct verdict * why)
{
	const struct level * l = &sh->level[--sh->nlevel];

	if (out->n > l->body || !l->open->omit_null) {
		close_object(out, l->body);
		return (0);
	}
	out->n = l->at;
	if (l->open->required)
		return (refuse_with(sh, l->open, why, "required",
		    "is missing"));
	return (0);
}

/* One operation of those that are seldom; ${out} has no reserve after it. */
static int
run_op(struct shape * sh, const struct op * op, struct buf * out,
    struct verdict * why)
{

	switch (op->what) {
	case OP_OPEN:
		open_level(sh, op, out);
		return (0);
	case OP_CLOSE:
		return (close_level(sh, out, why));
	default:
		return (put_value(sh, op, out, why));
	}
}

/* Nearly always room for all of the row: a column may be copied twice. */
static char *
reserve(struct buf * out, size_t n, const char ** limit)
{
	char * d = buf_room(out, n + 2 * LINEIN_SLACK);

	*limit = d + n + LINEIN_SLACK;
	return (d);
}

/*
 * Does the column go into the document as it stands?  Return 1 if so, 0 if
 * that is for run_op(), -1 if it is refused.
 */
static inline int
is_copied(struct shape * sh, const struct op * op,
    const struct scan_value * v, struct verdict * why)
{
	unsigned kind = KIND(v->kind);
	struct value val;

	if (op->plain & kind)
		return (1);
	if ((op->checked & kind) == 0)
		return (0);
	val = (struct value) { *v, 0 };
	if (rules_check(op->p->rules, &val, sh->mem, why) == -1)
		return (refuse(sh, op, why));
	return (1);
}

/* All operations; those that copy, nearly all, in place. */
static int
run_all(struct shape * sh, const struct record * r, struct buf * out,
    struct verdict * why)
{
	const struct op * op = sh->plan->op;
	const struct op * end = op + sh->plan->nop;
	const size_t room = sh->plan->fixed + r->len;
	const struct scan_value * v;
	const char * limit;
	const char * p;
	char * d = reserve(out, room, &limit);
	size_t n;
	int copied;

	for (; op < end; op++) {
		copied = 0;
		if (op->slot >= 0 && (v = sh->col[op->slot]) != NULL &&
		    (copied = is_copied(sh, op, v, why)) == 1) {
			p = scan_raw(v, &n);
			if ((size_t)(limit - d) < op->nhead + n) {
				out->n = (size_t)(d - out->p);
				d = reserve(out, room, &limit);
			}
			d = buf_copy(d, op->head, op->nhead);
			d = buf_copy(d, p, n);
			continue;
		}
		out->n = (size_t)(d - out->p);
		if (copied == -1 || run_op(sh, op, out, why) == -1)
			return (-1);
		d = reserve(out, room, &limit);
	}
	out->n = (size_t)(d - out->p);
	return (0);
}

/*
 * A document that is made of nothing but columns as they stand in the line,
 * none of them twice, so that there is room for all of it.  Return 0; or -1
 * if that is for run_all(), with ${out} as before.
 */
static int
run_parts(struct shape * sh, const struct record * r, struct buf * out)
{
	const struct part * pc = sh->part;
	const struct part * end = pc + sh->npart;
	char * d = buf_room(out, sh->plan->fixed + r->len + LINEIN_SLACK);
	struct verdict why;
	const char * p;
	size_t n;

	for (; pc < end; pc++) {
		if ((pc->plain & KIND(pc->v->kind)) == 0 &&
		    is_copied(sh, pc->op, pc->v, &why) != 1)
			return (-1);
		p = scan_raw(pc->v, &n);
		d = buf_copy(d, pc->head, pc->nhead);
		d = buf_copy(d, p, n);
	}
	out->n = (size_t)(d - out->p);
	return (0);
}

/* A member, name and value as they stand in the line. */
static void
put_field(struct buf * out, const struct record_field * f)
{
	const char * p;
	size_t n;

	buf_putc(out, ',');
	p = scan_raw(&f->key, &n);
	buf_put(out, p, n);
	buf_putc(out, ':');
	p = scan_raw(&f->val, &n);
	buf_put(out, p, n);
}

static int
is_sdc(const struct record_field * f)
{

	return (scan_starts(&f->key, "_sdc_", 5));
}

/* Does a row of this kind get the time of its deletion here? */
static int
is_gone(enum shape_row is)
{

	return (is == SHAPE_MARKED || is == SHAPE_REMOVED);
}

/* A member that always passes, unless another one takes its place. */
static int
is_passed(const struct record_field * f, enum shape_row is)
{

	return (is_sdc(f) && !(is_gone(is) && scan_equal(&f->key, DELETED_AT,
	    sizeof DELETED_AT - 1)));
}

/* Columns without an operation, by the policy. */
static int
put_others(struct shape * sh, const struct record * r, enum shape_row is,
    struct buf * out, struct verdict * why)
{
	const struct plan * plan = sh->plan;
	const struct record_field * f;
	char name[sizeof why->path + 1];

	for (f = r->field; f < r->field + r->nfield; f++) {
		if (f->slot >= 0 && (size_t)f->slot < plan->ncols)
			continue;
		if (is_sdc(f)) {
			if (is_passed(f, is))
				put_field(out, f);
			continue;
		}
		if (plan->sf->policy == COLUMNS_DROP ||
		    (plan->sf->policy == COLUMNS_KEEP &&
		    plan->sf->omit_null && f->val.kind == SCAN_NULL))
			continue;
		if (plan->sf->policy == COLUMNS_KEEP && f->slot == -1) {
			put_field(out, f);
			continue;
		}
		if (f->slot != -1)
			verdict_set(why, "x-columns", "is a column without a "
			    "place: the property is made of something else");
		else
			verdict_set(why, "x-columns",
			    "is a column that the schema file doesn't name");
		memset(name, 0, sizeof name);
		memcpy(name, f->key.p, f->key.n < sizeof name - 1 ?
		    f->key.n : sizeof name - 1);
		verdict_inside(why, name);
		return (-1);
	}
	return (0);
}

/* With the columns of this row: can it be put together of parts? */
static void
find_parts(struct shape * sh)
{
	const struct op * op = sh->plan->op;
	size_t i;

	sh->npart = 0;
	for (i = 0; i < sh->nflat; i++, op++) {
		if (sh->col[op->slot] == NULL)
			return;
		sh->part[i] = (struct part) { op, sh->col[op->slot],
		    op->head, op->nhead, op->plain };
	}
	sh->npart = sh->nflat;
}

/* The row's columns aren't the last one's: to their slots. */
static void __attribute__((noinline))
take_columns(struct shape * sh, const struct record * r)
{
	const size_t ncols = sh->plan->ncols;
	const struct record_field * f = r->field;
	const struct record_field * end = f + r->nfield;

	sh->shape = r->shape;
	sh->others = 0;
	memset(sh->col, 0, ncols * sizeof *sh->col);
	for (; f < end; f++) {
		if ((size_t)(unsigned)f->slot < ncols)
			sh->col[f->slot] = &f->val;
		else
			sh->others++;
	}
	find_parts(sh);
}

/* When the row was deleted, as far as it tells. */
static void
put_gone(struct shape * sh, const struct record * r, struct buf * out)
{
	const struct plan * plan = sh->plan;

	buf_puts(out, ",\"" DELETED_AT "\":");
	if (!softdelete_put_time(sh->col[plan->soft], out) &&
	    !softdelete_put_time(&r->at, out) &&
	    !(plan->changed != -1 && sh->col[plan->changed] != NULL &&
	    softdelete_put_time(sh->col[plan->changed], out)))
		buf_puts(out, "\"1970-01-01T00:00:00.000000Z\"");
}

enum shape_row
shape_take(struct shape * sh, const struct record * r)
{
	const struct plan * plan = sh->plan;
	const struct scan_value * v;

	if (r->shape != sh->shape)
		take_columns(sh, r);
	if (r->op == 'd')
		return (SHAPE_DELETION);
	if (plan->soft == -1 || (v = sh->col[plan->soft]) == NULL ||
	    !softdelete_meets(&plan->sf->soft, v))
		return (SHAPE_ROW);
	return (plan->sf->soft.marks ? SHAPE_MARKED : SHAPE_REMOVED);
}

/* All of the row, without the brackets. */
static int
put_row(struct shape * sh, const struct record * r, enum shape_row is,
    struct buf * out, struct verdict * why)
{

	if ((sh->npart == 0 || run_parts(sh, r, out) == -1) &&
	    run_all(sh, r, out, why) == -1)
		return (-1);
	return (sh->others > 0 ? put_others(sh, r, is, out, why) : 0);
}

/* What there is of a row that is deleted: the key, and _sdc_ members. */
static int
put_deletion(struct shape * sh, const struct record * r, enum shape_row is,
    struct buf * out, struct verdict * why)
{
	const struct op * op = sh->plan->op;
	const struct record_field * f;

	for (; op < sh->plan->op + sh->plan->nop; op++) {
		if (op->key && put_value(sh, op, out, why) == -1)
			return (-1);
	}
	for (f = r->field; f < r->field + r->nfield; f++) {
		if (is_passed(f, is))
			put_field(out, f);
	}
	return (0);
}

int
shape_put(struct shape * sh, const struct record * r, enum shape_row is,
    struct buf * out, struct verdict * why)
{
	size_t start = out->n;
	int rc;

	scratch_reset(sh->mem);
	sh->nlevel = 0;
	rc = is == SHAPE_ROW || is == SHAPE_MARKED ?
	    put_row(sh, r, is, out, why) : put_deletion(sh, r, is, out, why);
	if (rc == -1) {
		out->n = start;
		return (-1);
	}
	if (is_gone(is))
		put_gone(sh, r, out);
	close_object(out, start);
	return (0);
}
