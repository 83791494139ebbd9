#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/log.h"
#include "../common/mem.h"
#include "../common/scan.h"

#include "state.h"

#define STATE_MAX	(16u << 20)	/* longest file */

/* A member of an object: its name, and its value as it is printed. */
struct member {
	char * name;
	size_t nname;
	struct buf value;
};

struct list {
	struct member * p;
	size_t n;
};

struct state {
	struct json * doc;	/* as read, or NULL */
	struct list bookmarks;
	struct list others;	/* members beside "bookmarks" and "round" */
	char * round;		/* or NULL */
};

struct state *
state_new(void)
{

	return (mem_new(1, sizeof(struct state)));
}

static void
free_list(struct list * l)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		free(l->p[i].name);
		buf_free(&l->p[i].value);
	}
	free(l->p);
}

void
state_free(struct state * st)
{

	if (st == NULL)
		return;
	json_free(st->doc);
	free_list(&st->bookmarks);
	free_list(&st->others);
	free(st->round);
	free(st);
}

/* Set or add a member. */
static void
set_member(struct list * l, const char * name, size_t nname, const char * p,
    size_t n)
{
	struct member * m;
	size_t i;

	for (i = 0; i < l->n; i++) {
		m = &l->p[i];
		if (m->nname == nname && memcmp(m->name, name, nname) == 0)
			break;
	}
	if (i == l->n) {
		l->p = mem_grow(l->p, l->n + 1, sizeof *l->p);
		m = &l->p[l->n++];
		memset(m, 0, sizeof *m);
		m->name = mem_text(name, nname);
		m->nname = nname;
	}
	buf_clear(&m->value);
	buf_put(&m->value, p, n);
}

/* Append ${n} bytes of JSON on one line: break lines stand between tokens. */
static void
put_line(struct buf * b, const char * p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		buf_putc(b, p[i] == '\n' || p[i] == '\r' ? ' ' : p[i]);
}

/*
 * Take over the members of an object; of the value itself, those ${but} the
 * bookmarks and the name of a round, which is an earlier run's.
 */
static void
take_members(struct list * l, const struct json_node * object,
    const char * but)
{
	const struct json_node * node;
	struct buf line = { NULL, 0, 0 };
	const char * name, * p;
	size_t nname, n;

	for (node = json_first(object); node != NULL; node = json_next(node)) {
		name = json_key(node, &nname);
		if (but != NULL && (strcmp(name, but) == 0 ||
		    strcmp(name, "round") == 0))
			continue;
		p = json_raw(node, &n);
		buf_clear(&line);
		put_line(&line, p, n);
		set_member(l, name, nname, line.p, line.n);
	}
	buf_free(&line);
}

/* Cut the text down to its last line that isn't empty. */
static void
last_line(const char ** p, size_t * n)
{
	const char * nl;

	while (*n > 0 && ((*p)[*n - 1] == '\n' || (*p)[*n - 1] == '\r'))
		(*n)--;
	if (*n > 0 && (nl = memrchr(*p, '\n', *n)) != NULL) {
		*n -= (size_t)(nl + 1 - *p);
		*p = nl + 1;
	}
}

struct state *
state_parse(const char * p, size_t n, struct buf * why)
{
	struct state * st = state_new();
	struct json_error err;
	const struct json_node * root, * bookmarks;

	if ((st->doc = json_parse(p, n, NULL)) == NULL) {
		last_line(&p, &n);
		if (n == 0) {
			buf_puts(why, "the file is empty");
			goto err0;
		}
		if ((st->doc = json_parse(p, n, &err)) == NULL) {
			buf_printf(why, "no JSON: %s", err.what);
			goto err0;
		}
	}
	root = json_root(st->doc);
	bookmarks = json_get(root, "bookmarks");
	if (bookmarks == NULL || json_kind(bookmarks) != JSON_OBJECT) {
		buf_puts(why, "it holds no \"bookmarks\"");
		goto err0;
	}
	take_members(&st->bookmarks, bookmarks, NULL);
	take_members(&st->others, root, "bookmarks");
	return (st);

err0:
	state_free(st);
	return (NULL);
}

/* Read all of ${fd} into ${b}.  Return 0, or -1 after a report. */
static int
read_file(int fd, const char * path, struct buf * b)
{
	ssize_t n;

	for (;;) {
		n = read(fd, buf_room(b, 65536), 65536);
		if (n == 0)
			return (0);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1) {
			log_error_sys("read %s", path);
			return (-1);
		}
		b->n += (size_t)n;
		if (b->n > STATE_MAX) {
			log_error("%s: longer than %u bytes", path,
			    STATE_MAX);
			return (-1);
		}
	}
}

struct state *
state_read(const char * path)
{
	struct buf b = { NULL, 0, 0 }, why = { NULL, 0, 0 };
	struct state * st = NULL;
	int fd;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1) {
		if (errno == ENOENT) {
			log_info("%s is not there: a first run", path);
			return (state_new());
		}
		log_error_sys("open %s", path);
		return (NULL);
	}
	if (read_file(fd, path, &b) == 0 &&
	    (st = state_parse(b.n > 0 ? b.p : "", b.n, &why)) == NULL)
		log_error("%s: %s; to start from the first row remove the "
		    "file", path, buf_text(&why));
	close(fd);
	buf_free(&b);
	buf_free(&why);
	return (st);
}

const struct json_node *
state_get(const struct state * st, const char * stream)
{

	if (st->doc == NULL)
		return (NULL);
	return (json_get(json_get(json_root(st->doc), "bookmarks"), stream));
}

void
state_set(struct state * st, const char * stream, const char * p, size_t n)
{

	set_member(&st->bookmarks, stream, strlen(stream), p, n);
}

void
state_round(struct state * st, const char * word)
{

	free(st->round);
	st->round = mem_dup(word);
}

static void
print_members(const struct list * l, struct buf * b)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		if (i != 0)
			buf_putc(b, ',');
		(void)scan_put_text(b, l->p[i].name, l->p[i].nname);
		buf_putc(b, ':');
		buf_put(b, l->p[i].value.p, l->p[i].value.n);
	}
}

void
state_print(const struct state * st, struct buf * b)
{

	buf_puts(b, "{\"bookmarks\":{");
	print_members(&st->bookmarks, b);
	buf_putc(b, '}');
	if (st->others.n > 0)
		buf_putc(b, ',');
	print_members(&st->others, b);
	if (st->round != NULL) {
		buf_puts(b, ",\"round\":");
		(void)scan_put_text(b, st->round, strlen(st->round));
	}
	buf_putc(b, '}');
}
