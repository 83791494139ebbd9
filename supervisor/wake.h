#ifndef WAKE_H_
#define WAKE_H_

#include "loop.h"

/*
 * Signals as bytes: the handler writes the signal's number to a pipe, and
 * the rest happens in the loop.  Caught are SIGTERM, SIGINT, SIGHUP and
 * SIGCHLD; SIGPIPE is ignored.
 */
struct wake;

typedef void wake_fn(void * cookie, int sig, struct mono now);

/**
 * wake_open(lp, fn, cookie):
 * From now on call ${fn} from ${lp} for each kind of signal that has come.
 * Several of a kind may come as one.  Only one may be open at a time.
 * Return NULL after a report.
 */
struct wake * wake_open(struct loop * lp, wake_fn * fn, void * cookie);
void wake_close(struct wake * w);

#endif /* !WAKE_H_ */
