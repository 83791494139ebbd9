#ifndef LOCK_H_
#define LOCK_H_

/**
 * lock_take(dirfd, path, temporary):
 * Become the only supervisor of the state directory ${dirfd}, called
 * ${path}.  The descriptor returned holds the lock, and so does every program
 * that inherits it: so no other supervisor starts while a stage of a dead one
 * still writes; a short while is waited for such to end.  Return -1 after a
 * report that names who has it; ${temporary} tells whether a later try may
 * help, as what has it is a leftover.
 */
int lock_take(int dirfd, const char * path, int * temporary);

#endif /* !LOCK_H_ */
