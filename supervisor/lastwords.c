#include <stdlib.h>
#include <string.h>

#include "../common/mem.h"

#include "lastwords.h"

/*
 * What is told when the stage fails: its last two errors, as the first of
 * them is often the reason of the other; else its first warning.
 */
void
lastwords_hear(struct lastwords * w, size_t stage,
    const struct relay_line * l)
{
	char * before = w->said[stage];
	struct buf b = { NULL, 0, 0 };

	if (l->level != LOG_LEVEL_ERROR &&
	    (l->level != LOG_LEVEL_WARN || before != NULL))
		return;
	if (l->level == LOG_LEVEL_ERROR && w->error[stage] != NULL &&
	    strcmp(w->error[stage], l->message) != 0)
		buf_printf(&b, "%s; ", w->error[stage]);
	buf_puts(&b, l->message);
	w->said[stage] = mem_dup(buf_text(&b));
	if (l->level == LOG_LEVEL_ERROR) {
		free(w->error[stage]);
		w->error[stage] = mem_dup(l->message);
	}
	free(before);
	buf_free(&b);
}

void
lastwords_put(const struct lastwords * w, size_t stage, const char * name,
    const struct child_end * end, struct buf * b)
{
	char how[128];

	buf_printf(b, "%s: %s", name, child_end_text(end, how, sizeof how));
	if (w->said[stage] != NULL)
		buf_printf(b, ": %s", w->said[stage]);
}

void
lastwords_clear(struct lastwords * w)
{
	size_t k;

	for (k = 0; k < PIPELINE_STAGES_MAX; k++) {
		free(w->said[k]);
		free(w->error[k]);
		w->said[k] = w->error[k] = NULL;
	}
}
