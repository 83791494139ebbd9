#ifndef KEYJSON_H_
#define KEYJSON_H_

#include <stddef.h>

#include "../common/buf.h"

#include "plan.h"

/*
 * The _id of a document as the key of its row: the way back from bsonize.h,
 * so that the row can be asked for.  Pure.
 */

/**
 * keyjson_array(plan, key, n, out):
 * Append to ${out} the ${n} bytes ${key}, type byte and value of an _id, as a
 * JSON array of the values of ${plan}'s key properties, in their order, as
 * they stand in a record.  Return 0; or -1, with ${out} as it was, if no
 * record of the stream has such a key.
 */
int keyjson_array(const struct plan * plan, const char * key, size_t n,
    struct buf * out);

#endif /* !KEYJSON_H_ */
