#ifndef LINEOUT_H_
#define LINEOUT_H_

#include "buf.h"

/*
 * A buffered writer of lines.  The caller appends to lineout_buf() and calls
 * lineout_line() behind each whole line; nothing but whole lines is written.
 */
struct lineout;

/**
 * lineout_open(fd, name):
 * Write to ${fd}, called ${name} in messages.  lineout_close() closes it.
 */
struct lineout * lineout_open(int fd, const char * name);

/* The buffer that lines are appended to; it is ${o}'s. */
struct buf * lineout_buf(struct lineout * o);

/**
 * lineout_line(o):
 * The buffer ends with a whole line: write it out if 64 KiB have come
 * together.  Return 0, or -1 if a write failed, which is reported once.
 * (A reader that has gone away ends the program by SIGPIPE, as any filter.)
 */
int lineout_line(struct lineout * o);

/* Write out everything now.  Return 0, or -1. */
int lineout_flush(struct lineout * o);

/**
 * lineout_close(o):
 * Write out everything, close the descriptor, and release ${o}.  Return 0
 * only if every byte was taken (a full disk must not look like success).
 */
int lineout_close(struct lineout * o);

#endif /* !LINEOUT_H_ */
