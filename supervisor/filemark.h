#ifndef FILEMARK_H_
#define FILEMARK_H_

#include <sys/types.h>

#include <stdint.h>

/*
 * By what one sees that a file is no longer the same: replaced, or written
 * to.
 */
struct filemark {
	int there;		/* 0: no file, or it can't be looked at */
	dev_t dev;
	ino_t ino;
	int64_t size, mtime_ns, ctime_ns;
};

/* The mark of the file ${path}, as it is now; NULL has none. */
struct filemark filemark_of(const char * path);

/* Nonzero if both are marks of the same, unchanged file (or of none). */
int filemark_same(const struct filemark * a, const struct filemark * b);

#endif /* !FILEMARK_H_ */
