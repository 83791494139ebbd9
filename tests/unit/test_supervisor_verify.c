#include <string.h>

#include "supervisor/cycle.h"
#include "supervisor/guarantee.h"
#include "supervisor/job.h"
#include "supervisor/relay.h"

#include "tap.h"

#define HOUR	(60 * MINUTE_US)
#define T0	(1700000000 * SECOND_US)

/* What a look found: ${n} differences, of which ${counted} have lasted. */
static struct looked
looked(uint64_t n, uint64_t counted)
{

	return ((struct looked) { .compared = 100000, .different = n,
	    .counted = counted, .oldest_us = HOUR });
}

static int
look(struct cycle * c, uint64_t n, uint64_t counted, int repair,
    unsigned percent, int64_t at)
{
	struct looked l = looked(n, counted);

	if (c->mend)
		l.mended = counted;
	return (cycle_looked(c, &l, repair, percent, at));
}

static void
test_looks(void)
{
	struct cycle c = { .look = 0 };

	cycle_begin(&c, T0);
	ok(c.look == 1 && !cycle_awaits_sync(&c), "first a look at all");
	ok(look(&c, 0, 0, 1, 10, T0 + HOUR) && c.look == 0 &&
	    c.done_begun == T0 && c.done_ended == T0 + HOUR && c.left == 0,
	    "nothing differs: complete");

	cycle_begin(&c, T0 + 2 * HOUR);
	ok(!look(&c, 5, 5, 1, 10, T0 + 3 * HOUR) && c.look == 2 && !c.mend &&
	    cycle_awaits_sync(&c), "what differs is looked at again, once it "
	    "was synchronised");
	ok(!look(&c, 3, 3, 1, 10, T0 + 4 * HOUR) && c.look == 3 && c.mend &&
	    !cycle_awaits_sync(&c), "what has lasted is mended");
	ok(!look(&c, 3, 2, 1, 10, T0 + 5 * HOUR) && c.look == CYCLE_LEFT &&
	    !c.mend && c.mended == 2, "and one more look");
	ok(look(&c, 1, 0, 1, 10, T0 + 6 * HOUR) && c.look == 0 &&
	    c.left == 0 && c.left_since == 0 && c.done_mended == 2 &&
	    c.done.different == 5, "one that only began to differ isn't left");
	ok(c.within_us == 6 * HOUR, "from the begin of one to the end of the "
	    "next");
}

static void
test_left(void)
{
	struct cycle c = { .look = 0 };

	cycle_begin(&c, T0);
	look(&c, 5, 5, 0, 10, T0 + 1);
	look(&c, 5, 5, 0, 10, T0 + 2);
	ok(!c.mend && !c.held, "nothing is mended that isn't to be");
	ok(look(&c, 5, 4, 0, 10, T0 + 3) && c.left == 4 &&
	    c.left_since == T0 + 3 - HOUR, "but counted");
	cycle_begin(&c, T0 + HOUR);
	look(&c, 5, 5, 0, 10, T0 + HOUR);
	look(&c, 5, 5, 0, 10, T0 + HOUR);
	look(&c, 5, 1, 0, 10, T0 + HOUR);
	ok(c.left == 1 && c.left_since == T0 + 3 - HOUR,
	    "how old they are stays");
	cycle_begin(&c, T0 + 2 * HOUR);
	look(&c, 0, 0, 0, 10, T0 + 2 * HOUR);
	ok(c.left == 0 && c.left_since == 0, "until there are none");
}

static void
test_foreign(void)
{
	struct looked l = { .compared = 10, .extra = 5000, .foreign = 5000,
	    .counted = 5000 };
	struct cycle c = { .look = 0 };

	cycle_begin(&c, T0);
	cycle_looked(&c, &l, 1, 10, T0);
	l.extra = l.counted = 5002;
	cycle_looked(&c, &l, 1, 10, T0);
	ok(c.mend && !c.held, "strangers keep nobody from mending");
	l.mended = 2;
	cycle_looked(&c, &l, 1, 10, T0);
	l = (struct looked) { .extra = 5000, .foreign = 5000,
	    .counted = 5000 };
	ok(cycle_looked(&c, &l, 1, 10, T0) && c.left == 0 &&
	    c.left_since == 0 && c.foreign == 5000, "and are no difference");
	ok(c.done_gone == 2, "rows of ours were gone");
	cycle_begin(&c, T0);
	cycle_looked(&c, &l, 1, 10, T0);
	cycle_looked(&c, &l, 1, 10, T0);
	cycle_looked(&c, &l, 1, 10, T0);
	ok(c.done_gone == 2, "as far as is known");
	cycle_looked(&c, &l, 1, 10, T0);
	ok(c.look == 0 && c.done_gone == 0, "none since");
}

static void
test_too_many(void)
{
	struct cycle c = { .look = 0 };

	cycle_begin(&c, T0);
	look(&c, 20000, 20000, 1, 10, T0);
	look(&c, 20000, 10001, 1, 10, T0);
	ok(c.held && !c.mend, "a tenth of all differs: a person is needed");
	ok(look(&c, 20000, 10001, 1, 10, T0) && c.left == 10001 && c.held &&
	    c.done_mended == 0, "and told");
	cycle_begin(&c, T0);
	look(&c, 20000, 20000, 1, 10, T0);
	look(&c, 20000, 10000, 1, 10, T0);
	ok(!c.held && c.mend, "not quite");
	cycle_begin(&c, T0);
	look(&c, 90000, 90000, 1, 100, T0);
	look(&c, 90000, 90000, 1, 100, T0);
	ok(!c.held && c.mend, "a person has allowed it");
	cycle_begin(&c, T0);
	look(&c, CYCLE_FREE, CYCLE_FREE, 1, 0, T0);
	look(&c, CYCLE_FREE, CYCLE_FREE, 1, 0, T0);
	ok(!c.held && c.mend, "few are never too many");
}

static void
expect_cover(const struct cycle * c, const struct cycle_plan * plan,
    int64_t now, const char * code, int64_t within)
{
	struct guarantee_cover cover;
	int overdue = cycle_cover(c, plan, now, &cover);
	const char * got = cover.code != NULL ? cover.code : "covered";

	ok(strcmp(got, code) == 0 && (cover.code == NULL) ==
	    (cover.text == NULL), "%s", got);
	ok(overdue == (strcmp(code, "verify_overdue") == 0), "overdue: %d",
	    overdue);
	if (cover.code == NULL)
		ok(cover.within_us == within, "within %jd s",
		    (intmax_t)(cover.within_us / SECOND_US));
}

static void
test_cover(void)
{
	struct cycle_plan plan = { 1, 1, 24 * HOUR, HOUR };
	struct cycle_plan off = { 0, 1, 24 * HOUR, HOUR };
	struct cycle_plan only = { 1, 0, 24 * HOUR, HOUR };
	struct cycle c = { .look = 0 };

	expect_cover(&c, &off, T0, "verify_off", 0);
	expect_cover(&c, &plan, T0, "not_verified", 0);
	cycle_begin(&c, T0);
	expect_cover(&c, &plan, T0 + 1, "not_verified", 0);
	look(&c, 0, 0, 1, 10, T0 + HOUR);

	/* 24 to the next one, 1 as long as this, 1 to mend. */
	expect_cover(&c, &plan, T0 + HOUR, "covered", 26 * HOUR);
	expect_cover(&c, &only, T0 + HOUR, "verify_only", 0);
	expect_cover(&c, &plan, T0 + 30 * HOUR, "covered", 30 * HOUR);
	expect_cover(&c, &plan, T0 + 53 * HOUR, "verify_overdue", 0);
	expect_cover(&c, &plan, T0 - HOUR, "covered", 26 * HOUR);

	/* Measured, and longer than planned. */
	cycle_begin(&c, T0 + 40 * HOUR);
	look(&c, 0, 0, 1, 10, T0 + 41 * HOUR);
	expect_cover(&c, &plan, T0 + 41 * HOUR, "covered", 41 * HOUR);
	cycle_failed(&c);
	expect_cover(&c, &plan, T0 + 42 * HOUR, "verify_failed", 0);
	cycle_begin(&c, T0 + 42 * HOUR);
	expect_cover(&c, &plan, T0 + 42 * HOUR, "verify_failed", 0);
	look(&c, 0, 0, 1, 10, T0 + 43 * HOUR);
	expect_cover(&c, &plan, T0 + 43 * HOUR, "covered", 26 * HOUR);
	c.left = 1;
	expect_cover(&c, &plan, T0 + 43 * HOUR, "differences", 0);
}

static void
test_file(void)
{
	struct cycle c = { .look = 0 }, d;
	struct statefile * f;
	struct buf b = { NULL, 0, 0 };

	cycle_begin(&c, T0);
	look(&c, 5, 5, 0, 10, T0 + 1);
	look(&c, 5, 5, 0, 10, T0 + 2);
	look(&c, 5, 5, 0, 10, T0 + 3);
	cycle_begin(&c, T0 + HOUR);
	look(&c, 7, 7, 1, 10, T0 + HOUR);
	c.bytes = 4711;
	c.gone = 3;
	c.done_gone = 4;
	cycle_overlooks(&c, 1);
	cycle_failed(&c);
	cycle_put(&c, &b);
	ok(statefile_parse(b.p, b.n, CYCLE_FORMAT, &f) == STATEFILE_OK,
	    "a sealed file");
	cycle_get(&d, f);
	ok(d.look == 2 && d.begun == T0 + HOUR && d.looked == T0 + HOUR &&
	    d.bytes == 4711 && d.full.different == 7 && d.last.counted == 7 &&
	    d.failed, "the open one");
	ok(d.done_begun == T0 && d.done_ended == T0 + 3 && d.left == 5 &&
	    d.left_since == c.left_since && d.done.different == 5 &&
	    d.within_us == c.within_us && d.gone == 3 && d.done_gone == 4 && d.spoilt &&
	    d.overlooked,
	    "the last one");
	statefile_free(f);
	buf_clear(&b);
	statefile_head(&b, CYCLE_FORMAT);
	statefile_put_i64(&b, "look", 99);
	statefile_seal(&b);
	ok(statefile_parse(b.p, b.n, CYCLE_FORMAT, &f) == STATEFILE_OK,
	    "another");
	cycle_get(&d, f);
	ok(d.look == 0, "a look that doesn't exist");
	statefile_free(f);
	buf_free(&b);
}

/* The level that follows from reasons and a cover. */
static void
expect_level(const struct guarantee * known,
    const struct guarantee_cover * cover, enum guarantee_deletes deletes,
    enum guarantee_level level, size_t n, int64_t within)
{
	struct guarantee g = { .n = 0 };

	guarantee_compose(&g, known, cover, deletes);
	ok(guarantee_level(&g) == level && g.n == n && g.within_us == within,
	    "%s, %zu reasons", guarantee_word(guarantee_level(&g)), g.n);
	guarantee_clear(&g);
}

static void
test_compose(void)
{
	struct guarantee_cover yes = { .within_us = HOUR };
	struct guarantee_cover no = { .code = "not_verified", .text = "never" };
	struct guarantee_cover gone = { .within_us = HOUR, .gone = 1 };
	struct guarantee_cover late = { .within_us = HOUR, .overlooked = 1 };
	struct guarantee k = { .n = 0 };

	expect_level(&k, &yes, GUARANTEE_ALL, GUARANTEE_BEST_EFFORT, 0, 0);
	guarantee_add(&k, "reconciled-within", "change_column", "deletes");
	expect_level(&k, &yes, GUARANTEE_ALL, GUARANTEE_BEST_EFFORT, 1, 0);
	guarantee_add(&k, "exact", GUARANTEE_CHECKED, "all is told");
	expect_level(&k, &yes, GUARANTEE_ALL, GUARANTEE_RECONCILED, 1, HOUR);
	expect_level(&k, &no, GUARANTEE_ALL, GUARANTEE_BEST_EFFORT, 2, 0);
	expect_level(&k, &no, GUARANTEE_NONE, GUARANTEE_EXACT, 0, 0);

	/* A column says it: as long as rows aren't removed otherwise. */
	expect_level(&k, &no, GUARANTEE_SOFT, GUARANTEE_EXACT, 1, 0);
	expect_level(&k, &gone, GUARANTEE_SOFT, GUARANTEE_RECONCILED, 1, HOUR);
	expect_level(&k, &gone, GUARANTEE_NONE, GUARANTEE_EXACT, 0, 0);

	/* What was overlooked is found by a verification only. */
	expect_level(&k, &late, GUARANTEE_NONE, GUARANTEE_RECONCILED, 1, HOUR);
	guarantee_add(&k, "reconciled-within", "cascades", "keys");
	expect_level(&k, &no, GUARANTEE_SOFT, GUARANTEE_BEST_EFFORT, 3, 0);
	expect_level(&k, &no, GUARANTEE_NONE, GUARANTEE_BEST_EFFORT, 2, 0);
	expect_level(&k, &yes, GUARANTEE_NONE, GUARANTEE_RECONCILED, 1, HOUR);
	guarantee_add(&k, "best-effort", "no_process_privilege", "none");
	expect_level(&k, &yes, GUARANTEE_NONE, GUARANTEE_BEST_EFFORT, 2, 0);
	expect_level(&k, &late, GUARANTEE_NONE, GUARANTEE_BEST_EFFORT, 2, 0);
	ok(guarantee_overlooks(&k), "changes can be overlooked");
	guarantee_clear(&k);
	guarantee_add(&k, "best-effort", "insecure", "in the clear");
	guarantee_add(&k, "reconciled-within", "cascades", "keys");
	ok(!guarantee_overlooks(&k), "none is");
	guarantee_clear(&k);
}

static void
test_overlooked(void)
{
	struct cycle c = { .look = 0 };

	cycle_begin(&c, T0);
	look(&c, 0, 0, 1, 10, T0);
	ok(!cycle_overlooks(&c, 0) && !c.overlooked, "none was overlooked");
	ok(cycle_overlooks(&c, 1) && c.overlooked, "some may be: news");
	ok(!cycle_overlooks(&c, 1), "known");
	cycle_begin(&c, T0);
	ok(!cycle_overlooks(&c, 0), "it has ended");
	look(&c, 0, 0, 1, 10, T0);
	ok(c.overlooked, "but not before the verification began");
	cycle_begin(&c, T0);
	ok(cycle_overlooks(&c, 1), "it begins again, meanwhile: news");
	cycle_overlooks(&c, 0);
	look(&c, 0, 0, 1, 10, T0);
	ok(c.overlooked, "this one can't have seen all, either");
	cycle_begin(&c, T0);
	look(&c, 5, 5, 0, 10, T0);
	look(&c, 5, 5, 0, 10, T0);
	look(&c, 5, 5, 0, 10, T0);
	ok(c.look == 0 && c.overlooked, "one that has left some");
	cycle_begin(&c, T0);
	look(&c, 0, 0, 0, 10, T0);
	ok(!c.overlooked, "until one that began later finds none");
}

/* A job whose actions are noted as letters. */
struct noted {
	char said[64];
	size_t n;
	struct mono due;
};

static void
put(struct noted * s, char c)
{

	if (s->n < sizeof s->said - 1)
		s->said[s->n++] = c;
}

static enum job_start
op_start(void * cookie, struct mono now)
{

	(void)now;
	put(cookie, 's');
	return (JOB_STARTED);
}

static void
op_drain(void * cookie)
{

	put(cookie, 'd');
}

static void
op_kill(void * cookie)
{

	put(cookie, 'k');
}

static void
op_want(void * cookie, struct mono now)
{

	(void)now;
	put(cookie, 'w');
}

static void
op_leave(void * cookie, struct mono now)
{

	(void)cookie;
	(void)now;
}

static struct mono
op_due(void * cookie, struct mono begun, struct mono now)
{
	struct noted * s = cookie;

	(void)begun;
	(void)now;
	return (s->due);
}

static int
op_keep(void * cookie)
{

	(void)cookie;
	return (0);
}

static void
op_over(void * cookie, enum job_outcome outcome, struct mono now)
{

	(void)now;
	put(cookie, "oirgx"[outcome]);
}

static void
op_moved(void * cookie, enum job_state from, enum job_state to,
    struct mono now)
{

	(void)cookie;
	(void)from;
	(void)to;
	(void)now;
}

static void
test_job(void)
{
	static const struct job_ops ops = { op_start, op_drain, op_kill,
		op_want, op_leave, op_leave, op_due, op_leave, op_keep,
		op_over, op_moved };
	struct job_limits limits = { 1, SECOND_US, SECOND_US, 0, 1 };
	struct noted s = { .due = MONO_NEVER };
	struct mono t = { 1000 * SECOND_US };
	struct job * j = job_new(&ops, &s, &limits, 0, t, 1);

	job_since(j, t, t);
	ok(mono_is_never(job_deadline(j)), "it begins when it is told to");
	s.due = mono_add(t, HOUR);
	job_reschedule(j, t);
	ok(job_deadline(j).us == s.due.us, "or when it is due");
	ok(job_health(j, 1) == JOB_EVENTS, "waiting, no server is needed");
	job_event(j, JOB_EV_TRIGGER, t);
	ok(job_health(j, 1) == JOB_EV_AWAY && job_health(j, 0) == JOB_EVENTS,
	    "queued, one that is away is heard of");
	job_event(j, JOB_EV_PLACE, t);
	job_event(j, JOB_EV_ACK, t);
	job_event(j, JOB_EV_TEMP, t);
	ok(job_state(j) == JOB_CHECKING && job_health(j, 0) == JOB_EV_BACK,
	    "when it failed, any answer");
	job_event(j, JOB_EV_BACK, t);
	job_event(j, JOB_EV_TIME, t);
	job_event(j, JOB_EV_PLACE, t);
	job_event(j, JOB_EV_ACK, t);
	job_event(j, JOB_EV_TEMP, t);
	job_event(j, JOB_EV_BACK, t);
	s.said[s.n] = '\0';
	ok(strcmp(s.said, "wsrwsg") == 0, "strict: progress is no success: %s",
	    s.said);
	job_free(j);
}

static void
test_summary(void)
{
	static const char text[] = "{\"level\":\"info\",\"operation\":"
	    "\"verify\",\"records_compared\":12,\"missing\":1,\"different\":2,"
	    "\"extra\":3,\"foreign\":1,\"counted\":4,\"mended\":2,\"rejected\":"
	    "5,\"filtered\":6,\"whole\":1,\"oldest_seconds\":1.5,\"message\":"
	    "\"m\"}";
	struct relay_line l;

	relay_read("load", text, sizeof text - 1, &l);
	ok(l.counted == RELAY_LOOKED && l.looked.compared == 12 &&
	    l.looked.missing == 1 && l.looked.different == 2 &&
	    l.looked.extra == 3 && l.looked.foreign == 1 &&
	    l.looked.counted == 4 && l.looked.mended == 2 &&
	    l.looked.left_out == 11 && l.looked.oldest_us == 1500000 &&
	    !l.quiet, "the summary of a look");
	relay_clear(&l);
	relay_read("load", "{\"operation\":\"verify\"}", 22, &l);
	ok(l.counted == RELAY_LOOKED && l.looked.oldest_us == 0,
	    "one that lacks everything");
	relay_clear(&l);
	relay_read("transform", text, sizeof text - 1, &l);
	ok(l.counted == RELAY_NOTHING, "of load only");
	relay_clear(&l);
}

int
main(void)
{

	test_looks();
	test_left();
	test_foreign();
	test_too_many();
	test_cover();
	test_file();
	test_compose();
	test_overlooked();
	test_job();
	test_summary();
	return (tap_done());
}
