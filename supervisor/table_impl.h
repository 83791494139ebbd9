#ifndef TABLE_IMPL_H_
#define TABLE_IMPL_H_

#include "../common/log.h"

#include "checkpoint.h"
#include "drift.h"
#include "folder.h"
#include "guarantee.h"
#include "lastwords.h"
#include "pipeline.h"
#include "table.h"
#include "tally.h"
#include "watch.h"

/*
 * The inside of a table, for table.c (what its job asks for, what is asked of
 * it), table_pipe.c (what its pipeline tells) and table_view.c.
 */
#define RUN_ID_MAX	32

struct table {
	struct table_host * host;
	size_t i;
	char * name;
	struct folder folder;
	struct checkpoint * checkpoint;	/* NULL: not loaded */
	struct job * job;
	struct loop_timer * timer;
	struct schedule schedule;
	char * cron;

	struct pipeline * pipeline;
	struct pipeline_plan * plan;	/* of it, or of the last one */
	struct watch * watch;
	char * schema;			/* see command_spec; or NULL */
	struct mono pipeline_begun;
	int rounds;			/* it stays for others */
	int killed;			/* by us */
	int no_checkpoint;		/* its folder can't be written to */
	struct lastwords words;

	char run[RUN_ID_MAX];		/* this one's id, or the last's */
	struct mono begun;
	int64_t begun_wall, ended_wall, succeeded_wall;
	int64_t duration_us;		/* of the last complete run */
	uint64_t runs_ok, runs_failed, restarts;
	int64_t lag_us;
	char * error;
	int64_t error_wall;

	uint64_t loaded;		/* written before we started */
	struct tally tally;
	struct guarantee heard;		/* of this pipeline, so far */
	int unheard;			/* it hasn't said all yet */
	struct guarantee known;		/* of the last that said all */
	enum guarantee_deletes deletes;	/* what is asked for of them */
	struct guarantee guarantee;	/* what holds */
	struct held bound;		/* as it was told last */
	struct drift drift;
	struct verifier * verifier;
};

#define SAY(t, level, op, ...)	log_event(level, LOG_FIELDS(		\
	LOG_TEXT("table", (t)->name), LOG_TEXT("run", (t)->run),	\
	LOG_TEXT("operation", op)), __VA_ARGS__)

/* Write the id of a new run. */
void table_run_id(struct table_host * host, char dst[RUN_ID_MAX]);

/* Tell the host. */
void table_tell(struct table * t, enum event_kind kind,
    enum log_level level, const char * text, int64_t us);

/* Keep ${text} as the last error. */
void table_note_error(struct table * t, const char * text);

/* Forget the pipeline, but not what it has counted. */
void table_drop_pipeline(struct table * t);

/* What is promised now? */
void table_compose(struct table * t);

/* What is heard from its pipeline; the cookie is the table. */
extern const struct pipeline_ops table_pipeline_ops;

#endif /* !TABLE_IMPL_H_ */
