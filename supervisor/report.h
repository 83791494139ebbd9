#ifndef REPORT_H_
#define REPORT_H_

#include <stddef.h>
#include <stdint.h>

#include "../common/buf.h"

#include "service.h"

/*
 * What the service looks like: its views, and the views as JSON.  All but
 * report_look() is pure.
 */
struct report {
	struct service_view all;
	struct table_view * table;
	size_t n, room;
};

/* Take the views as they are now, in place of the last ones. */
void report_look(struct report * r, const struct service * sv,
    struct mono now);

/* Release what report_look() made. */
void report_clear(struct report * r);

/* Append the answers of GET /sync/status, /sync/health, /sync/tables and
 * /sync/verify. */
void report_status(const struct report * r, struct buf * b);
void report_health(const struct report * r, struct buf * b);
void report_tables(const struct report * r, struct buf * b);
void report_verify(const struct report * r, struct buf * b);

/* Append the answer of GET /sync/tables/NAME. */
void report_table(const struct table_view * v, struct buf * b);

/* Append a duration as "00:02:15". */
void report_put_clock(struct buf * b, int64_t us);

/* Nonzero if a table's last try failed, or it can't go on. */
int report_is_failing(const struct table_view * v);

/* Nonzero if a table has something to do now. */
int report_is_pending(const struct table_view * v);

/* Runs that went well, in hundredths of a percent; -1 if there were none. */
int64_t report_success(uint64_t ok, uint64_t failed);

#endif /* !REPORT_H_ */
