#ifndef QUERY_H_
#define QUERY_H_

#include <stddef.h>
#include <stdint.h>

#include "../common/buf.h"
#include "catalog.h"
#include "position.h"

/*
 * The text of SQL statements.  Pure.
 *
 * Rows are read in pages in an order of columns: (change, key) or (key).  A
 * page that starts behind a row with the values (a, b, c) of that order is
 * asked for by up to three statements, the innermost first:
 *
 *	WHERE x = a AND y = b AND z > c		ORDER BY z
 *	WHERE x = a AND y > b			ORDER BY y, z
 *	WHERE x > a				ORDER BY x, y, z
 *
 * because each is one range of an index for any server, which neither
 * (x, y, z) > (a, b, c) nor a condition with OR is.
 */

/* `name`, with back-ticks in it doubled. */
void query_name(struct buf * b, const char * name);

/* A string, whatever bytes it holds. */
void query_text(struct buf * b, const char * p, size_t n);

/* A field of the column ${c}, in a form that its index can be asked for. */
void query_value(struct buf * b, const struct catalog_column * c,
    const char * p, size_t n);

/**
 * query_member_number(c, p, n, out):
 * The number behind a value of an ENUM or SET, by which it is ordered.
 * Return 0, or -1 if the column has no such member.
 */
int query_member_number(const struct catalog_column * c, const char * p,
    size_t n, uint64_t * out);

/* All columns of ${t}, so that each field comes with all its digits. */
void query_columns(struct buf * b, const struct catalog_table * t);

enum query_order {
	QUERY_BY_CHANGE,	/* (change, key) */
	QUERY_BY_KEY
};

struct query {
	const struct catalog_table * table;
	const char * columns;	/* what query_columns() made */
	const char * where;	/* the operator's condition, or NULL */
	enum query_order order;
	size_t index;		/* the one to use, or CATALOG_NONE */
	const char * filter;	/* a condition for all statements, or NULL */
	const char * upper;	/* one for the outermost only, or NULL */
	const struct position * from;	/* behind this row; a time without a
					 * key: from this time on */
};

/**
 * query_levels(q):
 * How many statements a page takes.  They are numbered from 0, the outermost,
 * and sent in falling order.
 */
size_t query_levels(const struct query * q);

/* Statement ${level} of a page, for at most ${limit} rows. */
void query_page(struct buf * b, const struct query * q, size_t level,
    uint64_t limit);

/* The number of rows behind the position that statement ${level} would give
 * without a limit. */
void query_rows(struct buf * b, const struct query * q, size_t level);

/* Conditions.  A time with n == 0 sets no limit. */

/* from <= change < to */
void query_between(struct buf * b, const struct catalog_table * t,
    const struct position_time * from, const struct position_time * to);

/* from <= change <= through */
void query_through(struct buf * b, const struct catalog_table * t,
    const struct position_time * from, const struct position_time * through);

/* change < to, or there is none. */
void query_before_or_never(struct buf * b, const struct catalog_table * t,
    const struct position_time * to);

/**
 * query_select(b, t, what, condition, where):
 * SELECT ${what} from ${t}, under a condition and the operator's own; both
 * may be NULL.
 */
void query_select(struct buf * b, const struct catalog_table * t,
    const char * what, const char * condition, const char * where);

#endif /* !QUERY_H_ */
