#ifndef TELLING_H_
#define TELLING_H_

#include <stdint.h>

#include "blind.h"
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

/* A reason why a change could be overlooked: what it allows at most, its
 * name, and a sentence. */
typedef void telling_reason(void * cookie, const char * most,
    const char * code, const char * text);

/**
 * telling_reasons(t, blind, lacks, opt, say, cookie):
 * Call ${say} for each reason why a change of the table ${t} could be
 * overlooked; the bound lacks ${lacks}, as bound.h has it.
 */
void telling_reasons(const struct catalog_table * t,
    const struct blind * blind, unsigned lacks, const struct options * opt,
    telling_reason * say, void * cookie);

#define TELLING_LACK_LEN	320

/**
 * telling_lack(lack, opt, text):
 * Write to ${text} what it means that the bound lacks ${lack}, one of
 * BOUND_GUESSED and so on.  Return the name of the reason.
 */
const char * telling_lack(unsigned lack, const struct options * opt,
    char text[TELLING_LACK_LEN]);

/* Say in the log what the bound lacks now that it didn't ${before}; or that
 * it lacks nothing any more. */
void telling_lacks(unsigned before, const struct bound * b,
    const struct options * opt);

/* Say how far behind the clock the bound is, and if it is ${held} back for
 * long, by whom: operation "bound". */
void telling_bound(const struct job * job, const struct bound * b, int held);

/**
 * telling_guarantee(job, s, lacks, opt):
 * Say how safely the changes of a table are found, one event for each reason
 * why one could be overlooked: operation "guarantee", with level and code.
 * The code "checked" comes last.
 * Return 0, or the exit code to end with after a report.
 */
int telling_guarantee(struct job * job, struct source * s, unsigned lacks,
    const struct options * opt);

#endif /* !TELLING_H_ */
