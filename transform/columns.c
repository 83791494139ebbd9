#include <stdlib.h>
#include <string.h>

#include "../common/mem.h"

#include "columns.h"

int
columns_find(const struct columns * c, const char * name)
{
	size_t i;

	for (i = 0; i < c->n; i++) {
		if (strcmp(c->name[i], name) == 0)
			return ((int)i);
	}
	return (-1);
}

int
columns_add(struct columns * c, const char * name)
{
	int slot = columns_find(c, name);

	if (slot != -1)
		return (slot);
	c->name = mem_grow(c->name, c->n + 1, sizeof *c->name);
	c->name[c->n] = mem_dup(name);
	return ((int)c->n++);
}

void
columns_free(struct columns * c)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		free(c->name[i]);
	free(c->name);
	*c = (struct columns) { NULL, 0 };
}
