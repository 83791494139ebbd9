#include <sys/mman.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/log.h"
#include "../common/mem.h"
#include "../common/timestamp.h"

#include "child.h"
#include "pipeline.h"

#include "courier.h"

#define WORDS_MAX	4096	/* of what it prints */
#define FIELDS		16

struct parcel {
	char * env[FIELDS];
	char * json;
	size_t njson;
	struct parcel * next;
};

struct courier {
	struct loop * lp;
	struct pipeline_plan * plan;	/* of one stage */
	char * path;
	struct parcel * queue;
	unsigned n;
	pid_t pid;		/* 0: none runs */
	int words;		/* what it prints */
	struct loop_slot * says;
	struct loop_timer * deadline;
	struct buf said;
};

static void start(struct courier * c, struct mono now);

static void
free_parcel(struct parcel * p)
{
	size_t i;

	for (i = 0; i < FIELDS; i++)
		free(p->env[i]);
	free(p->json);
	free(p);
}

/*
 * Read what the command prints, at most a pipe full: it may print without
 * end.  Return 0 at its end.
 */
static int
listen_to(struct courier * c)
{
	char p[4096];
	ssize_t n;
	int turns = 16;

	while (turns-- > 0) {
		if ((n = read(c->words, p, sizeof p)) <= 0)
			return (n == -1 &&
			    (errno == EAGAIN || errno == EINTR));
		if (c->said.n + (size_t)n <= WORDS_MAX)
			buf_put(&c->said, p, (size_t)n);
	}
	return (1);
}

static void
on_words(void * cookie, int fd, short revents, struct mono now)
{
	struct courier * c = cookie;

	(void)fd;
	(void)revents;
	(void)now;
	if (!listen_to(c))
		loop_events(c->says, 0);
}

/* Forget the process, and hand the next one its note. */
static void
part(struct courier * c, struct mono now)
{

	loop_unwatch(c->says);
	loop_at(c->deadline, MONO_NEVER);
	close(c->words);
	c->pid = 0;
	buf_clear(&c->said);
	start(c, now);
}

void
courier_reaped(struct courier * c, pid_t pid, const struct child_end * end,
    struct mono now)
{
	char how[128];

	if (c == NULL || c->pid == 0 || pid != c->pid)
		return;
	listen_to(c);
	while (c->said.n > 0 && c->said.p[c->said.n - 1] == '\n')
		c->said.n--;
	if (end->how != CHILD_EXIT || end->n != 0)
		log_warn("ALERT_COMMAND: %s%s%s",
		    child_end_text(end, how, sizeof how),
		    c->said.n > 0 ? ": " : "", buf_text(&c->said));
	else if (c->said.n > 0)
		log_info("ALERT_COMMAND: %s", buf_text(&c->said));
	part(c, now);
}

static void
on_deadline(void * cookie, struct mono now)
{
	struct courier * c = cookie;

	(void)now;
	log_warn("ALERT_COMMAND: not done after %jd s: killed",
	    (intmax_t)(COURIER_US / SECOND_US));

	/* Its group can't be another's: its end would have been told. */
	if (kill(-c->pid, SIGKILL) == -1)
		log_warn_sys("ALERT_COMMAND: kill");
}

/* The note as a file that is read from its start. */
static int
as_file(const struct parcel * p)
{
	int fd = memfd_create("alert", MFD_CLOEXEC);

	if (fd == -1)
		return (-1);
	if (write(fd, p->json, p->njson) != (ssize_t)p->njson ||
	    lseek(fd, 0, SEEK_SET) == -1) {
		close(fd);
		return (-1);
	}
	return (fd);
}

/* Start the command for a note.  Return 0, or -1 after a report. */
static int
spawn(struct courier * c, struct parcel * p, struct mono now)
{
	char * const * argv = c->plan->stage[0].argv;
	char file[PATH_MAX];
	struct child_spec spec = { .path = file, .argv = argv,
		.envp = p->env, .keep = -1 };
	int in, out[2];

	if ((in = as_file(p)) == -1)
		goto err0;
	if (pipe2(out, O_CLOEXEC) == -1)
		goto err1;
	spec.in = in;
	spec.out = spec.err = out[1];
	if (child_find(argv[0], c->path, file, sizeof file) == -1 ||
	    (c->pid = child_spawn(&spec)) == -1)
		goto err2;
	close(out[1]);
	close(in);
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	c->words = out[0];
	c->says = loop_watch(c->lp, "alert says", c->words, POLLIN, on_words,
	    c);
	loop_at(c->deadline, mono_add(now, COURIER_US));
	return (0);

err2:
	close(out[0]);
	close(out[1]);
err1:
	close(in);
err0:
	log_error_sys("ALERT_COMMAND: start %s", argv[0]);
	c->pid = 0;
	return (-1);
}

/* Hand out the next note. */
static void
start(struct courier * c, struct mono now)
{
	struct parcel * p;

	while (c->pid == 0 && (p = c->queue) != NULL) {
		c->queue = p->next;
		c->n--;
		spawn(c, p, now);
		free_parcel(p);
	}
}

struct courier *
courier_new(struct loop * lp, const char * command, const char * path)
{
	struct courier * c;
	struct pipeline_plan * plan;
	const char * err;

	if ((plan = pipeline_parse(command, &err)) == NULL || plan->n != 1) {
		log_error("ALERT_COMMAND: \"%s\": %s", command,
		    plan == NULL ? err : "is more than one command");
		pipeline_plan_free(plan);
		return (NULL);
	}
	c = mem_new(1, sizeof *c);
	c->lp = lp;
	c->plan = plan;
	c->path = mem_dup(path);
	c->deadline = loop_timer(lp, "alert deadline", on_deadline, c);
	return (c);
}

void
courier_free(struct courier * c)
{
	struct parcel * p;

	if (c == NULL)
		return;
	while ((p = c->queue) != NULL) {
		c->queue = p->next;
		free_parcel(p);
	}
	if (c->pid != 0) {
		kill(-c->pid, SIGKILL);
		part(c, loop_now(c->lp));
	}
	loop_timer_free(c->deadline);
	pipeline_plan_free(c->plan);
	buf_free(&c->said);
	free(c->path);
	free(c);
}

int
courier_busy(const struct courier * c)
{

	return (c != NULL && (c->pid != 0 || c->queue != NULL));
}

/* NAME=value, with newlines made spaces: a line is a line. */
static void
put_field(struct parcel * p, size_t * i, const char * name,
    const char * value)
{
	struct buf b = { NULL, 0, 0 };
	char * s;

	if (value == NULL)
		return;
	buf_printf(&b, "%s=%s", name, value);
	p->env[*i] = mem_dup(buf_text(&b));
	for (s = p->env[*i]; *s != '\0'; s++) {
		if (*s == '\n' || *s == '\r')
			*s = ' ';
	}
	++*i;
	buf_free(&b);
}

static void
put_fields(struct parcel * p, const struct alert_note * note,
    const char * host, const char * path)
{
	static const char * const severity[] = { "debug", "info", "warn",
		"error" };
	static const char * const kept[] = { "HOME", "LANG", "TZ" };
	char since[TIMESTAMP_LEN + 1] = "", count[24];
	size_t i = 0, k;

	timestamp_format(note->since_wall, since);
	snprintf(count, sizeof count, "%ju", (uintmax_t)note->count);
	put_field(p, &i, "MILLRACE_ALERT", alert_kind_name(note->kind));
	put_field(p, &i, "MILLRACE_STATE", alert_turn_name(note->turn));
	put_field(p, &i, "MILLRACE_SEVERITY", severity[note->severity]);
	put_field(p, &i, "MILLRACE_SUBJECT", note->subject);
	put_field(p, &i, "MILLRACE_RUN", note->run);
	put_field(p, &i, "MILLRACE_MESSAGE", note->message);
	put_field(p, &i, "MILLRACE_SINCE", since);
	put_field(p, &i, "MILLRACE_COUNT", count);
	put_field(p, &i, "MILLRACE_HOST", host);
	put_field(p, &i, "PATH", path);
	for (k = 0; k < sizeof kept / sizeof kept[0]; k++)
		put_field(p, &i, kept[k], getenv(kept[k]));
}

void
courier_send(struct courier * c, const struct alert_note * note,
    const char * host, const struct buf * json)
{
	struct parcel * p, ** link;

	if (c->n >= COURIER_QUEUE) {
		log_warn("ALERT_COMMAND: %u alerts wait already; %s is "
		    "dropped", c->n, alert_kind_name(note->kind));
		return;
	}
	p = mem_new(1, sizeof *p);
	put_fields(p, note, host, c->path);
	p->json = mem_text(json->p, json->n);
	p->njson = json->n;
	for (link = &c->queue; *link != NULL; link = &(*link)->next)
		continue;
	*link = p;
	c->n++;
	start(c, loop_now(c->lp));
}
