#ifndef FIELD_H_
#define FIELD_H_

#include <stddef.h>

#include "../common/buf.h"
#include "../common/json.h"
#include "catalog.h"
#include "cell.h"
#include "position.h"

/*
 * The parts of a position as JSON, and back as the server writes them.  What
 * is read back is checked: it goes into statements.  Pure.
 */

/**
 * field_print_time(b, t, c, env):
 * Append the time ${t} of the column ${c}: RFC 3339; a date of no calendar
 * stays as it is.
 */
void field_print_time(struct buf * b, const struct position_time * t,
    const struct catalog_column * c, const struct cell_env * env);

/**
 * field_print(b, c, env, p, n):
 * Append a key's field of the column ${c}, the ${n} bytes ${p}, which was
 * printed as such in its row before.  Nothing is counted in ${env}.
 */
void field_print(struct buf * b, const struct catalog_column * c,
    struct cell_env * env, const char * p, size_t n);

/**
 * field_parse_time(dst, node, c, env, cut):
 * Read a time of the column ${c} back.  ${cut} is set if the column is
 * coarser now than it was then: a key beside the time means nothing any
 * more.  Return 0, or -1 if ${node} is no time.
 */
int field_parse_time(struct position_time * dst,
    const struct json_node * node, const struct catalog_column * c,
    const struct cell_env * env, int * cut);

/**
 * field_parse(b, node, c, env):
 * Append the field of the column ${c} that ${node} shows, as the server
 * writes it.  Return 0, or -1 if it is no value of such a column; ${b} may
 * then hold part of one.
 */
int field_parse(struct buf * b, const struct json_node * node,
    const struct catalog_column * c, const struct cell_env * env);

#endif /* !FIELD_H_ */
