#include <bson/bson.h>
#include <string.h>

#include "../common/scan.h"

#include "plan.h"
#include "resolve.h"

#include "compare.h"

/* The bytes of an element's value. */
static const uint8_t *
value_of(const bson_iter_t * it, size_t * n)
{
	size_t at = bson_iter_offset((bson_iter_t *)it) + 1 +
	    strlen(bson_iter_key(it)) + 1;

	*n = it->next_off - at;
	return (it->raw + at);
}

static int
same_value(const bson_iter_t * a, const bson_iter_t * b)
{
	const uint8_t * p, * q;
	size_t n, m;

	if (bson_iter_type(a) != bson_iter_type(b))
		return (0);
	p = value_of(a, &n);
	q = value_of(b, &m);
	return (n == m && memcmp(p, q, n) == 0);
}

static int
is_stamp(const bson_iter_t * it)
{

	return (strcmp(bson_iter_key(it), PLAN_STAMP) == 0);
}

/* The next field that counts. */
static int
next_field(bson_iter_t * it)
{

	while (bson_iter_next(it)) {
		if (!is_stamp(it))
			return (1);
	}
	return (0);
}

/* Are they equal with their fields in one order? */
static int
same_in_order(const bson_t * a, const bson_t * b)
{
	bson_iter_t i, k;
	int more_a, more_b;

	if (!bson_iter_init(&i, a) || !bson_iter_init(&k, b))
		return (0);
	for (;;) {
		more_a = next_field(&i);
		more_b = next_field(&k);
		if (!more_a || !more_b)
			return (more_a == more_b);
		if (strcmp(bson_iter_key(&i), bson_iter_key(&k)) != 0 ||
		    !same_value(&i, &k))
			return (0);
	}
}

static void
put_name(struct buf * out, const char * name, int * any)
{

	if (*any)
		buf_putc(out, ',');
	if (scan_put_text(out, name, strlen(name)) == -1)
		buf_puts(out, "\"\"");
	*any = 1;
}

/* The fields of ${a} that ${b} lacks or, with ${values}, has otherwise. */
static void
put_unlike(const bson_t * a, const bson_t * b, int values, struct buf * out,
    int * any)
{
	bson_iter_t i, k;

	if (!bson_iter_init(&i, a))
		return;
	while (next_field(&i)) {
		if (bson_iter_init_find(&k, b, bson_iter_key(&i)) &&
		    (!values || same_value(&i, &k)))
			continue;
		put_name(out, bson_iter_key(&i), any);
	}
}

static int
is_marked(const bson_t * doc)
{
	bson_iter_t it, in;

	return (bson_iter_init(&it, doc) && bson_iter_find_descendant(&it,
	    PLAN_STAMP "." DELETES_MARKED, &in));
}

int
compare_marked(const char * doc, size_t n)
{
	bson_t b;

	return (bson_init_static(&b, (const uint8_t *)doc, n) &&
	    is_marked(&b));
}

int
compare_documents(const char * a, size_t na, const char * b, size_t nb,
    struct buf * fields)
{
	size_t start = fields->n;
	bson_t x, y;
	int any = 0, marks;

	if (!bson_init_static(&x, (const uint8_t *)a, na) ||
	    !bson_init_static(&y, (const uint8_t *)b, nb)) {
		buf_puts(fields, "[]");
		return (0);
	}
	marks = (is_marked(&x) == is_marked(&y));
	if (marks && same_in_order(&x, &y))
		return (1);
	buf_putc(fields, '[');
	put_unlike(&x, &y, 1, fields, &any);
	put_unlike(&y, &x, 0, fields, &any);
	if (!marks)
		put_name(fields, PLAN_STAMP "." DELETES_MARKED, &any);
	buf_putc(fields, ']');
	if (!any)
		fields->n = start;
	return (!any);
}

void
compare_stamp(const char * doc, size_t n, const char ** v, size_t * v_n)
{
	bson_iter_t it, in;
	const char * p;
	uint32_t len;
	bson_t b;

	*v = NULL;
	*v_n = 0;
	if (!bson_init_static(&b, (const uint8_t *)doc, n) ||
	    !bson_iter_init(&it, &b) ||
	    !bson_iter_find_descendant(&it, PLAN_STAMP ".v", &in) ||
	    !BSON_ITER_HOLDS_UTF8(&in))
		return;
	p = bson_iter_utf8(&in, &len);
	if (!resolve_is_version(p, len))
		return;
	*v = p;
	*v_n = len;
}

void
compare_body(const char * doc, size_t n, size_t * len)
{
	bson_iter_t it;
	bson_t b;

	*len = n;
	if (bson_init_static(&b, (const uint8_t *)doc, n) &&
	    bson_iter_init_find(&it, &b, PLAN_STAMP))
		*len = bson_iter_offset(&it);
}
