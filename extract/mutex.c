#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/exitcode.h"
#include "../common/log.h"
#include "../common/stop.h"
#include "query.h"

#include "mutex.h"

/* How long to wait for one that is just ending, and how often to look. */
#define WAIT_US		UINT64_C(1500000)
#define LOOK_US		UINT64_C(100000)

/* Who is idle for so many seconds may have lost its connection without the
 * server's knowing. */
#define DEAD_S		600

/* Append the lock's name, as SQL: of the table, the machine and the file. */
static void
put_name(struct buf * b, const struct stream * st, const struct job * job)
{
	char host[256] = "";
	char * path = realpath(st->opt->state, NULL);
	struct buf text = { NULL, 0, 0 };

	(void)gethostname(host, sizeof host - 1);
	buf_printf(&text, "%s.%s %s %s", st->opt->source.database,
	    job->table->name, host, path != NULL ? path : st->opt->state);
	buf_puts(b, "CONCAT('millrace/', LEFT(SHA2(");
	query_text(b, text.p, text.n);
	buf_puts(b, ", 224), 40))");
	buf_free(&text);
	free(path);
}

/* Try to take the lock; ${holder} is whose it is otherwise. */
static enum source_rc
try_lock(struct stream * st, const struct job * job, int * taken,
    uint64_t * holder)
{
	struct buf sql = { NULL, 0, 0 };
	struct answer * a;
	enum source_rc rc;

	buf_puts(&sql, "SELECT GET_LOCK(");
	put_name(&sql, st, job);
	buf_puts(&sql, ", 0), IS_USED_LOCK(");
	put_name(&sql, st, job);
	buf_putc(&sql, ')');
	rc = source_ask(st->source, buf_text(&sql), &a);
	buf_free(&sql);
	if (rc != SOURCE_OK)
		return (rc);
	*taken = answer_u64(a, 0, 0) == 1;
	*holder = answer_u64(a, 0, 1);
	answer_free(a);
	return (SOURCE_OK);
}

/* Say who holds the lock.  Return 0 if it is taken for dead. */
static int
report_holder(struct stream * st, const struct job * job, uint64_t holder)
{
	struct buf sql = { NULL, 0, 0 };
	struct answer * a;
	enum source_rc rc;
	int dead;

	buf_printf(&sql, "SELECT USER, HOST, COMMAND = 'Sleep' AND TIME >= %d "
	    "FROM information_schema.PROCESSLIST WHERE ID = %ju", DEAD_S,
	    (uintmax_t)holder);
	rc = source_ask(st->source, buf_text(&sql), &a);
	buf_free(&sql);
	if (rc == SOURCE_GIVEN_UP)
		return (source_report(st->source, rc, job->table->name));
	dead = rc == SOURCE_OK && answer_rows(a) > 0 &&
	    answer_u64(a, 0, 2) != 0;
	if (dead)
		log_warn("%s: connection %ju holds the lock for %s, and has "
		    "been idle for %d minutes: it is taken for dead",
		    job->table->name, (uintmax_t)holder, st->opt->state,
		    DEAD_S / 60);
	else
		log_event(LOG_LEVEL_ERROR, LOG_FIELDS(
		    LOG_TEXT("table", job->table->name),
		    LOG_TEXT("code", "already_running")),
		    "%s: another extract reads it for %s already (connection "
		    "%ju, user %s from %s): they would undo each other's "
		    "positions", job->table->name, st->opt->state,
		    (uintmax_t)holder, rc == SOURCE_OK && answer_rows(a) > 0 ?
		    answer_get(a, 0, 0, NULL) : "?", rc == SOURCE_OK &&
		    answer_rows(a) > 0 ? answer_get(a, 0, 1, NULL) : "?");
	answer_free(a);
	return (dead ? 0 : EXIT_TEMP);
}

/* Take the lock of one table; ${ghost} is set if a broken connection of ours
 * still has it. */
static int
take_one(struct stream * st, const struct job * job, int * ghost)
{
	uint64_t holder = 0, end = stop_clock() + WAIT_US;
	enum source_rc rc;
	int taken;

	for (;;) {
		rc = try_lock(st, job, &taken, &holder);
		if (rc == SOURCE_GIVEN_UP)
			return (source_report(st->source, rc,
			    job->table->name));
		if (rc != SOURCE_OK) {
			log_warn("%s: no lock against a second extract: %s",
			    job->table->name, source_error(st->source));
			return (0);
		}

		if (taken)
			return (0);
		if (holder == st->locked_by) {
			*ghost = 1;
			return (0);
		}
		if (stop_clock() >= end)
			return (report_holder(st, job, holder));
		if (stop_sleep(LOOK_US))
			return (EXIT_STOPPED);
	}
}

int
mutex_take(struct stream * st)
{
	const struct options * opt = st->opt;
	size_t i;
	int code, ghost = 0;

	if (opt->state == NULL || opt->full || opt->only != NULL ||
	    st->locked_by == source_connection_id(st->source))
		return (0);
	for (i = 0; i < st->njob; i++) {
		if ((code = take_one(st, &st->job[i], &ghost)) != 0)
			return (code);
	}

	/* Else the next try may find it free. */
	if (!ghost)
		st->locked_by = source_connection_id(st->source);
	return (0);
}
