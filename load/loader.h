#ifndef LOADER_H_
#define LOADER_H_

#include "../common/buf.h"
#include "../common/linein.h"
#include "../common/progress.h"
#include "../common/record.h"

#include "ack.h"
#include "batch.h"
#include "bsonize.h"
#include "carrier.h"
#include "conflict.h"
#include "marks.h"
#include "options.h"
#include "plan.h"
#include "quick.h"
#include "rejects.h"
#include "sink.h"
#include "write.h"

struct verify;

/*
 * The state of a run, which the parts of the loop share: stream.c reads the
 * lines and opens and closes everything, message.c acts on each message,
 * settle.c writes what waits and acknowledges it.
 */

#define LOADER_LANES	16	/* connections, at most */

/* The batch of a table that is filled for one connection. */
struct fill {
	struct batch * batch;
	struct batch * spare;	/* takes its place while it is on its way */
	uint64_t first;		/* its first row, if it isn't empty */
};

/*
 * A connection, and the batch that is on its way there.  Rows of a key take
 * the same one, and batches one after the other, so their order is kept.
 */
struct lane {
	struct sink * sink;
	struct carrier * carrier;	/* NULL: there is one lane only */
	struct writer * writer;
	struct table * table;	/* whose batch it is; NULL: none */
	uint64_t first;
};

/* One stream of the input, and its collection. */
struct table {
	char * name;
	char * collection;
	struct buf schema;	/* its last SCHEMA, as it stood there */
	struct plan * plan;
	struct quick * quick;	/* rows like the last one */
	struct fill fill[LOADER_LANES];
	int insert;		/* the collection was empty */
	enum deletes deletes;	/* what becomes of deleted rows */
	int shared;		/* another stream has the same collection */
	int whole;		/* --verify: all of its rows come; */
	int opaque;		/* its keys aren't those of the rows; */
	struct buf range;	/* a filter for the part that comes, or empty */
	uint64_t processed;
	uint64_t told;		/* of them, in the last report */
	uint64_t started;	/* on stop_clock() */
	uint64_t decimals;	/* numbers stored as strings */
	struct write_counts counts;
};

struct loader {
	const struct options * opt;
	struct linein * in;
	struct record_reader * reader;
	struct bsonizer * bsonizer;
	struct lane lane[LOADER_LANES];
	size_t nlane;
	struct rejects rejects;
	struct conflict * conflict;
	struct ack * ack;
	struct progress * progress;
	struct verify * verify;	/* --verify, or NULL */

	struct table ** table;
	size_t ntable;
	struct table * current;	/* whose shape the reader expects */
	const struct plan * shape;
	struct table * writing;	/* of those that share a collection */
	size_t waiting;		/* batches that aren't resolved */
	struct buf key;		/* of a row, to choose its lane */

	uint64_t seen;		/* records since the last STATE */
	uint64_t reported;	/* when the last report was, stop_clock() */
	uint64_t rows;		/* records so far */
	uint64_t begun;		/* the first one of the newest batch */
	struct marks * marks;	/* STATEs that aren't acknowledged */
	int any;		/* a record was read */
	int closed;		/* and a STATE after the last one */
};

/* settle.c: all return the program's exit code, EXIT_DONE to go on. */

/* The exit code for what a write came to. */
int loader_exit(enum write_result rc);

/* Begin to write the batch of a table for the lane ${l}. */
int loader_start(struct loader * ld, struct table * t, size_t l);

/* Write all batches of one table, until they are resolved. */
int loader_write(struct loader * ld, struct table * t);

/* Say what is resolved. */
int loader_acknowledge(struct loader * ld);

/* Write all that was read, and acknowledge it. */
int loader_write_all(struct loader * ld);

/* Log what became of a table's rows, at the end. */
void loader_tell(const struct loader * ld, const struct table * t);

/* message.c */

/* Release the batches of a table. */
void loader_drop_batches(struct table * t);

/* Act on the line of ${n} bytes ${p}.  Return an exit code, as above. */
int loader_line(struct loader * ld, const char * p, size_t n);

/* The same with all lines from ${p} to ${end}, of linein_lines(). */
int loader_lines(struct loader * ld, const char * p, const char * end);

#endif /* !LOADER_H_ */
