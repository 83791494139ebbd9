#include <sys/stat.h>

#include <stddef.h>

#include "filemark.h"

static int64_t
nanoseconds(struct timespec t)
{

	return ((int64_t)t.tv_sec * 1000000000 + t.tv_nsec);
}

struct filemark
filemark_of(const char * path)
{
	struct filemark m = { 0, 0, 0, 0, 0, 0 };
	struct stat sb;

	if (path == NULL || stat(path, &sb) == -1)
		return (m);
	m.there = 1;
	m.dev = sb.st_dev;
	m.ino = sb.st_ino;
	m.size = (int64_t)sb.st_size;
	m.mtime_ns = nanoseconds(sb.st_mtim);
	m.ctime_ns = nanoseconds(sb.st_ctim);
	return (m);
}

int
filemark_same(const struct filemark * a, const struct filemark * b)
{

	return (a->there == b->there && a->dev == b->dev &&
	    a->ino == b->ino && a->size == b->size &&
	    a->mtime_ns == b->mtime_ns && a->ctime_ns == b->ctime_ns);
}
