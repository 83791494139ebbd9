#include "supervisor/access.h"
#include "supervisor/address.h"
#include "supervisor/api.h"
#include "supervisor/audit.h"
#include "supervisor/digest.h"
#include "supervisor/httphead.h"
#include "supervisor/jsonw.h"
#include "supervisor/recall.h"
#include "supervisor/report.h"
#include "supervisor/show.h"

#include "common/json.h"
#include "common/mem.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"

/*
 * Heads of requests.
 */

static const char right[] = "GET /sync/status HTTP/1.1\r\nHost: a\r\n"
    "Accept: */*\r\n\r\n";

static enum httphead_result
check(const char * head)
{
	const char * why = NULL;
	enum httphead_result r = httphead_check(head, strlen(head), &why);

	if (r > HTTPHEAD_DONE && (why == NULL ||
	    why[strlen(why) - 1] != '.'))
		ok(0, "a sentence for %s", head);
	return (r);
}

static void
test_heads(void)
{
	static const char * const bad[] = {
		" GET / HTTP/1.1\r\n", "GET  / HTTP/1.1\r\n",
		"GET / HTTP/1.1 \r\n", "GET / HTTP/1.2\r\n", "GET /\r\n",
		"GET x HTTP/1.1\r\n", "G\xc3\xa9T / HTTP/1.1\r\n",
		"GET /<> HTTP/1.1\r\n", "GET / HTTP/1.1\n",
		"GET / HTTP/1.1\r\nHost: a\r\n\tb\r\n",
		"GET / HTTP/1.1\r\nHost : a\r\n",
		"GET / HTTP/1.1\r\nHost: a\nX: y\r\n",
		"GET / HTTP/1.1\r\nHost: a\rb\r\n",
		"GET / HTTP/1.1\r\nHost: a\x01\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n",
		"GET / HTTP/1.1\r\nContent-Length: 1,1\r\n",
		"GET / HTTP/1.1\r\nContent-Length:\r\n",
		"GET / HTTP/1.1\r\ntransfer-encoding: identity\r\n",
		"GET / HTTP/1.1\r\nX: y\r\n\r\n", "\x16\x03\x01",
	};
	const char * why;
	size_t i, n = sizeof right - 1;
	int more = 1;

	ok(check(right) == HTTPHEAD_DONE, "a right head");
	for (i = 0; i < n; i++)
		more &= httphead_check(right, i, &why) == HTTPHEAD_MORE;
	ok(more, "each part of it is right so far");
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ok(check(bad[i]) == HTTPHEAD_BAD, "bad head %zu", i);
	ok(httphead_check("GET / HTTP/1.1\r\nHost: a\0b\r\n", 28, &why) ==
	    HTTPHEAD_BAD, "NUL");
}

static void
test_head_sizes(void)
{
	struct buf b = { NULL, 0, 0 };
	const char * why;
	int i;

	buf_puts(&b, "GET / HTTP/1.1\r\nHost: a\r\n");
	for (i = 1; i < HTTPHEAD_FIELDS_MAX; i++)
		buf_puts(&b, "a:\r\n");
	buf_puts(&b, "\r\n");
	ok(check(buf_text(&b)) == HTTPHEAD_DONE, "64 fields");
	b.n -= 2;
	buf_puts(&b, "a:\r\n\r\n");
	ok(check(buf_text(&b)) == HTTPHEAD_LONG, "65 fields");
	buf_clear(&b);
	buf_puts(&b, "GET / HTTP/1.1\r\nHost: a\r\nX: ");
	while (b.n < HTTPHEAD_MAX - 4)
		buf_putc(&b, 'x');
	ok(httphead_check(b.p, b.n, &why) == HTTPHEAD_MORE, "8188 bytes");
	buf_puts(&b, "\r\n\r\n");
	ok(httphead_check(b.p, b.n, &why) == HTTPHEAD_DONE,
	    "8192 bytes, complete");
	b.n -= 4;
	buf_puts(&b, "x\r\n\r\n");
	ok(httphead_check(b.p, b.n, &why) == HTTPHEAD_LONG,
	    "8193 bytes");
	buf_free(&b);
}

/* No mutation of a right head makes it be read beyond its end. */
static void
test_head_mutations(void)
{
	unsigned seed = 1;
	const char * why;
	size_t n = sizeof right - 1, k, done = 0;
	int i;

	for (i = 0; i < 100000; i++) {
		char * p = mem_text(right, n);

		for (k = (size_t)rand_r(&seed) % 4; k < 4; k++)
			p[(size_t)rand_r(&seed) % n] = (char)rand_r(&seed);
		done += httphead_check(p, n, &why) == HTTPHEAD_DONE;
		free(p);
	}
	ok(done < 100000, "100,000 mutations, %zu of them right", done);
}

/*
 * Addresses and callers.
 */

static void
test_addresses(void)
{
	static const struct {
		const char * text;
		int rc, loopback;
		const char * back;
	} cases[] = {
		{ "127.0.0.1:8210", 0, 1, "127.0.0.1:8210" },
		{ "127.9.9.9:1", 0, 1, "127.9.9.9:1" },
		{ "localhost:80", 0, 1, "127.0.0.1:80" },
		{ "[::1]:8210", 0, 1, "[::1]:8210" },
		{ "0.0.0.0:8210", 0, 0, "0.0.0.0:8210" },
		{ "[::]:8210", 0, 0, "[::]:8210" },
		{ "192.0.2.1:65535", 0, 0, "192.0.2.1:65535" },
		{ "unix:/run/millrace.sock", 0, 1, "unix" },
		{ "127.0.0.1", -1, 0, NULL }, { "127.0.0.1:", -1, 0, NULL },
		{ "127.0.0.1:0", -1, 0, NULL }, { ":8210", -1, 0, NULL },
		{ "127.0.0.1:65536", -1, 0, NULL }, { "::1:80", -1, 0, NULL },
		{ "[::1:80", -1, 0, NULL }, { "example.com:80", -1, 0, NULL },
		{ "unix:relative", -1, 0, NULL }, { "unix:", -1, 0, NULL },
		{ "", -1, 0, NULL }, { "[127.0.0.1]:80", -1, 0, NULL },
	};
	char text[ADDRESS_TEXT];
	struct address a;
	size_t i;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		int rc = address_parse(cases[i].text, &a);

		ok(rc == cases[i].rc, "address \"%s\"", cases[i].text);
		if (rc != 0)
			continue;
		address_format(&a.sa, text, sizeof text);
		ok(a.loopback == cases[i].loopback &&
		    strcmp(text, cases[i].back) == 0, "it is %s", text);
	}
	ok(address_parse("off", &a) == 0 && a.kind == ADDRESS_OFF, "off");
}

#define TOKEN1	"0123456789abcdef"
#define TOKEN2	"fedcba9876543210"

static void
test_tokens(void)
{
	static const char * const bad[] = { "short", "a b c " TOKEN1,
		"name wrong " TOKEN1, "na/me " TOKEN1, "0123456789abcde\"" };
	struct access * a;
	const char * name = NULL;
	size_t i;

	a = access_new("ops " TOKEN1 "\n\n dash\tread  " TOKEN2 " \r\n", NULL,
	    0);
	ok(a != NULL && access_has_token(a), "two tokens with names");
	ok(access_check(a, "Bearer " TOKEN1, &name) == ACCESS_STEER &&
	    strcmp(name, "ops") == 0, "the first steers");
	ok(access_check(a, "bearer  " TOKEN2, &name) == ACCESS_READ &&
	    strcmp(name, "dash") == 0, "the second looks");
	ok(access_check(a, NULL, &name) == ACCESS_NONE, "none");
	ok(access_check(a, "Bearer " TOKEN1 "0", &name) == ACCESS_WRONG,
	    "a longer one");
	ok(access_check(a, "Bearer ", &name) == ACCESS_WRONG, "an empty one");
	ok(access_check(a, "Basic " TOKEN1, &name) == ACCESS_WRONG,
	    "another scheme");
	ok(strcmp(access_first(a), TOKEN1) == 0, "the client's");
	access_free(a);
	a = access_new(TOKEN2, NULL, 0);
	ok(access_check(a, "Bearer " TOKEN2, &name) == ACCESS_STEER &&
	    strcmp(name, "token1") == 0, "a bare token steers");
	access_free(a);
	a = access_new(NULL, NULL, 0);
	ok(!access_has_token(a) && access_first(a) == NULL, "no token");
	access_free(a);
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ok(access_new(bad[i], NULL, 0) == NULL, "bad token %zu", i);
}

static void
test_hosts(void)
{
	static const char * const names[] = { "Sync.example" };
	static const char * const right_ones[] = { "localhost", "LOCALHOST:1",
		"127.0.0.1", "127.0.0.1:8210", "10.1.2.3:80", "[::1]",
		"[::1]:8210", "sync.example", "sync.EXAMPLE:443" };
	static const char * const wrong[] = { "", ":80", "evil.example",
		"localhost.evil.example", "localhost:80:80", "127.0.0.1.nip.io",
		"1.2.3", "[::1", "sync.example.evil", "localhost:x" };
	struct access * a = access_new(NULL, names, 1);
	size_t i;

	for (i = 0; i < sizeof right_ones / sizeof right_ones[0]; i++)
		ok(access_host(a, right_ones[i]), "host %s", right_ones[i]);
	for (i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		ok(!access_host(a, wrong[i]), "not host \"%s\"", wrong[i]);
	ok(access_origin("a:1", NULL) && access_origin("a:1", "http://a:1") &&
	    access_origin("a:1", "https://A:1"), "the same origin");
	ok(!access_origin("a:1", "null") && !access_origin("a:1", "http://a")
	    && !access_origin("a:1", "http://a:10") &&
	    !access_origin("a:1", "file://a:1"), "other origins");
	access_free(a);
}

/*
 * Requests.
 */

static void
test_bodies(void)
{
	static const struct {
		const char * body;
		unsigned status;
		int64_t us;
	} cases[] = {
		{ "{\"minutes\":15}", 0, 15 * MINUTE_US },
		{ " { \"minutes\" : 0.25 } ", 0, MINUTE_US / 4 },
		{ "{\"minutes\":null}", 0, 0 }, { "{\"minutes\":0}", 400, 0 },
		{ "{\"minutes\":-1}", 400, 0 }, { "{\"minutes\":1e2}", 400, 0 },
		{ "{\"minutes\":\"15\"}", 400, 0 },
		{ "{\"minutes\":true}", 400, 0 }, { "{}", 400, 0 },
		{ "{\"minutes\":15,\"minutes\":15}", 400, 0 },
		{ "{\"minutes\":15,\"x\":1}", 400, 0 }, { "15", 400, 0 },
		{ "", 400, 0 }, { "{", 400, 0 }, { "null", 400, 0 },
		{ "{\"minutes\":0000000000000000000000000000000000015}", 400,
		    0 },
		{ "{\"minutes\":9999999999999999999999999}", 400, 0 },
	};
	const char * code, * why;
	int64_t us;
	size_t i;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		us = -1;
		ok(api_minutes(cases[i].body, strlen(cases[i].body), &us,
		    &code, &why) == cases[i].status && (cases[i].status != 0 ||
		    us == cases[i].us), "body %s", cases[i].body);
	}
}

static void
test_decode(void)
{
	static const char * const bad[] = { "", "%", "%4", "%zz", "%00",
		"a%ff", "%c3", "%ed%a0%80" };
	struct buf b = { NULL, 0, 0 };
	size_t i;

	ok(api_decode("a%20b%C3%a4%2F+", 15, &b) == 0, "a name");
	same(b.p, b.n, "a b\xc3\xa4/+", 7, "decoded");
	for (i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ok(api_decode(bad[i], strlen(bad[i]), &b) == -1,
		    "no name: %s", bad[i]);
	buf_free(&b);
}

static void
test_recall(void)
{
	struct recall * r = recall_new();
	struct mono t = { 1000 }, later = mono_add(t, RECALL_US + 1);
	struct buf b = { NULL, 0, 0 }, got = { NULL, 0, 0 };
	unsigned status = 0;
	char key[16];
	int i;

	buf_puts(&b, "answer");
	ok(recall_find(r, "k", "w", t, &status, &got) == RECALL_NEW, "new");
	recall_put(r, "k", "w", t, 202, &b);
	ok(recall_find(r, "k", "w", t, &status, &got) == RECALL_KNOWN &&
	    status == 202, "known");
	same(got.p, got.n, "answer", 6, "the same answer");
	ok(recall_find(r, "k", "x", t, &status, &got) == RECALL_OTHER,
	    "for another request");
	ok(recall_find(r, "k", "w", later, &status, &got) == RECALL_NEW,
	    "forgotten in time");
	for (i = 0; i < RECALL_MAX; i++) {
		snprintf(key, sizeof key, "k%d", i);
		recall_put(r, key, "w", t, 200, &b);
	}
	ok(recall_find(r, "k", "w", t, &status, &got) == RECALL_NEW,
	    "forgotten for others");
	recall_free(r);
	buf_free(&b);
	buf_free(&got);
}

/*
 * Answers.
 */

static struct table_view
view(const char * name, enum job_state state)
{
	static const struct guarantee none = { .n = 0 };
	struct table_view v = { .name = name, .state = state, .lag_us = -1,
		.interval_us = 15 * MINUTE_US, .guarantee = &none };

	return (v);
}

static const char *
text_at(const struct json_node * root, const char * name)
{
	const char * s = json_text(json_get(root, name), NULL);

	return (s != NULL ? s : "(none)");
}

static const char *
raw_at(const struct json_node * root, const char * name)
{
	static char text[256];
	const struct json_node * v = json_get(root, name);
	const char * p;
	size_t n;

	if (v == NULL)
		return ("(none)");
	p = json_raw(v, &n);
	snprintf(text, sizeof text, "%.*s", (int)n, p);
	return (text);
}

static void
test_status(void)
{
	struct table_view t[3] = { view("orders", JOB_RUNNING),
		view("a\"b\xff", JOB_WAITING), view("new", JOB_QUEUED) };
	struct report r = { .table = t, .n = 3 };
	struct buf b = { NULL, 0, 0 };
	const struct json_node * root, * m;
	struct json * doc;

	r.all.enabled = 1;
	r.all.interval_us = MINUTE_US / 4;
	r.all.last_wall = 1767323045678901;
	t[0].succeeded_wall = 5;
	t[0].duration_us = 135 * SECOND_US + 999999;
	t[0].runs_ok = 2;
	t[0].runs_failed = 1;
	t[0].total.written = 40;
	t[0].rows_due = 300;
	t[0].run_counts.read = 100;
	t[1].acked_wall = 4;
	t[1].total.written = 2;
	t[1].value = "{\"bookmarks\":{}}";
	report_status(&r, &b);
	doc = json_parse(b.p, b.n, NULL);
	ok(doc != NULL, "the status is JSON");
	root = json_root(doc);
	m = json_get(root, "sync_metrics");
	ok(strcmp(raw_at(root, "sync_enabled"), "true") == 0, "enabled");
	ok(strcmp(text_at(root, "last_sync"), "2026-01-02T03:04:05.678901Z")
	    == 0, "last_sync");
	ok(strcmp(raw_at(root, "next_sync"), "null") == 0, "no next_sync");
	ok(strcmp(raw_at(root, "sync_interval_minutes"), "0.25") == 0,
	    "interval");
	ok(strcmp(raw_at(root, "tables_synced"),
	    "[\"orders\",\"a\\\"b\xef\xbf\xbd\"]") == 0, "tables_synced %s",
	    raw_at(root, "tables_synced"));
	ok(strcmp(raw_at(m, "total_records"), "42") == 0, "total_records");
	ok(strcmp(text_at(m, "last_sync_duration"), "00:02:15") == 0,
	    "duration");
	ok(strcmp(raw_at(m, "success_rate"), "66.66") == 0, "success_rate");
	m = json_get(json_first(json_get(root, "tables")), "progress");
	ok(strcmp(raw_at(m, "percent"), "33.33") == 0, "percent");
	json_free(doc);
	buf_free(&b);
}

static void
expect_health(struct report * r, const char * status, const char * last,
    const char * pending)
{
	struct buf b = { NULL, 0, 0 };
	const struct json_node * root;
	struct json * doc;

	report_health(r, &b);
	doc = json_parse(b.p, b.n, NULL);
	root = json_root(doc);
	ok(strcmp(text_at(root, "status"), status) == 0, "health is %s",
	    text_at(root, "status"));
	ok(strcmp(text_at(root, "last_sync_status"), last) == 0,
	    "the last sync: %s", text_at(root, "last_sync_status"));
	ok(strcmp(raw_at(root, "pending_operations"), pending) == 0,
	    "pending: %s", raw_at(root, "pending_operations"));
	json_free(doc);
	buf_free(&b);
}

static void
test_health(void)
{
	struct table_view t[2] = { view("a", JOB_WAITING),
		view("b", JOB_WAITING) };
	struct report r = { .table = t, .n = 2 };

	r.all.server[SERVER_MYSQL] = (struct server_view) { .name = "mysql" };
	r.all.server[SERVER_MONGODB] =
	    (struct server_view) { .name = "mongodb" };
	expect_health(&r, "starting", "never", "0");
	r.all.ready = r.all.enabled = 1;
	t[0].state = JOB_RUNNING;
	expect_health(&r, "ok", "running", "1");
	t[0].succeeded_wall = 1;
	t[0].state = JOB_WAITING;
	expect_health(&r, "ok", "success", "0");
	t[1].state = JOB_BLOCKED;
	expect_health(&r, "degraded", "failed", "0");
	t[1].state = JOB_WAITING;
	t[1].tries = 1;
	expect_health(&r, "degraded", "failed", "0");
	t[1].tries = 0;
	r.all.server[SERVER_MONGODB].state = SERVER_AWAY;
	expect_health(&r, "degraded", "success", "0");
	r.all.server[SERVER_MONGODB].state = SERVER_UP;
	r.all.enabled = 0;
	expect_health(&r, "paused", "success", "0");
	r.all.stopping = 1;
	expect_health(&r, "stopping", "success", "0");
}

/* What is promised, and why not more. */
static void
expect_guarantee(const struct guarantee * a, const struct guarantee * b,
    const char * level, const char * reasons)
{
	struct table_view t[2] = { view("a", JOB_WAITING),
		view("b", JOB_WAITING) };
	struct report r = { .table = t, .n = 2 };
	struct buf out = { NULL, 0, 0 };
	const struct json_node * g;
	struct json * doc;

	r.all.server[SERVER_MYSQL] = (struct server_view) { .name = "mysql" };
	r.all.server[SERVER_MONGODB] =
	    (struct server_view) { .name = "mongodb" };
	t[0].guarantee = a;
	t[1].guarantee = b;
	report_health(&r, &out);
	doc = json_parse(out.p, out.n, NULL);
	g = json_get(json_root(doc), "guarantee");
	ok(strcmp(text_at(g, "level"), level) == 0, "promised: %s",
	    text_at(g, "level"));
	ok(strcmp(raw_at(g, "reasons"), reasons) == 0, "because of %s",
	    raw_at(g, "reasons"));
	json_free(doc);
	buf_free(&out);
}

static void
test_guarantee(void)
{
	struct guarantee none = { .n = 0 }, a = { .checked = 1 },
	    b = { .checked = 1 };

	expect_guarantee(&none, &none, "best-effort", "[]");
	guarantee_add(&a, "exact", "log", "L");
	expect_guarantee(&a, &none, "best-effort",
	    "[{\"code\":\"log\",\"text\":\"L\",\"tables\":[\"a\"]}]");
	guarantee_add(&b, "exact", "log", "L");
	expect_guarantee(&a, &b, "exact", "[{\"code\":\"log\",\"text\":"
	    "\"L\",\"tables\":[\"a\",\"b\"]}]");
	guarantee_add(&b, "best-effort", "filter_program", "jq");
	expect_guarantee(&a, &b, "best-effort", "[{\"code\":\"log\","
	    "\"text\":\"L\",\"tables\":[\"a\",\"b\"]},{\"code\":"
	    "\"filter_program\",\"text\":\"jq\",\"tables\":[\"b\"]}]");
	a.checked = 0;
	expect_guarantee(&a, &a, "best-effort", "[{\"code\":\"log\",\"text\":"
	    "\"L\",\"tables\":[\"a\",\"b\"]}]");
	guarantee_clear(&a);
	guarantee_clear(&b);
}

static void
expect_span(double s, const char * text)
{
	struct buf b = { NULL, 0, 0 };

	show_put_span(&b, s);
	ok(strcmp(buf_text(&b), text) == 0, "%g s is %s", s, b.p);
	buf_free(&b);
}

static void
test_show(void)
{
	static const char text[] = "{\"sync_enabled\":true,\"tables\":[{"
	    "\"table\":\"x\\u001b[2J\",\"state\":\"running\",\"paused\":false,"
	    "\"progress\":{\"percent\":33.3},\"totals\":{\"read\":5},\"verify\":"
	    "{\"last\":{\"left\":7},\"failed\":true,\"last_error\":\"no\"}}]}";
	struct json * doc = json_parse(text, sizeof text - 1, NULL);
	struct buf b = { NULL, 0, 0 };

	show_status(json_root(doc), 0, &b);
	ok(strchr(buf_text(&b), '\033') == NULL, "no escapes for a terminal");
	ok(strstr(b.p, "x?[2J") != NULL && strstr(b.p, "running 33 %") != NULL,
	    "the table stands there");
	ok(strstr(b.p, "x?[2J: verification has left 7 differences\n") !=
	    NULL && strstr(b.p, "x?[2J: verification has failed: no\n") !=
	    NULL, "and what its verification has left");
	buf_clear(&b);
	show_put_ago(&b, "1970-01-01T00:01:00.000000Z", 0);
	ok(strcmp(buf_text(&b), "in 60 s") == 0, "ahead: %s", b.p);
	expect_span(0, "0 s");
	expect_span(1.5, "1.5 s");
	expect_span(119, "119 s");
	expect_span(600, "10 min");
	expect_span(9000, "2.5 h");
	expect_span(864000, "10 d");
	json_free(doc);
	buf_free(&b);
}

/*
 * The audit file.
 */

static void
test_digest(void)
{
	static const uint8_t zero[DIGEST_LEN];
	uint8_t out[DIGEST_LEN];
	char hex[DIGEST_HEX + 1];

	/* printf '%b' 32 and 8 zero bytes | sha256sum */
	digest_chain(zero, "", 0, out);
	digest_hex(out, hex);
	ok(strcmp(hex, "2c34ce1df23b838c5abf2a7f6437cca3d3067ed509ff25f11df6b"
	    "11b582b51eb") == 0, "a known digest: %s", hex);
	ok(digest_same_text("a", 1, "a", 1) && !digest_same_text("a", 1, "b",
	    1) && !digest_same_text("a", 1, "a", 0), "comparing");
}

static void
put(struct audit * a, const char * who)
{

	audit_put(a, &(struct audit_entry) { .who = who, .from = "unix",
	    .action = "pause", .table = "a\"\n\xff", .detail = "x",
	    .result = "done" });
}

/* Every flipped bit and every cut but at a line's end is found. */
static void
test_chain(struct buf * b)
{
	uint64_t bad, count, found = 0, cuts = 0, lines = 0;
	size_t i;

	ok(audit_check(b->p, b->n, &bad, &count) == 0 && count == 5,
	    "the chain is whole");
	for (i = 0; i < b->n * 8; i++) {
		b->p[i / 8] ^= (char)(1 << i % 8);
		found += audit_check(b->p, b->n, &bad, &count) == -1;
		b->p[i / 8] ^= (char)(1 << i % 8);
	}
	ok(found == b->n * 8, "%ju of %zu flipped bits are found",
	    (uintmax_t)found, b->n * 8);
	for (i = 0; i < b->n; i++) {
		lines += b->p[i] == '\n';
		cuts += audit_check(b->p, i, &bad, &count) == -1;
	}
	ok(cuts == b->n - 5, "%ju of %zu cuts are found, all but %ju between "
	    "lines", (uintmax_t)cuts, b->n, (uintmax_t)lines);
}

static void
test_audit(void)
{
	char dir[] = "/tmp/test_audit.XXXXXX";
	struct audit * a;
	struct buf b = { NULL, 0, 0 };
	uint64_t bad, count;
	struct stat sb;
	int fd, file;

	if (mkdtemp(dir) == NULL ||
	    (fd = open(dir, O_RDONLY | O_DIRECTORY)) == -1)
		return;
	a = audit_open(fd, "a");
	put(a, "one");
	put(a, "two");
	audit_free(a);
	a = audit_open(fd, "a");
	put(a, "three");
	audit_free(a);

	/* A crash in the middle of a line. */
	file = openat(fd, "a", O_WRONLY | O_APPEND);
	ok(write(file, "{\"n\":4,\"ti", 10) == 10, "a torn line");
	fstat(file, &sb);
	ok((sb.st_mode & 0777) == 0600, "only we read it");
	close(file);
	a = audit_open(fd, "a");
	put(a, "five");
	audit_free(a);
	file = openat(fd, "a", O_RDWR);
	b.n = (size_t)read(file, buf_room(&b, 65536), 65536);
	ok(memmem(b.p, b.n, "torn by a crash", 15) != NULL,
	    "it is cut off, and that is noted");
	test_chain(&b);

	/* A line taken out. */
	memmove(b.p, strchr(b.p, '\n') + 1, b.n - (size_t)(strchr(b.p, '\n') +
	    1 - b.p));
	ok(audit_check(b.p, b.n / 2, &bad, &count) == -1 && bad == 1,
	    "a first line is missing");
	ok(pwrite(file, "x", 1, (off_t)b.n - 3) == 1, "altered at its end");
	close(file);
	ok(audit_open(fd, "a") == NULL, "no going on behind a broken line");
	buf_free(&b);
	unlinkat(fd, "a", 0);
	close(fd);
	rmdir(dir);
}

int
main(void)
{

	test_heads();
	test_head_sizes();
	test_head_mutations();
	test_addresses();
	test_tokens();
	test_hosts();
	test_bodies();
	test_decode();
	test_recall();
	test_status();
	test_health();
	test_guarantee();
	test_show();
	test_digest();
	test_audit();
	return (tap_done());
}
