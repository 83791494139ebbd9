#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/json.h"
#include "../common/mem.h"

#include "fieldname.h"

#include "plan_impl.h"

int
plan_fail(struct plan_builder * b, const char * fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(b->err, b->errlen, fmt, ap);
	va_end(ap);
	return (-1);
}

/* A type byte, the name, NUL. */
static char *
elem_new(const char * name, size_t n, const char * suffix, size_t * elem_n)
{
	size_t suffix_n = strlen(suffix);
	char * elem = mem_new(n + suffix_n + 2 + PLAN_SLACK, 1);

	memcpy(elem + 1, name, n);
	memcpy(elem + 1 + n, suffix, suffix_n);
	*elem_n = n + suffix_n + 2;
	return (elem);
}

/* The name of a field, from the name of its property. */
static int
field_name(struct plan_builder * b, const char * name, size_t n,
    struct plan_field * f)
{
	struct buf text = { NULL, 0, 0 };

	f->name = mem_text(name, n);
	f->name_n = n;
	if (memchr(name, '\0', n) != NULL)
		return (plan_fail(b, "the name of a property holds NUL"));
	if (b->opt->names_reject && !fieldname_plain(name, n))
		f->refused = "has a name that is empty or holds '$' or '.'";
	else
		f->refused = fieldname_escape(name, n, &text);
	f->elem = elem_new(text.p != NULL ? text.p : "", text.n, "",
	    &f->elem_n);
	buf_free(&text);
	return (0);
}

/* Top level only: what Singer adds isn't stored, and _id is the key's. */
static int
special_name(struct plan_builder * b, struct plan_field * f)
{

	if (strcmp(f->name, PLAN_STAMP) == 0)
		return (plan_fail(b, "a property can't be called " PLAN_STAMP
		    ": load keeps its own notes there"));
	if (strncmp(f->name, "_sdc_", 5) == 0) {
		free(f->elem);
		f->elem = NULL;
	} else if (strcmp(f->name, "_id") == 0) {
		free(f->elem);
		f->elem = elem_new("__id", 4, "", &f->elem_n);
	}
	return (0);
}

/* Fill in ${f} from the property ${prop}. */
static int
field_build(struct plan_builder * b, const struct json_node * prop, int top,
    struct plan_field * f)
{
	const char * name;
	size_t n;

	name = json_key(prop, &n);
	if (field_name(b, name, n, f) == -1)
		return (-1);
	if (top && special_name(b, f) == -1)
		return (-1);
	if (json_kind(prop) == JSON_OBJECT) {
		if (plan_type_build(b, prop, &f->type) == -1) {
			char why[256];

			snprintf(why, sizeof why, "%s", b->err);
			return (plan_fail(b, "property \"%s\": %s", f->name,
			    why));
		}
	}
	if (b->opt->micros && f->elem != NULL && f->type.kind == PLAN_DATE)
		f->extra = elem_new(f->elem + 1, f->elem_n - 2, "__us",
		    &f->extra_n);
	return (0);
}

/* One name of a field, and which property it is. */
struct taken {
	const char * elem;
	const char * name;
};

static int
taken_compare(const void * a, const void * b)
{

	return (strcmp(((const struct taken *)a)->elem,
	    ((const struct taken *)b)->elem));
}

/* Two properties must not become one field. */
static int
names_differ(struct plan_builder * b, const struct plan_field * f, size_t n)
{
	struct taken * t = mem_new(2 * n + 1, sizeof *t);
	size_t i, nt = 0;
	int rc = 0;

	for (i = 0; i < n; i++) {
		if (f[i].elem != NULL && f[i].refused == NULL)
			t[nt++] = (struct taken) { f[i].elem + 1, f[i].name };
		if (f[i].extra != NULL)
			t[nt++] = (struct taken) { f[i].extra + 1,
			    f[i].name };
	}
	qsort(t, nt, sizeof *t, taken_compare);
	for (i = 1; i < nt && rc == 0; i++) {
		if (strcmp(t[i - 1].elem, t[i].elem) == 0)
			rc = plan_fail(b, "the properties \"%s\" and \"%s\" "
			    "would both be the field \"%s\"", t[i - 1].name,
			    t[i].name, t[i].elem);
	}
	free(t);
	return (rc);
}

int
plan_fields_build(struct plan_builder * b, const struct json_node * props,
    int top, struct plan_field ** fields, size_t * n)
{
	const struct json_node * prop;

	*fields = mem_new(json_count(props) + 1, sizeof **fields);
	for (prop = json_first(props); prop != NULL; prop = json_next(prop)) {
		if (field_build(b, prop, top, &(*fields)[(*n)++]) == -1)
			return (-1);
	}
	return (top ? 0 : names_differ(b, *fields, *n));
}

/* The slot of the property that ${name} names, or -1. */
static int
slot_of(const struct plan * plan, const struct json_node * name)
{
	const char * text;
	size_t i, n;

	if ((text = json_text(name, &n)) == NULL)
		return (-1);
	for (i = 0; i < plan->nfield; i++) {
		if (plan->field[i].name_n == n &&
		    memcmp(plan->field[i].name, text, n) == 0)
			return ((int)i);
	}
	return (-1);
}

/* What _id is made of. */
static int
key_build(struct plan_builder * b, const struct json_node * keys,
    struct plan * plan)
{
	const struct json_node * key;
	const struct plan_field * f;
	int slot;

	if (keys == NULL || json_kind(keys) == JSON_NULL)
		return (0);
	if (json_kind(keys) != JSON_ARRAY)
		return (plan_fail(b, "`key_properties` is no array"));
	plan->keys = mem_new(json_count(keys) + 1, sizeof *plan->keys);
	for (key = json_first(keys); key != NULL; key = json_next(key)) {
		if ((slot = slot_of(plan, key)) == -1)
			return (plan_fail(b, "the key property \"%s\" is not "
			    "among the properties", json_text(key, NULL) ?
			    json_text(key, NULL) : ""));
		f = &plan->field[slot];
		if (f->type.kind == PLAN_ARRAY)
			return (plan_fail(b, "the key property \"%s\" is an "
			    "array, which _id can't be", f->name));
		if (f->refused != NULL)
			return (plan_fail(b, "the key property \"%s\" %s",
			    f->name, f->refused));
		plan->keys[plan->nkeys++] = (size_t)slot;
	}
	if (plan->nkeys > 0)
		plan->key = plan->nkeys == 1 ? PLAN_KEY_VALUE :
		    PLAN_KEY_DOCUMENT;
	return (0);
}

/* A property _id is the key itself, or has to be called something else. */
static void
id_build(struct plan * plan)
{
	size_t i;

	for (i = 0; i < plan->nfield; i++) {
		if (strcmp(plan->field[i].name, "_id") != 0)
			continue;
		if (plan->key == PLAN_KEY_VALUE && plan->keys[0] == i) {
			free(plan->field[i].elem);
			plan->field[i].elem = NULL;
		} else
			plan->renamed_id = 1;
	}
}

/* The first bookmark property, if it is stored as a date. */
static void
change_build(const struct json_node * bookmarks, struct plan * plan)
{
	int slot;

	plan->change = -1;
	if (bookmarks == NULL || json_kind(bookmarks) != JSON_ARRAY)
		return;
	slot = slot_of(plan, json_first(bookmarks));
	if (slot != -1 && plan->field[slot].type.kind == PLAN_DATE &&
	    plan->field[slot].elem != NULL &&
	    plan->field[slot].refused == NULL)
		plan->change = slot;
}

/* What becomes of deleted rows, and what tells of them. */
static int
deletes_build(struct plan_builder * b, const struct json_node * word,
    struct plan * plan)
{
	int named = deletes_named(json_text(word, NULL));
	size_t i;

	if (word != NULL && json_kind(word) != JSON_NULL && named == -1)
		return (plan_fail(b, "`deletes` is none of mirror, mark, "
		    "ignore"));
	plan->deletes = named == -1 ? DELETES_MIRROR : (enum deletes)named;
	plan->deleted_at = -1;
	for (i = 0; i < plan->nfield; i++) {
		if (strcmp(plan->field[i].name, DELETES_AT) == 0)
			plan->deleted_at = (int)i;
	}
	return (0);
}

/* Fill in ${plan} from the message ${root}. */
static int
build(struct plan_builder * b, const struct json_node * root,
    struct plan * plan)
{
	const struct json_node * schema = json_get(root, "schema");
	const struct json_node * props = json_get(schema, "properties");
	const char * stream;
	size_t i, n;

	if ((stream = json_text(json_get(root, "stream"), &n)) == NULL)
		return (plan_fail(b, "the SCHEMA has no `stream`"));
	if (strlen(stream) != n)
		return (plan_fail(b, "the stream's name holds NUL"));
	plan->stream = mem_dup(stream);
	plan->collection = mem_dup(json_text(json_get(root, "collection"),
	    NULL));
	if (!plan_type_is_object(schema))
		return (plan_fail(b, "the schema's `type` is not object"));
	if (props == NULL || json_kind(props) != JSON_OBJECT)
		return (plan_fail(b, "the schema has no `properties`"));
	if (plan_fields_build(b, props, 1, &plan->field, &plan->nfield) == -1)
		return (-1);
	plan->names = mem_new(plan->nfield + 1, sizeof *plan->names);
	for (i = 0; i < plan->nfield; i++)
		plan->names[i] = plan->field[i].name;
	if (key_build(b, json_get(root, "key_properties"), plan) == -1)
		return (-1);
	id_build(plan);
	change_build(json_get(root, "bookmark_properties"), plan);
	if (deletes_build(b, json_get(root, "deletes"), plan) == -1)
		return (-1);
	return (names_differ(b, plan->field, plan->nfield));
}

struct plan *
plan_build(const char * line, size_t n, const struct plan_options * opt,
    char * err, size_t errlen)
{
	struct plan_builder b = { opt, err, errlen };
	struct json_error je;
	struct json * doc;
	struct plan * plan;

	if ((doc = json_parse(line, n, &je)) == NULL) {
		plan_fail(&b, "column %u: %s", je.column, je.what);
		return (NULL);
	}
	plan = mem_new(1, sizeof *plan);
	plan->decimal_reject = opt->decimal_reject;
	plan->names_reject = opt->names_reject;
	plan->micros = opt->micros;
	plan->unsigned_decimal = opt->unsigned_decimal;
	if (build(&b, json_root(doc), plan) == -1) {
		plan_free(plan);
		plan = NULL;
	}
	json_free(doc);
	return (plan);
}

void
plan_fields_free(struct plan_field * f, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		free(f[i].name);
		free(f[i].elem);
		free(f[i].extra);
		plan_type_clear(&f[i].type);
	}
	free(f);
}

void
plan_free(struct plan * plan)
{

	if (plan == NULL)
		return;
	plan_fields_free(plan->field, plan->nfield);
	free(plan->stream);
	free(plan->collection);
	free(plan->names);
	free(plan->keys);
	free(plan);
}
