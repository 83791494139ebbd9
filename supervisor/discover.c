#include <sys/mman.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/buf.h"
#include "../common/json.h"
#include "../common/log.h"
#include "../common/mem.h"

#include "discover.h"
#include "pipeline.h"
#include "relay.h"

struct discover {
	struct pipeline * p;
	const struct health_options * opt;
	int fd;			/* what it prints */
	char * said;		/* its last error */
	discover_fn * fn;
	void * cookie;
};

/* What Singer says of a stream as a whole, not of a column. */
static const struct json_node *
metadata_of(const struct json_node * stream)
{
	const struct json_node * m;

	m = json_get(stream, "metadata");
	for (m = m != NULL ? json_first(m) : NULL; m != NULL;
	    m = json_next(m)) {
		if (json_get(m, "breadcrumb") != NULL &&
		    json_count(json_get(m, "breadcrumb")) == 0)
			return (json_get(m, "metadata"));
	}
	return (NULL);
}

/* Is it a table that can be kept in step by itself? */
static int
is_usable(const struct json_node * stream)
{
	const struct json_node * key, * change;

	key = json_get(stream, "key_properties");
	change = json_get(metadata_of(stream), "valid-replication-keys");
	return (key != NULL && json_count(key) > 0 &&
	    ((change != NULL && json_count(change) > 0) ||
	    json_get(stream, "replication_key") != NULL));
}

int
discover_parse(const char * p, size_t n, char *** names, size_t * count)
{
	struct json * doc = json_parse(p, n, NULL);
	const struct json_node * s;
	const char * name;

	*names = NULL;
	*count = 0;
	if (doc == NULL)
		return (-1);
	s = json_get(json_root(doc), "streams");
	if (s == NULL || json_kind(s) != JSON_ARRAY) {
		json_free(doc);
		return (-1);
	}
	for (s = json_first(s); s != NULL; s = json_next(s)) {
		name = json_text(json_get(s, "stream"), NULL);
		if (name == NULL)
			continue;
		if (!is_usable(s)) {
			log_warn("%s: has no key or no change column: left "
			    "out (SYNC_TABLES names tables)", name);
			continue;
		}
		*names = mem_grow(*names, *count + 1, sizeof **names);
		(*names)[(*count)++] = mem_dup(name);
	}
	json_free(doc);
	return (0);
}

void
discover_free_names(char ** names, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		free(names[i]);
	free(names);
}

static void
on_line(void * cookie, size_t stage, const char * p, size_t n,
    struct mono now)
{
	struct discover * d = cookie;
	struct relay_line l;

	(void)now;
	relay_read(pipeline_stage_name(d->p, stage), p, n, &l);
	if (l.level == LOG_LEVEL_ERROR || d->said == NULL) {
		free(d->said);
		d->said = mem_dup(l.message);
	}
	relay_clear(&l);
}

static int
read_all(int fd, struct buf * b)
{
	ssize_t n;

	if (lseek(fd, 0, SEEK_SET) == -1)
		return (-1);
	while ((n = read(fd, buf_room(b, 65536), 65536)) > 0)
		b->n += (size_t)n;
	return (n == 0 ? 0 : -1);
}

static void
on_ended(void * cookie, enum pipeline_result r, int culprit,
    const struct child_end * end, struct mono now)
{
	struct discover * d = cookie;
	struct buf b = { NULL, 0, 0 };
	const char * error = d->said;
	char ** names = NULL;
	size_t n = 0;
	char how[128];

	if (r != PIPELINE_DONE) {
		if (error == NULL)
			error = culprit == -1 ? "stopped" :
			    child_end_text(end, how, sizeof how);
	} else if (read_all(d->fd, &b) == -1 ||
	    discover_parse(b.p, b.n, &names, &n) == -1)
		error = "its answer is no catalog";
	else
		error = n > 0 ? NULL : "there is no table with a key and a "
		    "change column";
	buf_free(&b);
	d->fn(d->cookie, (const char * const *)names, n, error, now);
	discover_free_names(names, n);
}

static const struct pipeline_ops ops = { NULL, on_line, on_ended };

static char * const *
stage_env(void * cookie, const char * stage)
{
	struct discover * d = cookie;

	return (env_stage(d->opt->env, stage));
}

struct discover *
discover_start(struct loop * lp, const struct health_options * opt,
    discover_fn * fn, void * cookie)
{
	struct discover * d = mem_new(1, sizeof *d);
	struct pipeline_plan * plan = mem_new(1, sizeof *plan);
	struct pipeline_spec spec = { plan, stage_env, env_path(opt->env),
	    -1, -1, opt->lock_fd, 0 };

	d->opt = opt;
	d->fn = fn;
	d->cookie = cookie;
	pipeline_plan_add(plan, 0, "extract");
	pipeline_plan_add(plan, 0, "--discover");
	if (opt->env_file != NULL) {
		pipeline_plan_add(plan, 0, "--env-file");
		pipeline_plan_add(plan, 0, opt->env_file);
	}
	plan->n = 1;
	if ((d->fd = memfd_create("catalog", MFD_CLOEXEC)) == -1)
		log_error_sys("memfd_create");
	spec.out_fd = d->fd;
	if (d->fd != -1)
		d->p = pipeline_start(lp, &spec, &ops, d);
	pipeline_plan_free(plan);
	if (d->p == NULL) {
		discover_free(d);
		return (NULL);
	}
	return (d);
}

void
discover_free(struct discover * d)
{

	if (d == NULL)
		return;
	pipeline_free(d->p);
	if (d->fd != -1)
		close(d->fd);
	free(d->said);
	free(d);
}

int
discover_reaped(struct discover * d, pid_t pid, const struct child_end * end,
    struct mono now)
{

	return (d != NULL && pipeline_reaped(d->p, pid, end, now));
}

void
discover_before_reap(struct discover * d, pid_t pid)
{

	if (d != NULL)
		pipeline_before_reap(d->p, pid);
}
