#ifndef DISCOVER_H_
#define DISCOVER_H_

#include <sys/types.h>

#include "child.h"
#include "health.h"
#include "loop.h"

/*
 * Which tables there are, when no setting names them: asked of
 * `extract --discover`, which prints a Singer catalog.
 */
struct discover;

/**
 * The answer: ${n} names, which last for the call, or 0 with ${error} saying
 * why there are none.  The asking may be freed in here.
 */
typedef void discover_fn(void * cookie, const char * const * names, size_t n,
    const char * error, struct mono now);

/* Ask.  Return NULL after a report if that isn't possible. */
struct discover * discover_start(struct loop * lp,
    const struct health_options * opt, discover_fn * fn, void * cookie);
void discover_free(struct discover * d);

/* As pipeline_reaped() and pipeline_before_reap(). */
int discover_reaped(struct discover * d, pid_t pid,
    const struct child_end * end, struct mono now);
void discover_before_reap(struct discover * d, pid_t pid);

/**
 * discover_parse(p, n, names, count):
 * The tables of a catalog that have a key and a change column, in an array
 * to be freed with its texts by discover_free_names().  Return 0, or -1 if
 * it is no catalog.  Pure.
 */
int discover_parse(const char * p, size_t n, char *** names,
    size_t * count);
void discover_free_names(char ** names, size_t count);

#endif /* !DISCOVER_H_ */
