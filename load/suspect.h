#ifndef SUSPECT_H_
#define SUSPECT_H_

#include <stddef.h>
#include <stdint.h>

#include "../common/buf.h"
#include "../common/scan.h"

#include "digest.h"
#include "resolve.h"

/*
 * A row and a document that weren't the same when they were looked at.  While
 * both sides change that means little; so what was seen is noted, goes out
 * with the difference, comes back with the row when extract reads it again,
 * and counts when nothing but time has passed.  Pure.
 */
#define SUSPECT_VERSION_MAX	160

struct suspect {
	unsigned generation;	/* looks at which it was just so */
	int64_t since_us;	/* the first look that found a difference */
	int there;		/* there was a document, */
	char seen[SUSPECT_VERSION_MAX];	/* of this version, */
	size_t seen_n;			/* 0: of none */
	uint8_t source[DIGEST_LEN];	/* what it should have been */
	uint8_t target[DIGEST_LEN];	/* what it was */
};

/**
 * suspect_read(line, n, s):
 * Take what was noted from the member `suspect` of the RECORD of ${n} bytes
 * ${line} (with LINEIN_SLACK readable bytes behind it), which was read before.
 * Return 1, 0 if there is none, or -1 if it makes no sense.
 */
int suspect_read(const char * line, size_t n, struct suspect * s);

/**
 * suspect_renew(s, before, now_us):
 * Set generation and time of ${s}, which was just seen, from what was noted
 * ${before}, or NULL.
 */
void suspect_renew(struct suspect * s, const struct suspect * before,
    int64_t now_us);

/* Append the object that suspect_read() reads. */
void suspect_put(const struct suspect * s, struct buf * out);

/**
 * suspect_version(s, pos, max):
 * Store the numbers of the version that was seen, those of the lowest version
 * if there was none.  Return how many.
 */
size_t suspect_version(const struct suspect * s, uint64_t * pos, size_t max);

#endif /* !SUSPECT_H_ */
