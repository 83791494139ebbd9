#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/log.h"
#include "../common/mem.h"

#include "control.h"
#include "statefile.h"
#include "tablename.h"

#define FORMAT		"millrace-control 1"
#define NAME		"control"
#define NAME_MAX_BYTES	(TABLENAME_MAX + 32)

/* Values of "paused". */
#define PAUSED		1
#define RESUMED		2

struct control {
	int dirfd;
	struct entry {
		char * name;	/* "paused", "interval.orders" */
		int64_t value;	/* 0: none */
		int64_t setting;	/* what the settings said then */
	} * entry;
	size_t n;
};

/* "paused" for all, "paused.orders" for one. */
static void
name_entry(char dst[NAME_MAX_BYTES], const char * what, const char * table)
{
	char name[TABLENAME_MAX];

	if (table == NULL || tablename_encode(table, name, sizeof name) == -1)
		snprintf(dst, NAME_MAX_BYTES, "%s", what);
	else
		snprintf(dst, NAME_MAX_BYTES, "%s.%s", what, name);
}

static struct entry *
find(const struct control * c, const char * what, const char * table)
{
	char name[NAME_MAX_BYTES];
	size_t i;

	name_entry(name, what, table);
	for (i = 0; i < c->n; i++) {
		if (strcmp(c->entry[i].name, name) == 0)
			return (&c->entry[i]);
	}
	return (NULL);
}

static struct entry *
find_or_add(struct control * c, const char * what, const char * table)
{
	struct entry * e = find(c, what, table);
	char name[NAME_MAX_BYTES];

	if (e != NULL)
		return (e);
	name_entry(name, what, table);
	c->entry = mem_grow(c->entry, c->n + 1, sizeof *c->entry);
	e = &c->entry[c->n++];
	*e = (struct entry) { mem_dup(name), 0, 0 };
	return (e);
}

static int
save(const struct control * c)
{
	struct buf b = { NULL, 0, 0 };
	size_t i;
	int rc;

	statefile_head(&b, FORMAT);
	for (i = 0; i < c->n; i++) {
		const struct entry * e = &c->entry[i];

		if (e->value != 0)
			buf_printf(&b, "%s=%" PRId64 " %" PRId64 "\n",
			    e->name, e->value, e->setting);
	}
	statefile_seal(&b);
	if ((rc = statefile_write(c->dirfd, NAME, &b, NULL)) == -1)
		log_error_sys("write the file \"" NAME "\" of the state "
		    "directory");
	buf_free(&b);
	return (rc);
}

static void
load(struct control * c, const struct statefile * f)
{
	const char * name, * v;
	size_t i;

	for (i = 0; (name = statefile_member(f, i, &v)) != NULL; i++) {
		struct entry e = { NULL, 0, 0 };

		if (sscanf(v, "%" SCNd64 " %" SCNd64, &e.value,
		    &e.setting) != 2)
			continue;
		e.name = mem_dup(name);
		c->entry = mem_grow(c->entry, c->n + 1, sizeof *c->entry);
		c->entry[c->n++] = e;
	}
}

struct control *
control_open(int dirfd)
{
	struct control * c = mem_new(1, sizeof *c);
	struct statefile * f = NULL;

	c->dirfd = dirfd;
	switch (statefile_read(dirfd, NAME, FORMAT, &f)) {
	case STATEFILE_OK:
		load(c, f);
		statefile_free(f);
		break;
	case STATEFILE_MISSING:
		break;
	case STATEFILE_BAD:
		log_error("the file \"" NAME "\" of the state directory is "
		    "damaged: it says what is paused; remove it to have "
		    "nothing paused, and intervals as in the settings");
		goto err1;
	case STATEFILE_ERROR:
		log_error_sys("read the file \"" NAME "\" of the state "
		    "directory");
		goto err1;
	}
	return (c);

err1:
	control_free(c);
	return (NULL);
}

void
control_free(struct control * c)
{
	size_t i;

	if (c == NULL)
		return;
	for (i = 0; i < c->n; i++)
		free(c->entry[i].name);
	free(c->entry);
	free(c);
}

int
control_paused(const struct control * c, const char * table, int setting)
{
	const struct entry * e = find(c, "paused", table);

	return (e != NULL && e->value != 0 && e->setting == setting ?
	    e->value == PAUSED : setting);
}

int64_t
control_interval(const struct control * c, const char * table,
    int64_t setting_us)
{
	const struct entry * e = find(c, "interval", table);

	return (e != NULL && e->setting == setting_us ? e->value : 0);
}

int
control_set_paused(struct control * c, const char * table, int paused,
    int setting)
{
	struct entry * e = find_or_add(c, "paused", table);

	e->value = paused ? PAUSED : RESUMED;
	e->setting = setting;
	return (save(c));
}

int
control_set_interval(struct control * c, const char * table, int64_t us,
    int64_t setting_us)
{
	struct entry * e = find_or_add(c, "interval", table);

	e->value = us;
	e->setting = setting_us;
	return (save(c));
}
