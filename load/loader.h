#ifndef LOADER_H_
#define LOADER_H_

#include "../common/buf.h"
#include "../common/linein.h"
#include "../common/progress.h"
#include "../common/record.h"

#include "ack.h"
#include "batch.h"
#include "bsonize.h"
#include "conflict.h"
#include "options.h"
#include "plan.h"
#include "quick.h"
#include "rejects.h"
#include "sink.h"
#include "write.h"

/*
 * The state of a run, which the parts of the loop share: stream.c reads the
 * lines and opens and closes everything, message.c acts on each message,
 * settle.c writes what waits and acknowledges it.
 */

/* One stream of the input, and its collection. */
struct table {
	char * name;
	char * collection;
	struct buf schema;	/* its last SCHEMA, as it stood there */
	struct plan * plan;
	struct quick * quick;	/* rows like the last one */
	struct batch * batch;
	int insert;		/* the collection was empty */
	int shared;		/* another stream has the same collection */
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
	struct sink * sink;
	struct writer * writer;
	struct rejects rejects;
	struct conflict * conflict;
	struct ack * ack;
	struct progress * progress;

	struct table ** table;
	size_t ntable;
	struct table * current;	/* whose shape the reader expects */
	const struct plan * shape;
	struct table * writing;	/* of those that share a collection */
	size_t waiting;		/* tables whose batch isn't empty */

	uint64_t seen;		/* records since the last STATE */
	uint64_t reported;	/* when the last report was, stop_clock() */
	uint64_t lag;		/* records since all was written */
	struct buf value;	/* the newest STATE that isn't acknowledged */
	int pending;		/* there is one */
	int any;		/* a record was read */
	int closed;		/* and a STATE after the last one */
};

/* settle.c: all return the program's exit code, EXIT_DONE to go on. */

/* The exit code for what a write came to. */
int loader_exit(enum write_result rc);

/* Write the batch of one table. */
int loader_write(struct loader * ld, struct table * t);

/* Everything that was read is resolved: say so. */
int loader_acknowledge(struct loader * ld);

/* Write all that was read, and acknowledge it. */
int loader_write_all(struct loader * ld);

/* Log what became of a table's rows, at the end. */
void loader_tell(const struct loader * ld, const struct table * t);

/* message.c */

/* Act on the line of ${n} bytes ${p}.  Return an exit code, as above. */
int loader_line(struct loader * ld, const char * p, size_t n);

#endif /* !LOADER_H_ */
