#ifndef KEYRANGE_H_
#define KEYRANGE_H_

#include "../common/buf.h"
#include "../common/json.h"

#include "plan.h"

/*
 * The documents of a part of a table, as extract --from-key and --to-key cut
 * it: every document of a collection belongs to exactly one of the parts that
 * make up a table.  Pure.
 */

/**
 * keyrange_filter(plan, range, out):
 * Append to ${out} the BSON filter for the documents of the range, a SCHEMA's
 * array of two whole numbers or nulls, by the key's first property.  What
 * isn't a number there is in the range that has no lower end.  Return 0, or
 * -1 if the array is none or the property is no whole number.
 */
int keyrange_filter(const struct plan * plan, const struct json_node * range,
    struct buf * out);

#endif /* !KEYRANGE_H_ */
