#ifndef GUARANTEE_H_
#define GUARANTEE_H_

#include <stddef.h>

/*
 * What is promised of a table now, and why not more: reasons, each of which
 * holds the promise down.  They come from extract, which knows how it finds
 * changes, and from the words of the pipeline.  Pure.
 *
 * All zero is a table of which nothing is known yet, and nothing is promised.
 */
enum guarantee_level {
	GUARANTEE_BEST_EFFORT,	/* a change can be overlooked */
	GUARANTEE_RECONCILED,	/* but is found again within a time */
	GUARANTEE_EXACT		/* none can */
};

struct guarantee {
	struct guarantee_reason {
		enum guarantee_level most;	/* what it allows */
		char * code;
		char * text;
	} * reason;
	size_t n;
};

/* Forget all. */
void guarantee_clear(struct guarantee * g);

/**
 * guarantee_add(g, level, code, text):
 * ${code}, for which ${text} is a sentence, allows at most ${level}, as
 * guarantee_word() has it; an unknown word is the weakest.  A code that is
 * there is replaced.
 */
void guarantee_add(struct guarantee * g, const char * level,
    const char * code, const char * text);

/* What all reasons allow. */
enum guarantee_level guarantee_level(const struct guarantee * g);

/* "best-effort", "reconciled-within", "exact" */
const char * guarantee_word(enum guarantee_level level);

#endif /* !GUARANTEE_H_ */
