#ifndef TABLENAME_H_
#define TABLENAME_H_

#include <stddef.h>

/* Long enough for the folder of any table of MySQL, whose name has at most
 * 64 characters. */
#define TABLENAME_MAX	(64 * 4 * 3 + 1)

/**
 * tablename_encode(name, dst, n):
 * Write to ${dst}, of ${n} bytes, a name for files and settings that is the
 * table's alone: letters, digits, '_' and '-' stand for themselves, every
 * other byte is %XX.  Return 0, or -1 if it doesn't fit or is empty.
 */
int tablename_encode(const char * name, char * dst, size_t n);

#endif /* !TABLENAME_H_ */
