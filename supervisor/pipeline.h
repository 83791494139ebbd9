#ifndef PIPELINE_H_
#define PIPELINE_H_

#include <stddef.h>
#include <stdint.h>

#include "child.h"
#include "loop.h"

/*
 * extract | transform | load of one table: a group of processes with pipes
 * between them, a pipe from the standard error of each to us, and the FIFO
 * of the acknowledgements.  A pipeline is started, may be told to drain, and
 * ends; what is to be done about its end is decided elsewhere (job.h).
 *
 * It is stopped at its source: SIGTERM to the first stage alone, which ends
 * with a STATE, so that the end of file runs through the others.
 */
struct pipeline;

#define PIPELINE_STAGES_MAX	16

/*
 * The words of a pipeline.  A stage's name is the last part of its command:
 * "extract", "transform" and "load" are ours and get options added.
 */
struct pipeline_plan {
	size_t n;			/* stages */
	struct pipeline_stage {
		char ** argv;		/* NULL-terminated */
		size_t argc;
		const char * name;	/* in argv[0] */
	} stage[PIPELINE_STAGES_MAX];
};

/**
 * pipeline_parse(text, err):
 * Read a line like "extract orders | jq -c '.' | transform | load": words,
 * single and double quotes, backslashes, and '|'.  There is no shell: other
 * special characters of the shell outside quotes (& ; < > ( ) $ ` * ? # ~)
 * are refused rather than taken for letters.  Return a plan, or NULL with
 * ${err} pointed to a constant that says why.
 */
struct pipeline_plan * pipeline_parse(const char * text, const char ** err);

/* Add a word to a stage's argv, copied. */
void pipeline_plan_add(struct pipeline_plan * plan, size_t stage,
    const char * word);
void pipeline_plan_free(struct pipeline_plan * plan);

/* The number of the stage called ${name}, or -1. */
int pipeline_plan_find(const struct pipeline_plan * plan, const char * name);

/* What a whole pipeline came to, from the best to the worst. */
enum pipeline_result {
	PIPELINE_DONE,		/* every stage ended with 0 */
	PIPELINE_STOPPED,	/* drained: 0 and 99 only, as it was asked to */
	PIPELINE_TEMP,		/* a retry may help */
	PIPELINE_CRASHED,	/* a stage was killed by a signal */
	PIPELINE_PERM		/* a retry won't help */
};

/**
 * pipeline_verdict(end, order, n, stopping, culprit):
 * Judge the ends of ${n} stages, of which order[i] says as how manieth stage
 * i died.  Store in ${culprit} the stage that failed first, not one that only
 * suffered from it (SIGPIPE; a temporary failure behind a stage that failed),
 * or -1 if none.  ${stopping}: we had told the first stage to end.
 */
enum pipeline_result pipeline_verdict(const struct child_end * end,
    const unsigned * order, size_t n, int stopping, int * culprit);

/* The tellings of a running pipeline, called from the loop. */
struct pipeline_ops {
	/* A line of the acknowledgement FIFO; older ones may be left out. */
	void (*ack)(void * cookie, const char * value, size_t n,
	    struct mono now);
	/* A line on the standard error of ${stage}, ${n} > 0 bytes. */
	void (*line)(void * cookie, size_t stage, const char * p, size_t n,
	    struct mono now);
	/* All stages are gone and everything they said was passed on.  The
	 * pipeline may be freed in here. */
	void (*ended)(void * cookie, enum pipeline_result r, int culprit,
	    const struct child_end * end, struct mono now);
};

struct pipeline_spec {
	const struct pipeline_plan * plan;	/* copied what is needed */
	/* The environment of a stage, NULL-terminated; asked for each. */
	char * const * (*env)(void * cookie, const char * stage);
	const char * path;	/* where commands are searched */
	int ack_fd;		/* the FIFO, open for our whole life; or -1 */
	int out_fd;		/* standard output of the last; -1: dropped */
	int lock_fd;		/* inherited on purpose; -1: none */
	int rounds;		/* the first stage reads requests, a line each */
	int answers;		/* the last may end with 1: its answer was no */
};

/**
 * pipeline_start(lp, spec, ops, cookie):
 * Empty the FIFO and start every stage.  Return the pipeline, or NULL after a
 * report and with errno set: then nothing runs.
 */
struct pipeline * pipeline_start(struct loop * lp,
    const struct pipeline_spec * spec, const struct pipeline_ops * ops,
    void * cookie);

/**
 * pipeline_request(p, word):
 * Ask the first stage for the round ${word}.  Return 0, or -1 if it doesn't
 * take it (it is about to die).
 */
int pipeline_request(struct pipeline * p, const char * word);

/* Stop at the source.  Calling it again is harmless. */
void pipeline_drain(struct pipeline * p);

/* Kill what is left of the group. */
void pipeline_kill(struct pipeline * p);

/**
 * pipeline_reaped(p, pid, end, now):
 * A process ended.  Return nonzero if it was one of ${p}'s.
 */
int pipeline_reaped(struct pipeline * p, pid_t pid,
    const struct child_end * end, struct mono now);

/* Before ${pid}, maybe one of ${p}'s, is reaped: see child_reap(). */
void pipeline_before_reap(struct pipeline * p, pid_t pid);

/* The stages and their process ids; 0 once one is gone. */
size_t pipeline_nstages(const struct pipeline * p);
const char * pipeline_stage_name(const struct pipeline * p, size_t i);
pid_t pipeline_pid(const struct pipeline * p, size_t i);

/* Kill what runs, release everything; no telling any more. */
void pipeline_free(struct pipeline * p);

#endif /* !PIPELINE_H_ */
