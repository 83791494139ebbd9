#ifndef PROGRESS_H_
#define PROGRESS_H_

#include <stdint.h>

/*
 * A line on the terminal that says how far a stage is: rows, rate, time
 * remaining.  Painted at most five times a second, and only by the stage at
 * the head of a pipeline: the others share its terminal.
 */
struct progress;

/**
 * progress_open(what, total):
 * Start a line for ${what} (a table's name); ${total} is the size of the
 * work in any unit, or 0 if unknown.  Return NULL, which all functions
 * accept, if standard error is no terminal.
 */
struct progress * progress_open(const char * what, uint64_t total);

/**
 * progress_step(p, rows, done):
 * ${rows} rows and ${done} units of the work are done so far.  Cheap enough
 * to be called for every row.
 */
void progress_step(struct progress * p, uint64_t rows, uint64_t done);

/* Wipe the line before an event is written; the next step paints it again. */
void progress_wipe(struct progress * p);

/* Wipe the line and release ${p}. */
void progress_close(struct progress * p);

#endif /* !PROGRESS_H_ */
