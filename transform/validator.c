#include <string.h>

#include "jsonput.h"

#include "outschema.h"

#define N(a)	(sizeof (a) / sizeof (a)[0])

/*
 * MongoDB's $jsonSchema is draft 4 with bsonType, and refuses what it doesn't
 * know: format, const, precision, ... It sees documents as load writes them,
 * where a date is a date and no string.
 */

static void put_inside(const struct json_node * node, int plain,
    struct buf * b);

/* Nonzero if ${node} says that its strings are text. */
static int
is_text(const struct json_node * node)
{
	static const char * const words[] = { "minLength", "maxLength",
		"pattern", "enum", "const" };
	size_t i;

	for (i = 0; i < N(words); i++) {
		if (json_get(node, words[i]) != NULL)
			return (1);
	}
	return (0);
}

/*
 * What load makes of strings: by the format; where the file doesn't say one,
 * the source's column may, if it is taken over as it is.
 */
static const char *
bson_of_string(const struct json_node * node, int plain)
{
	const char * format = json_text(json_get(node, "format"), NULL);

	if (json_get(node, "contentEncoding") != NULL)
		return ("\"binData\"");
	if (format == NULL)
		return (plain && !is_text(node) ?
		    "\"string\",\"date\",\"decimal\",\"binData\"" :
		    "\"string\"");
	if (strcmp(format, "date-time") == 0 || strcmp(format, "date") == 0)
		return ("\"date\"");
	if (strcmp(format, "singer.decimal") == 0)
		return ("\"decimal\",\"string\"");
	return ("\"string\"");
}

/* The names of bsonType that the name of a type stands for. */
static const char *
bson_of(const char * type, const struct json_node * node, int plain)
{
	static const struct {
		const char * type;
		const char * bson;
	} types[] = {
		{ "null", "\"null\"" }, { "boolean", "\"bool\"" },
		{ "integer", "\"int\",\"long\",\"decimal\"" },
		{ "number", "\"double\",\"int\",\"long\",\"decimal\"" },
		{ "array", "\"array\"" }, { "object", "\"object\"" }
	};
	size_t i;

	for (i = 0; i < N(types); i++) {
		if (strcmp(type, types[i].type) == 0)
			return (types[i].bson);
	}
	return (bson_of_string(node, plain));
}

static void
put_type(const struct json_node * node, int plain, struct buf * b)
{
	const struct json_node * bson = json_get(node, "bsonType");
	const struct json_node * type = json_get(node, "type");
	const struct json_node * e;

	if (bson != NULL) {
		jsonput_key(b, "bsonType");
		jsonput_compact(b, bson);
		return;
	}
	if (type == NULL)
		return;
	jsonput_key(b, "bsonType");
	buf_putc(b, '[');
	if (json_kind(type) != JSON_ARRAY)
		buf_puts(b, bson_of(json_text(type, NULL), node, plain));
	else {
		for (e = json_first(type); e != NULL; e = json_next(e)) {
			if (e != json_first(type))
				buf_putc(b, ',');
			buf_puts(b, bson_of(json_text(e, NULL), node, plain));
		}
	}
	buf_putc(b, ']');
}

/* exclusiveMinimum is a flag beside minimum there. */
static void
put_exclusive(const struct json_node * node, const char * exclusive,
    const char * inclusive, struct buf * b)
{
	const struct json_node * arg = json_get(node, exclusive);

	if (arg == NULL)
		return;
	jsonput_key(b, inclusive);
	jsonput_compact(b, arg);
	jsonput_key(b, exclusive);
	buf_puts(b, "true");
}

static void
put_bounds(const struct json_node * node, struct buf * b)
{
	static const char * const words[][2] = {
		{ "minimum", "exclusiveMinimum" },
		{ "maximum", "exclusiveMaximum" }
	};
	const struct json_node * arg;
	int both[2], i;

	for (i = 0; i < 2; i++) {
		arg = json_get(node, words[i][0]);
		both[i] = (arg != NULL &&
		    json_get(node, words[i][1]) != NULL);
		if (arg != NULL) {
			jsonput_key(b, words[i][0]);
			jsonput_compact(b, arg);
		} else
			put_exclusive(node, words[i][1], words[i][0], b);
	}
	if (!both[0] && !both[1])
		return;
	jsonput_key(b, "allOf");
	buf_puts(b, "[{");
	for (i = 0; i < 2; i++) {
		if (both[i])
			put_exclusive(node, words[i][1], words[i][0], b);
	}
	buf_puts(b, "}]");
}

/* What reads the same in both languages. */
static void
put_words(const struct json_node * node, struct buf * b)
{
	static const char * const words[] = { "title", "description", "enum",
		"multipleOf", "minLength", "maxLength", "pattern",
		"minItems", "maxItems", "uniqueItems", "required",
		"additionalProperties" };
	const struct json_node * arg;
	size_t i;

	for (i = 0; i < N(words); i++) {
		arg = json_get(node, words[i]);
		/* An empty list of names is an error there. */
		if (arg == NULL || (strcmp(words[i], "required") == 0 &&
		    json_count(arg) == 0))
			continue;
		jsonput_key(b, words[i]);
		jsonput_compact(b, arg);
	}
	if ((arg = json_get(node, "const")) != NULL) {
		jsonput_key(b, "enum");
		buf_putc(b, '[');
		jsonput_compact(b, arg);
		buf_putc(b, ']');
	}
}

static void
put_schema(const struct json_node * node, int plain, struct buf * b)
{

	buf_putc(b, '{');
	put_type(node, plain, b);
	put_words(node, b);
	put_bounds(node, b);
	put_inside(node, plain, b);
	buf_putc(b, '}');
}

/* Is the value of a column taken over as it is? */
static int
is_plain(const struct json_node * node)
{

	return (json_get(node, "x-apply") == NULL);
}

static void
put_inside(const struct json_node * node, int plain, struct buf * b)
{
	const struct json_node * props = json_get(node, "properties");
	const struct json_node * items = json_get(node, "items");
	const struct json_node * e;

	if (items != NULL) {
		jsonput_key(b, "items");
		put_schema(items, 0, b);
	}
	if (props == NULL)
		return;
	jsonput_key(b, "properties");
	buf_putc(b, '{');
	for (e = json_first(props); e != NULL; e = json_next(e)) {
		jsonput_key(b, json_key(e, NULL));
		put_schema(e, plain && is_plain(e), b);
	}
	buf_putc(b, '}');
}

void
outschema_validator(const struct schemafile * sf, struct buf * out)
{
	const struct json_node * top = json_root(sf->doc);
	const struct json_node * props = json_get(top, "properties");
	const struct json_node * e;

	buf_puts(out, "{\"$jsonSchema\":{\"bsonType\":\"object\"");
	put_words(top, out);
	jsonput_key(out, "properties");
	buf_putc(out, '{');
	for (e = json_first(props); e != NULL; e = json_next(e)) {
		jsonput_key(out, json_key(e, NULL));
		put_schema(e, is_plain(e), out);
	}
	/* What load adds, for additionalProperties. */
	if (json_get(props, "_id") == NULL) {
		jsonput_key(out, "_id");
		buf_puts(out, "{}");
	}
	jsonput_key(out, "_sync");
	buf_puts(out, "{\"bsonType\":\"object\"}");
	buf_puts(out, "}}}\n");
}
