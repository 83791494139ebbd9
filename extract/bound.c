#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/stop.h"
#include "../common/timestamp.h"

#include "bound.h"

#define SECOND_US	INT64_C(1000000)

/* Taken off what is seen. */
#define MARGIN_US	SECOND_US

/* A clock that lacks less than this against ours hasn't been set back. */
#define STEP_US		50000

/* Transactions that have written have a number below this. */
#define WRITER_MAX	(UINT64_C(1) << 47)

/*
 * The list of transactions that is read only if there is no other.  It is a
 * cache, renewed when nobody has read it for 0.1 s, so that several readers
 * can keep it from being renewed; and MySQL refuses it while a statement with
 * letters beyond U+FFFF runs (error 3854).
 *
 * When a transaction began, in UTC.  The server shows the wall clock of its
 * own zone: of an hour that comes twice the first is meant, to be safe.
 */
#define UTC_START	"CONVERT_TZ(trx_started, 'SYSTEM', '+00:00')"
#define TRANSACTIONS_SQL "SELECT trx_mysql_thread_id, trx_id, " \
    "IF(CONVERT_TZ(" UTC_START " - INTERVAL 1 HOUR, '+00:00', 'SYSTEM') = " \
    "trx_started, " UTC_START " - INTERVAL 1 HOUR, " UTC_START ") " \
    "FROM information_schema.INNODB_TRX"

enum { P_ID, P_USER, P_HOST, P_DB, P_COMMAND, P_TIME };
enum { X_THREAD, X_ID, X_STARTED };

/* The server's text of a time without zone, in microseconds. */
static int64_t
parse_utc(const char * p)
{
	char text[40];
	int64_t us = 0;

	snprintf(text, sizeof text, "%sZ", p);
	(void)timestamp_parse(text, strlen(text), &us);
	return (us);
}

static enum source_rc
read_clock(struct source * s, struct bound * b)
{
	struct answer * a;
	enum source_rc rc;
	uint64_t mono = stop_clock();
	int64_t now, due;

	if ((rc = source_ask(s, "SELECT NOW(6)", &a)) != SOURCE_OK)
		return (rc);
	now = parse_utc(answer_get(a, 0, 0, NULL));
	answer_free(a);
	b->rewind_us = 0;
	if (b->read_at != 0) {
		due = b->now_us + (int64_t)(mono - b->read_at);
		if (due - now > STEP_US)
			b->rewind_us = b->now_us - (due - now) - MARGIN_US;
	}
	b->now_us = now;
	b->read_at = mono;
	return (SOURCE_OK);
}

/* Something began at ${us} and isn't over. */
static void
hold(struct bound * b, int64_t us, uint64_t id, const char * user)
{

	if (us - MARGIN_US >= b->safe_us)
		return;
	b->safe_us = us - MARGIN_US;
	b->holder = id;
	snprintf(b->user, sizeof b->user, "%s", user);
}

/* Does the connection run a statement that could write? */
static int
is_running(const struct answer * list, size_t row)
{
	const char * user = answer_get(list, row, P_USER, NULL);
	const char * command = answer_get(list, row, P_COMMAND, NULL);

	if (user == NULL || command == NULL)
		return (1);

	/* Replication brings times of another server, which we can't know. */
	if (strcmp(user, "system user") == 0)
		return (0);
	return (strcmp(command, "Sleep") != 0 &&
	    strcmp(command, "Daemon") != 0 &&
	    strncmp(command, "Binlog Dump", 11) != 0);
}

static void
hold_statements(struct source * s, const struct answer * list,
    struct bound * b)
{
	const char * user;
	uint64_t id;
	size_t i;

	for (i = 0; i < answer_rows(list); i++) {
		id = answer_u64(list, i, P_ID);
		if (id == source_connection_id(s) || !is_running(list, i))
			continue;
		user = answer_get(list, i, P_USER, NULL);

		/* Whole seconds, rounded down. */
		hold(b, b->now_us - ((int64_t)answer_u64(list, i, P_TIME) +
		    1) * SECOND_US, id, user != NULL ? user : "?");
	}
}

/* The row of the connection ${id}, or -1. */
static ssize_t
find_connection(const struct answer * list, uint64_t id)
{
	size_t i;

	for (i = 0; i < answer_rows(list); i++) {
		if (answer_u64(list, i, P_ID) == id)
			return ((ssize_t)i);
	}
	return (-1);
}

static void
hold_transactions(const struct answer * list, const struct answer * trx,
    struct bound * b)
{
	const char * started, * user;
	uint64_t thread, id;
	ssize_t row;
	size_t i;

	for (i = 0; i < answer_rows(trx); i++) {
		thread = answer_u64(trx, i, X_THREAD);
		id = answer_u64(trx, i, X_ID);
		row = find_connection(list, thread);

		/* It is idle and hasn't written: what it will write comes
		 * later.  (A dump in one long snapshot is such.) */
		if ((id == 0 || id >= WRITER_MAX) && row != -1 &&
		    !is_running(list, (size_t)row))
			continue;
		if ((started = answer_get(trx, i, X_STARTED, NULL)) == NULL)
			continue;
		user = row == -1 ? NULL : answer_get(list, (size_t)row,
		    P_USER, NULL);
		hold(b, parse_utc(started), thread, user != NULL ? user :
		    "?");
	}
}

/* A transaction in the text below. */
struct entry {
	int active;
	int prepared;
	int wrote;
	uint64_t seconds;
	uint64_t thread;	/* 0: none */
};

static void
hold_entry(const struct answer * list, const struct entry * e,
    struct bound * b)
{
	const char * user;
	ssize_t row;

	if (!e->active)
		return;
	row = find_connection(list, e->thread);
	if (!e->wrote && !e->prepared && row != -1 &&
	    !is_running(list, (size_t)row))
		return;
	user = row == -1 ? NULL : answer_get(list, (size_t)row, P_USER, NULL);
	hold(b, b->now_us - ((int64_t)e->seconds + 1) * SECOND_US, e->thread,
	    user != NULL ? user : "?");
}

/*
 * The list of transactions in the text of SHOW ENGINE INNODB STATUS:
 *	---TRANSACTION 4310, ACTIVE 12 sec
 *	2 lock struct(s), ..., undo log entries 1
 *	MySQL thread id 345, OS thread handle ...
 * Statements in between are the users' and may look like anything: at worst
 * they add an entry.  Return 0, or -1 if the server has cut the text.
 */
static int
hold_status(const struct answer * list, const char * p, struct bound * b)
{
	struct entry e = { .active = 0 };
	const char * end, * q;

	for (; *p != '\0'; p = *end == '\0' ? end : end + 1) {
		end = strchrnul(p, '\n');
		if (strncmp(p, "... truncated...", 16) == 0)
			return (-1);
		if (strncmp(p, "---TRANSACTION ", 15) == 0) {
			hold_entry(list, &e, b);
			memset(&e, 0, sizeof e);
			q = memmem(p, (size_t)(end - p), ", ACTIVE ", 9);
			if (q == NULL)
				continue;
			e.active = 1;
			e.prepared = strncmp(q + 9, "(PREPARED) ", 11) == 0;
			e.seconds = strtoull(q + (e.prepared ? 20 : 9), NULL,
			    10);
		}
		if (memmem(p, (size_t)(end - p), "undo log entries ", 17) !=
		    NULL)
			e.wrote = 1;
		if (e.thread == 0 && (strncmp(p, "MySQL thread id ", 16) ==
		    0 || strncmp(p, "MariaDB thread id ", 18) == 0))
			e.thread = strtoull(strpbrk(p, "0123456789"), NULL,
			    10);
	}
	hold_entry(list, &e, b);
	return (0);
}

/* The transactions in the server's status text, which is always fresh. */
static enum source_rc
hold_by_status(struct source * s, const struct answer * list,
    struct bound * b, int * cut)
{
	struct answer * a;
	enum source_rc rc;
	const char * text;

	rc = source_ask(s, "SHOW ENGINE INNODB STATUS", &a);
	if (rc != SOURCE_OK)
		return (rc);
	text = answer_rows(a) > 0 ? answer_get(a, 0, 2, NULL) : NULL;
	*cut = text == NULL || hold_status(list, text, b) == -1;
	answer_free(a);
	return (SOURCE_OK);
}

/* The same from the list, which may be old. */
static enum source_rc
hold_by_list(struct source * s, const struct answer * list,
    struct bound * b)
{
	struct answer * trx;
	enum source_rc rc;

	rc = source_ask(s, TRANSACTIONS_SQL, &trx);
	if (rc == SOURCE_FAILED) {
		/* Nothing is known, so nothing new is safe. */
		b->safe_us = 0;
		return (SOURCE_OK);
	}
	if (rc == SOURCE_OK)
		hold_transactions(list, trx, b);
	answer_free(trx);
	return (rc);
}

/* Lower safe_us by what is open. */
static enum source_rc
read_open(struct source * s, const struct answer * list, uint64_t lag_us,
    struct bound * b)
{
	enum source_rc rc;
	int cut = 0;

	hold_statements(s, list, b);
	rc = hold_by_status(s, list, b, &cut);
	if (rc == SOURCE_OK && cut)
		rc = hold_by_list(s, list, b);
	b->best_effort = rc == SOURCE_DENIED;
	if (!b->best_effort)
		return (rc);

	/* The list of connections was that of our own user only. */
	if (b->safe_us > b->now_us - (int64_t)lag_us)
		b->safe_us = b->now_us - (int64_t)lag_us;
	return (SOURCE_OK);
}

enum source_rc
bound_read(struct source * s, uint64_t lag_us, struct bound * b)
{
	struct answer * list;
	enum source_rc rc;
	int64_t before = b->safe_us;

	if ((rc = read_clock(s, b)) != SOURCE_OK)
		return (rc);
	b->holder = 0;
	b->user[0] = '\0';
	b->safe_us = b->now_us - MARGIN_US;
	if ((rc = source_ask(s, "SHOW PROCESSLIST", &list)) != SOURCE_OK)
		return (rc);
	rc = read_open(s, list, lag_us, b);
	answer_free(list);

	/* What was final once stays so, as long as the clock goes on. */
	if (b->rewind_us == 0 && b->safe_us < before)
		b->safe_us = before;
	return (rc);
}
