#ifndef GUARANTEE_H_
#define GUARANTEE_H_

#include <stddef.h>
#include <stdint.h>

#include "../common/buf.h"

/*
 * What is promised of a table now, and why not more: reasons, each of which
 * holds the promise down.  They come from extract, which knows how it finds
 * changes, from the words of the pipeline, and from the verification, which
 * finds again what was overlooked.  Pure.
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
	int checked;		/* whoever knows has said all there is */
	int64_t within_us;	/* GUARANTEE_RECONCILED: within what time */
};

/* Are changes found again that nobody has seen come? */
struct guarantee_cover {
	const char * code;	/* why not, and */
	const char * text;	/* as a sentence; NULL: they are, */
	int64_t within_us;	/* within this time */
	int overlooked;		/* changes could be overlooked since one that
				 * was complete and found all began */
	int gone;		/* the last complete verification found rows
				 * that were gone, and nobody had seen it */
};

/* What is asked for of rows that are deleted in the source. */
enum guarantee_deletes {
	GUARANTEE_ALL,		/* that their documents go, or are marked */
	GUARANTEE_SOFT,		/* the same; a column says that they are */
	GUARANTEE_NONE		/* nothing */
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

/**
 * guarantee_compose(g, known, cover, deletes):
 * Make ${g} what holds: the reasons ${known}, and ${cover} for changes that
 * are overlooked, or were until lately.  That deletes are is no reason where nothing is asked for,
 * and where a column says them, unless others were found.
 */
void guarantee_compose(struct guarantee * g, const struct guarantee * known,
    const struct guarantee_cover * cover, enum guarantee_deletes deletes);

/* Nonzero if one of the reasons is that changes can be overlooked now. */
int guarantee_overlooks(const struct guarantee * g);

/* What all reasons allow; nothing before all are known. */
enum guarantee_level guarantee_level(const struct guarantee * g);

/* "best-effort", "reconciled-within", "exact" */
const char * guarantee_word(enum guarantee_level level);

/* Append the same with its time: "reconciled-within:3600s". */
void guarantee_put(struct buf * b, enum guarantee_level level,
    int64_t within_us);

/* The code with which extract says that it has told all reasons. */
#define GUARANTEE_CHECKED	"checked"

#endif /* !GUARANTEE_H_ */
