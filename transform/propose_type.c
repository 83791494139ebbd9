#include <string.h>

#include "../common/scan.h"

#include "jsonput.h"
#include "plan.h"

#include "propose_type.h"

#define DECIMAL128_DIGITS	34

static const char *
text_of(const struct json_node * node, const char * key)
{
	const char * p = json_text(json_get(node, key), NULL);

	return (p != NULL ? p : "");
}

static int
is(const struct json_node * node, const char * key, const char * word)
{

	return (strcmp(text_of(node, key), word) == 0);
}

/* Does it go beyond an int32? */
static int
is_long(const struct json_node * column)
{
	int64_t lo, hi;

	return (json_int64(json_get(column, "minimum"), &lo) == -1 ||
	    json_int64(json_get(column, "maximum"), &hi) == -1 ||
	    lo < INT32_MIN || hi > INT32_MAX);
}

static int
is_decimal(const struct json_node * column)
{

	return (is(column, "format", "singer.decimal") ||
	    is(column, "format", "x-singer.decimal"));
}

/* The BSON type, or NULL, and the JSON type, or NULL, of a column. */
static const char *
types_of(const struct json_node * column, const char ** json)
{
	unsigned kinds = plan_source_kinds(column) & ~KIND(SCAN_NULL);
	int64_t digits;

	*json = NULL;
	if (json_get(column, "type") == NULL)
		return (NULL);
	if ((kinds & ~KINDS_NUM) == 0) {
		if (kinds != KIND(SCAN_INT))
			return ("double");
		*json = "integer";
		return (NULL);
	}
	if (is_decimal(column)) {
		/* What is longer is for load's option to decide. */
		if (json_int64(json_get(column, "precision"), &digits) == 0 &&
		    digits > DECIMAL128_DIGITS)
			return (NULL);
		return ("decimal");
	}
	if (is(column, "format", "date-time") || is(column, "format", "date"))
		return ("date");
	if (is(column, "contentEncoding", "base64"))
		return ("binData");
	if (kinds == KIND(SCAN_STRING))
		*json = "string";
	else if (kinds == KIND(SCAN_ARRAY))
		*json = "array";
	else if (kinds == KIND(SCAN_OBJECT))
		*json = "object";
	return (NULL);
}

static int
can_be_null(const struct json_node * column)
{

	/* A column of any type may well never be null. */
	return (json_get(column, "type") != NULL &&
	    (plan_source_kinds(column) & KIND(SCAN_NULL)) != 0);
}

void
propose_type_put(struct buf * b, const struct json_node * column)
{
	const char * json;
	const char * bson = types_of(column, &json);

	if (bson == NULL && json == NULL)
		return;
	buf_printf(b, "\"%s\": ", bson != NULL ? "bsonType" : "type");
	buf_printf(b, can_be_null(column) ? "[\"%s\", \"null\"]" : "\"%s\"",
	    bson != NULL ? bson : json);
}

/* Is ${word} the bsonType of the property, alone or in a list? */
static const struct json_node *
bson_word(const struct property * p, const char * word)
{
	const struct json_node * node = json_get(p->node, "bsonType");
	const struct json_node * e;

	if (json_text(node, NULL) != NULL)
		return (strcmp(json_text(node, NULL), word) == 0 ? node :
		    NULL);
	for (e = node != NULL ? json_first(node) : NULL; e != NULL;
	    e = json_next(e)) {
		if (json_text(e, NULL) != NULL &&
		    strcmp(json_text(e, NULL), word) == 0)
			return (e);
	}
	return (NULL);
}

int
propose_type_fits(const struct property * p, const struct json_node * column)
{
	unsigned kinds = plan_source_kinds(column);
	const char * json, * bson, * format;

	if (p->steps != NULL)
		kinds = steps_kinds(p->steps, kinds);
	kinds &= ~KIND(SCAN_NULL);
	if (kinds != 0 && (kinds & rules_kinds(p->rules)) == 0)
		return (0);
	if (p->steps != NULL && !steps_keep(p->steps))
		return (1);
	bson = types_of(column, &json);
	format = text_of(p->node, "format");
	if ((strcmp(format, "date") == 0 || strcmp(format, "date-time") == 0)
	    && !is(column, "format", format))
		return (0);
	if (bson_word(p, "date") != NULL)
		return (bson != NULL && strcmp(bson, "date") == 0);
	if (bson_word(p, "binData") != NULL)
		return (bson != NULL && strcmp(bson, "binData") == 0);
	if (bson_word(p, "decimal") != NULL && kinds == KIND(SCAN_STRING))
		return (is_decimal(column));
	return (1);
}

int
propose_type_likely(const struct property * p,
    const struct json_node * column)
{
	const char * json;
	const char * bson = types_of(column, &json);

	if (!propose_type_fits(p, column))
		return (0);

	/* A property that is called a string may be made of a date; but was
	 * this one? */
	return (bson == NULL || bson_word(p, bson) != NULL ||
	    json_get(p->node, "format") != NULL ||
	    (json_get(p->node, "type") == NULL &&
	    json_get(p->node, "bsonType") == NULL));
}

/* Another type altogether: the old words for it go. */
static void
change_type(const struct property * p, const struct json_node * column,
    struct jsonedit * ed, struct buf * what)
{
	static const char * const words[] = { "type", "bsonType", "format",
		"contentEncoding", "enum", "const", "pattern", "minLength",
		"maxLength", "precision", "scale", "minimum", "maximum",
		"exclusiveMinimum", "exclusiveMaximum", "multipleOf", "items",
		"minItems", "maxItems", "uniqueItems", "default" };
	const struct json_node * e;
	struct buf type = { NULL, 0, 0 };
	const char * colon;
	size_t i;

	buf_puts(what, "; instead of");
	for (i = 0; i < sizeof words / sizeof words[0]; i++) {
		if ((e = json_get(p->node, words[i])) == NULL)
			continue;
		jsonedit_remove(ed, e);
		buf_printf(what, " \"%s\": ", words[i]);
		jsonput_compact(what, e);
	}
	propose_type_put(&type, column);
	if (type.n > 0) {
		buf_printf(what, " now %s", buf_text(&type));
		colon = strchr(type.p, ':');
		type.p[colon - type.p - 1] = '\0';
		jsonedit_append(ed, p->node, type.p + 1, colon + 2);
	}
	buf_free(&type);
}

/* "x" becomes ["x", "null"]; a list gets one more. */
static void
add_null(const struct property * p, const char * key, struct jsonedit * ed)
{
	const struct json_node * node = json_get(p->node, key);
	struct buf b = { NULL, 0, 0 };

	if (node == NULL)
		return;
	if (json_kind(node) == JSON_ARRAY)
		jsonedit_append(ed, node, NULL, strcmp(key, "enum") == 0 ?
		    "null" : "\"null\"");
	else {
		buf_puts(&b, "[");
		jsonput_raw(&b, node);
		buf_puts(&b, ", \"null\"]");
		jsonedit_replace(ed, node, buf_text(&b));
	}
	buf_free(&b);
}

static int
lists_null(const struct json_node * list)
{
	const struct json_node * e;

	for (e = list != NULL ? json_first(list) : NULL; e != NULL;
	    e = json_next(e)) {
		if (json_kind(e) == JSON_NULL)
			return (1);
	}
	return (0);
}

static void
mend_null(const struct property * p, const struct json_node * column,
    struct jsonedit * ed, struct buf * what)
{

	if (!can_be_null(column) || p->omit_null ||
	    (p->steps != NULL && steps_fill(p->steps)) ||
	    (rules_kinds(p->rules) & KIND(SCAN_NULL)) != 0)
		return;
	add_null(p, "type", ed);
	add_null(p, "bsonType", ed);
	if (!lists_null(json_get(p->node, "enum")))
		add_null(p, "enum", ed);
	buf_puts(what, "; it can be null");
}

/* Members of an ENUM or SET that a list in the file hasn't got. */
static void
mend_members(const struct json_node * file, const struct json_node * column,
    struct jsonedit * ed, struct buf * what)
{
	const struct json_node * list = json_get(file, "enum");
	const struct json_node * e, * f;
	struct buf b = { NULL, 0, 0 };

	if (list == NULL || json_get(column, "enum") == NULL)
		return;
	for (e = json_first(json_get(column, "enum")); e != NULL;
	    e = json_next(e)) {
		if (json_text(e, NULL) == NULL)
			continue;
		for (f = json_first(list); f != NULL; f = json_next(f)) {
			if (json_text(f, NULL) != NULL && strcmp(json_text(f,
			    NULL), json_text(e, NULL)) == 0)
				break;
		}
		if (f != NULL)
			continue;
		buf_clear(&b);
		jsonput_raw(&b, e);
		jsonedit_append(ed, list, NULL, buf_text(&b));
		buf_printf(what, "; \"enum\" with %s", buf_text(&b));
	}
	buf_free(&b);
}

/* A number that is less than the column's. */
static void
mend_number(const struct property * p, const struct json_node * column,
    const char * key, struct jsonedit * ed, struct buf * what)
{
	const struct json_node * node = json_get(p->node, key);
	uint64_t has, wants;
	struct buf b = { NULL, 0, 0 };

	if (json_uint64(node, &has) == -1 ||
	    json_uint64(json_get(column, key), &wants) == -1 || wants <= has)
		return;
	buf_put_u64(&b, wants);
	jsonedit_replace(ed, node, buf_text(&b));
	buf_printf(what, "; \"%s\" %ju instead of %ju", key, (uintmax_t)wants,
	    (uintmax_t)has);
	buf_free(&b);
}

void
propose_type_mend(const struct property * p, const struct json_node * column,
    struct jsonedit * ed, struct buf * what)
{
	const struct json_node * word = bson_word(p, "int");

	if (p->steps != NULL && !steps_keep(p->steps))
		return;
	if (!propose_type_fits(p, column)) {
		change_type(p, column, ed, what);
		return;
	}
	if (word != NULL && (plan_source_kinds(column) & KINDS_NUM) ==
	    KIND(SCAN_INT) && is_long(column)) {
		jsonedit_replace(ed, word, "\"long\"");
		buf_puts(what, "; \"long\" instead of \"int\"");
	}
	mend_null(p, column, ed, what);
	mend_members(p->node, column, ed, what);
	mend_members(json_get(p->node, "items"), json_get(column, "items"),
	    ed, what);
	mend_number(p, column, "maxLength", ed, what);
	mend_number(p, column, "precision", ed, what);
	mend_number(p, column, "scale", ed, what);
}
