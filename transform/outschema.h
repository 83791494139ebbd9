#ifndef OUTSCHEMA_H_
#define OUTSCHEMA_H_

#include "plan.h"

/**
 * outschema_put(plan, out):
 * Append the SCHEMA message of the target to ${out}, without a newline:
 * that of the source, with the properties, keys and collection of the
 * schema file.  A column that is taken over as it is keeps what the source
 * says of it (precision, format, x-mysql-type, ...), where the file says
 * nothing else.
 */
void outschema_put(const struct plan * plan, struct buf * out);

/**
 * outschema_validator(sf, out):
 * Append the document to create a collection's validator with:
 * {"$jsonSchema": ...}, in the keywords that MongoDB knows.
 */
void outschema_validator(const struct schemafile * sf, struct buf * out);

#endif /* !OUTSCHEMA_H_ */
