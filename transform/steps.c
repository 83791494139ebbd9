#include <stdlib.h>
#include <string.h>

#include "../common/linein.h"
#include "../common/mem.h"

#include "steps.h"

#define N(a)	(sizeof (a) / sizeof (a)[0])
#define STRING	KIND(SCAN_STRING)
#define INT	KIND(SCAN_INT)
#define ARRAY	KIND(SCAN_ARRAY)

struct steps {
	struct step * step;
	size_t n;
};

/* What a step's arguments are read with. */
struct source {
	const struct json_node * arg;	/* NULL: the step is a bare name */
	const struct json_node * object;	/* the step with its options */
	struct columns * cols;
	struct faults * f;
};
typedef void args_fn(struct step * st, const struct source * src);

static char *
padded(const char * p, size_t n)
{
	char * text = mem_new(n + LINEIN_SLACK, 1);

	memcpy(text, p, n);
	return (text);
}

static struct value *
copy(const struct json_node * node)
{
	size_t n;
	const char * p = json_raw(node, &n);

	return (value_copy(p, n));
}

/* Text as the argument; with ${least} bytes. */
static void
text_arg(struct step * st, const struct source * src,
    const struct json_node * node, size_t least)
{
	size_t n;
	const char * p = json_text(node, &n);

	if (p == NULL || n < least) {
		fault(src->f, node != NULL ? node : src->object,
		    "%s: a text%s is expected", st->name,
		    least > 0 ? " that isn't empty" : "");
		return;
	}
	st->text = padded(p, n);
	st->ntext = n;
}

static void
args_split(struct step * st, const struct source * src)
{

	text_arg(st, src, src->arg, 1);
}

static void
args_join(struct step * st, const struct source * src)
{

	text_arg(st, src, src->arg, 0);
}

static void
args_each(struct step * st, const struct source * src)
{

	st->inner = steps_parse(src->arg, src->cols, src->f);
}

static void
args_default(struct step * st, const struct source * src)
{

	st->value = copy(src->arg);
	st->out = KIND(st->value->v.kind);
}

static void
args_null_if(struct step * st, const struct source * src)
{
	const struct json_node * e = src->arg;

	if (json_kind(e) == JSON_ARRAY) {
		if ((e = json_first(e)) == NULL)
			fault(src->f, src->arg, "null-if: the list is empty");
	}
	for (; e != NULL; e = (e == src->arg) ? NULL : json_next(e)) {
		st->list = mem_grow(st->list, st->nlist + 1,
		    sizeof *st->list);
		st->list[st->nlist++] = copy(e);
	}
}

static void
add_entry(struct step * st, const char * key, size_t n, struct value * to)
{

	st->entry = mem_grow(st->entry, st->nentry + 1, sizeof *st->entry);
	st->entry[st->nentry++] = (struct entry) { mem_text(key, n), n, to };
}

static void
args_map(struct step * st, const struct source * src)
{
	const struct json_node * e;
	const struct json_node * dflt = json_get(src->object, "default");
	const char * key;
	size_t n;

	if (json_kind(src->arg) != JSON_OBJECT || json_count(src->arg) == 0) {
		fault(src->f, src->arg,
		    "map: an object from old to new values is expected");
		return;
	}
	st->out = 0;
	for (e = json_first(src->arg); e != NULL; e = json_next(e)) {
		key = json_key(e, &n);
		add_entry(st, key, n, copy(e));
		st->out |= KIND(st->entry[st->nentry - 1].to->v.kind);
	}
	qsort(st->entry, st->nentry, sizeof *st->entry,
	    convert_entry_compare);
	if (dflt != NULL) {
		st->value = copy(dflt);
		st->out |= KIND(st->value->v.kind);
	}
}

/* The words for ${truth}: a list of strings and integers. */
static void
boolean_words(struct step * st, const struct source * src, const char * truth)
{
	const struct json_node * list = json_get(src->arg, truth);
	const struct json_node * e;
	const char * p;
	size_t n;

	if (json_kind(list) != JSON_ARRAY) {
		fault(src->f, list, "boolean: a list of words is expected");
		return;
	}
	for (e = json_first(list); e != NULL; e = json_next(e)) {
		if ((p = json_text(e, &n)) == NULL)
			p = json_raw(e, &n);
		if (json_kind(e) != JSON_STRING &&
		    json_kind(e) != JSON_NUMBER)
			fault(src->f, e,
			    "boolean: a word is a string or a number");
		add_entry(st, p, n, value_copy(truth, strlen(truth)));
	}
}

static void
args_boolean(struct step * st, const struct source * src)
{
	size_t i;

	if (src->arg == NULL)
		return;
	if (json_text(src->arg, NULL) != NULL &&
	    strcmp(json_text(src->arg, NULL), "nonzero") == 0) {
		st->run = convert_nonzero;
		st->in = KINDS_NUM | KINDS_BOOL;
		return;
	}
	if (json_count(src->arg) != 2 || json_get(src->arg, "true") == NULL ||
	    json_get(src->arg, "false") == NULL) {
		fault(src->f, src->arg, "boolean: \"nonzero\", or {\"true\": "
		    "[...], \"false\": [...]} is expected");
		return;
	}
	boolean_words(st, src, "true");
	boolean_words(st, src, "false");
	if (st->nentry == 0)
		return;
	qsort(st->entry, st->nentry, sizeof *st->entry,
	    convert_entry_compare);
	for (i = 1; i < st->nentry; i++) {
		if (convert_entry_compare(&st->entry[i - 1],
		    &st->entry[i]) == 0)
			fault(src->f, src->arg,
			    "boolean: \"%s\" is there twice",
			    st->entry[i].key);
	}
}

/* A whole number between ${min} and ${max}. */
static int64_t
int_arg(const struct step * st, const struct source * src,
    const struct json_node * node, int64_t min, int64_t max)
{
	int64_t i;

	if (json_int64(node, &i) == 0 && i >= min && i <= max)
		return (i);
	fault(src->f, node != NULL ? node : src->object,
	    "%s: a whole number from %jd to %jd is expected", st->name,
	    (intmax_t)min, (intmax_t)max);
	return (0);
}

static void
args_round(struct step * st, const struct source * src)
{
	const struct json_node * mode = json_get(src->object, "mode");
	const char * name = json_text(mode, NULL);

	st->a = int_arg(st, src, src->arg, -100, 100);
	if (mode == NULL)
		return;
	if (name != NULL && strcmp(name, "half-even") == 0)
		st->b = DECIMAL_HALF_EVEN;
	else if (name == NULL || strcmp(name, "half-up") != 0)
		fault(src->f, mode, "round: mode is half-up or half-even");
}

static void
args_shift(struct step * st, const struct source * src)
{

	st->a = int_arg(st, src, src->arg, -100, 100);
}

static void
args_substring(struct step * st, const struct source * src)
{
	const struct json_node * from = json_first(src->arg);
	const struct json_node * len;

	if (json_kind(src->arg) != JSON_ARRAY || from == NULL ||
	    json_count(src->arg) > 2) {
		fault(src->f, src->arg,
		    "substring: [from] or [from, length] is expected");
		return;
	}
	st->a = int_arg(st, src, from, -INT32_MAX, INT32_MAX);
	st->b = INT64_MAX;
	if ((len = json_next(from)) != NULL)
		st->b = int_arg(st, src, len, 0, INT32_MAX);
}

/* Does the replacement name groups that the pattern has? */
static int
good_replacement(const struct step * st)
{
	const char * p = st->text;
	const char * end = p + st->ntext;

	for (; p < end; p++) {
		if (*p != '$')
			continue;
		if (++p == end)
			return (0);
		if (*p != '$' && (*p < '0' || *p > '9' ||
		    (p + 1 < end && p[1] >= '0' && p[1] <= '9') ||
		    (unsigned)(*p - '0') > regex_groups(st->regex)))
			return (0);
	}
	return (1);
}

static void
args_replace(struct step * st, const struct source * src)
{
	const struct json_node * pattern = json_get(src->arg, "pattern");
	const struct json_node * with = json_get(src->arg, "with");
	char err[256];
	const char * p;
	size_t n;

	if (json_count(src->arg) != 2 || pattern == NULL || with == NULL ||
	    (p = json_text(pattern, &n)) == NULL ||
	    json_text(with, NULL) == NULL) {
		fault(src->f, src->arg, "replace: {\"pattern\": \"...\", "
		    "\"with\": \"...\"} is expected");
		return;
	}
	if ((st->regex = regex_new(p, n, err, sizeof err)) == NULL) {
		fault(src->f, pattern, "replace: not a pattern: %s", err);
		return;
	}
	text_arg(st, src, with, 0);
	if (!good_replacement(st))
		fault(src->f, with, "replace: $0 to $9 stand for groups of "
		    "the pattern, $$ for a dollar sign");
}

/* "$column", "$" for the value, "$$..." for text with one $. */
static void
add_piece(struct step * st, const struct source * src,
    const struct json_node * node, int column)
{
	struct piece * piece;
	const char * p;
	size_t n;

	if ((p = json_text(node, &n)) == NULL) {
		fault(src->f, node, "concat: a text is expected");
		return;
	}
	st->piece = mem_grow(st->piece, st->npiece + 1, sizeof *st->piece);
	piece = &st->piece[st->npiece++];
	*piece = (struct piece) { PIECE_TEXT, NULL, 0, -1 };
	if (!column && *p == '$' && p[1] != '$') {
		column = 1;
		p++;
	} else if (!column && *p == '$') {
		p++;
		n--;
	}
	if (!column) {
		piece->text = padded(p, n);
		piece->n = n;
	} else if (*p == '\0')
		piece->what = PIECE_VALUE;
	else {
		piece->what = PIECE_COLUMN;
		piece->slot = columns_add(src->cols, p);
	}
}

static void
args_concat(struct step * st, const struct source * src)
{
	const struct json_node * list = src->arg;
	const struct json_node * e;
	int columns = 0;

	if (json_kind(list) == JSON_OBJECT) {
		columns = 1;
		st->run = convert_concat_list;
		if (json_count(list) != 2 ||
		    json_get(list, "separator") == NULL)
			list = NULL;
		else {
			text_arg(st, src, json_get(list, "separator"), 0);
			list = json_get(list, "columns");
		}
	}
	if (list == NULL || json_kind(list) != JSON_ARRAY ||
	    json_count(list) == 0) {
		fault(src->f, src->arg, "concat: a list, or {\"columns\": "
		    "[...], \"separator\": \"...\"} is expected");
		return;
	}
	for (e = json_first(list); e != NULL; e = json_next(e))
		add_piece(st, src, e, columns);
}

static void
args_date(struct step * st, const struct source * src)
{
	const char * name = json_text(src->arg, NULL);

	if (name == NULL || (st->a = convert_date_part(name)) == -1)
		fault(src->f, src->arg, "date: the part is one of %s",
		    convert_date_parts());
	else
		st->out = convert_date_is_text((int)st->a) ? STRING : INT;
}

static void
args_from_epoch(struct step * st, const struct source * src)
{
	const char * name = json_text(src->arg, NULL);

	if (name != NULL && strcmp(name, "s") == 0)
		st->a = 1000000;
	else if (name != NULL && strcmp(name, "ms") == 0)
		st->a = 1000;
	else if (name != NULL && strcmp(name, "us") == 0)
		st->a = 1;
	else
		fault(src->f, src->arg, "from-epoch: the unit is s, ms or us");
}

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
