#include <stdlib.h>
#include <string.h>

#include "../common/mem.h"

#include "format.h"

#include "softdelete.h"

#define N(a)	(sizeof (a) / sizeof (a)[0])
#define TIME_MAX	64	/* bytes of a time, and more */
#define ESCAPED_MAX	(6 * TIME_MAX)	/* each of them as \u0030 */

/* The text of ${node}, not empty and without NUL; or NULL after a report. */
static const char *
text_of(const struct json_node * node, struct faults * f)
{
	const char * p;
	size_t n;

	p = json_text(node, &n);
	if (p != NULL && n > 0 && strlen(p) == n)
		return (p);
	fault(f, node, "a text is expected");
	return (NULL);
}

static void
add_when(struct softdelete * sd, const struct json_node * node,
    struct faults * f)
{
	const char * p;
	size_t n;

	if (json_kind(node) == JSON_ARRAY || json_kind(node) == JSON_OBJECT) {
		fault(f, node, "when is a value of the column, or a list of "
		    "some");
		return;
	}
	p = json_raw(node, &n);
	sd->when = mem_grow(sd->when, sd->nwhen + 1, sizeof *sd->when);
	sd->when[sd->nwhen++] = value_copy(p, n);
}

static void
read_when(struct softdelete * sd, const struct json_node * node,
    struct faults * f)
{
	const struct json_node * e;

	sd->list = node;
	if (json_kind(node) != JSON_ARRAY) {
		add_when(sd, node, f);
		return;
	}
	if (json_count(node) == 0)
		fault(f, node, "when: the list is empty");
	for (e = json_first(node); e != NULL; e = json_next(e))
		add_when(sd, e, f);
}

static void
read_then(struct softdelete * sd, const struct json_node * node,
    struct faults * f)
{
	const char * p = json_text(node, NULL);

	sd->marks = (p != NULL && strcmp(p, "mark") == 0);
	if (!sd->marks && (p == NULL || strcmp(p, "delete") != 0))
		fault(f, node, "then is delete or mark");
}

static void
read_column(struct softdelete * sd, const struct json_node * node,
    struct faults * f)
{
	static const char * const names[] = { "column", "then", "when" };
	const struct json_node * e;
	size_t i;

	if (json_kind(node) != JSON_OBJECT) {
		fault(f, node, "\"x-soft-delete\" is {\"column\": ..., "
		    "\"then\": \"delete\"}, or mark");
		return;
	}
	for (e = json_first(node); e != NULL; e = json_next(e)) {
		for (i = 0; i < N(names); i++) {
			if (strcmp(json_key(e, NULL), names[i]) == 0)
				break;
		}
		if (i == N(names))
			fault_unknown(f, e, "member of x-soft-delete", names,
			    N(names));
	}
	if ((e = json_get(node, "column")) == NULL)
		fault(f, node, "\"column\" is missing: the column that says "
		    "that a row is deleted");
	else
		sd->column = text_of(e, f);
	if ((e = json_get(node, "then")) == NULL)
		fault(f, node, "\"then\" is missing: delete or mark");
	else
		read_then(sd, e, f);
	if ((e = json_get(node, "when")) != NULL)
		read_when(sd, e, f);
}

/* x-deletes: what load does about rows that aren't there any more. */
static void
read_deletes(struct softdelete * sd, const struct json_node * node,
    struct faults * f)
{
	static const char * const names[] = { "mirror", "mark", "ignore" };
	const char * p = json_text(node, NULL);
	size_t i;

	for (i = 0; p != NULL && i < N(names); i++) {
		if (strcmp(p, names[i]) == 0)
			sd->deletes = names[i];
	}
	if (sd->deletes == NULL)
		fault(f, node, "x-deletes is mirror, mark or ignore");
	else if (strcmp(sd->deletes, "ignore") == 0 && sd->column != NULL &&
	    !sd->marks)
		fault(f, node, "ignore leaves all documents of deleted rows "
		    "as they are, those of x-soft-delete too: say mirror or "
		    "mark, or leave x-soft-delete out");
}

void
softdelete_read(struct softdelete * sd, const struct json_node * top,
    struct faults * f)
{
	const struct json_node * node;

	if ((node = json_get(top, "x-soft-delete")) != NULL)
		read_column(sd, node, f);
	if ((node = json_get(top, "x-deletes")) != NULL)
		read_deletes(sd, node, f);
}

void
softdelete_clear(struct softdelete * sd)
{
	size_t i;

	for (i = 0; i < sd->nwhen; i++)
		free(sd->when[i]);
	free(sd->when);
	*sd = (struct softdelete) { 0 };
}

/* Nothing but zeros, and what stands between them in numbers and times. */
static int
is_zeros(const char * p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (p[i] == '\0' || strchr("0.:- TZ", p[i]) == NULL)
			return (0);
	}
	return (1);
}

/* The same of a string, whatever of it is written with escapes. */
static int
is_zero_text(const struct scan_value * v)
{
	char * text;
	int rc;

	if (!v->escaped)
		return (is_zeros(v->p, v->n));
	text = mem_new(v->n, 1);
	rc = is_zeros(text, scan_decode(v, text));
	free(text);
	return (rc);
}

static int
is_zero_number(const struct scan_value * v)
{
	size_t i;

	for (i = 0; i < v->n && v->p[i] != 'e' && v->p[i] != 'E'; i++) {
		if (v->p[i] >= '1' && v->p[i] <= '9')
			return (0);
	}
	return (1);
}

int
softdelete_meets(const struct softdelete * sd, const struct scan_value * v)
{
	struct value val = { *v, 0 };
	size_t i;

	if (sd->nwhen > 0) {
		for (i = 0; i < sd->nwhen; i++) {
			if (value_equal(&val, sd->when[i]))
				return (1);
		}
		return (0);
	}
	switch (v->kind) {
	case SCAN_NULL:
	case SCAN_FALSE:
		return (0);
	case SCAN_INT:
	case SCAN_NUMBER:
		return (!is_zero_number(v));
	case SCAN_STRING:
		return (!is_zero_text(v));
	default:
		return (1);
	}
}

/* Is the value among those that an ENUM can have? */
static int
in_enum(const struct json_node * list, const struct value * v)
{
	const struct json_node * e;
	struct value * one;
	const char * p;
	size_t n;
	int found = 0;

	for (e = json_first(list); e != NULL && !found; e = json_next(e)) {
		p = json_raw(e, &n);
		one = value_copy(p, n);
		found = value_equal(one, v);
		free(one);
	}
	return (found);
}

int
softdelete_fits(const struct softdelete * sd,
    const struct json_node * column, unsigned kinds, struct buf * why)
{
	const struct json_node * list = json_get(column, "enum");
	const struct value * v;
	size_t i;

	for (i = 0; i < sd->nwhen; i++) {
		v = sd->when[i];
		if ((KIND(v->v.kind) & kinds) == 0) {
			buf_puts(why, "gives ");
			kinds_put(why, kinds);
			buf_puts(why, ", never ");
		} else if (list != NULL && json_kind(list) == JSON_ARRAY &&
		    v->v.kind != SCAN_NULL && !in_enum(list, v))
			buf_puts(why, "never has the value ");
		else
			continue;
		value_put(why, v);
		return (0);
	}
	return (1);
}

int
softdelete_put_time(const struct scan_value * v, struct buf * out)
{
	char text[ESCAPED_MAX];
	size_t n;
	const char * p;

	if (v->p == NULL || v->kind != SCAN_STRING || v->n > sizeof text)
		return (0);
	n = v->escaped ? scan_decode(v, text) : v->n;
	p = v->escaped ? text : v->p;
	if (n > TIME_MAX || !format_check(FORMAT_DAY_OR_TIME, p, n))
		return (0);
	p = scan_raw(v, &n);
	buf_put(out, p, n);
	return (1);
}
