#ifndef BATCH_IMPL_H_
#define BATCH_IMPL_H_

#include "batch.h"

/*
 * What the parts of a batch share: batch.c takes writes and finds them again,
 * batch_command.c lays them out and makes commands of them.
 */

/* A slot of the table of keys; it counts only in its own round. */
struct slot {
	uint32_t op;
	uint32_t round;
};

#define BATCH_DIGITS	8	/* of an index */

/*
 * The writes lie in `bytes` one behind the other as they stand in the array
 * of a command, behind room for its head: so that a batch whose writes are
 * all of one verb is its command already.
 */
struct batch {
	char * collection;
	char * change;		/* the change field, or NULL */
	size_t change_n;
	size_t max;
	size_t limit;		/* of writes, for now */
	size_t bytes_max;
	int keep;
	struct batch_op * op;
	size_t n;
	size_t head;		/* room for the largest head */
	struct buf bytes;
	struct buf notes;	/* keys and versions */
	struct buf text;
	int laid;		/* the verb of all of them, or LAID_MIXED */
	char index[16];		/* of the next write, in digits that end at
				 * BATCH_DIGITS; the rest is slack */
	size_t index_n;

	/*
	 * The table isn't filled as long as the keys are whole numbers that
	 * grow, as those of a full load do: there can't be two of a kind.
	 */
	struct slot * table;
	size_t mask;
	uint32_t round;
	int sorted;
	int64_t last;		/* the largest key, while they are sorted, */
	int64_t next;		/* and the one that is about to be added */
	uint64_t decimals;
};

enum { LAID_NONE = -1, LAID_MIXED = -2 };

/* batch_command.c */

/* Make room for the head of any command, in an empty batch. */
void batch_lay_head(struct batch * b);

/**
 * batch_lay_open(b, op), batch_lay_close(b, op, at):
 * Write what stands in front of the document of ${op} in a command, and what
 * stands behind it.  The verb, the key, the times and the guard have to be
 * known; a deletion isn't laid.
 */
size_t batch_lay_open(struct batch * b, const struct batch_op * op);
void batch_lay_close(struct batch * b, const struct batch_op * op,
    size_t at);

#endif /* !BATCH_IMPL_H_ */
