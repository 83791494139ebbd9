#ifndef STREAM_IMPL_H_
#define STREAM_IMPL_H_

#include "bound.h"
#include "job.h"
#include "options.h"
#include "out.h"
#include "page.h"
#include "source.h"
#include "state.h"

/*
 * What stream.c (rounds, messages) and reading.c (the rows of a table) share.
 * Functions return 0, or the exit code to end with after a report.
 */
struct stream {
	struct options * opt;
	struct source * source;
	struct out * out;
	struct state * state;
	struct job * job;
	size_t njob;
	struct bound bound;
	uint64_t locked_by;		/* the connection with the locks */
	unsigned lacks;			/* of the bound, as was said of it */
	uint64_t lacks_at;		/* when it last did; 0: never */
	uint64_t bound_at;		/* when its age was last told, or 0 */
	int held;			/* and that it is held for long */
	int * untold;			/* of the guarantee, each job */
	int again;			/* the first round is over */
	struct page page;
	struct page_plan ** plan;	/* one for each job */
	uint64_t * limit;		/* rows in a page, each job */
	struct ahead {
		uint64_t at;		/* when it was looked for, or 0: */
		int some;		/* are there rows in the future? */
	} * ahead;			/* each job */
	uint64_t epoch;
	uint64_t stated;		/* page.total at the last STATE */
	uint64_t state_at;		/* its stop_clock() */
	struct buf value;		/* and its value */
};

/* A SCHEMA of job ${i}, and what rows under it begin with. */
void stream_schema(struct stream * st, size_t i);

/**
 * stream_state(st, job, always):
 * Print a STATE for all that was printed, and all out; without ${always} only
 * if it says something new.
 */
int stream_state(struct stream * st, struct job * job, int always);

/* Bring the bound up to date. */
int stream_bound(struct stream * st);

/* Say how safely the changes of job ${i} are found, if that isn't said. */
int stream_guarantee(struct stream * st, size_t i);

/**
 * reading_table(st, i):
 * Print all rows of job ${i} that are due.
 */
int reading_table(struct stream * st, size_t i);

/**
 * reading_rewind(st):
 * The bound has just told that the server's clock has gone back: take all
 * bookmarks there, before the next reading of the bound knows nothing of it.
 */
void reading_rewind(struct stream * st);

/* About how many rows that will be, for a progress line. */
uint64_t reading_ahead(struct stream * st, const struct job * job);

#endif /* !STREAM_IMPL_H_ */
