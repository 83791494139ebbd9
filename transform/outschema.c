#include <string.h>

#include "jsonput.h"

#include "outschema.h"

static int
is_one_of(const char * key, const char * const * list)
{

	for (; *list != NULL; list++) {
		if (strcmp(key, *list) == 0)
			return (1);
	}
	return (0);
}

/* "type" from a set of kinds. */
static void
put_type(struct buf * b, unsigned kinds)
{
	static const struct {
		const char * name;
		unsigned bits;
	} types[] = {
		{ "null", KIND(SCAN_NULL) }, { "boolean", KINDS_BOOL },
		{ "number", KINDS_NUM }, { "integer", KIND(SCAN_INT) },
		{ "string", KIND(SCAN_STRING) },
		{ "array", KIND(SCAN_ARRAY) }, { "object", KIND(SCAN_OBJECT) }
	};
	const char * comma = "";
	size_t i;

	jsonput_key(b, "type");
	buf_putc(b, '[');
	for (i = 0; i < sizeof types / sizeof types[0]; i++) {
		if ((kinds & types[i].bits) != types[i].bits)
			continue;
		kinds &= ~types[i].bits;
		buf_puts(b, comma);
		scan_put_text(b, types[i].name, strlen(types[i].name));
		comma = ",";
	}
	buf_putc(b, ']');
}

/* What the SCHEMA message doesn't need of a schema file. */
static const char * const not_sent[] = { "title", "description", "$comment",
	"examples", "deprecated", "default", "x-from", "x-apply", "x-null",
	NULL };

/* The kinds that a property's values may have, as far as is known. */
static unsigned
kinds_of(const struct property * p, const struct json_node * source)
{
	unsigned kinds = KINDS_ALL;

	if (source != NULL)
		kinds = plan_source_kinds(source);
	else if (p->slot == -1 && p->steps == NULL && p->dflt != NULL)
		kinds = 0;
	if (p->steps != NULL)
		kinds = steps_kinds(p->steps, kinds);
	if (p->dflt != NULL)
		kinds |= KIND(p->dflt->v.kind);
	return (kinds & rules_kinds(p->rules));
}

/* The members of ${from} that ${p} doesn't have, or only to itself. */
static void
put_carried(const struct property * p, const struct json_node * from,
    struct buf * b)
{
	const struct json_node * e;
	const char * key;

	for (e = json_first(from); e != NULL; e = json_next(e)) {
		key = json_key(e, NULL);
		if (json_get(p->node, key) != NULL &&
		    !is_one_of(key, not_sent))
			continue;
		/* Steps may add a kind, or take null away. */
		if (p->steps != NULL && strcmp(key, "type") == 0)
			continue;
		jsonput_key(b, key);
		jsonput_compact(b, e);
	}
}

/* A property that is made of a column. */
static void
put_value(const struct plan * plan, const struct property * p,
    struct buf * b)
{
	const struct json_node * source = NULL;
	const struct json_node * e;
	unsigned kinds;

	if (p->slot != -1)
		source = plan_source(plan, plan->names[p->slot]);
	kinds = kinds_of(p, source);
	buf_putc(b, '{');
	if (json_get(p->node, "type") == NULL && kinds != KINDS_ALL &&
	    (p->steps != NULL || json_get(source, "type") == NULL))
		put_type(b, kinds);
	if (source != NULL && json_kind(source) == JSON_OBJECT &&
	    (p->steps == NULL || steps_keep(p->steps)))
		put_carried(p, source, b);
	for (e = json_first(p->node); e != NULL; e = json_next(e)) {
		if (is_one_of(json_key(e, NULL), not_sent))
			continue;
		jsonput_key(b, json_key(e, NULL));
		jsonput_compact(b, e);
	}
	buf_putc(b, '}');
}

static void
put_properties(const struct plan * plan, const struct property * p, size_t n,
    struct buf * b)
{
	static const char * const own[] = { "properties", "required",
		"additionalProperties", "type", NULL };
	const struct json_node * e;
	size_t i;

	for (i = 0; i < n; i++) {
		jsonput_key(b, p[i].name);
		if (!p[i].nested) {
			put_value(plan, &p[i], b);
			continue;
		}
		buf_puts(b, "{\"type\":\"object\"");
		for (e = json_first(p[i].node); e != NULL; e = json_next(e)) {
			if (is_one_of(json_key(e, NULL), own) ||
			    is_one_of(json_key(e, NULL), not_sent))
				continue;
			jsonput_key(b, json_key(e, NULL));
			jsonput_compact(b, e);
		}
		jsonput_key(b, "properties");
		buf_putc(b, '{');
		put_properties(plan, p[i].child, p[i].nchild, b);
		buf_puts(b, "}}");
	}
}

/* Columns that the document has without being named in the file. */
static void
put_kept(const struct plan * plan, struct buf * b)
{
	const struct json_node * e;
	size_t i;

	for (i = plan->sf->cols.n; i < plan->nkept; i++) {
		jsonput_key(b, plan->names[i]);
		if ((e = plan_source(plan, plan->names[i])) != NULL)
			jsonput_raw(b, e);
		else
			buf_puts(b, "{}");
	}
	for (i = 0; plan->sf->policy == COLUMNS_KEEP && i < plan->nleft;
	    i++) {
		jsonput_name(b, plan->left[i]);
		jsonput_raw(b, plan->left[i]);
	}
}

/* _sdc_ columns always pass; what is made of x-soft-delete is one. */
static void
put_sdc(const struct plan * plan, const struct json_node * schema,
    struct buf * b)
{
	const struct json_node * props = json_get(schema, "properties");
	const struct json_node * e;

	if (plan->soft != -1 && json_get(props, DELETED_AT) == NULL)
		buf_puts(b, ",\"" DELETED_AT "\":{\"type\":[\"null\","
		    "\"string\"],\"format\":\"date-time\"}");
	if (props == NULL)
		return;
	for (e = json_first(props); e != NULL; e = json_next(e)) {
		if (strncmp(json_key(e, NULL), "_sdc_", 5) != 0)
			continue;
		jsonput_name(b, e);
		jsonput_raw(b, e);
	}
}

static void
put_schema(const struct plan * plan, const struct json_node * schema,
    struct buf * b)
{
	static const char * const own[] = { "properties", "required",
		"additionalProperties", NULL };
	const struct json_node * e;

	buf_putc(b, '{');
	for (e = json_first(schema); e != NULL; e = json_next(e)) {
		if (is_one_of(json_key(e, NULL), own))
			continue;
		jsonput_name(b, e);
		jsonput_raw(b, e);
	}
	jsonput_key(b, "properties");
	buf_putc(b, '{');
	put_properties(plan, plan->sf->prop, plan->sf->nprop, b);
	put_kept(plan, b);
	put_sdc(plan, schema, b);
	buf_puts(b, "}}");
}

static void
put_names(struct buf * b, const char * key, const char * const * names,
    size_t n)
{
	size_t i;

	jsonput_key(b, key);
	buf_putc(b, '[');
	for (i = 0; i < n; i++) {
		if (i > 0)
			buf_putc(b, ',');
		scan_put_text(b, names[i], strlen(names[i]));
	}
	buf_putc(b, ']');
}

/* Does a property of the key have other values than its column? */
static int
converts_key(const struct plan * plan, const struct property * p, size_t n)
{
	size_t i, k;

	for (i = 0; i < n; i++) {
		for (k = 0; k < plan->nkey; k++) {
			if (strcmp(p[i].name, plan->key[k]) == 0 &&
			    (p[i].nested || p[i].steps != NULL))
				return (1);
		}
	}
	return (0);
}

void
outschema_put(const struct plan * plan, struct buf * out)
{
	const struct json_node * root = json_root(plan->msg);
	const struct json_node * e;
	const char * collection = plan->sf->collection;
	const char * deletes = plan->sf->soft.deletes;
	const char * key;
	struct buf b = { 0 };

	buf_putc(&b, '{');
	for (e = json_first(root); e != NULL; e = json_next(e)) {
		key = json_key(e, NULL);
		if (strcmp(key, "schema") == 0) {
			jsonput_key(&b, key);
			put_schema(plan, e, &b);
		} else if (strcmp(key, "key_properties") != 0 &&
		    strcmp(key, "bookmark_properties") != 0 &&
		    (strcmp(key, "collection") != 0 || collection == NULL) &&
		    (strcmp(key, "deletes") != 0 || deletes == NULL)) {
			jsonput_name(&b, e);
			jsonput_raw(&b, e);
		}
	}
	put_names(&b, "key_properties", plan->key, plan->nkey);
	if (plan->nchange > 0 ||
	    json_get(root, "bookmark_properties") != NULL)
		put_names(&b, "bookmark_properties", plan->change,
		    plan->nchange);
	if (converts_key(plan, plan->sf->prop, plan->sf->nprop)) {
		/* No row is found by such a key. */
		jsonput_key(&b, "key_converted");
		buf_puts(&b, "true");
	}
	if (collection != NULL) {
		jsonput_key(&b, "collection");
		scan_put_text(&b, collection, strlen(collection));
	}
	if (deletes != NULL) {
		jsonput_key(&b, "deletes");
		scan_put_text(&b, deletes, strlen(deletes));
	}
	buf_putc(&b, '}');
	buf_put(out, b.p, b.n);
	buf_free(&b);
}
