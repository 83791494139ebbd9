#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/stop.h"
#include "../common/timestamp.h"
#include "barrier.h"

#include "bound.h"

#define SECOND_US	INT64_C(1000000)

/* Taken off what is seen, where it can't be proved. */
#define MARGIN_US	BOUND_MARGIN_US

/* Taken off the clock at least, so that a step back is seen in time. */
#define CLOCK_US	UINT64_C(500)

/* How often the clock is read if that takes too long to tell. */
#define CLOCK_TRIES	5

/* What a clock may lack against ours without having been set back: it is
 * slowed down by a thousandth at most, while we look at it. */
#define SLOW		1000
#define SLACK_MAX_US	UINT64_C(500000)

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

/* The server's clock; ${gaps} is set if its list of transactions has some. */
static enum source_rc
ask_clock(struct source * s, int64_t * now, int * gaps)
{
	struct answer * a;
	enum source_rc rc;

	rc = source_ask(s, "SELECT NOW(6), @@innodb_status_output_locks", &a);
	if (rc != SOURCE_OK)
		return (rc);
	*now = parse_utc(answer_get(a, 0, 0, NULL));
	*gaps = answer_u64(a, 0, 1) != 0;
	answer_free(a);
	return (SOURCE_OK);
}

/*
 * How far the clock has gone back since the last reading, against our own,
 * at least and at most: the statements took their time.
 */
static void
find_lack(const struct bound * b, int64_t now, uint64_t from, uint64_t to,
    int64_t * least, int64_t * most)
{
	uint64_t passed = (to - b->read_at) / SLOW;
	int64_t slack = (int64_t)(passed < b->slack_us ? passed :
	    b->slack_us);

	*least = (int64_t)(from - b->read_by) - (now - b->now_us) - slack;
	*most = (int64_t)(to - b->read_at) - (now - b->now_us) - slack;
}

/*
 * A step back is no danger as long as it is less than was taken off the last
 * time: then no row has a time that was final already.
 */
static enum source_rc
read_clock(struct source * s, uint64_t every_us, struct bound * b, int * gaps)
{
	enum source_rc rc;
	uint64_t from, to;
	int64_t now, least = 0, most = 0;
	int tries = 0;

	do {
		from = stop_clock();
		if ((rc = ask_clock(s, &now, gaps)) != SOURCE_OK)
			return (rc);
		to = stop_clock();
		if (b->read_at != 0)
			find_lack(b, now, from, to, &least, &most);
	} while (most > (int64_t)b->margin_us && least <= 0 &&
	    ++tries < CLOCK_TRIES);
	b->rewind_us = 0;
	b->rewind_sure = least > (int64_t)b->margin_us;
	if (b->read_at != 0 && most > (int64_t)b->margin_us)
		b->rewind_us = b->now_us - most - (b->rewind_sure ?
		    MARGIN_US : 0);
	b->now_us = now;
	b->read_at = from;
	b->read_by = to;
	b->slack_us = every_us == 0 || every_us / SLOW > SLACK_MAX_US ?
	    SLACK_MAX_US : every_us / SLOW;
	b->margin_us = every_us == 0 ? (uint64_t)MARGIN_US : CLOCK_US +
	    2 * (to - from) + b->slack_us;
	return (SOURCE_OK);
}

/* Something began at ${us} and isn't over. */
static void
hold(struct bound * b, int64_t us, uint64_t id, const char * user)
{

	if (us - MARGIN_US >= b->safe_us)
		return;
	b->safe_us = us - MARGIN_US;
	b->held = 1;
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

	/* Replication brings times of another server, which we can't know.
	 * Who hasn't logged in yet has written nothing. */
	if (strcmp(user, "system user") == 0 ||
	    (strcmp(user, "unauthenticated user") == 0 &&
	    strcmp(command, "Connect") == 0))
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
		if ((id == 0 || id >= BARRIER_WRITER_MAX) && row != -1 &&
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

/* The plain bound, from the list that is nobody's first choice. */
static enum source_rc
hold_by_list(struct source * s, const struct answer * list,
    struct bound * b)
{
	struct answer * trx;
	enum source_rc rc;

	b->plain = 1;
	hold_statements(s, list, b);
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

/* Put the transactions that have written into the barrier. */
static enum source_rc
take_status(struct source * s, struct bound * b, int * cut)
{
	struct answer * a;
	enum source_rc rc;
	const char * text;

	rc = source_ask(s, "SHOW ENGINE INNODB STATUS", &a);
	if (rc != SOURCE_OK)
		return (rc);
	text = answer_rows(a) > 0 ? answer_get(a, 0, 2, NULL) : NULL;
	*cut = text == NULL || barrier_status(b->barrier, text) == -1;
	answer_free(a);
	return (SOURCE_OK);
}

/* The barrier has been passed up to here. */
static void
end_sample(const struct answer * list, struct bound * b)
{
	const char * user = NULL;
	uint64_t holder;
	int64_t safe = barrier_end(b->barrier, &holder);
	ssize_t row;

	if (safe >= b->now_us)
		return;
	b->safe_us = safe - (int64_t)b->margin_us;
	b->held = 1;
	b->holder = holder;
	if ((row = find_connection(list, holder)) != -1)
		user = answer_get(list, (size_t)row, P_USER, NULL);
	snprintf(b->user, sizeof b->user, "%s", user != NULL ? user : "?");
}

/* Lower safe_us by what is open. */
static enum source_rc
read_open(struct source * s, const struct answer * list, uint64_t lag_us,
    int gaps, struct bound * b)
{
	enum source_rc rc;
	uint64_t id;
	size_t i;
	int cut = 0;

	for (i = 0; i < answer_rows(list); i++) {
		id = answer_u64(list, i, P_ID);
		if (id != source_connection_id(s) && is_running(list, i))
			barrier_running(b->barrier, id,
			    answer_u64(list, i, P_TIME));
	}
	rc = take_status(s, b, &cut);
	if (rc == SOURCE_OK && (cut || gaps)) {
		barrier_reset(b->barrier);
		b->safe_us = b->now_us - MARGIN_US;
		return (hold_by_list(s, list, b));
	}
	if (rc != SOURCE_OK && rc != SOURCE_DENIED)
		return (rc);
	end_sample(list, b);
	b->best_effort = rc == SOURCE_DENIED;

	/* The list of connections was that of our own user only. */
	if (b->best_effort && b->safe_us > b->now_us - (int64_t)lag_us)
		b->safe_us = b->now_us - (int64_t)lag_us;
	return (SOURCE_OK);
}

enum source_rc
bound_read(struct source * s, uint64_t lag_us, uint64_t every_us,
    struct bound * b)
{
	struct answer * list;
	enum source_rc rc;
	int64_t before = b->safe_us;
	int gaps = 0;

	if (b->barrier == NULL)
		b->barrier = barrier_new();
	if ((rc = read_clock(s, every_us, b, &gaps)) != SOURCE_OK)
		return (rc);
	barrier_begin(b->barrier, b->now_us);
	if (b->rewind_us != 0)
		barrier_rewind(b->barrier, b->rewind_us);
	b->plain = 0;
	b->held = 0;
	b->holder = 0;
	b->user[0] = '\0';
	b->safe_us = b->now_us - (int64_t)b->margin_us;
	if ((rc = source_ask(s, "SHOW PROCESSLIST", &list)) != SOURCE_OK)
		return (rc);
	rc = read_open(s, list, lag_us, gaps, b);
	answer_free(list);

	/* What was final once stays so, as long as the clock goes on. */
	if (b->rewind_us == 0 && b->safe_us < before)
		b->safe_us = before;
	return (rc);
}

void
bound_free(struct bound * b)
{

	barrier_free(b->barrier);
	b->barrier = NULL;
}
