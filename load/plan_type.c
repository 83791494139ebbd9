#include <stdlib.h>
#include <string.h>

#include "../common/json.h"
#include "../common/mem.h"

#include "plan_impl.h"

/*
 * Which BSON type a property has, by its schema.
 */

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
unsigned_kind(const struct plan_builder * b)
{

	return (b->opt->unsigned_decimal ? PLAN_DECIMAL : PLAN_INTEGER);
}

/* int32 or int64: by the bounds, else by MySQL's type, else int64. */
static enum plan_kind
integer_kind(const struct plan_builder * b, const struct json_node * schema)
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

/* The parts of an array or object. */
static int
nested_build(struct plan_builder * b, const struct json_node * schema,
    struct plan_type * t)
{
	const struct json_node * items = json_get(schema, "items");
	const struct json_node * props = json_get(schema, "properties");

	if (t->kind == PLAN_OBJECT && props != NULL &&
	    json_kind(props) == JSON_OBJECT)
		return (plan_fields_build(b, props, 0, &t->field, &t->nfield));
	if (t->kind != PLAN_ARRAY || items == NULL ||
	    json_kind(items) != JSON_OBJECT)
		return (0);
	t->items = mem_new(1, sizeof *t->items);
	if (plan_type_build(b, items, t->items) == -1)
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
bson_build(struct plan_builder * b, const struct json_node * schema,
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
			return (plan_fail(b, "bsonType %s is none that load "
			    "can write", text ? text : "without a name"));
		u.kind = (enum plan_kind)w->value;
		if (n++ == 0)
			t->kind = u.kind;
		else
			type_join(t, &u);
	}
	return (nested_build(b, schema, t));
}

/* anyOf, oneOf: what the alternatives have in common. */
static int
choice_build(struct plan_builder * b, const struct json_node * choice,
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
		if (plan_type_build(b, one, &u) == -1) {
			plan_type_clear(&u);
			return (-1);
		}
		if (n++ == 0) {
			*t = u;
			continue;
		}
		type_join(t, &u);
		plan_type_clear(&u);
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

int
plan_type_build(struct plan_builder * b, const struct json_node * schema,
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
		return (plan_fail(b, "`type` is none of JSON Schema"));
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

void
plan_type_clear(struct plan_type * t)
{

	if (t->items != NULL)
		plan_type_clear(t->items);
	free(t->items);
	plan_fields_free(t->field, t->nfield);
	t->items = NULL;
	t->field = NULL;
	t->nfield = 0;
}

int
plan_type_is_object(const struct json_node * schema)
{
	int bits = type_bits(json_get(schema, "type"));

	return (bits == 0 || (bits != -1 && (bits & T_OBJECT)));
}
