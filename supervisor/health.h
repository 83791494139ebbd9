#ifndef HEALTH_H_
#define HEALTH_H_

#include <sys/types.h>

#include <stdint.h>

#include "ask.h"
#include "child.h"
#include "loop.h"

/*
 * Are the two servers there?  Asked of the programs that know them,
 * `extract --check --server` and `load --check --json`: at the start, when a
 * table's pipeline failed, when nothing was heard of them for a while, and every second and a
 * half while one is away, so that work goes on soon after it comes back.
 */
struct health;

enum server { SERVER_MYSQL, SERVER_MONGODB, SERVERS };
enum server_state {
	SERVER_UNKNOWN,		/* not asked yet */
	SERVER_UP,
	SERVER_AWAY,		/* exit code 111: try again */
	SERVER_REFUSES		/* 100: credentials, privileges, settings */
};

/* A state was found: ${was} is the one before, which may be the same. */
typedef void health_fn(void * cookie, enum server server,
    enum server_state was, struct mono now);

/**
 * health_open(lp, who, every_us, fn, cookie):
 * Begin to look after both servers; quiet ones are asked every ${every_us}.
 * ${who} stays the caller's and is looked at for each question.
 */
struct health * health_open(struct loop * lp, const struct ask_who * who,
    int64_t every_us, health_fn * fn, void * cookie);
void health_free(struct health * h);

/* Another interval from now on. */
void health_every(struct health * h, int64_t every_us);

/* Ask both, soon.  One that is being asked is not asked twice. */
void health_probe(struct health * h, struct mono now);

/* Nonzero while an answer is still to come that was asked for. */
int health_asking(const struct health * h);

/* Data went through both of them: they are up. */
void health_seen(struct health * h, struct mono now);

/* Ask no more. */
void health_stop(struct health * h);

/* As pipeline_reaped() and pipeline_before_reap(). */
int health_reaped(struct health * h, pid_t pid,
    const struct child_end * end, struct mono now);
void health_before_reap(struct health * h, pid_t pid);

enum server_state health_state(const struct health * h, enum server server);

/* Did a check at ${now} say so, rather than data that went through? */
int health_by_check(const struct health * h, enum server server,
    struct mono now);

/* Since when, when last looked (wall clock, 0: never), and its words. */
int64_t health_since(const struct health * h, enum server server);
int64_t health_checked(const struct health * h, enum server server);
const char * health_error(const struct health * h, enum server server);

/**
 * health_storage(h, used, total):
 * How much of MongoDB's file system is used, in bytes.  Return 0, or -1 if it
 * doesn't tell.
 */
int health_storage(const struct health * h, int64_t * used, int64_t * total);

/* "mysql", "mongodb"; "unknown", "up", "away", "refuses". */
const char * server_name(enum server server);
const char * server_state_name(enum server_state state);

#endif /* !HEALTH_H_ */
