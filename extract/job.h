#ifndef JOB_H_
#define JOB_H_

#include <stdint.h>

#include "bookmark.h"
#include "catalog.h"
#include "options.h"
#include "source.h"
#include "state.h"

/*
 * One table that is read: what the catalog says of it, and where reading has
 * come to.  Functions that return an int return 0, or the exit code to end
 * with after a report.
 */
struct job {
	struct catalog * catalog;	/* of one table */
	struct catalog_table * table;
	struct buf columns;		/* for queries */
	struct bookmark bookmark;
	int had_bookmark;
	int reread;			/* its definition has changed: all rows
					 * have to be read again */
	uint64_t looked_at;		/* stop_clock() of job_look() */
};

/**
 * job_open(job, s, opt, name):
 * Find the table ${name} and choose its key and change column.  Warn about
 * what the person should know.
 */
int job_open(struct job * job, struct source * s, const struct options * opt,
    const char * name);

/**
 * job_resume(job, st, opt):
 * Take the bookmark of the table over from ${st}, unless --full or --since
 * says otherwise.
 */
int job_resume(struct job * job, const struct state * st,
    const struct options * opt);

/**
 * job_refresh(job, s, opt):
 * The table's definition has changed: read it again, say what has changed,
 * and set ${job}'s reread if rows can have changed with it.  It is an error
 * if the table, its key or its change column isn't there any more.
 */
int job_refresh(struct job * job, struct source * s, struct options * opt);

/**
 * job_look(job, s, opt, renewed):
 * Before a turn: is the table still the one that the bookmark is about?  If
 * not, say so, and set ${renewed} if its definition was read again.
 */
int job_look(struct job * job, struct source * s, struct options * opt,
    int * renewed);

void job_close(struct job * job);

#endif /* !JOB_H_ */
