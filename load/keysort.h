#ifndef KEYSORT_H_
#define KEYSORT_H_

#include <stddef.h>
#include <stdint.h>

/*
 * Sorting more records than memory holds: runs of 8 MiB are sorted, kept in a
 * file without a name under TMPDIR, and merged.  However many there are, it
 * takes 16 MiB.
 */
struct keysort;

/**
 * keysort_new(width):
 * Sort records of ${width} bytes by all of their bytes.  Return NULL after a
 * report if there is no place for the file.
 */
struct keysort * keysort_new(size_t width);
void keysort_free(struct keysort * ks);

/* Add a record.  Return 0, or -1 after a report. */
int keysort_add(struct keysort * ks, const void * record);

/* All were added: the next keysort_next() is the first.  Return 0 or -1. */
int keysort_end(struct keysort * ks);

/**
 * keysort_next(ks, record):
 * Point ${record} to the next record in order; it lasts until the next call.
 * Return 1; 0 when there are no more; or -1 after a report.
 */
int keysort_next(struct keysort * ks, const uint8_t ** record);

/**
 * keysort_file(void):
 * A new file without a name, under TMPDIR or else /var/tmp.  Return its
 * descriptor, or -1 after a report.
 */
int keysort_file(void);

#endif /* !KEYSORT_H_ */
