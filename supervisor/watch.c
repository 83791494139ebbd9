#include <stdlib.h>

#include "../common/mem.h"

#include "filemark.h"
#include "watch.h"

struct watch {
	struct watched {
		enum watch_kind kind;
		char * path, * what;
		struct filemark mark;	/* at the start */
		struct filemark last;	/* at the last look */
	} * file;
	size_t n;
};

struct watch *
watch_new(void)
{

	return (mem_new(1, sizeof(struct watch)));
}

void
watch_clear(struct watch * w)
{
	size_t i;

	for (i = 0; i < w->n; i++) {
		free(w->file[i].path);
		free(w->file[i].what);
	}
	w->n = 0;
}

void
watch_free(struct watch * w)
{

	if (w == NULL)
		return;
	watch_clear(w);
	free(w->file);
	free(w);
}

void
watch_add(struct watch * w, enum watch_kind kind, const char * path,
    const char * what)
{
	struct watched * f;

	w->file = mem_grow(w->file, w->n + 1, sizeof *w->file);
	f = &w->file[w->n++];
	f->kind = kind;
	f->path = mem_dup(path);
	f->what = mem_dup(what);
	f->mark = f->last = filemark_of(path);
}

const char *
watch_changed(struct watch * w, unsigned kinds)
{
	const char * found = NULL;
	struct filemark m;
	size_t i;

	for (i = 0; i < w->n; i++) {
		struct watched * f = &w->file[i];

		if ((f->kind & kinds) == 0)
			continue;
		m = filemark_of(f->path);
		if (!m.there && f->kind == WATCH_PROGRAM)
			continue;
		if (found == NULL && !filemark_same(&m, &f->mark) &&
		    filemark_same(&m, &f->last))
			found = f->what;
		f->last = m;
	}
	return (found);
}
