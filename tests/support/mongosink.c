#include <sys/socket.h>

#include <arpa/inet.h>
#include <bson/bson.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "mongosink_log.h"

/*
 * mongosink: a MongoDB server that stores nothing and says what it is told
 * to say, for tests of load and for measuring it.
 *
 *	mongosink [--port-file FILE] [--script FILE] [--log FILE] [--full]
 *	    [--collection JSON] [--compressors] [--record FILE] [--seen FILE]
 *
 * It listens on a free port of 127.0.0.1, which it writes to the port file,
 * and answers each command at once.  --full: every collection exists and is
 * not empty.  --collection: what listCollections says.  --compressors: messages
 * may be compressed by zstd or zlib, and are logged as such as well.  A line of
 * the script is
 *
 *	COMMAND N ACTION [ARGUMENT ...]
 *
 * for the N-th COMMAND (one of names[] below) from 1, or every one ("*").
 * Actions:
 *
 *	error CODE [LABEL ...]	refuse it: ok 0
 *	write INDEX:CODE ...	ok 1, but these writes failed
 *	unsure CODE		ok 1, with a writeConcernError
 *	count K			ok 1, and says that n is K
 *	answer JSON		say this, and ok 1
 *	drop			close the connection without an answer
 *	delay MS		answer later
 *
 * The log has a line for each command: its name, writes, bytes, and action.
 * --record: keep the write commands themselves (see tests/bench/replay.c).
 * --seen: a line for each document, with the monotonic clock's nanoseconds
 * and its _id, if that is a number.
 */

#define SCRIPT_MAX	256
#define NAME_MAX_	24
#define HEADER		16
#define OP_QUERY	2004
#define OP_REPLY	1
#define OP_MSG		2013
#define OP_COMPRESSED	2012
#define DOCUMENT_MAX	16777216
#define MESSAGE_MAX	48000000

struct step {
	char command[NAME_MAX_];
	long nth;		/* 0: every one */
	char action[NAME_MAX_];
	char rest[1024];
};

/* How often each command came. */
static const char * const names[] = { "insert", "update", "delete", "find",
	"ping", "create", "saslStart", "connectionStatus", "dbStats", "hello",
	"listIndexes", "listCollections" };
#define NAMES	(sizeof names / sizeof names[0])

static struct {
	pthread_mutex_t lock;
	struct step step[SCRIPT_MAX];
	size_t nstep;
	long count[NAMES];
	FILE * log;
	FILE * record;
	FILE * seen;
	int full;
	bson_t * collection;	/* NULL: there is none */
	int compressors;
} server = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void __attribute__((noreturn, format(printf, 1, 2)))
die(const char * fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fprintf(stderr, "mongosink: ");
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(100);
}

static void
read_script(const char * path)
{
	FILE * f = fopen(path, "r");
	struct step * s;
	char line[2048], nth[NAME_MAX_];

	if (f == NULL)
		die("open %s: %s", path, strerror(errno));
	while (fgets(line, sizeof line, f) != NULL) {
		if (line[0] == '#' || line[0] == '\n')
			continue;
		if (server.nstep == SCRIPT_MAX)
			die("%s: too long", path);
		s = &server.step[server.nstep];
		s->rest[0] = '\0';
		if (sscanf(line, "%23s %23s %23s %1023[^\n]", s->command, nth,
		    s->action, s->rest) < 3)
			die("%s: what is %s", path, line);
		s->nth = (nth[0] == '*') ? 0 : atol(nth);
		server.nstep++;
	}
	fclose(f);
}

/* Count a command, and find what is to be done about it. */
static struct step
next_step(const char * name)
{
	struct step none = { "", 0, "ok", "" }, found = none;
	size_t i, j;

	pthread_mutex_lock(&server.lock);
	for (i = 0; i < NAMES; i++) {
		if (strcmp(names[i], name) != 0)
			continue;
		server.count[i]++;
		for (j = 0; j < server.nstep; j++) {
			const struct step * s = &server.step[j];

			if (strcmp(s->command, name) == 0 &&
			    (s->nth == 0 || s->nth == server.count[i]))
				found = *s;
		}
	}
	pthread_mutex_unlock(&server.lock);
	return (found);
}

static void
log_command(const char * name, long writes, size_t bytes,
    const struct step * s)
{

	if (server.log == NULL)
		return;
	pthread_mutex_lock(&server.lock);
	fprintf(server.log, "%s %ld %zu %s %s\n", name, writes, bytes,
	    s->action, s->rest);
	fflush(server.log);
	pthread_mutex_unlock(&server.lock);
}

static int
read_all(int fd, uint8_t * p, size_t n)
{
	ssize_t r;

	while (n > 0) {
		if ((r = read(fd, p, n)) <= 0)
			return (-1);
		p += r;
		n -= (size_t)r;
	}
	return (0);
}

static int
write_all(int fd, const uint8_t * p, size_t n)
{
	ssize_t w;

	while (n > 0) {
		if ((w = write(fd, p, n)) <= 0)
			return (-1);
		p += w;
		n -= (size_t)w;
	}
	return (0);
}

static void
put32(uint8_t * p, int32_t v)
{

	memcpy(p, &v, 4);
}

static int32_t
get32(const uint8_t * p)
{
	int32_t v;

	memcpy(&v, p, 4);
	return (v);
}

/* Send ${doc} as the answer to request ${id} of kind ${op}. */
static int
send_reply(int fd, int32_t id, int32_t op, const bson_t * doc)
{
	uint8_t head[HEADER + 20];
	size_t n = HEADER;

	memset(head, 0, sizeof head);
	if (op == OP_QUERY) {
		n += 20;	/* flags, cursor, start, count */
		put32(head + 32, 1);
	} else
		n += 5;		/* flags, section kind */
	put32(head, (int32_t)(n + doc->len));
	put32(head + 4, id + 1);
	put32(head + 8, id);
	put32(head + 12, op == OP_QUERY ? OP_REPLY : OP_MSG);
	if (write_all(fd, head, n) == -1)
		return (-1);
	return (write_all(fd, bson_get_data(doc), doc->len));
}

/* Those that the client offers and that are known here. */
static void
say_compressors(bson_t * r, const bson_t * cmd)
{
	bson_iter_t it, in;
	bson_t list;

	if (!bson_iter_init_find(&it, cmd, "compression") ||
	    !bson_iter_recurse(&it, &in))
		return;
	BSON_APPEND_ARRAY_BEGIN(r, "compression", &list);
	while (bson_iter_next(&in)) {
		const char * name = bson_iter_utf8(&in, NULL);

		if (strcmp(name, "zstd") == 0 || strcmp(name, "zlib") == 0)
			BSON_APPEND_UTF8(&list, bson_iter_key(&in), name);
	}
	bson_append_array_end(r, &list);
}

static void
say_hello(bson_t * r, const bson_t * cmd)
{

	BSON_APPEND_BOOL(r, "helloOk", true);
	BSON_APPEND_BOOL(r, "ismaster", true);
	BSON_APPEND_BOOL(r, "isWritablePrimary", true);
	BSON_APPEND_INT32(r, "maxBsonObjectSize", DOCUMENT_MAX);
	BSON_APPEND_INT32(r, "maxMessageSizeBytes", MESSAGE_MAX);
	BSON_APPEND_INT32(r, "maxWriteBatchSize", 100000);
	BSON_APPEND_INT32(r, "logicalSessionTimeoutMinutes", 30);
	BSON_APPEND_INT32(r, "minWireVersion", 0);
	BSON_APPEND_INT32(r, "maxWireVersion", 21);
	if (server.compressors)
		say_compressors(r, cmd);
	BSON_APPEND_DOUBLE(r, "ok", 1);
}

/* A cursor with nothing in it, or one document. */
static void
say_cursor(bson_t * r, const bson_t * doc)
{
	bson_t cursor, batch;

	BSON_APPEND_DOCUMENT_BEGIN(r, "cursor", &cursor);
	BSON_APPEND_INT64(&cursor, "id", 0);
	BSON_APPEND_UTF8(&cursor, "ns", "sink.sink");
	BSON_APPEND_ARRAY_BEGIN(&cursor, "firstBatch", &batch);
	if (doc != NULL)
		BSON_APPEND_DOCUMENT(&batch, "0", doc);
	bson_append_array_end(&cursor, &batch);
	bson_append_document_end(r, &cursor);
	BSON_APPEND_DOUBLE(r, "ok", 1);
}

/* listCollections, and the look whether there is a document. */
static void
say_full(bson_t * r, const bson_t * cmd)
{
	bson_t doc = BSON_INITIALIZER;
	bson_iter_t it;

	if (server.collection != NULL && bson_iter_init_find(&it, cmd,
	    "listCollections"))
		say_cursor(r, server.collection);
	else if (server.full && bson_iter_init_find(&it, cmd, "limit")) {
		BSON_APPEND_INT32(&doc, "_id", 0);
		say_cursor(r, &doc);
	} else
		say_cursor(r, NULL);
	bson_destroy(&doc);
}

static void
say_json(bson_t * r, const char * text)
{
	bson_error_t error;
	bson_t * doc = bson_new_from_json((const uint8_t *)text, -1, &error);

	if (doc == NULL)
		die("%s: %s", text, error.message);
	bson_concat(r, doc);
	bson_destroy(doc);
	BSON_APPEND_DOUBLE(r, "ok", 1);
}

static void
say_error(bson_t * r, const char * rest)
{
	bson_t labels;
	char text[1024], index[16];
	char * save, * word;
	int n = 0;

	snprintf(text, sizeof text, "%s", rest);
	word = strtok_r(text, " ", &save);
	BSON_APPEND_DOUBLE(r, "ok", 0);
	BSON_APPEND_INT32(r, "code", word != NULL ? atoi(word) : 0);
	BSON_APPEND_UTF8(r, "errmsg", "told to refuse");
	if ((word = strtok_r(NULL, " ", &save)) == NULL)
		return;
	BSON_APPEND_ARRAY_BEGIN(r, "errorLabels", &labels);
	for (; word != NULL; word = strtok_r(NULL, " ", &save)) {
		snprintf(index, sizeof index, "%d", n++);
		BSON_APPEND_UTF8(&labels, index, word);
	}
	bson_append_array_end(r, &labels);
}

/* writeErrors for INDEX:CODE ...; return how many. */
static int
say_write_errors(bson_t * r, const char * rest)
{
	bson_t errors, e;
	char text[1024], index[16];
	char * save, * word, * colon;
	int n = 0;

	snprintf(text, sizeof text, "%s", rest);
	BSON_APPEND_ARRAY_BEGIN(r, "writeErrors", &errors);
	for (word = strtok_r(text, " ", &save); word != NULL;
	    word = strtok_r(NULL, " ", &save)) {
		if ((colon = strchr(word, ':')) == NULL)
			continue;
		snprintf(index, sizeof index, "%d", n++);
		BSON_APPEND_DOCUMENT_BEGIN(&errors, index, &e);
		BSON_APPEND_INT32(&e, "index", atoi(word));
		BSON_APPEND_INT32(&e, "code", atoi(colon + 1));
		BSON_APPEND_UTF8(&e, "errmsg", "told to fail");
		bson_append_document_end(&errors, &e);
	}
	bson_append_array_end(r, &errors);
	return (n);
}

/* Keep what is wanted of a write command. */
static void
keep(const bson_t * cmd)
{

	if (server.record == NULL && server.seen == NULL)
		return;
	pthread_mutex_lock(&server.lock);
	if (server.record != NULL)
		mongosink_record(server.record, cmd);
	if (server.seen != NULL)
		mongosink_seen(server.seen, cmd);
	pthread_mutex_unlock(&server.lock);
}

/* The answer to a write command with ${writes} writes. */
static void
say_written(bson_t * r, long writes, const struct step * s)
{
	bson_t wce;
	int failed = 0;

	if (strcmp(s->action, "write") == 0)
		failed = say_write_errors(r, s->rest);
	if (strcmp(s->action, "unsure") == 0) {
		BSON_APPEND_DOCUMENT_BEGIN(r, "writeConcernError", &wce);
		BSON_APPEND_INT32(&wce, "code", atoi(s->rest));
		BSON_APPEND_UTF8(&wce, "errmsg", "told to be unsure");
		bson_append_document_end(r, &wce);
	}
	BSON_APPEND_INT32(r, "n", strcmp(s->action, "count") == 0 ?
	    atoi(s->rest) : (int32_t)(writes - failed));
	BSON_APPEND_INT32(r, "nModified", 0);
	BSON_APPEND_DOUBLE(r, "ok", 1);
}

/* The writes in a command's array. */
static long
count_writes(const bson_t * cmd)
{
	bson_iter_t it, in;
	long n = 0;

	if (!bson_iter_init(&it, cmd))
		return (0);
	while (bson_iter_next(&it)) {
		const char * key = bson_iter_key(&it);

		if ((strcmp(key, "documents") != 0 &&
		    strcmp(key, "updates") != 0 &&
		    strcmp(key, "deletes") != 0) ||
		    !bson_iter_recurse(&it, &in))
			continue;
		while (bson_iter_next(&in))
			n++;
	}
	return (n);
}

/* Answer one command.  Return -1 to close the connection. */
static int
answer(int fd, int32_t id, int32_t op, const bson_t * cmd, long writes)
{
	bson_t r = BSON_INITIALIZER;
	bson_iter_t it;
	struct step s;
	const char * name = "";
	int rc;

	if (bson_iter_init(&it, cmd) && bson_iter_next(&it))
		name = bson_iter_key(&it);
	writes += count_writes(cmd);
	s = next_step(name);
	log_command(name, writes, cmd->len, &s);
	if (strcmp(s.action, "drop") == 0) {
		bson_destroy(&r);
		return (-1);
	}
	if (strcmp(s.action, "delay") == 0)
		usleep((useconds_t)atoi(s.rest) * 1000);
	if (strcmp(s.action, "answer") == 0)
		say_json(&r, s.rest);
	else if (strcmp(s.action, "error") == 0)
		say_error(&r, s.rest);
	else if (strcasecmp(name, "hello") == 0 ||
	    strcasecmp(name, "isMaster") == 0)
		say_hello(&r, cmd);
	else if (strcmp(name, "insert") == 0 || strcmp(name, "update") == 0 ||
	    strcmp(name, "delete") == 0) {
		keep(cmd);
		say_written(&r, writes, &s);
	} else if (strcmp(name, "find") == 0 || strncmp(name, "list", 4) == 0)
		say_full(&r, cmd);
	else
		BSON_APPEND_DOUBLE(&r, "ok", 1);
	rc = send_reply(fd, id, op, &r);
	bson_destroy(&r);
	return (rc);
}

/* The command in a message, and the documents in its other sections. */
static int
dispatch(int fd, const uint8_t * head, const uint8_t * p, size_t n)
{
	int32_t op = get32(head + 12);
	const uint8_t * end = p + n;
	bson_t cmd;
	long writes = 0;
	int found = 0;

	if (op == OP_QUERY) {
		p += 4 + strlen((const char *)p + 4) + 1 + 8;
		if (!bson_init_static(&cmd, p, (size_t)get32(p)))
			return (-1);
		return (answer(fd, get32(head + 4), op, &cmd, 0));
	}
	if (op != OP_MSG)
		return (-1);
	for (p += 4; p < end; ) {
		int32_t len = get32(p + 1);

		if (*p == 0 && bson_init_static(&cmd, p + 1, (size_t)len))
			found = 1;
		else if (*p == 1) {
			const uint8_t * q = p + 5;

			for (q += strlen((const char *)q) + 1; q < p + 1 + len;
			    q += get32(q))
				writes++;
		} else
			return (-1);
		p += 1 + len;
	}
	return (found ? answer(fd, get32(head + 4), op, &cmd, writes) : -1);
}

/*
 * A compressed message: in its head the kind that it had takes the place of
 * its own.  Return -1 to close the connection.
 */
static int
expand(int fd, uint8_t * head, const uint8_t * p, size_t n)
{
	struct step none = { "", 0, "", "" };
	size_t size, got = 0;
	uint8_t * plain;
	uLongf zn;
	int rc = -1;

	if (n < 9 || !server.compressors || get32(p + 4) < 0 ||
	    get32(p + 4) > MESSAGE_MAX)
		return (-1);
	size = (size_t)get32(p + 4);
	if ((plain = malloc(size + 1)) == NULL)
		die("no memory");
	zn = size;
	if (p[8] == 2 && uncompress(plain, &zn, p + 9, n - 9) == Z_OK)
		got = zn;
	else if (p[8] == 3)
		got = ZSTD_decompress(plain, size, p + 9, n - 9);
	log_command(p[8] == 2 ? "zlib" : "zstd", 0, n, &none);
	memcpy(head + 12, p, 4);
	if (got == size)
		rc = dispatch(fd, head, plain, size);
	free(plain);
	return (rc);
}

static void *
serve(void * arg)
{
	int fd = (int)(intptr_t)arg;
	uint8_t head[HEADER];
	uint8_t * body = NULL;
	size_t cap = 0, n;

	while (read_all(fd, head, HEADER) == 0) {
		n = (size_t)get32(head) - HEADER;
		if (n > MESSAGE_MAX)
			break;
		if (n > cap) {
			free(body);
			if ((body = malloc(cap = n)) == NULL)
				die("no memory");
		}
		if (read_all(fd, body, n) == -1 ||
		    (get32(head + 12) == OP_COMPRESSED ?
		    expand(fd, head, body, n) :
		    dispatch(fd, head, body, n)) == -1)
			break;
	}
	free(body);
	close(fd);
	return (NULL);
}

static FILE *
open_log(const char * path)
{
	FILE * f = fopen(path, "w");

	if (f == NULL)
		die("open %s: %s", path, strerror(errno));
	return (f);
}

/* Listen, and tell the port. */
static int
open_port(const char * port_file)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	socklen_t n = sizeof a;
	FILE * f;
	int fd;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if ((fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) == -1 ||
	    bind(fd, (struct sockaddr *)&a, sizeof a) == -1 ||
	    listen(fd, 16) == -1 ||
	    getsockname(fd, (struct sockaddr *)&a, &n) == -1)
		die("listen: %s", strerror(errno));
	f = port_file != NULL ? fopen(port_file, "w") : stdout;
	if (f == NULL)
		die("open %s: %s", port_file, strerror(errno));
	fprintf(f, "%d\n", ntohs(a.sin_port));
	if (f != stdout)
		fclose(f);
	else
		fflush(f);
	return (fd);
}

int
main(int argc, char * argv[])
{
	const char * port_file = NULL;
	pthread_t thread;
	int i, fd, one = 1;
	intptr_t c;

	signal(SIGPIPE, SIG_IGN);
	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--full") == 0)
			server.full = 1;
		else if (strcmp(argv[i], "--compressors") == 0)
			server.compressors = 1;
		else if (i + 1 == argc)
			die("usage: see mongosink.c");
		else if (strcmp(argv[i], "--port-file") == 0)
			port_file = argv[++i];
		else if (strcmp(argv[i], "--collection") == 0)
			server.collection = bson_new_from_json(
			    (const uint8_t *)argv[++i], -1, NULL);
		else if (strcmp(argv[i], "--script") == 0)
			read_script(argv[++i]);
		else if (strcmp(argv[i], "--log") == 0)
			server.log = open_log(argv[++i]);
		else if (strcmp(argv[i], "--record") == 0)
			server.record = open_log(argv[++i]);
		else if (strcmp(argv[i], "--seen") == 0)
			server.seen = open_log(argv[++i]);
		else
			die("usage: see mongosink.c");
	}
	if (server.full && server.collection == NULL)
		server.collection = BCON_NEW("name", "sink");
	fd = open_port(port_file);
	while ((c = accept(fd, NULL, NULL)) != -1 || errno == EINTR) {
		setsockopt((int)c, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
		if (pthread_create(&thread, NULL, serve, (void *)c) != 0)
			die("thread");
		pthread_detach(thread);
	}
	die("accept: %s", strerror(errno));
}
