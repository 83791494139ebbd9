#ifndef PIPESIZE_H_
#define PIPESIZE_H_

/**
 * pipesize_raise(fd):
 * Give the pipe ${fd} room for 512 KB, if it has less: both ends are woken
 * less often.  Where that is refused (pipe(7), pipe-user-pages-soft) it stays
 * as it is.  Return its size in bytes, or 0 if it is no pipe.
 */
int pipesize_raise(int fd);

#endif /* !PIPESIZE_H_ */
