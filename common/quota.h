#ifndef QUOTA_H_
#define QUOTA_H_

#include <stdint.h>

/*
 * --max-rejects: how many records, or which share of them, may be refused
 * before a run has gone wrong as a whole.  Exact; no doubles.
 */
struct quota {
	uint64_t max;		/* records, or UINT64_MAX */
	uint64_t max_ppm;	/* parts per million of all, or UINT64_MAX */
};

/* A share means little before so many records. */
#define QUOTA_SAMPLE	100

/* Anything goes. */
#define QUOTA_NONE	{ UINT64_MAX, UINT64_MAX }

/**
 * quota_parse(text, q):
 * Read "N" or "P%", with up to four decimals, into ${q}.  Return 0, or -1 if
 * it is neither.
 */
int quota_parse(const char * text, struct quota * q);

/**
 * quota_over(q, rejected, processed, end):
 * Return nonzero, after a report, if ${rejected} of ${processed} records are
 * too many.  A share is judged from QUOTA_SAMPLE records on, and at the
 * ${end} of the run.
 */
int quota_over(const struct quota * q, uint64_t rejected, uint64_t processed,
    int end);

#endif /* !QUOTA_H_ */
