#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/buf.h"
#include "../common/exitcode.h"
#include "../common/log.h"
#include "../common/mem.h"
#include "../common/pipesize.h"

#include "pipeline.h"

#define LINE_BYTES	(16 << 10)	/* a longer log line is cut */
#define ACK_BYTES	(64 << 20)	/* a longer one is dropped */
#define LAST_TURNS	1024	/* more than a pipe holds; what still writes
				 * may never end */
#define BROKEN_US	(10 * SECOND_US)	/* for the rest to end by itself */

struct stage {
	struct pipeline * p;
	char * name;
	char path[PATH_MAX];
	pid_t pid;			/* 0: gone */
	struct child_end end;
	unsigned order;			/* as how manieth it died, from 1 */
	int err_fd;			/* -1: closed */
	struct loop_slot * err_slot;
	struct buf line;		/* a log line that isn't whole yet */
	int cut;			/* its rest is passed over */
};

struct pipeline {
	struct loop * lp;
	const struct pipeline_ops * ops;
	void * cookie;
	char * search;			/* where commands are searched */
	size_t n;
	struct stage stage[PIPELINE_STAGES_MAX];
	pid_t group;
	size_t alive;
	int stopping;
	struct loop_timer * broken;	/* running once a stage is missing */
	int ask_fd;			/* requests to the first; or -1 */
	int answers;
	int ack_fd;
	struct loop_slot * ack_slot;
	struct buf ack;			/* a line that isn't whole yet */
	int ack_cut;
};

/*
 * Log lines.
 */

static void
end_line(struct stage * s, struct mono now)
{

	if (s->line.n > 0)
		s->p->ops->line(s->p->cookie, (size_t)(s - s->p->stage),
		    buf_text(&s->line), s->line.n, now);
	buf_clear(&s->line);
	s->cut = 0;
}

static void
take_log(struct stage * s, const char * p, size_t n, struct mono now)
{
	const char * end;
	size_t len, room;

	while (n > 0) {
		end = memchr(p, '\n', n);
		len = end != NULL ? (size_t)(end - p) : n;
		room = LINE_BYTES - s->line.n;
		if (!s->cut)
			buf_put(&s->line, p, len < room ? len : room);
		if (len > room)
			s->cut = 1;
		if (end == NULL)
			return;
		end_line(s, now);
		p += len + 1;
		n -= len + 1;
	}
}

static void
close_log(struct stage * s)
{

	loop_unwatch(s->err_slot);
	s->err_slot = NULL;
	if (s->err_fd != -1)
		close(s->err_fd);
	s->err_fd = -1;
}

/* Read what a stage has said, at most ${turns} times. */
static void
read_log(struct stage * s, int turns, struct mono now)
{
	char p[4096];
	ssize_t n;

	while (turns-- > 0 && s->err_fd != -1) {
		n = read(s->err_fd, p, sizeof p);
		if (n > 0)
			take_log(s, p, (size_t)n, now);
		else if (n == 0 || (errno != EINTR && errno != EAGAIN))
			close_log(s);
		else
			return;
	}
}

static void
on_log(void * cookie, int fd, short revents, struct mono now)
{

	(void)fd;
	(void)revents;
	read_log(cookie, 4, now);
}

/*
 * Acknowledgements: lines of the FIFO, of which the newest says everything.
 */

/* Pass on the newest whole line. */
static void
take_acks(struct pipeline * p, struct mono now)
{
	char * last, * start;
	size_t n = p->ack.n;

	if ((last = memrchr(p->ack.p, '\n', n)) == NULL) {
		if (n > ACK_BYTES) {
			p->ack_cut = 1;
			buf_clear(&p->ack);
		}
		return;
	}
	start = memrchr(p->ack.p, '\n', (size_t)(last - p->ack.p));
	start = start != NULL ? start + 1 : p->ack.p;
	if (!(p->ack_cut && start == p->ack.p) && last > start)
		p->ops->ack(p->cookie, start, (size_t)(last - start), now);
	p->ack_cut = 0;
	n -= (size_t)(last + 1 - p->ack.p);
	memmove(p->ack.p, last + 1, n);
	p->ack.n = n;
}

static void
on_ack(void * cookie, int fd, short revents, struct mono now)
{
	struct pipeline * p = cookie;
	ssize_t n;
	size_t i;

	/* What was said before the acknowledgement is heard before it. */
	(void)revents;
	for (i = 0; i < p->n; i++)
		read_log(&p->stage[i], 4, now);
	while ((n = read(fd, buf_room(&p->ack, 65536), 65536)) > 0)
		p->ack.n += (size_t)n;
	if (p->ack.n > 0)
		take_acks(p, now);
}

/* Forget what an earlier pipeline may have left in the FIFO. */
static void
empty_fifo(int fd)
{
	char p[4096];

	while (fd != -1 && read(fd, p, sizeof p) > 0)
		continue;
}

/*
 * Starting.
 */

/* Start one stage between ${in} and ${out}.  Return 0, or -1, reported. */
static int
start_stage(struct pipeline * p, struct stage * s,
    const struct pipeline_spec * spec, const struct pipeline_stage * plan,
    int in, int out)
{
	struct child_spec c;
	int err[2];
	int e;

	s->p = p;
	s->err_fd = -1;
	s->name = mem_dup(plan->name);
	if (child_find(plan->argv[0], p->search, s->path,
	    sizeof s->path) == -1) {
		log_error_sys("%s: find the program", plan->argv[0]);
		return (-1);
	}
	if (pipe2(err, O_CLOEXEC) == -1) {
		log_error_sys("pipe");
		return (-1);
	}
	fcntl(err[0], F_SETFL, O_NONBLOCK);
	c = (struct child_spec) { s->path, plan->argv,
	    spec->env(p->cookie, plan->name), in, out, err[1],
	    spec->lock_fd, p->group };
	s->pid = child_spawn(&c);
	e = errno;
	close(err[1]);
	if (s->pid == -1) {
		s->pid = 0;
		close(err[0]);
		errno = e;
		log_error_sys("start %s", s->path);
		errno = e;
		return (-1);
	}
	if (p->group == 0)
		p->group = s->pid;
	p->alive++;
	s->err_fd = err[0];
	s->err_slot = loop_watch(p->lp, "stage's log", err[0], POLLIN,
	    on_log, s);
	return (0);
}

/* Where the first stage reads from: requests, or nothing. */
static int
open_first(struct pipeline * p, int rounds)
{
	int fd[2];

	if (!rounds)
		return (open("/dev/null", O_RDONLY | O_CLOEXEC));
	if (pipe2(fd, O_CLOEXEC) == -1)
		return (-1);
	fcntl(fd[1], F_SETFL, O_NONBLOCK);
	p->ask_fd = fd[1];
	return (fd[0]);
}

/* Where the last stage writes to; load has the FIFO instead. */
static int
open_last(int fd)
{

	if (fd != -1)
		return (fcntl(fd, F_DUPFD_CLOEXEC, 3));
	return (open("/dev/null", O_WRONLY | O_CLOEXEC));
}

/* Start all stages.  Each pipe end is closed as soon as it is given away. */
static int
start_stages(struct pipeline * p, const struct pipeline_spec * spec)
{
	int in, fd[2], rc;
	size_t i;

	if ((in = open_first(p, spec->rounds)) == -1) {
		log_error_sys("open standard input of a pipeline");
		return (-1);
	}
	for (i = 0; i < spec->plan->n; i++) {
		if (i + 1 == spec->plan->n) {
			fd[0] = -1;
			fd[1] = open_last(spec->out_fd);
		} else if (pipe2(fd, O_CLOEXEC) == -1)
			fd[0] = fd[1] = -1;
		else
			(void)pipesize_raise(fd[1]);
		p->n++;
		rc = -1;
		if (fd[1] == -1)
			log_error_sys("pipe");
		else
			rc = start_stage(p, &p->stage[i], spec,
			    &spec->plan->stage[i], in, fd[1]);
		close(in);
		if (fd[1] != -1)
			close(fd[1]);
		if (rc == -1) {
			if (fd[0] != -1)
				close(fd[0]);
			return (-1);
		}
		in = fd[0];
	}
	return (0);
}

struct pipeline *
pipeline_start(struct loop * lp, const struct pipeline_spec * spec,
    const struct pipeline_ops * ops, void * cookie)
{
	struct pipeline * p = mem_new(1, sizeof *p);
	int e;

	p->lp = lp;
	p->ops = ops;
	p->cookie = cookie;
	p->search = mem_dup(spec->path);
	p->ask_fd = -1;
	p->answers = spec->answers;
	p->ack_fd = spec->ack_fd;
	empty_fifo(p->ack_fd);
	if (start_stages(p, spec) == -1) {
		e = errno;
		pipeline_free(p);
		errno = e;
		return (NULL);
	}
	if (p->ack_fd != -1)
		p->ack_slot = loop_watch(lp, "acknowledgements", p->ack_fd,
		    POLLIN, on_ack, p);
	return (p);
}

int
pipeline_request(struct pipeline * p, const char * word)
{
	struct buf b = { NULL, 0, 0 };
	ssize_t n;

	if (p->ask_fd == -1)
		return (-1);
	buf_puts(&b, word);
	buf_putc(&b, '\n');
	n = write(p->ask_fd, b.p, b.n);
	buf_free(&b);
	return (n > 0 ? 0 : -1);
}

/*
 * Ending.
 */

static void
close_requests(struct pipeline * p)
{

	if (p->ask_fd != -1)
		close(p->ask_fd);
	p->ask_fd = -1;
}

void
pipeline_drain(struct pipeline * p)
{

	p->stopping = 1;
	close_requests(p);
	if (p->stage[0].pid != 0)
		kill(p->stage[0].pid, SIGTERM);
}

/* timeout(1) and setsid(1) make a group of their own. */
static void
kill_own_group(const struct pipeline * p, pid_t pid)
{

	if (pid != p->group && getpgid(pid) == pid)
		kill(-pid, SIGKILL);
}

void
pipeline_kill(struct pipeline * p)
{
	size_t i;

	if (p->alive == 0)
		return;
	kill(-p->group, SIGKILL);
	for (i = 0; i < p->n; i++) {
		if (p->stage[i].pid == 0)
			continue;
		kill_own_group(p, p->stage[i].pid);
		kill(p->stage[i].pid, SIGKILL);
	}
}

static struct stage *
find_stage(struct pipeline * p, pid_t pid)
{
	size_t i;

	for (i = 0; i < p->n; i++) {
		if (p->stage[i].pid == pid)
			return (&p->stage[i]);
	}
	return (NULL);
}

void
pipeline_before_reap(struct pipeline * p, pid_t pid)
{

	/*
	 * With the last stage goes what else is left in the group.  The
	 * group's number is still ours, as long as this one isn't reaped.
	 */
	if (find_stage(p, pid) == NULL)
		return;
	if (p->alive == 1)
		kill(-p->group, SIGKILL);
	kill_own_group(p, pid);
}

/* All stages are gone: hear the last words, judge, and tell. */
static void
finish(struct pipeline * p, struct mono now)
{
	struct child_end end[PIPELINE_STAGES_MAX];
	unsigned order[PIPELINE_STAGES_MAX];
	enum pipeline_result result;
	int culprit;
	size_t i;

	for (i = 0; i < p->n; i++) {
		read_log(&p->stage[i], LAST_TURNS, now);
		end_line(&p->stage[i], now);
		close_log(&p->stage[i]);
		end[i] = p->stage[i].end;
		order[i] = p->stage[i].order;
	}
	if (p->ack_fd != -1)
		on_ack(p, p->ack_fd, POLLIN, now);
	if (p->answers && end[p->n - 1].how == CHILD_EXIT &&
	    end[p->n - 1].n == EXIT_DIFFERENT)
		end[p->n - 1].n = EXIT_DONE;
	result = pipeline_verdict(end, order, p->n, p->stopping, &culprit);
	p->ops->ended(p->cookie, result, culprit,
	    culprit == -1 ? NULL : &end[culprit], now);
}

static void
on_broken(void * cookie, struct mono now)
{

	(void)now;
	pipeline_kill(cookie);
}

/*
 * A stage has gone before one that writes to it.  That one may not notice for
 * long: it reads a slow source, or waits to be asked for a round.  So the
 * source is told to end, and then the rest is killed.
 */
static void
check_broken(struct pipeline * p, const struct stage * gone, struct mono now)
{
	const struct stage * s;

	for (s = p->stage; s < gone && s->pid == 0; s++)
		continue;
	if (s == gone || p->broken != NULL)
		return;
	p->broken = loop_timer(p->lp, "broken pipeline", on_broken, p);
	loop_at(p->broken, mono_add(now, BROKEN_US));
	close_requests(p);
	if (p->stage[0].pid != 0)
		kill(p->stage[0].pid, SIGTERM);
}

int
pipeline_reaped(struct pipeline * p, pid_t pid,
    const struct child_end * end, struct mono now)
{
	struct stage * s;

	if (p == NULL || (s = find_stage(p, pid)) == NULL)
		return (0);
	s->pid = 0;
	s->end = *end;
	s->order = (unsigned)(p->n - p->alive + 1);
	if (s == &p->stage[0])
		close_requests(p);
	if (--p->alive == 0)
		finish(p, now);
	else
		check_broken(p, s, now);
	return (1);
}

void
pipeline_free(struct pipeline * p)
{
	size_t i;

	if (p == NULL)
		return;
	pipeline_kill(p);
	close_requests(p);
	loop_unwatch(p->ack_slot);
	loop_timer_free(p->broken);
	for (i = 0; i < p->n; i++) {
		/* One that couldn't be started has neither. */
		if (p->stage[i].p != NULL)
			close_log(&p->stage[i]);
		free(p->stage[i].name);
		buf_free(&p->stage[i].line);
	}
	buf_free(&p->ack);
	free(p->search);
	free(p);
}

/*
 * Looking.
 */

size_t
pipeline_nstages(const struct pipeline * p)
{

	return (p->n);
}

const char *
pipeline_stage_name(const struct pipeline * p, size_t i)
{

	return (p->stage[i].name);
}

pid_t
pipeline_pid(const struct pipeline * p, size_t i)
{

	return (p->stage[i].pid);
}
