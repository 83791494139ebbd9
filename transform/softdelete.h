#ifndef SOFTDELETE_H_
#define SOFTDELETE_H_

#include "../common/json.h"

#include "fault.h"
#include "value.h"

/*
 * What a schema file says of rows that are gone: x-soft-delete names a column
 * that says so of a row that is still there, x-deletes what load(1) does
 * about rows that aren't.
 */
#define DELETED_AT	"_sdc_deleted_at"	/* Singer's word for it */

struct softdelete {
	const char * column;	/* NULL: there is none; the document's text */
	int marks;		/* the document stays, with a mark */
	const struct json_node * list;	/* `when`, or NULL */
	struct value ** when;	/* the values that say so; */
	size_t nwhen;		/* 0: all that don't deny it */
	const char * deletes;	/* x-deletes, or NULL */
};

/**
 * softdelete_read(sd, top, f):
 * Fill ${sd}, all zero, from the schema file's object ${top}.  Faults are
 * reported to ${f}; softdelete_clear() is right in any case.
 */
void softdelete_read(struct softdelete * sd, const struct json_node * top,
    struct faults * f);
void softdelete_clear(struct softdelete * sd);

/**
 * softdelete_meets(sd, v):
 * Return nonzero if the value ${v} of the column says that the row is deleted.
 */
int softdelete_meets(const struct softdelete * sd,
    const struct scan_value * v);

/**
 * softdelete_fits(sd, column, kinds, why):
 * Return nonzero if values of ${kinds}, which the source's schema ${column}
 * (or NULL) describes, can be each of `when`; else write to ${why} what is
 * wrong, in words that follow the column's name.
 */
int softdelete_fits(const struct softdelete * sd,
    const struct json_node * column, unsigned kinds, struct buf * why);

/**
 * softdelete_put_time(v, out):
 * If ${v} is a string with a time, or a date, append it as JSON and return
 * nonzero.
 */
int softdelete_put_time(const struct scan_value * v, struct buf * out);

#endif /* !SOFTDELETE_H_ */
