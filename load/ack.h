#ifndef ACK_H_
#define ACK_H_

#include <stddef.h>

/*
 * Where acknowledged positions go: standard output, a FIFO, or a file that
 * holds the newest one.  A position covers all before it, so only the newest
 * counts: where writing lags, older ones are left out.
 */
struct ack;

/**
 * ack_open(path):
 * Acknowledge to ${path}, a FIFO that somebody reads or a regular file that
 * is made or replaced; NULL means standard output.  Return NULL after a
 * report; ${temporary} is then set nonzero if it may work later.
 */
struct ack * ack_open(const char * path, int * temporary);

/**
 * ack_put(a, value, n):
 * Everything up to the STATE with this ${value}, JSON, is safe.  Return 0,
 * or -1 after a report.
 */
int ack_put(struct ack * a, const char * value, size_t n);

/**
 * ack_flush(a):
 * Write what is held back, as far as it is possible without waiting.  Return
 * 0, or -1 after a report.
 */
int ack_flush(struct ack * a);

/**
 * ack_close(a):
 * Write what is held back, wait for it to be taken, close, release ${a}.
 * Return 0 only if the newest position is where it belongs.
 */
int ack_close(struct ack * a);

#endif /* !ACK_H_ */
