#include "supervisor/alert.h"

#include "common/json.h"

#include "tap.h"

/* What was told, as a line for each note. */
static struct buf told;

static void
hear(void * cookie, const struct alert_note * n)
{

	(void)cookie;
	buf_printf(&told, "%s %s %s %ju\n", alert_turn_name(n->turn),
	    alert_kind_name(n->kind), n->subject != NULL ? n->subject : "-",
	    (uintmax_t)n->count);
}

/* The notes since the last call. */
static void
expect(const char * text, const char * name)
{

	same(told.p, told.n, text, strlen(text), name);
	buf_clear(&told);
}

static struct mono now = { SECOND_US };
static int64_t wall = 1767323045000000;

static void
pass(int64_t us)
{

	now = mono_add(now, us);
	wall += us;
}

static void
happen(struct alert * a, enum event_kind kind, const char * table,
    const char * text)
{
	struct event ev = { .kind = kind, .wall_us = wall, .table = table,
		.text = text, .us = 5 << 20 };

	alert_event(a, &ev, now);
}

/* A stage says something with this code for programs. */
static void
line(struct alert * a, const char * code)
{
	struct event ev = { .kind = EVENT_STAGE_LINE, .wall_us = wall,
		.table = "orders", .text = "its definition has changed",
		.code = code };

	alert_event(a, &ev, now);
}

static void
run_end(struct alert * a, const char * how, uint64_t rows, uint64_t rejected)
{
	struct counts c = { .read = rows, .rejected = rejected };
	struct event ev = { .kind = EVENT_RUN_END, .wall_us = wall,
		.table = "orders", .text = how, .counts = &c };

	alert_event(a, &ev, now);
}

static struct table_view table = { .name = "orders",
	.interval_us = 15 * MINUTE_US, .lag_us = -1 };
static struct report report = { .all = { .enabled = 1 }, .table = &table,
	.n = 1 };

static void
tick(struct alert * a)
{

	alert_tick(a, &report, now, wall);
}

static const struct alert_limits limits = { 60 * MINUTE_US, MINUTE_US, 0, 5,
	10 };

static void
test_turns(void)
{
	struct alert * a = alert_new(&limits, hear, NULL);

	table.succeeded_wall = wall + 60 * 60 * 24 * SECOND_US;
	happen(a, EVENT_SERVER_AWAY, NULL, "mysql");
	expect("raised server_away mysql 1\n", "told at once");
	pass(10 * SECOND_US);
	happen(a, EVENT_SERVER_AWAY, NULL, "mysql");
	tick(a);
	expect("", "and not again");
	happen(a, EVENT_SERVER_BACK, NULL, "mysql");
	pass(30 * SECOND_US);
	tick(a);
	expect("", "back, but for how long?");
	happen(a, EVENT_SERVER_AWAY, NULL, "mysql");
	pass(90 * SECOND_US);
	tick(a);
	expect("", "what comes and goes is one");
	pass(60 * MINUTE_US);
	tick(a);
	expect("reminder server_away mysql 3\n", "a reminder");
	tick(a);
	expect("", "one reminder");
	happen(a, EVENT_SERVER_BACK, NULL, "mysql");
	happen(a, EVENT_SERVER_AWAY, NULL, "mongodb");
	expect("raised server_away mongodb 1\n", "another server");
	pass(MINUTE_US);
	tick(a);
	expect("cleared server_away mysql 3\n", "the all-clear");
	pass(MINUTE_US);
	tick(a);
	expect("", "one all-clear");
	alert_free(a);
}

static void
test_verify(void)
{
	struct alert * a = alert_new(&limits, hear, NULL);

	table.succeeded_wall = wall + 60 * 60 * 24 * SECOND_US;
	table.verify.on = 1;
	happen(a, EVENT_VERIFIED, "orders", NULL);
	expect("", "nothing differs");
	happen(a, EVENT_VERIFIED, "orders", "3 differences");
	expect("raised difference orders 1\n", "what differs is told");
	happen(a, EVENT_VERIFY_FAILED, "orders", "load: exit code 100");
	expect("raised verify orders 1\n", "and what fails");
	table.verify.overdue = 1;
	tick(a);
	expect("", "once, though it is overdue");
	happen(a, EVENT_VERIFIED, "orders", NULL);
	table.verify.overdue = 0;
	pass(MINUTE_US);
	tick(a);
	expect("cleared verify orders 1\ncleared difference orders 1\n",
	    "until one is complete, and all is equal");
	table.verify.overdue = 1;
	tick(a);
	expect("raised verify orders 1\n", "overdue");
	table.paused = 1;
	tick(a);
	pass(MINUTE_US);
	tick(a);
	expect("cleared verify orders 1\n", "a person has paused it");
	memset(&table.verify, 0, sizeof table.verify);
	table.paused = 0;
	alert_free(a);
}

static void
test_failures(void)
{
	struct alert * a = alert_new(&limits, hear, NULL);
	int i;

	happen(a, EVENT_STAGE_FAILED, "orders", "load: exit code 111");
	for (i = 0; i < 4; i++)
		run_end(a, "retry", 0, 0);
	expect("", "a retry is no failure");
	run_end(a, "retry", 0, 0);
	expect("raised failed orders 1\n", "but five are");
	run_end(a, "gave up", 0, 0);
	expect("", "the same trouble");
	run_end(a, "ok", 1, 0);
	pass(MINUTE_US);
	tick(a);
	expect("cleared failed orders 2\n", "until a run is complete");
	run_end(a, "refused", 0, 0);
	expect("raised failed orders 1\n", "refused");
	happen(a, EVENT_STALLED, "orders", "nothing");
	expect("raised stalled orders 1\n", "stalled");
	happen(a, EVENT_ACK, "orders", NULL);
	pass(MINUTE_US);
	tick(a);
	expect("cleared stalled orders 1\n", "until something comes");
	happen(a, EVENT_DISK_LOW, NULL, NULL);
	happen(a, EVENT_CHECKPOINT_FAILED, "orders", "No space");
	line(a, "schema_drift");
	line(a, "odd");
	line(a, NULL);
	expect("raised disk_low - 1\nraised checkpoint orders 1\n"
	    "raised schema_drift orders 1\n", "disk, checkpoint, drift");
	happen(a, EVENT_SERVER_REFUSES, NULL, "mysql");
	expect("raised server_away mysql 1\n", "a server that says no");
	happen(a, EVENT_SERVER_BACK, NULL, "mysql");
	happen(a, EVENT_STORAGE_LOW, NULL, NULL);
	expect("raised storage_low - 1\n", "MongoDB's disk");
	happen(a, EVENT_STORAGE_OK, NULL, NULL);
	pass(MINUTE_US);
	tick(a);
	expect("cleared storage_low - 1\n"
	    "cleared server_away mysql 1\n", "until there is room");
	happen(a, EVENT_UNFIT, "items", "it is a view");
	expect("raised failed items 1\n", "a collection that isn't fit");
	run_end(a, "interrupted", 0, 0);
	expect("", "interrupted is neither");
	alert_free(a);
}

/* What is wrong before a table could run. */
static void
test_blocked(void)
{
	struct alert * a = alert_new(&limits, hear, NULL);

	table.state = JOB_BLOCKED;
	table.error = "no checkpoint";
	tick(a);
	tick(a);
	expect("raised failed orders 1\n", "blocked from the start");
	table.state = JOB_WAITING;
	run_end(a, "ok", 1, 0);
	pass(MINUTE_US);
	tick(a);
	expect("cleared failed orders 1\n", "until it works");

	table.state = JOB_BLOCKED;
	tick(a);
	expect("raised failed orders 1\n", "blocked again");
	report.n = 0;
	tick(a);
	pass(MINUTE_US);
	tick(a);
	expect("cleared failed orders 1\n", "it is synchronised no more");
	report.n = 1;
	table.state = JOB_WAITING;
	alert_free(a);
}

/* What rows are usual outlives the process. */
static void
test_usual(void)
{
	struct alert * a = alert_new(&limits, hear, NULL);
	struct statefile * f;
	struct buf b = { NULL, 0, 0 };
	int i;

	for (i = 0; i < 40; i++)
		run_end(a, "ok", 1000 + (uint64_t)i, 0);
	statefile_head(&b, "test 1");
	alert_put_usual(a, &b);
	statefile_put(&b, "rows.other", "5 6");
	statefile_seal(&b);
	alert_free(a);
	ok(statefile_parse(b.p, b.n, "test 1", &f) == STATEFILE_OK &&
	    strncmp(statefile_get(f, "rows.orders"), "1008 1009 ", 10) == 0,
	    "the last 32, the oldest first");
	a = alert_new(&limits, hear, NULL);
	alert_remember(a, f);
	run_end(a, "ok", 90, 0);
	expect("raised row_count orders 1\n", "the first is judged by them");
	buf_clear(&b);
	alert_put_usual(a, &b);
	ok(strncmp(buf_text(&b), "rows.orders=1009 ", 17) == 0 &&
	    strstr(b.p, " 1039 90\nrows.other=5 6\n") != NULL,
	    "and counts; those of other tables are kept");
	alert_free(a);
	buf_free(&b);
}

static void
test_rejects(void)
{
	struct alert * a = alert_new(&limits, hear, NULL);

	run_end(a, "ok", 1000, 49);
	expect("", "4.9 %");
	run_end(a, "ok", 1000, 50);
	expect("raised rejects orders 1\n", "5 %");
	run_end(a, "ok", 0, 0);
	pass(MINUTE_US);
	tick(a);
	expect("", "no rows say nothing");
	run_end(a, "ok", 1000, 0);
	pass(MINUTE_US);
	tick(a);
	expect("cleared rejects orders 1\n", "good rows do");
	run_end(a, "ok", 0, 3);
	expect("raised rejects orders 1\n", "rejects without rows");
	alert_free(a);
}

static void
test_rows(void)
{
	struct alert * a = alert_new(&limits, hear, NULL);
	int i;

	run_end(a, "ok", 1000000, 0);
	for (i = 0; i < 5; i++)
		run_end(a, "ok", 900 + (uint64_t)i, 0);
	expect("", "a first copy, and what is usual");
	run_end(a, "ok", 9000, 0);
	run_end(a, "ok", 91, 0);
	expect("", "within ten times");
	run_end(a, "ok", 10000, 0);
	run_end(a, "ok", 20000, 0);
	expect("raised row_count orders 1\n", "far more");
	run_end(a, "ok", 1000, 0);
	pass(MINUTE_US);
	tick(a);
	expect("cleared row_count orders 2\n", "usual again");
	run_end(a, "ok", 3, 0);
	expect("raised row_count orders 1\n", "far fewer");
	alert_free(a);
	a = alert_new(&limits, hear, NULL);
	for (i = 0; i < 10; i++)
		run_end(a, "ok", (uint64_t)(i % 2) * 90, 0);
	expect("", "small numbers are never far");
	alert_free(a);
}

static void
test_lag(void)
{
	struct alert * a = alert_new(&limits, hear, NULL);

	table.succeeded_wall = wall;
	tick(a);
	pass(45 * MINUTE_US);
	tick(a);
	expect("", "three intervals");
	pass(SECOND_US);
	tick(a);
	expect("raised lag orders 1\n", "more than three");
	table.paused = 1;
	tick(a);
	pass(MINUTE_US);
	tick(a);
	expect("cleared lag orders 1\n", "what is paused needn't be fresh");
	table.paused = 0;
	table.succeeded_wall = wall;
	table.lag_us = 46 * MINUTE_US;
	tick(a);
	expect("raised lag orders 1\n", "rows that wait");
	table.interval_us = 0;
	tick(a);
	pass(MINUTE_US);
	tick(a);
	expect("cleared lag orders 1\n", "no rule for cron");
	alert_free(a);
}

static void
test_barrier(void)
{
	struct alert * a = alert_new(&limits, hear, NULL);

	table.succeeded_wall = wall;
	table.bound = (struct held) { .age_us = 59 * SECOND_US, .is_held = 1,
	    .connection = 7, .user = "ann" };
	tick(a);
	expect("", "held for less than a minute");
	table.bound.age_us = 60 * SECOND_US;
	tick(a);
	tick(a);
	expect("raised barrier orders 1\n", "held for a minute");
	table.bound.connection = 0;
	pass(SECOND_US);
	tick(a);
	table.bound = (struct held) { .age_us = 90 * SECOND_US };
	tick(a);
	pass(MINUTE_US);
	tick(a);
	expect("cleared barrier orders 3\n", "it may be old, if nobody holds it");
	table.bound = (struct held) { .age_us = -1 };
	alert_free(a);
}

static void
test_json(void)
{
	struct alert_note n = { ALERT_FAILED, ALERT_REMINDER, LOG_LEVEL_ERROR,
		"orders", NULL, "It \"fails\".", wall, 3 };
	struct buf b = { NULL, 0, 0 };
	struct json * doc;

	alert_put_json(&n, "host", wall, &b);
	doc = json_parse(b.p, b.n, NULL);
	ok(doc != NULL, "JSON");
	ok(strcmp(json_text(json_get(json_root(doc), "text"), NULL),
	    "millrace on host: still: It \"fails\".") == 0, "text for a chat");
	ok(strcmp(json_text(json_get(json_root(doc), "alert"), NULL),
	    "failed") == 0, "its kind");
	json_free(doc);
	buf_free(&b);
}

int
main(void)
{

	test_turns();
	test_failures();
	test_verify();
	test_blocked();
	test_usual();
	test_rejects();
	test_rows();
	test_lag();
	test_barrier();
	test_json();
	buf_free(&told);
	return (tap_done());
}
