#ifndef STATEFILE_H_
#define STATEFILE_H_

#include <stddef.h>
#include <stdint.h>

#include "../common/buf.h"

/*
 * Small files that must survive anything: a line that says what they are,
 * lines of name=value, and a last line crc32c=.  Written whole: temporary
 * file, fsync, rename, fsync of the directory.
 */
struct statefile;

enum statefile_result {
	STATEFILE_OK,
	STATEFILE_MISSING,
	STATEFILE_BAD,		/* not one of ours, cut off, or altered */
	STATEFILE_ERROR		/* can't be read; errno is set */
};

/* Append to ${b} a member; ${v} must hold no newline. */
void statefile_head(struct buf * b, const char * format);
void statefile_put(struct buf * b, const char * name, const char * v);
void statefile_put_i64(struct buf * b, const char * name, int64_t v);

/* Append the crc32c of what ${b} holds; it is then complete. */
void statefile_seal(struct buf * b);

/**
 * statefile_parse(p, n, format, out):
 * Check the seal and the first line, and split the ${n} bytes ${p}, copied.
 * Return STATEFILE_OK or STATEFILE_BAD.  Freed with statefile_free().
 */
enum statefile_result statefile_parse(const char * p, size_t n,
    const char * format, struct statefile ** out);
void statefile_free(struct statefile * f);

/* The value of a name, or NULL; or as a number, or ${dflt}. */
const char * statefile_get(const struct statefile * f, const char * name);
int64_t statefile_i64(const struct statefile * f, const char * name,
    int64_t dflt);

/* The ${i}th member's name, or NULL behind the last; its value in ${v}. */
const char * statefile_member(const struct statefile * f, size_t i,
    const char ** v);

/**
 * statefile_read(dirfd, name, format, out):
 * Read and check the file ${name} in the open directory ${dirfd}.
 */
enum statefile_result statefile_read(int dirfd, const char * name,
    const char * format, struct statefile ** out);

/**
 * statefile_write(dirfd, name, b, prev):
 * Make the sealed ${b} the file ${name}, mode 0600, durably.  The one before
 * is kept as ${prev} unless that is NULL.  Return 0, or -1 with errno set;
 * then the old file is still what it was.
 */
int statefile_write(int dirfd, const char * name, const struct buf * b,
    const char * prev);

/* The CRC-32C of ${n} bytes, going on from ${crc} (0 at the start). */
uint32_t statefile_crc32c(uint32_t crc, const void * p, size_t n);

#endif /* !STATEFILE_H_ */
