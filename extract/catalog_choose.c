#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../common/mem.h"

#include "catalog.h"

size_t
catalog_column(const struct catalog_table * t, const char * name)
{
	size_t i;

	for (i = 0; i < t->ncolumn; i++) {
		if (strcasecmp(t->column[i].name, name) == 0)
			return (i);
	}
	return (CATALOG_NONE);
}

void
catalog_key_names(const struct catalog_table * t, struct buf * b)
{
	size_t i;

	for (i = 0; i < t->nkey; i++) {
		if (i != 0)
			buf_puts(b, ", ");
		buf_puts(b, t->column[t->key[i]].name);
	}
}

static void
take_key(struct catalog_table * t, size_t index)
{
	const struct catalog_index * x = &t->index[index];

	memcpy(t->key, x->column, sizeof t->key);
	t->nkey = x->ncolumn;
	t->key_index = x->plain ? index : CATALOG_NONE;
}

static int
is_key(const struct catalog_index * x)
{

	return (x->unique && !x->nullable && x->ncolumn > 0);
}

static int
is_primary(const struct catalog_index * x)
{

	return (strcmp(x->name, "PRIMARY") == 0);
}

/* The primary key, else the unique index with the fewest columns. */
static int
choose_key(struct catalog_table * t, struct buf * why)
{
	const struct catalog_index * x;
	size_t i, best = CATALOG_NONE;

	for (i = 0; i < t->nindex; i++) {
		x = &t->index[i];
		if (!is_key(x))
			continue;
		if (is_primary(x)) {
			best = i;
			break;
		}
		if (best == CATALOG_NONE ||
		    x->ncolumn < t->index[best].ncolumn)
			best = i;
	}
	if (best == CATALOG_NONE) {
		buf_printf(why, "%s has no primary key and no unique index "
		    "over columns that are NOT NULL; name the columns that "
		    "identify a row with --key", t->name);
		return (-1);
	}
	take_key(t, best);
	return (0);
}

/* Does the index begin with the columns of the key, in any order? */
static int
begins_with_key(const struct catalog_table * t,
    const struct catalog_index * x)
{
	size_t i, k;

	if (x->ncolumn < t->nkey)
		return (0);
	for (i = 0; i < t->nkey; i++) {
		for (k = 0; k < t->nkey && x->column[k] != t->key[i]; k++)
			continue;
		if (k == t->nkey)
			return (0);
	}
	return (1);
}

/* Add one name of --key, of ${n} bytes.  Return 0, or -1. */
static int
add_key_name(struct catalog_table * t, const char * p, size_t n,
    struct buf * why)
{
	char * name;
	size_t i, col;

	while (n > 0 && *p == ' ') {
		p++;
		n--;
	}
	while (n > 0 && p[n - 1] == ' ')
		n--;
	name = mem_text(p, n);
	col = catalog_column(t, name);
	if (col == CATALOG_NONE)
		buf_printf(why, "--key: %s has no column \"%s\"", t->name,
		    name);
	free(name);
	if (col == CATALOG_NONE)
		return (-1);
	for (i = 0; i < t->nkey && t->key[i] != col; i++)
		continue;
	if (i < t->nkey || t->nkey == CATALOG_KEY_MAX) {
		buf_printf(why, "--key: column %s is named twice",
		    t->column[col].name);
		return (-1);
	}
	if (t->column[col].nullable) {
		buf_printf(why, "--key: column %s of %s may be NULL, so it "
		    "can't identify a row", t->column[col].name, t->name);
		return (-1);
	}
	t->key[t->nkey++] = col;
	return (0);
}

/* The key that --key names. */
static int
named_key(struct catalog_table * t, const char * names, struct buf * why)
{
	const char * end;
	size_t i;

	for (;;) {
		end = strchrnul(names, ',');
		if (add_key_name(t, names, (size_t)(end - names), why) == -1)
			return (-1);
		if (*end == '\0')
			break;
		names = end + 1;
	}
	t->key_unproven = 1;

	/* An index over just these columns gives their order, too. */
	for (i = 0; i < t->nindex; i++) {
		if (is_key(&t->index[i]) && t->index[i].ncolumn == t->nkey &&
		    begins_with_key(t, &t->index[i])) {
			take_key(t, i);
			t->key_unproven = 0;
			return (0);
		}
	}
	for (i = 0; i < t->nindex; i++) {
		if (t->index[i].plain && begins_with_key(t, &t->index[i])) {
			memcpy(t->key, t->index[i].column,
			    t->nkey * sizeof t->key[0]);
			t->key_index = i;
			break;
		}
	}
	return (0);
}

static int
is_time(const struct catalog_column * c)
{

	return (c->kind == CELL_TIMESTAMP || c->kind == CELL_DATETIME);
}

/* A column of that name and of a type that changes can be followed by. */
static size_t
time_column(const struct catalog_table * t, const char * name)
{
	size_t col = catalog_column(t, name);

	if (col != CATALOG_NONE && !is_time(&t->column[col]))
		return (CATALOG_NONE);
	return (col);
}

static int
choose_change(struct catalog_table * t, const char * name, struct buf * why)
{

	if (name != NULL) {
		t->change = catalog_column(t, name);
		if (t->change == CATALOG_NONE) {
			buf_printf(why, "--change: %s has no column \"%s\"",
			    t->name, name);
			return (-1);
		}
		if (!is_time(&t->column[t->change])) {
			buf_printf(why, "--change: column %s of %s is %s; it "
			    "has to be TIMESTAMP or DATETIME",
			    t->column[t->change].name, t->name,
			    t->column[t->change].column_type);
			return (-1);
		}
		return (0);
	}
	if ((t->change = time_column(t, "updated_at")) == CATALOG_NONE) {
		t->change = time_column(t, "created_at");
		t->only_inserts = t->change != CATALOG_NONE;
	}
	return (0);
}

/*
 * Does InnoDB put the key behind the columns of each other index?  It does
 * with the primary key, or without one with a unique one.
 */
static int
key_is_clustered(const struct catalog_table * t)
{
	size_t i, keys = 0;

	if (!t->innodb || t->key_index == CATALOG_NONE || t->key_unproven)
		return (0);
	if (is_primary(&t->index[t->key_index]))
		return (1);
	for (i = 0; i < t->nindex; i++)
		keys += is_key(&t->index[i]);
	return (keys == 1);
}

/* An index over (change, key): its order is the order of reading. */
static size_t
find_change_index(const struct catalog_table * t)
{
	const struct catalog_index * x;
	size_t i, k;
	int clustered = key_is_clustered(t);

	for (i = 0; t->change != CATALOG_NONE && i < t->nindex; i++) {
		x = &t->index[i];
		if (!x->plain || x->column[0] != t->change)
			continue;
		for (k = 0; k < t->nkey && k + 1 < x->ncolumn; k++) {
			if (x->column[k + 1] != t->key[k])
				break;
		}
		if (k == t->nkey || (k + 1 == x->ncolumn && clustered))
			return (i);
	}
	return (CATALOG_NONE);
}

int
catalog_choose(struct catalog_table * t, const char * key,
    const char * change, struct buf * why)
{
	const struct catalog_column * c;
	size_t i;

	t->nkey = 0;
	t->key_unproven = t->only_inserts = 0;
	t->key_index = t->change = t->change_index = CATALOG_NONE;
	if ((key != NULL ? named_key(t, key, why) : choose_key(t, why)) == -1)
		return (-1);
	if (choose_change(t, change, why) == -1)
		return (-1);
	for (i = 0; i < t->nkey; i++) {
		c = &t->column[t->key[i]];
		if (c->nmember > 0 && c->members_unsure) {
			buf_printf(why, "%s: column %s of the key is %s whose "
			    "members have letters that the server's dictionary "
			    "can't hold", t->name, c->name, c->data_type);
			return (-1);
		}
	}
	t->change_index = find_change_index(t);
	return (0);
}

int
catalog_same(const struct catalog_table * a, const struct catalog_table * b)
{
	size_t i;

	if (a->nkey != b->nkey || (a->change == CATALOG_NONE) !=
	    (b->change == CATALOG_NONE))
		return (0);
	for (i = 0; i < a->nkey; i++) {
		if (strcmp(a->column[a->key[i]].name,
		    b->column[b->key[i]].name) != 0)
			return (0);
	}
	return (a->change == CATALOG_NONE || strcmp(
	    a->column[a->change].name, b->column[b->change].name) == 0);
}
