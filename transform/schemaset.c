#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/buf.h"
#include "../common/log.h"
#include "../common/mem.h"

#include "schemafile.h"

#define FILE_MAX	(16u << 20)	/* bytes; no schema comes near */
#define READ_SIZE	(64u << 10)

/* Read all of the file into ${b}.  Return 0, or -1 after a report. */
static int
read_file(const char * path, struct buf * b)
{
	ssize_t n;
	int fd;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1) {
		log_error_sys("open %s", path);
		return (-1);
	}
	do {
		n = read(fd, buf_room(b, READ_SIZE), READ_SIZE);
		if (n > 0)
			b->n += (size_t)n;
	} while ((n > 0 && b->n <= FILE_MAX) || (n == -1 && errno == EINTR));
	if (n == -1)
		log_error_sys("read %s", path);
	else if (n > 0)
		log_error("%s: is too large for a schema file", path);
	close(fd);
	return (n == 0 ? 0 : -1);
}

struct schemafile *
schemafile_read(const char * path)
{
	struct schemafile * sf = NULL;
	struct buf b = { 0 };

	if (read_file(path, &b) == 0)
		sf = schemafile_parse(path, buf_text(&b), b.n);
	buf_free(&b);
	return (sf);
}

struct schemafile *
schemaset_find(const struct schemaset * set, const char * table)
{
	size_t i;

	for (i = 0; i < set->n; i++) {
		if (strcmp(set->file[i]->table, table) == 0)
			return (set->file[i]);
	}
	return (NULL);
}

int
schemaset_add(struct schemaset * set, const char * path)
{
	struct schemafile * sf = schemafile_read(path);
	const struct schemafile * other;

	if (sf == NULL)
		return (-1);
	if ((other = schemaset_find(set, sf->table)) != NULL) {
		log_error("%s: is for the table %s, as %s is", path,
		    sf->table, other->path);
		schemafile_free(sf);
		return (-1);
	}
	set->file = mem_grow(set->file, set->n + 1, sizeof *set->file);
	set->file[set->n++] = sf;
	return (0);
}

/* Names that end in .json, but no hidden ones. */
static int
is_schema(const struct dirent * d)
{
	size_t n = strlen(d->d_name);

	return (d->d_name[0] != '.' && n > 5 &&
	    strcmp(d->d_name + n - 5, ".json") == 0);
}

int
schemaset_add_folder(struct schemaset * set, const char * path)
{
	struct dirent ** list;
	char * name;
	int i, n, rc = 0;

	if ((n = scandir(path, &list, is_schema, alphasort)) == -1) {
		log_error_sys("open %s", path);
		return (-1);
	}
	for (i = 0; i < n; i++) {
		if (asprintf(&name, "%s/%s", path, list[i]->d_name) == -1)
			name = mem_dup(list[i]->d_name);
		if (schemaset_add(set, name) == -1)
			rc = -1;
		free(name);
		free(list[i]);
	}
	free(list);
	return (rc);
}

void
schemaset_free(struct schemaset * set)
{
	size_t i;

	for (i = 0; i < set->n; i++)
		schemafile_free(set->file[i]);
	free(set->file);
	*set = (struct schemaset) { NULL, 0 };
}
