#include <stdlib.h>
#include <string.h>

#include "../common/mem.h"

#include "steps_args.h"

#include "steps.h"

#define N(a)	(sizeof (a) / sizeof (a)[0])
#define STRING	KIND(SCAN_STRING)
#define INT	KIND(SCAN_INT)
#define ARRAY	KIND(SCAN_ARRAY)

struct steps {
	struct step * step;
	size_t n;
};

/* ${out} 0: the kind stays. */
static const struct kind {
	const char * name;
	convert_fn * run;
	args_fn * args;
	enum { BARE, WITH, EITHER } form;
	unsigned in, out;
	const char * option;	/* of the object form */
} kinds[] = {
	{ "trim", convert_trim, NULL, BARE, STRING, 0, NULL },
	{ "lower", convert_lower, NULL, BARE, STRING, 0, NULL },
	{ "upper", convert_upper, NULL, BARE, STRING, 0, NULL },
	{ "substring", convert_substring, args_substring, WITH, STRING, 0,
	    NULL },
	{ "replace", convert_replace, args_replace, WITH, STRING, 0, NULL },
	{ "concat", convert_concat, args_concat, WITH, KINDS_ALL,
	    STRING | KIND(SCAN_NULL), NULL },
	{ "split", convert_split, args_split, WITH, STRING, ARRAY, NULL },
	{ "join", convert_join, args_join, WITH, ARRAY, STRING, NULL },
	{ "compact", convert_compact, NULL, BARE, ARRAY, 0, NULL },
	{ "each", convert_each, args_each, WITH, ARRAY, 0, NULL },
	{ "map", convert_map, args_map, WITH, KINDS_SCALAR, 0, "default" },
	{ "default", convert_default, args_default, WITH, KINDS_ALL, 0,
	    NULL },
	{ "null-if", convert_null_if, args_null_if, WITH, KINDS_ALL, 0,
	    NULL },
	{ "boolean", convert_boolean, args_boolean, EITHER, KINDS_SCALAR,
	    KINDS_BOOL, NULL },
	{ "integer", convert_integer, NULL, BARE, KINDS_SCALAR, INT, NULL },
	{ "number", convert_number, NULL, BARE, KINDS_SCALAR, KINDS_NUM,
	    NULL },
	{ "decimal", convert_decimal, NULL, BARE, KINDS_NUM | STRING, STRING,
	    NULL },
	{ "string", convert_string, NULL, BARE, KINDS_SCALAR | KINDS_NESTED,
	    STRING, NULL },
	{ "parse-json", convert_parse_json, NULL, BARE, STRING, KINDS_ALL,
	    NULL },
	{ "round", convert_round, args_round, WITH, KINDS_NUM | STRING, 0,
	    "mode" },
	{ "shift", convert_shift, args_shift, WITH, KINDS_NUM | STRING,
	    STRING, NULL },
	{ "date", convert_date, args_date, WITH, STRING, STRING, NULL },
	{ "from-epoch", convert_from_epoch, args_from_epoch, WITH, INT,
	    STRING, NULL }
};

static const struct kind *
find_kind(const char * name)
{
	size_t i;

	for (i = 0; name != NULL && i < N(kinds); i++) {
		if (strcmp(name, kinds[i].name) == 0)
			return (&kinds[i]);
	}
	return (NULL);
}

/* No members but the step and its option. */
static void
check_options(const struct kind * k, const struct json_node * object,
    struct faults * f)
{
	const struct json_node * e;
	const char * key;

	for (e = json_first(object); e != NULL; e = json_next(e)) {
		key = json_key(e, NULL);
		if (strcmp(key, k->name) != 0 &&
		    (k->option == NULL || strcmp(key, k->option) != 0))
			fault_key(f, e, "\"%s\" is no option of the step %s",
			    key, k->name);
	}
}

static void
no_step(const struct json_node * node, struct faults * f)
{
	const char * names[N(kinds)];
	size_t i;

	for (i = 0; i < N(kinds); i++)
		names[i] = kinds[i].name;
	if (json_kind(node) == JSON_OBJECT && json_count(node) > 0)
		fault_unknown(f, json_first(node), "step of x-apply", names,
		    N(kinds));
	else if (json_kind(node) == JSON_STRING)
		fault(f, node, "\"%s\" is no step of x-apply",
		    json_text(node, NULL));
	else
		fault(f, node, "a step is a name, or an object with one");
}

static void
parse_step(const struct json_node * node, struct step * st,
    struct columns * cols, struct faults * f)
{
	const struct kind * k = find_kind(json_text(node, NULL));
	struct source src = { NULL, node, cols, f };
	const struct json_node * e;

	if (json_kind(node) == JSON_OBJECT) {
		for (e = json_first(node); k == NULL && e != NULL;
		    e = json_next(e)) {
			/* "default" may be the option of another step. */
			if ((k = find_kind(json_key(e, NULL))) != NULL)
				src.arg = e;
			if (k != NULL && k->run == convert_default &&
			    json_get(node, "map") != NULL)
				k = NULL;
		}
	}
	if (k == NULL) {
		no_step(node, f);
		return;
	}
	*st = (struct step) { .name = k->name, .run = k->run, .in = k->in,
	    .out = k->out };
	if (src.arg != NULL)
		check_options(k, node, f);
	if (src.arg == NULL && k->form == WITH)
		fault(f, node, "the step %s needs an argument", k->name);
	else if (src.arg != NULL && k->form == BARE)
		fault(f, node, "the step %s has no argument: write \"%s\"",
		    k->name, k->name);
	else if (k->args != NULL)
		k->args(st, &src);
}

/* What the step makes of the kinds ${in}. */
static unsigned
step_kinds(const struct step * st, unsigned in)
{
	const unsigned null = KIND(SCAN_NULL);

	if (st->run == convert_default)
		return ((in & ~null) | (in & null ? st->out : 0));
	if (st->run == convert_null_if)
		return (in | null);
	if (st->run == convert_concat || st->run == convert_concat_list)
		return (st->out);
	return ((in & null) | (in & st->in & ~null ?
	    (st->out != 0 ? st->out : in & st->in & ~null) : 0));
}

unsigned
steps_kinds(const struct steps * st, unsigned in)
{
	size_t i;

	for (i = 0; i < st->n; i++)
		in = step_kinds(&st->step[i], in);
	return (in);
}

/* A step that can never get what it takes is a mistake in the file. */
static void
check_flow(const struct steps * st, const struct json_node * list,
    struct faults * f)
{
	const struct json_node * e = json_first(list);
	unsigned kind = KINDS_ALL;
	struct buf got = { 0 }, want = { 0 };
	size_t i;

	for (i = 0; i < st->n && e != NULL; i++, e = json_next(e)) {
		if ((st->step[i].in & kind) == 0 && st->step[i].run != NULL) {
			kinds_put(&got, kind);
			kinds_put(&want, st->step[i].in);
			fault(f, e, "the step %s takes %s, but gets %s",
			    st->step[i].name, buf_text(&want),
			    buf_text(&got));
			break;
		}
		kind = step_kinds(&st->step[i], kind);
	}
	buf_free(&got);
	buf_free(&want);
}

struct steps *
steps_parse(const struct json_node * list, struct columns * cols,
    struct faults * f)
{
	const struct json_node * e;
	struct steps * st;
	unsigned before = f->n;
	size_t i = 0;

	if (json_kind(list) != JSON_ARRAY) {
		fault(f, list, "a list of steps is expected");
		return (NULL);
	}
	st = mem_new(1, sizeof *st);
	st->n = json_count(list);
	st->step = mem_new(st->n, sizeof *st->step);
	for (e = json_first(list); e != NULL; e = json_next(e))
		parse_step(e, &st->step[i++], cols, f);
	if (f->n == before)
		check_flow(st, list, f);
	if (f->n == before)
		return (st);
	steps_free(st);
	return (NULL);
}

static void
step_free(struct step * st)
{
	size_t i;

	free(st->text);
	free(st->value);
	for (i = 0; i < st->nlist; i++)
		free(st->list[i]);
	free(st->list);
	for (i = 0; i < st->nentry; i++) {
		free(st->entry[i].key);
		free(st->entry[i].to);
	}
	free(st->entry);
	for (i = 0; i < st->npiece; i++)
		free(st->piece[i].text);
	free(st->piece);
	regex_free(st->regex);
	steps_free(st->inner);
}

void
steps_free(struct steps * st)
{
	size_t i;

	if (st == NULL)
		return;
	for (i = 0; i < st->n; i++)
		step_free(&st->step[i]);
	free(st->step);
	free(st);
}

int
steps_run(const struct steps * st, struct value * v, struct convert * c)
{
	const struct step * s;
	const struct step * end = st->step + st->n;
	char why[sizeof c->why];

	for (s = st->step; s < end; s++) {
		if ((s->in & KIND(v->v.kind)) == 0) {
			if (v->v.kind == SCAN_NULL)
				continue;
			return (convert_fail(c, "%s doesn't take %s", s->name,
			    kind_name(v->v.kind)));
		}
		if (s->run(s, v, c) == -1) {
			memcpy(why, c->why, sizeof why);
			return (convert_fail(c, "%s: %s", s->name, why));
		}
	}
	return (0);
}

int
steps_from_columns(const struct steps * st)
{
	size_t i;

	if (st->n == 0 || (st->step[0].run != convert_concat &&
	    st->step[0].run != convert_concat_list))
		return (0);
	for (i = 0; i < st->step[0].npiece; i++) {
		if (st->step[0].piece[i].what == PIECE_VALUE)
			return (0);
	}
	return (1);
}

int
steps_keep(const struct steps * st)
{
	size_t i;

	for (i = 0; i < st->n; i++) {
		if (st->step[i].run != convert_default &&
		    st->step[i].run != convert_null_if)
			return (0);
	}
	return (1);
}

int
steps_fill(const struct steps * st)
{
	size_t i;

	for (i = 0; i < st->n; i++) {
		if (st->step[i].run == convert_default)
			return (1);
	}
	return (0);
}

void
steps_columns(const struct steps * st, void (* slot)(int, void *), void * arg)
{
	size_t i, j;

	for (i = 0; i < st->n; i++) {
		for (j = 0; j < st->step[i].npiece; j++) {
			if (st->step[i].piece[j].what == PIECE_COLUMN)
				slot(st->step[i].piece[j].slot, arg);
		}
		if (st->step[i].inner != NULL)
			steps_columns(st->step[i].inner, slot, arg);
	}
}
