#ifndef CALLER_H_
#define CALLER_H_

#include "../common/buf.h"

#include "access.h"
#include "address.h"

/*
 * One request after the other to a service that runs, with libcurl; for the
 * client, which may wait.
 */
struct caller;

/**
 * caller_new(addr, access):
 * Ask the service at ${addr}, with the first token of ${access}; both stay
 * the caller's.  Return NULL after a report.
 */
struct caller * caller_new(const struct address * addr,
    const struct access * access);
void caller_free(struct caller * c);

/**
 * caller_ask(c, method, path, body):
 * Send a request; ${body} NULL is none, else JSON.  Return the status of the
 * answer, or -1 after a report.
 */
long caller_ask(struct caller * c, const char * method, const char * path,
    const char * body);

/* The body of the last answer. */
const struct buf * caller_answer(const struct caller * c);

#endif /* !CALLER_H_ */
