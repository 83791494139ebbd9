#ifndef RECALL_H_
#define RECALL_H_

#include <stddef.h>

#include "../common/buf.h"

#include "clock.h"

/*
 * Answers by idempotency key: a request that is sent again, because its
 * answer got lost on the way, is answered again and not done again.  The last
 * RECALL_MAX are kept, for RECALL_US.  Pure.
 */
struct recall;

#define RECALL_MAX	64
#define RECALL_US	(10 * MINUTE_US)
#define RECALL_KEY_MAX	128

enum recall_result {
	RECALL_NEW,
	RECALL_KNOWN,		/* status and body were stored */
	RECALL_OTHER		/* the key was for another request */
};

struct recall * recall_new(void);
void recall_free(struct recall * r);

/**
 * recall_find(r, key, what, now, status, body):
 * Look for ${key}, of the request that the text ${what} describes.  A known
 * answer is stored in ${status} and appended to ${body}.
 */
enum recall_result recall_find(const struct recall * r, const char * key,
    const char * what, struct mono now, unsigned * status,
    struct buf * body);

/* Keep an answer. */
void recall_put(struct recall * r, const char * key, const char * what,
    struct mono now, unsigned status, const struct buf * body);

#endif /* !RECALL_H_ */
