#ifndef WRITE_H_
#define WRITE_H_

#include <stdint.h>

#include "../common/buf.h"

#include "batch.h"
#include "carrier.h"
#include "conflict.h"
#include "rejects.h"
#include "resolve.h"
#include "sink.h"

/*
 * Batches to the server, until each write in them is resolved: stored, known
 * to be stale, decided as a conflict, or rejected.
 */
struct writer;

enum write_result {
	WRITE_OK,
	WRITE_STOPPED,		/* asked to stop while waiting: exit 99 */
	WRITE_PERM,		/* reported: exit 100 */
	WRITE_TEMP		/* reported: exit 111 */
};

/* What became of the writes of a stream. */
struct write_counts {
	uint64_t created, updated, deleted;
	uint64_t marked;	/* as deleted */
	uint64_t ignored;	/* deletions that mean nothing; the caller's */
	uint64_t absent;	/* deletions of what wasn't there */
	uint64_t stale;		/* a newer state was there */
	uint64_t merged;	/* overtaken inside a batch; the caller's */
	uint64_t conflicts_source, conflicts_target;
	uint64_t rejected;
	uint64_t clock;		/* the source's clock had gone back */
	uint64_t errors;	/* answers and connections that failed */
};

struct writer_options {
	uint64_t max_retries, retry_delay;	/* SYNC_... */
	enum resolve_policy policy;
	int look_first;		/* for conflicts that the source wins, too */
	int acks;		/* somebody relies on acknowledgements */
	int dry_run;
	const char * input;	/* its name in messages */
	const char * (* reload)(void * arg);	/* the connection string
				 * again, if it has changed; else NULL */
	void * arg;
};

/**
 * writer_new(sink, carrier, opt, rejects, conflict):
 * A writer; it keeps the pointers, which stay the caller's.  ${carrier} sends
 * with ${sink} while others do something else; NULL if nobody does.
 */
struct writer * writer_new(struct sink * sink, struct carrier * carrier,
    const struct writer_options * opt, struct rejects * rejects,
    struct conflict * conflict);
void writer_free(struct writer * w);

/* Connect to the server. */
enum write_result writer_connect(struct writer * w);

/**
 * writer_prepare(w, collection, empty):
 * Look at the collection and create it if it isn't there.  ${empty} tells
 * whether there is no document in it.
 */
enum write_result writer_prepare(struct writer * w, const char * collection,
    int * empty);

/* How many writes a command should have at most, for now. */
size_t writer_most(const struct writer * w);

/**
 * writer_begin(w, b, stream, counts, insert):
 * Begin to write the batch ${b} of the stream called ${stream}, which isn't
 * empty.  The first command is on its way then, if there is a carrier; all
 * pointers have to last until writer_end().  *${insert} is cleared when plain
 * inserts meet too many documents that are there already.
 */
void writer_begin(struct writer * w, struct batch * b, const char * stream,
    struct write_counts * counts, int * insert);

/**
 * writer_end(w):
 * Write what writer_begin() began; on WRITE_OK all of it is resolved and the
 * batch is empty.
 */
enum write_result writer_end(struct writer * w);

/**
 * writer_sweep(w, collection, filter, mark, counts):
 * Delete all documents that the BSON ${filter} finds; or update them with
 * ${mark}, from deletes_put_mark(), unless it is NULL.
 */
enum write_result writer_sweep(struct writer * w, const char * collection,
    const struct buf * filter, const struct buf * mark,
    struct write_counts * counts);

#endif /* !WRITE_H_ */
