#ifndef FIELDNAME_H_
#define FIELDNAME_H_

#include <stddef.h>

#include "../common/buf.h"

/*
 * Names of columns as names of fields.  MongoDB gives '$' in front and '.'
 * anywhere a meaning of their own, so these become U+FF04 and U+FF0E, which
 * look alike and can be turned back.
 */

/**
 * fieldname_plain(p, n):
 * Return nonzero if the name can be used as it is.
 */
int fieldname_plain(const char * p, size_t n);

/**
 * fieldname_escape(p, n, b):
 * Append the name of ${n} bytes ${p}, escaped, to ${b}.  Return NULL, or why
 * it can't be a field's name at all (it is empty or holds NUL).
 */
const char * fieldname_escape(const char * p, size_t n, struct buf * b);

#endif /* !FIELDNAME_H_ */
