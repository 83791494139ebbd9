#ifndef ALERT_H_
#define ALERT_H_

#include <stdint.h>

#include "../common/buf.h"

#include "clock.h"
#include "event.h"
#include "report.h"
#include "statefile.h"

/*
 * What a person should be told: out of the events and views of the service
 * come a few notes.  Trouble is told once when it begins, again in a while if
 * it goes on, and once when it has been over for a moment; what comes and
 * goes within that moment is one trouble.  Pure: the time is passed in, and
 * how a note travels is its receiver's affair (courier.h, webhook.h).
 */
struct alert;

enum alert_kind {
	ALERT_FAILED,		/* a table's run gave up, or keeps crashing */
	ALERT_STALLED,		/* nothing was acknowledged for too long */
	ALERT_SERVER,		/* a server does not answer */
	ALERT_DISK,		/* space in the state directory */
	ALERT_STORAGE,		/* space for MongoDB, where it tells */
	ALERT_CHECKPOINT,	/* a position can't be written */
	ALERT_REJECTS,		/* too large a share was set aside */
	ALERT_ROWS,		/* far more or fewer rows than usual */
	ALERT_LAG,		/* a table is not fresh any more */
	ALERT_DRIFT,		/* a table's definition has changed */
	ALERT_DIFFERENCE,	/* both sides differ, and that lasts */
	ALERT_VERIFY,		/* verification fails, or is overdue */
	ALERT_BARRIER,		/* something open holds back what is read */
	ALERT_KINDS
};

enum alert_turn { ALERT_RAISED, ALERT_REMINDER, ALERT_CLEARED };

/* A note; it lasts for the call. */
struct alert_note {
	enum alert_kind kind;
	enum alert_turn turn;
	enum log_level severity;	/* info when it is cleared */
	const char * subject;	/* a table, a server; or NULL */
	const char * run;	/* or NULL */
	const char * message;	/* one sentence */
	int64_t since_wall;	/* when it began */
	uint64_t count;		/* how often it was seen since */
};

typedef void alert_fn(void * cookie, const struct alert_note * note);

struct alert_limits {
	int64_t repeat_us;	/* between reminders; 0: none */
	int64_t hold_us;	/* to be over before it is told so */
	int64_t lag_us;		/* 0: three intervals of the table */
	unsigned reject_percent;	/* 0: never */
	unsigned rows_factor;	/* from the median; 0: never */
};

struct alert * alert_new(const struct alert_limits * limits, alert_fn * fn,
    void * cookie);
void alert_free(struct alert * a);
void alert_set_limits(struct alert * a, const struct alert_limits * limits);

/**
 * alert_remember(a, f):
 * Take over what alert_put_usual() once wrote, or NULL: the usual rows of
 * tables before the supervisor was started.
 */
void alert_remember(struct alert * a, struct statefile * f);

/* Append the usual rows of all tables, as members of a state file. */
void alert_put_usual(const struct alert * a, struct buf * b);

/* Something happened. */
void alert_event(struct alert * a, const struct event * ev, struct mono now);

/**
 * alert_tick(a, r, now, now_wall):
 * Look at how things are; to be called every few seconds.
 */
void alert_tick(struct alert * a, const struct report * r, struct mono now,
    int64_t now_wall);

/* "failed", "stalled", ...; "raised", "reminder", "cleared". */
const char * alert_kind_name(enum alert_kind kind);
const char * alert_turn_name(enum alert_turn turn);

/**
 * alert_put_json(n, host, now_wall, b):
 * Append the note as an object, which also has a member text: so chat
 * programs take it as it is.
 */
void alert_put_json(const struct alert_note * n, const char * host,
    int64_t now_wall, struct buf * b);

#endif /* !ALERT_H_ */
