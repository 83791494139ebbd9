#ifndef COMPARE_H_
#define COMPARE_H_

#include <stddef.h>
#include <stdint.h>

#include "../common/buf.h"

/*
 * Two documents, field by field: names, types and bytes of the values, but
 * for load's own notes.  The order of fields doesn't count: somebody who sets
 * a field to what it was has changed nothing.  Pure.
 */

/**
 * compare_documents(a, na, b, nb, fields):
 * Compare the BSON documents ${a} of ${na} bytes and ${b} of ${nb}, and
 * whether they are marked as those of deleted rows.  Return
 * nonzero if they are equal; else append the names of the fields that differ
 * to ${fields} as a JSON array.
 */
int compare_documents(const char * a, size_t na, const char * b, size_t nb,
    struct buf * fields);

/**
 * compare_stamp(doc, n, v, v_n):
 * Find load's version in the document ${doc} of ${n} bytes: point ${v} to its
 * ${v_n} bytes, or to NULL if it has none.
 */
void compare_stamp(const char * doc, size_t n, const char ** v,
    size_t * v_n);

/* Is the document ${doc} of ${n} bytes marked as that of a deleted row? */
int compare_marked(const char * doc, size_t n);

/**
 * compare_body(doc, n, len):
 * The bytes of a document that load made, without its notes, which are the
 * last field: from ${doc} on, ${len} of them.
 */
void compare_body(const char * doc, size_t n, size_t * len);

#endif /* !COMPARE_H_ */
