#ifndef RELAY_H_
#define RELAY_H_

#include <stddef.h>

#include "../common/buf.h"
#include "../common/log.h"

#include "cycle.h"
#include "event.h"

/*
 * What the stages say on standard error: lines of JSON as common/log.h
 * writes them, or any text from a program that isn't ours.  They are passed
 * on with the run they belong to, and the counts in them are picked up.
 */
struct relay_line {
	enum log_level level;
	char * message;
	/* The rows that it counts: those fields are set that it has. */
	struct counts counts;
	enum {
		RELAY_NOTHING,
		RELAY_READ,	/* read: more of them, a turn is over */
		RELAY_READING,	/* read: so far, in this turn; and due */
		RELAY_MAPPED,	/* rejected: so far, by transform */
		RELAY_LOADED,	/* all but read: so far, by load */
		RELAY_LOOKED	/* a look of load --verify is over */
	} counted;
	struct looked looked;
	uint64_t due;		/* rows of this turn, as guessed */
	int has_bound;		/* extract: how old its bound is */
	struct held bound;
	char * code;		/* for programs, or NULL */
	char * guarantee;	/* extract: what the code allows, or NULL */
	int quiet;		/* it is for us only */
};

/**
 * relay_read(stage, p, n, line):
 * Understand the ${n} bytes ${p} that the stage called ${stage} said.  Plain
 * text is a warning.  ${line} is to be released by relay_clear().
 */
void relay_read(const char * stage, const char * p, size_t n,
    struct relay_line * line);
void relay_clear(struct relay_line * line);

/**
 * relay_put(b, text, stage, table, run, p, n, line):
 * Append the line as we say it, with its newline: as ${text} for people, or
 * as JSON, to which table, stage and run are added if they aren't there.
 */
void relay_put(struct buf * b, int text, const char * stage,
    const char * table, const char * run, const char * p, size_t n,
    const struct relay_line * line);

/* Say it on our standard error, in one write, if LOG_LEVEL lets it. */
void relay_say(const char * stage, const char * table, const char * run,
    const char * p, size_t n, const struct relay_line * line);

#endif /* !RELAY_H_ */
