#include <stdio.h>
#include <string.h>

#include "common/buf.h"
#include "extract/barrier.h"

#include "tap.h"

#define SEC	INT64_C(1000000)
#define STEPS	8

#define TRX(id, state, thread)	"---TRANSACTION " id ", " state "\n" \
	"2 lock struct(s), heap size 1128, 1 row lock(s)\n" \
	"MySQL thread id " thread ", OS thread handle 1234, query id 9\n" \
	"INSERT INTO t VALUES (1)\n"

/*
 * Stories: of each sample the clock, what is under way, and what the barrier
 * has to say: the instant before which all is final, and the connection that
 * holds it there, "-" for none.
 *
 *	7	the connection executes something
 *	7@42	the same, and its start is said to be 42
 *	t20/7	the transaction 20 of the connection 7 has written
 *	t20/7+9	the same, and has lasted for 9 s
 *	t20	it has no connection any more (XA PREPARE)
 */
static const struct story {
	const char * name;
	const char * step[STEPS];
} stories[] = {
	{ "nothing", { "100 = 100 -", "101 = 101 -" } },
	{ "at first a transaction may have written what is a day older", {
	    "200100  t10/5+12  = 113687 5",
	    "200101  t10/5+13  = 113687 5",
	    "200102            = 200102 -" } },
	{ "at first a statement is as old as the list says, and a margin", {
	    "100  7@99  = 98 7",
	    "101        = 101 -" } },
	{ "or a day, if that isn't known", {
	    "90000  7  = 3600 7",
	    "90001     = 90001 -" } },
	{ "a statement, no transaction yet", {
	    "100     = 100 -",
	    "101  7  = 100 7",
	    "102  7  = 100 7",
	    "103     = 103 -" } },
	/* What comes later holds a later bound. */
	{ "several at once", {
	    "100                = 100 -",
	    "101  t10/5         = 100 5",
	    "102  t11/6  t10/5  = 100 5",
	    "103  t11/6         = 101 6",
	    "104  t12/6         = 103 6",
	    "105                = 105 -" } },
	/* It had its time while it waited for the table, and idles then. */
	{ "a transaction that starts late in its statement", {
	    "100            = 100 -",
	    "101  7         = 100 7",
	    "109  7  t20/7  = 100 7",
	    "110     t20/7  = 100 7",
	    "120     t20/7  = 100 7",
	    "121            = 121 -" } },
	{ "a busy connection goes from one transaction to the next", {
	    "100            = 100 -",
	    "101  7         = 100 7",
	    "102  7  t30/7  = 100 7",
	    "103  7  t31/7  = 102 7",
	    "104  7         = 103 7",
	    "105            = 105 -" } },
	/* Never seen in a transaction, never idle: each time another one. */
	{ "a connection that is busy all the time", {
	    "100              = 100 -",
	    "101  7@101       = 100 7",
	    "102  7@102       = 100 7",
	    "103  7@103       = 101 7",
	    "104  7@103       = 101 7",
	    "105  7@105       = 102 7",
	    "106  7@106  t44  = 102 -",
	    "107              = 107 -" } },
	{ "a start that isn't said is no other one", {
	    "100         = 100 -",
	    "101  7      = 100 7",
	    "102  7@102  = 100 7",
	    "103  7      = 100 7",
	    "104  7@102  = 100 7",
	    "105         = 105 -" } },
	/* The new statement is there, and its start a moment later. */
	{ "the first sight may be of the start before", {
	    "100         = 100 -",
	    "101  7@42   = 100 7",
	    "102  7@101  = 100 7",
	    "109  7@101  = 100 7",
	    "110         = 110 -" } },
	/* Whoever sets the clock, the start that is said stays the same. */
	{ "a statement waits while the clock is set forth and back", {
	    "100                = 100 -",
	    "101  7@101         = 100 7",
	    "900  7@101         = 100 7",
	    "901  7@101  t20/7  = 100 7",
	    "102         t20/7  = 100 7",
	    "103                = 103 -" } },
	{ "a prepared transaction without its connection", {
	    "100         = 100 -",
	    "101  t40/7  = 100 7",
	    "102  t40    = 100 7",
	    "103         = 103 -" } },
	{ "one that wasn't seen before it left it", {
	    "100          = 100 -",
	    "101  7       = 100 7",
	    "102     t41  = 100 -",
	    "103          = 103 -" } },
	{ "one that was left for another transaction", {
	    "100                 = 100 -",
	    "101  7              = 100 7",
	    "102  7  t43/7  t42  = 100 7",
	    "103            t42  = 100 -",
	    "104                 = 104 -" } },
	/* Its number is an address. */
	{ "who only reads is idle, whatever it may do later", {
	    "100     t421884000000000/5+900  = 100 -",
	    "101  5  t421884000000000/5+901  = 100 5",
	    "102     t421884000000000/5+902  = 102 -" } },
};

/* A transaction as the status text has it: t20, t20/7, t20/7+9. */
static const char *
put_transaction(struct buf * b, const char * p)
{
	unsigned long long trx, thread = 0, seconds = 0;
	char * end;

	trx = strtoull(p + 1, &end, 10);
	if (*end == '/')
		thread = strtoull(end + 1, &end, 10);
	if (*end == '+')
		seconds = strtoull(end + 1, &end, 10);
	buf_printf(b, "---TRANSACTION %llu, ACTIVE%s %llu sec\n1 lock struct(s)"
	    ", heap size 1128, 0 row lock(s), undo log entries 1\n", trx,
	    thread == 0 ? " (PREPARED)" : "", seconds);
	if (thread != 0)
		buf_printf(b, "MySQL thread id %llu, OS thread handle 1, "
		    "query id 9\nINSERT INTO t VALUES (1)\n", thread);
	return (end);
}

static const char *
put_connection(struct barrier * b, const char * p)
{
	int64_t lo = BARRIER_UNKNOWN_LO, hi = BARRIER_UNKNOWN_HI;
	uint64_t id;
	char * end;

	id = strtoull(p, &end, 10);
	if (*end == '@')
		lo = hi = strtoll(end + 1, &end, 10) * SEC;
	barrier_running(b, id, lo, hi);
	return (end);
}

/* A step of a story, and whether the barrier says what it should. */
static void
tell(struct barrier * b, const char * name, const char * step)
{
	struct buf status = { NULL, 0, 0 };
	uint64_t holder = 99, by;
	int64_t safe, want;
	const char * p;
	char * end;

	barrier_begin(b, strtoll(step, &end, 10) * SEC);
	for (p = end; *p != '='; ) {
		if (*p == ' ')
			p++;
		else if (*p == 't')
			p = put_transaction(&status, p);
		else
			p = put_connection(b, p);
	}
	want = strtoll(p + 1, &end, 10) * SEC;
	by = strtoull(end + strspn(end, " -"), NULL, 10);

	/* Others are there, and do nothing. */
	buf_puts(&status, "---TRANSACTION 421884000000001, not started\n"
	    "0 lock struct(s)\n---TRANSACTION (0x7f352b9bfb80), not started\n"
	    "--------\nFILE I/O\n--------\n");
	(void)barrier_status(b, buf_text(&status));
	safe = barrier_end(b, &holder);
	ok(safe == want && holder == by, "%s: %s (%jd %ju)", name, step,
	    (intmax_t)(safe / SEC), (uintmax_t)holder);
	buf_free(&status);
}

static void
test_stories(void)
{
	const struct story * s;
	struct barrier * b;
	size_t i;

	for (s = stories; s < stories + sizeof stories / sizeof *s; s++) {
		b = barrier_new();
		for (i = 0; i < STEPS && s->step[i] != NULL; i++)
			tell(b, s->name, s->step[i]);
		barrier_free(b);
	}
}

/* A sample at ${now} seconds with one connection at work, or 0. */
static int64_t
sample(struct barrier * b, int64_t now, uint64_t running,
    const char * status, uint64_t * holder)
{

	barrier_begin(b, now * SEC);
	if (running != 0)
		barrier_running(b, running, BARRIER_UNKNOWN_LO,
		    BARRIER_UNKNOWN_HI);
	if (barrier_status(b, status) == -1)
		return (-1);
	return (barrier_end(b, holder) / SEC);
}

/* What the status text may say in other words. */
static void
test_texts(void)
{
	static const struct {
		const char * name, * status;
		int holds;
	} texts[] = {
		{ "MySQL", TRX("50", "ACTIVE 1 sec", "5"), 1 },
		{ "MariaDB", "---TRANSACTION 50, ACTIVE 1 sec\n"
		    "MariaDB thread id 5, OS thread handle 12, query id 3\n",
		    1 },
		{ "MariaDB, who only reads",
		    "---TRANSACTION (0x7f352b9bfb80), ACTIVE 1 sec\n"
		    "MariaDB thread id 5, OS thread handle 12, query id 3\n",
		    0 },
		{ "a state that isn't known counts",
		    TRX("50", "COMMITTED IN MEMORY", "5"), 1 },
	};
	struct barrier * b;
	uint64_t holder;
	size_t i;

	for (i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		b = barrier_new();
		(void)sample(b, 100, 0, "", &holder);
		ok(sample(b, 101, 0, texts[i].status, &holder) ==
		    (texts[i].holds ? 100 : 101) &&
		    holder == (texts[i].holds ? 5 : 0), "%s", texts[i].name);
		barrier_free(b);
	}
}

static void
test_others(void)
{
	struct barrier * b = barrier_new();
	uint64_t holder;

	ok(sample(b, 100, 0, "---TRANSACTION 1, ACTIVE 1 sec\n"
	    "... truncated...\n", &holder) == -1, "a text that was cut");
	barrier_reset(b);
	ok(sample(b, 90001, 0, TRX("1", "ACTIVE 0 sec", "5"), &holder) ==
	    3600, "after a reset the first sample comes again");
	ok(sample(b, 90002, 6, TRX("1", "ACTIVE 1 sec", "5"), &holder) ==
	    3600, "it still holds");
	ok(sample(b, 90002, 6, "", &holder) == 90001 && holder == 6,
	    "until it is over");

	/* 6 had an instant between two statements. */
	barrier_begin(b, 90003 * SEC);
	barrier_running(b, 6, BARRIER_UNKNOWN_LO, BARRIER_UNKNOWN_HI);
	barrier_running(b, 8, BARRIER_UNKNOWN_LO, BARRIER_UNKNOWN_HI);
	ok(barrier_waits(b, 0) == 6 && barrier_waits(b, 1) == 0,
	    "6 has been at work for longer");
	barrier_idle(b, 6);
	ok(barrier_waits(b, 0) == 0 && barrier_end(b, &holder) ==
	    90002 * SEC && holder == 8, "it is seen idle");

	/* 90003 has become 50, so what is new may write 49. */
	barrier_begin(b, 50 * SEC);
	barrier_rewind(b, 49 * SEC);
	barrier_running(b, 8, BARRIER_UNKNOWN_LO, BARRIER_UNKNOWN_HI);
	ok(barrier_end(b, &holder) == 49 * SEC && holder == 8,
	    "a clock that was set back");
	barrier_free(b);

	b = barrier_new();
	barrier_resume(b, 90000 * SEC);
	ok(sample(b, 90001, 6, TRX("1", "ACTIVE 0 sec", "5"), &holder) ==
	    90000, "what was final before the first sample stays so");
	barrier_reset(b);
	barrier_begin(b, 80000 * SEC);
	barrier_rewind(b, 79000 * SEC);
	barrier_running(b, 6, BARRIER_UNKNOWN_LO, BARRIER_UNKNOWN_HI);
	ok(barrier_end(b, &holder) == 79000 * SEC,
	    "unless the clock has gone back since");
	barrier_free(b);
	barrier_free(NULL);
}

int
main(void)
{

	test_stories();
	test_texts();
	test_others();
	return (tap_done());
}
