#ifndef MOVE_H_
#define MOVE_H_

#include <stddef.h>

#include "../common/buf.h"

/*
 * Moving the position of a table by hand, while no supervisor runs: back, to
 * read rows again (which harms nothing: each write knows what is newer), or
 * forward, to leave some out for good.
 */

/**
 * move_value(value, table, time, out, why):
 * Append to ${out} the STATE ${value} with the bookmark of ${table} moved to
 * ${time}, microseconds since 1970, in a later epoch.  Return 0, or -1 with
 * ${why} pointed to a constant.  Pure.
 */
int move_value(const char * value, const char * table, int64_t time,
    struct buf * out, const char ** why);

/**
 * move_table(state_dir, table, to):
 * Move the position of ${table} to ${to}, an RFC 3339 time, or to the start
 * of the table ("start"), under the state directory's lock, and note it in
 * the audit file.  ${was} becomes what it was before, or empty.  Return an
 * exit code, after a report unless it is 0.
 */
int move_table(const char * state_dir, const char * table, const char * to,
    struct buf * was);

#endif /* !MOVE_H_ */
