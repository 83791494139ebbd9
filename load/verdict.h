#ifndef VERDICT_H_
#define VERDICT_H_

#include <stdint.h>

/*
 * What an error of the server means for what was sent: one table, by number,
 * never by text.  Names are MongoDB's.
 */
enum verdict {
	VERDICT_RETRY,		/* passes by itself: send again */
	VERDICT_OVERLOAD,	/* too much at once: wait, then send less */
	VERDICT_BLOCKED,	/* until somebody helps: ask slowly */
	VERDICT_CREDENTIALS,	/* read them again, once; else critical */
	VERDICT_CRITICAL,	/* stop */
	VERDICT_DUPLICATE,	/* look at the document that is there */
	VERDICT_DATA,		/* this document can't be stored */
	VERDICT_UNKNOWN		/* a few times more, then stop */
};

/* Labels that a server puts on an error. */
enum {
	VERDICT_LABEL_RETRY = 1,	/* RetryableWriteError and its like */
	VERDICT_LABEL_OVERLOAD = 2	/* SystemOverloadedError */
};

/* What a code means, with the labels (bits of the above) that came along. */
enum verdict verdict_of(int32_t code, unsigned labels);

/* The bit of a label, or 0 if it changes nothing. */
unsigned verdict_label(const char * label);

/* MongoDB's name for a code in the table, or "unnamed". */
const char * verdict_name(int32_t code);

#endif /* !VERDICT_H_ */
