#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../common/json.h"
#include "../common/scan.h"

#include "drift.h"

#define WORDS_MAX	12	/* changes that are named one by one */

static void
put_member(struct buf * b, const char * name, uint64_t v)
{

	if (v != 0)
		buf_printf(b, ",\"%s\":\"%016jx\"", name, (uintmax_t)v);
}

/* What of a column decides what is read of it, as a short text. */
static void
put_column(struct buf * b, const struct catalog_column * c)
{
	struct buf text = { NULL, 0, 0 };
	const char * p;
	uint32_t h = 0x811c9dc5;

	buf_printf(&text, "%s%s", c->column_type, c->nullable ? "" :
	    " not null");
	if (c->collation != NULL)
		buf_printf(&text, " %s", c->collation);
	if (c->on_update)
		buf_puts(&text, " on update");
	if (c->generated != NULL) {
		for (p = c->generated; *p != '\0'; p++)
			h = (h ^ (unsigned char)*p) * 0x01000193;
		buf_printf(&text, " generated %08x", h);
	}
	(void)scan_put_text(b, text.p, text.n);
	buf_free(&text);
}

void
drift_put(struct buf * b, const struct catalog_table * t)
{
	size_t i;

	buf_puts(b, "{\"columns\":{");
	for (i = 0; i < t->ncolumn; i++) {
		if (i != 0)
			buf_putc(b, ',');
		(void)scan_put_text(b, t->column[i].name,
		    strlen(t->column[i].name));
		buf_putc(b, ':');
		put_column(b, &t->column[i]);
	}
	buf_putc(b, '}');
	put_member(b, "digest", t->identity.digest);
	put_member(b, "partitions", t->identity.partitions);
	put_member(b, "ids", t->identity.ids);
	if (t->identity.made[0] != '\0')
		buf_printf(b, ",\"made\":\"%s\"", t->identity.made);
	buf_putc(b, '}');
}

/* What is handed down while two definitions are compared. */
struct compare {
	const struct json_node * was, * now;	/* columns */
	const struct catalog_table * table;
	struct drift * d;
	unsigned words;
};

static void __attribute__((format(printf, 2, 3)))
say(struct compare * cmp, const char * fmt, ...)
{
	char text[400];
	va_list ap;

	cmp->words++;
	if (cmp->words > WORDS_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	buf_printf(&cmp->d->what, "%s%s", cmp->words > 1 ? "; " : "", text);
}

static const char *
text_of(const struct json_node * node)
{
	const char * p = json_text(node, NULL);

	return (p != NULL ? p : "?");
}

static int
same_text(const struct json_node * a, const struct json_node * b)
{

	return (strcmp(text_of(a), text_of(b)) == 0);
}

/* The only one of ${in} that ${from} hasn't got, of the type of ${like}. */
static const struct json_node *
only_other(const struct json_node * in, const struct json_node * from,
    const struct json_node * like)
{
	const struct json_node * e, * found = NULL;

	for (e = json_first(in); e != NULL; e = json_next(e)) {
		if (json_get(from, json_key(e, NULL)) != NULL ||
		    !same_text(e, like))
			continue;
		if (found != NULL)
			return (NULL);
		found = e;
	}
	return (found);
}

/* The kinds of values that are one in MongoDB if they are equal here. */
enum family { NUMBERS, TIMES, DATES, BYTES, TEXTS };

static enum family
family_of(const char * type)
{
	static const struct {
		const char * start;
		enum family family;
	} starts[] = {
		{ "tinyint", NUMBERS }, { "smallint", NUMBERS },
		{ "mediumint", NUMBERS }, { "int", NUMBERS },
		{ "bigint", NUMBERS },
		{ "decimal", NUMBERS }, { "float", NUMBERS },
		{ "double", NUMBERS }, { "bit", NUMBERS },
		{ "year", NUMBERS }, { "datetime", TIMES },
		{ "timestamp", TIMES }, { "date", DATES },
		{ "binary", BYTES }, { "varbinary", BYTES },
		{ "tinyblob", BYTES }, { "blob", BYTES },
		{ "mediumblob", BYTES }, { "longblob", BYTES }
	};
	size_t i;

	for (i = 0; i < sizeof starts / sizeof starts[0]; i++) {
		if (strncmp(type, starts[i].start,
		    strlen(starts[i].start)) == 0)
			return (starts[i].family);
	}
	return (TEXTS);
}

static int
is_key(const struct catalog_table * t, const char * name)
{
	size_t i;

	for (i = 0; i < t->nkey; i++) {
		if (strcmp(t->column[t->key[i]].name, name) == 0)
			return (1);
	}
	return (0);
}

/* The same names, but not one behind the other as they were. */
static int
is_moved(const struct json_node * was, const struct json_node * now)
{
	const struct json_node * a = json_first(was), * b = json_first(now);

	while (a != NULL && b != NULL &&
	    strcmp(json_key(a, NULL), json_key(b, NULL)) == 0) {
		a = json_next(a);
		b = json_next(b);
	}
	return (a != NULL || b != NULL);
}

static void
compare_columns(struct compare * cmp)
{
	const struct json_node * e, * other;
	const char * name;

	for (e = json_first(cmp->was); e != NULL; e = json_next(e)) {
		name = json_key(e, NULL);
		if ((other = json_get(cmp->now, name)) != NULL) {
			if (same_text(e, other))
				continue;
			say(cmp, "column %s was %s and is %s", name,
			    text_of(e), text_of(other));
			if (is_key(cmp->table, name) && family_of(text_of(e))
			    != family_of(text_of(other)))
				cmp->d->key = 1;
			continue;
		}
		other = only_other(cmp->now, cmp->was, e);
		if (other != NULL && only_other(cmp->was, cmp->now, e) == e)
			say(cmp, "column %s (%s) is gone, and %s is new and "
			    "of its type: renamed, or another one", name,
			    text_of(e), json_key(other, NULL));
		else
			say(cmp, "column %s (%s) is gone", name, text_of(e));
	}
	for (e = json_first(cmp->now); e != NULL; e = json_next(e)) {
		name = json_key(e, NULL);
		if (json_get(cmp->was, name) != NULL)
			continue;
		other = only_other(cmp->was, cmp->now, e);
		if (other == NULL || only_other(cmp->now, cmp->was, e) != e)
			say(cmp, "column %s (%s) is new", name, text_of(e));
	}
	if (cmp->words == 0 && is_moved(cmp->was, cmp->now))
		say(cmp, "its columns are in another order: moved, or dropped "
		    "and added again");
	cmp->d->reread = cmp->words > 0;
}

/* Both have the member, and not the same. */
static int
differ(const struct json_node * was, const struct json_node * now,
    const char * name)
{
	const struct json_node * a = json_get(was, name);
	const struct json_node * b = json_get(now, name);

	return (a != NULL && b != NULL && !same_text(a, b));
}

/*
 * A table of the same columns: is it the same one?  New partitions come with
 * new numbers, other indexes with another digest.
 */
static void
compare_identity(struct compare * cmp, const struct json_node * was,
    const struct json_node * now)
{
	const struct json_node * p = json_get(was, "partitions");
	const struct json_node * q = json_get(now, "partitions");

	if ((p == NULL) != (q == NULL) || differ(was, now, "partitions"))
		say(cmp, "its partitions have changed: the documents of rows "
		    "that went with one stay, until verify --repair removes "
		    "them");
	else if (differ(was, now, "ids")) {
		say(cmp, cmp->words > 0 ? "it was rebuilt, emptied or made "
		    "anew" : "it was rebuilt, emptied or made anew: the "
		    "documents of rows that are gone stay, until verify "
		    "--repair removes them");
		cmp->d->reread = 1;
	} else if (differ(was, now, "made") && !differ(was, now, "digest")) {
		say(cmp, "it was altered, or made anew, and has the columns "
		    "that it had");
		cmp->d->reread = 1;
	}
}

void
drift_compare(const char * was, size_t nwas, const char * now, size_t nnow,
    const struct catalog_table * t, struct drift * d)
{
	struct json * a = nwas > 0 ? json_parse(was, nwas, NULL) : NULL;
	struct json * b = json_parse(now, nnow, NULL);
	struct compare cmp = { .table = t, .d = d };

	if (a != NULL && b != NULL) {
		cmp.was = json_get(json_root(a), "columns");
		cmp.now = json_get(json_root(b), "columns");
		if (cmp.was != NULL && cmp.now != NULL)
			compare_columns(&cmp);
		compare_identity(&cmp, json_root(a), json_root(b));
		if (cmp.words > WORDS_MAX)
			buf_printf(&d->what, "; and %u more",
			    cmp.words - WORDS_MAX);
	}
	json_free(a);
	json_free(b);
}

void
drift_free(struct drift * d)
{

	buf_free(&d->what);
}
