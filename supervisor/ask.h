#ifndef ASK_H_
#define ASK_H_

#include <sys/types.h>

#include <stddef.h>

#include "child.h"
#include "env.h"
#include "loop.h"
#include "pipeline.h"

/*
 * Asking one of the stages something: the program is run by itself, with
 * nothing to read, and what it prints is its answer.
 */
struct ask;

struct ask_who {
	struct env * env;	/* stays the caller's, as all here */
	const char * env_file;	/* for the program, or NULL */
	int lock_fd;
	int insecure_extract;	/* ask with --insecure, as the pipelines of */
	int insecure_load;	/* some tables run */
};

/**
 * The answer: how it ended, the ${n} bytes ${out} that it printed, and, unless
 * all is well, its last words in ${error}.  They last for the call, in which
 * the struct ask may be freed.
 */
typedef void ask_fn(void * cookie, enum pipeline_result result,
    const char * out, size_t n, const char * error, struct mono now);

/**
 * ask_start(lp, who, words, fn, cookie):
 * Run the command ${words}, ended by NULL, with --env-file added.  Return NULL
 * after a report if that isn't possible.
 */
struct ask * ask_start(struct loop * lp, const struct ask_who * who,
    const char * const * words, ask_fn * fn, void * cookie);

/* Kill it: the answer comes soon, and ${why} is its error. */
void ask_kill(struct ask * a, const char * why);

/* Kill it and hear no more; NULL is harmless. */
void ask_free(struct ask * a);

/* As pipeline_reaped() and pipeline_before_reap(); NULL is harmless. */
int ask_reaped(struct ask * a, pid_t pid, const struct child_end * end,
    struct mono now);
void ask_before_reap(struct ask * a, pid_t pid);

#endif /* !ASK_H_ */
