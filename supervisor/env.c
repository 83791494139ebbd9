#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/buf.h"
#include "../common/mem.h"

#include "env.h"

#define DEFAULT_PATH	"/usr/local/bin:/usr/bin:/bin"

/* Whose names are. */
static const struct owner {
	const char * prefix;
	const char * stage;	/* NULL: the supervisor's own */
} owners[] = {
	{ "MYSQL_", "extract" },
	{ "MONGODB_", "load" },
	{ "HTTP_", NULL },
	{ "ALERT_", NULL },
	{ "NOTIFY_SOCKET", NULL },
};
#define NOWNERS	(sizeof owners / sizeof owners[0])

static const char * const secrets[] = { "MYSQL_PASSWORD", "MONGODB_URI" };
#define NSECRETS	(sizeof secrets / sizeof secrets[0])

struct env {
	char ** var;		/* "NAME=value" */
	size_t n;
	char ** stage;		/* env_stage()'s answer */
	char * path;
	char * folder;
};

/* Is ${var}, "NAME=value", of this name? */
static int
has_name(const char * var, const char * name)
{
	size_t n = strlen(name);

	return (strncmp(var, name, n) == 0 && var[n] == '=');
}

static void
set(struct env * e, char * var)
{
	size_t i, n = strcspn(var, "=");

	for (i = 0; i < e->n; i++) {
		if (strncmp(e->var[i], var, n + 1) == 0) {
			free(e->var[i]);
			e->var[i] = var;
			return;
		}
	}
	e->var = mem_grow(e->var, e->n + 1, sizeof *e->var);
	e->var[e->n++] = var;
}

void
env_set(struct env * e, const char * name, const char * value)
{
	struct buf b = { NULL, 0, 0 };

	buf_printf(&b, "%s=%s", name, value);
	set(e, mem_dup(buf_text(&b)));
	buf_free(&b);
}

/* Overwrite the secrets where the kernel shows them, and forget them. */
static void
wipe_own(void)
{
	char ** v;
	size_t i;

	for (i = 0; i < NSECRETS; i++) {
		for (v = environ; v != NULL && *v != NULL; v++) {
			size_t n = strlen(secrets[i]) + 1;

			if (has_name(*v, secrets[i]))
				explicit_bzero(*v + n, strlen(*v + n));
		}
		unsetenv(secrets[i]);
	}
}

static char *
find_own_folder(void)
{
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
	char * slash;

	if (n <= 0)
		return (NULL);
	exe[n] = '\0';
	if ((slash = strrchr(exe, '/')) == NULL || slash == exe)
		return (NULL);
	return (mem_text(exe, (size_t)(slash - exe)));
}

struct env *
env_new(void)
{
	struct env * e = mem_new(1, sizeof *e);
	struct buf b = { NULL, 0, 0 };
	const char * path = getenv("PATH");
	char ** v;

	for (v = environ; v != NULL && *v != NULL; v++)
		set(e, mem_dup(*v));
	wipe_own();
	e->folder = find_own_folder();
	if (path == NULL || *path == '\0')
		path = DEFAULT_PATH;
	if (e->folder != NULL)
		buf_printf(&b, "%s:", e->folder);
	buf_puts(&b, path);
	e->path = mem_dup(buf_text(&b));
	buf_free(&b);
	env_set(e, "PATH", e->path);
	return (e);
}

void
env_free(struct env * e)
{
	size_t i;

	if (e == NULL)
		return;
	for (i = 0; i < e->n; i++) {
		explicit_bzero(e->var[i], strlen(e->var[i]));
		free(e->var[i]);
	}
	free(e->var);
	free(e->stage);
	free(e->path);
	free(e->folder);
	free(e);
}

/* May the stage have this variable? */
static int
is_for(const char * var, const char * stage)
{
	size_t i;

	for (i = 0; i < NOWNERS; i++) {
		if (strncmp(var, owners[i].prefix,
		    strlen(owners[i].prefix)) == 0)
			return (owners[i].stage != NULL &&
			    strcmp(owners[i].stage, stage) == 0);
	}
	return (1);
}

char * const *
env_stage(struct env * e, const char * stage)
{
	size_t i, n = 0;

	e->stage = mem_grow(e->stage, e->n + 1, sizeof *e->stage);
	for (i = 0; i < e->n; i++) {
		if (is_for(e->var[i], stage))
			e->stage[n++] = e->var[i];
	}
	e->stage[n] = NULL;
	return (e->stage);
}

const char *
env_path(const struct env * e)
{

	return (e->path);
}

const char *
env_own_folder(const struct env * e)
{

	return (e->folder);
}
