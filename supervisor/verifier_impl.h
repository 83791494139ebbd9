#ifndef VERIFIER_IMPL_H_
#define VERIFIER_IMPL_H_

#include "../common/log.h"

#include "command.h"
#include "cycle.h"
#include "lastwords.h"
#include "table_impl.h"
#include "verifier.h"
#include "watch.h"

/*
 * The inside of a verifier, for verifier.c (when), verifier_look.c (a look:
 * its pipeline) and verifier_file.c (what is kept of it).
 */
struct verifier {
	struct table_host * host;
	size_t i;
	const char * name;		/* these are the table's */
	const struct folder * folder;
	char ** schema;

	int dirfd;			/* its own folder; -1: not open */
	char * path;
	struct job * job;
	struct loop_timer * timer;
	int on, repair;			/* by the settings */
	struct schedule schedule;
	char * cron;
	int paused;			/* as the table is */
	int put_down;			/* switched off in the midst of one */

	struct cycle cycle;
	struct mono ready;		/* since the table was complete */
	struct mono began;		/* the last look; or never */
	struct mono looked;		/* its end, if it went well; or never */
	int synced;			/* a run began since then, and is done */
	struct mono sync_begun;		/* the last run of the table, */
	int64_t sync_us;		/* so long after the one before */

	struct pipeline * pipeline;
	struct pipeline_plan * plan;
	struct watch * watch;
	struct lastwords words;
	int out_fd;			/* what is found */
	int went_on;			/* from where one was cut off */
	int draining, killed;		/* by us */
	int summed;			/* its summary has come: */
	struct looked sums;
	uint64_t rows;			/* so far */

	char run[RUN_ID_MAX];
	char * error;
	int64_t error_wall;
	uint64_t total, mended;
};

#define VERIFIER_SAY(v, level, ...)					\
	log_event(level, LOG_FIELDS(LOG_TEXT("table", (v)->name),	\
	LOG_TEXT("run", (v)->run[0] != '\0' ? (v)->run : NULL),	\
	LOG_TEXT("operation", "verify")), __VA_ARGS__)

/* Keep ${text} as the last error. */
void verifier_note_error(struct verifier * v, const char * text);

/* Tell the host. */
void verifier_tell(struct verifier * v, enum event_kind kind,
    enum log_level level, const char * text);

/* verifier_look.c: begin the look that is next; see job_ops. */
enum job_start verifier_look(struct verifier * v, struct mono now);

/* Forget the pipeline. */
void verifier_drop(struct verifier * v);

/* verifier_file.c: open the folder, unless it isn't there and not to be made,
 * and read what is kept.  Return 0, or -1 after a report, as the others. */
int verifier_open_files(struct verifier * v, int make);
int verifier_save(const struct verifier * v);

/* The name of what the look of number ${look} finds. */
const char * verifier_found(unsigned look);

/* Remove what is left of earlier looks, or is not whole. */
void verifier_clean(const struct verifier * v);
void verifier_clean_look(const struct verifier * v);

/* What the look before has found is as it was left. */
int verifier_intact(const struct verifier * v);

/* Is there a look at all that was cut off? */
int verifier_was_cut(const struct verifier * v);

/* Make a file for what this look finds, and then keep it. */
int verifier_begin_found(struct verifier * v);
int verifier_keep_found(struct verifier * v);

#endif /* !VERIFIER_IMPL_H_ */
