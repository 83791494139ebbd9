#include <curl/curl.h>

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "../common/log.h"
#include "../common/mem.h"

#include "webhook.h"

#define CONNECT_S	5L
#define TOTAL_S		10L

struct letter {
	char * text;
	size_t n;
	unsigned tries;
	struct letter * next;
};

struct webhook {
	struct loop * lp;
	CURLM * multi;
	CURL * easy;		/* one for all, so that connections last */
	struct curl_slist * headers;
	struct letter * queue;	/* the first is on its way, or rests */
	unsigned n;
	int under_way;
	struct loop_timer * curl, * again;
	char error[CURL_ERROR_SIZE];
};

static void begin(struct webhook * w);

static void
drop_first(struct webhook * w)
{
	struct letter * l = w->queue;

	w->queue = l->next;
	w->n--;
	free(l->text);
	free(l);
}

/* One has arrived, or hasn't. */
static void
judge(struct webhook * w, CURLcode rc, long status, struct mono now)
{
	static const int64_t waits[] = { 1, 5, 25 };
	struct letter * l = w->queue;
	int again = rc != CURLE_OK || status >= 500 || status == 429 ||
	    status == 408;

	if (rc == CURLE_OK && status >= 200 && status < 300) {
		log_debug("ALERT_WEBHOOK_URL: delivered");
		drop_first(w);
		begin(w);
		return;
	}
	again = again && ++l->tries < WEBHOOK_TRIES;
	if (rc != CURLE_OK)
		log_warn("ALERT_WEBHOOK_URL: %s%s", w->error[0] != '\0' ?
		    w->error : curl_easy_strerror(rc),
		    again ? "; it is tried again" : "; the alert is lost");
	else
		log_warn("ALERT_WEBHOOK_URL: HTTP status %ld%s", status,
		    again ? "; it is tried again" : "; the alert is lost");
	if (again)
		loop_at(w->again, mono_add(now, waits[l->tries - 1] *
		    SECOND_US));
	else {
		drop_first(w);
		begin(w);
	}
}

/* See what has come to its end. */
static void
collect(struct webhook * w, struct mono now)
{
	CURLMsg * m;
	CURLcode rc;
	long status = 0;
	int left;

	while ((m = curl_multi_info_read(w->multi, &left)) != NULL) {
		if (m->msg != CURLMSG_DONE)
			continue;
		rc = m->data.result;
		curl_easy_getinfo(w->easy, CURLINFO_RESPONSE_CODE, &status);
		curl_multi_remove_handle(w->multi, w->easy);
		w->under_way = 0;
		judge(w, rc, status, now);
	}
}

static void
on_socket(void * cookie, int fd, short revents, struct mono now)
{
	struct webhook * w = cookie;
	int what = 0, running;

	if (revents & (POLLIN | POLLHUP))
		what |= CURL_CSELECT_IN;
	if (revents & POLLOUT)
		what |= CURL_CSELECT_OUT;
	if (revents & (POLLERR | POLLNVAL))
		what |= CURL_CSELECT_ERR;
	curl_multi_socket_action(w->multi, fd, what, &running);
	collect(w, now);
}

static void
on_timer(void * cookie, struct mono now)
{
	struct webhook * w = cookie;
	int running;

	curl_multi_socket_action(w->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	collect(w, now);
}

static void
on_again(void * cookie, struct mono now)
{

	(void)now;
	begin(cookie);
}

/* libcurl's: watch a socket, or don't any more. */
static int
want_socket(CURL * easy, curl_socket_t fd, int what, void * cookie,
    void * slot)
{
	struct webhook * w = cookie;
	short events = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		loop_unwatch(slot);
		curl_multi_assign(w->multi, fd, NULL);
		return (0);
	}
	if (what == CURL_POLL_IN || what == CURL_POLL_INOUT)
		events |= POLLIN;
	if (what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
		events |= POLLOUT;
	if (slot == NULL)
		curl_multi_assign(w->multi, fd, loop_watch(w->lp,
		    "alert webhook", fd, events, on_socket, w));
	else
		loop_events(slot, events);
	return (0);
}

/* libcurl's: call on_timer() in ${ms}; it may not be called from here. */
static int
want_timer(CURLM * multi, long ms, void * cookie)
{
	struct webhook * w = cookie;

	(void)multi;
	loop_at(w->curl, ms < 0 ? MONO_NEVER :
	    mono_add(loop_now(w->lp), (int64_t)ms * 1000));
	return (0);
}

/* What the other side answers is of no interest. */
static size_t
ignore(char * p, size_t size, size_t n, void * cookie)
{

	(void)p;
	(void)cookie;
	return (size * n);
}

/* Send the first letter, unless one is under way. */
static void
begin(struct webhook * w)
{
	struct letter * l = w->queue;

	if (l == NULL || w->under_way)
		return;
	w->error[0] = '\0';
	curl_easy_setopt(w->easy, CURLOPT_POSTFIELDS, l->text);
	curl_easy_setopt(w->easy, CURLOPT_POSTFIELDSIZE, (long)l->n);
	if (curl_multi_add_handle(w->multi, w->easy) != CURLM_OK) {
		log_warn("ALERT_WEBHOOK_URL: libcurl does not take it");
		return;
	}
	w->under_way = 1;
}

/* Settings of libcurl that don't change. */
static int
set_up(struct webhook * w, const char * url)
{
	CURL * e = w->easy;

	w->headers = curl_slist_append(NULL, "Content-Type: application/json");
	curl_multi_setopt(w->multi, CURLMOPT_SOCKETFUNCTION, want_socket);
	curl_multi_setopt(w->multi, CURLMOPT_SOCKETDATA, w);
	curl_multi_setopt(w->multi, CURLMOPT_TIMERFUNCTION, want_timer);
	curl_multi_setopt(w->multi, CURLMOPT_TIMERDATA, w);
	curl_easy_setopt(e, CURLOPT_HTTPHEADER, w->headers);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, ignore);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, w->error);
	curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT, CONNECT_S);
	curl_easy_setopt(e, CURLOPT_TIMEOUT, TOTAL_S);
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(e, CURLOPT_USERAGENT, "millrace/" MILLRACE_VERSION);
	curl_easy_setopt(e, CURLOPT_POST, 1L);
	return (curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https") ==
	    CURLE_OK && curl_easy_setopt(e, CURLOPT_URL, url) == CURLE_OK ?
	    0 : -1);
}

struct webhook *
webhook_new(struct loop * lp, const char * url)
{
	struct webhook * w;

	if (strncmp(url, "https://", 8) != 0 &&
	    strncmp(url, "http://", 7) != 0) {
		log_error("ALERT_WEBHOOK_URL: begins neither with https:// "
		    "nor with http://");
		return (NULL);
	}
	w = mem_new(1, sizeof *w);
	w->lp = lp;
	w->curl = loop_timer(lp, "alert webhook", on_timer, w);
	w->again = loop_timer(lp, "alert webhook again", on_again, w);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) == 0 &&
	    (w->multi = curl_multi_init()) != NULL &&
	    (w->easy = curl_easy_init()) != NULL && set_up(w, url) == 0)
		return (w);
	log_error("ALERT_WEBHOOK_URL: libcurl does not start");
	webhook_free(w);
	return (NULL);
}

void
webhook_free(struct webhook * w)
{

	if (w == NULL)
		return;
	if (w->under_way)
		curl_multi_remove_handle(w->multi, w->easy);
	curl_easy_cleanup(w->easy);
	curl_multi_cleanup(w->multi);
	curl_slist_free_all(w->headers);
	loop_timer_free(w->curl);
	loop_timer_free(w->again);
	while (w->queue != NULL)
		drop_first(w);
	free(w);
}

int
webhook_busy(const struct webhook * w)
{

	return (w != NULL && w->queue != NULL);
}

void
webhook_send(struct webhook * w, const struct buf * json)
{
	struct letter * l, ** link;

	if (w->n >= WEBHOOK_QUEUE) {
		log_warn("ALERT_WEBHOOK_URL: %u alerts wait already; one is "
		    "dropped", w->n);
		return;
	}
	l = mem_new(1, sizeof *l);
	l->text = mem_text(json->p, json->n);
	l->n = json->n;
	for (link = &w->queue; *link != NULL; link = &(*link)->next)
		continue;
	*link = l;
	w->n++;
	if (l == w->queue)
		begin(w);
}
