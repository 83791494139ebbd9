#ifndef WEBHOOK_H_
#define WEBHOOK_H_

#include "../common/buf.h"

#include "loop.h"

/*
 * Carries alerts to ALERT_WEBHOOK_URL: libcurl inside the loop, one POST of
 * JSON after the other, tried again after 1, 5 and 25 s when the other side
 * doesn't answer or says 5xx or 429.  Redirections are not followed.  The
 * address may hold a secret, so it is never logged.
 */
struct webhook;

#define WEBHOOK_QUEUE	64		/* notes that wait; more are dropped */
#define WEBHOOK_TRIES	4

/* Return NULL after a report: it is no http or https address. */
struct webhook * webhook_new(struct loop * lp, const char * url);

/* What waits is lost.  NULL is harmless. */
void webhook_free(struct webhook * w);

/* Nonzero while notes are on their way; NULL is harmless. */
int webhook_busy(const struct webhook * w);

/* Take a note, of which ${json} is the text, copied. */
void webhook_send(struct webhook * w, const struct buf * json);

#endif /* !WEBHOOK_H_ */
