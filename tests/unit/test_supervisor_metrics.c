#include "supervisor/metrics.h"

#include "tap.h"

/*
 * A line of the text format: a comment, or NAME{LABELS} VALUE.  Return its
 * name's length, 0 for a comment, or -1.
 */
static int
read_line(const char * p, size_t n)
{
	size_t i = 0, name;
	int quoted = 0;
	char * end;

	if (n > 7 && (memcmp(p, "# HELP ", 7) == 0 ||
	    memcmp(p, "# TYPE ", 7) == 0))
		return (0);
	while (i < n && ((p[i] >= 'a' && p[i] <= 'z') || p[i] == '_'))
		i++;
	name = i;
	if (i < n && p[i] == '{') {
		for (i++; i < n && (quoted || p[i] != '}'); i++) {
			if (p[i] == '\\' && i + 1 < n)
				i++;
			else if (p[i] == '"')
				quoted = !quoted;
		}
		i++;
	}
	if (name == 0 || i >= n || p[i] != ' ')
		return (-1);
	strtod(p + i + 1, &end);
	return (end == p + n ? (int)name : -1);
}

/* The length of a name without what a histogram adds to it. */
static int
family(const char * p, int n)
{
	static const char * const tails[] = { "_bucket", "_sum", "_count" };
	size_t i;

	for (i = 0; i < 3; i++) {
		int len = (int)strlen(tails[i]);

		if (n > len && memcmp(p + n - len, tails[i], (size_t)len) == 0)
			return (n - len);
	}
	return (n);
}

/* All lines are right, and those of a name stand together. */
static void
check_format(const struct buf * b)
{
	char seen[200][64];
	const char * p = b->p, * nl;
	size_t nseen = 0, i;
	int bad = 0, apart = 0, n;

	for (; p < b->p + b->n; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(b->p + b->n - p));
		if (nl == NULL || (n = read_line(p, (size_t)(nl - p))) == -1) {
			printf("# %.*s\n", nl == NULL ? 20 : (int)(nl - p), p);
			bad++;
			break;
		}
		n = family(p, n);
		if (n == 0 || (nseen > 0 && strlen(seen[nseen - 1]) ==
		    (size_t)n && memcmp(seen[nseen - 1], p, (size_t)n) == 0))
			continue;
		for (i = 0; i < nseen; i++)
			apart += strlen(seen[i]) == (size_t)n &&
			    memcmp(seen[i], p, (size_t)n) == 0;
		if (nseen < 200)
			snprintf(seen[nseen++], 64, "%.*s", n, p);
	}
	ok(!bad, "every line is one of the format");
	ok(!apart, "a figure's lines stand together; %zu names", nseen);
}

/* The value of the line that begins with ${start}. */
static double
value(struct buf * b, const char * start)
{
	const char * p = buf_text(b), * hit;
	size_t n = strlen(start);

	for (; (hit = strstr(p, start)) != NULL; p = hit + 1) {
		if ((hit == b->p || hit[-1] == '\n') && hit[n] == ' ')
			return (strtod(hit + n, NULL));
	}
	return (-1);
}

static void
acked(struct metrics * m, const char * table, int64_t us)
{

	metrics_event(m, &(struct event) { .kind = EVENT_ACK, .table = table,
	    .us = us });
}

static void
test_figures(struct metrics * m, struct report * r)
{
	struct http_counts http = { .status = { 0, 0, 7, 0, 3, 1 },
		.open = 2 };
	struct buf b = { NULL, 0, 0 };

	metrics_put(m, r, &http, &b);
	check_format(&b);
	ok(value(&b, "millrace_records_read_total{table=\"orders\"}") == 200,
	    "read");
	ok(value(&b, "millrace_runs_total{table=\"orders\",result=\"ok\"}") ==
	    3, "runs");
	ok(value(&b, "millrace_run_success_ratio{table=\"orders\"}") == 0.75,
	    "success rate");
	ok(value(&b, "millrace_run_error_ratio{table=\"orders\"}") == 0.25,
	    "error rate");
	ok(value(&b, "millrace_validation_failure_ratio{table=\"orders\"}") ==
	    0.02, "validation failures");
	ok(value(&b, "millrace_table_state{table=\"orders\",state=\"backoff\"}"
	    ) == 1 && value(&b,
	    "millrace_table_state{table=\"orders\",state=\"waiting\"}") == 0,
	    "state");
	ok(value(&b, "millrace_lag_seconds_bucket{table=\"orders\",le=\"0.05\""
	    "}") == 1, "a bound belongs to its bucket");
	ok(value(&b, "millrace_lag_seconds_bucket{table=\"orders\",le=\"1\"}")
	    == 2, "buckets add up");
	ok(value(&b, "millrace_lag_seconds_bucket{table=\"orders\",le=\"+Inf\""
	    "}") == 3, "to all");
	ok(value(&b, "millrace_lag_seconds_count{table=\"orders\"}") == 3,
	    "their number");
	ok(value(&b, "millrace_lag_seconds_sum{table=\"orders\"}") ==
	    100000.75, "their sum");
	ok(value(&b, "millrace_stage_failures_total{table=\"orders\"}") == 1,
	    "stage failures");
	ok(value(&b, "millrace_run_duration_seconds_count{table=\"orders\"}")
	    == 1, "only complete runs have a duration");
	ok(value(&b, "millrace_last_success_timestamp_seconds"
	    "{table=\"orders\"}") == 1767323045.678901, "last success");
	ok(value(&b, "millrace_records_read_total"
	    "{table=\"a\\\"b\\\\c\\nd\"}") == 0, "a label's escapes");
	ok(value(&b, "millrace_server_up{server=\"mysql\"}") == 1 &&
	    value(&b, "millrace_server_up{server=\"mongodb\"}") == 0,
	    "servers");
	ok(value(&b, "millrace_http_answers_total{class=\"4xx\"}") == 3,
	    "answers");
	ok(value(&b, "millrace_guarantee{table=\"orders\",level=\"exact\"}")
	    == 1 && value(&b, "millrace_guarantee{table=\"orders\","
	    "level=\"best-effort\"}") == 0, "what is promised");
	ok(value(&b, "millrace_full_cycle_age_seconds{table=\"orders\"}") ==
	    90 && strstr(buf_text(&b),
	    "full_cycle_age_seconds{table=\"a") == NULL,
	    "how old the last complete verification is, if there was one");
	ok(value(&b, "millrace_barrier_age_seconds{table=\"orders\"}") == 75.5 &&
	    strstr(buf_text(&b), "barrier_age_seconds{table=\"a") == NULL &&
	    value(&b, "millrace_barrier_held{table=\"orders\"}") == 1,
	    "how old the bound is, where it is known");
	ok(value(&b, "millrace_records_marked_total{table=\"orders\"}") == 5 &&
	    value(&b, "millrace_records_ignored_total{table=\"orders\"}") ==
	    6, "deletions that delete nothing");
	ok(value(&b, "process_resident_memory_bytes") > 100000, "memory");
	ok(value(&b, "process_open_fds") >= 3, "descriptors");
	ok(strstr(buf_text(&b), "nosuch") == NULL,
	    "nothing of tables that have gone");
	buf_free(&b);
}

int
main(void)
{
	const struct guarantee exact = { .checked = 1 }, none = { .n = 0 };
	struct table_view t[2] = {
		{ .name = "orders", .state = JOB_BACKOFF, .runs_ok = 3,
		    .runs_failed = 1, .succeeded_wall = 1767323045678901,
		    .lag_us = -1, .total = { .read = 200, .rejected = 4,
		    .marked = 5, .ignored = 6 },
		    .bound = { .age_us = 75500000, .is_held = 1 },
		    .guarantee = &exact, .verify = { .age_us = 90000000 } },
		{ .name = "a\"b\\c\nd", .lag_us = 1500000, .bound = { .age_us = -1 },
		    .guarantee = &none, .verify = { .age_us = -1 } },
	};
	struct report r = { .table = t, .n = 2 };
	struct metrics * m = metrics_new();

	r.all.server[SERVER_MYSQL] = (struct server_view) { .name = "mysql",
		.state = SERVER_UP };
	r.all.server[SERVER_MONGODB] =
	    (struct server_view) { .name = "mongodb", .state = SERVER_AWAY };
	acked(m, "orders", 50000);
	acked(m, "orders", 700000);
	acked(m, "orders", 100000000000);
	acked(m, "orders", -1);
	acked(m, "nosuch", 1);
	metrics_event(m, &(struct event) { .kind = EVENT_STAGE_FAILED,
	    .table = "orders" });
	metrics_event(m, &(struct event) { .kind = EVENT_RUN_END,
	    .table = "orders", .text = "ok", .us = 5 });
	metrics_event(m, &(struct event) { .kind = EVENT_RUN_END,
	    .table = "orders", .text = "gave up", .us = 5 });
	metrics_event(m, &(struct event) { .kind = EVENT_READY });
	test_figures(m, &r);
	metrics_free(m);
	return (tap_done());
}
