#ifndef MUTEX_H_
#define MUTEX_H_

#include "stream_impl.h"

/**
 * mutex_take(st):
 * With --state, the positions of a stream are moved on by whoever acknowledges
 * what we print: two of us at a time would undo each other's.  Take a lock of
 * the server (GET_LOCK) for each table and state file, unless the connection
 * has it.  It is one more fence, not the only one: it goes with the connection,
 * and who holds it without a word for long is taken for dead.  Return 0, or
 * the exit code to end with after a report.
 */
int mutex_take(struct stream * st);

#endif /* !MUTEX_H_ */
