#ifndef MARKS_H_
#define MARKS_H_

#include <stddef.h>
#include <stdint.h>

/*
 * STATEs that wait until all before them is resolved, in their order.  Each
 * stands behind a number of rows of the input.  A later one covers those
 * before it, so one is enough between two beginnings of a batch.
 */
struct marks;

struct marks * marks_new(void);
void marks_free(struct marks * m);

/**
 * marks_put(m, rows, begun, value, n):
 * A STATE came behind ${rows} rows, with a value of ${n} bytes.  The newest
 * batch so far began with the row ${begun}, counted from 1; 0 for none.
 */
void marks_put(struct marks * m, uint64_t rows, uint64_t begun,
    const char * value, size_t n);

/**
 * marks_take(m, open, n):
 * The row ${open} is the first that isn't resolved; UINT64_MAX if all are.
 * Return the value of the newest STATE before it, and its length in ${n}, or
 * NULL if there is none.  It lasts until the next call.
 */
const char * marks_take(struct marks * m, uint64_t open, size_t * n);

#endif /* !MARKS_H_ */
