#ifndef SINGER_H_
#define SINGER_H_

#include "../common/buf.h"
#include "catalog.h"
#include "cell.h"

/*
 * A table as a Singer stream: its JSON Schema, its SCHEMA message, its entry
 * in a catalog.  Pure.
 */

/* Append the SCHEMA message of ${t}, a whole line. */
void singer_schema(struct buf * b, const struct catalog_table * t,
    const struct cell_env * env);

/* Append the catalog of all tables, in several lines. */
void singer_catalog(struct buf * b, const struct catalog * cat,
    const char * database, const struct cell_env * env);

#endif /* !SINGER_H_ */
