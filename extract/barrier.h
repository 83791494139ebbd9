#ifndef BARRIER_H_
#define BARRIER_H_

#include <stddef.h>
#include <stdint.h>

/*
 * Which instants nothing that is under way on the server can still get
 * behind.  Pure: the caller asks the server, once in a while, in this order:
 *
 *	1. the clock, T					barrier_begin()
 *	2. the connections that execute something	barrier_running()
 *	3. the transactions that have written		barrier_status()
 *							barrier_end()
 *
 * A row version with a time below T was written by a statement that began
 * before 2.  Either it has ended: it is committed and can be seen, or its
 * transaction is found by 3.  Or it is found by 2.  So whatever is found at T
 * and isn't known from before came after the last T, and holds the bound
 * there until it is proved to be over: a transaction that isn't listed any
 * more; a connection that has written nothing and executes nothing, or was
 * seen with two later starts.  No clock of ours, no zone and no length of time
 * has a part in that, and none of the server's: it may be set while a
 * statement waits.
 *
 * A start is what the server says of it, if it says so.  MySQL counts from the
 * statement's own time; of two starts the same is said only within a second.
 * MariaDB counts anew with each statement of a stored function, so that there
 * an old start can't be told from a new one: a connection has to be seen idle.
 *
 * At the first sample there is no T before.  A statement is then as old as the
 * list of connections says, with a margin, or a day where it can't be told.
 * What a transaction has written can be older than the transaction: a
 * statement has its time before it waits for a lock on the table's
 * definition, and a transaction after that.  So until it is over it holds the
 * bound a day before it began, the longest such wait by MariaDB's defaults.
 * Both hold it no further back than what barrier_resume() says.
 */
struct barrier;

/* Transactions that have written have a number below this. */
#define BARRIER_WRITER_MAX	(UINT64_C(1) << 47)

struct barrier * barrier_new(void);
void barrier_free(struct barrier * b);

/* A sample begins; the server's clock is ${now_us}. */
void barrier_begin(struct barrier * b, int64_t now_us);

/**
 * barrier_running(b, id, lo_us, hi_us):
 * The connection ${id} executes something that began between ${lo_us} and
 * ${hi_us} by the clock that then was the server's; BARRIER_UNKNOWN_LO and
 * BARRIER_UNKNOWN_HI if that can't be told.
 */
void barrier_running(struct barrier * b, uint64_t id, int64_t lo_us,
    int64_t hi_us);
#define BARRIER_UNKNOWN_LO	INT64_MIN
#define BARRIER_UNKNOWN_HI	INT64_MAX

/* It has been seen idle since, before the transactions are read. */
void barrier_idle(struct barrier * b, uint64_t id);

/**
 * barrier_waits(b, i):
 * The ${i}-th of the connections for which it would be of use to be seen idle:
 * they were at work at earlier samples, too.  0 behind the last.
 */
uint64_t barrier_waits(const struct barrier * b, size_t i);

/**
 * barrier_status(b, p):
 * The transactions in the text ${p} of SHOW ENGINE INNODB STATUS.  Return 0,
 * or -1 if the server has cut it.
 */
int barrier_status(struct barrier * b, const char * p);

/**
 * barrier_end(b, holder):
 * The sample is complete.  Return the instant before which all is final, and
 * point ${holder} to the connection that holds it back, if it is below the
 * clock; 0 for none or for a transaction without one.
 */
int64_t barrier_end(struct barrier * b, uint64_t * holder);

/**
 * barrier_rewind(b, us):
 * The clock was set back: what was found up to now, and what comes with the
 * sample that has begun, may write times from ${us} on.
 */
void barrier_rewind(struct barrier * b, int64_t us);

/**
 * barrier_resume(b, final_us):
 * Before the first sample: all that is before ${final_us} is known to be
 * final from elsewhere.
 */
void barrier_resume(struct barrier * b, int64_t final_us);

/* Forget everything: the next sample is a first one. */
void barrier_reset(struct barrier * b);

#endif /* !BARRIER_H_ */
