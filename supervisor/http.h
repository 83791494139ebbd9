#ifndef HTTP_H_
#define HTTP_H_

#include <stddef.h>
#include <stdint.h>

#include "../common/buf.h"

#include "loop.h"

/*
 * The HTTP server inside the loop, without threads: libmicrohttpd behind a
 * door of our own.  The door accepts, counts, and looks at the bytes of a
 * request's head (httphead.h) before the library may read them; the library
 * reads the body and writes the answer; and what an answer says is the
 * handler's affair.  One request to a connection, and nobody may be slow:
 *
 *	64 connections, 8 from one address		429
 *	a head of 8 KiB, of 64 fields			431
 *	a body of 64 KiB				413
 *	5 s without a byte, 10 s in all			408
 *	Host, Origin, Authorization, Content-Type	403 401 415
 *
 * This is the only file that includes microhttpd.h.
 */
struct http;

#define HTTP_BODY_MAX	(64u << 10)

struct http_request {
	const char * method;	/* "GET", also for HEAD */
	const char * path;	/* as it came, percent-encoded, no query */
	const char * body;
	size_t nbody;
	const char * key;	/* of Idempotency-Key, or NULL */
	const char * who;	/* "uid:1000", "token:NAME", "local" */
	const char * from;	/* "127.0.0.1:40312", "unix" */
	int may_steer;
};

struct http_reply {
	unsigned status;	/* 200 unless set */
	const char * type;	/* JSON unless set; a constant */
	const char * allow;	/* of 405: "GET, HEAD" */
	struct buf body;
};

typedef void http_fn(void * cookie, const struct http_request * rq,
    struct http_reply * re, struct mono now);

/**
 * http_error(re, status, code, fmt, ...):
 * Make ${re} {"code":"...","message":"..."}.
 */
void http_error(struct http_reply * re, unsigned status, const char * code,
    const char * fmt, ...) __attribute__((format(printf, 4, 5)));

struct http_setup {
	const char * address;		/* HTTP_ADDRESS */
	const char * tokens;		/* HTTP_TOKEN, or NULL */
	const char * const * hosts;	/* HTTP_HOSTS */
	size_t nhosts;
	const char * const * open;	/* paths that need no token; NULL ends */
};

/**
 * http_open(lp, setup, fn, cookie):
 * Listen, and answer requests by ${fn}.  Return NULL after a report.
 */
struct http * http_open(struct loop * lp, const struct http_setup * setup,
    http_fn * fn, void * cookie);

/**
 * http_reload(h, setup):
 * Take over other settings; connections that are open go on.  Return 0, or
 * -1 after a report: then the old ones hold.
 */
int http_reload(struct http * h, const struct http_setup * setup);

/* Close everything; NULL is harmless. */
void http_free(struct http * h);

/* What there was, for the metrics. */
struct http_counts {
	uint64_t status[6];	/* answers by hundreds: status[4] is 4xx */
	uint64_t flood;		/* of these, 429 */
	uint64_t slow;		/* 408 and connections that said nothing */
	unsigned open;
};
void http_counts(const struct http * h, struct http_counts * c);

#endif /* !HTTP_H_ */
