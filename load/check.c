#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../common/exitcode.h"
#include "../common/log.h"
#include "../common/scan.h"

#include "check.h"
#include "privilege.h"

#define NAMESPACE_MAX	255	/* bytes of database.collection */
#define UNAUTHORIZED	13
#define STREAM_MAX	256

struct check {
	const struct options * opt;
	struct sink * sink;
	struct buf * out;
	const char * stream;		/* NULL: the server itself */
	const char * collection;
	bson_t status;			/* what connectionStatus says */
	int has_status;
	int mongos;
	int failed;
	int code;			/* to end with after a report, or 0 */
};

enum mark { OK, NOTE, WARN, FAIL };

/* A point: what was looked at, what was found, and what to do. */
struct point {
	enum mark mark;
	const char * what;
	const char * remedy;		/* or NULL */
	int64_t used, total;		/* bytes of storage; total 0: none */
};

static void
put_member(struct buf * b, const char * name, const char * text)
{

	if (text == NULL)
		return;
	buf_printf(b, ",\"%s\":", name);
	if (scan_put_text(b, text, strlen(text)) == -1)
		buf_puts(b, "\"?\"");
}

static void __attribute__((format(printf, 3, 4)))
say(struct check * c, const struct point * p, const char * fmt, ...)
{
	static const char * const word[] = { "ok", "note", "warn", "FAIL" };
	static const char * const json[] = { "ok", "note", "warn", "fail" };
	struct buf * b = c->out;
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	c->failed |= (p->mark == FAIL);
	if (!c->opt->json) {
		buf_printf(b, "%-5s %s%-*s %s\n", word[p->mark],
		    c->stream != NULL && p->what != c->stream ? "  " : "",
		    c->stream != NULL && p->what != c->stream ? 20 : 22,
		    p->what, text);
		if (p->remedy != NULL)
			buf_printf(b, "%-5s %-22s   -> %s\n", "", "",
			    p->remedy);
		return;
	}
	buf_printf(b, "{\"mark\":\"%s\"", json[p->mark]);
	put_member(b, "stream", c->stream);
	put_member(b, "collection", c->collection);
	put_member(b, "point", p->what == c->stream ? "collection" : p->what);
	put_member(b, "text", text);
	put_member(b, "remedy", p->remedy);
	if (p->total > 0)
		buf_printf(b, ",\"used_bytes\":%jd,\"total_bytes\":%jd",
		    (intmax_t)p->used, (intmax_t)p->total);
	buf_puts(b, "}\n");
}

#define POINT(mark, what, remedy)	\
	&(struct point) { (mark), (what), (remedy), 0, 0 }

/* The server didn't answer a question.  What it forbids is a finding. */
static void
no_answer(struct check * c, const char * what, const struct sink_error * err)
{

	if (err->code == UNAUTHORIZED) {
		say(c, POINT(FAIL, what, "grant the account the role "
		    "readWrite on the database"), "the account may not look "
		    "at it");
		return;
	}
	log_event(LOG_LEVEL_ERROR, LOG_FIELDS(LOG_INT("code", err->code)),
	    "%s: %s: %s", sink_hosts(c->sink), what, err->text);
	c->code = err->verdict == VERDICT_CRITICAL ||
	    err->verdict == VERDICT_CREDENTIALS ? EXIT_PERM : EXIT_TEMP;
}

/* Ask for ${name}: 1.  Return 0 and the answer, or -1: it isn't told. */
static int
ask(struct check * c, const char * name, bson_t * answer)
{
	struct sink_error err;
	bson_t cmd = BSON_INITIALIZER;
	int rc;

	BSON_APPEND_INT32(&cmd, name, 1);
	if (strcmp(name, "connectionStatus") == 0)
		BSON_APPEND_BOOL(&cmd, "showPrivileges", true);
	rc = sink_ask(c->sink, NULL, &cmd, answer, &err);
	bson_destroy(&cmd);
	return (rc);
}

static void
check_connection(struct check * c)
{

	say(c, POINT(OK, "connection", NULL), "%s, database %s",
	    sink_hosts(c->sink), sink_database(c->sink));
	if (sink_is_encrypted(c->sink))
		say(c, POINT(OK, "encryption", NULL), "TLS, name verified");
	else if (sink_is_local(c->sink))
		say(c, POINT(OK, "encryption", NULL), "none; the way stays "
		    "inside this machine");
	else
		say(c, POINT(WARN, "encryption", "set tls=true and tlsCAFile "
		    "in MONGODB_URI, and leave --insecure out"), "none, or "
		    "not verified (--insecure)");
}

static void
check_account(struct check * c)
{

	c->has_status = ask(c, "connectionStatus", &c->status) == 0;
	if (!c->has_status || !privilege_told(&c->status)) {
		say(c, POINT(OK, "account", NULL), "%s",
		    sink_has_user(c->sink) ? "logged in; its privileges "
		    "aren't told" : "none; the server asks for none");
		return;
	}
	if (privilege_too_much(&c->status) != NULL)
		say(c, POINT(WARN, "account", "an account with readWrite on "
		    "this one database is enough"), "has the role %s, which "
		    "allows much more than is needed",
		    privilege_too_much(&c->status));
	else
		say(c, POINT(OK, "account", NULL), "logged in");
}

static int
number(const bson_t * doc, const char * name, int64_t * v)
{
	bson_iter_t it;

	if (!bson_iter_init_find(&it, doc, name) ||
	    !BSON_ITER_HOLDS_NUMBER(&it))
		return (-1);
	*v = bson_iter_as_int64(&it);
	return (0);
}

/* How full the server's file system is, where it tells. */
static void
check_storage(struct check * c)
{
	struct point p = { OK, "storage", NULL, 0, 0 };
	bson_t answer;

	if (ask(c, "dbStats", &answer) == -1)
		return;
	if (number(&answer, "fsUsedSize", &p.used) == 0 &&
	    number(&answer, "fsTotalSize", &p.total) == 0 && p.total > 0)
		say(c, &p, "%jd of %jd MB of its file system are used",
		    (intmax_t)(p.used >> 20), (intmax_t)(p.total >> 20));
	bson_destroy(&answer);
}

static void
check_server(struct check * c)
{
	bson_iter_t it;
	bson_t answer;

	check_connection(c);
	check_account(c);
	check_storage(c);
	if (ask(c, "hello", &answer) == -1)
		return;
	c->mongos = bson_iter_init_find(&it, &answer, "msg") &&
	    BSON_ITER_HOLDS_UTF8(&it) &&
	    strcmp(bson_iter_utf8(&it, NULL), "isdbgrid") == 0;
	bson_destroy(&answer);
}

/* May the account do all of it? */
static void
check_privileges(struct check * c)
{
	static const char * const needed[] = { "find", "insert", "update",
		"remove" };
	struct buf missing = { NULL, 0, 0 };
	char remedy[256];
	size_t i;

	if (!c->has_status || !privilege_told(&c->status))
		return;
	for (i = 0; i < sizeof needed / sizeof needed[0]; i++) {
		if (privilege_has(&c->status, sink_database(c->sink),
		    c->collection, needed[i]))
			continue;
		buf_printf(&missing, "%s%s", missing.n > 0 ? ", " : "",
		    needed[i]);
	}
	snprintf(remedy, sizeof remedy, "grant it the role readWrite on the "
	    "database %s", sink_database(c->sink));
	if (missing.n == 0)
		say(c, POINT(OK, "privileges", NULL), "find, insert, update, "
		    "remove");
	else
		say(c, POINT(FAIL, "privileges", remedy), "the account may "
		    "not %s", buf_text(&missing));
	buf_free(&missing);
}

static void
on_cursor(bson_iter_t * batch, bson_t * key, int * found)
{
	bson_iter_t it;
	const uint8_t * p;
	uint32_t n;

	if (!bson_iter_next(batch) || !BSON_ITER_HOLDS_DOCUMENT(batch) ||
	    !bson_iter_recurse(batch, &it) || !bson_iter_find(&it, "key") ||
	    !BSON_ITER_HOLDS_DOCUMENT(&it))
		return;
	bson_iter_document(&it, &n, &p);
	*found = bson_init_static(key, p, n);
}

/* Behind a mongos: each write names _id only, so that has to be the key. */
static void
check_sharding(struct check * c)
{
	struct sink_error err;
	bson_t cmd = BSON_INITIALIZER, filter, answer, key;
	bson_iter_t it, batch;
	char ns[NAMESPACE_MAX + 1];
	int found = 0;

	snprintf(ns, sizeof ns, "%s.%s", sink_database(c->sink),
	    c->collection);
	BSON_APPEND_UTF8(&cmd, "find", "collections");
	BSON_APPEND_DOCUMENT_BEGIN(&cmd, "filter", &filter);
	BSON_APPEND_UTF8(&filter, "_id", ns);
	bson_append_document_end(&cmd, &filter);
	if (sink_ask(c->sink, "config", &cmd, &answer, &err) == -1) {
		bson_destroy(&cmd);
		say(c, POINT(NOTE, "sharding", NULL), "not told to this "
		    "account; the shard key has to be _id");
		return;
	}
	bson_destroy(&cmd);
	if (bson_iter_init(&it, &answer) &&
	    bson_iter_find_descendant(&it, "cursor.firstBatch", &batch) &&
	    bson_iter_recurse(&batch, &it))
		on_cursor(&it, &key, &found);
	if (!found)
		say(c, POINT(OK, "sharding", NULL), "not sharded");
	else if (bson_count_keys(&key) == 1 && bson_has_field(&key, "_id"))
		say(c, POINT(OK, "sharding", NULL), "by _id");
	else
		say(c, POINT(FAIL, "sharding", "reshard it by _id (a hashed "
		    "_id will do), or load into another collection"),
		    "its shard key isn't _id");
	bson_destroy(&answer);
}

/* What is there under the name, and is it fit? */
static void
check_kind(struct check * c, const struct sink_collection * k)
{

	if (!k->exists) {
		say(c, POINT(OK, c->stream, NULL), "%s.%s: isn't there yet; "
		    "it is created", sink_database(c->sink), c->collection);
		return;
	}
	if (k->refused[0] != '\0') {
		say(c, POINT(FAIL, c->stream, "name an ordinary collection in "
		    "SYNC_<STREAM>_COLLECTION or the schema's x-target, or "
		    "drop this one"), "%s.%s: %s", sink_database(c->sink),
		    c->collection, k->refused);
		return;
	}
	say(c, POINT(OK, c->stream, NULL), "%s.%s: a collection%s",
	    sink_database(c->sink), c->collection,
	    k->empty ? ", empty" : "");
	if (k->unique[0] != '\0')
		say(c, POINT(WARN, "unique index", "make it an index that "
		    "isn't unique, unless the rows are as unique in MySQL"),
		    "%s: rows that it refuses are rejected", k->unique);
	if (k->validator)
		say(c, POINT(NOTE, "validator", NULL), "there is one: %s",
		    k->validator_warns ? "it only warns" : "documents that "
		    "it refuses are rejected");
}

/* Can there be a collection of that name? */
static int
is_name(const struct check * c)
{

	return (c->collection[0] != '\0' &&
	    strchr(c->collection, '$') == NULL &&
	    strncmp(c->collection, "system.", 7) != 0 &&
	    strlen(sink_database(c->sink)) + 1 + strlen(c->collection) <=
	    NAMESPACE_MAX);
}

/* "orders", or "orders=COLLECTION" as the SCHEMA would say it. */
static void
check_stream(struct check * c, const char * word)
{
	struct sink_collection k;
	struct sink_error err;
	const char * equals = strchr(word, '=');
	char stream[STREAM_MAX];

	snprintf(stream, sizeof stream, "%.*s",
	    equals != NULL ? (int)(equals - word) : (int)strlen(word), word);
	c->stream = stream;
	c->collection = options_collection(c->opt, stream);
	if (c->collection == NULL)
		c->collection = equals != NULL ? equals + 1 : stream;
	if (!is_name(c))
		say(c, POINT(FAIL, c->stream, "name another one in "
		    "SYNC_<STREAM>_COLLECTION or the schema's x-target"),
		    "\"%s\" can't be a collection's name", c->collection);
	else if (sink_look(c->sink, c->collection, &k, &err) == -1)
		no_answer(c, c->stream, &err);
	else {
		check_kind(c, &k);
		check_privileges(c);
		if (c->mongos)
			check_sharding(c);
	}
	c->stream = c->collection = NULL;
}

int
check_run(const struct options * opt, struct sink * s, struct buf * b)
{
	struct check c = { .opt = opt, .sink = s, .out = b };
	size_t i;

	check_server(&c);
	for (i = 0; i < opt->nstream && c.code == 0; i++)
		check_stream(&c, opt->stream[i]);
	if (c.has_status)
		bson_destroy(&c.status);
	return (c.code != 0 ? c.code : c.failed ? EXIT_PERM : EXIT_DONE);
}
