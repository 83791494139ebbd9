#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/log.h"
#include "../common/mem.h"
#include "../common/timestamp.h"

#include "alert.h"
#include "api.h"
#include "audit.h"
#include "config.h"
#include "courier.h"
#include "http.h"
#include "metrics.h"
#include "report.h"
#include "statefile.h"
#include "webhook.h"

#include "front.h"

#define AUDIT_NAME	"audit.jsonl"
#define TICK_US		SECOND_US
#define FINISH_US	(3 * SECOND_US)		/* for alerts to arrive */
#define FINISH_ONCE_US	(30 * SECOND_US)	/* when nobody waits for us */
#define FINISH_TICK_US	(SECOND_US / 20)
#define USUAL_NAME	"usual"
#define USUAL_FORMAT	"millrace-usual 1"
#define USUAL_US	(60 * SECOND_US)	/* written no oftener */

struct front {
	struct loop * lp;
	struct service * sv;
	struct metrics * metrics;
	struct audit * audit;
	struct api * api;
	struct http * http;
	struct alert * alert;
	struct courier * courier;	/* or NULL */
	struct webhook * webhook;	/* or NULL */
	struct loop_timer * tick;
	struct mono finish;		/* or never */
	struct report report;
	int state_fd;
	int once;
	int usual_changed;
	struct mono usual_at;		/* when the file may be written */
	char * command, * url, * tokens;	/* as they hold now */
	char host[HOST_NAME_MAX + 1];
};

/*
 * Alerts.
 */

static void
on_note(void * cookie, const struct alert_note * n)
{
	struct front * f = cookie;
	struct buf json = { NULL, 0, 0 };

	log_event(n->severity, LOG_FIELDS(LOG_TEXT("operation", "alert"),
	    LOG_TEXT("alert", alert_kind_name(n->kind)),
	    LOG_TEXT("state", alert_turn_name(n->turn)),
	    LOG_TEXT("table", n->subject), LOG_TEXT("run", n->run),
	    LOG_INT("count", n->count)), "%s: %s", alert_turn_name(n->turn),
	    n->message);
	alert_put_json(n, f->host, timestamp_now(), &json);
	if (f->courier != NULL)
		courier_send(f->courier, n, f->host, &json);
	if (f->webhook != NULL)
		webhook_send(f->webhook, &json);
	buf_free(&json);
}

static struct alert_limits
limits_of(const struct settings * s)
{

	return ((struct alert_limits) {
		(int64_t)settings_uint(s, "ALERT_REPEAT_MINUTES") * MINUTE_US,
		(int64_t)settings_uint(s, "ALERT_HOLD_SECONDS") * SECOND_US,
		(int64_t)settings_uint(s, "ALERT_LAG_MINUTES") * MINUTE_US,
		(unsigned)settings_uint(s, "ALERT_REJECT_PERCENT"),
		(unsigned)settings_uint(s, "ALERT_ROWS_FACTOR") });
}

static int
same(const char * a, const char * b)
{

	return (a == b || (a != NULL && b != NULL && strcmp(a, b) == 0));
}

/* Where alerts go.  What can't be used leaves things as they are. */
static int
set_receivers(struct front * f, const struct settings * s)
{
	const char * command = settings_text(s, "ALERT_COMMAND");
	const char * url = settings_text(s, "ALERT_WEBHOOK_URL");
	struct courier * courier = NULL;
	struct webhook * webhook = NULL;
	const char * path = getenv("PATH");

	if (path == NULL)
		path = "/usr/local/bin:/usr/bin:/bin";
	if (command != NULL && !same(command, f->command) &&
	    (courier = courier_new(f->lp, command, path)) == NULL)
		return (-1);
	if (url != NULL && !same(url, f->url) &&
	    (webhook = webhook_new(f->lp, url)) == NULL) {
		courier_free(courier);
		return (-1);
	}
	if (!same(command, f->command)) {
		courier_free(f->courier);
		f->courier = courier;
		free(f->command);
		f->command = mem_dup(command);
	}

	/* The environment gives up a secret only once: see take_tokens(). */
	if (webhook != NULL) {
		webhook_free(f->webhook);
		f->webhook = webhook;
		free(f->url);
		f->url = mem_dup(url);
	}
	return (0);
}

/*
 * Settings.
 */

/*
 * A token that has gone from the settings still holds: those that came by
 * the environment were removed from it when they were read, and an API that
 * falls open by mistake is worse than one that needs a restart to.
 */
static void
take_tokens(struct front * f, const struct settings * s)
{
	const char * tokens = settings_text(s, "HTTP_TOKEN");

	if (tokens == NULL)
		return;
	if (f->tokens != NULL)
		explicit_bzero(f->tokens, strlen(f->tokens));
	free(f->tokens);
	f->tokens = mem_dup(tokens);
}

static struct http_setup
setup_of(struct front * f, const struct settings * s)
{
	struct http_setup setup = { .address = settings_text(s,
	    "HTTP_ADDRESS"), .open = api_open_paths };

	take_tokens(f, s);
	setup.tokens = f->tokens;
	setup.hosts = settings_list(s, "HTTP_HOSTS", &setup.nhosts);
	return (setup);
}

static void
reload(struct front * f)
{
	const struct settings * s = service_config(f->sv)->settings;
	struct http_setup setup = setup_of(f, s);
	struct alert_limits limits = limits_of(s);

	if (f->http != NULL && http_reload(f->http, &setup) == -1)
		log_error("the HTTP settings as they were before still hold");
	if (set_receivers(f, s) == -1)
		log_error("alerts go where they went before");
	alert_set_limits(f->alert, &limits);
}

/*
 * The usual rows of the tables, which outlive us.
 */

static void
load_usual(struct front * f)
{
	struct statefile * file;

	/* What was lost is learned again. */
	switch (statefile_read(f->state_fd, USUAL_NAME, USUAL_FORMAT, &file)) {
	case STATEFILE_OK:
		alert_remember(f->alert, file);
		break;
	case STATEFILE_MISSING:
		break;
	default:
		log_warn("the file \"" USUAL_NAME "\" of the state directory "
		    "can't be used; what rows are usual is learned again");
	}
}

static void
save_usual(struct front * f, struct mono now)
{
	struct buf b = { NULL, 0, 0 };

	f->usual_changed = 0;
	f->usual_at = mono_add(now, USUAL_US);
	statefile_head(&b, USUAL_FORMAT);
	alert_put_usual(f->alert, &b);
	statefile_seal(&b);
	if (statefile_write(f->state_fd, USUAL_NAME, &b, NULL) == -1)
		log_warn_sys("write the file \"" USUAL_NAME "\" of the state "
		    "directory");
	buf_free(&b);
}

/*
 * Events.
 */

static void
audit_self(struct front * f, const char * action, const char * detail)
{

	audit_put(f->audit, &(struct audit_entry) { .who = "supervisor",
	    .action = action, .detail = detail, .result = "done" });
}

static void
on_event(void * cookie, const struct event * ev)
{
	struct front * f = cookie;
	struct service_view v;

	metrics_event(f->metrics, ev);
	alert_event(f->alert, ev, loop_now(f->lp));
	f->usual_changed |= (ev->kind == EVENT_RUN_END);
	if (ev->kind == EVENT_SETTINGS) {
		audit_self(f, "settings", "read again");
		reload(f);
	} else if (ev->kind == EVENT_STOPPING)
		audit_self(f, "stop", NULL);
	else if (ev->kind == EVENT_READY) {
		service_view(f->sv, &v, loop_now(f->lp));
		if (v.insecure)
			audit_self(f, "insecure", "a pipeline has --insecure: "
			    "its connections may be neither encrypted nor "
			    "verified");
	}
}

static void
on_child(void * cookie, pid_t pid, const struct child_end * end,
    struct mono now)
{
	struct front * f = cookie;

	courier_reaped(f->courier, pid, end, now);
}

static void
on_tick(void * cookie, struct mono now)
{
	struct front * f = cookie;

	report_look(&f->report, f->sv, now);
	if (!mono_is_never(f->finish)) {
		loop_at(f->tick, mono_add(now, FINISH_TICK_US));
		loop_quit(f->lp);
		return;
	}
	alert_tick(f->alert, &f->report, now, timestamp_now());
	if (f->usual_changed && mono_due(f->usual_at, now))
		save_usual(f, now);
	loop_at(f->tick, mono_add(now, TICK_US));
}

/* The API.  Return 0, or -1 after a report. */
static int
open_api(struct front * f, const struct http_setup * setup)
{

	f->api = api_new(f->sv, f->metrics, f->audit);
	if ((f->http = http_open(f->lp, setup, api_answer, f->api)) == NULL)
		return (-1);
	api_set_http(f->api, f->http);
	if (strcmp(setup->address, "off") == 0)
		log_info("the API is off (HTTP_ADDRESS)");
	else
		log_info("the API listens at %s", setup->address);
	return (0);
}

struct front *
front_open(struct loop * lp, struct service * sv, int state_fd, int once)
{
	const struct settings * s = service_config(sv)->settings;
	struct alert_limits limits = limits_of(s);
	struct front * f = mem_new(1, sizeof *f);
	struct http_setup setup = setup_of(f, s);

	f->lp = lp;
	f->sv = sv;
	f->state_fd = state_fd;
	f->once = once;
	f->finish = MONO_NEVER;
	f->usual_at = loop_now(lp);
	if (gethostname(f->host, sizeof f->host) == -1)
		strcpy(f->host, "unknown");
	f->host[sizeof f->host - 1] = '\0';
	f->metrics = metrics_new();
	f->alert = alert_new(&limits, on_note, f);
	load_usual(f);
	f->tick = loop_timer(lp, "alerts", on_tick, f);
	if (set_receivers(f, s) == -1 ||
	    (f->audit = audit_open(state_fd, AUDIT_NAME)) == NULL ||
	    (!once && open_api(f, &setup) == -1))
		goto err0;
	audit_self(f, "start", once ? "--once, version " MILLRACE_VERSION :
	    "version " MILLRACE_VERSION);
	service_listen(sv, on_event, f);
	service_on_child(sv, on_child, f);
	loop_at(f->tick, loop_now(lp));
	return (f);

err0:
	front_free(f);
	return (NULL);
}

void
front_finish(struct front * f)
{
	struct mono now = loop_now(f->lp);

	if (f->usual_changed)
		save_usual(f, now);

	/* The last events were told behind the last tick. */
	report_look(&f->report, f->sv, now);
	alert_tick(f->alert, &f->report, now, timestamp_now());
	f->finish = mono_add(now, f->once ? FINISH_ONCE_US : FINISH_US);
	loop_at(f->tick, now);
	while ((courier_busy(f->courier) || webhook_busy(f->webhook)) &&
	    !mono_due(f->finish, loop_now(f->lp))) {
		if (loop_run(f->lp) == -1)
			break;
	}
}

void
front_free(struct front * f)
{

	if (f == NULL)
		return;
	http_free(f->http);
	api_free(f->api);
	courier_free(f->courier);
	webhook_free(f->webhook);
	alert_free(f->alert);
	audit_free(f->audit);
	metrics_free(f->metrics);
	report_clear(&f->report);
	loop_timer_free(f->tick);
	if (f->tokens != NULL)
		explicit_bzero(f->tokens, strlen(f->tokens));
	free(f->tokens);
	free(f->command);
	free(f->url);
	free(f);
}
