#include <stdlib.h>
#include <string.h>

#include "../common/mem.h"

#include "guarantee.h"

#define REASONS_MAX	32	/* a program that says more says too much */

static const char * const words[] = { "best-effort", "reconciled-within",
	"exact" };

const char *
guarantee_word(enum guarantee_level level)
{

	return (words[level]);
}

void
guarantee_clear(struct guarantee * g)
{
	size_t i;

	for (i = 0; i < g->n; i++) {
		free(g->reason[i].code);
		free(g->reason[i].text);
	}
	free(g->reason);
	*g = (struct guarantee) { NULL, 0 };
}

static enum guarantee_level
parse(const char * level)
{
	int i;

	for (i = 0; i < 3; i++) {
		if (strcmp(level, words[i]) == 0)
			return ((enum guarantee_level)i);
	}
	return (GUARANTEE_BEST_EFFORT);
}

void
guarantee_add(struct guarantee * g, const char * level, const char * code,
    const char * text)
{
	struct guarantee_reason * r;
	size_t i;

	for (i = 0; i < g->n && strcmp(g->reason[i].code, code) != 0; i++)
		continue;
	if (i == REASONS_MAX)
		return;
	if (i == g->n) {
		g->reason = mem_grow(g->reason, g->n + 1, sizeof *g->reason);
		g->reason[g->n++] = (struct guarantee_reason) {
		    .code = mem_dup(code) };
	}
	r = &g->reason[i];
	free(r->text);
	r->text = mem_dup(text);
	r->most = parse(level);
}

enum guarantee_level
guarantee_level(const struct guarantee * g)
{
	enum guarantee_level level = GUARANTEE_EXACT;
	size_t i;

	if (g->n == 0)
		return (GUARANTEE_BEST_EFFORT);
	for (i = 0; i < g->n; i++) {
		if (g->reason[i].most < level)
			level = g->reason[i].most;
	}
	return (level);
}
