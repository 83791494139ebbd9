#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/buf.h"
#include "../common/log.h"
#include "../common/mem.h"

#include "httphead.h"
#include "jsonw.h"

#include "door.h"

#define LINGER_US	SECOND_US	/* for a refusal to be read */
#define LINGER_MAX	64		/* that wait so; more are just closed */
#define TURN_MAX	64		/* accepted in one turn of the loop */

enum stage {
	V_HEAD,			/* its head is waited for */
	V_INSIDE,		/* served */
	V_LINGER		/* refused; until it hangs up */
};

struct visitor {
	struct door * d;
	int fd;
	enum stage stage;
	struct mono since, heard;
	size_t seen;		/* bytes of the head */
	int answered;		/* V_INSIDE: its answer has begun */
	struct sockaddr_storage sa;
	socklen_t len;
	uid_t uid;		/* of the Unix socket */
	char from[ADDRESS_TEXT];
	struct visitor * next, ** prev;
};

struct door {
	struct loop * lp;
	door_fn * enter;
	door_refused_fn * refused;
	void * cookie;
	struct address addr;
	int fd;			/* listening; -1: not */
	int epfd;		/* edge by edge: a head that stands there
				 * half would wake a poll(2) for ever */
	struct loop_slot * slot, * peek;
	struct loop_timer * timer, * rest;
	struct visitor * visitors;
	unsigned n, lingering;
};

static void
set_timer(struct door * d)
{
	const struct visitor * v;
	struct mono soonest = MONO_NEVER;

	for (v = d->visitors; v != NULL; v = v->next) {
		if (v->stage == V_LINGER)
			soonest = mono_min(soonest,
			    mono_add(v->heard, LINGER_US));
		else
			soonest = mono_min(soonest,
			    mono_add(v->since, DOOR_TOTAL_US));
		if (v->stage == V_HEAD ||
		    (v->stage == V_INSIDE && !v->answered))
			soonest = mono_min(soonest,
			    mono_add(v->heard, DOOR_IDLE_US));
	}
	loop_at(d->timer, soonest);
}

static void
forget(struct visitor * v)
{

	*v->prev = v->next;
	if (v->next != NULL)
		v->next->prev = v->prev;
	if (v->stage == V_LINGER)
		v->d->lingering--;
	else
		v->d->n--;
	free(v);
}

static void
hang_up(struct visitor * v)
{

	close(v->fd);
	forget(v);
}

/* Be told of the visitor's next bytes, and of those that are there. */
static int
expect(const struct visitor * v, int op)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLRDHUP | EPOLLET,
		.data.ptr = (void *)(uintptr_t)v };

	return (epoll_ctl(v->d->epfd, op, v->fd, &ev));
}

/*
 * Read what is there and throw it away, some at a time.  Nonzero at its end.
 */
static int
swallow(const struct visitor * v)
{
	char waste[4096];
	ssize_t n;
	int turns = 16;

	while ((n = recv(v->fd, waste, sizeof waste, MSG_DONTWAIT)) > 0) {
		if (--turns == 0)
			return (expect(v, EPOLL_CTL_MOD) == -1);
	}
	return (n == 0 || (errno != EAGAIN && errno != EINTR));
}

/* What we say without the library's help; whole or not at all. */
static void
say(const struct visitor * v, unsigned status, const char * title,
    const char * code, const char * why)
{
	struct buf body = { NULL, 0, 0 }, b = { NULL, 0, 0 };
	struct jsonw w;

	jsonw_init(&w, &body);
	jsonw_object(&w, NULL);
	jsonw_text(&w, "code", code);
	jsonw_text(&w, "message", why);
	jsonw_end(&w);
	buf_putc(&body, '\n');
	buf_printf(&b, "HTTP/1.1 %u %s\r\nConnection: close\r\n"
	    "Content-Type: application/json\r\nCache-Control: no-store\r\n"
	    "Content-Length: %zu\r\n\r\n", status, title, body.n);
	buf_put(&b, body.p, body.n);
	if (send(v->fd, b.p, b.n, MSG_DONTWAIT | MSG_NOSIGNAL) == -1)
		log_debug("http: %s: can't be told that %s", v->from, why);
	v->d->refused(v->d->cookie, status);
	buf_free(&body);
	buf_free(&b);
}

/*
 * Refuse a visitor that isn't inside.  It may still be talking: closing at
 * once would make the kernel reset the connection, and our words would be
 * lost on the way.
 */
static void
refuse(struct visitor * v, unsigned status, const char * title,
    const char * code, const char * why, struct mono now)
{
	struct door * d = v->d;

	say(v, status, title, code, why);
	shutdown(v->fd, SHUT_WR);
	if (swallow(v) || d->lingering >= LINGER_MAX) {
		hang_up(v);
		return;
	}
	v->stage = V_LINGER;
	v->heard = now;
	d->n--;
	d->lingering++;
	set_timer(d);
}

static void
let_in(struct visitor * v)
{
	struct door * d = v->d;

	epoll_ctl(d->epfd, EPOLL_CTL_DEL, v->fd, NULL);
	v->stage = V_INSIDE;
	if (d->enter(d->cookie, v, v->fd) == -1)
		forget(v);
}

/* See what has come of the head. */
static void
look(struct visitor * v, int hung_up, struct mono now)
{
	char p[HTTPHEAD_MAX];
	const char * why;
	ssize_t n;

	n = recv(v->fd, p, sizeof p, MSG_PEEK | MSG_DONTWAIT);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		v->d->refused(v->d->cookie, 0);
		hang_up(v);
		return;
	}
	if ((size_t)n > v->seen)
		v->heard = now;
	v->seen = (size_t)n;
	switch (httphead_check(p, (size_t)n, &why)) {
	case HTTPHEAD_DONE:
		let_in(v);
		break;
	case HTTPHEAD_BAD:
		refuse(v, 400, "Bad Request", "bad_request", why, now);
		break;
	case HTTPHEAD_LONG:
		refuse(v, 431, "Request Header Fields Too Large",
		    "head_too_large", why, now);
		break;
	case HTTPHEAD_MORE:
		if (hung_up)
			refuse(v, 400, "Bad Request", "bad_request",
			    "The request ends in its head.", now);
		break;
	}
}

static void
on_peek(void * cookie, int fd, short revents, struct mono now)
{
	struct door * d = cookie;
	struct epoll_event ev[TURN_MAX];
	int i, n;

	(void)revents;
	n = epoll_wait(fd, ev, TURN_MAX, 0);
	for (i = 0; i < n; i++) {
		struct visitor * v = ev[i].data.ptr;

		if (v->stage == V_HEAD)
			look(v, (ev[i].events & (EPOLLRDHUP | EPOLLHUP |
			    EPOLLERR)) != 0, now);
		else if (swallow(v))
			hang_up(v);
	}
	set_timer(d);
}

/* Has the visitor taken too long? */
static int
is_slow(const struct visitor * v, struct mono now)
{

	if (mono_due(mono_add(v->since, DOOR_TOTAL_US), now))
		return (1);
	return (!v->answered &&
	    mono_due(mono_add(v->heard, DOOR_IDLE_US), now));
}

/* It has; what then depends on where it is. */
static void
lose_patience(struct visitor * v, struct mono now)
{
	static const char why[] = "The request did not come in time.";

	if (v->stage == V_INSIDE) {
		if (!v->answered)
			say(v, 408, "Request Timeout", "too_slow", why);

		/* The library sees the end of file and closes. */
		shutdown(v->fd, SHUT_RDWR);
		v->since = v->heard = MONO_NEVER;
	} else if (v->seen > 0)
		refuse(v, 408, "Request Timeout", "too_slow", why, now);
	else {
		v->d->refused(v->d->cookie, 0);
		hang_up(v);
	}
}

static void
on_timer(void * cookie, struct mono now)
{
	struct door * d = cookie;
	struct visitor * v, * next;

	for (v = d->visitors; v != NULL; v = next) {
		next = v->next;
		if (v->stage != V_LINGER) {
			if (is_slow(v, now))
				lose_patience(v, now);
		} else if (mono_due(mono_add(v->heard, LINGER_US), now))
			hang_up(v);
	}
	set_timer(d);
}

/* How many there are from where this one comes from? */
static unsigned
same_origin(const struct visitor * v)
{
	const struct visitor * o;
	unsigned n = 0;

	for (o = v->d->visitors; o != NULL; o = o->next) {
		if (o->stage != V_LINGER && o->uid == v->uid &&
		    address_same_host(&o->sa, &v->sa))
			n++;
	}
	return (n);
}

static void
welcome(struct door * d, int fd, const struct sockaddr_storage * sa,
    socklen_t len, struct mono now)
{
	struct visitor * v = mem_new(1, sizeof *v);
	struct ucred cred;
	socklen_t n = sizeof cred;

	v->d = d;
	v->fd = fd;
	v->since = v->heard = now;
	v->sa = *sa;
	v->len = len;
	v->uid = (uid_t)-1;
	if (sa->ss_family == AF_UNIX && getsockopt(fd, SOL_SOCKET,
	    SO_PEERCRED, &cred, &n) == 0)
		v->uid = cred.uid;
	address_format(sa, v->from, sizeof v->from);
	v->prev = &d->visitors;
	if ((v->next = d->visitors) != NULL)
		v->next->prev = &v->next;
	d->visitors = v;
	d->n++;
	if (expect(v, EPOLL_CTL_ADD) == -1) {
		log_warn_sys("http: epoll_ctl");
		hang_up(v);
	} else if (d->n > DOOR_MAX || same_origin(v) > DOOR_MAX_EACH)
		refuse(v, 429, "Too Many Requests", "too_many_connections",
		    d->n > DOOR_MAX ? "There are 64 connections already." :
		    "There are 8 connections from this address already.", now);
}

static void
on_listen(void * cookie, int fd, short revents, struct mono now)
{
	struct door * d = cookie;
	struct sockaddr_storage sa;
	socklen_t len;
	int i, c;

	(void)revents;
	for (i = 0; i < TURN_MAX; i++) {
		memset(&sa, 0, sizeof sa);
		len = sizeof sa;
		c = accept4(fd, (struct sockaddr *)&sa, &len,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (c != -1) {
			if (sa.ss_family == 0)
				sa.ss_family = d->addr.sa.ss_family;
			welcome(d, c, &sa, len, now);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		    errno == ENOMEM) {
			/* It would be offered again and again. */
			log_warn_sys("http: accept");
			loop_events(d->slot, 0);
			loop_at(d->rest, mono_add(now, SECOND_US));
			break;
		}
		if (errno == EAGAIN)
			break;
	}
	set_timer(d);
}

static void
on_rest(void * cookie, struct mono now)
{
	struct door * d = cookie;

	(void)now;
	if (d->slot != NULL)
		loop_events(d->slot, POLLIN);
}

struct door *
door_new(struct loop * lp, door_fn * enter, door_refused_fn * refused,
    void * cookie)
{
	struct door * d = mem_new(1, sizeof *d);

	d->lp = lp;
	d->enter = enter;
	d->refused = refused;
	d->cookie = cookie;
	d->fd = -1;
	if ((d->epfd = epoll_create1(EPOLL_CLOEXEC)) == -1) {
		log_error_sys("epoll_create1");
		free(d);
		return (NULL);
	}
	d->peek = loop_watch(lp, "http heads", d->epfd, POLLIN, on_peek, d);
	d->timer = loop_timer(lp, "http deadlines", on_timer, d);
	d->rest = loop_timer(lp, "http rest", on_rest, d);
	return (d);
}

/*
 * Make room for a Unix socket: remove what a killed one left, but not one
 * that somebody listens at.  Return 0, or -1 after a report.
 */
static int
clear_path(const struct address * a)
{
	const char * path = address_path(a);
	struct stat sb;
	int fd, rc;

	if (lstat(path, &sb) == -1) {
		if (errno == ENOENT)
			return (0);
		log_error_sys("HTTP_ADDRESS: %s", path);
		return (-1);
	}
	if (!S_ISSOCK(sb.st_mode)) {
		log_error("HTTP_ADDRESS: %s is there and is no socket", path);
		return (-1);
	}
	if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0)) == -1) {
		log_error_sys("HTTP_ADDRESS: socket");
		return (-1);
	}
	rc = connect(fd, (const struct sockaddr *)&a->sa, a->len);
	close(fd);
	if (rc == 0 || errno != ECONNREFUSED) {
		log_error("HTTP_ADDRESS: another program listens at %s", path);
		return (-1);
	}
	if (unlink(path) == -1) {
		log_error_sys("HTTP_ADDRESS: remove %s", path);
		return (-1);
	}
	return (0);
}

/* Open the listening socket.  Return it, or -1 after a report. */
static int
listen_at(const struct address * a)
{
	char text[ADDRESS_TEXT];
	mode_t old;
	int fd, rc, one = 1;

	address_format(&a->sa, text, sizeof text);
	if (a->kind == ADDRESS_UNIX && clear_path(a) == -1)
		return (-1);
	fd = socket(a->sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC |
	    SOCK_NONBLOCK, 0);
	if (fd == -1) {
		log_error_sys("HTTP_ADDRESS: socket");
		return (-1);
	}
	if (a->kind == ADDRESS_TCP)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (a->sa.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
	old = umask(0177);
	rc = bind(fd, (const struct sockaddr *)&a->sa, a->len);
	umask(old);
	if (rc == -1 || listen(fd, DOOR_MAX * 2) == -1) {
		log_error_sys("HTTP_ADDRESS: listen at %s",
		    a->kind == ADDRESS_UNIX ? address_path(a) : text);
		close(fd);
		return (-1);
	}
	return (fd);
}

static void
stop_listening(struct door * d)
{

	loop_unwatch(d->slot);
	d->slot = NULL;
	if (d->fd == -1)
		return;
	close(d->fd);
	d->fd = -1;
	if (d->addr.kind == ADDRESS_UNIX)
		unlink(address_path(&d->addr));
}

int
door_listen(struct door * d, const struct address * a)
{
	int fd = -1;

	if (d->fd != -1 && a->kind == d->addr.kind && a->len == d->addr.len &&
	    memcmp(&a->sa, &d->addr.sa, sizeof a->sa) == 0)
		return (0);
	if (a->kind != ADDRESS_OFF && (fd = listen_at(a)) == -1)
		return (-1);
	stop_listening(d);
	d->addr = *a;
	d->fd = fd;
	if (fd != -1)
		d->slot = loop_watch(d->lp, "http", fd, POLLIN, on_listen, d);
	return (0);
}

void
door_free(struct door * d)
{

	if (d == NULL)
		return;
	stop_listening(d);

	/* Who is inside has left before. */
	while (d->visitors != NULL)
		hang_up(d->visitors);
	loop_unwatch(d->peek);
	close(d->epfd);
	loop_timer_free(d->timer);
	loop_timer_free(d->rest);
	free(d);
}

unsigned
door_visitors(const struct door * d)
{

	return (d->n);
}

int
visitor_is_local(const struct visitor * v)
{

	return (v->sa.ss_family == AF_UNIX);
}

uid_t
visitor_uid(const struct visitor * v)
{

	return (v->uid);
}

const char *
visitor_from(const struct visitor * v)
{

	return (v->from);
}

const struct sockaddr_storage *
visitor_address(const struct visitor * v, socklen_t * len)
{

	*len = v->len;
	return (&v->sa);
}

void
visitor_heard(struct visitor * v, struct mono now)
{

	if (!mono_is_never(v->since))
		v->heard = now;
}

void
visitor_answered(struct visitor * v)
{

	v->answered = 1;
}

void
visitor_left(struct visitor * v)
{
	struct door * d = v->d;

	forget(v);
	set_timer(d);
}
