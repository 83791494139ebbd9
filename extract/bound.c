#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

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
 * How often is looked if a connection that is at work each time may be idle
 * for a moment, and the pause before.  Who is met at work for long gets a
 * longer look without a pause, at first each second, then ever less often: it
 * may be one statement, and the looks cost the server something.
 */
#define LOOKS		4
#define LOOK_US		UINT64_C(500)
#define STARE_US	UINT64_C(60000)
#define STARE_FIRST_US	UINT64_C(1000000)
#define STARE_LAST_US	UINT64_C(60000000)

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

uint64_t
bound_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return ((uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000);
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
		from = bound_clock();
		if ((rc = ask_clock(s, &now, gaps)) != SOURCE_OK)
			return (rc);
		to = bound_clock();
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

/* Does the server apply what another one has written? */
static int
is_applying(const struct answer * list)
{
	const char * user, * command;
	size_t i;

	for (i = 0; i < answer_rows(list); i++) {
		user = answer_get(list, i, P_USER, NULL);
		command = answer_get(list, i, P_COMMAND, NULL);
		if (user != NULL && strcmp(user, "system user") == 0 &&
		    command != NULL && strcmp(command, "Daemon") != 0)
			return (1);
	}
	return (0);
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

	b->lacks |= BOUND_GAPS;
	b->unseen = 0;
	barrier_reset(b->barrier);
	b->safe_us = b->now_us - MARGIN_US;
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

	b->proved_us = safe;
	if (safe >= b->now_us)
		return;
	b->safe_us = safe - (int64_t)b->margin_us;
	b->held = 1;
	b->holder = holder;
	if ((row = find_connection(list, holder)) != -1)
		user = answer_get(list, (size_t)row, P_USER, NULL);
	snprintf(b->user, sizeof b->user, "%s", user != NULL ? user : "?");
}

/* Is the connection at work in this list? */
static int
is_busy(const struct answer * list, uint64_t id)
{
	ssize_t row = find_connection(list, id);

	return (row != -1 && is_running(list, (size_t)row));
}

/*
 * When the statement in the row ${i} began, if the list was made between
 * ${from_us} and ${to_us} by the server's clock: whole seconds, of which the
 * list has those that have passed, fewer than none if the clock was set back.
 */
static void
put_running(struct bound * b, const struct answer * list, size_t i,
    int64_t from_us, int64_t to_us)
{
	const char * p = answer_get(list, i, P_TIME, NULL);
	int64_t lo = BARRIER_UNKNOWN_LO, hi = BARRIER_UNKNOWN_HI, t;
	char * end;

	if (from_us > to_us) {
		t = from_us;
		from_us = to_us;
		to_us = t;
	}
	t = p != NULL ? strtoll(p, &end, 10) : 0;
	if (to_us != 0 && p != NULL && *end == '\0' && end != p &&
	    t < INT32_MAX && t > INT32_MIN) {
		/* Its clock for whole seconds may be a moment behind. */
		lo = (from_us / SECOND_US - t - 1) * SECOND_US;
		hi = (to_us / SECOND_US - t + 1) * SECOND_US;
	}
	barrier_running(b->barrier, answer_u64(list, i, P_ID), lo, hi);
}

/* Put the connections that execute something into the barrier. */
static enum source_rc
take_running(struct source * s, const struct answer * list, struct bound * b)
{
	enum source_rc rc;
	int64_t after = 0;
	size_t i;
	int gaps;

	for (i = 0; i < answer_rows(list); i++) {
		if (answer_u64(list, i, P_ID) == source_connection_id(s) ||
		    !is_running(list, i))
			continue;

		/* MariaDB counts from the last statement of a function. */
		if (after == 0 && !source_is_mariadb(s) &&
		    (rc = ask_clock(s, &after, &gaps)) != SOURCE_OK)
			return (rc);
		put_running(b, list, i, after == 0 ? 0 : b->now_us, after);
	}
	return (SOURCE_OK);
}

/* Until when to look without a pause; 0 for not at all. */
static uint64_t
start_stare(struct bound * b)
{
	uint64_t now = bound_clock();

	if (barrier_waits(b->barrier, 0) == 0) {
		b->stare_at = 0;
		return (0);
	}
	if (b->stare_at == 0) {
		b->stare_gap = STARE_FIRST_US;
		b->stare_at = now + b->stare_gap;
	}
	if (now < b->stare_at)
		return (0);
	if (b->stare_gap < STARE_LAST_US)
		b->stare_gap *= 2;
	b->stare_at = now + b->stare_gap;
	return (now + STARE_US);
}

/*
 * Look again at connections that were at work at earlier samples, too: maybe
 * they are idle for a moment, between one statement and the next.
 */
static enum source_rc
look_again(struct source * s, struct bound * b)
{
	struct answer * list;
	enum source_rc rc;
	uint64_t id, stare = start_stare(b);
	size_t i, looks;

	for (looks = 0; barrier_waits(b->barrier, 0) != 0 && !stop_asked() &&
	    (looks < LOOKS || bound_clock() < stare); looks++) {
		if (stare == 0)
			(void)stop_sleep(LOOK_US);
		rc = source_ask(s, "SHOW PROCESSLIST", &list);
		if (rc != SOURCE_OK)
			return (rc);
		for (i = 0; (id = barrier_waits(b->barrier, i)) != 0; ) {
			if (is_busy(list, id))
				i++;
			else
				barrier_idle(b->barrier, id);
		}
		answer_free(list);
	}
	return (SOURCE_OK);
}

/* Lower safe_us by what is open. */
static enum source_rc
read_open(struct source * s, const struct answer * list, uint64_t lag_us,
    int gaps, struct bound * b)
{
	enum source_rc rc;
	int cut = 0;

	if ((rc = take_running(s, list, b)) != SOURCE_OK ||
	    (rc = look_again(s, b)) != SOURCE_OK)
		return (rc);
	rc = take_status(s, b, &cut);
	if (rc == SOURCE_OK && (cut || gaps))
		return (hold_by_list(s, list, b));
	if (rc != SOURCE_OK && rc != SOURCE_DENIED)
		return (rc);
	end_sample(list, b);

	/* The list of connections was that of our own user only. */
	if (rc == SOURCE_DENIED || b->unseen)
		b->lacks |= BOUND_GUESSED;
	if ((b->lacks & BOUND_GUESSED) &&
	    b->safe_us > b->now_us - (int64_t)lag_us)
		b->safe_us = b->now_us - (int64_t)lag_us;

	/* What is seen again may have been there for long. */
	if (rc == SOURCE_OK && b->unseen)
		barrier_reset(b->barrier);
	b->unseen = rc == SOURCE_DENIED;
	return (SOURCE_OK);
}

/*
 * Once all is seen again, what was open before may still write behind what was
 * taken for final: the bound isn't proved until that is over.
 */
static void
remember_guess(struct bound * b)
{

	if (b->lacks & (BOUND_GUESSED | BOUND_GAPS)) {
		b->guessed = 1;
		b->guessed_us = b->now_us;
	} else if (b->guessed) {
		if (b->guessed_us > b->now_us)
			b->guessed_us = b->now_us;
		b->guessed = b->proved_us < b->guessed_us;
		b->lacks |= b->guessed ? BOUND_OPEN : 0;
	}
}

/* Everything under way can write no earlier than what was final already. */
static void
resume(struct bound * b)
{
	const struct bound_mark * m = &b->last;
	int64_t lowest;
	int sure;

	if (m->now_us == 0)
		return;
	lowest = bound_lowest(b, m, &sure);
	barrier_resume(b->barrier, lowest < m->safe_us ? lowest : m->safe_us);
	b->guessed = m->guessed;
	b->guessed_us = b->now_us;
}

enum source_rc
bound_read(struct source * s, uint64_t lag_us, uint64_t every_us,
    struct bound * b)
{
	struct answer * list;
	enum source_rc rc;
	int64_t before = b->safe_us;
	int gaps = 0, first;

	first = b->read_at == 0;
	if (b->barrier == NULL)
		b->barrier = barrier_new();
	if ((rc = read_clock(s, every_us, b, &gaps)) != SOURCE_OK)
		return (rc);
	if (first)
		resume(b);
	barrier_begin(b->barrier, b->now_us);
	if (b->rewind_us != 0)
		barrier_rewind(b->barrier, b->rewind_us);
	b->lacks = 0;
	b->held = 0;
	b->holder = 0;
	b->user[0] = '\0';
	b->safe_us = b->now_us - (int64_t)b->margin_us;
	if ((rc = source_ask(s, "SHOW PROCESSLIST", &list)) != SOURCE_OK)
		return (rc);
	rc = read_open(s, list, lag_us, gaps, b);
	remember_guess(b);
	b->lacks |= is_applying(list) ? BOUND_REPLICA : 0;
	answer_free(list);

	/* What was final once stays so, as long as the clock goes on. */
	if (b->rewind_us == 0 && b->safe_us < before)
		b->safe_us = before;
	return (rc);
}

/* The machine's last start, or "" if that can't be told. */
static void
read_boot(char boot[BOUND_BOOT_LEN + 1])
{
	ssize_t n = -1;
	int fd;

	fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	if (fd != -1) {
		n = read(fd, boot, BOUND_BOOT_LEN);
		close(fd);
	}
	boot[n == BOUND_BOOT_LEN ? n : 0] = '\0';
}

void
bound_mark(struct bound * b, struct bound_mark * m)
{

	if (b->boot[0] == '\0')
		read_boot(b->boot);
	m->now_us = b->now_us;
	m->safe_us = b->safe_us;
	m->guessed = b->guessed;
	m->up_us = b->read_at;
	memcpy(m->boot, b->boot, sizeof m->boot);
}

int
bound_follows(struct bound * b, const struct bound_mark * m)
{

	if (b->boot[0] == '\0')
		read_boot(b->boot);
	return (m->boot[0] != '\0' && strcmp(m->boot, b->boot) == 0 &&
	    b->read_by >= m->up_us);
}

int64_t
bound_lowest(struct bound * b, const struct bound_mark * m, int * sure)
{
	int64_t passed, slack, lack;

	if (!bound_follows(b, m)) {
		*sure = m->now_us > b->now_us;
		return ((*sure ? b->now_us : m->now_us) - MARGIN_US);
	}

	/* The server's clock may run faster or slower than ours. */
	passed = (int64_t)(b->read_by - m->up_us);
	slack = passed / SLOW;
	lack = passed - (b->now_us - m->now_us);
	*sure = lack > MARGIN_US + slack;
	lack += slack < (int64_t)SLACK_MAX_US ? slack : (int64_t)SLACK_MAX_US;
	return (lack > 0 ? m->now_us - lack : m->now_us);
}

void
bound_free(struct bound * b)
{

	barrier_free(b->barrier);
	b->barrier = NULL;
}
