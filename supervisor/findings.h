#ifndef FINDINGS_H_
#define FINDINGS_H_

#include <stdint.h>

/*
 * What `load --check --json` has found: a JSON object on each line.  Pure.
 */
enum finding_mark { FINDING_OK, FINDING_NOTE, FINDING_WARN, FINDING_FAIL };

struct finding {
	enum finding_mark mark;
	const char * stream;	/* NULL: the server as a whole */
	const char * point;	/* "storage", "privileges", ... */
	const char * text;	/* a sentence */
	const char * remedy;	/* or NULL */
	int64_t used, total;	/* bytes, of "storage"; total 0: not told */
	struct json * doc;	/* what the texts are in */
};

/**
 * findings_next(f, p):
 * Read the next finding of the text ${p}, which moves on, into ${f}, all zero
 * at first; the one before is released.  Lines that are none are passed over.
 * Return nonzero, or 0 at the end, where nothing is left to release.
 */
int findings_next(struct finding * f, const char ** p);

/* Release it before the end. */
void findings_end(struct finding * f);

/**
 * findings_storage(text, used, total):
 * How much of the server's file system is used.  Return 0, or -1 if that
 * isn't told.
 */
int findings_storage(const char * text, int64_t * used, int64_t * total);

#endif /* !FINDINGS_H_ */
