#ifndef BATCH_H_
#define BATCH_H_

#include <stddef.h>
#include <stdint.h>

#include "../common/buf.h"
#include "../common/record.h"

#include "bsonize.h"
#include "plan.h"
#include "quick.h"

/*
 * The writes of one collection that wait to be sent, at most one for each
 * key, and the commands that are made of them.
 */

/* What a write's filter asks for besides the key. */
enum batch_guard {
	BATCH_GUARD_NONE,	/* nothing: the record has no position */
	BATCH_GUARD_VERSION,	/* the version there is not higher */
	BATCH_GUARD_NEWEST,	/* and the change field is not later */
	BATCH_GUARD_EXACT,	/* the version is the one that was read */
	BATCH_GUARD_NO_VERSION	/* it has no stamp, or one without version */
};

enum batch_state {
	BATCH_WAITING,		/* to be sent */
	BATCH_CHECK,		/* to be looked at: its key is taken */
	BATCH_PARKED,		/* to be sent once more, after all others */
	BATCH_DONE
};

enum batch_verb { BATCH_INSERT, BATCH_UPDATE, BATCH_DELETE, BATCH_MARK };

/*
 * One write, in a cache line.  The texts lie in the batch: see batch_note().
 * Their places fit 32 bits, since a batch is full long before that.
 */
struct batch_op {
	uint32_t key, key_n;	/* type byte and value of _id */
	uint32_t doc, doc_n;	/* the document; n = 0 for a deletion, or a
				 * mark, whose time is the note at doc */
	uint32_t v;		/* the version */
	uint32_t seen;		/* the version for BATCH_GUARD_EXACT */
	uint32_t text, text_n;	/* its message, if messages are kept */
	int64_t at_ms;		/* when the source changed it */
	uint64_t line;		/* where it stood in the input */
	uint8_t v_n;		/* 0: none */
	uint8_t seen_n;
	uint8_t has_at;
	uint8_t verb;		/* enum batch_verb */
	uint8_t guard;		/* enum batch_guard */
	uint8_t state;		/* enum batch_state */
	uint8_t tries;		/* that met a document which would match */
	uint8_t absent;		/* that met none, but a unique index */
	uint8_t unknown;	/* that met an error of no known code */
	uint8_t logged;		/* its conflict was reported */
	uint8_t made_key;	/* an ObjectId of our own */
};

struct batch;

/**
 * batch_new(collection, max, keep):
 * A batch of at most ${max} writes to ${collection}.  With ${keep} it also
 * keeps the messages, for the reject file.
 */
struct batch * batch_new(const char * collection, size_t max, int keep);
void batch_free(struct batch * b);

/* The batch is one of ${n} that share the memory meant for one. */
void batch_share(struct batch * b, size_t n);

/* Call the batch full with ${n} writes, until it is cleared. */
void batch_limit(struct batch * b, size_t n);

/* A number that is the same for the same key (type byte and value). */
size_t batch_hash(const char * key, size_t n);

/* What else a write needs to know. */
struct batch_options {
	int newest;		/* guard by the change field, too */
	int insert;		/* the collection was empty: plain inserts */
	int has_version;	/* Singer's version of the table */
	int64_t version;
	int mark;		/* a deletion marks the document */
};

enum batch_result {
	BATCH_BAD = -1,		/* it can't be stored: see the error */
	BATCH_ADDED,
	BATCH_MERGED		/* one of two writes of the key was dropped */
};

/**
 * batch_add(b, z, plan, r, line, opt, err):
 * Add the row ${r}, read as line ${line}, as ${plan} and ${opt} say.  All
 * rows of a batch have to have one plan.  The batch must not be full.
 */
enum batch_result batch_add(struct batch * b, struct bsonizer * z,
    const struct plan * plan, const struct record * r, uint64_t line,
    const struct batch_options * opt, struct bsonize_error * err);

/**
 * batch_add_quick(b, q, row, line, opt):
 * The same with a row that quick_open() has found to be like the last one;
 * BATCH_BAD if it isn't, after all, and nothing is changed then.
 */
enum batch_result batch_add_quick(struct batch * b, struct quick * q,
    struct quick_row * row, uint64_t line, const struct batch_options * opt);

/* Nonzero if the batch has to be written before more is added. */
int batch_full(const struct batch * b);

size_t batch_count(const struct batch * b);
struct batch_op * batch_op(struct batch * b, size_t i);
const char * batch_collection(const struct batch * b);
const char * batch_document(const struct batch * b,
    const struct batch_op * op);
const char * batch_note(const struct batch * b, size_t at);
const char * batch_message(const struct batch * b, size_t at);

/* The name of the change field, or NULL. */
const char * batch_change(const struct batch * b);

/* Numbers that were stored as strings since the last call. */
uint64_t batch_decimals(struct batch * b);

/*
 * Note the version that was read for a write, or NULL for none: it is what
 * the write's filter asks for from now on.
 */
void batch_seen(struct batch * b, struct batch_op * op, const char * v,
    size_t n);

/**
 * batch_find(b, key, n):
 * The write of a key (type byte and value), or NULL.
 */
struct batch_op * batch_find(struct batch * b, const char * key, size_t n);

/* A command's bytes, which are the batch's or the caller's. */
struct batch_command {
	const char * p;
	size_t n;
};

/**
 * batch_command(b, verb, ops, n, max, spare, cmd):
 * Make a command of the first writes in ${ops}, which has ${n} indexes of
 * writes with the verb ${verb}, each once: as many as fit into ${max} bytes,
 * but at least one.  Return how many.  ${cmd} points to it, in ${spare} or in
 * the batch, until one of them changes.
 */
size_t batch_command(struct batch * b, enum batch_verb verb,
    const size_t * ops, size_t n, size_t max, struct buf * spare,
    struct batch_command * cmd);

/**
 * batch_filter(b, ops, n, out):
 * Append a filter for the documents that the ${n} writes ${ops} are about.
 */
void batch_filter(const struct batch * b, const size_t * ops, size_t n,
    struct buf * out);

/* Forget all writes. */
void batch_clear(struct batch * b);

#endif /* !BATCH_H_ */
