#include "../common/log.h"

#include "service_impl.h"

/*
 * Whose turn it is: the places of the pool, given to the tables.
 */

/* Close the idle pipeline that is needed last, to make room. */
static void
make_room(struct service * sv, struct mono now)
{
	const struct job * j;
	struct mono due = { INT64_MIN };
	size_t i, found = sv->n;

	if (pool_waiting(sv->pool) == 0 || pool_idle(sv->pool) == 0 ||
	    pool_used(sv->pool) < pool_max(sv->pool))
		return;
	for (i = 0; i < sv->n; i++) {
		j = table_job(sv->table[i]);
		if (job_state(j) == JOB_WAITING && job_has_pipeline(j) &&
		    job_due(j).us > due.us) {
			due = job_due(j);
			found = i;
		}
	}
	if (found < sv->n)
		table_event(sv->table[found], JOB_EV_CLOSE, now);
}

/* Those that had waited too long are before those that came later. */
static void
recall_tables(struct service * sv, struct mono now)
{
	int i;

	while ((i = pool_recall(sv->pool)) != -1) {
		if (job_state(table_job(sv->table[i])) != JOB_BACKOFF) {
			pool_leave(sv->pool, (size_t)i);
			continue;
		}
		table_event(sv->table[i], JOB_EV_TRIGGER, now);
		if ((i = pool_grant(sv->pool)) != -1)
			table_event(sv->table[i], JOB_EV_PLACE, now);
	}
}

void
service_run_pool(struct service * sv, struct mono now)
{
	int i;

	if (service_any_server(sv, SERVER_AWAY)) {
		service_spread_health(sv, now);
		return;
	}
	if (service_any_server(sv, SERVER_UNKNOWN) || sv->disk_low ||
	    service_fitness_open(sv))
		return;
	recall_tables(sv, now);
	while ((i = pool_grant(sv->pool)) != -1)
		table_event(sv->table[i], JOB_EV_PLACE, now);
	while ((i = pool_expire(sv->pool, now)) != -1) {
		sv->pool_timeouts++;
		SAY(LOG_LEVEL_WARN, "pool", "%s: no place within "
		    "MYSQL_POOL_TIMEOUT among %u extractors: it waits",
		    table_name(sv->table[i]), pool_max(sv->pool));
		table_event(sv->table[i], JOB_EV_NO_PLACE, now);
	}
	make_room(sv, now);
}

/* Does the table go well enough for its differences to mean something? */
static int
is_fit(enum job_state state)
{

	switch (state) {
	case JOB_WAITING:
	case JOB_QUEUED:
	case JOB_RUNNING:
	case JOB_STOPPING:
		return (1);
	default:
		return (0);
	}
}

void
service_run_looks(struct service * sv, struct mono now)
{
	int i, k;

	if (service_any_server(sv, SERVER_AWAY) ||
	    service_any_server(sv, SERVER_UNKNOWN) || sv->disk_low)
		return;
	for (k = 0; k < 2; k++) {
		while ((i = pool_grant(sv->looks[k])) != -1)
			verifier_place(table_verifier(sv->table[i]),
			    is_fit(job_state(table_job(sv->table[i]))), now);
	}
}
