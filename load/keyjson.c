#include <bson/bson.h>
#include <string.h>

#include "../common/scan.h"
#include "../common/timestamp.h"

#include "keyjson.h"

#define YEAR_0_MS	(timestamp_days(0, 1, 1) * INT64_C(86400000))
#define YEAR_10000_MS	(timestamp_days(10000, 1, 1) * INT64_C(86400000))

static void
put_base64(struct buf * out, const uint8_t * p, uint32_t n)
{
	static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t i, v;

	buf_putc(out, '"');
	for (i = 0; i < n; i += 3) {
		v = (uint32_t)p[i] << 16 |
		    (i + 1 < n ? (uint32_t)p[i + 1] << 8 : 0) |
		    (i + 2 < n ? p[i + 2] : 0);
		buf_putc(out, digit[v >> 18]);
		buf_putc(out, digit[v >> 12 & 63]);
		buf_putc(out, i + 1 < n ? digit[v >> 6 & 63] : '=');
		buf_putc(out, i + 2 < n ? digit[v & 63] : '=');
	}
	buf_putc(out, '"');
}

static int
put_date(struct buf * out, int64_t ms)
{
	char text[TIMESTAMP_LEN];

	if (ms < YEAR_0_MS || ms >= YEAR_10000_MS)
		return (-1);
	timestamp_format(ms * 1000, text);
	buf_putc(out, '"');
	buf_put(out, text, sizeof text);
	buf_putc(out, '"');
	return (0);
}

/* A decimal is text in a record, but an integer beyond int64 isn't. */
static int
put_decimal(struct buf * out, enum plan_kind kind, const bson_iter_t * it)
{
	char text[BSON_DECIMAL128_STRING];
	bson_decimal128_t d;

	if (!bson_iter_decimal128(it, &d))
		return (-1);
	bson_decimal128_to_string(&d, text);
	if (kind == PLAN_DECIMAL) {
		buf_printf(out, "\"%s\"", text);
		return (0);
	}
	if (strspn(text, "0123456789-") != strlen(text))
		return (-1);
	buf_puts(out, text);
	return (0);
}

static int
put_text(struct buf * out, const bson_iter_t * it)
{
	uint32_t n;
	const char * p = bson_iter_utf8(it, &n);

	return (scan_put_text(out, p, n));
}

/* Could a record's value of this type have become this one? */
static int
put_value(struct buf * out, const struct plan_type * t,
    const bson_iter_t * it)
{
	const uint8_t * p;
	bson_subtype_t subtype;
	uint32_t n;

	switch (bson_iter_type(it)) {
	case BSON_TYPE_INT32:
	case BSON_TYPE_INT64:
		if (t->kind == PLAN_STRING || t->kind == PLAN_DATE ||
		    t->kind == PLAN_BINARY || t->kind == PLAN_OBJECTID)
			return (-1);
		buf_put_i64(out, bson_iter_as_int64(it));
		return (0);
	case BSON_TYPE_DECIMAL128:
		return (put_decimal(out, t->kind, it));
	case BSON_TYPE_BOOL:
		if (t->kind != PLAN_BOOL)
			return (-1);
		buf_puts(out, bson_iter_bool(it) ? "1" : "0");
		return (0);
	case BSON_TYPE_DOUBLE:
		if (t->kind != PLAN_DOUBLE && t->kind != PLAN_NUMBER)
			return (-1);
		buf_printf(out, "%.17g", bson_iter_double(it));
		return (0);
	case BSON_TYPE_UTF8:
		if (t->kind == PLAN_INT32 || t->kind == PLAN_INT64 ||
		    t->kind == PLAN_INTEGER || t->kind == PLAN_BINARY)
			return (-1);
		return (put_text(out, it));
	case BSON_TYPE_DATE_TIME:
		return (put_date(out, bson_iter_date_time(it)));
	case BSON_TYPE_BINARY:
		if (t->kind != PLAN_BINARY)
			return (-1);
		bson_iter_binary(it, &subtype, &n, &p);
		put_base64(out, p, n);
		return (0);
	default:
		return (-1);
	}
}

/* The parts of a key of several properties, by name and in order. */
static int
put_parts(struct buf * out, const struct plan * plan, const bson_iter_t * it)
{
	const struct plan_field * f;
	bson_iter_t in;
	size_t i;

	if (!BSON_ITER_HOLDS_DOCUMENT(it) || !bson_iter_recurse(it, &in))
		return (-1);
	for (i = 0; i < plan->nkeys; i++) {
		f = &plan->field[plan->keys[i]];
		if (i > 0)
			buf_putc(out, ',');
		if (!bson_iter_next(&in) ||
		    strcmp(bson_iter_key(&in), f->elem != NULL ? f->elem + 1 :
		    f->name) != 0 || put_value(out, &f->type, &in) == -1)
			return (-1);
	}
	return (bson_iter_next(&in) ? -1 : 0);
}

int
keyjson_array(const struct plan * plan, const char * key, size_t n,
    struct buf * out)
{
	struct buf doc = { NULL, 0, 0 };
	size_t start = out->n;
	uint32_t size = (uint32_t)(4 + 1 + 1 + n - 1 + 1);
	bson_iter_t it;
	bson_t b;
	int rc = -1;

	if (plan->key == PLAN_KEY_NONE || n == 0)
		return (-1);

	/* A document of that one element, its name empty. */
	buf_put(&doc, &size, 4);
	buf_putc(&doc, key[0]);
	buf_putc(&doc, '\0');
	buf_put(&doc, key + 1, n - 1);
	buf_putc(&doc, '\0');
	buf_putc(out, '[');
	if (bson_init_static(&b, (const uint8_t *)doc.p, doc.n) &&
	    bson_iter_init(&it, &b) && bson_iter_next(&it))
		rc = plan->key == PLAN_KEY_DOCUMENT ?
		    put_parts(out, plan, &it) : put_value(out,
		    &plan->field[plan->keys[0]].type, &it);
	buf_free(&doc);
	if (rc == -1) {
		out->n = start;
		return (-1);
	}
	buf_putc(out, ']');
	return (0);
}
