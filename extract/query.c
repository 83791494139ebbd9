#include <string.h>

#include "query.h"

void
query_name(struct buf * b, const char * name)
{

	buf_putc(b, '`');
	for (; *name != '\0'; name++) {
		if (*name == '`')
			buf_putc(b, '`');
		buf_putc(b, *name);
	}
	buf_putc(b, '`');
}

static void
put_hex(struct buf * b, const char * p, size_t n)
{
	static const char digit[] = "0123456789ABCDEF";
	size_t i;

	buf_puts(b, "X'");
	for (i = 0; i < n; i++) {
		buf_putc(b, digit[(unsigned char)p[i] >> 4]);
		buf_putc(b, digit[(unsigned char)p[i] & 15]);
	}
	buf_putc(b, '\'');
}

/* Letters, digits and what stands in times and names. */
static int
is_harmless(const char * p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (!((p[i] >= '0' && p[i] <= '9') ||
		    (p[i] >= 'a' && p[i] <= 'z') ||
		    (p[i] >= 'A' && p[i] <= 'Z') || p[i] == '_' ||
		    p[i] == '-' || p[i] == ':' || p[i] == '.' ||
		    p[i] == ' ' || p[i] == '$'))
			return (0);
	}
	return (1);
}

void
query_text(struct buf * b, const char * p, size_t n)
{

	if (is_harmless(p, n)) {
		buf_putc(b, '\'');
		buf_put(b, p, n);
		buf_putc(b, '\'');
		return;
	}
	buf_puts(b, "_utf8mb4 ");
	put_hex(b, p, n);
}

/* The place of one member, from 1; 0 if there is none such. */
static size_t
find_member(const struct catalog_column * c, const char * p, size_t n)
{
	size_t i;

	for (i = 0; i < c->nmember; i++) {
		if (strlen(c->member[i]) == n && memcmp(c->member[i], p, n) ==
		    0)
			return (i + 1);
	}
	return (0);
}

int
query_member_number(const struct catalog_column * c, const char * p,
    size_t n, uint64_t * out)
{
	const char * end = p + n;
	const char * comma;
	size_t place;

	*out = 0;
	if (c->kind != CELL_SET) {
		/* '' is what an invalid value became; its number is 0. */
		*out = find_member(c, p, n);
		return (*out == 0 && n != 0 ? -1 : 0);
	}
	while (p < end) {
		if ((comma = memchr(p, ',', (size_t)(end - p))) == NULL)
			comma = end;
		place = find_member(c, p, (size_t)(comma - p));
		if (place == 0)
			return (-1);
		*out |= UINT64_C(1) << (place - 1);
		p = comma == end ? end : comma + 1;
	}
	return (0);
}

/* Text in the column's own character set and collation. */
static void
put_collated(struct buf * b, const struct catalog_column * c, const char * p,
    size_t n)
{
	int convert = strcmp(c->charset, "utf8mb4") != 0;

	if (convert)
		buf_puts(b, "CONVERT(");
	buf_puts(b, "_utf8mb4 ");
	put_hex(b, p, n);
	if (convert)
		buf_printf(b, " USING %s)", c->charset);
	buf_printf(b, " COLLATE %s", c->collation);
}

static void
put_number(struct buf * b, const struct catalog_column * c, const char * p,
    size_t n)
{

	buf_put(b, p, n);

	/* Without an exponent it would be a decimal. */
	if (c->kind == CELL_NUMBER && memchr(p, 'e', n) == NULL &&
	    memchr(p, 'E', n) == NULL)
		buf_puts(b, "e0");
}

void
query_value(struct buf * b, const struct catalog_column * c, const char * p,
    size_t n)
{
	uint64_t number;

	switch (c->kind) {
	case CELL_INT:
	case CELL_ZEROFILL:
	case CELL_DECIMAL:
	case CELL_DECIMAL_ZEROFILL:
	case CELL_NUMBER:
		put_number(b, c, p, n);
		break;
	case CELL_BINARY:
		put_hex(b, p, n);
		break;
	default:
		if (c->nmember > 0) {
			(void)query_member_number(c, p, n, &number);
			buf_put_u64(b, number);
		} else if (c->collation != NULL && c->charset != NULL)
			put_collated(b, c, p, n);
		else
			query_text(b, p, n);
	}
}

void
query_columns(struct buf * b, const struct catalog_table * t)
{
	const struct catalog_column * c;
	size_t i;

	for (i = 0; i < t->ncolumn; i++) {
		c = &t->column[i];
		if (i != 0)
			buf_puts(b, ", ");
		query_name(b, c->name);

		/*
		 * A FLOAT comes with six digits, a BIT as bytes.  Taken away,
		 * as -0 plus 0 is 0.
		 */
		if (c->kind == CELL_NUMBER)
			buf_puts(b, "-0e0");
		else if (strcmp(c->data_type, "bit") == 0)
			buf_puts(b, "+0");
	}
}

/* The column at place ${i} of the order. */
static const struct catalog_column *
order_column(const struct query * q, size_t i)
{
	const struct catalog_table * t = q->table;

	if (q->order == QUERY_BY_CHANGE) {
		if (i == 0)
			return (&t->column[t->change]);
		i--;
	}
	return (&t->column[t->key[i]]);
}

static size_t
order_length(const struct query * q)
{

	return (q->table->nkey + (q->order == QUERY_BY_CHANGE));
}

/* The value at place ${i} of the order of the row to start behind. */
static void
put_order_value(struct buf * b, const struct query * q, size_t i)
{
	const char * p;
	size_t n;

	if (q->order == QUERY_BY_CHANGE) {
		if (i == 0) {
			query_text(b, q->from->time.p, q->from->time.n);
			return;
		}
		i--;
	}
	p = position_key(q->from, i, &n);
	query_value(b, order_column(q, i + (q->order == QUERY_BY_CHANGE)), p,
	    n);
}

size_t
query_levels(const struct query * q)
{

	return (q->from->nkey == 0 ? 1 : order_length(q));
}

/* What the next condition begins with. */
static void
put_and(struct buf * b, int * any)
{

	buf_puts(b, *any ? " AND " : " WHERE ");
	*any = 1;
}

/* A comparison with the row to start behind, at place ${i} of the order. */
static void
put_compare(struct buf * b, const struct query * q, size_t i,
    const char * how, int * any)
{

	put_and(b, any);
	query_name(b, order_column(q, i)->name);
	buf_puts(b, how);
	put_order_value(b, q, i);
}

static void
put_condition(struct buf * b, const char * condition, int * any)
{

	if (condition == NULL)
		return;
	put_and(b, any);
	buf_puts(b, condition);
}

/* The operator's own condition; it may end in a comment. */
static void
put_where(struct buf * b, const char * where, int * any)
{

	if (where == NULL)
		return;
	put_and(b, any);
	buf_printf(b, "(%s\n)", where);
}

static void
put_from(struct buf * b, const struct catalog_table * t)
{

	buf_puts(b, " FROM ");
	query_name(b, t->name);
}

/* All from FROM to the end of the conditions. */
static void
put_level(struct buf * b, const struct query * q, size_t level)
{
	const struct catalog_table * t = q->table;
	size_t i;
	int any = 0;

	put_from(b, t);
	if (q->index != CATALOG_NONE) {
		buf_puts(b, " FORCE INDEX (");
		query_name(b, t->index[q->index].name);
		buf_putc(b, ')');
	}
	for (i = 0; i < level; i++)
		put_compare(b, q, i, " = ", &any);
	if (q->from->nkey > 0)
		put_compare(b, q, level, " > ", &any);
	else if (q->order == QUERY_BY_CHANGE && q->from->time.n > 0)
		put_compare(b, q, 0, " >= ", &any);
	if (level == 0)
		put_condition(b, q->upper, &any);
	put_condition(b, q->filter, &any);
	put_where(b, q->where, &any);
}

void
query_page(struct buf * b, const struct query * q, size_t level,
    uint64_t limit)
{
	size_t i;

	buf_puts(b, "SELECT ");
	buf_puts(b, q->columns);
	put_level(b, q, level);
	for (i = level; i < order_length(q); i++) {
		buf_puts(b, i == level ? " ORDER BY " : ", ");
		query_name(b, order_column(q, i)->name);
	}
	buf_puts(b, " LIMIT ");
	buf_put_u64(b, limit);
}

void
query_rows(struct buf * b, const struct query * q, size_t level)
{

	buf_puts(b, "SELECT COUNT(*)");
	put_level(b, q, level);
}

static void
put_limit(struct buf * b, const struct catalog_table * t, const char * how,
    const struct position_time * time)
{

	query_name(b, t->column[t->change].name);
	buf_puts(b, how);
	query_text(b, time->p, time->n);
}

void
query_between(struct buf * b, const struct catalog_table * t,
    const struct position_time * from, const struct position_time * to)
{

	if (from->n > 0)
		put_limit(b, t, " >= ", from);
	if (from->n > 0 && to->n > 0)
		buf_puts(b, " AND ");
	if (to->n > 0)
		put_limit(b, t, " < ", to);
}

void
query_through(struct buf * b, const struct catalog_table * t,
    const struct position_time * from, const struct position_time * through)
{

	put_limit(b, t, " >= ", from);
	buf_puts(b, " AND ");
	put_limit(b, t, " <= ", through);
}

void
query_before_or_never(struct buf * b, const struct catalog_table * t,
    const struct position_time * to)
{

	if (!t->column[t->change].nullable) {
		put_limit(b, t, " < ", to);
		return;
	}
	buf_putc(b, '(');
	put_limit(b, t, " < ", to);
	buf_puts(b, " OR ");
	query_name(b, t->column[t->change].name);
	buf_puts(b, " IS NULL)");
}

void
query_select(struct buf * b, const struct catalog_table * t,
    const char * what, const char * condition, const char * where)
{
	int any = 0;

	buf_puts(b, "SELECT ");
	buf_puts(b, what);
	put_from(b, t);
	put_condition(b, condition, &any);
	put_where(b, where, &any);
}
