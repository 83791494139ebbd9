#include <stdlib.h>
#include <string.h>

#include "../common/linein.h"
#include "../common/mem.h"

#include "steps.h"

#include "steps_args.h"

#define STRING	KIND(SCAN_STRING)
#define INT	KIND(SCAN_INT)

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

void
args_split(struct step * st, const struct source * src)
{

	text_arg(st, src, src->arg, 1);
}

void
args_join(struct step * st, const struct source * src)
{

	text_arg(st, src, src->arg, 0);
}

void
args_each(struct step * st, const struct source * src)
{

	st->inner = steps_parse(src->arg, src->cols, src->f);
}

void
args_default(struct step * st, const struct source * src)
{

	st->value = copy(src->arg);
	st->out = KIND(st->value->v.kind);
}

void
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

void
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

void
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

void
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

void
args_shift(struct step * st, const struct source * src)
{

	st->a = int_arg(st, src, src->arg, -100, 100);
}

void
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

void
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

void
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

void
args_date(struct step * st, const struct source * src)
{
	const char * name = json_text(src->arg, NULL);

	if (name == NULL || (st->a = convert_date_part(name)) == -1)
		fault(src->f, src->arg, "date: the part is one of %s",
		    convert_date_parts());
	else
		st->out = convert_date_is_text((int)st->a) ? STRING : INT;
}

void
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
