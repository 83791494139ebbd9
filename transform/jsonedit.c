#include <stdlib.h>
#include <string.h>

#include "../common/mem.h"
#include "../common/scan.h"

#include "jsonedit.h"

struct change {
	enum what { REMOVE, REPLACE, APPEND } what;
	const struct json_node * node;
	char * text;
};

struct jsonedit {
	const struct json * doc;
	const char * text;
	size_t n;
	struct change * change;
	size_t nchange;
};

struct jsonedit *
jsonedit_new(const struct json * doc)
{
	struct jsonedit * ed = mem_new(1, sizeof *ed);

	ed->doc = doc;
	ed->text = json_source(doc, &ed->n);
	return (ed);
}

void
jsonedit_free(struct jsonedit * ed)
{
	size_t i;

	if (ed == NULL)
		return;
	for (i = 0; i < ed->nchange; i++)
		free(ed->change[i].text);
	free(ed->change);
	free(ed);
}

static void
add(struct jsonedit * ed, enum what what, const struct json_node * node,
    const char * text)
{

	ed->change = mem_grow(ed->change, ed->nchange + 1,
	    sizeof *ed->change);
	ed->change[ed->nchange++] = (struct change) { what, node,
	    mem_dup(text) };
}

static const struct change *
find(const struct jsonedit * ed, enum what what, const struct json_node * node)
{
	size_t i;

	for (i = ed->nchange; i-- > 0; ) {
		if (ed->change[i].what == what && ed->change[i].node == node)
			return (&ed->change[i]);
	}
	return (NULL);
}

int
jsonedit_removed(const struct jsonedit * ed, const struct json_node * node)
{

	return (find(ed, REMOVE, node) != NULL);
}

void
jsonedit_remove(struct jsonedit * ed, const struct json_node * node)
{

	if (!jsonedit_removed(ed, node))
		add(ed, REMOVE, node, NULL);
}

void
jsonedit_replace(struct jsonedit * ed, const struct json_node * node,
    const char * text)
{

	add(ed, REPLACE, node, text);
}

void
jsonedit_append(struct jsonedit * ed, const struct json_node * node,
    const char * key, const char * text)
{
	struct buf b = { NULL, 0, 0 };

	if (key != NULL) {
		scan_put_text(&b, key, strlen(key));
		buf_puts(&b, ": ");
	}
	buf_puts(&b, text);
	add(ed, APPEND, node, buf_text(&b));
	buf_free(&b);
}

size_t
jsonedit_count(const struct jsonedit * ed)
{

	return (ed->nchange);
}

/* What stands before another member: as before the last one there is. */
static void
put_gap(const struct jsonedit * ed, const struct json_node * last,
    struct buf * b)
{
	size_t start, end, i;

	json_span(last, &start, &end);
	for (i = start; i > 0 && strchr(" \t", ed->text[i - 1]) != NULL; )
		i--;
	if (i > 0 && ed->text[i - 1] == '\n')
		buf_put(b, ed->text + i - 1, start - i + 1);
	else
		buf_putc(b, ' ');
}

static void put_node(const struct jsonedit *, const struct json_node *,
    struct buf *);

/* The members or elements that stay, and new ones behind them. */
static void
put_members(const struct jsonedit * ed, const struct json_node * node,
    size_t start, size_t end, struct buf * b)
{
	const struct json_node * e, * next, * last = NULL;
	size_t s, t, s2, t2, n, i, kept = 0, at = start;

	for (e = json_first(node); e != NULL; e = next) {
		next = json_next(e);
		last = e;
		json_span(e, &s, &t);
		if (!jsonedit_removed(ed, e)) {
			buf_put(b, ed->text + at, s - at);
			(void)json_raw(e, &n);
			buf_put(b, ed->text + s, t - n - s);
			put_node(ed, e, b);
			at = t;
			kept++;
			continue;
		}
		/* Its comma goes, too: the one before it, if there is one. */
		if (kept == 0) {
			buf_put(b, ed->text + at, s - at);
			at = t;
			if (next != NULL) {
				json_span(next, &s2, &t2);
				at = s2;
			}
		} else
			at = t;
	}
	for (i = 0; i < ed->nchange; i++) {
		if (ed->change[i].what != APPEND ||
		    ed->change[i].node != node)
			continue;
		if (kept++ > 0) {
			buf_putc(b, ',');
			if (last != NULL)
				put_gap(ed, last, b);
			else
				buf_putc(b, ' ');
		} else if (last == NULL) {
			buf_putc(b, ed->text[at]);
			at++;
		}
		buf_puts(b, ed->change[i].text);
	}
	buf_put(b, ed->text + at, end - at);
}

static void
put_node(const struct jsonedit * ed, const struct json_node * node,
    struct buf * b)
{
	const struct change * c = find(ed, REPLACE, node);
	const char * p;
	size_t n, start;

	p = json_raw(node, &n);
	start = (size_t)(p - ed->text);
	if (c != NULL)
		buf_puts(b, c->text);
	else if (json_kind(node) == JSON_OBJECT ||
	    json_kind(node) == JSON_ARRAY)
		put_members(ed, node, start, start + n, b);
	else
		buf_put(b, p, n);
}

void
jsonedit_put(const struct jsonedit * ed, struct buf * b)
{
	const struct json_node * root = json_root(ed->doc);
	const char * p;
	size_t n;

	p = json_raw(root, &n);
	buf_put(b, ed->text, (size_t)(p - ed->text));
	put_node(ed, root, b);
	buf_put(b, p + n, (size_t)(ed->text + ed->n - p) - n);
}
