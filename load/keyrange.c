#include <string.h>

#include "bsonw.h"
#include "decimal128.h"

#include "keyrange.h"

/* One end: a whole number as the text ${p}, exactly. */
static int
put_end(struct buf * out, const char * name, const struct json_node * end)
{
	char value[17] = { BSONW_DECIMAL };
	const char * p;
	int64_t v;
	size_t n;

	if (json_int64(end, &v) == 0) {
		bsonw_int64(out, name, v);
		return (0);
	}
	p = json_raw(end, &n);
	if (json_kind(end) != JSON_NUMBER || decimal128_parse(p, n,
	    (uint8_t *)value + 1) != 0)
		return (-1);
	bsonw_value(out, name, value, sizeof value);
	return (0);
}

/* The field of a document that holds the key's first property. */
static void
put_path(const struct plan * plan, struct buf * path)
{
	const struct plan_field * f = &plan->field[plan->keys[0]];

	buf_puts(path, "_id");
	if (plan->key != PLAN_KEY_DOCUMENT)
		return;
	buf_putc(path, '.');
	buf_puts(path, f->elem != NULL && strcmp(f->name, "_id") != 0 ?
	    f->elem + 1 : f->name);
}

static int
is_whole(const struct plan_field * f)
{

	return (f->type.kind == PLAN_INT32 || f->type.kind == PLAN_INT64 ||
	    f->type.kind == PLAN_INTEGER || f->type.kind == PLAN_DECIMAL);
}

int
keyrange_filter(const struct plan * plan, const struct json_node * range,
    struct buf * out)
{
	const struct json_node * from = json_first(range);
	const struct json_node * to = from != NULL ? json_next(from) : NULL;
	struct buf path = { NULL, 0, 0 };
	size_t start, in, not = 0;
	int rc = 0;

	if (json_kind(range) != JSON_ARRAY || json_count(range) != 2 ||
	    plan->key == PLAN_KEY_NONE ||
	    !is_whole(&plan->field[plan->keys[0]]))
		return (-1);
	put_path(plan, &path);
	start = bsonw_open(out);
	in = bsonw_nested(out, BSONW_DOCUMENT, buf_text(&path));
	if (json_kind(from) != JSON_NULL) {
		rc = put_end(out, "$gte", from);
		if (rc == 0 && json_kind(to) != JSON_NULL)
			rc = put_end(out, "$lt", to);
	} else if (json_kind(to) != JSON_NULL) {
		not = bsonw_nested(out, BSONW_DOCUMENT, "$not");
		rc = put_end(out, "$gte", to);
		bsonw_close(out, not);
	} else
		bsonw_bool(out, "$exists", 1);
	bsonw_close(out, in);
	bsonw_close(out, start);
	buf_free(&path);
	return (rc);
}
