#ifndef STOP_H_
#define STOP_H_

#include <stdint.h>

/**
 * stop_on_signals(void):
 * From now on SIGTERM and SIGINT ask the program to end at its next clean
 * point.  System calls are interrupted (no SA_RESTART).  A second SIGINT
 * kills: its handler is reset by the first.
 */
void stop_on_signals(void);

/* Nonzero once the program was asked to end. */
int stop_asked(void);

/**
 * stop_sleep(us):
 * Sleep for ${us} microseconds on the monotonic clock, or until the program
 * is asked to end.  Return nonzero if it was.
 */
int stop_sleep(uint64_t us);

/* Microseconds on the monotonic clock. */
uint64_t stop_clock(void);

#endif /* !STOP_H_ */
