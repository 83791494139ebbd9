#ifndef WATCH_H_
#define WATCH_H_

#include <stddef.h>

/*
 * Files on which a table's pipeline depends, marked as they were when it was
 * started, so that a change is seen.
 */
struct watch;

enum watch_kind {
	WATCH_PROGRAM = 1,	/* of a stage */
	WATCH_FILE = 2,		/* a schema, or what a command names */
	WATCH_SETTINGS = 4	/* .env, secrets */
};

struct watch * watch_new(void);
void watch_free(struct watch * w);

/* Watch ${path}, which needn't be there; ${what} names it, copied. */
void watch_add(struct watch * w, enum watch_kind kind, const char * path,
    const char * what);

/* Forget all. */
void watch_clear(struct watch * w);

/**
 * watch_changed(w, kinds):
 * Look at the files of ${kinds}.  Return what names the first that is another
 * now, and was the same other one at the last look: a change that is over.
 * Else return NULL.  A program that isn't there is just being replaced.
 */
const char * watch_changed(struct watch * w, unsigned kinds);

#endif /* !WATCH_H_ */
