#ifndef BAD_H_
#define BAD_H_

#include <stddef.h>
#include <stdint.h>

#include "options.h"
#include "rules.h"

/*
 * What happens to records that can't be mapped, or break a rule: they are
 * logged (the first ones one by one, all of them as sums at the end),
 * written to the reject file, and counted against the limit.
 */
struct bad;

/**
 * bad_open(opt):
 * Return NULL after a report if the reject file can't be opened.
 */
struct bad * bad_open(const struct options * opt);

/* The SCHEMA message in force for ${stream}; see reject_schema(). */
void bad_schema(struct bad * bad, const char * stream, const char * line,
    size_t n);

enum bad_result {
	BAD_ERROR = -1,		/* the file can't be written; reported */
	BAD_GO_ON,
	BAD_STOP		/* the run ends here; reported */
};

/**
 * bad_record(bad, stream, line, n, number, why, processed):
 * The record of ${n} bytes ${line}, number ${number} in the input, is
 * refused for ${why}; it was the ${processed}th record.
 */
enum bad_result bad_record(struct bad * bad, const char * stream,
    const char * line, size_t n, uint64_t number, const struct verdict * why,
    uint64_t processed);

/* Make the file durable, before a STATE passes.  Return 0, or -1. */
int bad_sync(struct bad * bad);

/* How many were refused; without a file the last one isn't counted. */
uint64_t bad_count(const struct bad * bad);

/**
 * bad_over(bad, processed):
 * Return nonzero, after a report, if there are too many for the whole run.
 */
int bad_over(const struct bad * bad, uint64_t processed);

/* Say the sums, close the file, release ${bad}.  Return 0, or -1. */
int bad_close(struct bad * bad);

#endif /* !BAD_H_ */
