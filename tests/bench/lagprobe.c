#include <inttypes.h>
#include <mongoc/mongoc.h>
#include <mysql.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/*
 * lagprobe: how long a committed row takes to be visible in MongoDB.
 *
 *	lagprobe [--seen FILE] TABLE RATE COUNT
 *
 * Inserts COUNT rows into TABLE (id, note), RATE a second, each a transaction
 * of its own, while a pipeline follows the table.  Visible is a row when a
 * query that runs every millisecond finds it, or, with --seen, when mongosink
 * wrote it into that file (its own --seen).
 *
 * The schedule is the clock's (an open loop): a row whose turn came while
 * the one before was still waiting is charged with that wait.  A first row,
 * which isn't counted, is waited for before the schedule begins.
 *
 * Prints quantiles in milliseconds, and how many rows never came.  MYSQL_* and
 * MONGODB_* say where.
 */

#define MS		INT64_C(1000000)
#define PATIENCE_NS	(20000 * MS)

struct probe {
	const char * table;
	const char * seen;	/* NULL: ask the server */
	int count;
	int64_t period;		/* nanoseconds */
	int64_t * due;		/* by id: when its turn was, */
	int64_t * sent;		/* when it was sent, */
	int64_t * done;		/* committed, */
	int64_t * visible;	/* and visible; 0 for not yet */
	mongoc_collection_t * collection;
	FILE * f;		/* of seen, as far as it is read */
	int32_t last;		/* all up to this id are visible */
};

static void __attribute__((noreturn))
die(const char * what, const char * why)
{

	fprintf(stderr, "lagprobe: %s: %s\n", what, why);
	exit(100);
}

static int64_t
clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return ((int64_t)t.tv_sec * 1000000000 + t.tv_nsec);
}

static void
sleep_until(int64_t ns)
{
	struct timespec t = { ns / 1000000000, ns % 1000000000 };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) != 0)
		continue;
}

static void
note(struct probe * p, int64_t id, int64_t ns)
{

	if (id >= 0 && id <= p->count && p->visible[id] == 0)
		__atomic_store_n(&p->visible[id], ns, __ATOMIC_SEQ_CST);
	while (p->last < p->count && p->visible[p->last + 1] != 0)
		p->last++;
}

/* What mongosink has written since. */
static void
look_file(struct probe * p)
{
	char line[64];
	int64_t ns, id;
	long at;

	if (p->f == NULL && (p->f = fopen(p->seen, "r")) == NULL)
		die(p->seen, "can't be read");
	clearerr(p->f);
	for (;;) {
		at = ftell(p->f);
		if (fgets(line, sizeof line, p->f) == NULL)
			return;
		if (strchr(line, '\n') == NULL) {
			fseek(p->f, at, SEEK_SET);
			return;
		}
		if (sscanf(line, "%" SCNd64 " %" SCNd64, &ns, &id) == 2)
			note(p, id, ns);
	}
}

static void
look_server(struct probe * p)
{
	bson_t * filter = BCON_NEW("_id", "{", "$gt", BCON_INT32(p->last),
	    "}");
	bson_t * opts = BCON_NEW("projection", "{", "_id", BCON_INT32(1), "}");
	mongoc_cursor_t * c = mongoc_collection_find_with_opts(p->collection,
	    filter, opts, NULL);
	const bson_t * doc;
	bson_iter_t it;
	bson_error_t e;

	while (mongoc_cursor_next(c, &doc))
		if (bson_iter_init_find(&it, doc, "_id"))
			note(p, bson_iter_as_int64(&it), clock_ns());
	if (mongoc_cursor_error(c, &e))
		die("find", e.message);
	mongoc_cursor_destroy(c);
	bson_destroy(opts);
	bson_destroy(filter);
}

static void
look(struct probe * p)
{

	if (p->seen != NULL)
		look_file(p);
	else
		look_server(p);
}

static void
insert(struct probe * p, MYSQL * m, int id)
{
	char sql[256];

	snprintf(sql, sizeof sql, "INSERT INTO %s (id, note) VALUES (%d, 'x')",
	    p->table, id);
	p->sent[id] = clock_ns();
	if (mysql_query(m, sql) != 0)
		die("insert", mysql_error(m));
	p->done[id] = clock_ns();
}

/* Write on schedule. */
static void *
writer(void * arg)
{
	struct probe * p = arg;
	MYSQL * m = mysql_init(NULL);
	int64_t begin;
	int i;

	if (mysql_real_connect(m, getenv("MYSQL_HOST"), getenv("MYSQL_USER"),
	    getenv("MYSQL_PASSWORD"), getenv("MYSQL_DATABASE"),
	    (unsigned)atoi(getenv("MYSQL_PORT")), NULL, 0) == NULL)
		die("connect", mysql_error(m));
	insert(p, m, 0);
	while (__atomic_load_n(&p->visible[0], __ATOMIC_SEQ_CST) == 0)
		usleep(1000);
	begin = clock_ns() + 100 * MS;
	for (i = 1; i <= p->count; i++) {
		p->due[i] = begin + (i - 1) * p->period;
		sleep_until(p->due[i]);
		insert(p, m, i);
	}
	mysql_close(m);
	return (NULL);
}

static int
compare(const void * a, const void * b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return ((x > y) - (x < y));
}

static double
quantile(const int64_t * v, int n, double q)
{
	int i = (int)(q * n + 0.999999) - 1;

	return (n == 0 ? 0 : (double)v[i < 0 ? 0 : i] / MS);
}

static void
report(struct probe * p)
{
	int64_t * v = calloc((size_t)p->count + 1, sizeof *v);
	int i, n = 0;

	for (i = 1; i <= p->count; i++)
		if (p->visible[i] != 0)
			v[n++] = p->visible[i] - p->done[i] +
			    (p->sent[i] - p->due[i]);
	qsort(v, (size_t)n, sizeof *v, compare);
	printf("{\"rows\":%d,\"lost\":%d,\"p50\":%.3f,\"p99\":%.3f,"
	    "\"p999\":%.3f,\"max\":%.3f}\n", n, p->count - n,
	    quantile(v, n, 0.5), quantile(v, n, 0.99),
	    quantile(v, n, 0.999), quantile(v, n, 1));
	free(v);
}

/* Watch until all is visible, or nothing has come for long. */
static void
watch(struct probe * p)
{
	int64_t quiet = clock_ns();
	int32_t last = p->last;

	while (p->last < p->count && clock_ns() - quiet < PATIENCE_NS) {
		look(p);
		if (p->last != last) {
			last = p->last;
			quiet = clock_ns();
		}
		usleep(1000);
	}
	look(p);
}

int
main(int argc, char * argv[])
{
	struct probe p = { .last = -1 };
	mongoc_client_t * client;
	pthread_t thread;
	size_t n;

	if (argc == 6 && strcmp(argv[1], "--seen") == 0) {
		p.seen = argv[2];
		argv += 2;
		argc -= 2;
	}
	if (argc != 4 || atoi(argv[2]) < 1 || (p.count = atoi(argv[3])) < 1)
		return (100);
	p.table = argv[1];
	p.period = 1000 * MS / atoi(argv[2]);
	n = (size_t)p.count + 1;
	p.due = calloc(n, sizeof *p.due);
	p.sent = calloc(n, sizeof *p.sent);
	p.done = calloc(n, sizeof *p.done);
	p.visible = calloc(n, sizeof *p.visible);
	mongoc_init();
	client = mongoc_client_new(getenv("MONGODB_URI"));
	p.collection = mongoc_client_get_collection(client,
	    getenv("MONGODB_DATABASE"), p.table);
	if (pthread_create(&thread, NULL, writer, &p) != 0)
		die("thread", "can't");
	watch(&p);
	if (p.visible[0] == 0)
		die(p.table, "nothing comes");
	pthread_join(thread, NULL);
	report(&p);
	mongoc_collection_destroy(p.collection);
	mongoc_client_destroy(client);
	mongoc_cleanup();
	return (0);
}
