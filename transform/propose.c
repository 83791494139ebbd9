#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/mem.h"
#include "../common/scan.h"

#include "jsonedit.h"
#include "jsonput.h"
#include "propose_type.h"

#include "propose.h"

/* A property that is made of a column that is gone. */
struct orphan {
	const struct property * p;
	const struct json_node * object;	/* whose property it is */
	const char * column;
};

/* What the functions here share. */
struct maker {
	const struct schemafile * sf;
	const struct json_node * top;	/* of the file */
	const struct json_node * root;	/* of the SCHEMA message */
	const struct json_node * columns;
	struct jsonedit * ed;
	enum log_level level;
	size_t changes;
	struct orphan * orphan;
	size_t norphan;
	const struct json_node ** fresh;	/* columns that no one names */
	size_t nfresh;
};

/* A change, or with ' ' as its sign a remark. */
static void __attribute__((format(printf, 3, 4)))
say(struct maker * mk, char sign, const char * fmt, ...)
{
	char text[600];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (sign == ' ') {
		log_info("%s: %s", mk->sf->path, text);
		return;
	}
	mk->changes++;
	log_event(mk->level, LOG_FIELDS(LOG_TEXT("table", mk->sf->table),
	    LOG_TEXT("operation", "propose"),
	    LOG_TEXT("code", "schema_drift")), "%s: %c %s", mk->sf->path,
	    sign, text);
}

static const struct json_node *
column_of(const struct maker * mk, const char * name)
{

	return (json_get(mk->columns, name));
}

/* The column's type in the source's words, or as JSON has it. */
static const char *
type_of(const struct json_node * column)
{
	static const char * const keys[] = { "x-mysql-type", "format",
		"type" };
	const struct json_node * type;
	size_t i;

	for (i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		type = json_get(column, keys[i]);
		if (type != NULL && json_kind(type) == JSON_ARRAY)
			for (type = json_first(type); type != NULL &&
			    json_next(type) != NULL &&
			    strcmp(json_text(type, NULL), "null") == 0; )
				type = json_next(type);
		if (json_text(type, NULL) != NULL)
			return (json_text(type, NULL));
	}
	return ("any type");
}

static const char *
slot_name(const struct maker * mk, int slot)
{

	return (mk->sf->cols.name[slot]);
}

/* The first column of a property that the source hasn't got. */
struct lack {
	const struct maker * mk;
	const char * column;
};

static void
look_for(int slot, void * arg)
{
	struct lack * lack = arg;
	const char * name = slot_name(lack->mk, slot);

	if (lack->column == NULL && column_of(lack->mk, name) == NULL)
		lack->column = name;
}

static const char *
lacks(const struct maker * mk, const struct property * p)
{
	struct lack lack = { mk, NULL };

	if (p->dflt != NULL || (p->steps != NULL && steps_fill(p->steps)))
		return (NULL);
	if (p->slot != -1)
		look_for(p->slot, &lack);
	if (p->steps != NULL)
		steps_columns(p->steps, look_for, &lack);
	return (lack.column);
}

/* Each property at its place: is its column there, and of its type? */
static void
look_at(struct maker * mk, const struct json_node * object,
    const struct property * p, size_t n)
{
	struct buf what = { NULL, 0, 0 };
	const char * gone;
	size_t i;

	for (i = 0; i < n; i++) {
		if (p[i].nested) {
			look_at(mk, p[i].node, p[i].child, p[i].nchild);
			continue;
		}
		if ((gone = lacks(mk, &p[i])) != NULL) {
			mk->orphan = mem_grow(mk->orphan, mk->norphan + 1,
			    sizeof *mk->orphan);
			mk->orphan[mk->norphan++] = (struct orphan) { &p[i],
			    object, gone };
			continue;
		}
		if (p[i].slot == -1 || column_of(mk, slot_name(mk,
		    p[i].slot)) == NULL)
			continue;
		buf_clear(&what);
		propose_type_mend(&p[i], column_of(mk, slot_name(mk,
		    p[i].slot)), mk->ed, &what);
		if (what.n > 0)
			say(mk, '~', "%s: the column %s is %s%s", p[i].name,
			    slot_name(mk, p[i].slot), type_of(column_of(mk,
			    slot_name(mk, p[i].slot))), buf_text(&what));
	}
	buf_free(&what);
}

/* Columns that the file doesn't name, of the names that are taken over. */
static void
find_fresh(struct maker * mk)
{
	const struct json_node * e;
	const char * name;

	for (e = mk->columns != NULL ? json_first(mk->columns) : NULL;
	    e != NULL; e = json_next(e)) {
		name = json_key(e, NULL);
		if (columns_find(&mk->sf->cols, name) != -1 ||
		    strncmp(name, "_sdc_", 5) == 0 ||
		    (mk->sf->soft.column != NULL &&
		    strcmp(name, mk->sf->soft.column) == 0))
			continue;
		mk->fresh = mem_grow(mk->fresh, mk->nfresh + 1,
		    sizeof *mk->fresh);
		mk->fresh[mk->nfresh++] = e;
	}
}

/* How many letters two names have in common at their ends. */
static size_t
likeness(const char * a, const char * b)
{
	size_t na = strlen(a), nb = strlen(b), head = 0, tail = 0;
	size_t least = na < nb ? na : nb;

	while (head < least && a[head] == b[head])
		head++;
	while (tail < least - head && a[na - 1 - tail] == b[nb - 1 - tail])
		tail++;
	return (head + tail);
}

/* Properties that ask for the column and could be made of ${e}. */
static size_t
rivals(const struct maker * mk, const struct json_node * e)
{
	size_t i, n = 0;

	for (i = 0; i < mk->norphan; i++)
		n += propose_type_likely(mk->orphan[i].p, e);
	return (n);
}

/*
 * The new column that the old one may have become: the only one that fits,
 * or one of a name that is much alike.  The place in fresh[], or -1.
 */
static int
successor(const struct maker * mk, const struct orphan * o)
{
	size_t i, found = 0, like, best = 0;
	int any = -1, alike = -1;

	for (i = 0; i < mk->nfresh; i++) {
		if (mk->fresh[i] == NULL ||
		    !propose_type_likely(o->p, mk->fresh[i]))
			continue;
		found++;
		any = (int)i;
		like = likeness(o->column, json_key(mk->fresh[i], NULL));
		if (like >= 3 && like > best &&
		    2 * like >= strlen(o->column)) {
			best = like;
			alike = (int)i;
		}
	}
	if (alike != -1)
		return (alike);
	return (found == 1 && rivals(mk, mk->fresh[any]) == 1 ? any : -1);
}

/* A JSON string of a name, to be freed. */
static char *
quoted(const char * name)
{
	struct buf b = { NULL, 0, 0 };
	char * s;

	scan_put_text(&b, name, strlen(name));
	s = mem_dup(buf_text(&b));
	buf_free(&b);
	return (s);
}

static void
set_from(struct maker * mk, const struct property * p, const char * column)
{
	const struct json_node * from = json_get(p->node, "x-from");
	char * text = quoted(column);

	if (from != NULL)
		jsonedit_replace(mk->ed, from, text);
	else
		jsonedit_append(mk->ed, p->node, "x-from", text);
	free(text);
}

/* Leave a name out of a list. */
static void
remove_name(struct maker * mk, const struct json_node * list,
    const char * name)
{
	const struct json_node * e;

	for (e = list != NULL ? json_first(list) : NULL; e != NULL;
	    e = json_next(e)) {
		if (json_text(e, NULL) != NULL &&
		    strcmp(json_text(e, NULL), name) == 0)
			jsonedit_remove(mk->ed, e);
	}
}

static void
remove_property(struct maker * mk, const struct json_node * object,
    const struct property * p)
{

	jsonedit_remove(mk->ed, p->node);
	remove_name(mk, json_get(object, "required"), p->name);
}

/* Objects put together of which nothing is left. */
static void
remove_empty(struct maker * mk, const struct json_node * object,
    const struct property * p, size_t n)
{
	size_t i, k;

	for (i = 0; i < n; i++) {
		if (!p[i].nested || p[i].nchild == 0)
			continue;
		remove_empty(mk, p[i].node, p[i].child, p[i].nchild);
		for (k = 0; k < p[i].nchild; k++) {
			if (!jsonedit_removed(mk->ed, p[i].child[k].node))
				break;
		}
		if (k < p[i].nchild)
			continue;
		say(mk, '-', "%s: nothing of it is left", p[i].name);
		remove_property(mk, object, &p[i]);
	}
}

static void
settle_orphans(struct maker * mk)
{
	const struct orphan * o;
	struct buf what = { NULL, 0, 0 };
	const char * name;
	size_t i, k;
	int next;

	for (i = 0; i < mk->norphan; i++) {
		o = &mk->orphan[i];
		next = o->p->slot != -1 && strcmp(slot_name(mk, o->p->slot),
		    o->column) == 0 ? successor(mk, o) : -1;
		if (next == -1) {
			say(mk, '-', "%s: the column %s is gone", o->p->name,
			    o->column);
			remove_property(mk, o->object, o->p);
			continue;
		}

		/* All that were made of the old one are of the new one. */
		name = json_key(mk->fresh[next], NULL);
		buf_clear(&what);
		set_from(mk, o->p, name);
		propose_type_mend(o->p, mk->fresh[next], mk->ed, &what);
		say(mk, '~', "%s: the column %s is gone, now of %s (%s): "
		    "renamed? It is a guess%s", o->p->name, o->column, name,
		    type_of(mk->fresh[next]), buf_text(&what));
		for (k = i + 1; k < mk->norphan; k++) {
			if (mk->orphan[k].p->slot != o->p->slot ||
			    strcmp(mk->orphan[k].column, o->column) != 0)
				continue;
			say(mk, '~', "%s: now of %s, too",
			    mk->orphan[k].p->name, name);
			set_from(mk, mk->orphan[k].p, name);
			memmove(&mk->orphan[k], &mk->orphan[k + 1],
			    (--mk->norphan - k) * sizeof *mk->orphan);
			k--;
		}
		mk->fresh[next] = NULL;
	}
	buf_free(&what);
	remove_empty(mk, mk->top, mk->sf->prop, mk->sf->nprop);
}

static int
has_property(const struct maker * mk, const char * name)
{
	size_t i;

	for (i = 0; i < mk->sf->nprop; i++) {
		if (strcmp(mk->sf->prop[i].name, name) == 0)
			return (1);
	}
	return (0);
}

/* A name for a column that MongoDB takes and nobody has. */
static void
put_free_name(const struct maker * mk, const char * column, struct buf * b)
{
	const char * p;

	for (p = column; *p != '\0'; p++)
		buf_putc(b, *p == '.' || (p == column && *p == '$') ? '_' :
		    *p);
	while (mk->sf != NULL && has_property(mk, buf_text(b)))
		buf_puts(b, "_column");
}

/* "name" and schema of a property that is ${column} as it is. */
static void
put_property(const struct maker * mk, const struct json_node * column,
    const char * as, struct buf * name, struct buf * schema)
{
	const char * from = json_key(column, NULL);
	struct buf type = { NULL, 0, 0 };

	if (as != NULL)
		buf_puts(name, as);
	else
		put_free_name(mk, from, name);
	buf_putc(schema, '{');
	if (strcmp(buf_text(name), from) != 0) {
		buf_puts(schema, "\"x-from\": ");
		scan_put_text(schema, from, strlen(from));
	}
	propose_type_put(&type, column);
	if (schema->n > 1 && type.n > 0)
		buf_puts(schema, ", ");
	buf_puts(schema, buf_text(&type));
	buf_putc(schema, '}');
	buf_free(&type);
}

/* Part of the key, which the document has to have: its _id is made of it. */
static int
is_wanted_key(const struct maker * mk, const struct json_node * column)
{
	const struct json_node * e = json_get(mk->root, "key_properties");

	if (has_property(mk, "_id"))
		return (0);
	for (e = e != NULL ? json_first(e) : NULL; e != NULL;
	    e = json_next(e)) {
		if (json_text(e, NULL) != NULL && strcmp(json_text(e, NULL),
		    json_key(column, NULL)) == 0)
			return (1);
	}
	return (0);
}

static void
add_fresh(struct maker * mk)
{
	const struct json_node * props = json_get(mk->top, "properties");
	struct buf name = { NULL, 0, 0 }, schema = { NULL, 0, 0 };
	size_t i;

	for (i = 0; i < mk->nfresh; i++) {
		if (mk->fresh[i] == NULL)
			continue;
		if (mk->sf->policy == COLUMNS_DROP &&
		    !is_wanted_key(mk, mk->fresh[i])) {
			say(mk, ' ', "the column %s (%s) is left out, because "
			    "unnamed", json_key(mk->fresh[i], NULL),
			    type_of(mk->fresh[i]));
			continue;
		}
		buf_clear(&name);
		buf_clear(&schema);
		put_property(mk, mk->fresh[i], NULL, &name, &schema);
		say(mk, '+', "%s: the column %s (%s), as %s", buf_text(&name),
		    json_key(mk->fresh[i], NULL), type_of(mk->fresh[i]),
		    buf_text(&schema));
		jsonedit_append(mk->ed, props, buf_text(&name),
		    buf_text(&schema));
	}
	buf_free(&name);
	buf_free(&schema);
}

/* x-source: the key and the change column that the stream has now. */
static void
mend_source(struct maker * mk)
{
	const struct json_node * source = json_get(mk->top, "x-source");
	const struct json_node * key = json_get(source, "key");
	const struct json_node * change = json_get(source, "change");
	const struct json_node * now = json_get(mk->root, "key_properties");
	const struct json_node * marks = json_get(mk->root,
	    "bookmark_properties");
	const struct json_node * e;
	struct buf b = { NULL, 0, 0 };
	size_t i, same = 0, n = now != NULL ? json_count(now) : 0;

	for (e = n > 0 ? json_first(now) : NULL; e != NULL; e = json_next(e)) {
		for (i = 0; i < mk->sf->nkey; i++)
			same += json_text(e, NULL) != NULL &&
			    strcmp(mk->sf->key[i], json_text(e, NULL)) == 0;
	}
	if (key != NULL && n > 0 && (same != n || mk->sf->nkey != n)) {
		jsonput_compact(&b, now);
		say(mk, '~', "x-source.key: %s now; documents get other _ids "
		    "beside those that are there", buf_text(&b));
		jsonedit_replace(mk->ed, key, buf_text(&b));
	}
	if (change != NULL && column_of(mk, mk->sf->change) == NULL) {
		e = marks != NULL ? json_first(marks) : NULL;
		buf_clear(&b);
		if (e != NULL) {
			jsonput_raw(&b, e);
			jsonedit_replace(mk->ed, change, buf_text(&b));
		} else
			jsonedit_remove(mk->ed, change);
		say(mk, '~', "x-source.change: the column %s is gone, now %s",
		    mk->sf->change, e != NULL ? buf_text(&b) : "none");
	}
	buf_free(&b);
}

/* The key's only column, or NULL. */
static const struct json_node *
only_key(const struct json_node * root, const struct json_node * columns)
{
	const struct json_node * key = json_get(root, "key_properties");
	const char * name;

	if (key == NULL || json_count(key) != 1 ||
	    (name = json_text(json_first(key), NULL)) == NULL)
		return (NULL);
	return (json_get(columns, name));
}

/* An _id of another column than the one that is the key now. */
static void
mend_id(struct maker * mk)
{
	const struct json_node * key = only_key(mk->root, mk->columns);
	size_t i, k;

	for (i = 0; i < mk->norphan && key != NULL; i++) {
		const struct property * p = mk->orphan[i].p;

		if (strcmp(p->name, "_id") != 0 || p->slot == -1 ||
		    !propose_type_fits(p, key))
			continue;
		say(mk, '~', "_id: the column %s is gone, now of the key, %s",
		    mk->orphan[i].column, json_key(key, NULL));
		set_from(mk, p, json_key(key, NULL));
		memmove(&mk->orphan[i], &mk->orphan[i + 1],
		    (--mk->norphan - i) * sizeof *mk->orphan);
		for (k = 0; k < mk->nfresh; k++) {
			if (mk->fresh[k] == key)
				mk->fresh[k] = NULL;
		}
		return;
	}
}

size_t
propose(const struct schemafile * sf, const char * line, size_t n,
    enum log_level level, struct buf * out)
{
	struct json * msg = json_parse(line, n, NULL);
	struct maker mk = { .sf = sf, .top = json_root(sf->doc),
	    .level = level, .ed = jsonedit_new(sf->doc) };

	if (msg != NULL) {
		mk.root = json_root(msg);
		mk.columns = json_get(json_get(mk.root, "schema"),
		    "properties");
	}
	if (mk.columns != NULL && json_count(mk.columns) > 0) {
		find_fresh(&mk);
		look_at(&mk, mk.top, sf->prop, sf->nprop);
		mend_id(&mk);
		settle_orphans(&mk);
		add_fresh(&mk);
		mend_source(&mk);
	}
	if (out != NULL)
		jsonedit_put(mk.ed, out);
	jsonedit_free(mk.ed);
	json_free(msg);
	free(mk.orphan);
	free(mk.fresh);
	return (mk.changes);
}

void
propose_new(const char * line, size_t n, struct buf * out)
{
	struct json * msg = json_parse(line, n, NULL);
	const struct json_node * root = json_root(msg);
	const struct json_node * columns = json_get(json_get(root, "schema"),
	    "properties");
	const struct json_node * marks = json_get(root,
	    "bookmark_properties");
	const struct json_node * key = only_key(root, columns), * e;
	struct buf name = { NULL, 0, 0 }, schema = { NULL, 0, 0 };
	struct maker none = { .sf = NULL };

	buf_puts(out, "{\n\t\"x-source\": {\"table\": ");
	jsonput_raw(out, json_get(root, "stream"));
	e = json_get(root, "key_properties");
	if (e != NULL && json_count(e) > 0) {
		buf_puts(out, ", \"key\": ");
		jsonput_compact(out, e);
	}
	if (marks != NULL && json_count(marks) > 0) {
		buf_puts(out, ", \"change\": ");
		jsonput_raw(out, json_first(marks));
	}
	buf_puts(out, "},\n\t\"x-target\": {\"collection\": ");
	jsonput_raw(out, json_get(root, "stream"));
	buf_puts(out, "},\n\t\"properties\": {");
	for (e = columns != NULL ? json_first(columns) : NULL; e != NULL;
	    e = json_next(e)) {
		buf_clear(&name);
		buf_clear(&schema);
		put_property(&none, e, e == key ? "_id" : NULL, &name,
		    &schema);
		buf_puts(out, e == json_first(columns) ? "\n\t\t" : ",\n\t\t");
		scan_put_text(out, name.p, name.n);
		buf_printf(out, ": %s", buf_text(&schema));
	}
	buf_puts(out, "\n\t}\n}\n");
	buf_free(&name);
	buf_free(&schema);
	json_free(msg);
}
