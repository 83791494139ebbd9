#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/linein.h"
#include "../common/log.h"
#include "../common/mem.h"

#include "plan.h"

/* What the functions here share while a plan is made. */
struct maker {
	struct plan * plan;
	const struct json_node * columns;	/* `properties` of the source */
	const char ** key;	/* the source's key columns */
	size_t nkey;
	int bad;		/* something was reported */
};

static void complain(struct maker *, const char *, ...)
    __attribute__((format(printf, 2, 3)));

static void
complain(struct maker * mk, const char * fmt, ...)
{
	char text[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	log_error("%s: %s", mk->plan->sf->path, text);
	mk->bad = 1;
}

const struct json_node *
plan_source(const struct plan * plan, const char * name)
{
	const struct json_node * root = json_root(plan->msg);

	return (json_get(json_get(json_get(root, "schema"), "properties"),
	    name));
}

static const struct json_node *
first_of(const struct json_node * node)
{

	return (node == NULL ? NULL : json_first(node));
}

static unsigned
kind_of_type(const struct json_node * name)
{
	static const struct {
		const char * name;
		unsigned kinds;
	} types[] = {
		{ "null", KIND(SCAN_NULL) }, { "boolean", KINDS_BOOL },
		{ "integer", KIND(SCAN_INT) }, { "number", KINDS_NUM },
		{ "string", KIND(SCAN_STRING) },
		{ "array", KIND(SCAN_ARRAY) }, { "object", KIND(SCAN_OBJECT) }
	};
	const char * text = json_text(name, NULL);
	size_t i;

	for (i = 0; text != NULL && i < sizeof types / sizeof *types; i++) {
		if (strcmp(text, types[i].name) == 0)
			return (types[i].kinds);
	}
	return (KINDS_ALL);
}

unsigned
plan_source_kinds(const struct json_node * prop)
{
	const struct json_node * type = json_get(prop, "type");
	const struct json_node * e;
	unsigned kinds = 0;

	if (type == NULL)
		return (KINDS_ALL);
	if (json_kind(type) != JSON_ARRAY)
		return (kind_of_type(type));
	for (e = json_first(type); e != NULL; e = json_next(e))
		kinds |= kind_of_type(e);
	return (kinds);
}

static int
in_list(const char * const * list, size_t n, const char * name)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (strcmp(list[i], name) == 0)
			return (1);
	}
	return (0);
}

static void
push(const char *** list, size_t * n, const char * name)
{

	*list = mem_grow(*list, *n + 1, sizeof **list);
	(*list)[(*n)++] = name;
}

/* The source's key: as the SCHEMA says, else as the file says. */
static void
find_source_key(struct maker * mk)
{
	const struct schemafile * sf = mk->plan->sf;
	const struct json_node * list = json_get(json_root(mk->plan->msg),
	    "key_properties");
	const struct json_node * e;
	const char * name;
	size_t i, n;

	for (e = first_of(list); e != NULL; e = json_next(e)) {
		name = json_text(e, &n);
		if (name == NULL || strlen(name) != n ||
		    in_list(mk->key, mk->nkey, name))
			complain(mk, "key_properties is no list of different "
			    "columns");
		else
			push(&mk->key, &mk->nkey, name);
	}
	if (mk->nkey == 0) {
		for (i = 0; i < sf->nkey; i++)
			push(&mk->key, &mk->nkey, sf->key[i]);
		return;
	}
	if (sf->nkey == 0)
		return;
	for (i = 0; i < sf->nkey && sf->nkey == mk->nkey; i++) {
		if (!in_list(mk->key, mk->nkey, sf->key[i]))
			break;
	}
	if (sf->nkey != mk->nkey || i < sf->nkey)
		complain(mk, "x-source.key isn't the key of the stream");
}

static const struct property *
find_property(const struct plan * plan, const char * name)
{
	size_t i;

	for (i = 0; i < plan->sf->nprop; i++) {
		if (strcmp(plan->sf->prop[i].name, name) == 0)
			return (&plan->sf->prop[i]);
	}
	return (NULL);
}

/* A column would be kept under a name that is another one's. */
static void
complain_taken(struct maker * mk, const char * name)
{

	complain(mk, "the column \"%s\" isn't named, and the property of this "
	    "name is made of something else; give it a property with "
	    "\"x-from\": \"%s\", or set \"x-columns\": \"drop\"", name,
	    name);
}

/*
 * A column that is read whatever the document has of it: named by nothing
 * else it is kept or not, as the policy says.  Return its slot.
 */
static int
add_read(struct maker * mk, const char * column)
{
	struct plan * plan = mk->plan;
	int slot = 0;

	if (!in_list(plan->names, plan->nnames, column)) {
		push(&plan->names, &plan->nnames, column);
		if (plan->sf->policy == COLUMNS_KEEP) {
			plan->nkept = plan->nnames;
			if (find_property(plan, column) != NULL)
				complain_taken(mk, column);
		}
	}
	while (strcmp(plan->names[slot], column) != 0)
		slot++;
	return (slot);
}

/* What x-soft-delete looks at. */
static void
add_soft(struct maker * mk)
{
	struct plan * plan = mk->plan;
	const char * change = json_text(first_of(json_get(json_root(
	    plan->msg), "bookmark_properties")), NULL);

	if (plan->sf->soft.column == NULL)
		return;
	plan->soft = add_read(mk, plan->sf->soft.column);
	if (change == NULL)
		change = plan->sf->change;

	/* A column that isn't to be there is for the policy to find. */
	if (change != NULL && (plan->sf->policy != COLUMNS_REJECT ||
	    in_list(plan->names, plan->nnames, change)))
		plan->changed = add_read(mk, change);
}

/* The column has to be there, and to have the values that are waited for. */
static void
check_soft(struct maker * mk)
{
	const struct softdelete * sd = &mk->plan->sf->soft;
	const struct json_node * source;
	struct buf why = { 0 };

	if (sd->column == NULL || mk->columns == NULL)
		return;
	source = json_get(mk->columns, sd->column);
	if (source == NULL)
		complain(mk, "the stream has no column \"%s\", which "
		    "x-soft-delete names", sd->column);
	else if (in_list(mk->key, mk->nkey, sd->column))
		complain(mk, "the column \"%s\" of x-soft-delete is the "
		    "key", sd->column);
	else if (!softdelete_fits(sd, source, plan_source_kinds(source),
	    &why))
		complain(mk, "the column \"%s\" of x-soft-delete %s",
		    sd->column, buf_text(&why));
	buf_free(&why);
}

/*
 * Names of columns: the file's own slots first.
 */
static void
add_names(struct maker * mk)
{
	struct plan * plan = mk->plan;
	const struct columns * cols = &plan->sf->cols;
	size_t i;

	for (i = 0; i < cols->n; i++)
		push(&plan->names, &plan->nnames, cols->name[i]);
	/* A key column that isn't named is kept as it is, and watched. */
	for (i = 0; i < mk->nkey; i++) {
		if (columns_find(cols, mk->key[i]) != -1 ||
		    plan->sf->policy != COLUMNS_KEEP)
			continue;
		push(&plan->names, &plan->nnames, mk->key[i]);
	}
	plan->nkept = plan->nnames;
	add_soft(mk);
	plan->ncols = plan->nnames;
	for (i = 0; i < plan->sf->nprop; i++) {
		if (!in_list(plan->names, plan->nnames,
		    plan->sf->prop[i].name))
			push(&plan->names, &plan->nnames,
			    plan->sf->prop[i].name);
	}
}

static int
slot_of(const struct plan * plan, const char * name)
{
	size_t i;

	for (i = 0; i < plan->ncols; i++) {
		if (strcmp(plan->names[i], name) == 0)
			return ((int)i);
	}
	return (-1);
}

/* The columns that a property is made of: are all in the key? how many? */
struct inputs {
	const struct maker * mk;
	size_t others;		/* no key column */
	size_t found;
	const char * seen[64];
};

static void
add_input(int slot, void * arg)
{
	struct inputs * in = arg;
	const char * name = in->mk->plan->names[slot];

	if (!in_list(in->mk->key, in->mk->nkey, name))
		in->others++;
	else if (!in_list(in->seen, in->found, name) &&
	    in->found < sizeof in->seen / sizeof in->seen[0])
		in->seen[in->found++] = name;
}

static struct inputs
inputs_of(const struct maker * mk, const struct property * p)
{
	struct inputs in = { .mk = mk };

	if (p->slot != -1)
		add_input(p->slot, &in);
	if (p->steps != NULL)
		steps_columns(p->steps, add_input, &in);
	return (in);
}

/* The property that holds the column: best one that holds it as it is. */
static const struct property *
holder(const struct maker * mk, int slot, int of_key_only)
{
	const struct schemafile * sf = mk->plan->sf;
	const struct property * found = NULL;
	size_t i;

	for (i = 0; i < sf->nprop; i++) {
		if (sf->prop[i].nested || sf->prop[i].slot != slot)
			continue;
		if (of_key_only && inputs_of(mk, &sf->prop[i]).others > 0)
			continue;
		if (sf->prop[i].steps == NULL)
			return (&sf->prop[i]);
		if (found == NULL)
			found = &sf->prop[i];
	}
	return (found);
}

/* The property that holds a key column, in words if there is none. */
static void
map_key_column(struct maker * mk, const char * column)
{
	struct plan * plan = mk->plan;
	int named = columns_find(&plan->sf->cols, column);
	const struct property * p;

	if (named == -1 && plan->sf->policy == COLUMNS_KEEP) {
		push(&plan->key, &plan->nkey, column);
		return;
	}
	p = (named == -1) ? NULL : holder(mk, named, 1);
	if (p != NULL)
		push(&plan->key, &plan->nkey, p->name);
	else
		complain(mk, "the key column \"%s\" isn't a property of the "
		    "document: without it no document can be found again; "
		    "give one \"x-from\": \"%s\"", column, column);
}

static void
map_key(struct maker * mk)
{
	struct plan * plan = mk->plan;
	const struct property * id = find_property(plan, "_id");
	struct inputs in;
	size_t i;

	if (id == NULL) {
		for (i = 0; i < mk->nkey; i++)
			map_key_column(mk, mk->key[i]);
		return;
	}
	in = inputs_of(mk, id);
	if (id->nested || in.others > 0 || in.found != mk->nkey ||
	    mk->nkey == 0)
		complain(mk, "\"_id\" is not made of the key%s: leave it "
		    "out, load makes it of the key's properties",
		    mk->nkey > 1 ? ", all of its columns" : "");
	else
		push(&plan->key, &plan->nkey, "_id");
}

/* bookmark_properties: those that the document has, else x-source.change. */
static void
map_change(struct maker * mk)
{
	struct plan * plan = mk->plan;
	const struct json_node * list = json_get(json_root(plan->msg),
	    "bookmark_properties");
	const struct json_node * e = first_of(list);
	const struct property * p;
	const char * column = (e == NULL) ? plan->sf->change : NULL;
	int slot;

	for (; e != NULL || column != NULL; e = (e ? json_next(e) : NULL)) {
		if (e != NULL && (column = json_text(e, NULL)) == NULL)
			continue;
		slot = slot_of(plan, column);
		p = (slot == -1) ? NULL : holder(mk, slot, 0);
		if (p != NULL)
			push(&plan->change, &plan->nchange, p->name);
		else if (columns_find(&plan->sf->cols, column) == -1 &&
		    plan->sf->policy == COLUMNS_KEEP)
			push(&plan->change, &plan->nchange, column);
		column = NULL;
	}
}

/*
 * Operations.
 */
static struct op *
add_op(struct maker * mk, enum op_what what, const char * name)
{
	struct plan * plan = mk->plan;
	struct buf b = { 0 };
	struct op * op;

	plan->op = mem_grow(plan->op, plan->nop + 1, sizeof *plan->op);
	op = &plan->op[plan->nop++];
	*op = (struct op) { .what = what, .name = name, .slot = -1 };
	if (what != OP_CLOSE) {
		buf_putc(&b, ',');
		scan_put_text(&b, name, strlen(name));
		buf_putc(&b, ':');
		op->nhead = b.n;
		op->head = mem_new(b.n + LINEIN_SLACK, 1);
		memcpy(op->head, b.p, b.n);
		buf_free(&b);
	}
	plan->fixed += op->nhead + 2;
	return (op);
}

/* A column whose rows can never pass is found before the first row. */
static void
check_source(struct maker * mk, const struct property * p)
{
	const struct json_node * source;
	struct buf has = { 0 }, wants = { 0 };
	unsigned kinds;

	if (p->slot == -1)
		return;
	source = plan_source(mk->plan, mk->plan->names[p->slot]);
	if (source == NULL)
		return;
	kinds = plan_source_kinds(source);
	if (p->steps != NULL)
		kinds = steps_kinds(p->steps, kinds);
	if ((kinds & rules_kinds(p->rules) & ~KIND(SCAN_NULL)) != 0 ||
	    (kinds & ~KIND(SCAN_NULL)) == 0)
		return;
	kinds_put(&has, kinds & ~KIND(SCAN_NULL));
	kinds_put(&wants, rules_kinds(p->rules) & ~KIND(SCAN_NULL));
	complain(mk, "the property \"%s\" is of type %s, but the column "
	    "\"%s\" gives %s: convert it with x-apply", p->name,
	    buf_text(&wants), mk->plan->names[p->slot], buf_text(&has));
	buf_free(&has);
	buf_free(&wants);
}

/* A column that the source doesn't have (any more). */
static void
check_column(struct maker * mk, const struct property * p)
{
	const char * column;

	if (p->slot == -1 || mk->columns == NULL || p->dflt != NULL ||
	    (p->steps != NULL && steps_fill(p->steps)))
		return;
	column = mk->plan->names[p->slot];
	if (json_get(mk->columns, column) != NULL)
		return;
	complain(mk, "the stream has no column \"%s\", of which the property "
	    "\"%s\" is made: was it dropped or renamed? \"default\": null "
	    "says that it may be missing", column, p->name);
}

/* Is the column a decimal one, and does the file say nothing else? */
static int
is_decimal(const struct maker * mk, const struct property * p)
{
	const char * format;

	if (p->slot == -1 || rules_says_string(p->rules) ||
	    (p->steps != NULL && !steps_keep(p->steps)))
		return (0);
	format = json_text(json_get(plan_source(mk->plan,
	    mk->plan->names[p->slot]), "format"), NULL);
	return (format != NULL && (strcmp(format, "singer.decimal") == 0 ||
	    strcmp(format, "x-singer.decimal") == 0));
}

static void
add_value(struct maker * mk, const struct property * p, unsigned depth)
{
	struct op * op = add_op(mk, OP_VALUE, p->name);
	struct inputs in = inputs_of(mk, p);
	unsigned kinds;

	op->p = p;
	op->slot = p->slot;
	op->depth = depth;
	op->required = p->required;
	op->omit_null = p->omit_null;
	op->key = (depth == 0 && in.others == 0 &&
	    in_list(mk->plan->key, mk->plan->nkey, p->name));
	rules_set_decimal(p->rules, is_decimal(mk, p));
	if (p->steps == NULL && p->slot != -1) {
		kinds = rules_kinds(p->rules);
		if (p->omit_null || op->key)
			kinds &= ~KIND(SCAN_NULL);
		/* How deep it gets has to be looked at. */
		if (depth > 0 || op->key)
			kinds &= ~KINDS_NESTED;
		op->plain = kinds & ~rules_deep(p->rules);
		op->checked = kinds & rules_deep(p->rules);
	}
	check_column(mk, p);
	check_source(mk, p);
}

static void
add_properties(struct maker * mk, const struct property * p, size_t n,
    unsigned depth)
{
	struct plan * plan = mk->plan;
	struct op * op;
	size_t i, open;

	if (depth > plan->depth)
		plan->depth = depth;
	for (i = 0; i < n; i++) {
		if (!p[i].nested) {
			add_value(mk, &p[i], depth);
			continue;
		}
		op = add_op(mk, OP_OPEN, p[i].name);
		op->p = &p[i];
		op->required = p[i].required;
		op->omit_null = p[i].omit_null;
		op->depth = depth;
		open = plan->nop - 1;
		add_properties(mk, p[i].child, p[i].nchild, depth + 1);
		add_op(mk, OP_CLOSE, p[i].name);
		plan->op[open].end = (int)plan->nop - 1;
	}
}

/* Columns of the key and of x-soft-delete that are kept without a name. */
static void
add_kept(struct maker * mk)
{
	struct plan * plan = mk->plan;
	struct op * op;
	size_t i;

	for (i = plan->sf->cols.n; i < plan->nkept; i++) {
		op = add_op(mk, OP_VALUE, plan->names[i]);
		op->slot = (int)i;
		op->plain = KINDS_SCALAR;
		op->key = in_list(plan->key, plan->nkey, plan->names[i]);
		op->omit_null = !op->key && plan->sf->omit_null;
	}
}

/* What becomes of the columns that the file doesn't name? */
static void
sort_columns(struct maker * mk)
{
	struct plan * plan = mk->plan;
	const struct json_node * e;
	const char * name;
	size_t n;
	int plain, slot;

	for (e = first_of(mk->columns); e != NULL; e = json_next(e)) {
		name = json_key(e, &n);
		plain = (strlen(name) == n);
		slot = plain ? slot_of(plan, name) : -1;
		if ((slot != -1 && ((size_t)slot < plan->nkept ||
		    plan->sf->policy == COLUMNS_REJECT)) ||
		    strncmp(name, "_sdc_", 5) == 0)
			continue;
		if (plain && plan->sf->policy == COLUMNS_KEEP &&
		    find_property(plan, name) != NULL)
			complain_taken(mk, name);
		plan->left = mem_grow(plan->left, plan->nleft + 1,
		    sizeof *plan->left);
		plan->left[plan->nleft++] = e;
	}
}

struct plan *
plan_new(struct schemafile * sf, const char * line, size_t n)
{
	struct plan * plan = mem_new(1, sizeof *plan);
	struct maker mk = { .plan = plan };
	struct json_error err;

	plan->sf = sf;
	plan->soft = plan->changed = -1;
	if ((plan->msg = json_parse(line, n, &err)) == NULL) {
		complain(&mk, "SCHEMA, byte %u: %s", err.column, err.what);
		goto done;
	}
	mk.columns = json_get(json_get(json_root(plan->msg), "schema"),
	    "properties");
	if (first_of(mk.columns) == NULL)
		mk.columns = NULL;
	find_source_key(&mk);
	add_names(&mk);
	map_key(&mk);
	map_change(&mk);
	add_properties(&mk, sf->prop, sf->nprop, 0);
	add_kept(&mk);
	sort_columns(&mk);
	check_soft(&mk);
done:
	free(mk.key);
	if (!mk.bad)
		return (plan);
	plan_free(plan);
	return (NULL);
}

void
plan_free(struct plan * plan)
{
	size_t i;

	if (plan == NULL)
		return;
	for (i = 0; i < plan->nop; i++)
		free(plan->op[i].head);
	free(plan->op);
	free(plan->names);
	free(plan->key);
	free(plan->change);
	free(plan->left);
	json_free(plan->msg);
	free(plan);
}
