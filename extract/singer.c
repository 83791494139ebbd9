#include <stdint.h>
#include <string.h>

#include "../common/scan.h"

#include "singer.h"

/* Append ${s} as JSON text; names are valid UTF-8. */
static void
put_text(struct buf * b, const char * s)
{

	(void)scan_put_text(b, s, strlen(s));
}

static int
is_year(const struct catalog_column * c)
{

	return (strcmp(c->data_type, "year") == 0);
}

static int
is_bit(const struct catalog_column * c)
{

	return (strcmp(c->data_type, "bit") == 0);
}

/* The bytes of an integer type. */
static unsigned
integer_bytes(const struct catalog_column * c)
{

	return (strcmp(c->data_type, "tinyint") == 0 ? 1 :
	    strcmp(c->data_type, "smallint") == 0 ? 2 :
	    strcmp(c->data_type, "mediumint") == 0 ? 3 :
	    strcmp(c->data_type, "int") == 0 ? 4 : 8);
}

static void
put_limits(struct buf * b, const struct catalog_column * c)
{
	unsigned bits = is_bit(c) ? c->precision : 8 * integer_bytes(c);
	int64_t min = 0;
	uint64_t max;

	if (is_year(c))
		max = 2155;
	else if (is_bit(c) || c->is_unsigned)
		max = bits >= 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
	else {
		max = (UINT64_C(1) << (bits - 1)) - 1;
		min = -(int64_t)max - 1;
	}
	buf_puts(b, ",\"minimum\":");
	buf_put_i64(b, min);
	buf_puts(b, ",\"maximum\":");
	buf_put_u64(b, max);
}

/* The members of an ENUM or SET; left out if they aren't surely right. */
static void
put_members(struct buf * b, const struct catalog_column * c, int null)
{
	size_t i;

	if (c->members_unsure)
		return;
	buf_puts(b, ",\"enum\":[");
	for (i = 0; i < c->nmember; i++) {
		if (i != 0)
			buf_putc(b, ',');
		put_text(b, c->member[i]);
	}
	if (null)
		buf_puts(b, c->nmember > 0 ? ",null" : "null");
	buf_putc(b, ']');
}

static void
put_text_type(struct buf * b, const struct catalog_column * c)
{

	if (c->nmember > 0)
		put_members(b, c, c->nullable);
	else if (c->max_length > 0) {
		buf_puts(b, ",\"maxLength\":");
		buf_put_u64(b, c->max_length);
	}
}

static void
put_decimal(struct buf * b, const struct catalog_column * c)
{

	buf_printf(b, ",\"format\":\"singer.decimal\",\"precision\":%u,"
	    "\"scale\":%u", c->precision, c->scale);
}

/* What stands behind "type" for each kind. */
static void
put_details(struct buf * b, const struct catalog_column * c,
    const struct cell_env * env)
{

	switch (c->kind) {
	case CELL_INT:
	case CELL_ZEROFILL:
		put_limits(b, c);
		break;
	case CELL_DECIMAL:
	case CELL_DECIMAL_ZEROFILL:
		put_decimal(b, c);
		break;
	case CELL_TIMESTAMP:
	case CELL_DATETIME:
		if (env->dates != CELL_DATES_STRING)
			buf_puts(b, ",\"format\":\"date-time\"");
		break;
	case CELL_DATE:
		if (env->dates != CELL_DATES_STRING)
			buf_puts(b, ",\"format\":\"date\"");
		break;
	case CELL_TEXT:
		put_text_type(b, c);
		break;
	case CELL_SET:
		buf_puts(b, ",\"items\":{\"type\":[\"string\"]");
		put_members(b, c, 0);
		buf_putc(b, '}');
		break;
	case CELL_BINARY:
		buf_puts(b, ",\"contentEncoding\":\"base64\"");
		break;
	case CELL_VECTOR:
		buf_puts(b, ",\"items\":{\"type\":[\"number\"]}");
		break;
	default:
		break;
	}
}

static const char *
type_name(enum cell_kind kind)
{

	switch (kind) {
	case CELL_INT:
	case CELL_ZEROFILL:
		return ("integer");
	case CELL_NUMBER:
		return ("number");
	case CELL_GEOMETRY:
		return ("object");
	case CELL_SET:
	case CELL_VECTOR:
		return ("array");
	case CELL_JSON:
		return (NULL);
	default:
		return ("string");
	}
}

static int
is_key(const struct catalog_table * t, size_t col)
{
	size_t i;

	for (i = 0; i < t->nkey; i++) {
		if (t->key[i] == col)
			return (1);
	}
	return (0);
}

/* May the column's value be null in a record? */
static int
can_be_null(const struct catalog_table * t, size_t col,
    const struct cell_env * env)
{
	const struct catalog_column * c = &t->column[col];

	if (c->nullable)
		return (1);
	if (env->dates != CELL_DATES_NULL || is_key(t, col))
		return (0);
	return (c->kind == CELL_TIMESTAMP || c->kind == CELL_DATETIME ||
	    c->kind == CELL_DATE);
}

static void
put_property(struct buf * b, const struct catalog_table * t, size_t col,
    const struct cell_env * env)
{
	const struct catalog_column * c = &t->column[col];
	const char * type = type_name(c->kind);

	put_text(b, c->name);
	buf_puts(b, ":{");

	/* A JSON column holds any type: none is named. */
	if (type != NULL) {
		buf_puts(b, "\"type\":[");
		if (can_be_null(t, col, env))
			buf_puts(b, "\"null\",");
		buf_printf(b, "\"%s\"]", type);
		put_details(b, c, env);
		buf_putc(b, ',');
	}
	buf_puts(b, "\"x-mysql-type\":");
	put_text(b, c->column_type);
	buf_putc(b, '}');
}

static void
put_schema(struct buf * b, const struct catalog_table * t,
    const struct cell_env * env)
{
	size_t i;

	buf_puts(b, "{\"type\":\"object\",\"properties\":{");
	for (i = 0; i < t->ncolumn; i++) {
		if (i != 0)
			buf_putc(b, ',');
		put_property(b, t, i, env);
	}
	buf_puts(b, "}}");
}

static void
put_key(struct buf * b, const struct catalog_table * t)
{
	size_t i;

	buf_putc(b, '[');
	for (i = 0; i < t->nkey; i++) {
		if (i != 0)
			buf_putc(b, ',');
		put_text(b, t->column[t->key[i]].name);
	}
	buf_putc(b, ']');
}

static void
put_change(struct buf * b, const struct catalog_table * t)
{

	buf_putc(b, '[');
	if (t->change != CATALOG_NONE)
		put_text(b, t->column[t->change].name);
	buf_putc(b, ']');
}

void
singer_schema(struct buf * b, const struct catalog_table * t,
    const struct cell_env * env)
{

	buf_puts(b, "{\"type\":\"SCHEMA\",\"stream\":");
	put_text(b, t->name);
	buf_puts(b, ",\"schema\":");
	put_schema(b, t, env);
	buf_puts(b, ",\"key_properties\":");
	put_key(b, t);
	if (t->change != CATALOG_NONE) {
		buf_puts(b, ",\"bookmark_properties\":");
		put_change(b, t);
	}
	buf_puts(b, "}\n");
}

static void
put_metadata(struct buf * b, const struct catalog_table * t,
    const char * database)
{
	size_t i;

	buf_puts(b, "[\n    {\"breadcrumb\":[],\"metadata\":"
	    "{\"inclusion\":\"available\",\"table-key-properties\":");
	put_key(b, t);
	buf_puts(b, ",\"valid-replication-keys\":");
	put_change(b, t);
	buf_printf(b, ",\"forced-replication-method\":\"%s\",\"is-view\":%s,"
	    "\"row-count\":", t->change != CATALOG_NONE ? "INCREMENTAL" :
	    "FULL_TABLE", t->is_view ? "true" : "false");
	buf_put_u64(b, t->rows);
	buf_puts(b, ",\"database-name\":");
	put_text(b, database);
	buf_puts(b, "}}");
	for (i = 0; i < t->ncolumn; i++) {
		buf_puts(b, ",\n    {\"breadcrumb\":[\"properties\",");
		put_text(b, t->column[i].name);
		buf_printf(b, "],\"metadata\":{\"inclusion\":\"%s\","
		    "\"sql-datatype\":", is_key(t, i) || i == t->change ?
		    "automatic" : "available");
		put_text(b, t->column[i].column_type);
		buf_puts(b, "}}");
	}
	buf_puts(b, "]");
}

void
singer_catalog(struct buf * b, const struct catalog * cat,
    const char * database, const struct cell_env * env)
{
	const struct catalog_table * t;
	size_t i;

	buf_puts(b, "{\"streams\":[");
	for (i = 0; i < cat->ntable; i++) {
		t = &cat->table[i];
		buf_puts(b, i == 0 ? "\n" : ",\n");
		buf_puts(b, "  {\"tap_stream_id\":");
		put_text(b, t->name);
		buf_puts(b, ",\"stream\":");
		put_text(b, t->name);
		buf_puts(b, ",\"table_name\":");
		put_text(b, t->name);
		buf_puts(b, ",\n   \"schema\":");
		put_schema(b, t, env);
		buf_puts(b, ",\n   \"key_properties\":");
		put_key(b, t);
		buf_puts(b, ",\n   \"metadata\":");
		put_metadata(b, t, database);
		buf_putc(b, '}');
	}
	buf_puts(b, "\n]}\n");
}
