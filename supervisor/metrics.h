#ifndef METRICS_H_
#define METRICS_H_

#include "../common/buf.h"

#include "event.h"
#include "http.h"
#include "report.h"

/*
 * The figures for Prometheus.  Most stand in the views of the service; what
 * only events tell (how long changes took to arrive, how long runs took, how
 * often stages failed) is counted here.
 */
struct metrics;

struct metrics * metrics_new(void);
void metrics_free(struct metrics * m);

/* An event_fn for service_listen(); ${m} is the cookie. */
void metrics_event(void * m, const struct event * ev);

/**
 * metrics_put(m, r, http, b):
 * Append all figures in the text format 0.0.4.  ${http} may be NULL.
 */
void metrics_put(const struct metrics * m, const struct report * r,
    const struct http_counts * http, struct buf * b);

#define METRICS_TYPE	"text/plain; version=0.0.4; charset=utf-8"

#endif /* !METRICS_H_ */
