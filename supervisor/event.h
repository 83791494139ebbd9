#ifndef EVENT_H_
#define EVENT_H_

#include <stddef.h>
#include <stdint.h>

#include "../common/log.h"

/*
 * What the service tells whoever listens (alerts, metrics, audit): one struct
 * for each thing that happened.  It lasts only for the call.
 */
enum event_kind {
	EVENT_READY,		/* start-up is complete */
	EVENT_STATE,		/* a table's state changed: from, to */
	EVENT_RUN_START,
	EVENT_RUN_END,		/* text: "ok", "interrupted", "retry",
				 * "gave up", "refused"; counts, us */
	EVENT_ACK,		/* us: lag, from the source's change of the
				 * last row to its acknowledgement; or -1 */
	EVENT_STAGE_FAILED,	/* text: which stage, how, its last words */
	EVENT_STALLED,		/* us: since the last acknowledgement */
	EVENT_UNFIT,		/* text: why its collection can't be loaded
				 * into, found before it runs */
	EVENT_STAGE_LINE,	/* a stage's log line of level warn or error */
	EVENT_SERVER_AWAY,	/* text: "mysql" or "mongodb" */
	EVENT_SERVER_REFUSES,	/* text: the same; it answers, but says no */
	EVENT_SERVER_BACK,
	EVENT_DISK_LOW,		/* of the state directory; us: free bytes */
	EVENT_DISK_OK,
	EVENT_STORAGE_LOW,	/* MongoDB's; us: free bytes */
	EVENT_STORAGE_OK,
	EVENT_CHECKPOINT_FAILED,
	EVENT_VERIFIED,		/* text: what has been left; or NULL */
	EVENT_VERIFY_FAILED,	/* text: why */
	EVENT_STEERED,		/* text: what was asked for */
	EVENT_SETTINGS,		/* read again */
	EVENT_STOPPING,
	EVENT_KINDS
};

/* What stages counted.  Which of them a stage fills in is its own affair. */
struct counts {
	uint64_t read;		/* rows that extract printed */
	uint64_t written;	/* records that load resolved */
	uint64_t created, updated, deleted;
	uint64_t marked, ignored;	/* deletions, by the table's policy */
	uint64_t stale, conflicts;
	uint64_t rejected;	/* by transform and load */
};

/* How far what may be read lies behind the source's clock, and who holds it
 * there. */
struct held {
	int64_t age_us;		/* -1: it isn't known */
	int64_t told_wall;	/* when this was told */
	uint64_t connection;	/* for long; 0: none */
	char user[64];		/* its user; "": it has none */
	int is_held;		/* by it, or by a transaction without one */
};

struct event {
	enum event_kind kind;
	enum log_level level;	/* how bad it is */
	int64_t wall_us;
	const char * table;	/* NULL: all of it */
	const char * run;	/* run id, or NULL */
	const char * text;	/* or NULL */
	const char * code;	/* EVENT_STAGE_LINE: for programs, or NULL */
	const char * from, * to;	/* EVENT_STATE */
	int64_t us;		/* see above */
	const struct counts * counts;	/* EVENT_RUN_END, else NULL */
};

typedef void event_fn(void * cookie, const struct event * ev);

/* "run_end", for logs and alert commands. */
const char * event_kind_name(enum event_kind kind);

#endif /* !EVENT_H_ */
