#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../common/mem.h"
#include "query.h"

#include "catalog.h"

static void
free_column(struct catalog_column * c)
{
	size_t i;

	for (i = 0; i < c->nmember; i++)
		free(c->member[i]);
	free(c->member);
	free(c->name);
	free(c->data_type);
	free(c->column_type);
	free(c->charset);
	free(c->collation);
	free(c->generated);
}

static void
free_table(struct catalog_table * t)
{
	size_t i;

	for (i = 0; i < t->ncolumn; i++)
		free_column(&t->column[i]);
	for (i = 0; i < t->nindex; i++)
		free(t->index[i].name);
	free(t->column);
	free(t->index);
	free(t->name);
}

void
catalog_free(struct catalog * cat)
{
	size_t i;

	if (cat == NULL)
		return;
	for (i = 0; i < cat->ntable; i++)
		free_table(&cat->table[i]);
	free(cat->table);
	free(cat);
}

/* The table of that name, or NULL.  Mostly it is the last one found. */
static struct catalog_table *
find_table(struct catalog * cat, const char * name)
{
	size_t i, k;

	for (i = 0; i < cat->ntable; i++) {
		k = (cat->last + i) % cat->ntable;
		if (strcmp(cat->table[k].name, name) == 0) {
			cat->last = k;
			return (&cat->table[k]);
		}
	}
	return (NULL);
}

static unsigned
get_unsigned(const struct answer * a, size_t row, size_t col)
{

	return ((unsigned)answer_u64(a, row, col));
}

/* The columns as they come from the queries below. */
enum { T_NAME, T_TYPE, T_ENGINE, T_ROWS };
#define TABLES_SQL	"SELECT TABLE_NAME, TABLE_TYPE, ENGINE, TABLE_ROWS " \
    "FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND " \
    "TABLE_TYPE IN ('BASE TABLE', 'VIEW', 'SYSTEM VERSIONED')"
#define TABLES_ORDER	" ORDER BY TABLE_NAME"

enum { C_TABLE, C_NAME, C_DATA_TYPE, C_COLUMN_TYPE, C_NULLABLE, C_LENGTH,
	C_PRECISION, C_SCALE, C_FRACTION, C_CHARSET, C_COLLATION, C_EXTRA,
	C_PRIVILEGES, C_GENERATED, C_DEFAULT };
#define COLUMNS_SQL	"SELECT TABLE_NAME, COLUMN_NAME, LOWER(DATA_TYPE), " \
    "COLUMN_TYPE, IS_NULLABLE, CHARACTER_MAXIMUM_LENGTH, " \
    "NUMERIC_PRECISION, NUMERIC_SCALE, DATETIME_PRECISION, " \
    "CHARACTER_SET_NAME, COLLATION_NAME, EXTRA, PRIVILEGES, " \
    "GENERATION_EXPRESSION, COLUMN_DEFAULT " \
    "FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE()"
#define COLUMNS_ORDER	" ORDER BY TABLE_NAME, ORDINAL_POSITION"

enum { I_TABLE, I_NAME, I_NON_UNIQUE, I_COLUMN, I_SUB_PART, I_NULLABLE,
	I_COLLATION, I_USABLE };
#define INDEXES_SQL	"SELECT TABLE_NAME, INDEX_NAME, NON_UNIQUE, " \
    "COLUMN_NAME, SUB_PART, NULLABLE, COLLATION, %s " \
    "FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() " \
    "AND INDEX_TYPE IN ('BTREE', 'HASH', 'LSMTREE')"
#define INDEXES_ORDER	" ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX"

enum { K_TABLE, K_CLAUSE };
#define CHECKS_SQL	"SELECT TABLE_NAME, CHECK_CLAUSE " \
    "FROM information_schema.CHECK_CONSTRAINTS WHERE " \
    "CONSTRAINT_SCHEMA = DATABASE() AND CHECK_CLAUSE LIKE 'json\\_valid(%'"

static void
add_tables(struct catalog * cat, const struct answer * a)
{
	struct catalog_table * t;
	const char * engine;
	size_t i;

	cat->table = mem_new(answer_rows(a) + 1, sizeof *cat->table);
	for (i = 0; i < answer_rows(a); i++) {
		t = &cat->table[cat->ntable++];
		t->name = mem_dup(answer_get(a, i, T_NAME, NULL));
		t->is_view = strcmp(answer_get(a, i, T_TYPE, NULL),
		    "VIEW") == 0;
		engine = answer_get(a, i, T_ENGINE, NULL);
		t->innodb = engine != NULL && strcasecmp(engine,
		    "InnoDB") == 0;
		t->rows = answer_u64(a, i, T_ROWS);
		t->key_index = t->change = t->change_index = CATALOG_NONE;
	}
}

static void
add_columns(struct catalog * cat, const struct answer * a)
{
	struct catalog_table * t;
	struct catalog_column * c;
	const char * extra, * privileges, * value;
	size_t i, n;

	for (i = 0; i < answer_rows(a); i++) {
		t = find_table(cat, answer_get(a, i, C_TABLE, NULL));
		if (t == NULL)
			continue;
		privileges = answer_get(a, i, C_PRIVILEGES, NULL);
		if (privileges != NULL && strstr(privileges, "select") ==
		    NULL) {
			t->hidden++;
			continue;
		}
		t->column = mem_grow(t->column, t->ncolumn + 1,
		    sizeof *t->column);
		c = &t->column[t->ncolumn++];
		memset(c, 0, sizeof *c);
		c->name = mem_dup(answer_get(a, i, C_NAME, NULL));
		c->data_type = mem_dup(answer_get(a, i, C_DATA_TYPE, NULL));
		c->column_type = mem_dup(answer_get(a, i, C_COLUMN_TYPE,
		    NULL));
		c->nullable = answer_get(a, i, C_NULLABLE, NULL)[0] == 'Y';
		c->max_length = answer_u64(a, i, C_LENGTH);
		c->precision = get_unsigned(a, i, C_PRECISION);
		c->scale = get_unsigned(a, i, C_SCALE);
		c->fraction = get_unsigned(a, i, C_FRACTION);
		c->charset = mem_dup(answer_get(a, i, C_CHARSET, NULL));
		c->collation = mem_dup(answer_get(a, i, C_COLLATION, NULL));
		extra = answer_get(a, i, C_EXTRA, NULL);
		c->on_update = extra != NULL && strcasestr(extra,
		    "on update current_timestamp") != NULL;
		value = answer_get(a, i, C_DEFAULT, NULL);
		c->on_insert = value != NULL &&
		    (strncasecmp(value, "current_timestamp", 17) == 0 ||
		    strncasecmp(value, "now(", 4) == 0);
		if (answer_get(a, i, C_GENERATED, &n) != NULL && n > 0)
			c->generated = mem_dup(answer_get(a, i, C_GENERATED,
			    NULL));
		catalog_type(c);
	}
}

/* The index ${name} of ${t}, the last one; made if there is none. */
static struct catalog_index *
last_index(struct catalog_table * t, const char * name)
{
	struct catalog_index * x;

	if (t->nindex > 0 && strcmp(t->index[t->nindex - 1].name, name) == 0)
		return (&t->index[t->nindex - 1]);
	t->index = mem_grow(t->index, t->nindex + 1, sizeof *t->index);
	x = &t->index[t->nindex++];
	memset(x, 0, sizeof *x);
	x->name = mem_dup(name);
	x->plain = 1;
	return (x);
}

static void
add_indexes(struct catalog * cat, const struct answer * a)
{
	struct catalog_table * t;
	struct catalog_index * x;
	const char * column, * collation, * usable;
	size_t i, col;

	for (i = 0; i < answer_rows(a); i++) {
		t = find_table(cat, answer_get(a, i, I_TABLE, NULL));
		if (t == NULL)
			continue;
		x = last_index(t, answer_get(a, i, I_NAME, NULL));
		x->unique = answer_u64(a, i, I_NON_UNIQUE) == 0;
		column = answer_get(a, i, I_COLUMN, NULL);
		collation = answer_get(a, i, I_COLLATION, NULL);
		usable = answer_get(a, i, I_USABLE, NULL);
		col = column == NULL ? CATALOG_NONE :
		    catalog_column(t, column);
		if (answer_get(a, i, I_SUB_PART, NULL) != NULL ||
		    collation == NULL || collation[0] != 'A' ||
		    strcmp(usable, "YES") != 0)
			x->plain = 0;

		/* An expression, or a column that isn't ours to see. */
		if (col == CATALOG_NONE || x->ncolumn == CATALOG_KEY_MAX) {
			x->plain = x->unique = 0;
			continue;
		}
		if (t->column[col].nullable)
			x->nullable = 1;
		x->column[x->ncolumn++] = col;
	}
}

/* MariaDB's JSON is LONGTEXT with a check: json_valid(`column`). */
static void
add_checks(struct catalog * cat, const struct answer * a)
{
	struct catalog_table * t;
	struct catalog_column * c;
	struct buf b = { NULL, 0, 0 };
	size_t i, k;

	for (i = 0; i < answer_rows(a); i++) {
		t = find_table(cat, answer_get(a, i, K_TABLE, NULL));
		for (k = 0; t != NULL && k < t->ncolumn; k++) {
			c = &t->column[k];
			if (strcmp(c->data_type, "longtext") != 0)
				continue;
			buf_clear(&b);
			buf_puts(&b, "json_valid(");
			query_name(&b, c->name);
			buf_putc(&b, ')');
			if (strcmp(buf_text(&b), answer_get(a, i, K_CLAUSE,
			    NULL)) != 0)
				continue;
			free(c->data_type);
			free(c->column_type);
			c->data_type = mem_dup("json");
			c->column_type = mem_dup("json");
			catalog_type(c);
		}
	}
	buf_free(&b);
}

/* Ask with the table's name, if there is one, in the condition. */
static enum source_rc
ask_about(struct source * s, const char * sql, const char * name,
    const char * order, struct answer ** a)
{
	struct buf b = { NULL, 0, 0 };
	enum source_rc rc;

	buf_puts(&b, sql);
	if (name != NULL) {
		buf_puts(&b, " AND TABLE_NAME = ");
		query_text(&b, name, strlen(name));
	}
	buf_puts(&b, order);
	rc = source_ask(s, buf_text(&b), a);
	buf_free(&b);
	return (rc);
}

/* One of the questions of catalog_read(). */
static enum source_rc
add(struct source * s, const char * sql, const char * name,
    const char * order, struct catalog * cat,
    void (* take)(struct catalog *, const struct answer *))
{
	struct answer * a;
	enum source_rc rc;

	if ((rc = ask_about(s, sql, name, order, &a)) != SOURCE_OK)
		return (rc);
	take(cat, a);
	answer_free(a);
	return (SOURCE_OK);
}

/* How the server says that an index can be used. */
static const char *
usable_column(const struct source * s)
{

	int major = 0, minor = 0;

	(void)sscanf(source_version(s), "%d.%d", &major, &minor);
	if (!source_is_mariadb(s))
		return (major < 8 ? "'YES'" : "IS_VISIBLE");
	if (major < 10 || (major == 10 && minor < 6))
		return ("'YES'");
	return ("IF(IGNORED = 'YES', 'NO', 'YES')");
}

enum source_rc
catalog_read(struct source * s, const char * name, struct catalog ** cat)
{
	struct catalog * c = mem_new(1, sizeof *c);
	struct buf b = { NULL, 0, 0 };
	enum source_rc rc;

	*cat = NULL;
	rc = add(s, TABLES_SQL, name, TABLES_ORDER, c, add_tables);
	if (rc == SOURCE_OK)
		rc = add(s, COLUMNS_SQL, name, COLUMNS_ORDER, c, add_columns);
	if (rc == SOURCE_OK) {
		buf_printf(&b, INDEXES_SQL, usable_column(s));
		rc = add(s, buf_text(&b), name, INDEXES_ORDER, c,
		    add_indexes);
		buf_free(&b);
	}
	if (rc == SOURCE_OK && source_is_mariadb(s))
		rc = add(s, CHECKS_SQL, name, "", c, add_checks);
	if (rc != SOURCE_OK) {
		catalog_free(c);
		return (rc);
	}
	*cat = c;
	return (SOURCE_OK);
}
