#ifndef BOUND_H_
#define BOUND_H_

#include <stdint.h>

#include "source.h"

/*
 * Up to where in time a table can be read without overlooking a row that
 * comes to light later, because its statement or its transaction is still
 * under way.  barrier.h says how that is known.
 *
 * Where the server's list of transactions is cut (1 MiB), or may have gaps
 * (innodb_status_output_locks), the bound is a plain one: what is open is
 * asked for elsewhere, and a margin taken off.  What that doesn't see: a
 * transaction that had to wait for a metadata lock longer than the margin and
 * then stays open without a statement; any while others read INNODB_TRX more
 * than ten times a second, so that it isn't renewed.
 */
struct barrier;

#define BOUND_BOOT_LEN	36

/* What the bound lacks to be proved. */
#define BOUND_GUESSED	1U	/* PROCESS is missing */
#define BOUND_GAPS	2U	/* the list of transactions has some */
#define BOUND_OPEN	4U	/* one of these was so, and what was under way
				 * then isn't over yet */
#define BOUND_REPLICA	8U	/* rows of another server are applied */

/* A reading of the bound, kept from one run to the next. */
struct bound_mark {
	int64_t now_us;		/* the server's clock; 0 for no mark */
	int64_t safe_us;	/* rows changed before this were final */
	int guessed;		/* or so it was guessed */
	uint64_t up_us;		/* our own clock, since the machine's start, */
	char boot[BOUND_BOOT_LEN + 1];	/* which is called so; or "" */
};

struct bound {
	int64_t safe_us;	/* rows changed before this instant are final,
				 * microseconds since 1970 in UTC */
	int64_t now_us;		/* the server's clock */
	unsigned lacks;		/* BOUND_GUESSED and so on; 0: it is proved */
	int64_t rewind_us;	/* the clock has gone back since the last
				 * time, and rows changed since may carry
				 * times from here on; 0 if it hasn't */
	int rewind_sure;	/* it has; else it took too long to tell */
	int held;		/* something open holds safe_us back: */
	uint64_t holder;	/* the connection, */
	char user[64];		/* and its user; "" if there is none */

	uint64_t read_at;	/* of bound_clock(), when it was read; 0 for
				 * never */
	uint64_t read_by;	/* and when it had been */
	uint64_t slack_us;	/* what the clock may lack by the next time, */
	uint64_t margin_us;	/* and what was taken off for its sake */
	struct barrier * barrier;
	int unseen;		/* its last sample lacked the transactions */
	int64_t proved_us;	/* what it proves, whatever was final before */
	int guessed;		/* there is something that wasn't seen to */
	int64_t guessed_us;	/* begin, before this */
	struct bound_mark last;	/* set before the first reading: what the run
				 * before has known, or all zero */
	char boot[BOUND_BOOT_LEN + 1];
	uint64_t stare_at;	/* when to look longer at who is always at */
	uint64_t stare_gap;	/* work, and how long after that again */
};

/* How far the clock may have gone back unseen between two runs. */
#define BOUND_MARGIN_US	INT64_C(1000000)

/**
 * bound_read(s, lag_us, every_us, b):
 * Bring ${b}, which is all zero but for ${b}->last at first, up to date.  It
 * will be read again every ${every_us} microseconds; 0 for who knows when.
 * Without the privilege PROCESS the bound is ${lag_us} behind the server's
 * clock.  Return as source_ask().
 */
enum source_rc bound_read(struct source * s, uint64_t lag_us,
    uint64_t every_us, struct bound * b);

/* Microseconds on the clock that the bound goes by: it only runs, also while
 * the machine sleeps. */
uint64_t bound_clock(void);

/* Keep the last reading of ${b} as ${m}. */
void bound_mark(struct bound * b, struct bound_mark * m);

/* Has our own clock run on from ${m} to the last reading of ${b}? */
int bound_follows(struct bound * b, const struct bound_mark * m);

/**
 * bound_lowest(b, m, sure):
 * The earliest time that the server's clock may have shown between ${m} and
 * the last reading of ${b}; ${sure} is set if it surely has gone back.  Where
 * our own clock has begun anew since, only what can be seen of the server's.
 */
int64_t bound_lowest(struct bound * b, const struct bound_mark * m,
    int * sure);

/* Release what ${b} holds. */
void bound_free(struct bound * b);

#endif /* !BOUND_H_ */
