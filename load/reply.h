#ifndef REPLY_H_
#define REPLY_H_

#include <bson/bson.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The server's answer to a write command.  Everything that can be wrong is
 * looked for in every answer, also in one that says `ok: 1`.
 */
struct reply_error {
	size_t index;		/* of the operation in the command */
	int32_t code;
	const char * text;	/* the server's words: they may quote a row;
				 * NULL if there are none */
};

struct reply {
	uint64_t took_us;	/* the caller's: until it came */
	int ok;			/* the command as a whole was taken */
	int32_t code;		/* if not: why */
	unsigned labels;	/* of verdict.h */
	int64_t backoff_ms;	/* what an overloaded server asks for, or 0 */
	int64_t n;		/* documents that matched, or were inserted */
	size_t upserted;	/* of them: created by an update */
	int unsure;		/* a writeConcernError: nothing is certain */
	int32_t unsure_code;
	const char * text;	/* the server's words if not ok, or unsure */
	struct reply_error * error;	/* the operations that failed */
	size_t nerror, cap;
};

/**
 * reply_parse(r, doc):
 * Read the answer ${doc} into ${r}; the texts point into ${doc}.  ${r}, all
 * zero at first, keeps its memory for the next one.  Return 0, or -1 if the
 * answer makes no sense.
 */
int reply_parse(struct reply * r, const bson_t * doc);
void reply_free(struct reply * r);

#endif /* !REPLY_H_ */
