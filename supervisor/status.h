#ifndef STATUS_H_
#define STATUS_H_

#include "clock.h"
#include "service.h"

/**
 * status_write(sv, dirfd, now):
 * Write what GET /sync/status answers to the file status.json of the state
 * directory, for those who look without asking.  It is whole at any time, but
 * not durable.  Errors are not worth a word: disk space is watched elsewhere.
 */
void status_write(const struct service * sv, int dirfd, struct mono now);

/**
 * status_print(sv, now):
 * Print a table of what became of each table's run (--once) on standard
 * output.  Return 0, or -1 if that failed.
 */
int status_print(const struct service * sv, struct mono now);

#endif /* !STATUS_H_ */
