#ifndef SHAPE_H_
#define SHAPE_H_

#include "../common/record.h"

#include "plan.h"

/*
 * Runs a plan on records: the source's columns in, the target's document
 * out.  What needs no change is copied as it stands in the line.
 */
struct shape;

/* ${plan} has to last as long as the shape. */
struct shape * shape_new(const struct plan * plan);
void shape_free(struct shape * sh);

/* What a row is. */
enum shape_row {
	SHAPE_ROW,		/* a row that is there */
	SHAPE_MARKED,		/* there, but deleted as x-soft-delete says: */
	SHAPE_REMOVED,		/* its document stays, with a mark; or not */
	SHAPE_DELETION		/* a row that is gone */
};

/**
 * shape_take(sh, r):
 * Take the columns of the row ${r}, whose slots are those of plan->names, and
 * return what it is.
 */
enum shape_row shape_take(struct shape * sh, const struct record * r);

/**
 * shape_put(sh, r, is, out, why):
 * Append to ${out} the document that is made of the row ${r}, the last one
 * of shape_take(), which returned ${is}: of one that is gone or removed the
 * key only, and _sdc_ members.  One that is marked or removed has
 * _sdc_deleted_at: the time in the column of x-soft-delete, if it has one, or
 * else in `at`, in the change column, or the start of 1970.  Return 0, or
 * fill ${why} and return -1; ${out} is then as before.
 */
int shape_put(struct shape * sh, const struct record * r, enum shape_row is,
    struct buf * out, struct verdict * why);

#endif /* !SHAPE_H_ */
