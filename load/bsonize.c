#include <stdlib.h>
#include <string.h>

#include "../common/mem.h"

#include "bsonize_impl.h"

/*
 * Keys, fields and the stamp: what a document is made of.
 */

struct bsonizer *
bsonizer_new(void)
{

	return (mem_new(1, sizeof(struct bsonizer)));
}

void
bsonizer_free(struct bsonizer * z)
{

	free(z);
}

/* The field of the row that holds the property at ${slot}, or NULL. */
static const struct record_field *
field_at(const struct record * r, size_t slot)
{
	size_t i;

	if (slot < r->nfield && r->field[slot].slot == (int)slot)
		return (&r->field[slot]);
	for (i = 0; i < r->nfield; i++) {
		if (r->field[i].slot == (int)slot)
			return (&r->field[i]);
	}
	return (NULL);
}

/* The value of one key property; its type is returned. */
static int
put_key(struct bsonizer * z, const struct record * r, size_t slot)
{
	const struct plan_field * f = &z->plan->field[slot];
	const struct record_field * rf = field_at(r, slot);
	int type;

	z->err->name = f->name;
	z->err->name_n = f->name_n;
	if (rf == NULL)
		return (refuse(z, "key", "is missing, and it is the key"));
	if ((type = bsonize_put_value(z, &f->type, &rf->val)) == -1)
		return (-1);
	if (type == BSONW_NULL)
		return (refuse(z, "key", "is null, and it is the key"));
	if (type == BSONW_ARRAY)
		return (refuse(z, "key", "is an array, and it is the key"));
	return (type);
}

/* The key of several properties: a document in their order. */
static int
put_key_document(struct bsonizer * z, const struct record * r)
{
	const struct plan * plan = z->plan;
	const struct plan_field * f;
	struct buf * out = z->out;
	size_t i, head, start;
	int type;

	start = bsonw_open(out);
	for (i = 0; i < plan->nkeys; i++) {
		f = &plan->field[plan->keys[i]];
		head = out->n;
		/* Inside the key the property _id keeps its name. */
		if (f->elem != NULL && strcmp(f->name, "_id") != 0)
			buf_put(out, f->elem, f->elem_n);
		else {
			buf_putc(out, '\0');
			buf_put(out, f->name, f->name_n + 1);
		}
		if ((type = put_key(z, r, plan->keys[i])) == -1)
			return (-1);
		out->p[head] = (char)type;
	}
	bsonw_close(out, start);
	return (BSONW_DOCUMENT);
}

int
bsonize_key(struct bsonizer * z, const struct plan * plan,
    const struct record * r, struct buf * out, struct bsonize_error * err)
{
	size_t start = out->n;
	int type;

	bsonize_begin(z, plan, out, err, 1);
	buf_putc(out, '\0');
	type = plan->key == PLAN_KEY_VALUE ? put_key(z, r, plan->keys[0]) :
	    put_key_document(z, r);
	if (type == -1)
		return (-1);
	out->p[start] = (char)type;
	err->name = NULL;
	return (0);
}

int
bsonize_time(struct bsonizer * z, const struct plan * plan,
    const struct record * r, int64_t * ms)
{
	const struct scan_value * v = &r->at;
	const struct record_field * f;
	const char * p;
	char tmp[64];
	size_t n;
	int micros;

	if (v->p == NULL) {
		if (plan->change == -1)
			return (0);
		f = field_at(r, (size_t)plan->change);
		if (f == NULL || f->val.kind != SCAN_STRING)
			return (0);
		v = &f->val;
	}
	if ((p = bsonize_plain_text(v, tmp, sizeof tmp, &n)) == NULL ||
	    bsonize_read_time(z, p, n, ms, &micros) == -1)
		return (-1);
	return (1);
}

/* The time in a string, in milliseconds.  Return 0, or -1. */
static int
read_ms(struct bsonizer * z, const struct scan_value * v, int64_t * ms)
{
	const char * p;
	char tmp[64];
	size_t n;
	int micros;

	if (v->kind != SCAN_STRING)
		return (-1);
	p = bsonize_plain_text(v, tmp, sizeof tmp, &n);
	return (p == NULL ? -1 : bsonize_read_time(z, p, n, ms, &micros));
}

static int
is_deleted_at(const struct record_field * f)
{

	return (scan_equal(&f->key, DELETES_AT, sizeof DELETES_AT - 1));
}

int
bsonize_deleted(struct bsonizer * z, const struct plan * plan,
    const struct record * r, int64_t * ms)
{
	size_t i;

	for (i = 0; i < r->nfield; i++) {
		if (is_deleted_at(&r->field[i]) &&
		    read_ms(z, &r->field[i].val, ms) == 0)
			return (1);
	}
	return (bsonize_time(z, plan, r, ms) == 1);
}

/* A property that the SCHEMA doesn't name, at the top of the document. */
static int
put_unknown(struct bsonizer * z, const struct record_field * rf)
{
	static const struct plan_type any = { PLAN_ANY, -1, NULL, NULL, 0 };
	const struct scan_value * key = &rf->key;
	size_t head = z->out->n;
	int type, escaped = 0;

	if (scan_starts(key, "_sdc_", 5)) {
		if (is_deleted_at(rf) && rf->val.kind != SCAN_NULL)
			z->deleted = &rf->val;
		return (0);
	}
	if (scan_equal(key, PLAN_STAMP, sizeof PLAN_STAMP - 1))
		return (refuse(z, "name", "is the name that load keeps its "
		    "own notes under"));
	buf_putc(z->out, '\0');
	if (scan_equal(key, "_id", 3))
		buf_put(z->out, "__id", 5);
	else if (bsonize_put_name(z, key, &escaped) == -1)
		return (-1);
	if ((type = bsonize_put_value(z, &any, &rf->val)) == -1)
		return (-1);
	z->out->p[head] = (char)type;
	return (0);
}

/* One property of the row. */
static inline int
put_field(struct bsonizer * z, const struct record_field * rf, int * unknown)
{
	const struct plan_field * f;
	struct buf * out = z->out;
	size_t head = out->n;
	int type;

	if (rf->slot == -1) {
		*unknown = 1;
		return (put_unknown(z, rf));
	}
	f = &z->plan->field[rf->slot];
	if (f->elem == NULL) {
		if (rf->slot == z->plan->deleted_at &&
		    rf->val.kind != SCAN_NULL)
			z->deleted = &rf->val;
		return (0);
	}
	if (f->refused != NULL)
		return (refuse(z, "name", f->refused));
	out->n = (size_t)(bsonize_put_block(buf_room(out, f->elem_n), f->elem,
	    f->elem_n) - out->p);
	if ((type = bsonize_put_value(z, &f->type, &rf->val)) == -1)
		return (-1);
	out->p[head] = (char)type;
	if (rf->slot == z->plan->change && type == BSONW_DATE) {
		z->has_change = 1;
		memcpy(&z->change_ms, out->p + out->n - 8, 8);
	}
	if (f->extra != NULL)
		bsonize_put_micros(z, f, &rf->val);
	return (0);
}

/* The row is there, but marked as deleted: since when? */
static int
put_mark(struct bsonizer * z, const struct bsonize_stamp * s)
{
	int64_t ms = s->at_ms;

	if (read_ms(z, z->deleted, &ms) == -1 && !s->has_at)
		return (refuse(z, "time", "is no time"));
	bsonw_date(z->out, DELETES_MARKED, ms);
	return (0);
}

/* The stamp, as the last field. */
static int
put_stamp(struct bsonizer * z, const struct bsonize_stamp * s)
{
	struct buf * out = z->out;
	size_t start = bsonw_nested(out, BSONW_DOCUMENT, PLAN_STAMP);
	int rc = 0;

	if (s->v != NULL)
		bsonw_text(out, "v", s->v, s->v_n);
	if (s->has_at)
		bsonw_date(out, "at", s->at_ms);
	if (z->has_change && !(s->has_at && s->at_ms == z->change_ms))
		bsonw_date(out, "c", z->change_ms);
	if (s->has_version)
		bsonw_int64(out, "version", s->version);
	if (z->deleted != NULL)
		rc = put_mark(z, s);
	bsonw_close(out, start);
	return (rc);
}

int
bsonize_document(struct bsonizer * z, const struct plan * plan,
    const struct record * r, const char * key, size_t key_n,
    struct bsonize_stamp * stamp, struct buf * out,
    struct bsonize_error * err)
{
	size_t i, start;
	int unknown = 0;

	bsonize_begin(z, plan, out, err, 0);
	start = bsonw_open(out);
	bsonw_value(out, "_id", key, key_n);
	for (i = 0; i < r->nfield; i++) {
		if (put_field(z, &r->field[i], &unknown) == -1) {
			err->name = r->field[i].key.p;
			err->name_n = r->field[i].key.n;
			return (-1);
		}
	}
	if (put_stamp(z, stamp) == -1) {
		err->name = DELETES_AT;
		err->name_n = sizeof DELETES_AT - 1;
		return (-1);
	}
	bsonw_close(out, start);
	if (unknown && bsonize_check_names(z, start) == -1)
		return (-1);
	if (out->n - start > BSONIZE_MAX)
		return (refuse(z, "size", "the document is larger than "
		    "MongoDB's 16 MiB"));
	stamp->decimals += z->decimals;
	return (0);
}
