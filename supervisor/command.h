#ifndef COMMAND_H_
#define COMMAND_H_

#include "config.h"
#include "env.h"
#include "guarantee.h"
#include "pipeline.h"
#include "watch.h"

/*
 * The commands of a table's pipeline: SYNC_<ENTITY>_PIPELINE, or
 * extract TABLE | transform | load, with the options added that the stages of
 * ours need here.
 */
struct command_spec {
	const struct config * cfg;
	const struct env * env;
	const char * table;
	const char * folder;	/* the table's, for its files */
	int rounds;		/* may stay for further rounds */
	char ** schema;		/* its schema file when it was last built,
				 * or NULL; replaced, never forgotten here */
	const struct command_look * look;	/* or NULL */
};

/*
 * Instead of a synchronisation: the same stages, but load compares.  The
 * files are in the folder above.
 */
struct command_look {
	const char * only;	/* look at the rows that it names, again; or
				 * NULL: at all, */
	int go_on;		/* from where the last look was cut off */
	unsigned looks;		/* a difference counts that this many found */
	int repair;
};
#define COMMAND_LOOK_CHECKPOINT	"checkpoint"

/**
 * command_build(spec, watch, rounds):
 * Return the plan, and watch the files that it depends on, or return NULL
 * after a report.  Store in ${rounds} whether the pipeline stays: only one of
 * our three programs does, as others may hold rows back in a buffer.
 */
struct pipeline_plan * command_build(const struct command_spec * spec,
    struct watch * watch, int * rounds);

/**
 * command_may_repair(plan):
 * May load mend by what comes out of the pipeline: are all programs ours?
 */
int command_may_repair(const struct pipeline_plan * plan);

/* Does the table's own pipeline run ${stage} with --insecure? */
int command_insecure(const struct config * cfg, const char * table,
    const char * stage);

/**
 * command_guarantee(plan, g):
 * Add to ${g} what the words of the pipeline say against it: programs that
 * aren't ours, connections that may be read.
 */
void command_guarantee(const struct pipeline_plan * plan,
    struct guarantee * g);

#endif /* !COMMAND_H_ */
