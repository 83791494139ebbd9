#ifndef API_H_
#define API_H_

#include "audit.h"
#include "http.h"
#include "metrics.h"
#include "service.h"

/*
 * The addresses of the API, and what of the service each of them asks for or
 * steers.  openapi.json describes them for programs.
 */
struct api;

/**
 * api_new(sv, metrics, audit):
 * All three stay the caller's.
 */
struct api * api_new(struct service * sv, struct metrics * metrics,
    struct audit * audit);
void api_free(struct api * a);

/* The server whose counts the metrics show. */
void api_set_http(struct api * a, const struct http * h);

/* An http_fn; the struct api is the cookie. */
void api_answer(void * a, const struct http_request * rq,
    struct http_reply * re, struct mono now);

/* The addresses that need no token: they tell nothing. */
extern const char * const api_open_paths[];

/**
 * api_decode(p, n, dst):
 * Append the ${n} bytes ${p} of a path, percent-decoded, to ${dst}.  Return
 * 0, or -1 if they are not the text of a name.  Pure.
 */
int api_decode(const char * p, size_t n, struct buf * dst);

/**
 * api_minutes(body, n, us, why):
 * Read {"minutes":15}; null is 0, which means the setting.  Return 0, or the
 * status of the refusal with its code in ${code} and a sentence in ${why}.
 * Pure.
 */
unsigned api_minutes(const char * body, size_t n, int64_t * us,
    const char ** code, const char ** why);

#endif /* !API_H_ */
