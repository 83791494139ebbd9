#ifndef OUT_H_
#define OUT_H_

#include <stdint.h>

#include "../common/buf.h"

/*
 * Standard output, for a program that holds a cursor open at the other end:
 * a reader that has stopped reading must not keep a statement, and with it a
 * lock on the table's definition, open on the server.  So while rows come in
 * only what surely fits into the pipe is written; the rest is held back, up
 * to a limit.
 */
struct out;

enum out_rc {
	OUT_OK,
	OUT_FULL,	/* more is held back than should be */
	OUT_FAILED	/* a write failed; reported */
};

/* Write to ${fd}, which out_close() closes. */
struct out * out_open(int fd, const char * name);

/* The buffer that whole lines are appended to. */
struct buf * out_buf(struct out * o);

#define OUT_CHUNK	(64u << 10)	/* worth a write */
#define OUT_HELD_MAX	(4u << 20)	/* held back at most, but for a row */

/* How many bytes are held back. */
size_t out_held(const struct out * o);

/* Write as much of the buffer as can be without waiting, if it is worth it. */
enum out_rc out_try(struct out * o);

/**
 * out_wait(o, us):
 * Wait until out_try() has a chance, at most ${us} microseconds, or until
 * the program is asked to end.
 */
void out_wait(struct out * o, uint64_t us);

/* Write all, however long it takes.  Return OUT_OK or OUT_FAILED. */
enum out_rc out_flush(struct out * o);

/* Write all, close, release.  Return 0, or -1 after a report. */
int out_close(struct out * o);

#endif /* !OUT_H_ */
