#include <stdlib.h>
#include <string.h>

#include "../common/mem.h"

#include "recall.h"

struct memory {
	char * key, * what, * body;
	size_t n;
	unsigned status;
	struct mono at;
};

struct recall {
	struct memory ring[RECALL_MAX];
	size_t next;
};

struct recall *
recall_new(void)
{

	return (mem_new(1, sizeof(struct recall)));
}

static void
clear(struct memory * m)
{

	free(m->key);
	free(m->what);
	free(m->body);
	*m = (struct memory) { .key = NULL };
}

void
recall_free(struct recall * r)
{
	size_t i;

	if (r == NULL)
		return;
	for (i = 0; i < RECALL_MAX; i++)
		clear(&r->ring[i]);
	free(r);
}

enum recall_result
recall_find(const struct recall * r, const char * key, const char * what,
    struct mono now, unsigned * status, struct buf * body)
{
	const struct memory * m;

	for (m = r->ring; m < r->ring + RECALL_MAX; m++) {
		if (m->key == NULL || strcmp(m->key, key) != 0 ||
		    mono_sub(now, m->at) > RECALL_US)
			continue;
		if (strcmp(m->what, what) != 0)
			return (RECALL_OTHER);
		*status = m->status;
		buf_put(body, m->body, m->n);
		return (RECALL_KNOWN);
	}
	return (RECALL_NEW);
}

void
recall_put(struct recall * r, const char * key, const char * what,
    struct mono now, unsigned status, const struct buf * body)
{
	struct memory * m = &r->ring[r->next];

	clear(m);
	*m = (struct memory) { mem_dup(key), mem_dup(what),
	    mem_text(body->p, body->n), body->n, status, now };
	r->next = (r->next + 1) % RECALL_MAX;
}
