#ifndef LINEIN_H_
#define LINEIN_H_

#include <stddef.h>
#include <stdint.h>

/*
 * A bounded reader of lines.  Memory: one line and one read of 256 KiB.
 */
struct linein;

#define LINEIN_SLACK	64		/* readable bytes behind a line */
#define LINEIN_MAX	(64u << 20)	/* longest line by default: 64 MiB */

enum linein_result {
	LINEIN_ERROR = -1,	/* reported; the stream is at its end */
	LINEIN_LINE,
	LINEIN_EOF,
	LINEIN_STOP		/* asked to stop while waiting for input */
};

/**
 * linein_open(fd, name, max):
 * Read lines of at most ${max} bytes from ${fd}, which stays the caller's
 * and is called ${name} in messages ("standard input").
 */
struct linein * linein_open(int fd, const char * name, size_t max);

/**
 * linein_next(in, p, n):
 * Point ${p} to the next line of ${n} bytes without its newline; it stays
 * valid until the next call.  p[n] is '\n', and LINEIN_SLACK bytes behind it
 * can be read (their values mean nothing).  A line that is too long or has
 * no newline at end of file is an error, reported with its number.
 * LINEIN_STOP comes only when no whole line is left in the buffer.
 */
enum linein_result linein_next(struct linein * in, const char ** p,
    size_t * n);

/**
 * linein_lines(in, p, n):
 * As linein_next(), but point ${p} to all the lines that are there, ${n}
 * bytes with their newlines, for a reader that finds the end of a line by
 * itself and says so by linein_took() before the next call.
 */
enum linein_result linein_lines(struct linein * in, const char ** p,
    size_t * n);

/**
 * linein_took(in, n):
 * The next line was one of ${n} bytes; it is as if linein_next() had returned
 * it.  Return 0, or -1 if it is too long, which is reported.
 */
int linein_took(struct linein * in, size_t n);

/**
 * linein_each(in, take, cookie):
 * Call ${take} with ${cookie} and each line, until it returns nonzero or the
 * input ends.  Return what it returned last; EXIT_STOPPED when asked to stop
 * and EXIT_PERM when the input can't be read further.
 */
typedef int linein_take(void * cookie, const char * p, size_t n);
int linein_each(struct linein * in, linein_take * take, void * cookie);

/**
 * linein_idle(in):
 * Return nonzero if the next linein_next() would wait: now is the time to
 * write out what is held back.
 */
int linein_idle(struct linein * in);

/**
 * linein_too_long(in):
 * Return nonzero if LINEIN_ERROR came because a line was too long: reading
 * it again won't help.
 */
int linein_too_long(const struct linein * in);

/* The number of the line last returned, from 1; and its stream's name. */
uint64_t linein_number(const struct linein * in);
const char * linein_name(const struct linein * in);

/* Bytes consumed so far: the lines returned, with their newlines. */
uint64_t linein_offset(const struct linein * in);

void linein_free(struct linein * in);

#endif /* !LINEIN_H_ */
