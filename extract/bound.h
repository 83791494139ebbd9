#ifndef BOUND_H_
#define BOUND_H_

#include <stdint.h>

#include "source.h"

/*
 * Up to where in time a table can be read without overlooking a row that
 * comes to light later, because its statement or its transaction is still
 * under way.
 *
 * This is the plain bound: what is open is asked for, and a margin taken off.
 * What it doesn't see: a transaction that had to wait for a metadata lock
 * longer than the margin and then stays open without a statement.
 */
struct bound {
	int64_t safe_us;	/* rows changed before this instant are final,
				 * microseconds since 1970 in UTC */
	int64_t now_us;		/* the server's clock */
	int best_effort;	/* PROCESS is missing: safe_us is a guess */
	int64_t rewind_us;	/* the clock has gone back since the last
				 * time, and rows changed since may carry
				 * times from here on; 0 if it hasn't */
	uint64_t holder;	/* the connection that holds safe_us back */
	char user[64];		/* and its user; "" if there is none */

	uint64_t read_at;	/* of stop_clock(), when it was read; 0 for
				 * never */
};

/**
 * bound_read(s, lag_us, b):
 * Bring ${b}, which is all zero at first, up to date.  Without the privilege
 * PROCESS the bound is ${lag_us} behind the server's clock.  Return as
 * source_ask().
 */
enum source_rc bound_read(struct source * s, uint64_t lag_us,
    struct bound * b);

#endif /* !BOUND_H_ */
