#ifndef CYCLE_H_
#define CYCLE_H_

#include <stdint.h>

#include "../common/buf.h"

#include "guarantee.h"
#include "statefile.h"

/*
 * The verification of a table, over and over: a cycle is a look at all rows
 * and all documents, and further looks at what differed, for as long as
 * anything does.  A difference that CYCLE_LOOKS have found just so is real;
 * the last of them mends, and one more says what is left.  Pure; the times
 * are the wall clock's.
 */
#define CYCLE_LOOKS	3
#define CYCLE_LEFT	(CYCLE_LOOKS + 1)	/* the look after mending */

#define CYCLE_FORMAT	"millrace-verify 1"

/* Of so many differences none is too many to mend without a person. */
#define CYCLE_FREE	1000

/* What load --verify sums up at the end of a look. */
struct looked {
	uint64_t compared;		/* rows */
	uint64_t missing, different, extra;
	uint64_t foreign;		/* extra, and not ours to delete */
	uint64_t counted;		/* found by as many looks as asked */
	uint64_t mended;		/* sent to be written */
	uint64_t left_out;		/* rows that were set aside before */
	int64_t oldest_us;		/* age of the oldest difference */
};

struct cycle {
	/* The one that is open. */
	unsigned look;			/* under way or next; 0: none is open */
	int mend;			/* this look mends */
	int64_t begun, looked;		/* it; the end of the last look */
	struct looked full, last;	/* what the looks came to */
	uint64_t mended;
	uint64_t gone;			/* rows: their documents lasted */
	int spoilt;			/* changes were overlooked meanwhile */
	int64_t bytes;			/* of what the last look has found */

	/* What came of the last ones. */
	int64_t done_begun, done_ended;	/* the last complete one; 0: never */
	int64_t within_us;		/* from the begin of the one before to
					 * its end; 0: not known yet */
	struct looked done;		/* what it found, at first */
	uint64_t done_mended, done_gone;
	uint64_t left;			/* differences that it has left */
	uint64_t foreign;		/* documents that we didn't write and
					 * that have no row; none of those */
	int64_t left_since;		/* how long there were any; 0: none */
	int held;			/* they were too many to mend */
	int failed;			/* a try since then has failed */

	/* What the synchronisation does. */
	int overlooks;			/* changes can be overlooked now; */
	int overlooked;			/* they could since it was begun */
};

/* Open one. */
void cycle_begin(struct cycle * c, int64_t now);

/**
 * cycle_looked(c, sums, repair, percent, now):
 * The look has come to ${sums}.  What lasts is to be mended if ${repair} and
 * if it isn't more than ${percent} of the rows.  Return nonzero if the cycle
 * is complete, else cycle_open() is the next look.
 */
int cycle_looked(struct cycle * c, const struct looked * sums, int repair,
    unsigned percent, int64_t now);

/* The open one has failed, for now. */
void cycle_failed(struct cycle * c);

/* Changes can be overlooked now, or not.  Return nonzero if that is news that
 * have to be kept. */
int cycle_overlooks(struct cycle * c, int yes);

/* Give it up: the next look is at all, of a new one. */
void cycle_forget(struct cycle * c);

/* Has the open one to wait for what was changed before its last look? */
int cycle_awaits_sync(const struct cycle * c);

/* How often cycles come, as far as the settings say. */
struct cycle_plan {
	int on;
	int repair;
	int64_t period_us;	/* from the begin of the last complete one to
				 * when the next is due by schedule */
	int64_t slack_us;	/* longer if there is something to mend */
};

/**
 * cycle_cover(c, plan, now, cover):
 * What verification does now about changes that nobody sees come: fill
 * ${cover}.  Return nonzero if the cycles are overdue.
 */
int cycle_cover(const struct cycle * c, const struct cycle_plan * plan,
    int64_t now, struct guarantee_cover * cover);

/* As a sealed file, and from one. */
void cycle_put(const struct cycle * c, struct buf * b);
void cycle_get(struct cycle * c, const struct statefile * f);

#endif /* !CYCLE_H_ */
