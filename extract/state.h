#ifndef STATE_H_
#define STATE_H_

#include <stddef.h>
#include <stdint.h>

#include "../common/buf.h"
#include "../common/json.h"

/*
 * The value of a STATE message: the bookmarks of all streams.  What isn't
 * ours passes through untouched.
 */
struct state;

/* One without bookmarks: a first run. */
struct state * state_new(void);
void state_free(struct state * st);

/**
 * state_read(path):
 * Read the file ${path}: the bare value, as `load --ack` writes it, or
 * several lines of them, of which the last counts.  No such file is a first
 * run; anything else that holds no bookmarks is an error.  Return NULL after
 * a report.
 */
struct state * state_read(const char * path);

/**
 * state_parse(p, n, why):
 * The pure part of state_read().  Return NULL with the reason in ${why}.
 */
struct state * state_parse(const char * p, size_t n, struct buf * why);

/* The bookmark of ${stream} as it was read, or NULL. */
const struct json_node * state_get(const struct state * st,
    const char * stream);

/* Set the bookmark of ${stream} to the JSON of ${n} bytes ${p}. */
void state_set(struct state * st, const char * stream, const char * p,
    size_t n);

/* Let the value carry the name of a round, a word, or none (NULL). */
void state_round(struct state * st, const char * word);

/* Append the value as one line. */
void state_print(const struct state * st, struct buf * b);

#endif /* !STATE_H_ */
