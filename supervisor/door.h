#ifndef DOOR_H_
#define DOOR_H_

#include <stdint.h>
#include <sys/types.h>

#include "address.h"
#include "loop.h"

/*
 * The door of the HTTP server: it accepts connections, counts them, waits for
 * the head of the request without taking it out of the socket, refuses what
 * is malformed, too long, too slow or too many, and lets the rest in.  Each
 * is shown out when its time is over.
 */
struct door;
struct visitor;

#define DOOR_MAX	64		/* connections */
#define DOOR_MAX_EACH	8		/* from one address or user */
#define DOOR_IDLE_US	(5 * SECOND_US)	/* without a byte */
#define DOOR_TOTAL_US	(10 * SECOND_US)	/* in all */

/* Serve the visitor: the head of its request waits in its socket, which is
 * the callee's to close from now on.  Return 0, or -1: it was closed. */
typedef int door_fn(void * cookie, struct visitor * v, int fd);

/* A refusal was sent: its status, or 0 for a connection that said nothing. */
typedef void door_refused_fn(void * cookie, unsigned status);

struct door * door_new(struct loop * lp, door_fn * enter,
    door_refused_fn * refused, void * cookie);

/**
 * door_listen(d, a):
 * Listen at ${a}, and no longer where it was.  Return 0, or -1 after a
 * report: then nothing has changed.
 */
int door_listen(struct door * d, const struct address * a);
void door_free(struct door * d);

unsigned door_visitors(const struct door * d);

/* Whether the visitor came by the Unix socket, and its user there. */
int visitor_is_local(const struct visitor * v);
uid_t visitor_uid(const struct visitor * v);

/* Its address as text, and what it came by. */
const char * visitor_from(const struct visitor * v);
const struct sockaddr_storage * visitor_address(const struct visitor * v,
    socklen_t * len);

/* A part of its request's body has come. */
void visitor_heard(struct visitor * v, struct mono now);

/* Its answer has begun: from now on nothing may be said in between. */
void visitor_answered(struct visitor * v);

/* Its socket was closed. */
void visitor_left(struct visitor * v);

#endif /* !DOOR_H_ */
