#include "extract/barrier.h"

#include "tap.h"

#define SEC	INT64_C(1000000)

/* A sample at ${now} seconds: connections at work ("7", or "7@99" if the
 * statement's start is said to be 99), and the status text. */
static int64_t
sample(struct barrier * b, int64_t now, const char * running,
    const char * status, uint64_t * holder)
{
	uint64_t id;
	int64_t start;
	char * p;

	barrier_begin(b, now * SEC);
	while (*running != '\0') {
		id = strtoull(running, &p, 10);
		start = *p == '@' ? strtoll(p + 1, &p, 10) : -1;
		barrier_running(b, id, start == -1 ? BARRIER_UNKNOWN_LO :
		    start * SEC, start == -1 ? BARRIER_UNKNOWN_HI :
		    start * SEC);
		running = p;
	}
	if (barrier_status(b, status) == -1)
		return (-1);
	return (barrier_end(b, holder) / SEC);
}

#define TRX(id, state, thread)	"---TRANSACTION " id ", " state "\n" \
	"2 lock struct(s), heap size 1128, 1 row lock(s)\n" \
	"MySQL thread id " thread ", OS thread handle 1234, query id 9\n" \
	"INSERT INTO t VALUES (1)\n"
#define IDLE	"LIST OF TRANSACTIONS FOR EACH SESSION:\n" \
	"---TRANSACTION 421884000000000, not started\n0 lock struct(s)\n" \
	"---TRANSACTION (0x7f352b9bfb80), not started\n" \
	"--------\nFILE I/O\n--------\n"
#define BARE(id, state)	"---TRANSACTION " id ", " state "\n" \
	"1 lock struct(s), heap size 1128, 0 row lock(s), undo log entries 1\n"

/* Steps of a story: the sample, and what it has to say. */
struct step {
	int64_t now;
	const char * running, * status;
	int64_t safe;
	uint64_t holder;
};

static void
tell(const char * name, const struct step * s, size_t n)
{
	struct barrier * b = barrier_new();
	uint64_t holder = 99;
	int64_t safe;
	size_t i;

	for (i = 0; i < n; i++) {
		safe = sample(b, s[i].now, s[i].running, s[i].status, &holder);
		if (!ok(safe == s[i].safe && holder == s[i].holder,
		    "%s: step %zu", name, i + 1))
			printf("# safe %jd, holder %ju\n", (intmax_t)safe,
			    (uintmax_t)holder);
	}
	barrier_free(b);
}
#define TELL(name, ...) do {						\
	static const struct step steps[] = { __VA_ARGS__ };		\
	tell(name, steps, sizeof steps / sizeof steps[0]);		\
} while (0)

static void
test_stories(void)
{

	TELL("nothing", { 100, "", IDLE, 100, 0 }, { 101, "", IDLE, 101, 0 });
	TELL("at first a transaction may have written what is a day older",
	    { 200100, "", TRX("4310", "ACTIVE 12 sec", "5") IDLE, 113687, 5 },
	    { 200101, "", TRX("4310", "ACTIVE 13 sec", "5") IDLE, 113687, 5 },
	    { 200102, "", IDLE, 200102, 0 });
	TELL("at first a statement is as old as the list says, and a margin",
	    { 100, "7@99", IDLE, 98, 7 },
	    { 101, "", IDLE, 101, 0 });
	TELL("or a day, if that isn't known",
	    { 90000, "7", IDLE, 3600, 7 },
	    { 90001, "", IDLE, 90001, 0 });
	TELL("a statement, no transaction yet",
	    { 100, "", IDLE, 100, 0 },
	    { 101, "7", IDLE, 100, 7 },
	    { 102, "7", IDLE, 100, 7 },
	    { 103, "", IDLE, 103, 0 });
	/* What comes later holds a later bound. */
	TELL("several at once",
	    { 100, "", IDLE, 100, 0 },
	    { 101, "", TRX("10", "ACTIVE 0 sec", "5"), 100, 5 },
	    { 102, "", TRX("11", "ACTIVE 0 sec", "6") TRX("10",
		"ACTIVE 1 sec", "5"), 100, 5 },
	    { 103, "", TRX("11", "ACTIVE 1 sec", "6"), 101, 6 },
	    { 104, "", TRX("12", "ACTIVE 0 sec", "6"), 103, 6 },
	    { 105, "", "", 105, 0 });
	/* It had its time while it waited for the table, and idles then. */
	TELL("a transaction that starts late in its statement",
	    { 100, "", IDLE, 100, 0 },
	    { 101, "7", IDLE, 100, 7 },
	    { 109, "7", TRX("20", "ACTIVE 0 sec", "7"), 100, 7 },
	    { 110, "", TRX("20", "ACTIVE 1 sec", "7"), 100, 7 },
	    { 120, "", TRX("20", "ACTIVE 11 sec", "7"), 100, 7 },
	    { 121, "", IDLE, 121, 0 });
	TELL("a busy connection goes from one transaction to the next",
	    { 100, "", IDLE, 100, 0 },
	    { 101, "7", IDLE, 100, 7 },
	    { 102, "7", TRX("30", "ACTIVE 0 sec", "7"), 100, 7 },
	    { 103, "7", TRX("31", "ACTIVE 0 sec", "7"), 102, 7 },
	    { 104, "7", IDLE, 103, 7 },
	    { 105, "", IDLE, 105, 0 });
	/* Never seen in a transaction, never idle: each time another one. */
	TELL("a connection that is busy all the time",
	    { 100, "", IDLE, 100, 0 },
	    { 101, "7@101", IDLE, 100, 7 },
	    { 102, "7@102", IDLE, 100, 7 },
	    { 103, "7@103", IDLE, 101, 7 },
	    { 104, "7@103", IDLE, 101, 7 },
	    { 105, "7@105", IDLE, 102, 7 },
	    { 106, "7@106", BARE("44", "ACTIVE (PREPARED) 0 sec"), 102, 0 },
	    { 107, "", "", 107, 0 });
	TELL("a start that isn't said is no other one",
	    { 100, "", IDLE, 100, 0 },
	    { 101, "7", IDLE, 100, 7 },
	    { 102, "7@102", IDLE, 100, 7 },
	    { 103, "7", IDLE, 100, 7 },
	    { 104, "7@102", IDLE, 100, 7 },
	    { 105, "", IDLE, 105, 0 });
	/* The new statement is there, and its start a moment later. */
	TELL("the first sight may be of the start before",
	    { 100, "", IDLE, 100, 0 },
	    { 101, "7@42", IDLE, 100, 7 },
	    { 102, "7@101", IDLE, 100, 7 },
	    { 109, "7@101", IDLE, 100, 7 },
	    { 110, "", IDLE, 110, 0 });
	/* Whoever sets the clock, the start that is said stays the same. */
	TELL("a statement waits while the clock is set forth and back",
	    { 100, "", IDLE, 100, 0 },
	    { 101, "7@101", IDLE, 100, 7 },
	    { 900, "7@101", IDLE, 100, 7 },
	    { 901, "7@101", TRX("20", "ACTIVE 0 sec", "7"), 100, 7 },
	    { 102, "", TRX("20", "ACTIVE 1 sec", "7"), 100, 7 },
	    { 103, "", "", 103, 0 });
	/* XA: prepared, it leaves its connection. */
	TELL("a prepared transaction without its connection",
	    { 100, "", IDLE, 100, 0 },
	    { 101, "", TRX("40", "ACTIVE 0 sec", "7"), 100, 7 },
	    { 102, "", BARE("40", "ACTIVE (PREPARED) 1 sec"), 100, 7 },
	    { 103, "", "", 103, 0 });
	TELL("one that wasn't seen before it left it",
	    { 100, "", IDLE, 100, 0 },
	    { 101, "7", IDLE, 100, 7 },
	    { 102, "", BARE("41", "ACTIVE (PREPARED) 0 sec"), 100, 0 },
	    { 103, "", "", 103, 0 });
	TELL("one that was left for another transaction",
	    { 100, "", IDLE, 100, 0 },
	    { 101, "7", IDLE, 100, 7 },
	    { 102, "7", TRX("43", "ACTIVE 0 sec", "7")
		BARE("42", "ACTIVE (PREPARED) 0 sec"), 100, 7 },
	    { 103, "", BARE("42", "ACTIVE (PREPARED) 1 sec"), 100, 0 },
	    { 104, "", "", 104, 0 });
	TELL("who only reads is idle, whatever it may do later",
	    { 100, "", TRX("421884000000000", "ACTIVE 900 sec", "5"), 100, 0 },
	    { 101, "5", TRX("421884000000000", "ACTIVE 901 sec", "5"), 100, 5 },
	    { 102, "", TRX("421884000000000", "ACTIVE 902 sec", "5"), 102, 0 });
	TELL("MariaDB",
	    { 100, "", IDLE, 100, 0 },
	    { 101, "", "---TRANSACTION 50, ACTIVE 1 sec\n"
		"MariaDB thread id 5, OS thread handle 12, query id 3\n", 100,
		5 },
	    { 102, "", "---TRANSACTION (0x7f352b9bfb80), ACTIVE 1 sec\n"
		"MariaDB thread id 5, OS thread handle 12, query id 3\n", 102,
		0 });
	TELL("a state that isn't known counts",
	    { 100, "", IDLE, 100, 0 },
	    { 101, "", TRX("60", "COMMITTED IN MEMORY", "5"), 100, 5 },
	    { 102, "", "", 102, 0 });
}

static void
test_others(void)
{
	struct barrier * b = barrier_new();
	uint64_t holder;

	ok(sample(b, 100, "", "---TRANSACTION 1, ACTIVE 1 sec\n"
	    "... truncated...\n", &holder) == -1, "a text that was cut");
	barrier_reset(b);
	ok(sample(b, 90001, "", TRX("1", "ACTIVE 0 sec", "5"), &holder) ==
	    3600, "after a reset the first sample comes again");
	ok(sample(b, 90002, "6", TRX("1", "ACTIVE 1 sec", "5"), &holder) ==
	    3600, "it still holds");
	ok(sample(b, 90002, "6", "", &holder) == 90001 && holder == 6,
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
	ok(sample(b, 90001, "6", TRX("1", "ACTIVE 0 sec", "5"), &holder) ==
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
	test_others();
	return (tap_done());
}
