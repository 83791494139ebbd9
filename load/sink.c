#include <mongoc/mongoc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/log.h"
#include "../common/mem.h"
#include "../common/stop.h"

#include "sink_impl.h"

#define WTIMEOUT_MS		30000
#define SOCKET_TIMEOUT_MS	60000

/* What the library says goes to our log, at the level for finding faults. */
static void
on_library_log(mongoc_log_level_t level, const char * domain,
    const char * message, void * arg)
{

	(void)level;
	(void)arg;

	/* A connection string could be quoted. */
	if (strchr(message, '@') == NULL)
		log_debug("%s: %s", domain, message);
}

/* A host whose packets leave this machine. */
static int
is_remote(const mongoc_host_list_t * h)
{
	size_t n = strlen(h->host);

	return (strcmp(h->host, "localhost") != 0 &&
	    strncmp(h->host, "127.", 4) != 0 && strcmp(h->host, "::1") != 0 &&
	    !(n > 5 && strcmp(h->host + n - 5, ".sock") == 0));
}

/* TLS that doesn't verify is no TLS: the option that says so, or NULL. */
static const char *
weak_option(const mongoc_uri_t * uri)
{
	static const char * const weak[] = { "tlsInsecure",
		"tlsAllowInvalidCertificates", "tlsAllowInvalidHostnames" };
	size_t i;

	for (i = 0; i < sizeof weak / sizeof weak[0]; i++) {
		if (mongoc_uri_get_option_as_bool(uri, weak[i], false))
			return (weak[i]);
	}
	return (NULL);
}

static int
check_verification(const mongoc_uri_t * uri)
{
	const char * weak = weak_option(uri);

	if (weak == NULL)
		return (0);
	log_error("MONGODB_URI: %s=true leaves it open who the server is; "
	    "name the authority with tlsCAFile, or give --insecure", weak);
	return (-1);
}

static int
check_tls(const mongoc_uri_t * uri)
{
	const mongoc_host_list_t * h;

	if (check_verification(uri) == -1)
		return (-1);
	if (mongoc_uri_get_tls(uri))
		return (0);
	if (mongoc_uri_get_srv_hostname(uri) != NULL) {
		log_error("MONGODB_URI: tls=false with mongodb+srv would send "
		    "everything in the clear; leave it out, or give "
		    "--insecure");
		return (-1);
	}
	for (h = mongoc_uri_get_hosts(uri); h != NULL; h = h->next) {
		if (!is_remote(h))
			continue;
		log_error("MONGODB_URI: %s is another machine and needs "
		    "tls=true (with tlsCAFile=..., unless the system knows "
		    "the authority), or --insecure", h->host_and_port);
		return (-1);
	}
	return (0);
}

static void
list_hosts(const mongoc_uri_t * uri, struct buf * b)
{
	const mongoc_host_list_t * h;

	buf_clear(b);
	if (mongoc_uri_get_srv_hostname(uri) != NULL)
		buf_puts(b, mongoc_uri_get_srv_hostname(uri));
	for (h = mongoc_uri_get_hosts(uri); h != NULL; h = h->next) {
		if (b->n > 0)
			buf_putc(b, ',');
		buf_puts(b, h->host_and_port);
	}
	buf_text(b);
}

/* What every connection string of ours says besides. */
static void
set_options(mongoc_uri_t * uri, const char * compressors)
{

	if (mongoc_uri_get_appname(uri) == NULL)
		mongoc_uri_set_appname(uri, "millrace");
	if (compressors != NULL)
		mongoc_uri_set_compressors(uri, compressors);
	mongoc_uri_set_option_as_bool(uri, MONGOC_URI_RETRYWRITES, false);
	if (!mongoc_uri_has_option(uri, MONGOC_URI_SOCKETTIMEOUTMS))
		mongoc_uri_set_option_as_int32(uri,
		    MONGOC_URI_SOCKETTIMEOUTMS, SOCKET_TIMEOUT_MS);
}

/* The parsed connection string, or NULL after a report. */
static mongoc_uri_t *
parse_uri(const char * text, int insecure, const char * compressors)
{
	mongoc_uri_t * uri;
	bson_error_t error;

	/* The library's words may quote the password. */
	if ((uri = mongoc_uri_new_with_error(text, &error)) == NULL) {
		log_error("MONGODB_URI is no connection string: %s",
		    strchr(text, '@') == NULL ? error.message :
		    "mongodb://user:password@host:port/database?options is "
		    "expected, where : / ? # [ ] @ %% in user and password "
		    "are written as %%3A and so on");
		return (NULL);
	}
	if (!insecure && check_tls(uri) == -1) {
		mongoc_uri_destroy(uri);
		return (NULL);
	}
	set_options(uri, compressors);
	return (uri);
}

/* A client for the string, or NULL after a report. */
static mongoc_client_t *
new_client(const mongoc_uri_t * uri)
{
	mongoc_client_t * client;
	bson_error_t error;

	client = mongoc_client_new_from_uri_with_error(uri, &error);
	if (client == NULL) {
		log_error("MONGODB_URI: %s", error.message);
		return (NULL);
	}
	mongoc_client_set_error_api(client, MONGOC_ERROR_API_VERSION_2);
	return (client);
}

static void
set_write_opts(bson_t * opts)
{
	bson_t wc;

	bson_init(opts);
	BSON_APPEND_DOCUMENT_BEGIN(opts, "writeConcern", &wc);
	BSON_APPEND_UTF8(&wc, "w", "majority");
	BSON_APPEND_BOOL(&wc, "j", true);
	BSON_APPEND_INT32(&wc, "wtimeout", WTIMEOUT_MS);
	bson_append_document_end(opts, &wc);
}

struct sink *
sink_open(const char * text, const char * database, int insecure,
    const char * compressors)
{
	struct sink * s;
	mongoc_uri_t * uri;

	mongoc_init();
	mongoc_log_set_handler(on_library_log, NULL);
	if ((uri = parse_uri(text, insecure, compressors)) == NULL)
		goto err0;
	if (database == NULL)
		database = mongoc_uri_get_database(uri);
	if (database == NULL) {
		log_error("MONGODB_DATABASE is not set, and MONGODB_URI names "
		    "no database");
		goto err1;
	}
	s = mem_new(1, sizeof *s);
	s->insecure = insecure;
	s->compressors = compressors;
	s->database = mem_dup(database);
	list_hosts(uri, &s->hosts);
	s->uri = uri;
	if ((s->client = new_client(uri)) == NULL)
		goto err2;
	set_write_opts(&s->write_opts);
	return (s);

err2:
	buf_free(&s->hosts);
	free(s->database);
	free(s);
err1:
	mongoc_uri_destroy(uri);
err0:
	mongoc_cleanup();
	return (NULL);
}

void
sink_close(struct sink * s)
{

	if (s == NULL)
		return;
	if (s->has_reply)
		bson_destroy(&s->reply);
	bson_destroy(&s->write_opts);
	mongoc_client_destroy(s->client);
	mongoc_uri_destroy(s->uri);
	buf_free(&s->hosts);
	free(s->database);
	if (!s->twin)
		mongoc_cleanup();
	free(s);
}

struct sink *
sink_twin(const struct sink * s)
{
	mongoc_client_t * client;
	struct sink * t;

	if ((client = new_client(s->uri)) == NULL)
		return (NULL);
	t = mem_new(1, sizeof *t);
	t->twin = 1;
	t->client = client;
	t->uri = mongoc_uri_copy(s->uri);
	t->insecure = s->insecure;
	t->compressors = s->compressors;
	t->database = mem_dup(s->database);
	buf_put(&t->hosts, s->hosts.p, s->hosts.n);
	buf_text(&t->hosts);
	set_write_opts(&t->write_opts);
	return (t);
}

int
sink_reopen(struct sink * s, const char * text)
{
	mongoc_client_t * client;
	mongoc_uri_t * uri;

	if ((uri = parse_uri(text, s->insecure, s->compressors)) == NULL)
		return (-1);
	if ((client = new_client(uri)) == NULL) {
		mongoc_uri_destroy(uri);
		return (-1);
	}
	mongoc_client_destroy(s->client);
	mongoc_uri_destroy(s->uri);
	s->client = client;
	s->uri = uri;
	s->lost = 0;
	list_hosts(uri, &s->hosts);
	return (0);
}

int
sink_is_encrypted(const struct sink * s)
{

	return (mongoc_uri_get_tls(s->uri) && weak_option(s->uri) == NULL);
}

int
sink_is_local(const struct sink * s)
{
	const mongoc_host_list_t * h;

	for (h = mongoc_uri_get_hosts(s->uri); h != NULL; h = h->next) {
		if (is_remote(h))
			return (0);
	}
	return (mongoc_uri_get_srv_hostname(s->uri) == NULL);
}

int
sink_has_user(const struct sink * s)
{

	return (mongoc_uri_get_username(s->uri) != NULL);
}

const char *
sink_database(const struct sink * s)
{

	return (s->database);
}

const char *
sink_hosts(const struct sink * s)
{

	return (s->hosts.p);
}

/* Certificates that are wrong stay wrong. */
static int
is_certificate(const char * text)
{

	return (strstr(text, "certificate") != NULL);
}

/* The verdict on an error that the library met without an answer. */
static enum verdict
verdict_of_domain(const bson_error_t * error)
{

	switch (error->domain) {
	case MONGOC_ERROR_SCRAM:
	case MONGOC_ERROR_SASL:
		return (VERDICT_CREDENTIALS);
	case MONGOC_ERROR_CLIENT:
		return (error->code == MONGOC_ERROR_CLIENT_AUTHENTICATE ?
		    VERDICT_CREDENTIALS : VERDICT_CRITICAL);
	case MONGOC_ERROR_STREAM:
	case MONGOC_ERROR_SERVER_SELECTION:
		return (is_certificate(error->message) ? VERDICT_CRITICAL :
		    VERDICT_RETRY);
	case MONGOC_ERROR_PROTOCOL:
	case MONGOC_ERROR_CURSOR:
		return (VERDICT_RETRY);
	default:
		return (VERDICT_CRITICAL);
	}
}

/* The library's words, without those about its search for a server. */
static void
copy_text(char * dst, size_t n, const char * message)
{
	const char * a = strchr(message, '[');
	const char * b = a != NULL ? strrchr(a, ']') : NULL;

	if (strncmp(message, "No suitable servers", 19) == 0 && b != NULL)
		snprintf(dst, n, "%.*s", (int)(b - a - 1), a + 1);
	else
		snprintf(dst, n, "%s", message);

	if (strstr(dst, "TLS handshake failed") != NULL &&
	    !is_certificate(dst))
		snprintf(dst + strlen(dst), n - strlen(dst),
		    " (does the server speak TLS there?)");
}

/*
 * Fill ${err} from the library's error and, if there is one, the answer.
 * After a failure to connect the library would wait for seconds before it
 * tries again, however often it is asked: so it gets a new client.
 */
int
sink_fail(struct sink * s, struct sink_error * err, const bson_error_t * error,
    const bson_t * answer)
{
	struct reply r;

	memset(&r, 0, sizeof r);
	memset(err, 0, sizeof *err);
	if (error->domain == MONGOC_ERROR_SERVER && answer != NULL &&
	    reply_parse(&r, answer) == 0) {
		err->code = r.code;
		err->backoff_ms = r.backoff_ms;
		err->verdict = verdict_of(r.code, r.labels);
	} else if (error->domain == MONGOC_ERROR_SERVER) {
		err->code = (int32_t)error->code;
		err->verdict = verdict_of(err->code, 0);
	} else
		err->verdict = verdict_of_domain(error);
	copy_text(err->text, sizeof err->text, error->message);
	reply_free(&r);
	if (error->domain != MONGOC_ERROR_SERVER)
		s->lost = 1;
	return (-1);
}

/* The client, for the next try. */
mongoc_client_t *
sink_client(struct sink * s)
{
	mongoc_client_t * client;

	if (s->lost && (client = new_client(s->uri)) != NULL) {
		mongoc_client_destroy(s->client);
		s->client = client;
		s->lost = 0;
	}
	return (s->client);
}

static size_t
limit_of(const bson_t * hello, const char * name, size_t dflt)
{
	bson_iter_t it;

	if (bson_iter_init_find(&it, hello, name) &&
	    bson_iter_as_int64(&it) > 0)
		return ((size_t)bson_iter_as_int64(&it));
	return (dflt);
}

int
sink_ping(struct sink * s, struct sink_limits * limits,
    struct sink_error * err)
{
	bson_t ping = BSON_INITIALIZER;
	mongoc_server_description_t * sd = NULL;
	const bson_t * hello;
	bson_error_t error;
	bson_t answer;
	int rc = 0;

	/* FerretDB says hello even if it has lost its engine: ping. */
	BSON_APPEND_INT32(&ping, "ping", 1);
	if (!mongoc_client_command_simple(sink_client(s), s->database, &ping,
	    NULL, &answer, &error))
		rc = sink_fail(s, err, &error, &answer);
	bson_destroy(&answer);
	bson_destroy(&ping);
	if (rc == -1)
		return (-1);
	sd = mongoc_client_select_server(sink_client(s), true, NULL, &error);
	if (sd == NULL)
		return (sink_fail(s, err, &error, NULL));
	hello = mongoc_server_description_hello_response(sd);
	limits->document = limit_of(hello, "maxBsonObjectSize", 16777216);
	limits->message = limit_of(hello, "maxMessageSizeBytes", 48000000);
	limits->writes = limit_of(hello, "maxWriteBatchSize", 100000);
	mongoc_server_description_destroy(sd);
	return (0);
}

/* Did the server answer at all? */
static int
is_answer(const bson_t * doc)
{
	bson_iter_t it;

	return (bson_iter_init_find(&it, doc, "ok"));
}

int
sink_write(struct sink * s, const char * command, size_t n,
    struct reply * reply, struct sink_error * err)
{
	uint64_t begun = stop_clock();
	bson_error_t error;
	bson_t cmd;

	if (s->has_reply)
		bson_destroy(&s->reply);
	memset(&error, 0, sizeof error);
	if (!bson_init_static(&cmd, (const uint8_t *)command, n)) {
		s->has_reply = 0;
		*err = (struct sink_error) { VERDICT_CRITICAL, 0, 0,
		    "a command that is no BSON was made" };
		return (-1);
	}

	/*
	 * True doesn't mean that all was written: what the server says of
	 * single documents stands in the answer alone.
	 */
	(void)mongoc_client_write_command_with_opts(sink_client(s), s->database,
	    &cmd, &s->write_opts, &s->reply, &error);
	s->has_reply = 1;
	if (!is_answer(&s->reply))
		return (sink_fail(s, err, &error, NULL));
	if (reply_parse(reply, &s->reply) == 0) {
		reply->took_us = stop_clock() - begun;
		return (0);
	}
	*err = (struct sink_error) { VERDICT_RETRY, 0, 0,
	    "the server's answer makes no sense" };
	return (-1);
}

static void
set_find_opts(bson_t * opts, const char * const * fields)
{
	bson_t in;

	bson_init(opts);
	BSON_APPEND_DOCUMENT_BEGIN(opts, "readConcern", &in);
	BSON_APPEND_UTF8(&in, "level", "majority");
	bson_append_document_end(opts, &in);
	if (fields == NULL)
		return;
	BSON_APPEND_DOCUMENT_BEGIN(opts, "projection", &in);
	for (; *fields != NULL; fields++)
		BSON_APPEND_INT32(&in, *fields, 1);
	bson_append_document_end(opts, &in);
}

/* Pass on what a cursor yields, and end it. */
int
sink_drain(struct sink * s, mongoc_cursor_t * cursor,
    void (* found)(void *, const bson_t *), void * arg,
    struct sink_error * err)
{
	const bson_t * doc;
	bson_error_t error;
	int rc = 0;

	while (mongoc_cursor_next(cursor, &doc))
		found(arg, doc);
	if (mongoc_cursor_error_document(cursor, &error, &doc))
		rc = sink_fail(s, err, &error, doc);
	mongoc_cursor_destroy(cursor);
	return (rc);
}

int
sink_find(struct sink * s, const char * collection, const struct buf * filter,
    const char * const * fields, void (* found)(void *, const bson_t *),
    void * arg, struct sink_error * err)
{
	mongoc_collection_t * c;
	mongoc_read_prefs_t * primary;
	bson_t opts, f;
	int rc;

	if (!bson_init_static(&f, (const uint8_t *)filter->p, filter->n)) {
		*err = (struct sink_error) { VERDICT_CRITICAL, 0, 0,
		    "a filter that is no BSON was made" };
		return (-1);
	}
	c = mongoc_client_get_collection(sink_client(s), s->database,
	    collection);
	primary = mongoc_read_prefs_new(MONGOC_READ_PRIMARY);
	set_find_opts(&opts, fields);
	rc = sink_drain(s, mongoc_collection_find_with_opts(c, &f, &opts,
	    primary), found, arg, err);
	bson_destroy(&opts);
	mongoc_read_prefs_destroy(primary);
	mongoc_collection_destroy(c);
	return (rc);
}
