#ifndef VERIFY_IMPL_H_
#define VERIFY_IMPL_H_

#include "suspect.h"
#include "verify.h"
#include "verify_file.h"

/*
 * What the parts of --verify share: verify.c compares batches, verify_extra.c
 * finds documents without a row, verify_sample.c draws rows, verify_file.c
 * keeps what was found.
 */
struct verify {
	struct loader * ld;
	struct verify_file * file;
	struct verify_sums sums;	/* the checkpoint's, and since */
	int stated;			/* a STATE was read */
	int fresh;			/* no SCHEMA was read yet */
	int warned;			/* of --repair without suspects */
	int bad;			/* a line's `suspect` makes no sense */

	struct buf value;		/* of the last STATE */
	struct table * t;		/* whose rows are in work, */
	struct batch * b;		/* in this batch */
	size_t * ops;
	size_t nops;
	struct batch * mend;		/* what --repair writes */
	struct record_reader * reader;
	struct buf line, filter;
	struct buf * kept;		/* --sample: lines, */
	size_t nkept;
	uint64_t offered, seed;		/* drawn from so many */
	int drawing;			/* they are being compared */
	uint64_t due;			/* --rate: when the next look may be */
	uint64_t told;			/* --report: when at last */
};

/* One difference, as far as it is known. */
struct verify_found {
	struct table * t;
	const char * key;		/* type byte and value of _id */
	size_t key_n;
	const char * source;		/* the document that load would write, */
	size_t source_n;		/* or 0: there should be none */
	const char * target;		/* the one that is there, */
	size_t target_n;		/* or 0: there is none */
	const struct suspect * before;	/* what was noted of it, or NULL */
};

/**
 * verify_put(v, f, now):
 * Count a difference and print it, unless the documents are equal.  Return
 * nonzero if they aren't; ${now} is what is to be noted of it then.
 */
int verify_put(struct verify * v, const struct verify_found * f,
    struct suspect * now);

/* ${n} documents were looked at: say so with --report, and not so fast.
 * Return nonzero to stop. */
int verify_pace(struct verify * v, size_t n);

/* verify_sample.c: compare what was drawn.  Return an exit code. */
int verify_drawn(struct verify * v);
void verify_sample_free(struct verify * v);

/* verify_extra.c: report all documents that have no row. */
int verify_extra(struct verify * v);

#endif /* !VERIFY_IMPL_H_ */
