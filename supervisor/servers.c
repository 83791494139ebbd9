#include <sys/statvfs.h>

#include "../common/exitcode.h"
#include "../common/log.h"
#include "../common/timestamp.h"

#include "service_impl.h"

/*
 * What the service watches: both servers, and the space that is left.
 */

int
service_any_server(const struct service * sv, enum server_state state)
{

	return (health_state(sv->health, SERVER_MYSQL) == state ||
	    health_state(sv->health, SERVER_MONGODB) == state);
}

/* Tell the tables that wait for an answer. */
void
service_spread_health(struct service * sv, struct mono now)
{
	int away = service_any_server(sv, SERVER_AWAY);
	enum job_event ev;
	size_t i;

	if (!away && (health_asking(sv->health) ||
	    service_any_server(sv, SERVER_UNKNOWN)))
		return;
	for (i = 0; i < sv->n; i++) {
		ev = job_health(table_job(sv->table[i]), away);
		if (ev != JOB_EVENTS)
			table_event(sv->table[i], ev, now);
		verifier_health(table_verifier(sv->table[i]), away, now);
	}
}

/* A server went away, or all are back: what of the pipelines that are? */
static void
doubt_pipelines(struct service * sv, enum job_event ev, struct mono now)
{
	size_t i;

	for (i = 0; i < sv->n; i++) {
		const struct job * j = table_job(sv->table[i]);

		if (ev == JOB_EV_BACK && job_doubtful(j))
			SAY(LOG_LEVEL_WARN, "stop", "%s: no progress since a "
			    "server went away: its connections may be dead, "
			    "new ones are made", table_name(sv->table[i]));
		if (job_state(j) == JOB_RUNNING)
			table_event(sv->table[i], ev, now);
		else if (job_state(j) == JOB_WAITING && ev == JOB_EV_BACK)
			table_event(sv->table[i], JOB_EV_CLOSE, now);
		verifier_doubt(table_verifier(sv->table[i]), ev, now);
	}
}

static void
say_server(struct service * sv, enum server s, enum server_state was)
{
	enum server_state is = health_state(sv->health, s);
	const char * error = health_error(sv->health, s);
	const char * name = server_name(s);

	if (is == was)
		return;
	if (is == SERVER_UP) {
		SAY(LOG_LEVEL_INFO, "reach", "%s answers", name);
		if (was != SERVER_UNKNOWN)
			service_tell(sv, EVENT_SERVER_BACK, LOG_LEVEL_INFO,
			    NULL, name, -1);
		return;
	}
	SAY(LOG_LEVEL_ERROR, "reach", "%s %s: %s%s", name,
	    is == SERVER_AWAY ? "doesn't answer" : "refuses",
	    error != NULL ? error : "unknown", is == SERVER_AWAY ?
	    "; it is asked again until it does" :
	    "; mend the settings or the account, it is then tried again");
	service_tell(sv, is == SERVER_AWAY ? EVENT_SERVER_AWAY :
	    EVENT_SERVER_REFUSES, LOG_LEVEL_ERROR, NULL, name, -1);
}

/* MongoDB's own disk: it stops writing by itself, we only say so before. */
static void
check_storage(struct service * sv)
{
	int64_t used, total, left;
	int low;

	if (health_storage(sv->health, &used, &total) == -1)
		used = total = 0;
	left = total - used;

	/* Another server may be there now, which doesn't tell. */
	low = total > 0 && left < sv->cfg->storage_min;
	if (low == sv->storage_low)
		return;
	sv->storage_low = low;
	SAY(low ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO, "storage", "MongoDB: "
	    "%lld MB free%s", (long long)(left >> 20), low ? ", less than "
	    "MONGODB_DISK_MIN_MB: make room before it stops writing" :
	    " again");
	service_tell(sv, low ? EVENT_STORAGE_LOW : EVENT_STORAGE_OK,
	    low ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO, NULL, NULL, left);
}

/*
 * The account or the server was mended, which no file of ours tells: what
 * was refused is tried again.
 */
static void
forgive_tables(struct service * sv, enum server s, struct mono now)
{
	size_t i;

	for (i = 0; i < sv->n && !sv->stopping; i++) {
		enum job_state is = job_state(table_job(sv->table[i]));

		verifier_forgive(table_verifier(sv->table[i]), now);
		if (is != JOB_BLOCKED && is != JOB_FAILED)
			continue;
		SAY(LOG_LEVEL_INFO, "reach", "%s: %s refuses no more: it is "
		    "tried again", table_name(sv->table[i]), server_name(s));
		table_event(sv->table[i], JOB_EV_CHANGED, now);
	}
}

void
service_on_health(void * cookie, enum server s, enum server_state was,
    struct mono now)
{
	struct service * sv = cookie;

	say_server(sv, s, was);
	if (health_state(sv->health, s) == SERVER_AWAY && was != SERVER_AWAY)
		doubt_pipelines(sv, JOB_EV_AWAY, now);
	if (was == SERVER_AWAY && !service_any_server(sv, SERVER_AWAY))
		doubt_pipelines(sv, JOB_EV_BACK, now);

	/* A connection that was open before goes on when new ones are
	 * refused: data don't tell that. */
	if (was == SERVER_REFUSES && health_by_check(sv->health, s, now) &&
	    health_state(sv->health, s) == SERVER_UP)
		forgive_tables(sv, s, now);
	if (s == SERVER_MONGODB)
		check_storage(sv);
	service_spread_health(sv, now);
	service_soon(sv);
}

void
service_check_disk(struct service * sv, struct mono now)
{
	struct statvfs vfs;
	size_t i;
	int low;

	if (fstatvfs(sv->state_fd, &vfs) == -1)
		return;
	sv->disk_free = (int64_t)vfs.f_bavail * (int64_t)vfs.f_frsize;
	low = sv->disk_free < sv->cfg->disk_min;
	for (i = 0; i < sv->n && !low && !sv->stopping; i++)
		table_room(sv->table[i], now);
	if (low == sv->disk_low)
		return;
	sv->disk_low = low;
	SAY(low ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO, "disk", "%s: %lld MB "
	    "free%s", sv->cfg->state_dir, (long long)(sv->disk_free >> 20),
	    low ? ", less than STATE_DISK_MIN_MB: no run begins until there "
	    "is room" : " again");
	service_tell(sv, low ? EVENT_DISK_LOW : EVENT_DISK_OK,
	    low ? LOG_LEVEL_ERROR : LOG_LEVEL_INFO, NULL,
	    sv->cfg->state_dir, sv->disk_free);
	service_soon(sv);
}

/* --once doesn't wait for a server for ever. */
void
service_check_patience(struct service * sv, struct mono now)
{
	enum server s;
	size_t i;

	for (s = 0; s < SERVERS; s++) {
		int64_t gone = timestamp_now() -
		    health_since(sv->health, s);

		if (health_state(sv->health, s) != SERVER_AWAY ||
		    gone < sv->cfg->retry_delay_us)
			continue;
		SAY(LOG_LEVEL_ERROR, "reach", "%s is away for too long "
		    "(SYNC_RETRY_DELAY)", server_name(s));
		for (i = 0; i < sv->n; i++) {
			if (!sv->done[i])
				sv->outcome[i] = JOB_GAVE_UP;
			sv->done[i] = 1;
		}
		sv->exit_code = EXIT_TEMP;
		service_stop(sv, now);
		return;
	}
}
