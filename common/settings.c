#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "envfile.h"
#include "log.h"
#include "mem.h"
#include "num.h"

#include "settings.h"

#define DOTENV		".env"
#define ENV_FILE_MAX	(1u << 20)	/* longest .env */
#define SECRET_FILE_MAX	(64u << 10)	/* longest secret */

struct value {
	char * text;		/* NULL if unset */
	uint64_t num;		/* SETTING_UINT */
	char * names;		/* SETTING_LIST: a copy, cut into names */
	const char ** list;
	size_t nlist;
};

struct settings {
	const struct setting * table;
	struct value * value;	/* one for each in the table */
	struct envfile * env;	/* NULL if there is no file */
	const char * env_path;
};

/*
 * A word for messages: where the value of a setting was found.  ${path} is
 * NULL for the environment, ${line} is 0 for a whole file.
 */
struct origin {
	const char * path;
	unsigned line;
};

static const char *
origin_text(const struct origin * o, struct buf * b)
{

	buf_clear(b);
	if (o->path == NULL)
		buf_puts(b, "environment");
	else
		buf_puts(b, o->path);
	if (o->line != 0)
		buf_printf(b, ":%u", o->line);
	return (buf_text(b));
}

/* Overwrite and release a text. */
static void
wipe(char * s)
{

	if (s != NULL)
		explicit_bzero(s, strlen(s));
	free(s);
}

/*
 * Only the owner may read a secret, and only we or root may have written it.
 * Return 0, or -1 after a report that says what to do.
 */
static int
check_private(const char * path, const struct stat * sb)
{

	if (sb->st_uid != geteuid() && sb->st_uid != 0) {
		log_error("%s: holds a secret, but belongs to user %ju; it "
		    "has to be yours or root's", path, (uintmax_t)sb->st_uid);
		return (-1);
	}
	if ((sb->st_mode & 077) != 0) {
		log_error("%s: holds a secret, but others can use it (mode "
		    "%04o): chmod 600 %s", path,
		    (unsigned)(sb->st_mode & 07777), path);
		return (-1);
	}
	return (0);
}

/* Read all of ${fd}, at most ${max} bytes, into ${b}.  Return 0, or -1. */
static int
read_all(int fd, const char * path, size_t max, struct buf * b)
{
	ssize_t n;

	/* All the room at once: a buffer that moved would leave a copy. */
	buf_room(b, max + 1);
	while (b->n <= max) {
		n = read(fd, b->p + b->n, max + 1 - b->n);
		if (n == 0)
			return (0);
		if (n > 0)
			b->n += (size_t)n;
		else if (errno != EINTR) {
			log_error_sys("read %s", path);
			return (-1);
		}
	}
	log_error("%s: longer than %zu bytes", path, max);
	return (-1);
}

static void
wipe_buf(struct buf * b)
{

	if (b->p != NULL)
		explicit_bzero(b->p, b->cap);
	buf_free(b);
}

/* Does the file give one of the secrets? */
static int
holds_secret(const struct settings * s)
{
	const struct setting * t;

	for (t = s->table; t->name != NULL; t++) {
		if (t->kind == SETTING_SECRET &&
		    envfile_get(s->env, t->name, NULL) != NULL)
			return (1);
	}
	return (0);
}

/* Read the open .env file ${fd}.  Return 0, or -1 after a report. */
static int
read_env(struct settings * s, int fd)
{
	struct envfile_error err;
	struct buf b = { NULL, 0, 0 };
	struct stat sb;

	if (fstat(fd, &sb) == -1) {
		log_error_sys("%s", s->env_path);
		return (-1);
	}
	if (!S_ISREG(sb.st_mode) && !S_ISFIFO(sb.st_mode)) {
		log_error("%s: is no regular file", s->env_path);
		return (-1);
	}
	if (read_all(fd, s->env_path, ENV_FILE_MAX, &b) == -1)
		goto err0;
	if ((s->env = envfile_parse(b.p, b.n, &err)) == NULL) {
		log_error("%s:%u: %s", s->env_path, err.line, err.what);
		goto err0;
	}
	if (holds_secret(s) && check_private(s->env_path, &sb) == -1)
		goto err0;
	wipe_buf(&b);
	return (0);

err0:
	wipe_buf(&b);
	return (-1);
}

/* Find and read the .env file.  Return 0, or -1 after a report. */
static int
load_env(struct settings * s, const char * env_file)
{
	int fd, rc;

	s->env_path = env_file != NULL ? env_file : DOTENV;
	if ((fd = open(s->env_path, O_RDONLY | O_CLOEXEC)) == -1) {
		if (env_file == NULL && errno == ENOENT)
			return (0);
		log_error_sys("open %s", s->env_path);
		return (-1);
	}
	rc = read_env(s, fd);
	close(fd);
	return (rc);
}

/* A value that isn't empty, from the environment, else from .env. */
static const char *
lookup(const struct settings * s, const char * name, struct origin * from)
{
	const char * v;

	*from = (struct origin) { NULL, 0 };
	if ((v = getenv(name)) != NULL && *v != '\0')
		return (v);
	if ((v = envfile_get(s->env, name, &from->line)) != NULL)
		from->path = s->env_path;
	return (v);
}

/*
 * Take a secret out of the environment: return a copy, or NULL if it isn't
 * there, and overwrite every text of it, which /proc/PID/environ shows.
 */
static char *
take_secret(const char * name)
{
	size_t n = strlen(name);
	char * copy = NULL;
	char ** e;

	for (e = environ; e != NULL && *e != NULL; e++) {
		if (strncmp(*e, name, n) != 0 || (*e)[n] != '=')
			continue;
		if (copy == NULL)
			copy = mem_dup(*e + n + 1);
		explicit_bzero(*e + n + 1, strlen(*e + n + 1));
	}
	if (copy != NULL)
		unsetenv(name);
	return (copy);
}

/* Read the secret in the open file ${fd}.  Return it, or NULL. */
static char *
read_secret(const char * path, int fd)
{
	struct buf b = { NULL, 0, 0 };
	struct stat sb;
	char * secret = NULL;

	if (fstat(fd, &sb) == -1) {
		log_error_sys("%s", path);
		return (NULL);
	}
	if (!S_ISREG(sb.st_mode)) {
		log_error("%s: is no regular file", path);
		return (NULL);
	}
	if (check_private(path, &sb) == -1 ||
	    read_all(fd, path, SECRET_FILE_MAX, &b) == -1)
		goto done;
	if (b.n > 0 && b.p[b.n - 1] == '\n')
		b.n--;
	if (b.n > 0 && b.p[b.n - 1] == '\r')
		b.n--;
	if (b.n > 0 && memchr(b.p, '\0', b.n) != NULL)
		log_error("%s: holds a NUL byte", path);
	else
		secret = mem_text(b.p, b.n);
done:
	wipe_buf(&b);
	return (secret);
}

/* The secret in the file that the variable ${var} names, or NULL. */
static char *
open_secret(const char * var, const char * path)
{
	char * secret;
	int fd;

	/* O_NONBLOCK: a FIFO is refused, not waited for. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd == -1 && errno == ELOOP) {
		log_error("%s: %s is a symbolic link; name the file itself",
		    var, path);
		return (NULL);
	}
	if (fd == -1) {
		log_error_sys("%s: open %s", var, path);
		return (NULL);
	}
	secret = read_secret(path, fd);
	close(fd);
	return (secret);
}

/* Read a SETTING_SECRET.  Return 0, or -1 after a report. */
static int
load_secret(struct settings * s, const struct setting * t, struct value * v)
{
	struct buf var = { NULL, 0, 0 };
	struct origin from;
	const char * path;
	const char * text;
	int rc = 0;

	v->text = take_secret(t->name);
	if (v->text == NULL &&
	    (text = envfile_get(s->env, t->name, NULL)) != NULL)
		v->text = mem_dup(text);
	buf_printf(&var, "%s_FILE", t->name);
	if ((path = lookup(s, buf_text(&var), &from)) == NULL) {
		if (v->text == NULL)
			v->text = mem_dup(t->dflt);
	} else if (v->text != NULL) {
		log_error("%s and %s are both given; only one can hold",
		    t->name, buf_text(&var));
		rc = -1;
	} else if ((v->text = open_secret(buf_text(&var), path)) == NULL)
		rc = -1;
	buf_free(&var);
	return (rc);
}

/* Cut the copy of a list into names.  Return 0, or -1 if one is empty. */
static int
split_list(struct value * v)
{
	char * p, * end, * comma;
	size_t n = 1;

	p = v->names = mem_dup(v->text);
	for (end = p; *end != '\0'; end++)
		n += (*end == ',');
	v->list = mem_new(n, sizeof *v->list);
	for (comma = p; comma != end; p = comma + 1) {
		char * last;

		if ((comma = strchr(p, ',')) == NULL)
			comma = end;
		while (*p == ' ' || *p == '\t')
			p++;
		for (last = comma; last > p && (last[-1] == ' ' ||
		    last[-1] == '\t'); last--)
			continue;
		if (last <= p)
			return (-1);
		*last = '\0';
		v->list[v->nlist++] = p;
	}
	return (0);
}

/* Read a setting that is no secret.  Return 0, or -1 after a report. */
static int
load_plain(struct settings * s, const struct setting * t, struct value * v)
{
	struct buf b = { NULL, 0, 0 };
	struct origin from;
	const char * text;
	int rc = 0;

	text = lookup(s, t->name, &from);
	v->text = mem_dup(text != NULL ? text : t->dflt);
	if (v->text == NULL)
		return (0);
	if (t->kind == SETTING_UINT &&
	    num_u64(v->text, t->min, t->max, &v->num) == -1) {
		log_error("%s: \"%s\" (%s) is not a whole number from %ju to "
		    "%ju", t->name, v->text, origin_text(&from, &b),
		    (uintmax_t)t->min, (uintmax_t)t->max);
		rc = -1;
	} else if (t->kind == SETTING_LIST && split_list(v) == -1) {
		log_error("%s: \"%s\" (%s) is not a list of names with commas "
		    "between them", t->name, v->text, origin_text(&from, &b));
		rc = -1;
	}
	buf_free(&b);
	return (rc);
}

/*
 * From now on no core file of ours is written, and other processes of the
 * same user can't look into our memory and environment.  (exec undoes it, so
 * each program does it for itself.  LeakSanitizer has to look.)
 */
static void
hide_memory(void)
{
#ifndef __SANITIZE_ADDRESS__
	const struct rlimit none = { 0, 0 };

	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
#endif
}

struct settings *
settings_load(const struct setting * table, const char * env_file)
{
	struct settings * s = mem_new(1, sizeof *s);
	size_t i, n;
	int bad = 0, secrets = 0;

	for (n = 0; table[n].name != NULL; n++)
		secrets |= (table[n].kind == SETTING_SECRET);
	if (secrets)
		hide_memory();
	s->table = table;
	s->value = mem_new(n, sizeof *s->value);
	bad |= (load_env(s, env_file) == -1);

	/* Every bad value is reported, not only the first. */
	for (i = 0; i < n; i++) {
		if (table[i].kind == SETTING_SECRET)
			bad |= (load_secret(s, &table[i], &s->value[i]) == -1);
		else
			bad |= (load_plain(s, &table[i], &s->value[i]) == -1);
	}
	if (bad) {
		settings_free(s);
		return (NULL);
	}
	return (s);
}

void
settings_free(struct settings * s)
{
	size_t i;

	if (s == NULL)
		return;
	for (i = 0; s->table[i].name != NULL; i++) {
		wipe(s->value[i].text);
		free(s->value[i].names);
		free(s->value[i].list);
	}
	free(s->value);
	envfile_free(s->env);
	free(s);
}

/* The value of ${name}, which has to be in the table. */
static const struct value *
find(const struct settings * s, const char * name)
{
	size_t i;

	for (i = 0; s->table[i].name != NULL; i++) {
		if (strcmp(s->table[i].name, name) == 0)
			return (&s->value[i]);
	}

	/* A program asks for what it doesn't list: our mistake. */
	abort();
}

const char *
settings_text(const struct settings * s, const char * name)
{

	return (find(s, name)->text);
}

uint64_t
settings_uint(const struct settings * s, const char * name)
{

	return (find(s, name)->num);
}

const char * const *
settings_list(const struct settings * s, const char * name, size_t * n)
{
	const struct value * v = find(s, name);

	*n = v->nlist;
	return (v->list);
}

const char *
settings_of_stream(const struct settings * s, const char * prefix,
    const char * stream, const char * suffix)
{
	struct buf name = { NULL, 0, 0 };
	struct origin from;
	const char * v;

	buf_puts(&name, prefix);
	for (; *stream != '\0'; stream++) {
		char c = *stream;

		if (c >= 'a' && c <= 'z')
			c = (char)(c - 'a' + 'A');
		else if (!(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9'))
			c = '_';
		buf_putc(&name, c);
	}
	buf_puts(&name, suffix);
	v = lookup(s, buf_text(&name), &from);
	buf_free(&name);
	return (v);
}

void
settings_help(const struct setting * table, struct buf * b)
{
	const struct setting * t;
	size_t width = 0;

	for (t = table; t->name != NULL; t++) {
		if (strlen(t->name) > width)
			width = strlen(t->name);
	}
	for (t = table; t->name != NULL; t++) {
		buf_printf(b, "  %-*s  %s", (int)width, t->name, t->help);
		if (t->kind == SETTING_SECRET)
			buf_printf(b, " (or %s_FILE)", t->name);
		if (t->kind == SETTING_UINT && t->max != UINT64_MAX)
			buf_printf(b, ", %ju to %ju", (uintmax_t)t->min,
			    (uintmax_t)t->max);
		if (t->dflt != NULL && *t->dflt != '\0')
			buf_printf(b, " [%s]", t->dflt);
		buf_putc(b, '\n');
	}
}
