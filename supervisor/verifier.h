#ifndef VERIFIER_H_
#define VERIFIER_H_

#include <sys/types.h>

#include <stdint.h>

#include "child.h"
#include "clock.h"
#include "folder.h"
#include "guarantee.h"
#include "job.h"
#include "service.h"

/*
 * The verification of one table, beside its synchronisation: a job whose
 * runs are the looks of a cycle (cycle.h), with pipelines that compare, and
 * files of their own in the table's folder.  It moves no position.
 */
struct verifier;
struct table_host;

/**
 * verifier_new(host, i, name, folder, schema, paused, now):
 * The verification of the table ${name}, number ${i}, in whose ${folder} it
 * has its own.  ${schema} is that of its command_spec.
 */
struct verifier * verifier_new(struct table_host * host, size_t i,
    const char * name, const struct folder * folder, char ** schema,
    int paused, struct mono now);
void verifier_free(struct verifier * v);

/* Something happened to its job. */
void verifier_event(struct verifier * v, enum job_event ev, struct mono now);

/* The settings are others. */
void verifier_settings(struct verifier * v, const struct job_limits * limits,
    struct mono now);

/**
 * verifier_synced(v, begun, now):
 * The table's run that began at ${begun} is complete.
 */
void verifier_synced(struct verifier * v, struct mono begun,
    struct mono now);

/* There is a place; ${fit}: the table goes well enough to be looked at. */
void verifier_place(struct verifier * v, int fit, struct mono now);

/* The servers are ${away}, or not; or were; or refuse no more. */
void verifier_health(struct verifier * v, int away, struct mono now);
void verifier_doubt(struct verifier * v, enum job_event ev, struct mono now);
void verifier_forgive(struct verifier * v, struct mono now);

/* A person wants one now. */
enum steer verifier_ask(struct verifier * v, struct mono now);

/* Look for changed files, and for turns that have come. */
void verifier_tick(struct verifier * v, struct mono now);

/* As cycle_overlooks(), and keep it. */
void verifier_overlooks(struct verifier * v, int yes);

/* As cycle_cover(). */
int verifier_cover(const struct verifier * v, struct guarantee_cover * cover);

/* Has it ended? */
int verifier_ended(const struct verifier * v);

/* Kill what runs. */
void verifier_kill(struct verifier * v);

/* As pipeline_reaped() and pipeline_before_reap(). */
int verifier_reaped(struct verifier * v, pid_t pid,
    const struct child_end * end, struct mono now);
void verifier_before_reap(struct verifier * v, pid_t pid);

/* Fill in what is known. */
void verifier_fill(const struct verifier * v, struct verify_view * view);

#endif /* !VERIFIER_H_ */
