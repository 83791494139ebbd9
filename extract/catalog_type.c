#include <string.h>

#include "../common/mem.h"

#include "catalog.h"

/*
 * Cut the members out of "enum('a','it''s')".  In it, as in the text of a
 * table's definition, quotes are doubled and control bytes escaped.
 */
static void
read_members(struct catalog_column * c)
{
	const char * p = strchr(c->column_type, '(');
	struct buf b = { NULL, 0, 0 };

	while (p != NULL && p[1] == '\'') {
		buf_clear(&b);
		for (p += 2; *p != '\0'; p++) {
			if (*p == '\'' && p[1] != '\'')
				break;
			if (*p == '\'')
				p++;
			else if (*p == '\\' && p[1] != '\0') {
				p++;
				buf_putc(&b, *p == 'n' ? '\n' : *p == 'r' ?
				    '\r' : *p == 't' ? '\t' : *p == '0' ?
				    '\0' : *p);
				continue;
			}
			buf_putc(&b, *p);
		}

		/* The dictionary may have put '?' for what it can't hold. */
		if (b.n > 0 && (memchr(b.p, '?', b.n) != NULL ||
		    memchr(b.p, '\0', b.n) != NULL))
			c->members_unsure = 1;
		c->member = mem_grow(c->member, c->nmember + 1,
		    sizeof *c->member);
		c->member[c->nmember++] = mem_text(b.n > 0 ? b.p : "", b.n);
		if (*p == '\'')
			p++;
		if (*p != ',')
			break;
	}
	buf_free(&b);
}

/* A type, and the kind of cell that it is; integers have a second one. */
static const struct {
	const char * name;
	enum cell_kind kind;
} types[] = {
	{ "tinyint", CELL_INT }, { "smallint", CELL_INT },
	{ "mediumint", CELL_INT }, { "int", CELL_INT },
	{ "bigint", CELL_INT }, { "bit", CELL_INT },
	{ "year", CELL_ZEROFILL },
	{ "decimal", CELL_DECIMAL },
	{ "float", CELL_NUMBER }, { "double", CELL_NUMBER },
	{ "timestamp", CELL_TIMESTAMP }, { "datetime", CELL_DATETIME },
	{ "date", CELL_DATE }, { "time", CELL_TIME },
	{ "char", CELL_TEXT }, { "varchar", CELL_TEXT },
	{ "tinytext", CELL_TEXT }, { "text", CELL_TEXT },
	{ "mediumtext", CELL_TEXT }, { "longtext", CELL_TEXT },
	{ "enum", CELL_TEXT }, { "set", CELL_SET },
	{ "uuid", CELL_TEXT }, { "inet4", CELL_TEXT },
	{ "inet6", CELL_TEXT },
	{ "binary", CELL_BINARY }, { "varbinary", CELL_BINARY },
	{ "tinyblob", CELL_BINARY }, { "blob", CELL_BINARY },
	{ "mediumblob", CELL_BINARY }, { "longblob", CELL_BINARY },
	{ "json", CELL_JSON },
	{ "geometry", CELL_GEOMETRY }, { "point", CELL_GEOMETRY },
	{ "linestring", CELL_GEOMETRY }, { "polygon", CELL_GEOMETRY },
	{ "multipoint", CELL_GEOMETRY },
	{ "multilinestring", CELL_GEOMETRY },
	{ "multipolygon", CELL_GEOMETRY },
	{ "geomcollection", CELL_GEOMETRY },
	{ "geometrycollection", CELL_GEOMETRY },
	{ "vector", CELL_VECTOR },
};

void
catalog_type(struct catalog_column * c)
{
	size_t i;

	c->kind = CELL_TEXT;
	c->strange = 1;
	for (i = 0; i < sizeof types / sizeof types[0]; i++) {
		if (strcmp(c->data_type, types[i].name) == 0) {
			c->kind = types[i].kind;
			c->strange = 0;
			break;
		}
	}
	c->is_unsigned = strstr(c->column_type, " unsigned") != NULL;
	if (strstr(c->column_type, " zerofill") != NULL) {
		if (c->kind == CELL_INT)
			c->kind = CELL_ZEROFILL;
		if (c->kind == CELL_DECIMAL)
			c->kind = CELL_DECIMAL_ZEROFILL;
	}
	if (strcmp(c->data_type, "enum") == 0 ||
	    strcmp(c->data_type, "set") == 0)
		read_members(c);
}
