#include <stdlib.h>
#include <string.h>

#include "../common/mem.h"

#include "drift.h"

#define TEXTS_MAX	64	/* a program that says more says too much */
#define APART_US	INT64_C(60000000)	/* another time */

void
drift_clear(struct drift * d)
{
	size_t i;

	for (i = 0; i < d->n; i++)
		free(d->text[i]);
	free(d->text);
	*d = (struct drift) { 0, NULL, 0 };
}

void
drift_add(struct drift * d, const char * text, int64_t now_wall)
{
	size_t i;

	if (now_wall - d->at_wall > APART_US)
		drift_clear(d);
	d->at_wall = now_wall;
	for (i = 0; i < d->n; i++) {
		if (strcmp(d->text[i], text) == 0)
			return;
	}
	if (d->n == TEXTS_MAX)
		return;
	d->text = mem_grow(d->text, d->n + 1, sizeof *d->text);
	d->text[d->n++] = mem_dup(text);
}
