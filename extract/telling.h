#ifndef TELLING_H_
#define TELLING_H_

#include <stdint.h>

#include "bound.h"
#include "job.h"
#include "options.h"

/*
 * What a service wants to know of a run while it lasts (--report), as events
 * of the log with fields for programs.
 */
struct telling {
	const char * table;	/* NULL: nothing is told */
	uint64_t due;
	uint64_t at;		/* of stop_clock(), when last told */
};

/* A turn of ${table} begins, with about ${due} rows to read. */
void telling_begin(struct telling * t, const char * table, uint64_t due);

/* It has come to ${rows}: say so, not more than once a second. */
void telling_step(struct telling * t, uint64_t rows);

/* Forget the table: the turn is over. */
void telling_end(struct telling * t);

/**
 * telling_guarantee(job, b, opt):
 * Say how safely the changes of a table are found, one event for each reason
 * why one could be overlooked: operation "guarantee", with level and code.
 */
void telling_guarantee(const struct job * job, const struct bound * b,
    const struct options * opt);

#endif /* !TELLING_H_ */
