#include <microhttpd.h>

#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "../common/log.h"
#include "../common/mem.h"

#include "access.h"
#include "address.h"
#include "door.h"
#include "jsonw.h"

#include "http.h"

#define DRAIN_MAX	(4u << 20)	/* of a refused body, so that the
					 * client comes to read our answer */
#define MEMORY_MAX	(32u << 10)	/* of the library, per connection */

struct http {
	struct loop * lp;
	http_fn * fn;
	void * cookie;
	const char * const * open;
	struct access * access;
	struct door * door;
	struct visitor * entering;	/* during MHD_add_connection() */
	struct MHD_Daemon * mhd;
	struct loop_slot * slot;
	struct loop_timer * timer;
	struct http_counts counts;
};

/* A request, from its head to its answer. */
struct request {
	struct http_reply reply;	/* status 0: not refused so far */
	struct buf body;
	int challenge;			/* say how to authenticate */
	int may_steer;
	char who[64];
};

static void
count(struct http * h, unsigned status)
{

	if (status == 0 || status == 408)
		h->counts.slow++;
	if (status == 429)
		h->counts.flood++;
	if (status / 100 < 6)
		h->counts.status[status / 100]++;
}

void
http_error(struct http_reply * re, unsigned status, const char * code,
    const char * fmt, ...)
{
	struct jsonw w;
	char message[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(message, sizeof message, fmt, ap);
	va_end(ap);
	re->status = status;
	buf_clear(&re->body);
	jsonw_init(&w, &re->body);
	jsonw_object(&w, NULL);
	jsonw_text(&w, "code", code);
	jsonw_text(&w, "message", message);
	jsonw_end(&w);
	buf_putc(&re->body, '\n');
}

/*
 * The rules of a request, one after the other.  Each returns nonzero after
 * it has made the refusal.
 */

static const char *
header(struct MHD_Connection * mc, const char * name)
{

	return (MHD_lookup_connection_value(mc, MHD_HEADER_KIND, name));
}

/* Is it from a program, and not from a web page that means us harm? */
static int
refuse_site(struct http * h, struct MHD_Connection * mc, struct request * rq)
{
	const char * host = header(mc, "Host");
	const char * site = header(mc, "Sec-Fetch-Site");

	if (host == NULL || !access_host(h->access, host)) {
		http_error(&rq->reply, 403, "host_refused", "This server has "
		    "no such name; HTTP_HOSTS lists the names it answers to.");
		return (1);
	}
	if (!access_origin(host, header(mc, "Origin")) || (site != NULL &&
	    strcmp(site, "none") != 0 && strcmp(site, "same-origin") != 0)) {
		http_error(&rq->reply, 403, "origin_refused",
		    "Requests from other web pages are refused.");
		return (1);
	}
	return (0);
}

static int
is_open(const struct http * h, const char * path)
{
	const char * const * o;

	for (o = h->open; *o != NULL; o++) {
		if (strcmp(*o, path) == 0)
			return (1);
	}
	return (0);
}

/* Who is it? */
static int
refuse_caller(struct http * h, struct MHD_Connection * mc,
    struct request * rq, const struct visitor * v, const char * path)
{
	const char * name = NULL;

	rq->may_steer = 1;
	if (visitor_is_local(v)) {
		snprintf(rq->who, sizeof rq->who, "uid:%ju",
		    (uintmax_t)visitor_uid(v));
		return (0);
	}
	snprintf(rq->who, sizeof rq->who, "local");
	if (!access_has_token(h->access) || is_open(h, path))
		return (0);
	switch (access_check(h->access, header(mc, "Authorization"), &name)) {
	case ACCESS_STEER:
		break;
	case ACCESS_READ:
		rq->may_steer = 0;
		break;
	case ACCESS_NONE:
		rq->challenge = 1;
		http_error(&rq->reply, 401, "token_needed", "Send the header "
		    "Authorization: Bearer with a token of HTTP_TOKEN.");
		return (1);
	case ACCESS_WRONG:
		rq->challenge = 1;
		http_error(&rq->reply, 401, "token_refused",
		    "The token is not one of HTTP_TOKEN.");
		return (1);
	}
	snprintf(rq->who, sizeof rq->who, "token:%s", name);
	return (0);
}

static int
is_json(const char * type)
{
	size_t n = strcspn(type, "; \t");

	return (n == 16 && strncasecmp(type, "application/json", 16) == 0);
}

/*
 * A form of a web page can't send this type, and a script there can't send
 * it, or none with a body, without asking first.
 */
static int
refuse_body(struct MHD_Connection * mc, struct request * rq,
    const char * method, uint64_t length)
{
	const char * type = header(mc, "Content-Type");
	int changes = (strcmp(method, "POST") == 0 ||
	    strcmp(method, "PUT") == 0);

	if (length > HTTP_BODY_MAX) {
		http_error(&rq->reply, 413, "body_too_large",
		    "A body may have %u bytes.", HTTP_BODY_MAX);
		return (1);
	}
	if (length > 0 && !changes) {
		http_error(&rq->reply, 400, "bad_request",
		    "%s takes no body.", method);
		return (1);
	}
	if (changes && (type != NULL ? !is_json(type) : length > 0)) {
		http_error(&rq->reply, 415, "not_json",
		    "Send the body with Content-Type: application/json.");
		return (1);
	}
	return (0);
}

static int
refuse_query(struct MHD_Connection * mc, struct request * rq)
{

	if (MHD_get_connection_values(mc, MHD_GET_ARGUMENT_KIND, NULL, NULL) ==
	    0)
		return (0);
	http_error(&rq->reply, 400, "bad_request",
	    "No address here takes a query (?...).");
	return (1);
}

/* Send the answer. */
static enum MHD_Result
send_reply(struct http * h, struct MHD_Connection * mc, struct request * rq,
    struct visitor * v)
{
	struct http_reply * re = &rq->reply;
	struct MHD_Response * r;
	enum MHD_Result rc;

	if (re->status == 0)
		re->status = 200;
	r = MHD_create_response_from_buffer(re->body.n, re->body.p,
	    MHD_RESPMEM_MUST_FREE);
	if (r == NULL)
		return (MHD_NO);
	re->body = (struct buf) { NULL, 0, 0 };
	MHD_add_response_header(r, "Content-Type",
	    re->type != NULL ? re->type : "application/json");
	MHD_add_response_header(r, "Connection", "close");
	MHD_add_response_header(r, "Cache-Control", "no-store");
	MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
	if (re->allow != NULL)
		MHD_add_response_header(r, "Allow", re->allow);
	if (rq->challenge)
		MHD_add_response_header(r, "WWW-Authenticate",
		    "Bearer realm=\"millrace\"");
	visitor_answered(v);
	rc = MHD_queue_response(mc, re->status, r);
	MHD_destroy_response(r);
	count(h, re->status);
	return (rc);
}

/* The head is here: judge it. */
static enum MHD_Result
on_head(struct http * h, struct MHD_Connection * mc, struct visitor * v,
    const char * path, const char * method, void ** ctx)
{
	struct request * rq = mem_new(1, sizeof *rq);
	const char * text = header(mc, "Content-Length");
	uint64_t length = 0;

	*ctx = rq;
	if (text != NULL)
		length = strtoull(text, NULL, 10);
	if (!refuse_site(h, mc, rq) && !refuse_caller(h, mc, rq, v, path) &&
	    !refuse_query(mc, rq))
		refuse_body(mc, rq, method, length);

	/* A refused body is read to its end, if that is near. */
	if (rq->reply.status != 0 && length > DRAIN_MAX)
		return (send_reply(h, mc, rq, v));
	return (MHD_YES);
}

/* Everything is here. */
static enum MHD_Result
on_request(struct http * h, struct MHD_Connection * mc, struct visitor * v,
    const char * path, const char * method, struct request * rq)
{
	struct http_request q = {
		.method = strcmp(method, "HEAD") == 0 ? "GET" : method,
		.path = path,
		.body = rq->body.p,
		.nbody = rq->body.n,
		.key = header(mc, "Idempotency-Key"),
		.who = rq->who,
		.from = visitor_from(v),
		.may_steer = rq->may_steer,
	};

	if (rq->reply.status == 0)
		h->fn(h->cookie, &q, &rq->reply, loop_now(h->lp));
	return (send_reply(h, mc, rq, v));
}

/* libmicrohttpd's: called with the head, with parts of the body, at the end. */
static enum MHD_Result
on_access(void * cookie, struct MHD_Connection * mc, const char * path,
    const char * method, const char * version, const char * part, size_t * n,
    void ** ctx)
{
	struct http * h = cookie;
	const union MHD_ConnectionInfo * info = MHD_get_connection_info(mc,
	    MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct visitor * v = info->socket_context;
	struct request * rq = *ctx;

	(void)version;
	if (rq == NULL)
		return (on_head(h, mc, v, path, method, ctx));
	if (*n == 0)
		return (on_request(h, mc, v, path, method, rq));
	if (rq->reply.status == 0)
		buf_put(&rq->body, part, *n);
	visitor_heard(v, loop_now(h->lp));
	*n = 0;
	return (MHD_YES);
}

static void
on_completed(void * cookie, struct MHD_Connection * mc, void ** ctx,
    enum MHD_RequestTerminationCode toe)
{
	struct http * h = cookie;
	struct request * rq = *ctx;

	(void)mc;
	if (rq == NULL)
		return;
	if (toe == MHD_REQUEST_TERMINATED_TIMEOUT_REACHED)
		h->counts.slow++;
	buf_free(&rq->reply.body);
	if (rq->body.p != NULL)
		explicit_bzero(rq->body.p, rq->body.n);
	buf_free(&rq->body);
	free(rq);
	*ctx = NULL;
}

static void
on_connection(void * cookie, struct MHD_Connection * mc, void ** ctx,
    enum MHD_ConnectionNotificationCode toe)
{
	struct http * h = cookie;

	(void)mc;
	if (toe == MHD_CONNECTION_NOTIFY_STARTED)
		*ctx = h->entering;
	else if (*ctx != NULL)
		visitor_left(*ctx);
}

/* The path stays as it came: who decodes it knows where its parts end. */
static size_t
keep_escapes(void * cookie, struct MHD_Connection * mc, char * s)
{

	(void)cookie;
	(void)mc;
	return (strlen(s));
}

static void __attribute__((format(printf, 2, 0)))
on_message(void * cookie, const char * fmt, va_list ap)
{
	char text[256];

	(void)cookie;
	vsnprintf(text, sizeof text, fmt, ap);
	text[strcspn(text, "\n")] = '\0';
	log_debug("http: %s", text);
}

/* Let the library work, and see when it wants to again. */
static void
run(struct http * h, struct mono now)
{
	MHD_UNSIGNED_LONG_LONG ms;

	MHD_run(h->mhd);
	if (MHD_get_timeout(h->mhd, &ms) == MHD_YES)
		loop_at(h->timer, mono_add(now, (int64_t)ms * 1000));
	else
		loop_at(h->timer, MONO_NEVER);
}

static void
on_ready(void * cookie, int fd, short revents, struct mono now)
{

	(void)fd;
	(void)revents;
	run(cookie, now);
}

static void
on_timer(void * cookie, struct mono now)
{

	run(cookie, now);
}

/* The door lets somebody in. */
static int
on_enter(void * cookie, struct visitor * v, int fd)
{
	struct http * h = cookie;
	const struct sockaddr_storage * sa;
	enum MHD_Result rc;
	socklen_t len;

	sa = visitor_address(v, &len);
	h->entering = v;
	rc = MHD_add_connection(h->mhd, fd, (const struct sockaddr *)sa, len);
	h->entering = NULL;

	/* It has closed the descriptor if it failed. */
	if (rc != MHD_YES)
		return (-1);
	loop_at(h->timer, loop_now(h->lp));
	return (0);
}

static void
on_refused(void * cookie, unsigned status)
{

	count(cookie, status);
}

static int
start_library(struct http * h)
{
	const union MHD_DaemonInfo * info;

	h->mhd = MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET |
	    MHD_USE_ERROR_LOG, 0, NULL, NULL, on_access, h,
	    MHD_OPTION_EXTERNAL_LOGGER, on_message, h,
	    /* It would close without a word: the door watches them. */
	    MHD_OPTION_CONNECTION_TIMEOUT,
	    (unsigned)(DOOR_TOTAL_US / SECOND_US * 2),
	    MHD_OPTION_CONNECTION_LIMIT, (unsigned)DOOR_MAX * 2,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY_MAX,
	    MHD_OPTION_STRICT_FOR_CLIENT, 1,
	    MHD_OPTION_NOTIFY_CONNECTION, on_connection, h,
	    MHD_OPTION_NOTIFY_COMPLETED, on_completed, h,
	    MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, h,
	    MHD_OPTION_END);
	if (h->mhd == NULL) {
		log_error("the HTTP library does not start");
		return (-1);
	}
	info = MHD_get_daemon_info(h->mhd, MHD_DAEMON_INFO_EPOLL_FD);
	h->slot = loop_watch(h->lp, "http library", info->epoll_fd, POLLIN,
	    on_ready, h);
	return (0);
}

/* Take over the settings.  Return 0, or -1 after a report. */
static int
configure(struct http * h, const struct http_setup * setup)
{
	struct access * access;
	struct address addr;

	if (address_parse(setup->address, &addr) == -1) {
		log_error("HTTP_ADDRESS: \"%s\" is not ADDRESS:PORT (in "
		    "digits, or localhost), unix:/PATH or off",
		    setup->address);
		return (-1);
	}
	if ((access = access_new(setup->tokens, setup->hosts,
	    setup->nhosts)) == NULL)
		return (-1);
	if (addr.kind == ADDRESS_TCP && !addr.loopback &&
	    !access_has_token(access)) {
		log_error("HTTP_ADDRESS: %s is reached from other machines: "
		    "that needs a token (HTTP_TOKEN_FILE), and a proxy with "
		    "TLS in front", setup->address);
		goto err0;
	}
	if (door_listen(h->door, &addr) == -1)
		goto err0;
	access_free(h->access);
	h->access = access;
	h->open = setup->open;
	return (0);

err0:
	access_free(access);
	return (-1);
}

struct http *
http_open(struct loop * lp, const struct http_setup * setup, http_fn * fn,
    void * cookie)
{
	struct http * h = mem_new(1, sizeof *h);

	h->lp = lp;
	h->fn = fn;
	h->cookie = cookie;
	h->timer = loop_timer(lp, "http library", on_timer, h);
	if ((h->door = door_new(lp, on_enter, on_refused, h)) == NULL ||
	    start_library(h) == -1 || configure(h, setup) == -1) {
		http_free(h);
		return (NULL);
	}
	return (h);
}

int
http_reload(struct http * h, const struct http_setup * setup)
{

	return (configure(h, setup));
}

void
http_free(struct http * h)
{

	if (h == NULL)
		return;
	loop_unwatch(h->slot);
	loop_timer_free(h->timer);
	if (h->mhd != NULL)
		MHD_stop_daemon(h->mhd);
	door_free(h->door);
	access_free(h->access);
	free(h);
}

void
http_counts(const struct http * h, struct http_counts * c)
{

	*c = h->counts;
	c->open = door_visitors(h->door);
}
