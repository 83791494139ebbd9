#include <errno.h>

#include "common/log.h"
#include "supervisor/child.h"
#include "supervisor/discover.h"
#include "supervisor/env.h"
#include "supervisor/findings.h"
#include "supervisor/guarantee.h"
#include "supervisor/pool.h"
#include "supervisor/relay.h"
#include "supervisor/schemas.h"
#include "supervisor/tally.h"
#include "supervisor/watch.h"

#include "files.h"
#include "tap.h"

#define AT(s)	((struct mono) { (s) * SECOND_US })

static void
test_pool(void)
{
	struct pool * p = pool_new(4, 2, 30 * SECOND_US);
	struct pool * q;

	ok(pool_grant(p) == -1 && mono_is_never(pool_deadline(p)),
	    "nobody waits");
	pool_want(p, 2, AT(0));
	pool_want(p, 0, AT(1));
	pool_want(p, 3, AT(2));
	pool_want(p, 3, AT(9));
	ok(pool_grant(p) == 2 && pool_grant(p) == 0 && pool_grant(p) == -1,
	    "first come, first served, while there are places");
	ok(pool_used(p) == 2 && pool_waiting(p) == 1 &&
	    pool_deadline(p).us == AT(32).us, "one waits, from its first try");
	ok(pool_expire(p, AT(31)) == -1 && pool_expire(p, AT(32)) == 3 &&
	    pool_waiting(p) == 0, "not for ever");
	pool_want(p, 1, AT(40));
	pool_set_idle(p, 2, 1);
	ok(pool_idle(p) == 1 && pool_used(p) == 2 && pool_grant(p) == -1,
	    "an idle connection is one");
	pool_set_idle(p, 1, 1);
	ok(pool_idle(p) == 1, "only one that has a place can be idle");
	q = pool_new(5, 2, 30 * SECOND_US);
	pool_copy(q, p);
	pool_leave(q, 2);
	ok(pool_grant(q) == 1 && pool_used(q) == 2, "places can be copied");
	pool_want(q, 4, AT(50));
	pool_limits(q, 1, SECOND_US);
	ok(pool_grant(q) == -1 && pool_max(q) == 1 && pool_used(q) == 2,
	    "fewer places: nobody is thrown out");
	pool_free(p);
	pool_free(q);
}

/* Who never finds a place within its time isn't passed by for ever. */
static void
test_pool_turns(void)
{
	struct pool * p = pool_new(3, 1, 30 * SECOND_US);

	pool_want(p, 0, AT(0));
	pool_grant(p);
	pool_want(p, 1, AT(1));
	ok(pool_expire(p, AT(31)) == 1 && pool_recall(p) == -1,
	    "no place: nobody is called again");
	pool_leave(p, 0);
	pool_want(p, 0, AT(40));
	ok(pool_recall(p) == 1, "a place: who had waited too long is called");
	pool_want(p, 1, AT(40));
	ok(pool_recall(p) == -1 && pool_grant(p) == 1,
	    "and is before those that came later");
	pool_want(p, 2, AT(41));
	ok(pool_deadline(p).us == AT(70).us && pool_expire(p, AT(70)) == 0 &&
	    pool_expire(p, AT(70)) == -1 && pool_expire(p, AT(71)) == 2,
	    "each waits its own time");
	pool_leave(p, 0);
	pool_leave(p, 1);
	ok(pool_recall(p) == 2, "who has left isn't called");
	pool_leave(p, 2);
	ok(pool_recall(p) == -1, "nobody is left");
	pool_free(p);
}

static void
relay(const char * stage, const char * line, int text, const char * want,
    const char * name)
{
	struct buf b = { NULL, 0, 0 };
	struct relay_line l;

	relay_read(stage, line, strlen(line), &l);
	relay_put(&b, text, stage, "orders", "run-1", line, strlen(line), &l);
	relay_clear(&l);
	same(b.p, b.n, want, strlen(want), name);
	buf_free(&b);
}

static void
test_relay(void)
{
	struct buf b = { NULL, 0, 0 };
	struct relay_line l;
	const char * at, * p;

	relay("load", "{\"level\":\"info\",\"component\":\"load\","
	    "\"message\":\"hi\"}", 0, "{\"level\":\"info\",\"component\":"
	    "\"load\",\"message\":\"hi\",\"table\":\"orders\",\"run\":"
	    "\"run-1\"}\n", "the run and the table are added");
	/* What isn't JSON: each member once. */
	relay_read("load", "Oops", 4, &l);
	relay_put(&b, 0, "load", "orders", "run-1", "Oops", 4, &l);
	relay_clear(&l);
	at = strstr(buf_text(&b), "\"component\":");
	ok(at != NULL && strstr(at + 1, "\"component\":") == NULL &&
	    strstr(b.p, "\"message\":\"Oops\"") != NULL, "one component: %s",
	    b.p);
	buf_free(&b);
	relay("load", "{\"component\":\"load\",\"table\":\"x\"} ", 0,
	    "{\"component\":\"load\",\"table\":\"x\",\"run\":\"run-1\"}\n",
	    "what is there stays");
	relay("load", "{\"level\":\"warn\",\"message\":\"a\\nb\"}", 1,
	    "load: warning: orders: a\\u000ab\n", "for people");
	relay("jq", "bad \x1b[2J line", 1, "jq: warning: orders: bad \\u001b[2J "
	    "line\n",
	    "a terminal isn't touched");
	relay_read("jq", "{\"a\":", 5, &l);
	ok(l.level == LOG_LEVEL_WARN && strcmp(l.message, "{\"a\":") == 0,
	    "what is no JSON is a warning");
	relay_clear(&l);
	p = "{\"operation\":\"load\",\"records_processed\":9,"
	    "\"records_created\":2,\"records_updated\":3,"
	    "\"records_deleted\":1,\"records_stale\":1,"
	    "\"records_marked\":4,\"records_ignored\":5,"
	    "\"records_rejected\":2,\"conflicts_source\":1,"
	    "\"conflicts_target\":1}";
	relay_read("load", p, strlen(p), &l);
	ok(l.counted == RELAY_LOADED && l.counts.written == 9 &&
	    l.counts.created == 2 && l.counts.updated == 3 &&
	    l.counts.deleted == 1 && l.counts.stale == 1 &&
	    l.counts.marked == 4 && l.counts.ignored == 5 &&
	    l.counts.rejected == 2 && l.counts.conflicts == 2, "counts");
	relay_clear(&l);
	relay_read("jq", p, strlen(p), &l);
	ok(l.counted == RELAY_NOTHING, "of our own stages only");
	relay_clear(&l);
	p = "{\"level\":\"info\",\"operation\":\"report\","
	    "\"records_processed\":7,\"records_due\":9,\"code\":\"x\"}";
	relay_read("extract", p, strlen(p), &l);
	ok(l.counted == RELAY_READING && l.counts.read == 7 && l.due == 9 &&
	    l.quiet && strcmp(l.code, "x") == 0, "how far extract is");
	relay_clear(&l);
	p = "{\"level\":\"info\",\"operation\":\"bound\","
	    "\"barrier_age_seconds\":12.345678,\"connection\":9,"
	    "\"user\":\"ann\"}";
	relay_read("extract", p, strlen(p), &l);
	ok(l.has_bound && l.quiet && l.guarantee == NULL &&
	    l.bound.age_us == 12345678 && l.bound.is_held &&
	    l.bound.connection == 9 && strcmp(l.bound.user, "ann") == 0,
	    "how old its bound is, and who holds it");
	relay_clear(&l);
	p = "{\"operation\":\"bound\",\"barrier_age_seconds\":-0.5}";
	relay_read("extract", p, strlen(p), &l);
	ok(l.has_bound && l.bound.age_us == 0 && !l.bound.is_held &&
	    l.bound.user[0] == '\0', "nobody");
	relay_clear(&l);
}

/* What a stage says, in the tally. */
static void
say(struct tally * t, int counted, uint64_t read, uint64_t written,
    uint64_t rejected)
{
	struct relay_line l;

	memset(&l, 0, sizeof l);
	l.counted = counted;
	l.counts.read = read;
	l.counts.written = written;
	l.counts.rejected = rejected;
	tally_take(t, &l);
}

/* What extract says of a turn. */
static void
due(struct tally * t, uint64_t read, uint64_t rows)
{
	struct relay_line l;

	memset(&l, 0, sizeof l);
	l.counted = RELAY_READING;
	l.counts.read = read;
	l.due = rows;
	tally_take(t, &l);
}

static int
counts_are(struct counts c, uint64_t read, uint64_t written,
    uint64_t rejected)
{

	return (c.read == read && c.written == written &&
	    c.rejected == rejected);
}

static void
test_tally(void)
{
	struct tally t;

	memset(&t, 0, sizeof t);
	tally_run_begins(&t);
	say(&t, RELAY_READ, 10, 0, 0);
	say(&t, RELAY_LOADED, 0, 4, 1);
	say(&t, RELAY_MAPPED, 0, 0, 2);
	say(&t, RELAY_LOADED, 0, 7, 1);
	ok(counts_are(tally_run(&t), 10, 7, 3), "a run that goes on");
	tally_run_begins(&t);
	say(&t, RELAY_READ, 5, 0, 0);
	say(&t, RELAY_LOADED, 0, 12, 1);
	ok(counts_are(tally_run(&t), 5, 5, 0), "the next of one pipeline");
	tally_pipeline_ends(&t);
	ok(counts_are(tally_run(&t), 5, 5, 0) &&
	    counts_are(tally_all(&t), 15, 12, 3), "after its end");
	tally_run_begins(&t);
	say(&t, RELAY_READ, 1, 0, 0);
	say(&t, RELAY_LOADED, 0, 1, 0);
	ok(counts_are(tally_run(&t), 1, 1, 0) &&
	    counts_are(tally_all(&t), 16, 13, 3), "a new pipeline");

	tally_run_begins(&t);
	due(&t, 0, 40);
	ok(t.due == 40 && tally_run(&t).read == 0, "as many are due");
	due(&t, 10, 40);
	ok(t.due == 40 && counts_are(tally_run(&t), 10, 0, 0) &&
	    tally_all(&t).read == 26, "so far");
	tally_pipeline_ends(&t);
	due(&t, 0, 35);
	due(&t, 20, 35);
	ok(t.due == 45 && tally_run(&t).read == 30,
	    "begun again in the middle of it");
	say(&t, RELAY_READ, 35, 0, 0);
	ok(tally_run(&t).read == 45, "all of them, and none twice");
	tally_run_begins(&t);
	ok(t.due == 0 && tally_run(&t).read == 0, "the next run");
}

static void
test_discover(void)
{
	static const char catalog[] = "{\"streams\":["
	    "{\"stream\":\"a\",\"key_properties\":[\"id\"],\"metadata\":["
	    "{\"breadcrumb\":[\"properties\",\"id\"],\"metadata\":{}},"
	    "{\"breadcrumb\":[],\"metadata\":{\"valid-replication-keys\":"
	    "[\"u\"]}}]},"
	    "{\"stream\":\"b\",\"key_properties\":[],\"metadata\":[]},"
	    "{\"stream\":\"c\",\"key_properties\":[\"id\"],"
	    "\"replication_key\":\"u\"}]}";
	static const char check[] =
	    "ok    connection             MySQL 9\n"
	    "fail  PROCESS privilege      missing\n"
	    "ok    orders                 a table, about 24 rows\n"
	    "ok      key                  (id)\n"
	    "warn    index                none over (updated_at, id)\n"
	    "                               -> CREATE INDEX x\n"
	    "ok      SELECT               2 columns\n";
	struct discover_remarks r;
	const char * s;
	char ** names;
	size_t n;

	ok(discover_parse(catalog, strlen(catalog), &names, &n) == 0 &&
	    n == 2 && strcmp(names[0], "a") == 0 &&
	    strcmp(names[1], "c") == 0, "tables with key and change column");
	discover_free_names(names, n);
	ok(discover_parse("{}", 2, &names, &n) == -1 &&
	    discover_parse("x", 1, &names, &n) == -1, "no catalog");
	discover_remarks_init(&r, check);
	s = discover_remark(&r);
	ok(s != NULL && strcmp(s, "PROCESS privilege: missing") == 0,
	    "a remark on the server");
	s = discover_remark(&r);
	ok(s != NULL && strcmp(s, "orders: index: none over (updated_at, "
	    "id); remedy: CREATE INDEX x") == 0, "on a table, with remedy");
	ok(discover_remark(&r) == NULL, "that is all");
	discover_remarks_free(&r);
}

static int
holds(char * const * env, const char * var)
{

	for (; *env != NULL; env++) {
		if (strcmp(*env, var) == 0)
			return (1);
	}
	return (0);
}

static void
test_env(void)
{
	char * const * v;
	struct env * e;

	clearenv();
	setenv("MYSQL_PASSWORD", "sesame", 1);
	setenv("MONGODB_URI", "mongodb://u:p@h/", 1);
	setenv("HTTP_TOKEN", "t", 1);
	setenv("OTHER", "o", 1);
	setenv("PATH", "/bin", 1);
	e = env_new();
	env_set(e, "OTHER", "p");
	ok(getenv("MYSQL_PASSWORD") == NULL && getenv("MONGODB_URI") == NULL,
	    "the secrets are taken out");
	v = env_stage(e, "extract");
	ok(holds(v, "MYSQL_PASSWORD=sesame") && holds(v, "OTHER=p") &&
	    !holds(v, "MONGODB_URI=mongodb://u:p@h/") &&
	    !holds(v, "HTTP_TOKEN=t"), "extract's");
	v = env_stage(e, "load");
	ok(!holds(v, "MYSQL_PASSWORD=sesame") &&
	    holds(v, "MONGODB_URI=mongodb://u:p@h/"), "load's");
	v = env_stage(e, "jq");
	ok(!holds(v, "MYSQL_PASSWORD=sesame") && holds(v, "OTHER=p") &&
	    !holds(v, "MONGODB_URI=mongodb://u:p@h/"), "anybody's");
	ok(strncmp(env_path(e), env_own_folder(e),
	    strlen(env_own_folder(e))) == 0, "our own folder comes first");
	env_free(e);
}

static void
test_files(void)
{
	struct watch * w = watch_new();
	const char * s;
	char * bad;
	char path[64];

	files_put_text("a", "1", 0700);
	watch_add(w, WATCH_PROGRAM, "a", "program a");
	watch_add(w, WATCH_FILE, "b", "file b");
	ok(watch_changed(w, WATCH_PROGRAM | WATCH_FILE) == NULL,
	    "nothing has changed");
	files_put_text("b", "1", 0600);
	ok(watch_changed(w, WATCH_FILE) == NULL, "it may still be written");
	ok(watch_changed(w, WATCH_PROGRAM) == NULL, "not asked for");
	s = watch_changed(w, WATCH_FILE);
	ok(s != NULL && strcmp(s, "file b") == 0, "it stays: changed");
	unlink("a");
	ok(watch_changed(w, WATCH_PROGRAM) == NULL &&
	    watch_changed(w, WATCH_PROGRAM) == NULL,
	    "a program that is gone is being replaced");
	watch_free(w);

	mkdir("s", 0700);
	files_put_text("s/x.json", "{\"x-source\":{\"table\":\"orders\"}}",
	    0600);
	files_put_text("s/items.json", "{broken", 0600);
	s = schemas_find("s", "orders", &bad);
	ok(s != NULL && strcmp(s, "s/x.json") == 0 && bad == NULL,
	    "by its x-source");
	free((char *)s);
	s = schemas_find("s", "items", &bad);
	ok(s != NULL && strcmp(s, "s/items.json") == 0 && bad == NULL,
	    "a broken one by its name");
	free((char *)s);
	ok(schemas_find("s", "x", &bad) == NULL && bad != NULL &&
	    strcmp(bad, "s/items.json") == 0,
	    "a broken one of another name may be it");
	free(bad);
	ok(schemas_find("nosuch", "x", &bad) == NULL && bad != NULL &&
	    strcmp(bad, "nosuch") == 0, "so may a folder that isn't there");
	free(bad);
	unlink("s/items.json");
	ok(schemas_find("s", "x", &bad) == NULL && bad == NULL &&
	    schemas_find(NULL, "x", &bad) == NULL && bad == NULL, "none");

	files_put_text("tool", "#!/bin/sh\n", 0700);
	files_put_text("text", "", 0600);
	ok(child_find("tool", "/nonesuch:.:/bin", path, sizeof path) == 0 &&
	    strcmp(path, "./tool") == 0, "found on the path");
	ok(child_find("text", ".", path, sizeof path) == -1,
	    "no program");
	ok(child_find("./tool", NULL, path, sizeof path) == 0, "named");
}

static void
test_child(void)
{
	char sh[] = "sh", option[] = "-c", script[] = "exit 7";
	char * const argv[] = { sh, option, script, NULL };
	char * const envp[] = { NULL };
	struct child_spec c = { "/bin/sh", argv, envp, 0, 1, 2, -1, 0 };
	struct child_end end;
	char text[64];
	pid_t pid, got;
	int r;

	pid = child_spawn(&c);
	ok(pid > 0, "started");
	while ((r = child_reap(&got, &end, NULL, NULL)) == 0)
		usleep(1000);
	ok(r == 1 && got == pid && end.how == CHILD_EXIT && end.n == 7,
	    "its exit code");
	ok(child_reap(&got, &end, NULL, NULL) == -1, "no children left");
	c.path = "/nonesuch";
	ok(child_spawn(&c) == -1 && errno == ENOENT &&
	    child_reap(&got, &end, NULL, NULL) == -1,
	    "a failed exec is told, and leaves no child");
	end = (struct child_end) { CHILD_SIGNAL, 9 };
	ok(strstr(child_end_text(&end, text, sizeof text), "signal 9") !=
	    NULL, "in words");
}

static void
test_guarantee(void)
{
	struct guarantee g = { .n = 0 };

	ok(guarantee_level(&g) == GUARANTEE_BEST_EFFORT,
	    "nothing is known, nothing is promised");
	guarantee_add(&g, "exact", "log", "all changes are in the log");
	ok(guarantee_level(&g) == GUARANTEE_BEST_EFFORT,
	    "not before all is told");
	guarantee_add(&g, "exact", GUARANTEE_CHECKED, "all is told");
	ok(guarantee_level(&g) == GUARANTEE_EXACT, "as the stage says");
	guarantee_add(&g, "reconciled-within", "deletes", "every hour");
	guarantee_add(&g, "odd", "filter_program", "jq");
	guarantee_add(&g, "best-effort", "filter_program", "awk");
	ok(guarantee_level(&g) == GUARANTEE_BEST_EFFORT && g.n == 3 &&
	    strcmp(g.reason[2].text, "awk") == 0, "the weakest counts");
	guarantee_add(&g, "exact", "filter_program", "none any more");
	ok(guarantee_level(&g) == GUARANTEE_RECONCILED, "of those that hold");
	guarantee_clear(&g);
	ok(guarantee_level(&g) == GUARANTEE_BEST_EFFORT, "forgotten");
}

static void
test_findings(void)
{
	const char * text = "{\"mark\":\"ok\",\"point\":\"storage\",\"text\":"
	    "\"fine\",\"used_bytes\":95000000000,\"total_bytes\":"
	    "100000000000}\nnot JSON\n\n{\"mark\":\"odd\",\"point\":\"x\","
	    "\"text\":\"y\"}\n{\"mark\":\"fail\",\"stream\":\"orders\","
	    "\"point\":\"collection\",\"text\":\"it is a view\","
	    "\"remedy\":\"drop it\"}";
	const char * p = text;
	struct finding f = { .doc = NULL };
	int64_t used = 0, total = 0;

	ok(findings_next(&f, &p) && f.mark == FINDING_OK && f.stream == NULL &&
	    f.used == 95000000000, "of the server");
	ok(findings_next(&f, &p) && f.mark == FINDING_FAIL &&
	    strcmp(f.stream, "orders") == 0 &&
	    strcmp(f.text, "it is a view") == 0 &&
	    strcmp(f.remedy, "drop it") == 0, "of a stream, behind rubbish");
	ok(!findings_next(&f, &p) && !findings_next(&f, &p), "no more");
	ok(findings_storage(text, &used, &total) == 0 &&
	    total - used == 5000000000, "how full it is");
	ok(findings_storage(strchr(text, '\n'), &used, &total) == -1 &&
	    findings_storage("", &used, &total) == -1,
	    "if that is told at all");
}

int
main(void)
{

	test_findings();
	test_guarantee();
	files_begin();
	files_catch();
	log_open("test");
	test_pool();
	test_pool_turns();
	test_relay();
	test_tally();
	test_discover();
	test_files();
	test_child();
	test_env();
	return (tap_done());
}
