#ifndef CHILD_H_
#define CHILD_H_

#include <sys/types.h>

/*
 * Starting a program, and what became of it.  The child's signals are as at
 * login, it is in a process group of its own or a given one, it is killed
 * when we die, and it has the descriptors 0, 1, 2 and the kept one, no more.
 */
struct child_spec {
	const char * path;		/* the program's file */
	char * const * argv;		/* NULL-terminated */
	char * const * envp;		/* NULL-terminated */
	int in, out, err;		/* become 0, 1 and 2; stay ours too */
	int keep;			/* inherited under its number; or -1 */
	pid_t group;			/* a group to join; 0: lead a new one */
};

/**
 * child_spawn(spec):
 * Start the program and return its process id once exec(2) has worked, or -1
 * with errno set: then there is no child.
 */
pid_t child_spawn(const struct child_spec * spec);

/* How a process ended. */
struct child_end {
	enum { CHILD_EXIT, CHILD_SIGNAL } how;
	int n;				/* the exit code, or the signal */
};

/**
 * child_reap(pid, end, before, cookie):
 * Find a child that has died.  Return 1 with its id and end, 0 if there is
 * none, -1 if we have no children at all.  ${before}, which may be NULL, is
 * called while the id still belongs to the dead one: until then no stranger
 * can have it, or lead a group of that number.
 */
int child_reap(pid_t * pid, struct child_end * end,
    void (*before)(void * cookie, pid_t pid), void * cookie);

/**
 * child_find(name, path, dst, n):
 * Store in ${dst}, of ${n} bytes, the file that the command ${name} means: as
 * it is when it has a slash, else the first in the directories of ${path}
 * (colons between).  Return 0, or -1 with errno set.
 */
int child_find(const char * name, const char * path, char * dst,
    size_t n);

/* "exit code 111 (a retry may help)", "killed by signal 9 (Killed)". */
const char * child_end_text(const struct child_end * end, char * dst,
    size_t n);

#endif /* !CHILD_H_ */
