#include <stdlib.h>
#include <string.h>

#include "../common/json.h"
#include "../common/mem.h"

#include "jsonw.h"
#include "recall.h"
#include "report.h"

#include "api.h"

struct api {
	struct service * sv;
	struct metrics * metrics;
	struct audit * audit;
	struct recall * recall;
	const struct http * http;
	struct report report;
};

/* A request on its way through the functions below. */
struct call {
	struct api * a;
	const struct http_request * rq;
	struct http_reply * re;
	const char * table;	/* of the path, decoded; or NULL */
	struct mono now;
};

struct api *
api_new(struct service * sv, struct metrics * metrics, struct audit * audit)
{
	struct api * a = mem_new(1, sizeof *a);

	a->sv = sv;
	a->metrics = metrics;
	a->audit = audit;
	a->recall = recall_new();
	return (a);
}

void
api_free(struct api * a)
{

	if (a == NULL)
		return;
	recall_free(a->recall);
	report_clear(&a->report);
	free(a);
}

void
api_set_http(struct api * a, const struct http * h)
{

	a->http = h;
}

/*
 * Looking.
 */

static const struct report *
look(struct api * a, struct mono now)
{

	report_look(&a->report, a->sv, now);
	return (&a->report);
}

static void
get_status(const struct call * c)
{

	report_status(look(c->a, c->now), &c->re->body);
}

static void
get_health(const struct call * c)
{

	report_health(look(c->a, c->now), &c->re->body);
}

static void
get_tables(const struct call * c)
{

	report_tables(look(c->a, c->now), &c->re->body);
}

static void
get_verify(const struct call * c)
{

	report_verify(look(c->a, c->now), &c->re->body);
}

static void
no_table(const struct call * c)
{

	http_error(c->re, 404, "no_such_table",
	    "No table called %s is synchronised.", c->table);
}

static void
get_table(const struct call * c)
{
	struct table_view v;
	int i = service_find(c->a->sv, c->table);

	if (i == -1) {
		no_table(c);
		return;
	}
	service_table(c->a->sv, (size_t)i, &v, c->now);
	if (v.gone) {
		no_table(c);
		return;
	}
	report_table(&v, &c->re->body);
}

static void
get_metrics(const struct call * c)
{
	struct http_counts counts;

	if (c->a->http != NULL)
		http_counts(c->a->http, &counts);
	metrics_put(c->a->metrics, look(c->a, c->now),
	    c->a->http != NULL ? &counts : NULL, &c->re->body);
	c->re->type = METRICS_TYPE;
}

static void
get_alive(const struct call * c)
{

	buf_puts(&c->re->body, "{\"status\":\"ok\"}\n");
}

static void
get_ready(const struct call * c)
{
	struct service_view v;

	service_view(c->a->sv, &v, c->now);
	if (v.ready && !v.stopping)
		buf_puts(&c->re->body, "{\"status\":\"ready\"}\n");
	else
		http_error(c->re, 503, "not_ready", v.stopping ?
		    "The supervisor is stopping." :
		    "The start-up is not complete.");
}

/*
 * Steering.
 */

static void
audit(const struct call * c, const char * action, const char * detail,
    const char * result)
{

	audit_put(c->a->audit, &(struct audit_entry) { c->rq->who,
	    c->rq->from, action, c->table, detail, result });
}

static unsigned
steer_status(enum steer s)
{

	switch (s) {
	case STEER_DONE:
	case STEER_ALREADY:
		return (200);
	case STEER_QUEUED:
		return (202);
	case STEER_NO_TABLE:
	case STEER_NO_STAGE:
		return (404);
	case STEER_PAUSED:
	case STEER_EARLY:
		return (409);
	case STEER_STOPPING:
		return (503);
	case STEER_BAD_VALUE:
		return (400);
	case STEER_NOT_SAVED:
		break;
	}
	return (500);
}

/* Answer what the service said to ${action}, and note it. */
static void
steered(const struct call * c, const char * action, const char * detail,
    enum steer s)
{
	struct jsonw w;
	unsigned status = steer_status(s);

	audit(c, action, detail, steer_name(s));
	if (s == STEER_NO_TABLE)
		no_table(c);
	else if (status >= 400)
		http_error(c->re, status, steer_name(s), "%s",
		    steer_text(action, s));
	else {
		c->re->status = status;
		jsonw_init(&w, &c->re->body);
		jsonw_object(&w, NULL);
		jsonw_text(&w, "action", action);
		jsonw_text(&w, "table", c->table);
		jsonw_text(&w, "result", steer_name(s));
		jsonw_text(&w, "message", steer_text(action, s));
		jsonw_end(&w);
		buf_putc(&c->re->body, '\n');
	}
}

/*
 * Read the body, where an empty one stands for {}.  Return it, or NULL after
 * a refusal.
 */
static struct json *
read_body(const struct call * c)
{
	struct json_error err;
	struct json * doc;

	if (c->rq->nbody == 0)
		return (json_parse("{}", 2, NULL));
	if ((doc = json_parse(c->rq->body, c->rq->nbody, &err)) == NULL) {
		http_error(c->re, 400, "bad_json", "The body is no JSON: "
		    "line %u, column %u: %s.", err.line, err.column, err.what);
		return (NULL);
	}
	if (json_kind(json_root(doc)) == JSON_OBJECT)
		return (doc);
	http_error(c->re, 400, "bad_value", "The body is no object.");
	json_free(doc);
	return (NULL);
}

/* Refuse a body that says anything.  Return nonzero if it was refused. */
static int
refuse_any(const struct call * c)
{
	struct json * doc;
	size_t n;

	if ((doc = read_body(c)) == NULL)
		return (1);
	n = json_count(json_root(doc));
	json_free(doc);
	if (n == 0)
		return (0);
	http_error(c->re, 400, "bad_value", "Nothing is to be said here: "
	    "send no body, or {}.");
	return (1);
}

static void
post_trigger(const struct call * c)
{

	if (!refuse_any(c))
		steered(c, "trigger", NULL,
		    service_trigger(c->a->sv, c->table, c->now));
}

static void
post_verify(const struct call * c)
{

	if (!refuse_any(c))
		steered(c, "verify", NULL,
		    service_verify(c->a->sv, c->table, c->now));
}

static void
post_pause(const struct call * c)
{

	if (!refuse_any(c))
		steered(c, "pause", NULL,
		    service_pause(c->a->sv, c->table, c->now));
}

static void
post_resume(const struct call * c)
{

	if (!refuse_any(c))
		steered(c, "resume", NULL,
		    service_resume(c->a->sv, c->table, c->now));
}

static void
post_reload(const struct call * c)
{

	struct service_view v;

	if (refuse_any(c))
		return;
	service_view(c->a->sv, &v, c->now);
	if (v.stopping)
		steered(c, "reload", NULL, STEER_STOPPING);
	else if (service_reload(c->a->sv, c->now) == 0)
		steered(c, "reload", NULL, STEER_DONE);
	else {
		audit(c, "reload", NULL, "refused");
		http_error(c->re, 400, "bad_settings", "The settings are bad; "
		    "the log says which. The old ones hold.");
	}
}

/* {"stage":"transform"}, or nothing for all of them. */
static void
post_restart(const struct call * c)
{
	const struct json_node * root, * stage;
	struct json * doc;
	const char * text;
	size_t n;

	if ((doc = read_body(c)) == NULL)
		return;
	root = json_root(doc);
	stage = json_get(root, "stage");
	text = json_text(stage, &n);
	if (json_count(root) != (size_t)(stage != NULL) ||
	    (stage != NULL && (text == NULL || strlen(text) != n)))
		http_error(c->re, 400, "bad_value", "Send "
		    "{\"stage\":\"transform\"}, or nothing for all stages.");
	else
		steered(c, "restart", text,
		    service_restart(c->a->sv, c->table, text, c->now));
	json_free(doc);
}

static void
put_interval(const struct call * c)
{
	struct buf detail = { NULL, 0, 0 };
	const char * code, * why;
	unsigned status;
	int64_t us;

	status = api_minutes(c->rq->body, c->rq->nbody, &us, &code, &why);
	if (status != 0) {
		http_error(c->re, status, code, "%s", why);
		return;
	}
	if (us == 0)
		buf_puts(&detail, "as the settings say");
	else {
		jsonw_put_fraction(&detail, us, MINUTE_US);
		buf_puts(&detail, " minutes");
	}
	steered(c, "interval", buf_text(&detail),
	    service_interval(c->a->sv, c->table, us, c->now));
	buf_free(&detail);
}

/*
 * The addresses.
 */

static const struct route {
	const char * method;
	const char * path;	/* a '*' is the name of a table */
	void (*fn)(const struct call * c);
} routes[] = {
	{ "GET", "/sync/status", get_status },
	{ "GET", "/sync/health", get_health },
	{ "GET", "/sync/tables", get_tables },
	{ "GET", "/sync/tables/*", get_table },
	{ "GET", "/sync/verify", get_verify },
	{ "GET", "/metrics", get_metrics },
	{ "GET", "/healthz", get_alive },
	{ "GET", "/readyz", get_ready },
	{ "POST", "/sync/trigger", post_trigger },
	{ "POST", "/sync/verify", post_verify },
	{ "POST", "/sync/pause", post_pause },
	{ "POST", "/sync/resume", post_resume },
	{ "POST", "/sync/restart", post_restart },
	{ "POST", "/sync/reload", post_reload },
	{ "PUT", "/sync/interval", put_interval },
	{ "POST", "/sync/tables/*/trigger", post_trigger },
	{ "POST", "/sync/tables/*/verify", post_verify },
	{ "POST", "/sync/tables/*/pause", post_pause },
	{ "POST", "/sync/tables/*/resume", post_resume },
	{ "POST", "/sync/tables/*/restart", post_restart },
	{ "PUT", "/sync/tables/*/interval", put_interval },
};
#define ROUTES	(sizeof routes / sizeof routes[0])

const char * const api_open_paths[] = { "/healthz", "/readyz", NULL };

/*
 * Does ${path} have the shape of ${pattern}?  Point ${name} to what the '*'
 * stands for, of ${n} bytes.
 */
static int
matches(const char * pattern, const char * path, const char ** name,
    size_t * n)
{
	const char * star = strchr(pattern, '*');
	size_t lead;

	*name = NULL;
	if (star == NULL)
		return (strcmp(pattern, path) == 0);
	lead = (size_t)(star - pattern);
	if (strncmp(pattern, path, lead) != 0)
		return (0);
	*name = path + lead;
	*n = strcspn(*name, "/");
	return (*n > 0 && strcmp(star + 1, *name + *n) == 0);
}

/*
 * Find the route.  Return it with the name in its path; or NULL after a
 * refusal.
 */
static const struct route *
find_route(const struct http_request * rq, struct http_reply * re,
    const char ** name, size_t * n)
{
	const char * allow = NULL;
	size_t i;

	for (i = 0; i < ROUTES; i++) {
		if (!matches(routes[i].path, rq->path, name, n))
			continue;
		if (strcmp(routes[i].method, rq->method) == 0)
			return (&routes[i]);

		if (allow != NULL)
			allow = "GET, HEAD, POST";
		else
			allow = routes[i].method[0] == 'G' ? "GET, HEAD" :
			    routes[i].method;
	}
	if (allow == NULL)
		http_error(re, 404, "not_found",
		    "There is nothing at this address.");
	else {
		http_error(re, 405, "wrong_method",
		    "This address takes %s.", allow);
		re->allow = allow;
	}
	return (NULL);
}

/* What makes two requests the same, for an idempotency key. */
static char *
describe(const struct http_request * rq, struct buf * b)
{

	buf_printf(b, "%s %s %s\n", rq->who, rq->method, rq->path);
	buf_put(b, rq->body, rq->nbody);
	return (buf_text(b));
}

/* Steer, or say again what was said before. */
static void
steer(const struct call * c, const struct route * r)
{
	const char * key = c->rq->key;
	struct buf what = { NULL, 0, 0 };

	if (key == NULL) {
		r->fn(c);
		return;
	}
	if (*key == '\0' || strlen(key) > RECALL_KEY_MAX) {
		http_error(c->re, 400, "bad_value", "An Idempotency-Key has 1 "
		    "to %d bytes.", RECALL_KEY_MAX);
		return;
	}
	switch (recall_find(c->a->recall, key, describe(c->rq, &what), c->now,
	    &c->re->status, &c->re->body)) {
	case RECALL_NEW:
		r->fn(c);
		if (c->re->status < 500)
			recall_put(c->a->recall, key, buf_text(&what), c->now,
			    c->re->status, &c->re->body);
		break;
	case RECALL_KNOWN:
		break;
	case RECALL_OTHER:
		http_error(c->re, 409, "key_reused", "This Idempotency-Key "
		    "was sent with another request.");
	}
	buf_free(&what);
}

void
api_answer(void * cookie, const struct http_request * rq,
    struct http_reply * re, struct mono now)
{
	struct call c = { cookie, rq, re, NULL, now };
	struct buf table = { NULL, 0, 0 };
	const struct route * r;
	const char * name;
	size_t n = 0;

	if ((r = find_route(rq, re, &name, &n)) == NULL)
		return;
	if (name != NULL) {
		if (api_decode(name, n, &table) == -1) {
			http_error(re, 400, "bad_request", "The name in the "
			    "path is not percent-encoded UTF-8.");
			goto done;
		}
		c.table = buf_text(&table);
	}
	if (r->method[0] == 'G')
		r->fn(&c);
	else if (rq->may_steer)
		steer(&c, r);
	else {
		audit(&c, strrchr(r->path, '/') + 1, NULL, "refused");
		http_error(re, 403, "read_only",
		    "This token may look, but not steer.");
	}
done:
	buf_free(&table);
}
