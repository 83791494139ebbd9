#include <stdlib.h>
#include <string.h>

#include "../common/mem.h"

#include "guarantee.h"

#define DELETES_CODE	"change_column"	/* of extract */
#define SOFT_CODE	"soft_delete"
#define INSECURE_CODE	"insecure"	/* loses nothing */
#define REASONS_MAX	32	/* a program that says more says too much */

static const char * const words[] = { "best-effort", "reconciled-within",
	"exact" };

const char *
guarantee_word(enum guarantee_level level)
{

	return (words[level]);
}

void
guarantee_put(struct buf * b, enum guarantee_level level, int64_t within_us)
{

	buf_puts(b, words[level]);
	if (level == GUARANTEE_RECONCILED)
		buf_printf(b, ":%jds", (intmax_t)((within_us + 999999) /
		    1000000));
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
	*g = (struct guarantee) { NULL, 0, 0, 0 };
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

	if (strcmp(code, GUARANTEE_CHECKED) == 0) {
		g->checked = 1;
		return;
	}
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

	if (!g->checked)
		return (GUARANTEE_BEST_EFFORT);
	for (i = 0; i < g->n; i++) {
		if (g->reason[i].most < level)
			level = g->reason[i].most;
	}
	return (level);
}

int
guarantee_overlooks(const struct guarantee * g)
{
	size_t i;

	for (i = 0; i < g->n; i++) {
		if (g->reason[i].most == GUARANTEE_BEST_EFFORT &&
		    strcmp(g->reason[i].code, INSECURE_CODE) != 0)
			return (1);
	}
	return (0);
}

/*
 * Rows are deleted by a column that says so: that is seen.  What would not be
 * is told, as it rests on the application; it lowers the promise as soon as it
 * has been found to happen.
 */
static int
add_soft(struct guarantee * g, int gone)
{

	if (!gone) {
		guarantee_add(g, words[GUARANTEE_EXACT], SOFT_CODE, "rows are "
		    "deleted by their soft-delete column, which is seen; one "
		    "that is removed without it, or before that was read, or "
		    "gets another key, would not be");
		return (0);
	}
	guarantee_add(g, words[GUARANTEE_RECONCILED], SOFT_CODE, "the last "
	    "verification has found rows that were removed without their "
	    "soft-delete column, or before that was read: these are not seen");
	return (1);
}

void
guarantee_compose(struct guarantee * g, const struct guarantee * known,
    const struct guarantee_cover * cover, enum guarantee_deletes deletes)
{
	const struct guarantee_reason * r;
	int blind = 0;
	size_t i;

	guarantee_clear(g);
	for (i = 0; i < known->n; i++) {
		r = &known->reason[i];
		if (strcmp(r->code, DELETES_CODE) == 0 &&
		    deletes != GUARANTEE_ALL) {
			if (deletes == GUARANTEE_SOFT)
				blind |= add_soft(g, cover->gone);
			continue;
		}
		blind |= (r->most == GUARANTEE_RECONCILED);
		guarantee_add(g, words[r->most], r->code, r->text);
	}
	if (cover->overlooked && !guarantee_overlooks(known)) {
		guarantee_add(g, words[GUARANTEE_RECONCILED],
		    "overlooked_before", "changes could be overlooked until "
		    "lately, and no complete verification has begun since");
		blind = 1;
	}
	if (blind && cover->code != NULL)
		guarantee_add(g, words[GUARANTEE_BEST_EFFORT], cover->code,
		    cover->text);
	g->checked = known->checked;
	if (guarantee_level(g) == GUARANTEE_RECONCILED)
		g->within_us = cover->within_us;
}
