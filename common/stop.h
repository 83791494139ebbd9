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

/**
 * stop_wait(fd, events):
 * Wait until ${fd} is ready for ${events} (poll(2)'s), or the program is
 * asked to end, with no gap in which the request could be overlooked.
 * Return nonzero if it was asked.
 */
int stop_wait(int fd, short events);

/* Microseconds on the monotonic clock. */
uint64_t stop_clock(void);

#endif /* !STOP_H_ */
