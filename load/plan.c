#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/json.h"
#include "../common/mem.h"

#include "fieldname.h"

#include "plan.h"

/* What a failed plan_build() says, and what its helpers need to know. */
struct builder {
	const struct plan_options * opt;
	char * err;
	size_t errlen;
};

static int __attribute__((format(printf, 2, 3)))
fail(struct builder * b, const char * fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(b->err, b->errlen, fmt, ap);
	va_end(ap);
	return (-1);
}

/* The types that a keyword `type` or `bsonType` names, without null. */
enum { T_INTEGER = 1, T_NUMBER = 2, T_STRING = 4, T_BOOLEAN = 8, T_ARRAY = 16,
	T_OBJECT = 32 };

static const struct word {
	const char * name;
	int value;
} json_types[] = {
	{ "integer", T_INTEGER }, { "number", T_NUMBER },
	{ "string", T_STRING }, { "boolean", T_BOOLEAN },
	{ "array", T_ARRAY }, { "object", T_OBJECT }, { "null", 0 },
	{ NULL, 0 }
}, bson_types[] = {
	{ "int", PLAN_INT32 }, { "long", PLAN_INT64 },
	{ "double", PLAN_DOUBLE }, { "decimal", PLAN_DECIMAL },
	{ "number", PLAN_NUMBER }, { "string", PLAN_STRING },
	{ "bool", PLAN_BOOL }, { "date", PLAN_DATE },
	{ "binData", PLAN_BINARY }, { "objectId", PLAN_OBJECTID },
	{ "array", PLAN_ARRAY }, { "object", PLAN_OBJECT }, { NULL, 0 }
};

/* The entry of ${node}, a string, in ${words}; NULL if it isn't there. */
static const struct word *
word_of(const struct word * words, const struct json_node * node)
{
	const char * text = json_text(node, NULL);

	for (; text != NULL && words->name != NULL; words++) {
		if (strcmp(words->name, text) == 0)
			return (words);
	}
	return (NULL);
}

/* Does the property's x-mysql-type start with the word ${type}? */
static int
mysql_type(const struct json_node * schema, const char * type)
{
	const char * text = json_text(json_get(schema, "x-mysql-type"), NULL);
	size_t n = strlen(type);

	return (text != NULL && strncmp(text, type, n) == 0 &&
	    strchr(" (", text[n]) != NULL);
}

/* The number in parentheses behind the type, or ${dflt}. */
static unsigned long
mysql_length(const struct json_node * schema, unsigned long dflt)
{
	const char * text = json_text(json_get(schema, "x-mysql-type"), NULL);
	const char * p = text != NULL ? strchr(text, '(') : NULL;

	return (p != NULL ? strtoul(p + 1, NULL, 10) : dflt);
}

static int
mysql_unsigned(const struct json_node * schema)
{
	const char * text = json_text(json_get(schema, "x-mysql-type"), NULL);

	return (text != NULL && strstr(text, "unsigned") != NULL);
}

/* A column type that reaches above an int64. */
static enum plan_kind
unsigned_kind(const struct builder * b)
{

	return (b->opt->unsigned_decimal ? PLAN_DECIMAL : PLAN_INTEGER);
}

/* int32 or int64: by the bounds, else by MySQL's type, else int64. */
static enum plan_kind
integer_kind(const struct builder * b, const struct json_node * schema)
{
	static const char * const small[] = { "tinyint", "smallint",
		"mediumint", "year", "bool", "boolean" };
	const struct json_node * max = json_get(schema, "maximum");
	int64_t lo, hi;
	uint64_t top;
	size_t i;

	if (json_int64(json_get(schema, "minimum"), &lo) == 0 &&
	    json_int64(max, &hi) == 0)
		return (lo >= INT32_MIN && hi <= INT32_MAX ? PLAN_INT32 :
		    PLAN_INT64);
	if (json_uint64(max, &top) == 0 && top > INT64_MAX)
		return (unsigned_kind(b));
	for (i = 0; i < sizeof small / sizeof small[0]; i++) {
		if (mysql_type(schema, small[i]))
			return (PLAN_INT32);
	}
	if (mysql_type(schema, "int") || mysql_type(schema, "integer"))
		return (mysql_unsigned(schema) ? PLAN_INT64 : PLAN_INT32);
	if (mysql_type(schema, "bigint"))
		return (mysql_unsigned(schema) ? unsigned_kind(b) :
		    PLAN_INT64);
	if (mysql_type(schema, "bit"))
		return (mysql_length(schema, 1) <= 31 ? PLAN_INT32 :
		    mysql_length(schema, 1) <= 63 ? PLAN_INT64 :
		    unsigned_kind(b));

	/* Another tap's: its numbers may be of any size. */
	return (PLAN_INTEGER);
}

static int
is_decimal_format(const char * format)
{

	return (format != NULL && (strcmp(format, "singer.decimal") == 0 ||
	    strcmp(format, "x-singer.decimal") == 0));
}

static enum plan_kind
number_kind(const struct json_node * schema)
{

	if (json_get(schema, "multipleOf") != NULL ||
	    mysql_type(schema, "decimal"))
		return (PLAN_DECIMAL);
	if (mysql_type(schema, "float") || mysql_type(schema, "double"))
		return (PLAN_DOUBLE);
	return (PLAN_NUMBER);
}

static enum plan_kind
string_kind(const struct json_node * schema, const char * format)
{
	const char * enc = json_text(json_get(schema, "contentEncoding"),
	    NULL);

	if (enc != NULL && strcmp(enc, "base64") == 0)
		return (PLAN_BINARY);
	if (format != NULL && (strcmp(format, "date-time") == 0 ||
	    strcmp(format, "date") == 0))
		return (PLAN_DATE);
	return (PLAN_STRING);
}

static int type_build(struct builder *, const struct json_node *,
    struct plan_type *);
static int fields_build(struct builder *, const struct json_node *, int,
    struct plan_field **, size_t *);

/* The parts of an array or object. */
static int
nested_build(struct builder * b, const struct json_node * schema,
    struct plan_type * t)
{
	const struct json_node * items = json_get(schema, "items");
	const struct json_node * props = json_get(schema, "properties");

	if (t->kind == PLAN_OBJECT && props != NULL &&
	    json_kind(props) == JSON_OBJECT)
		return (fields_build(b, props, 0, &t->field, &t->nfield));
	if (t->kind != PLAN_ARRAY || items == NULL ||
	    json_kind(items) != JSON_OBJECT)
		return (0);
	t->items = mem_new(1, sizeof *t->items);
	if (type_build(b, items, t->items) == -1)
		return (-1);
	if (mysql_type(schema, "vector") && t->items->kind == PLAN_NUMBER)
		t->items->kind = PLAN_DOUBLE;
	return (0);
}

/* Two types that a property may have, as one. */
static void
type_join(struct plan_type * t, const struct plan_type * u)
{
	int date = (t->kind == PLAN_DATE || u->kind == PLAN_DATE);
	int string = (t->kind == PLAN_STRING || u->kind == PLAN_STRING);

	if (t->kind == PLAN_DATE_OR_STRING && (string || date))
		return;
	if (t->kind == u->kind && t->kind < PLAN_ARRAY)
		return;
	t->kind = (date && string) ? PLAN_DATE_OR_STRING : PLAN_ANY;
}

/* bsonType: one name or several. */
static int
bson_build(struct builder * b, const struct json_node * schema,
    const struct json_node * names, struct plan_type * t)
{
	const struct json_node * one;
	const struct word * w;
	struct plan_type u = { PLAN_ANY, -1, NULL, NULL, 0 };
	const char * text;
	int n = 0;

	one = json_kind(names) == JSON_ARRAY ? json_first(names) : names;
	for (; one != NULL; one = names == one ? NULL : json_next(one)) {
		text = json_text(one, NULL);
		if (text != NULL && strcmp(text, "null") == 0)
			continue;
		if ((w = word_of(bson_types, one)) == NULL)
			return (fail(b, "bsonType %s is none that load can "
			    "write", text != NULL ? text : "without a name"));
		u.kind = (enum plan_kind)w->value;
		if (n++ == 0)
			t->kind = u.kind;
		else
			type_join(t, &u);
	}
	return (nested_build(b, schema, t));
}

static void type_clear(struct plan_type *);

/* anyOf, oneOf: what the alternatives have in common. */
static int
choice_build(struct builder * b, const struct json_node * choice,
    struct plan_type * t)
{
	const struct json_node * one;
	struct plan_type u;
	int n = 0;

	for (one = json_first(choice); one != NULL; one = json_next(one)) {
		const struct json_node * type = json_get(one, "type");
		const char * text = json_text(type, NULL);

		if (text != NULL && strcmp(text, "null") == 0)
			continue;
		if (type_build(b, one, &u) == -1) {
			type_clear(&u);
			return (-1);
		}
		if (n++ == 0) {
			*t = u;
			continue;
		}
		type_join(t, &u);
		type_clear(&u);
	}
	return (0);
}

/* The JSON types that `type` allows, as bits; -1 if it is no such thing. */
static int
type_bits(const struct json_node * type)
{
	const struct json_node * one;
	const struct word * w;
	int bits = 0;

	if (type == NULL)
		return (0);
	one = json_kind(type) == JSON_ARRAY ? json_first(type) : type;
	for (; one != NULL; one = type == one ? NULL : json_next(one)) {
		if ((w = word_of(json_types, one)) == NULL)
			return (-1);
		bits |= w->value;
	}
	return (bits);
}

/* MySQL's DATETIME(0) to (3) fit milliseconds; (4) to (6) don't. */
static int
finer_than_millis(const struct json_node * schema)
{

	if (json_get(schema, "x-mysql-type") == NULL)
		return (-1);
	return ((mysql_type(schema, "datetime") ||
	    mysql_type(schema, "timestamp")) && mysql_length(schema, 0) > 3);
}

/* What a property's schema says of its type. */
static int
type_build(struct builder * b, const struct json_node * schema,
    struct plan_type * t)
{
	const struct json_node * bson = json_get(schema, "bsonType");
	const struct json_node * choice = json_get(schema, "anyOf");
	const char * format = json_text(json_get(schema, "format"), NULL);
	int bits;

	*t = (struct plan_type) { PLAN_ANY, -1, NULL, NULL, 0 };
	t->micros = finer_than_millis(schema);
	if (bson != NULL)
		return (bson_build(b, schema, bson, t));
	if (choice == NULL)
		choice = json_get(schema, "oneOf");
	if ((bits = type_bits(json_get(schema, "type"))) == -1)
		return (fail(b, "`type` is none of JSON Schema"));
	if (bits == 0 && choice != NULL && json_kind(choice) == JSON_ARRAY)
		return (choice_build(b, choice, t));
	if (is_decimal_format(format) && bits != 0 &&
	    (bits & ~(T_STRING | T_NUMBER | T_INTEGER)) == 0)
		t->kind = PLAN_DECIMAL;
	else if (bits == T_INTEGER)
		t->kind = integer_kind(b, schema);
	else if ((bits & ~T_INTEGER) == T_NUMBER)
		t->kind = number_kind(schema);
	else if (bits == T_STRING)
		t->kind = string_kind(schema, format);
	else if (bits == T_BOOLEAN)
		t->kind = PLAN_BOOL;
	else if (bits == T_ARRAY)
		t->kind = PLAN_ARRAY;
	else if (bits == T_OBJECT)
		t->kind = PLAN_OBJECT;
	return (nested_build(b, schema, t));
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
field_name(struct builder * b, const char * name, size_t n,
    struct plan_field * f)
{
	struct buf text = { NULL, 0, 0 };

	f->name = mem_text(name, n);
	f->name_n = n;
	if (memchr(name, '\0', n) != NULL)
		return (fail(b, "the name of a property holds NUL"));
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
special_name(struct builder * b, struct plan_field * f)
{

	if (strcmp(f->name, PLAN_STAMP) == 0)
		return (fail(b, "a property can't be called " PLAN_STAMP
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
field_build(struct builder * b, const struct json_node * prop, int top,
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
		if (type_build(b, prop, &f->type) == -1) {
			char why[256];

			snprintf(why, sizeof why, "%s", b->err);
			return (fail(b, "property \"%s\": %s", f->name, why));
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
names_differ(struct builder * b, const struct plan_field * f, size_t n)
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
			rc = fail(b, "the properties \"%s\" and \"%s\" would "
			    "both be the field \"%s\"", t[i - 1].name,
			    t[i].name, t[i].elem);
	}
	free(t);
	return (rc);
}

/* The fields of ${props}, an object of schemas. */
static int
fields_build(struct builder * b, const struct json_node * props, int top,
    struct plan_field ** fields, size_t * n)
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
key_build(struct builder * b, const struct json_node * keys,
    struct plan * plan)
{
	const struct json_node * key;
	const struct plan_field * f;
	int slot;

	if (keys == NULL || json_kind(keys) == JSON_NULL)
		return (0);
	if (json_kind(keys) != JSON_ARRAY)
		return (fail(b, "`key_properties` is no array"));
	plan->keys = mem_new(json_count(keys) + 1, sizeof *plan->keys);
	for (key = json_first(keys); key != NULL; key = json_next(key)) {
		if ((slot = slot_of(plan, key)) == -1)
			return (fail(b, "the key property \"%s\" is not among "
			    "the properties", json_text(key, NULL) != NULL ?
			    json_text(key, NULL) : ""));
		f = &plan->field[slot];
		if (f->type.kind == PLAN_ARRAY)
			return (fail(b, "the key property \"%s\" is an array, "
			    "which _id can't be", f->name));
		if (f->refused != NULL)
			return (fail(b, "the key property \"%s\" %s",
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

/* Fill in ${plan} from the message ${root}. */
static int
build(struct builder * b, const struct json_node * root, struct plan * plan)
{
	const struct json_node * schema = json_get(root, "schema");
	const struct json_node * props = json_get(schema, "properties");
	const char * stream;
	size_t i, n;
	int bits;

	if ((stream = json_text(json_get(root, "stream"), &n)) == NULL)
		return (fail(b, "the SCHEMA has no `stream`"));
	if (strlen(stream) != n)
		return (fail(b, "the stream's name holds NUL"));
	plan->stream = mem_dup(stream);
	plan->collection = mem_dup(json_text(json_get(root, "collection"),
	    NULL));
	bits = type_bits(json_get(schema, "type"));
	if (bits == -1 || (bits != 0 && !(bits & T_OBJECT)))
		return (fail(b, "the schema's `type` is not object"));
	if (props == NULL || json_kind(props) != JSON_OBJECT)
		return (fail(b, "the schema has no `properties`"));
	if (fields_build(b, props, 1, &plan->field, &plan->nfield) == -1)
		return (-1);
	plan->names = mem_new(plan->nfield + 1, sizeof *plan->names);
	for (i = 0; i < plan->nfield; i++)
		plan->names[i] = plan->field[i].name;
	if (key_build(b, json_get(root, "key_properties"), plan) == -1)
		return (-1);
	id_build(plan);
	change_build(json_get(root, "bookmark_properties"), plan);
	return (names_differ(b, plan->field, plan->nfield));
}

struct plan *
plan_build(const char * line, size_t n, const struct plan_options * opt,
    char * err, size_t errlen)
{
	struct builder b = { opt, err, errlen };
	struct json_error je;
	struct json * doc;
	struct plan * plan;

	if ((doc = json_parse(line, n, &je)) == NULL) {
		fail(&b, "column %u: %s", je.column, je.what);
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

static void
fields_free(struct plan_field * f, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		free(f[i].name);
		free(f[i].elem);
		free(f[i].extra);
		type_clear(&f[i].type);
	}
	free(f);
}

static void
type_clear(struct plan_type * t)
{

	if (t->items != NULL)
		type_clear(t->items);
	free(t->items);
	fields_free(t->field, t->nfield);
	t->items = NULL;
	t->field = NULL;
	t->nfield = 0;
}

void
plan_free(struct plan * plan)
{

	if (plan == NULL)
		return;
	fields_free(plan->field, plan->nfield);
	free(plan->stream);
	free(plan->collection);
	free(plan->names);
	free(plan->keys);
	free(plan);
}
