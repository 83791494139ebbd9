#ifndef READING_IMPL_H_
#define READING_IMPL_H_

#include "stream_impl.h"

/*
 * What reading.c (what is read when) and reading_pages.c (page after page of
 * it) share.  Functions return 0, or the exit code to end with after a
 * report.
 */

/* Which rows to read, beside the position. */
struct reading {
	enum query_order order;
	int by_change_index;
	struct buf filter;	/* conditions as in struct query */
	struct buf upper;
};

/* Free what ${r} holds, not ${r} itself. */
void reading_free(struct reading * r);

/**
 * reading_pages(st, i, r, pos):
 * Read page after page of job ${i} behind ${pos}, which is a part of the
 * job's bookmark or leads nowhere, with a STATE behind each page.
 *
 * After each page the table's definition is compared: rows may lack what a
 * column added meanwhile holds.  They are read again, and the later reading
 * wins.  Whatever happens, the position isn't left behind rows of which this
 * isn't known.  When all rows have to be read again the bookmark says so at
 * once, and ${pos} is done with.
 */
int reading_pages(struct stream * st, size_t i, struct reading * r,
    struct position * pos);

/* All rows of job ${i} are to be read, whatever its bookmark said. */
void reading_again(struct stream * st, size_t i);

#endif /* !READING_IMPL_H_ */
