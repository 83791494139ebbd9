#ifndef FRONT_H_
#define FRONT_H_

#include "loop.h"
#include "service.h"

/*
 * What the service shows of itself: the HTTP API, the metrics, the alerts
 * and the audit file, put together from their modules.  It follows the
 * settings when they are read again.
 */
struct front;

/**
 * front_open(lp, sv, state_fd, once):
 * ${state_fd} is the state directory, where the audit file lies.  With
 * ${once} there is nobody to ask, and no HTTP.  Return NULL after a report.
 */
struct front * front_open(struct loop * lp, struct service * sv,
    int state_fd, int once);

/**
 * front_finish(f):
 * The service has ended: write down what is to last, and let the alerts
 * arrive, as far as they do soon.
 */
void front_finish(struct front * f);

/* After the service is released, which may still tell; NULL is harmless. */
void front_free(struct front * f);

#endif /* !FRONT_H_ */
