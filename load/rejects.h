#ifndef REJECTS_H_
#define REJECTS_H_

#include <stddef.h>
#include <stdint.h>

#include "../common/quota.h"
#include "../common/reject.h"

/*
 * Records that can't be stored: into the file of --rejects, within the limit
 * of --max-rejects; without a file the first one ends the run.
 */
struct rejects {
	struct reject * file;	/* NULL: none */
	struct quota quota;
	uint64_t count;		/* so far */
	uint64_t seen;		/* records read so far; the caller's */
};

/* One record that is refused. */
struct rejects_entry {
	const char * input;	/* the name of the input, for messages */
	const char * stream;
	const char * message;	/* the record's line */
	size_t n;
	uint64_t line;
	const char * rule;	/* one word */
	const char * reason;	/* in words, without values of the row */
	const char * detail;	/* for the file alone: may quote the row;
				 * NULL if there is none */
};

/**
 * rejects_put(rj, e):
 * Write and log the record.  Return 0, or -1 after a report if the run has
 * to end: there is no file, it can't be written, or there are too many.
 */
int rejects_put(struct rejects * rj, const struct rejects_entry * e);

/**
 * rejects_check(rj):
 * At the end: is the share of rejected records within the limit?  Return 0,
 * or -1 after a report.
 */
int rejects_check(const struct rejects * rj);

#endif /* !REJECTS_H_ */
