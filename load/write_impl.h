#ifndef WRITE_IMPL_H_
#define WRITE_IMPL_H_

#include "../common/retry.h"

#include "write.h"

/*
 * What the parts of the writer share: write.c sends batches and reads the
 * answers, write_meet.c looks at what the writes met, write_wait.c waits.
 */
struct writer {
	struct sink * sink;
	struct carrier * carrier;	/* or NULL */
	struct writer_options opt;
	struct rejects * rejects;
	struct conflict * conflict;
	struct sink_limits limits;
	struct retry retry;
	unsigned quick;		/* short waits since the last success */
	unsigned overload;	/* waits since the last success */
	uint64_t overload_us;	/* spent on them */
	int reloaded;		/* the credentials were read again */
	uint64_t seed;
	size_t most;		/* writes in a command, for now */

	/* The batch in work. */
	struct batch * b;
	const char * stream;
	struct write_counts * counts;
	int * insert;
	uint64_t gone;		/* deletions that are counted already */
	int all_done;		/* one answer settled all of it */
	size_t * ops;		/* indexes of writes */
	size_t cap;
	struct buf command;
	struct buf filter;
	struct reply reply;

	/* The command that is on its way. */
	int flying;
	enum batch_verb verb;
	size_t sent;
	struct sink_error err;
};

/* write_wait.c */

/* A number below ${n}, for jitter. */
uint64_t writer_random(struct writer * w, uint64_t n);

/* WRITE_OK after ${us} microseconds, or WRITE_STOPPED. */
enum write_result writer_wait(uint64_t us);

/* Something was resolved: the next failure is a first one again. */
void writer_success(struct writer * w);

/**
 * writer_handle(w, err):
 * A command or query failed as a whole.  Wait, and return WRITE_OK for the
 * next try; or say why there is none.
 */
enum write_result writer_handle(struct writer * w,
    const struct sink_error * err);

/* The same for an answer that says no, or that isn't sure. */
enum write_result writer_handle_reply(struct writer * w, int32_t code,
    unsigned labels, const char * what);

/* write.c */

/**
 * writer_reject(w, op, rule, code, detail):
 * Set a write apart that the server or a unique index refuses.
 */
enum write_result writer_reject(struct writer * w, struct batch_op * op,
    const char * rule, int32_t code, const char * detail);

/**
 * writer_collect(w, state, verb):
 * Put the indexes of the writes in ${state} with ${verb} (-1: any) into
 * w->ops.  Return how many.
 */
size_t writer_collect(struct writer * w, enum batch_state state, int verb);

/* write_meet.c */

/* Read back what the writes met that are to be checked, and decide. */
enum write_result writer_resolve(struct writer * w);

/* Before anything is sent: which documents were changed in MongoDB? */
enum write_result writer_look_first(struct writer * w);

/* Count what would be done. */
enum write_result writer_pretend(struct writer * w);

#endif /* !WRITE_IMPL_H_ */
