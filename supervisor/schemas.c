#include <sys/stat.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/buf.h"
#include "../common/json.h"
#include "../common/mem.h"

#include "schemas.h"

#define FILE_MAX_BYTES	((size_t)16 << 20)	/* as transform has it */
#define SUFFIX		".json"

static int
is_folder(const char * path)
{
	struct stat sb;

	return (stat(path, &sb) == 0 && S_ISDIR(sb.st_mode));
}

/* ${a}/${b}, to be freed. */
static char *
join(const char * a, const char * b)
{
	struct buf path = { NULL, 0, 0 };
	char * s;

	buf_printf(&path, "%s/%s", a, b);
	s = mem_dup(buf_text(&path));
	buf_free(&path);
	return (s);
}

char *
schemas_folder(const char * setting, const char * own)
{
	static const char * const places[] = { "../schemas",
		"../../../share/millrace/schemas" };
	char * path;
	size_t i;

	if (setting != NULL)
		return (mem_dup(setting));
	if (is_folder("schemas"))
		return (mem_dup("schemas"));
	for (i = 0; own != NULL && i < 2; i++) {
		path = join(own, places[i]);
		if (is_folder(path))
			return (path);
		free(path);
	}
	return (NULL);
}

/* Read all of the file ${path}.  Return 0, or -1. */
static int
read_file(const char * path, struct buf * b)
{
	ssize_t n = -1;
	int fd;

	buf_clear(b);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) == -1)
		return (-1);
	while (b->n < FILE_MAX_BYTES &&
	    (n = read(fd, buf_room(b, 65536), 65536)) > 0)
		b->n += (size_t)n;
	close(fd);
	return (n == 0 ? 0 : -1);
}

/* Is the file ${name}, at ${path}, the table's?  -1 if nobody can tell. */
static int
is_for(const char * path, const char * name, const char * table)
{
	struct buf b = { NULL, 0, 0 };
	struct json * doc = NULL;
	const char * source = NULL;
	size_t n = strlen(table);
	int yes;

	if (read_file(path, &b) == 0)
		doc = json_parse(b.p, b.n, NULL);
	if (doc != NULL)
		source = json_text(json_get(json_get(json_root(doc),
		    "x-source"), "table"), NULL);
	if (source != NULL)
		yes = (strcmp(source, table) == 0);
	else
		yes = (strncmp(name, table, n) == 0 &&
		    strcmp(name + n, SUFFIX) == 0);
	if (doc == NULL && !yes)
		yes = -1;
	json_free(doc);
	buf_free(&b);
	return (yes);
}

/* A text in the file: of ${outer}, which may be NULL, the member ${name}. */
static char *
text_in(const char * path, const char * outer, const char * name)
{
	struct buf b = { NULL, 0, 0 };
	struct json * doc = NULL;
	const struct json_node * node;
	char * text = NULL;

	if (read_file(path, &b) == 0)
		doc = json_parse(b.p, b.n, NULL);
	if (doc != NULL) {
		node = json_root(doc);
		if (outer != NULL)
			node = json_get(node, outer);
		text = mem_dup(json_text(json_get(node, name), NULL));
	}
	json_free(doc);
	buf_free(&b);
	return (text);
}

char *
schemas_collection(const char * path)
{

	return (text_in(path, "x-target", "collection"));
}

char *
schemas_deletes(const char * path)
{

	return (text_in(path, NULL, "x-deletes"));
}

char *
schemas_soft_delete(const char * path)
{

	return (text_in(path, "x-soft-delete", "column"));
}

/* Is it the name of a schema file? */
static int
is_schema(const char * name)
{
	size_t n = strlen(name);

	return (name[0] != '.' && n > strlen(SUFFIX) &&
	    strcmp(name + n - strlen(SUFFIX), SUFFIX) == 0);
}

char *
schemas_find(const char * folder, const char * table, char ** bad)
{
	struct dirent * e;
	char * found = NULL, * unread = NULL;
	char * path;
	DIR * d = NULL;
	int yes;

	if (folder != NULL && (d = opendir(folder)) == NULL)
		unread = mem_dup(folder);
	while (d != NULL && found == NULL && (e = readdir(d)) != NULL) {
		if (!is_schema(e->d_name))
			continue;
		path = join(folder, e->d_name);
		yes = is_for(path, e->d_name, table);
		if (yes == 1)
			found = path;
		else if (yes == -1 && unread == NULL)
			unread = path;
		else
			free(path);
	}
	if (d != NULL)
		closedir(d);
	if (found != NULL || bad == NULL) {
		free(unread);
		unread = NULL;
	}
	if (bad != NULL)
		*bad = unread;
	return (found);
}
