#include <stdlib.h>
#include <string.h>

#include "../common/mem.h"

#include "schemafile.h"

#define N(a)	(sizeof (a) / sizeof (a)[0])

/*
 * Where a schema stands decides which keywords it may have: AT_TOP is the
 * document, AT_PROPERTY a property of it, AT_VALUE what is inside a value
 * that comes from one column.
 */
#define AT_TOP		1u
#define AT_PROPERTY	2u
#define AT_VALUE	4u
#define ANYWHERE	7u

/* The keywords besides those of rules.h. */
static const struct word {
	const char * name;
	unsigned where;
} words[] = {
	{ "$schema", AT_TOP }, { "$id", AT_TOP }, { "$comment", ANYWHERE },
	{ "title", ANYWHERE }, { "description", ANYWHERE },
	{ "examples", ANYWHERE }, { "deprecated", ANYWHERE },
	{ "properties", ANYWHERE }, { "required", ANYWHERE },
	{ "additionalProperties", ANYWHERE },
	{ "items", AT_PROPERTY | AT_VALUE }, { "default", AT_PROPERTY },
	{ "x-from", AT_PROPERTY }, { "x-apply", AT_PROPERTY },
	{ "x-null", AT_TOP | AT_PROPERTY }, { "x-source", AT_TOP },
	{ "x-target", AT_TOP }, { "x-columns", AT_TOP }, { "x-drop", AT_TOP },
	{ "x-soft-delete", AT_TOP }, { "x-deletes", AT_TOP }
};

/* What is handed down while the file is read. */
struct reader {
	struct schemafile * sf;
	struct faults f;
};

static const struct word *
find_word(const char * name)
{
	size_t i;

	for (i = 0; i < N(words); i++) {
		if (strcmp(name, words[i].name) == 0)
			return (&words[i]);
	}
	return (NULL);
}

static void
unknown_keyword(struct reader * rd, const struct json_node * at)
{
	const char * names[64];
	size_t n = 0, i;

	for (i = 0; i < N(words); i++)
		names[n++] = words[i].name;
	for (i = 0; rules_keyword_name(i) != NULL && n < N(names); i++)
		names[n++] = rules_keyword_name(i);
	fault_unknown(&rd->f, at, "keyword that transform knows", names, n);
}

/* Every member of ${node} is a keyword that may be there. */
static struct rules *
read_keywords(struct reader * rd, const struct json_node * node,
    unsigned where)
{
	struct rules * rules = rules_new();
	const struct json_node * e;
	const struct word * w;
	const char * key;

	for (e = json_first(node); e != NULL; e = json_next(e)) {
		key = json_key(e, NULL);
		if ((w = find_word(key)) != NULL) {
			if ((w->where & where) == 0)
				fault_key(&rd->f, e,
				    "\"%s\" has no meaning here", key);
		} else if (!rules_keyword(rules, key, e, &rd->f))
			unknown_keyword(rd, e);
	}
	return (rules);
}

static void
read_text(struct reader * rd, const struct json_node * node,
    const char ** out)
{
	size_t n;
	const char * p;

	if (node == NULL)
		return;
	p = json_text(node, &n);
	if (p == NULL || n == 0 || strlen(p) != n)
		fault(&rd->f, node, "a text is expected");
	else
		*out = p;
}

/* A member of an object that may only have these. */
static void
only_members(struct reader * rd, const struct json_node * node,
    const char * what, const char * const * names, size_t n)
{
	const struct json_node * e;
	size_t i;

	if (json_kind(node) != JSON_OBJECT) {
		fault(&rd->f, node, "an object is expected");
		return;
	}
	for (e = json_first(node); e != NULL; e = json_next(e)) {
		for (i = 0; i < n; i++) {
			if (strcmp(json_key(e, NULL), names[i]) == 0)
				break;
		}
		if (i == n)
			fault_unknown(&rd->f, e, what, names, n);
	}
}

static void
read_source(struct reader * rd, const struct json_node * top)
{
	static const char * const names[] = { "table", "key", "change" };
	const struct json_node * node = json_get(top, "x-source");
	const struct json_node * key = json_get(node, "key");
	const struct json_node * e;
	struct schemafile * sf = rd->sf;

	if (node == NULL || json_get(node, "table") == NULL) {
		fault(&rd->f, top, "\"x-source\": {\"table\": ...} is "
		    "missing: the table that this file is for");
		return;
	}
	only_members(rd, node, "member of x-source", names, N(names));
	read_text(rd, json_get(node, "table"), &sf->table);
	read_text(rd, json_get(node, "change"), &sf->change);
	if (key == NULL)
		return;
	if (json_kind(key) != JSON_ARRAY || json_count(key) == 0) {
		fault(&rd->f, key, "key is a list of columns");
		return;
	}
	sf->key = mem_new(json_count(key), sizeof *sf->key);
	for (e = json_first(key); e != NULL; e = json_next(e)) {
		sf->key[sf->nkey] = "";
		read_text(rd, e, &sf->key[sf->nkey++]);
	}
}

static void
read_target(struct reader * rd, const struct json_node * top)
{
	static const char * const names[] = { "collection" };
	const struct json_node * node = json_get(top, "x-target");
	const struct json_node * name = json_get(node, "collection");
	const char * p = NULL;

	if (node == NULL)
		return;
	only_members(rd, node, "member of x-target", names, N(names));
	read_text(rd, name, &p);
	if (p != NULL && (strchr(p, '$') != NULL || *p == '.' ||
	    strncmp(p, "system.", 7) == 0))
		fault(&rd->f, name, "MongoDB has no collection of this name");
	rd->sf->collection = p;
}

/* x-null: is a null left out?  ${dflt} if it isn't said. */
static int
read_null(struct reader * rd, const struct json_node * node, int dflt)
{
	const struct json_node * arg = json_get(node, "x-null");
	const char * p = json_text(arg, NULL);

	if (arg == NULL)
		return (dflt);
	if (p != NULL && strcmp(p, "omit") == 0)
		return (1);
	if (p == NULL || strcmp(p, "keep") != 0)
		fault(&rd->f, arg, "x-null is keep or omit");
	return (0);
}

static int
read_flag(struct reader * rd, const struct json_node * node, const char * key,
    int dflt)
{
	const struct json_node * arg = json_get(node, key);

	if (arg == NULL)
		return (dflt);
	if (json_kind(arg) != JSON_BOOL)
		fault(&rd->f, arg, "%s is true or false", key);
	return (json_true(arg));
}

static void
read_policy(struct reader * rd, const struct json_node * top)
{
	static const char * const names[] = {
		[COLUMNS_KEEP] = "keep", [COLUMNS_DROP] = "drop",
		[COLUMNS_REJECT] = "reject"
	};
	const struct json_node * arg = json_get(top, "x-columns");
	int open = read_flag(rd, top, "additionalProperties", 1);
	const char * p = json_text(arg, NULL);
	int i;

	rd->sf->policy = open ? COLUMNS_KEEP : COLUMNS_DROP;
	if (arg == NULL)
		return;
	for (i = 0; p != NULL && i < (int)N(names); i++) {
		if (strcmp(p, names[i]) == 0)
			break;
	}
	if (p == NULL || i == (int)N(names))
		fault(&rd->f, arg, "x-columns is keep, drop or reject");
	else if (i == COLUMNS_KEEP && !open)
		fault(&rd->f, arg, "keep doesn't go with "
		    "\"additionalProperties\": false");
	else
		rd->sf->policy = (enum columns_policy)i;
}

/* x-drop: columns that are named here in order to be left out. */
static void
read_drop(struct reader * rd, const struct json_node * top)
{
	const struct json_node * list = json_get(top, "x-drop");
	const struct json_node * e;
	const char * name;

	if (list == NULL)
		return;
	if (json_kind(list) != JSON_ARRAY) {
		fault(&rd->f, list, "x-drop is a list of columns");
		return;
	}
	for (e = json_first(list); e != NULL; e = json_next(e)) {
		name = NULL;
		read_text(rd, e, &name);
		if (name == NULL)
			continue;
		if (columns_find(&rd->sf->cols, name) != -1)
			fault(&rd->f, e, "a property is made of \"%s\"", name);
		columns_add(&rd->sf->cols, name);
	}
}

/* The names in `required`: ${take} is called with each. */
static void
read_required(struct reader * rd, const struct json_node * node,
    void (* take)(struct reader *, const struct json_node *, void *),
    void * arg)
{
	const struct json_node * list = json_get(node, "required");
	const struct json_node * e;

	if (list == NULL)
		return;
	if (json_kind(list) != JSON_ARRAY) {
		fault(&rd->f, list, "required is a list of names");
		return;
	}
	for (e = json_first(list); e != NULL; e = json_next(e)) {
		if (json_text(e, NULL) == NULL)
			fault(&rd->f, e, "a name is expected");
		else
			take(rd, e, arg);
	}
}

static void
require_member(struct reader * rd, const struct json_node * name, void * arg)
{

	(void)rd;
	rules_require(arg, json_text(name, NULL));
}

static struct rules * read_value(struct reader *, const struct json_node *);

/* properties, required, items, ... of a value that comes in one piece. */
static void
read_inside(struct reader * rd, const struct json_node * node,
    struct rules * rules)
{
	const struct json_node * props = json_get(node, "properties");
	const struct json_node * items = json_get(node, "items");
	const struct json_node * e;

	if (items != NULL)
		rules_set_items(rules, read_value(rd, items));
	if (props != NULL && json_kind(props) != JSON_OBJECT)
		fault(&rd->f, props, "properties is an object");
	else if (props != NULL) {
		for (e = json_first(props); e != NULL; e = json_next(e))
			rules_add_member(rules, json_key(e, NULL),
			    read_value(rd, e));
	}
	read_required(rd, node, require_member, rules);
	if (!read_flag(rd, node, "additionalProperties", 1))
		rules_close(rules);
}

static struct rules *
read_value(struct reader * rd, const struct json_node * node)
{
	struct rules * rules;

	if (json_kind(node) != JSON_OBJECT) {
		fault(&rd->f, node, "a schema is an object");
		return (NULL);
	}
	rules = read_keywords(rd, node, AT_VALUE);
	read_inside(rd, node, rules);
	rules_seal(rules, node, &rd->f);
	return (rules);
}

/* What MongoDB takes as the name of a field. */
static void
check_name(struct reader * rd, const struct json_node * at)
{
	size_t n;
	const char * name = json_key(at, &n);

	if (n == 0 || strlen(name) != n)
		fault_key(&rd->f, at, "a field needs a name");
	else if (*name == '$' || strchr(name, '.') != NULL)
		fault_key(&rd->f, at, "the name of a field has no '$' in "
		    "front and no '.' inside");
}

/* x-from and x-apply. */
static void
read_origin(struct reader * rd, struct property * p)
{
	const struct json_node * from = json_get(p->node, "x-from");
	const struct json_node * apply = json_get(p->node, "x-apply");
	const char * column = NULL;

	if (apply != NULL)
		p->steps = steps_parse(apply, &rd->sf->cols, &rd->f);
	if (from == NULL) {
		if (p->steps == NULL || !steps_from_columns(p->steps))
			column = p->name;
	} else if (json_kind(from) != JSON_NULL)
		read_text(rd, from, &column);
	if (column != NULL)
		p->slot = columns_add(&rd->sf->cols, column);
	else if (p->dflt == NULL && apply == NULL && from != NULL &&
	    json_kind(from) == JSON_NULL)
		fault(&rd->f, from, "\"x-from\": null needs a default, or "
		    "x-apply");
}

static void
read_default(struct property * p)
{
	const struct json_node * dflt = json_get(p->node, "default");
	const char * text;
	size_t n;

	if (dflt == NULL)
		return;
	text = json_raw(dflt, &n);
	p->dflt = value_copy(text, n);
}

/* A default, or what the steps make, that never passes the rules. */
static void
check_origin(struct reader * rd, const struct property * p)
{
	const struct json_node * apply = json_get(p->node, "x-apply");
	struct scratch * s;
	struct verdict why;
	struct value v;

	if (p->steps != NULL && (steps_kinds(p->steps, KINDS_ALL) &
	    rules_kinds(p->rules) & ~KIND(SCAN_NULL)) == 0)
		fault(&rd->f, apply, "what the steps make never has the "
		    "property's type");
	if (p->dflt == NULL)
		return;
	s = scratch_new();
	v = *p->dflt;
	if (rules_check(p->rules, &v, s, &why) == -1)
		fault(&rd->f, json_get(p->node, "default"),
		    "the default breaks %s: %s", why.rule, why.reason);
	scratch_free(s);
}

static void read_properties(struct reader *, const struct json_node *,
    struct property **, size_t *, int);

static void
read_property(struct reader * rd, const struct json_node * node,
    struct property * p, int omit_null)
{

	check_name(rd, node);
	*p = (struct property) { .name = json_key(node, &p->n), .node = node,
	    .slot = -1 };
	json_key(node, &p->n);
	if (json_kind(node) != JSON_OBJECT) {
		fault(&rd->f, node, "a schema is an object");
		p->rules = rules_new();
		return;
	}
	p->rules = read_keywords(rd, node, AT_PROPERTY);
	p->omit_null = read_null(rd, node, omit_null);
	p->nested = (json_get(node, "properties") != NULL &&
	    json_get(node, "x-from") == NULL &&
	    json_get(node, "x-apply") == NULL);
	if (p->nested) {
		if (json_get(node, "default") != NULL)
			fault_key(&rd->f, json_get(node, "default"),
			    "an object put together has no default");
		read_flag(rd, node, "additionalProperties", 1);
		read_properties(rd, node, &p->child, &p->nchild,
		    p->omit_null);
		rules_seal(p->rules, node, &rd->f);
		if ((rules_kinds(p->rules) & KIND(SCAN_OBJECT)) == 0)
			fault(&rd->f, node, "properties make an object, but "
			    "the type is another one");
		return;
	}
	read_inside(rd, node, p->rules);
	rules_seal(p->rules, node, &rd->f);
	read_default(p);
	read_origin(rd, p);
	check_origin(rd, p);
}

struct property_list {
	struct property * p;
	size_t n;
};

static void
require_property(struct reader * rd, const struct json_node * name,
    void * arg)
{
	struct property_list * list = arg;
	size_t i;

	for (i = 0; i < list->n; i++) {
		if (strcmp(list->p[i].name, json_text(name, NULL)) == 0) {
			list->p[i].required = 1;
			return;
		}
	}
	fault(&rd->f, name, "\"%s\" is required, but no property",
	    json_text(name, NULL));
}

/* The properties of the document, or of an object that is put together. */
static void
read_properties(struct reader * rd, const struct json_node * node,
    struct property ** out, size_t * n, int omit_null)
{
	const struct json_node * props = json_get(node, "properties");
	const struct json_node * e;
	struct property_list list;

	*n = 0;
	*out = NULL;
	if (props == NULL || json_kind(props) != JSON_OBJECT) {
		fault(&rd->f, props != NULL ? props : node,
		    "\"properties\" is missing, or no object");
		return;
	}
	*out = mem_new(json_count(props), sizeof **out);
	for (e = json_first(props); e != NULL; e = json_next(e))
		read_property(rd, e, &(*out)[(*n)++], omit_null);
	list = (struct property_list) { *out, *n };
	read_required(rd, node, require_property, &list);
}

static void
read_top(struct reader * rd)
{
	const struct json_node * top = json_root(rd->sf->doc);
	struct rules * rules;

	if (json_kind(top) != JSON_OBJECT) {
		fault(&rd->f, top, "a schema is an object");
		return;
	}
	rules = read_keywords(rd, top, AT_TOP);
	rules_seal(rules, top, &rd->f);
	if (rules_kinds(rules) != KIND(SCAN_OBJECT) &&
	    rules_kinds(rules) != KINDS_ALL)
		fault(&rd->f, top, "a document is of the type object");
	rules_free(rules);
	read_source(rd, top);
	read_target(rd, top);
	read_policy(rd, top);
	rd->sf->omit_null = read_null(rd, top, 0);
	read_properties(rd, top, &rd->sf->prop, &rd->sf->nprop,
	    rd->sf->omit_null);
	read_drop(rd, top);
	softdelete_read(&rd->sf->soft, top, &rd->f);
}

struct schemafile *
schemafile_parse(const char * path, const char * p, size_t n)
{
	struct reader rd = { mem_new(1, sizeof *rd.sf), { path, 0 } };
	struct json_error err;

	rd.sf->path = mem_dup(path);
	if ((rd.sf->doc = json_parse(p, n, &err)) == NULL) {
		fault_at(&rd.f, err.line, err.column, "%s", err.what);
		goto err0;
	}
	read_top(&rd);
	if (rd.f.n > 0)
		goto err0;
	return (rd.sf);

err0:
	schemafile_free(rd.sf);
	return (NULL);
}

static void
properties_free(struct property * p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		rules_free(p[i].rules);
		steps_free(p[i].steps);
		free(p[i].dflt);
		properties_free(p[i].child, p[i].nchild);
	}
	free(p);
}

void
schemafile_free(struct schemafile * sf)
{

	if (sf == NULL)
		return;
	properties_free(sf->prop, sf->nprop);
	columns_free(&sf->cols);
	softdelete_clear(&sf->soft);
	free(sf->key);
	json_free(sf->doc);
	free(sf->path);
	free(sf);
}
