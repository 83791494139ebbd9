#include <stdlib.h>
#include <string.h>

#include "../common/json.h"
#include "../common/log.h"
#include "../common/mem.h"

#include "discover.h"

#define MARK	6	/* "ok    ", "warn  ": how wide that column is */

/* What Singer says of a stream as a whole, not of a column. */
static const struct json_node *
metadata_of(const struct json_node * stream)
{
	const struct json_node * m;

	m = json_get(stream, "metadata");
	for (m = m != NULL ? json_first(m) : NULL; m != NULL;
	    m = json_next(m)) {
		if (json_get(m, "breadcrumb") != NULL &&
		    json_count(json_get(m, "breadcrumb")) == 0)
			return (json_get(m, "metadata"));
	}
	return (NULL);
}

/* Is it a table that can be kept in step by itself? */
static int
is_usable(const struct json_node * stream)
{
	const struct json_node * key, * change;

	key = json_get(stream, "key_properties");
	change = json_get(metadata_of(stream), "valid-replication-keys");
	return (key != NULL && json_count(key) > 0 &&
	    ((change != NULL && json_count(change) > 0) ||
	    json_get(stream, "replication_key") != NULL));
}

int
discover_parse(const char * p, size_t n, char *** names, size_t * count)
{
	struct json * doc = json_parse(p, n, NULL);
	const struct json_node * s;
	const char * name;

	*names = NULL;
	*count = 0;
	if (doc == NULL)
		return (-1);
	s = json_get(json_root(doc), "streams");
	if (s == NULL || json_kind(s) != JSON_ARRAY) {
		json_free(doc);
		return (-1);
	}
	for (s = json_first(s); s != NULL; s = json_next(s)) {
		name = json_text(json_get(s, "stream"), NULL);
		if (name == NULL)
			continue;
		if (!is_usable(s)) {
			log_warn("%s: has no key or no change column: left "
			    "out (SYNC_TABLES names tables)", name);
			continue;
		}
		*names = mem_grow(*names, *count + 1, sizeof **names);
		(*names)[(*count)++] = mem_dup(name);
	}
	json_free(doc);
	return (0);
}

void
discover_free_names(char ** names, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		free(names[i]);
	free(names);
}

void
discover_remarks_init(struct discover_remarks * r, const char * text)
{

	*r = (struct discover_remarks) { .p = text };
}

void
discover_remarks_free(struct discover_remarks * r)
{

	buf_free(&r->head);
	buf_free(&r->what);
}

/* Append the ${n} bytes ${p} without the blanks around them. */
static void
put_words(struct buf * b, const char * p, size_t n)
{

	while (n > 0 && *p == ' ') {
		p++;
		n--;
	}
	while (n > 0 && p[n - 1] == ' ')
		n--;
	buf_put(b, p, n);
}

/*
 * "warn    index                none over ...": a mark, a point, and what
 * there is to say of it.  The points of a table are indented below the line
 * that begins with its name.  Return nonzero if it is a remark.
 */
static int
take_line(struct discover_remarks * r, const char * p, size_t n)
{
	const char * point, * rest;
	int indented;

	if (n <= MARK || *p == ' ')
		return (0);
	point = p + MARK;
	indented = (*point == ' ');
	rest = memmem(point + 2, n - MARK - 2, "  ", 2);
	if (rest == NULL)
		rest = p + n;
	if (!indented) {
		buf_clear(&r->head);
		put_words(&r->head, point, (size_t)(rest - point));
	}
	if (strncmp(p, "ok ", 3) == 0)
		return (0);
	buf_put(&r->what, r->head.p, r->head.n);
	if (indented) {
		buf_puts(&r->what, ": ");
		put_words(&r->what, point, (size_t)(rest - point));
	}
	buf_puts(&r->what, ": ");
	put_words(&r->what, rest, (size_t)(p + n - rest));
	return (1);
}

const char *
discover_remark(struct discover_remarks * r)
{
	const char * end, * remedy;
	int found = 0;

	buf_clear(&r->what);
	for (; (end = strchr(r->p, '\n')) != NULL && !found; r->p = end + 1) {
		if ((size_t)(end - r->p) > MARK + 2)
			found = take_line(r, r->p, (size_t)(end - r->p));
	}
	if (!found)
		return (NULL);

	/* The remedy stands in a line of its own, behind an arrow. */
	if ((end = strchr(r->p, '\n')) != NULL && *r->p == ' ' &&
	    (remedy = memmem(r->p, (size_t)(end - r->p), "-> ", 3)) != NULL) {
		buf_puts(&r->what, "; remedy: ");
		put_words(&r->what, remedy + 3, (size_t)(end - remedy - 3));
		r->p = end + 1;
	}
	return (buf_text(&r->what));
}
