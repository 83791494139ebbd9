#include <stdlib.h>
#include <string.h>

#include "json_impl.h"

void
json_place(const struct json * doc, uint32_t where, unsigned * line,
    unsigned * column)
{
	const char * p = doc->text;
	const char * end = doc->text + where;
	const char * nl;

	*line = 1;
	while ((nl = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		(*line)++;
		p = nl + 1;
	}
	*column = (unsigned)(end - p) + 1;
}

int
json_key_compare(const char * a, size_t na, const char * b, size_t nb)
{

	if (na != nb)
		return (na < nb ? -1 : 1);
	return (memcmp(a, b, na));
}

void
json_free(struct json * doc)
{

	if (doc == NULL)
		return;
	free(doc->text);
	free(doc->decoded);
	free(doc->node);
	free(doc->sorted);
	free(doc);
}

const struct json_node *
json_root(const struct json * doc)
{

	return (&doc->node[0]);
}

enum json_kind
json_kind(const struct json_node * node)
{

	return ((enum json_kind)node->kind);
}

const char *
json_raw(const struct json_node * node, size_t * n)
{

	*n = node->end - node->start;
	return (node->doc->text + node->start);
}

void
json_position(const struct json_node * node, unsigned * line,
    unsigned * column)
{

	json_place(node->doc, node->start, line, column);
}

const char *
json_source(const struct json * doc, size_t * n)
{

	*n = doc->n;
	return (doc->text);
}

void
json_span(const struct json_node * node, size_t * start, size_t * end)
{

	*start = node->member ? node->key_start : node->start;
	*end = node->end;
}

size_t
json_count(const struct json_node * node)
{

	return (node->count);
}

const struct json_node *
json_first(const struct json_node * node)
{

	return (node->first == 0 ? NULL : &node->doc->node[node->first]);
}

const struct json_node *
json_next(const struct json_node * node)
{

	return (node->next == 0 ? NULL : &node->doc->node[node->next]);
}

const char *
json_key(const struct json_node * node, size_t * n)
{

	if (!node->member)
		return (NULL);
	if (n != NULL)
		*n = node->nkey;
	return (node->doc->decoded + node->key);
}

void
json_key_position(const struct json_node * node, unsigned * line,
    unsigned * column)
{

	json_place(node->doc, node->key_start, line, column);
}

/* Look for a name in the sorted members of ${node}. */
static const struct json_node *
search(const struct json_node * node, const char * key, size_t nkey)
{
	const struct json * doc = node->doc;
	uint32_t low = 0, high = node->count;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		const struct json_node * m =
		    &doc->node[doc->sorted[node->sorted + mid]];
		int c = json_key_compare(key, nkey, doc->decoded + m->key,
		    m->nkey);

		if (c == 0)
			return (m);
		if (c < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return (NULL);
}

const struct json_node *
json_get(const struct json_node * node, const char * key)
{
	const struct json_node * m;
	size_t n = strlen(key);

	if (node == NULL || node->kind != JSON_OBJECT)
		return (NULL);
	if (node->count > FEW)
		return (search(node, key, n));
	for (m = json_first(node); m != NULL; m = json_next(m)) {
		if (json_key_compare(key, n, node->doc->decoded + m->key,
		    m->nkey) == 0)
			return (m);
	}
	return (NULL);
}

const char *
json_text(const struct json_node * node, size_t * n)
{

	if (node == NULL || node->kind != JSON_STRING)
		return (NULL);
	if (n != NULL)
		*n = node->ntext;
	return (node->doc->decoded + node->text);
}

int
json_true(const struct json_node * node)
{

	return (node != NULL && node->kind == JSON_BOOL &&
	    node->doc->text[node->start] == 't');
}

/* The digits from ${p} to ${end} as a number.  Return 0, or -1. */
static int
whole(const char * p, const char * end, uint64_t * out)
{
	uint64_t v = 0;

	for (; p < end; p++) {
		if (*p < '0' || *p > '9' || __builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*p - '0'), &v))
			return (-1);
	}
	*out = v;
	return (0);
}

int
json_uint64(const struct json_node * node, uint64_t * out)
{
	const char * p;
	size_t n;

	if (node == NULL || node->kind != JSON_NUMBER)
		return (-1);
	p = json_raw(node, &n);
	if (n == 2 && memcmp(p, "-0", 2) == 0)
		p++;
	return (whole(p, node->doc->text + node->end, out));
}

int
json_int64(const struct json_node * node, int64_t * out)
{
	const char * p;
	uint64_t v;
	size_t n;
	int minus;

	if (node == NULL || node->kind != JSON_NUMBER)
		return (-1);
	p = json_raw(node, &n);
	minus = (*p == '-');
	if (whole(p + minus, p + n, &v) == -1 ||
	    v > (uint64_t)INT64_MAX + (uint64_t)minus)
		return (-1);
	*out = minus ? (int64_t)(0 - v) : (int64_t)v;
	return (0);
}
