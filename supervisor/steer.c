#include <stdio.h>
#include <string.h>

#include "../common/log.h"

#include "service_impl.h"

/*
 * What people ask for.  Each function does it for one table; all of them
 * follow from that.
 */
typedef enum steer one_fn(struct service * sv, size_t i, struct mono now);

static const struct {
	const char * name, * text;
} words[] = {
	[STEER_DONE] = { "done", "It is done." },
	[STEER_QUEUED] = { "queued",
	    "It follows when what is being done is done." },
	[STEER_ALREADY] = { "already", "It was so before." },
	[STEER_NO_TABLE] = { "no_table", "There is no such table." },
	[STEER_NO_STAGE] = { "no_stage", "The pipeline has no such stage." },
	[STEER_PAUSED] = { "paused", "It is paused; resume it first." },
	[STEER_EARLY] = { "early", "No run of it is complete yet since the "
	    "start: synchronise first." },
	[STEER_STOPPING] = { "stopping", "The supervisor is ending." },
	[STEER_BAD_VALUE] = { "bad_value",
	    "The interval has to be from one second to 366 days." },
	[STEER_NOT_SAVED] = { "not_saved", "It is done, but could not be "
	    "written down: it won't survive a restart." },
};

const char *
steer_name(enum steer s)
{

	return (words[s].name);
}

/* What the three good answers mean. */
static const struct {
	const char * what, * text[3];
} sentences[] = {
	{ "trigger", { "A run begins.", "One more run follows.",
	    "A run is about to begin already." } },
	{ "pause", { "Paused.",
	    "It pauses once what is under way is acknowledged.",
	    "It was paused before." } },
	{ "resume", { "It goes on.", "It goes on once it has drained.",
	    "It was not paused." } },
	{ "restart", { "The next run has new processes.",
	    "It drains, and goes on with new processes.",
	    "It drains already." } },
	{ "interval", { "It holds from now on.", NULL, NULL } },
	{ "verify", { "Verification begins.", NULL,
	    "It is being verified already." } },
	{ "reload", { "The settings were read again.", NULL, NULL } },
};

const char *
steer_text(const char * what, enum steer s)
{
	size_t i;

	for (i = 0; i < sizeof sentences / sizeof sentences[0] &&
	    s <= STEER_ALREADY; i++) {
		if (strcmp(sentences[i].what, what) == 0 &&
		    sentences[i].text[s] != NULL)
			return (sentences[i].text[s]);
	}
	return (words[s].text);
}

static enum job_state
state_of(const struct service * sv, size_t i)
{

	return (job_state(table_job(sv->table[i])));
}

/* The number of a table that hasn't ended; or -1. */
static int
find(const struct service * sv, const char * table)
{
	int at = service_find(sv, table);

	return (at != -1 && state_of(sv, (size_t)at) == JOB_ENDED ? -1 : at);
}

/* Which of two answers says more about several tables. */
static enum steer
better(enum steer a, enum steer b)
{
	static const enum steer order[] = { STEER_NOT_SAVED, STEER_DONE,
		STEER_QUEUED, STEER_ALREADY, STEER_PAUSED, STEER_EARLY,
		STEER_NO_STAGE };
	size_t i;

	for (i = 0; i < sizeof order / sizeof order[0]; i++) {
		if (a == order[i] || b == order[i])
			return (order[i]);
	}
	return (a);
}

/* Tell what was asked for and what came of it. */
static enum steer
said(struct service * sv, const char * what, const char * table,
    enum steer s)
{
	char text[128];

	snprintf(text, sizeof text, "%s: %s", what, steer_name(s));
	log_event(LOG_LEVEL_INFO, LOG_FIELDS(LOG_TEXT("table", table),
	    LOG_TEXT("operation", "steer")), "%s%s%s",
	    table != NULL ? table : "all", ": ", text);
	service_tell(sv, EVENT_STEERED, LOG_LEVEL_INFO, table, text, -1);
	service_soon(sv);
	return (s);
}

/* Do it for one table, or for all. */
static enum steer
each(struct service * sv, const char * what, const char * table,
    one_fn * one, struct mono now)
{
	enum steer s = STEER_NO_TABLE;
	size_t i;
	int at;

	if (sv->stopping)
		return (STEER_STOPPING);
	if (table != NULL) {
		if ((at = find(sv, table)) == -1)
			return (STEER_NO_TABLE);
		s = one(sv, (size_t)at, now);
	}
	for (i = 0; table == NULL && i < sv->n; i++) {
		if (state_of(sv, i) == JOB_ENDED)
			continue;
		s = s == STEER_NO_TABLE ? one(sv, i, now) :
		    better(s, one(sv, i, now));
	}
	return (said(sv, what, table, s));
}

/* Is the table to be paused? */
static int
to_be_paused(const struct service * sv, size_t i)
{

	return (service_all_paused(sv) ||
	    control_paused(sv->control, table_name(sv->table[i]), 0));
}

static enum steer
trigger_one(struct service * sv, size_t i, struct mono now)
{
	const struct job * j = table_job(sv->table[i]);
	enum job_state was = job_state(j);
	int again = job_again(j);

	if (was == JOB_ENDED)
		return (STEER_NO_TABLE);
	if (was == JOB_PAUSED ||
	    (was == JOB_STOPPING && to_be_paused(sv, i)))
		return (STEER_PAUSED);
	if (was == JOB_QUEUED || was == JOB_CHECKING || was == JOB_AWAY)
		return (STEER_ALREADY);
	table_event(sv->table[i], JOB_EV_TRIGGER, now);
	if (was == JOB_RUNNING || was == JOB_STOPPING)
		return (again ? STEER_ALREADY : STEER_QUEUED);
	return (STEER_DONE);
}

enum steer
service_trigger(struct service * sv, const char * table, struct mono now)
{

	return (each(sv, "trigger", table, trigger_one, now));
}

static enum steer
verify_one(struct service * sv, size_t i, struct mono now)
{

	return (verifier_ask(table_verifier(sv->table[i]), now));
}

enum steer
service_verify(struct service * sv, const char * table, struct mono now)
{

	return (each(sv, "verify", table, verify_one, now));
}

static enum steer
settle_one(struct service * sv, size_t i, struct mono now)
{
	enum job_state was = state_of(sv, i);

	if (was == JOB_ENDED)
		return (STEER_NO_TABLE);
	if (to_be_paused(sv, i)) {
		if (was == JOB_PAUSED)
			return (STEER_ALREADY);
		table_event(sv->table[i], JOB_EV_PAUSE, now);
		return (state_of(sv, i) == JOB_PAUSED ? STEER_DONE :
		    STEER_QUEUED);
	}
	table_event(sv->table[i], JOB_EV_RESUME, now);
	return (state_of(sv, i) == was && was != JOB_STOPPING ?
	    STEER_ALREADY : STEER_DONE);
}

void
service_settle(struct service * sv, struct mono now)
{
	size_t i;

	for (i = 0; i < sv->n; i++) {
		enum job_state was = state_of(sv, i);

		if (to_be_paused(sv, i) != (was == JOB_PAUSED))
			settle_one(sv, i, now);
	}
}

/* Pause or resume; what is written down comes first. */
static enum steer
set_paused(struct service * sv, const char * table, int paused,
    struct mono now)
{
	enum steer s;
	int saved;

	if (sv->stopping)
		return (STEER_STOPPING);
	if (table != NULL && find(sv, table) == -1)
		return (STEER_NO_TABLE);
	saved = control_set_paused(sv->control, table, paused,
	    table == NULL ? !sv->cfg->enabled : 0);

	/* One of many that are paused as a whole stays paused. */
	s = each(sv, paused ? "pause" : "resume", table, settle_one, now);
	if (!paused && table != NULL && service_all_paused(sv))
		s = STEER_PAUSED;
	return (saved == -1 ? STEER_NOT_SAVED : s);
}

enum steer
service_pause(struct service * sv, const char * table, struct mono now)
{

	return (set_paused(sv, table, 1, now));
}

enum steer
service_resume(struct service * sv, const char * table, struct mono now)
{

	return (set_paused(sv, table, 0, now));
}

enum steer
service_interval(struct service * sv, const char * table, int64_t us,
    struct mono now)
{
	struct schedule s = sv->cfg->schedule;
	const char * cron;
	size_t i;
	int rc;

	if (us != 0 && (us < INTERVAL_MIN_US || us > INTERVAL_MAX_US))
		return (STEER_BAD_VALUE);
	if (sv->stopping)
		return (STEER_STOPPING);
	if (table != NULL && find(sv, table) == -1)
		return (STEER_NO_TABLE);
	if (table != NULL && config_schedule(sv->cfg, table, &s, &cron) == -1)
		s = sv->cfg->schedule;
	rc = control_set_interval(sv->control, table, us, s.interval_us);
	for (i = 0; i < sv->n; i++)
		service_apply(sv, i, now);
	return (said(sv, "interval", table,
	    rc == -1 ? STEER_NOT_SAVED : STEER_DONE));
}

static enum steer
restart_one(struct service * sv, size_t i, struct mono now)
{
	const struct job * j = table_job(sv->table[i]);
	int running = job_has_pipeline(j);

	if (job_state(j) == JOB_ENDED)
		return (STEER_NO_TABLE);
	table_event(sv->table[i], JOB_EV_RESTART, now);
	return (running ? STEER_QUEUED : STEER_DONE);
}

enum steer
service_restart(struct service * sv, const char * table, const char * stage,
    struct mono now)
{
	char what[128];
	size_t i;
	int at, any = 0;

	if (stage == NULL)
		return (each(sv, "restart", table, restart_one, now));
	if (table != NULL) {
		if ((at = find(sv, table)) == -1)
			return (STEER_NO_TABLE);
		if (!table_has_stage(sv->table[at], stage))
			return (STEER_NO_STAGE);
	}
	for (i = 0; i < sv->n; i++)
		any |= table_has_stage(sv->table[i], stage);
	if (!any)
		return (STEER_NO_STAGE);
	snprintf(what, sizeof what, "restart %s", stage);
	return (each(sv, what, table, restart_one, now));
}
