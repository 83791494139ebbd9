#ifndef TALLY_H_
#define TALLY_H_

#include "event.h"
#include "relay.h"

/*
 * Counting a table's rows from what its stages say: extract says how many
 * more it has read, how many so far in this turn and are due in it, transform
 * and load how many it is since they were started.  All zero is a tally that nothing was said for.  Pure.
 */
struct tally {
	struct counts ended;	/* of pipelines that have ended */
	struct counts now;	/* of the one that runs */
	uint64_t mapped;	/* rejected by its transform */
	uint64_t turn;		/* read in the turn that isn't over */
	uint64_t due;		/* read when the run is over, as guessed; 0:
				 * unknown */
	struct counts before;	/* tally_all() as the run began */
};

/* A stage has said this. */
void tally_take(struct tally * t, const struct relay_line * l);

/* A run begins; the pipeline has ended. */
void tally_run_begins(struct tally * t);
void tally_pipeline_ends(struct tally * t);

/* Everything, and what is of this run. */
struct counts tally_all(const struct tally * t);
struct counts tally_run(const struct tally * t);

#endif /* !TALLY_H_ */
