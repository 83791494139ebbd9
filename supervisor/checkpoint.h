#ifndef CHECKPOINT_H_
#define CHECKPOINT_H_

#include <stddef.h>
#include <stdint.h>

/*
 * How far a table is known to be safe in MongoDB: the last acknowledged
 * STATE value, kept in a sealed file (statefile.h) of the table's directory.
 * Its only owner is the supervisor that holds the state directory's lock.
 */
struct checkpoint;

enum checkpoint_result {
	CHECKPOINT_OK,		/* written: another place */
	CHECKPOINT_EPOCH,	/* written, but only the epoch is new */
	CHECKPOINT_SAME,	/* the value is the one we have */
	CHECKPOINT_OLD,		/* an earlier epoch, or position where the
				 * epoch isn't known: ignored */
	CHECKPOINT_BAD_VALUE,	/* not JSON, or not a STATE value */
	CHECKPOINT_FAILED	/* not written; errno is set */
};

/**
 * checkpoint_open(dirfd, table):
 * Load the checkpoint of ${table} from its directory, which stays the
 * caller's.  When the directory has none and never had one, this is a first
 * run: an empty one is written.  Return NULL after a report that names the
 * remedy: a file that is lost, altered or another table's is never taken
 * for a first run.
 */
struct checkpoint * checkpoint_open(int dirfd, const char * table);
void checkpoint_free(struct checkpoint * c);

/**
 * checkpoint_ack(c, value, n, run, records, now_wall):
 * Make the acknowledged STATE value of ${n} bytes durable.  ${run} is the
 * run's id, ${records} the records written so far.  On CHECKPOINT_FAILED it
 * was tried twice, and nothing more may be acknowledged.
 */
enum checkpoint_result checkpoint_ack(struct checkpoint * c,
    const char * value, size_t n, const char * run, uint64_t records,
    int64_t now_wall);

/**
 * checkpoint_export(c, name):
 * Write the bare value to the file ${name} in the table's directory, as
 * `extract --state` reads it, or remove it when there is none.  Return 0, or
 * -1 after a report.
 */
int checkpoint_export(const struct checkpoint * c, const char * name);

/* The value, or NULL before the first acknowledgement. */
const char * checkpoint_value(const struct checkpoint * c);

/* The table's bookmark in it: the change column's value, or NULL. */
const char * checkpoint_position(const struct checkpoint * c);

/* The same as microseconds since 1970, or -1 if it is no time. */
int64_t checkpoint_position_us(const struct checkpoint * c);

/* The `round` that the value carries, or NULL. */
const char * checkpoint_round(const struct checkpoint * c);

uint64_t checkpoint_epoch(const struct checkpoint * c);
uint64_t checkpoint_records(const struct checkpoint * c);
int64_t checkpoint_time(const struct checkpoint * c);	/* wall; 0: never */

/**
 * checkpoint_compare(a, na, b, nb, table):
 * Compare two STATE values as positions of ${table}: by epoch, then by the
 * change column's value.  Return < 0, 0 (also when they can't be compared)
 * or > 0.
 */
int checkpoint_compare(const char * a, size_t na, const char * b, size_t nb,
    const char * table);

#endif /* !CHECKPOINT_H_ */
