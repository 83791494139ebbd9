#include <string.h>

#include "../common/scan.h"

#include "jsonput.h"

static void
put_key(struct buf * b, const char * key, size_t n)
{

	if (b->n > 0 && b->p[b->n - 1] != '{')
		buf_putc(b, ',');
	scan_put_text(b, key, n);
	buf_putc(b, ':');
}

void
jsonput_key(struct buf * b, const char * key)
{

	put_key(b, key, strlen(key));
}

void
jsonput_name(struct buf * b, const struct json_node * node)
{
	size_t n;
	const char * key = json_key(node, &n);

	put_key(b, key, n);
}

void
jsonput_raw(struct buf * b, const struct json_node * node)
{
	size_t n;
	const char * p = json_raw(node, &n);

	buf_put(b, p, n);
}

void
jsonput_compact(struct buf * b, const struct json_node * node)
{
	const struct json_node * e;
	int object = (json_kind(node) == JSON_OBJECT);

	if (!object && json_kind(node) != JSON_ARRAY) {
		jsonput_raw(b, node);
		return;
	}
	buf_putc(b, object ? '{' : '[');
	for (e = json_first(node); e != NULL; e = json_next(e)) {
		if (object)
			jsonput_name(b, e);
		else if (e != json_first(node))
			buf_putc(b, ',');
		jsonput_compact(b, e);
	}
	buf_putc(b, object ? '}' : ']');
}
