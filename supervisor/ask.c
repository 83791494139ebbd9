#include <sys/mman.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/buf.h"
#include "../common/log.h"
#include "../common/mem.h"

#include "ask.h"
#include "relay.h"

struct ask {
	struct pipeline * p;
	const struct ask_who * who;
	int fd;			/* what it prints */
	char * said;		/* its last error, or its first words */
	const char * why;	/* it was killed */
	ask_fn * fn;
	void * cookie;
};

static void
on_line(void * cookie, size_t stage, const char * p, size_t n,
    struct mono now)
{
	struct ask * a = cookie;
	struct relay_line l;

	(void)now;
	relay_read(pipeline_stage_name(a->p, stage), p, n, &l);
	if (l.level == LOG_LEVEL_ERROR || a->said == NULL) {
		free(a->said);
		a->said = mem_dup(l.message);
	}
	relay_clear(&l);
}

/* All that it printed; nothing if that can't be read. */
static void
read_all(int fd, struct buf * b)
{
	ssize_t n;

	if (lseek(fd, 0, SEEK_SET) == -1)
		return;
	while ((n = read(fd, buf_room(b, 65536), 65536)) > 0)
		b->n += (size_t)n;
}

static void
on_ended(void * cookie, enum pipeline_result r, int culprit,
    const struct child_end * end, struct mono now)
{
	struct ask * a = cookie;
	struct buf b = { NULL, 0, 0 };
	const char * error = NULL;
	char how[128];

	if (r != PIPELINE_DONE) {
		error = a->why != NULL ? a->why : a->said;
		if (error == NULL)
			error = culprit == -1 ? "stopped" :
			    child_end_text(end, how, sizeof how);
	}
	read_all(a->fd, &b);
	a->fn(a->cookie, r, buf_text(&b), b.n, error, now);
	buf_free(&b);
}

static const struct pipeline_ops ops = { NULL, on_line, on_ended };

static char * const *
stage_env(void * cookie, const char * stage)
{
	struct ask * a = cookie;

	return (env_stage(a->who->env, stage));
}

struct ask *
ask_start(struct loop * lp, const struct ask_who * who,
    const char * const * words, ask_fn * fn, void * cookie)
{
	struct ask * a = mem_new(1, sizeof *a);
	struct pipeline_plan * plan = mem_new(1, sizeof *plan);
	struct pipeline_spec spec = { plan, stage_env, env_path(who->env),
	    -1, -1, who->lock_fd, 0, 0 };
	int insecure = 0;

	a->who = who;
	a->fn = fn;
	a->cookie = cookie;
	if (strcmp(*words, "extract") == 0 ? who->insecure_extract :
	    who->insecure_load)
		insecure = 1;
	pipeline_plan_add(plan, 0, *words++);
	if (insecure)
		pipeline_plan_add(plan, 0, "--insecure");
	if (who->env_file != NULL) {
		pipeline_plan_add(plan, 0, "--env-file");
		pipeline_plan_add(plan, 0, who->env_file);
	}
	for (; *words != NULL; words++)
		pipeline_plan_add(plan, 0, *words);
	plan->n = 1;
	if ((a->fd = memfd_create("answer", MFD_CLOEXEC)) == -1)
		log_error_sys("memfd_create");
	spec.out_fd = a->fd;
	if (a->fd != -1)
		a->p = pipeline_start(lp, &spec, &ops, a);
	pipeline_plan_free(plan);
	if (a->p == NULL) {
		ask_free(a);
		return (NULL);
	}
	return (a);
}

void
ask_kill(struct ask * a, const char * why)
{

	a->why = why;
	pipeline_kill(a->p);
}

void
ask_free(struct ask * a)
{

	if (a == NULL)
		return;
	pipeline_free(a->p);
	if (a->fd != -1)
		close(a->fd);
	free(a->said);
	free(a);
}

int
ask_reaped(struct ask * a, pid_t pid, const struct child_end * end,
    struct mono now)
{

	return (a != NULL && pipeline_reaped(a->p, pid, end, now));
}

void
ask_before_reap(struct ask * a, pid_t pid)
{

	if (a != NULL)
		pipeline_before_reap(a->p, pid);
}
