#ifndef PROPOSE_TYPE_H_
#define PROPOSE_TYPE_H_

#include "jsonedit.h"
#include "schemafile.h"

/*
 * Does what a property says of its type fit the column that it is made of?
 * Pure.
 */

/* Append the members that say a column's type in a schema file, "" for any. */
void propose_type_put(struct buf * b, const struct json_node * column);

/* Nonzero if values of ${column} can become the property ${p} at all. */
int propose_type_fits(const struct property * p,
    const struct json_node * column);

/* Nonzero if it looks as if ${p} was always made of such a column. */
int propose_type_likely(const struct property * p,
    const struct json_node * column);

/**
 * propose_type_mend(p, column, ed, what):
 * Change the property's schema in ${ed} so that it takes what the column can
 * hold, and append what was changed to ${what} in words.
 */
void propose_type_mend(const struct property * p,
    const struct json_node * column, struct jsonedit * ed, struct buf * what);

#endif /* !PROPOSE_TYPE_H_ */
