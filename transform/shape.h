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

/**
 * shape_record(sh, r, out, why):
 * Append to ${out} the document that is made of the row ${r}, whose slots
 * are those of plan->names.  Return 0, or fill ${why} and return -1; ${out}
 * is then as before.
 */
int shape_record(struct shape * sh, const struct record * r,
    struct buf * out, struct verdict * why);

/**
 * shape_is_gone(sh, r):
 * Return nonzero if the row ${r} is one that is there, but deleted as
 * x-soft-delete says.  What shape_record() and shape_delete() make of it then
 * has _sdc_deleted_at: the time in that column, if it has one, or else in
 * `at`, in the change column, or the start of 1970.
 */
int shape_is_gone(struct shape * sh, const struct record * r);

/**
 * shape_delete(sh, r, out, why):
 * The same for a deleted row: the key only, and _sdc_ members.
 */
int shape_delete(struct shape * sh, const struct record * r,
    struct buf * out, struct verdict * why);

#endif /* !SHAPE_H_ */
