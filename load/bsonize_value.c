#include <bson/bson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../common/mem.h"
#include "../common/timestamp.h"

#include "base64.h"
#include "decimal128.h"
#include "fieldname.h"

#include "bsonize_impl.h"

#define DATE_TEXT	64	/* more isn't looked at */
#define DAY_US		(86400 * INT64_C(1000000))
#define NUMBER_MAX	4096	/* more digits are not looked at */

/*
 * Values, by their types.
 */

/*
 * The writers of values append the bytes of a value and return its BSON
 * type, or -1.  Room for twice its text and some more is there already.
 */
static inline int
put_text(struct buf * out, const char * p, size_t n)
{
	char * d = buf_room(out, n + 5);

	d = put32(d, (uint32_t)n + 1);
	d = bsonize_put_block(d, p, n);
	*d++ = '\0';
	out->n = (size_t)(d - out->p);
	return (BSONW_STRING);
}

static int
put_string(struct buf * out, const struct scan_value * v)
{
	char * d;
	size_t n;

	if (!v->escaped)
		return (put_text(out, v->p, v->n));
	d = buf_room(out, v->n + 5);
	n = scan_decode(v, d + 4);
	put32(d, (uint32_t)n + 1);
	d[4 + n] = '\0';
	out->n += n + 5;
	return (BSONW_STRING);
}

static inline int
put_int32_value(struct buf * out, int64_t v)
{

	bsonw_put32(out, (uint32_t)v);
	return (BSONW_INT32);
}

static inline int
put_int64_value(struct buf * out, int type, int64_t v)
{

	bsonw_put64(out, (uint64_t)v);
	return (type);
}

static int
put_double(struct buf * out, double d)
{
	uint64_t bits;

	memcpy(&bits, &d, 8);
	return (put_int64_value(out, BSONW_DOUBLE, (int64_t)bits));
}

/* A whole number in any of its forms.  Return 0, or -1. */
static int
read_int(const struct scan_value * v, int64_t * n)
{

	if (v->kind == SCAN_INT)
		return (scan_int64(v, n));
	if (v->kind == SCAN_NUMBER)
		return (decimal128_int64(v->p, v->n, n));
	return (-1);
}

const char *
bsonize_plain_text(const struct scan_value * v, char * tmp, size_t max,
    size_t * n)
{

	if (!v->escaped) {
		*n = v->n;
		return (v->p);
	}
	if (v->n > max)
		return (NULL);
	*n = scan_decode(v, tmp);
	return (tmp);
}

/* Decimal128; if it can't hold the number, by policy a string. */
static int
put_decimal(struct bsonizer * z, const struct scan_value * v)
{
	uint8_t * d = (uint8_t *)buf_room(z->out, DECIMAL128_SIZE);
	char tmp[128];
	const char * p;
	size_t n;

	if ((p = bsonize_plain_text(v, tmp, sizeof tmp, &n)) == NULL)
		return (refuse(z, "decimal", "is no decimal number"));
	switch (decimal128_parse(p, n, d)) {
	case DECIMAL128_OK:
		z->out->n += DECIMAL128_SIZE;
		return (BSONW_DECIMAL);
	case DECIMAL128_SYNTAX:
		return (refuse(z, "decimal", "is no decimal number"));
	case DECIMAL128_RANGE:
		break;
	}
	if (z->plan->decimal_reject)
		return (refuse(z, "decimal", "has more digits than "
		    "Decimal128 holds"));
	z->decimals++;
	return (put_text(z->out, p, n));
}

/* A number of no known type: the smallest form that loses nothing. */
static int
put_number(struct bsonizer * z, const struct scan_value * v)
{
	double d;

	if (v->n <= NUMBER_MAX && decimal128_double(v->p, v->n, &d) == 0)
		return (put_double(z->out, d));
	return (put_decimal(z, v));
}

static int
put_any_int(struct bsonizer * z, const struct scan_value * v)
{
	int64_t n;

	if (v->n == 2 && v->p[0] == '-' && v->p[1] == '0')
		return (put_double(z->out, -0.0));
	if (scan_int64(v, &n) == -1)
		return (put_decimal(z, v));
	if (n >= INT32_MIN && n <= INT32_MAX)
		return (put_int32_value(z->out, n));
	return (put_int64_value(z->out, BSONW_INT64, n));
}

static int
put_float(struct bsonizer * z, const struct scan_value * v)
{
	double d;

	if (v->kind != SCAN_INT && v->kind != SCAN_NUMBER)
		return (refuse(z, "type", "is no number"));
	if (v->n > NUMBER_MAX)
		return (refuse(z, "range", "has too many digits"));
	(void)decimal128_double(v->p, v->n, &d);
	if (!isfinite(d))
		return (refuse(z, "range", "is too large for a double"));
	return (put_double(z->out, d));
}

/* Two digits, or something above 99. */
static inline unsigned
two(const char * p)
{
	unsigned a = (unsigned char)(p[0] - '0');
	unsigned b = (unsigned char)(p[1] - '0');

	return (a <= 9 && b <= 9 ? a * 10 + b : 100);
}

/*
 * The forms that extract writes, 2026-01-02 and 2026-01-02T03:04:05.678901Z,
 * read without a loop.  Return 0 for others, and for what needs a closer
 * look; timestamp_parse() then decides.
 */
static inline int
read_fixed(struct bsonizer * z, const char * p, size_t n, int64_t * us)
{
	unsigned y, c, m, d, h, mi, s, f1, f2, f3;

	if (n != DATE_LEN && n != TIMESTAMP_LEN)
		return (0);
	if (memcmp(p, z->date, DATE_LEN) != 0) {
		c = two(p), y = two(p + 2), m = two(p + 5), d = two(p + 8);
		if (c > 99 || y > 99 || p[4] != '-' || p[7] != '-' ||
		    m < 1 || m > 12 || d < 1 || d > 28)
			return (0);
		memcpy(z->date, p, DATE_LEN);
		z->date_us = timestamp_days((int)(c * 100 + y), (int)m,
		    (int)d) * DAY_US;
	}
	*us = z->date_us;
	if (n == DATE_LEN)
		return (1);
	h = two(p + 11), mi = two(p + 14), s = two(p + 17);
	f1 = two(p + 20), f2 = two(p + 22), f3 = two(p + 24);
	if (p[10] != 'T' || p[13] != ':' || p[16] != ':' || p[19] != '.' ||
	    p[26] != 'Z' || h > 23 || mi > 59 || s > 59 || f1 > 99 ||
	    f2 > 99 || f3 > 99)
		return (0);
	*us += ((int64_t)((h * 60 + mi) * 60 + s)) * 1000000 +
	    (int64_t)(f1 * 10000 + f2 * 100 + f3);
	return (1);
}

int
bsonize_read_time(struct bsonizer * z, const char * p, size_t n, int64_t * ms,
    int * micros)
{
	int64_t us;

	if (!read_fixed(z, p, n, &us) && timestamp_parse(p, n, &us) == -1)
		return (-1);
	*micros = (int)(us % 1000);
	*ms = us / 1000;
	if (*micros < 0) {
		*micros += 1000;
		(*ms)--;
	}
	return (0);
}

/* The text of a date, as bsonize_read_time() reads it; NULL if it is none. */
static const char *
read_date(struct bsonizer * z, const struct scan_value * v,
    char tmp[static DATE_TEXT], size_t * n, int64_t * ms, int * micros)
{
	const char * p;

	if (v->kind != SCAN_STRING ||
	    (p = bsonize_plain_text(v, tmp, DATE_TEXT, n)) == NULL ||
	    bsonize_read_time(z, p, *n, ms, micros) == -1)
		return (NULL);
	return (p);
}

/*
 * A time.  In a key it must stay apart from all others, so it is a string if
 * milliseconds can't hold it; by the column's type, so that all are alike.
 */
static int
put_date(struct bsonizer * z, const struct plan_type * t,
    const struct scan_value * v)
{
	char tmp[DATE_TEXT], text[64];
	size_t n;
	int64_t ms;
	int micros;

	if (read_date(z, v, tmp, &n, &ms, &micros) == NULL)
		return (refuse(z, "date", "is no date or time"));
	if (z->key && (t->micros == 1 || (t->micros == -1 && micros != 0))) {
		timestamp_format(ms * 1000 + micros, text);
		return (put_text(z->out, text, TIMESTAMP_LEN));
	}
	return (put_int64_value(z->out, BSONW_DATE, ms));
}

void
bsonize_put_micros(struct bsonizer * z, const struct plan_field * f,
    const struct scan_value * v)
{
	char tmp[DATE_TEXT];
	const char * p;
	size_t n;
	int64_t ms;
	int micros;

	p = read_date(z, v, tmp, &n, &ms, &micros);
	if (p == NULL || micros == 0)
		return;
	buf_put(z->out, f->extra, f->extra_n);
	z->out->p[z->out->n - f->extra_n] = BSONW_STRING;
	put_text(z->out, p, n);
}

static int
put_binary(struct bsonizer * z, const struct scan_value * v)
{
	const char * p = v->p;
	char * text = NULL;
	char * d;
	size_t n = v->n;
	int rc;

	if (v->kind != SCAN_STRING)
		return (refuse(z, "type", "is no string"));
	if (v->escaped) {
		p = text = mem_new(v->n, 1);
		n = scan_decode(v, text);
	}
	d = buf_room(z->out, 5 + n / 4 * 3 + 3);
	rc = base64_decode(p, n, d + 5, &n);
	free(text);
	if (rc == -1)
		return (refuse(z, "base64", "is not base64"));
	put32(d, (uint32_t)n);
	d[4] = 0;		/* subtype: generic */
	z->out->n += 5 + n;
	return (BSONW_BINARY);
}

static int
put_objectid(struct bsonizer * z, const struct scan_value * v)
{
	char tmp[64];
	bson_oid_t oid;
	const char * p;
	size_t n;

	if (v->kind != SCAN_STRING ||
	    (p = bsonize_plain_text(v, tmp, sizeof tmp, &n)) == NULL ||
	    !bson_oid_is_valid(p, n) || n != 24)
		return (refuse(z, "type", "is not 24 hexadecimal digits"));
	memmove(tmp, p, n);
	tmp[n] = '\0';
	bson_oid_init_from_string(&oid, tmp);
	buf_put(z->out, oid.bytes, sizeof oid.bytes);
	return (BSONW_OBJECTID);
}

static int
put_array(struct bsonizer * z, const struct plan_type * items,
    const struct scan_value * v)
{
	static const struct plan_type any = { PLAN_ANY, -1, NULL, NULL, 0 };
	struct scan_iter it;
	struct scan_value e;
	size_t start, head, index = 0;
	int type;

	start = bsonw_open(z->out);
	scan_open(&it, v);
	while (scan_element(&it, &e)) {
		head = z->out->n;
		bsonw_index(z->out, 0, index++);
		type = bsonize_put_value(z, items != NULL ? items : &any, &e);
		if (type == -1)
			return (-1);
		z->out->p[head] = (char)type;
	}
	bsonw_close(z->out, start);
	return (BSONW_ARRAY);
}

int
bsonize_put_name(struct bsonizer * z, const struct scan_value * key,
    int * escaped)
{
	char small[256];
	char * name = small;
	const char * why = NULL;
	size_t n;

	if (key->n > sizeof small)
		name = mem_new(key->n, 1);
	n = scan_decode(key, name);
	if (fieldname_plain(name, n))
		buf_put(z->out, name, n);
	else if (z->plan->names_reject)
		why = "has a name that is empty or holds '$' or '.'";
	else {
		why = fieldname_escape(name, n, z->out);
		*escaped = 1;
	}
	if (name != small)
		free(name);
	if (why != NULL)
		return (refuse(z, "name", why));
	buf_putc(z->out, '\0');
	return (0);
}

static int
compare_names(const void * a, const void * b)
{

	return (strcmp(*(const char * const *)a, *(const char * const *)b));
}

int
bsonize_check_names(struct bsonizer * z, size_t start)
{
	const uint8_t * p = (const uint8_t *)z->out->p + start;
	const char ** names;
	bson_iter_t it;
	bson_t doc;
	size_t i, n = 0, cap = 0;
	int rc = 0;

	if (!bson_init_static(&doc, p, z->out->n - start) ||
	    !bson_iter_init(&it, &doc))
		return (refuse(z, "name", "can't be written"));
	while (bson_iter_next(&it))
		cap++;
	names = mem_new(cap + 1, sizeof *names);
	bson_iter_init(&it, &doc);
	while (n < cap && bson_iter_next(&it))
		names[n++] = bson_iter_key(&it);
	qsort(names, n, sizeof *names, compare_names);
	for (i = 1; i < n && rc == 0; i++) {
		if (strcmp(names[i - 1], names[i]) == 0)
			rc = refuse(z, "name", "holds two names that would "
			    "be the same field's");
	}
	free(names);
	return (rc);
}

/* The known property of an object with this name, or NULL. */
static const struct plan_field *
known_field(const struct plan_type * t, const struct scan_value * key,
    size_t guess)
{
	const struct plan_field * f;
	size_t i;

	if (t == NULL)
		return (NULL);
	for (i = 0; i < t->nfield; i++) {
		/* Mostly the properties come in their order. */
		f = &t->field[(guess + i) % t->nfield];
		if (scan_equal(key, f->name, f->name_n))
			return (f);
	}
	return (NULL);
}

static int
put_object(struct bsonizer * z, const struct plan_type * t,
    const struct scan_value * v)
{
	static const struct plan_type any = { PLAN_ANY, -1, NULL, NULL, 0 };
	const struct plan_field * f;
	struct scan_iter it;
	struct scan_value key, val;
	size_t start, head, n = 0;
	int type, escaped = 0;

	start = bsonw_open(z->out);
	scan_open(&it, v);
	while (scan_member(&it, &key, &val)) {
		head = z->out->n;
		f = known_field(t, &key, n++);
		if (f != NULL && f->refused != NULL)
			return (refuse(z, "name", f->refused));
		if (f != NULL)
			buf_put(z->out, f->elem, f->elem_n);
		else {
			buf_putc(z->out, '\0');
			if (bsonize_put_name(z, &key, &escaped) == -1)
				return (-1);
		}
		type = bsonize_put_value(z, f != NULL ? &f->type : &any, &val);
		if (type == -1)
			return (-1);
		z->out->p[head] = (char)type;
		if (f != NULL && f->extra != NULL)
			bsonize_put_micros(z, f, &val);
	}
	bsonw_close(z->out, start);
	if (escaped && bsonize_check_names(z, start) == -1)
		return (-1);
	return (BSONW_DOCUMENT);
}

/* A value of no known type: what JSON makes of it. */
static int
put_any(struct bsonizer * z, const struct scan_value * v)
{

	switch ((enum scan_kind)v->kind) {
	case SCAN_NULL:
		return (BSONW_NULL);
	case SCAN_FALSE:
	case SCAN_TRUE:
		buf_putc(z->out, v->kind == SCAN_TRUE);
		return (BSONW_BOOL);
	case SCAN_INT:
		return (put_any_int(z, v));
	case SCAN_NUMBER:
		return (put_number(z, v));
	case SCAN_STRING:
		return (put_string(z->out, v));
	case SCAN_ARRAY:
		return (put_array(z, NULL, v));
	case SCAN_OBJECT:
		return (put_object(z, NULL, v));
	}
	return (refuse(z, "type", "is no value"));
}

/* Whole numbers, by the column's type and not by their size. */
static int
put_integer(struct bsonizer * z, enum plan_kind kind,
    const struct scan_value * v)
{
	int64_t n;

	if (read_int(v, &n) == 0) {
		if (kind != PLAN_INT32)
			return (put_int64_value(z->out, BSONW_INT64, n));
		if (n >= INT32_MIN && n <= INT32_MAX)
			return (put_int32_value(z->out, n));
		return (refuse(z, "range", "is too large for an int32"));
	}
	if (v->kind != SCAN_INT)
		return (refuse(z, "type", "is no whole number"));
	if (kind == PLAN_INTEGER)
		return (put_decimal(z, v));
	return (refuse(z, "range", kind == PLAN_INT32 ?
	    "is too large for an int32" : "is too large for an int64"));
}

/* Kinds that are not met in most rows. */
static int
put_rare(struct bsonizer * z, const struct plan_type * t,
    const struct scan_value * v)
{
	int number = (v->kind == SCAN_INT || v->kind == SCAN_NUMBER);
	int type;

	switch (t->kind) {
	case PLAN_NUMBER:
		return (number ? put_number(z, v) :
		    refuse(z, "type", "is no number"));
	case PLAN_BOOL:
		if (v->kind != SCAN_TRUE && v->kind != SCAN_FALSE)
			return (refuse(z, "type", "is neither true nor "
			    "false"));
		buf_putc(z->out, v->kind == SCAN_TRUE);
		return (BSONW_BOOL);
	case PLAN_DATE_OR_STRING:
		if (v->kind != SCAN_STRING)
			return (refuse(z, "type", "is no string"));
		type = put_date(z, t, v);
		return (type != -1 ? type : put_string(z->out, v));
	case PLAN_BINARY:
		return (put_binary(z, v));
	case PLAN_OBJECTID:
		return (put_objectid(z, v));
	case PLAN_ARRAY:
		return (v->kind == SCAN_ARRAY ? put_array(z, t->items, v) :
		    refuse(z, "type", "is no array"));
	case PLAN_OBJECT:
		return (v->kind == SCAN_OBJECT ? put_object(z, t, v) :
		    refuse(z, "type", "is no object"));
	default:
		return (put_any(z, v));
	}
}

int
bsonize_put_value(struct bsonizer * z, const struct plan_type * t,
    const struct scan_value * v)
{

	if (v->kind == SCAN_NULL)
		return (BSONW_NULL);
	switch (t->kind) {
	case PLAN_INT32:
	case PLAN_INT64:
	case PLAN_INTEGER:
		return (put_integer(z, t->kind, v));
	case PLAN_STRING:
		return (v->kind == SCAN_STRING ? put_string(z->out, v) :
		    refuse(z, "type", "is no string"));
	case PLAN_DATE:
		return (put_date(z, t, v));
	case PLAN_DECIMAL:
		if (v->kind != SCAN_STRING && v->kind != SCAN_INT &&
		    v->kind != SCAN_NUMBER)
			return (refuse(z, "type", "is no decimal number"));
		return (put_decimal(z, v));
	case PLAN_DOUBLE:
		return (put_float(z, v));
	default:
		return (put_rare(z, t, v));
	}
}

void
bsonize_begin(struct bsonizer * z, const struct plan * plan, struct buf * out,
    struct bsonize_error * err, int key)
{

	z->plan = plan;
	z->out = out;
	z->err = err;
	z->key = key;
	z->decimals = 0;
	z->has_change = 0;
	z->deleted = NULL;
	memset(err, 0, sizeof *err);
}

int
bsonize_value(struct bsonizer * z, const struct plan * plan,
    const struct plan_type * t, const struct scan_value * v,
    struct buf * out)
{
	struct bsonize_error err;
	int type;

	bsonize_begin(z, plan, out, &err, 0);
	type = bsonize_put_value(z, t, v);
	return (z->decimals > 0 ? -1 : type);
}
