#include <string.h>

#include "service_impl.h"

/*
 * What there is to see.
 */

size_t
service_tables(const struct service * sv)
{

	return (sv->n);
}

int
service_find(const struct service * sv, const char * table)
{
	size_t i;

	for (i = 0; i < sv->n; i++) {
		if (strcmp(table_name(sv->table[i]), table) == 0)
			return ((int)i);
	}
	return (-1);
}

void
service_table(const struct service * sv, size_t i, struct table_view * v,
    struct mono now)
{

	table_fill(sv->table[i], v, now);
	v->paused = control_paused(sv->control, v->name, 0);
	v->gone = v->state == JOB_ENDED && !sv->stopping && !sv->once;
}

void
service_view(const struct service * sv, struct service_view * v,
    struct mono now)
{
	struct table_view t;
	enum server s;
	int64_t us;
	size_t i;

	us = control_interval(sv->control, NULL,
	    sv->cfg->schedule.interval_us);
	*v = (struct service_view) { .ready = sv->ready,
	    .stopping = sv->stopping, .insecure =
	    sv->who.insecure_extract || sv->who.insecure_load,
	    .enabled = !service_all_paused(sv),
	    .interval_us = us != 0 ? us : sv->cfg->schedule.interval_us,
	    .last_wall = sv->last_wall, .started_wall = sv->started_wall,
	    .pool_max = pool_max(sv->pool), .pool_used = pool_used(sv->pool),
	    .pool_idle = pool_idle(sv->pool),
	    .pool_waiting = pool_waiting(sv->pool),
	    .pool_timeouts = sv->pool_timeouts, .disk_free = sv->disk_free,
	    .disk_low = sv->disk_low, .storage_low = sv->storage_low };
	health_storage(sv->health, &v->storage_used, &v->storage_total);
	for (i = 0; i < sv->n; i++) {
		table_fill(sv->table[i], &t, now);
		if (t.next_wall != 0 && (v->next_wall == 0 ||
		    t.next_wall < v->next_wall))
			v->next_wall = t.next_wall;
	}
	for (s = 0; s < SERVERS; s++)
		v->server[s] = (struct server_view) { server_name(s),
		    health_state(sv->health, s),
		    health_since(sv->health, s),
		    health_checked(sv->health, s),
		    health_error(sv->health, s) };
}

const struct config *
service_config(const struct service * sv)
{

	return (sv->cfg);
}
