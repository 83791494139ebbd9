#ifndef STEPS_H_
#define STEPS_H_

#include "../common/json.h"

#include "columns.h"
#include "convert.h"
#include "fault.h"

/*
 * The list of steps under x-apply: read from a schema file, run on a value.
 */
struct steps;

/**
 * steps_parse(list, cols, f):
 * Compile the list ${list}.  Columns that steps name are added to ${cols}.
 * Return NULL if there are faults, all of which go to ${f}.
 */
struct steps * steps_parse(const struct json_node * list,
    struct columns * cols, struct faults * f);
void steps_free(struct steps * st);

/**
 * steps_run(st, v, c):
 * Run all steps on ${v}.  Return 0, or -1 with the reason in c->why.
 */
int steps_run(const struct steps * st, struct value * v, struct convert * c);

/**
 * steps_kinds(st, in):
 * The kinds that may come out if those in ${in} may go in.
 */
unsigned steps_kinds(const struct steps * st, unsigned in);

/* Nonzero if the first step makes its value of columns and text alone. */
int steps_from_columns(const struct steps * st);

/* Nonzero if what isn't null keeps its meaning: null-if and default only. */
int steps_keep(const struct steps * st);

/* Nonzero if a missing column gives a value all the same. */
int steps_fill(const struct steps * st);

/**
 * steps_columns(st, slot, arg):
 * Call ${slot} for each column that the steps name.
 */
void steps_columns(const struct steps * st, void (* slot)(int, void *),
    void * arg);

#endif /* !STEPS_H_ */
