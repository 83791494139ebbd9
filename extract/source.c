#include <sys/socket.h>

#include <arpa/inet.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <mysql.h>
#include <errmsg.h>
#include <mysqld_error.h>

#include "../common/buf.h"
#include "../common/exitcode.h"
#include "../common/log.h"
#include "../common/mem.h"
#include "../common/retry.h"
#include "../common/stop.h"

#include "source.h"

/* Two client libraries, one interface: MariaDB's connector and Oracle's. */
#ifdef MARIADB_PACKAGE_VERSION
#define FLAG my_bool
#else
#define FLAG bool
#endif

#define SYSTEM_CA	"/etc/ssl/certs/ca-certificates.crt"

#define CONNECT_TIMEOUT_S	10
#define READ_TIMEOUT_S		600
#define WRITE_TIMEOUT_S		60

/* More than this isn't read just to be thrown away. */
#define DISCARD_MAX	(UINT64_C(16) << 20)

struct source {
	struct source_options opt;
	char * password;
	MYSQL * my;		/* NULL if not connected */
	MYSQL_RES * res;	/* of source_start(), or NULL */
	struct retry retry;
	int exit;		/* the exit code after SOURCE_GIVEN_UP */
	int denied;		/* the server refused the password once */
	unsigned err;		/* of the last error: number, words */
	struct buf error;
	char version[64];
	uint64_t id;
};

struct answer {
	size_t rows, columns;
	char ** name;
	char ** cell;		/* rows * columns */
	size_t * len;
};

struct source *
source_new(const struct source_options * opt)
{
	struct source * s = mem_new(1, sizeof *s);

	s->opt = *opt;
	s->password = mem_dup(opt->password);
	s->opt.password = NULL;
	retry_init(&s->retry, opt->max_retries, opt->retry_delay_s);
	return (s);
}

static void
forget_password(struct source * s)
{

	if (s->password != NULL)
		explicit_bzero(s->password, strlen(s->password));
	free(s->password);
	s->password = NULL;
}

/* The connection's socket, or -1. */
static int
socket_of(MYSQL * my)
{

#ifdef MARIADB_PACKAGE_VERSION
	return (mysql_get_socket(my));
#else
	return (my->net.fd);
#endif
}

/*
 * Close at once, with whatever is unread.  The server has to learn it at
 * once, too: after an ordinary end it would go on trying to send, and keep
 * its locks, until net_write_timeout.
 */
static void
disconnect(struct source * s)
{
	struct linger reset = { 1, 0 };
	int fd;

	if (s->my == NULL)
		return;
	if (s->res != NULL) {
		if ((fd = socket_of(s->my)) != -1) {
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset,
			    sizeof reset);
			shutdown(fd, SHUT_RDWR);
		}

		/* This would read on to the end of the rows. */
		mysql_free_result(s->res);
		s->res = NULL;
	}
	mysql_close(s->my);
	s->my = NULL;
}

void
source_free(struct source * s)
{

	if (s == NULL)
		return;
	disconnect(s);
	mysql_library_end();
	forget_password(s);
	buf_free(&s->error);
	free(s);
}

const char *
source_error(const struct source * s)
{

	return (s->error.n == 0 ? "" : s->error.p);
}

unsigned
source_errno(const struct source * s)
{

	return (s->err);
}

/* Keep what the library says of the last error. */
static void
keep_error(struct source * s)
{

	s->err = mysql_errno(s->my);
	buf_clear(&s->error);
	buf_printf(&s->error, "%s (error %u)", mysql_error(s->my), s->err);
	buf_text(&s->error);
}

static void
set_error(struct source * s, const char * what)
{

	s->err = 0;
	buf_clear(&s->error);
	buf_puts(&s->error, what);
	buf_text(&s->error);
}

/* Numbers that one of the two servers has, or that only headers of some
 * versions name. */
enum {
	DISK_FULL = 1021,
	QUERY_TIMEOUT_MYSQL = 3024,
	QUERY_TIMEOUT_MARIADB = 1969,
	CONNECTION_KILLED_MARIADB = 1927,
	SESSION_KILLED = 3169,
	SERVER_NOT_AVAILABLE = 3168,
	IDLE_TOO_LONG = 4031,
	NO_SUCH_INDEX = 1176,
	NO_SUCH_TABLE_IN_ENGINE = 1932
};

/* TLS trouble that another try won't mend. */
static int
is_tls_refusal(const char * error)
{
	static const char * const words[] = { "certificate", "verif",
	    "does not match", "doesn't match", "does not support",
	    "doesn't support", "required", "No such file", "Unable to get",
	    "key values mismatch", "alert", "tlsv1", "CA", NULL };
	size_t i;

	for (i = 0; words[i] != NULL; i++) {
		if (strstr(error, words[i]) != NULL)
			return (1);
	}
	return (0);
}

static enum source_rc
classify(unsigned err, const char * error)
{

	switch (err) {
	case CR_SSL_CONNECTION_ERROR:
		return (is_tls_refusal(error) ? SOURCE_FAILED : SOURCE_LOST);
	case CR_SOCKET_CREATE_ERROR:
	case CR_CONNECTION_ERROR:
	case CR_CONN_HOST_ERROR:
	case CR_IPSOCK_ERROR:
	case CR_UNKNOWN_HOST:
	case CR_SERVER_GONE_ERROR:
	case CR_SERVER_HANDSHAKE_ERR:
	case CR_SERVER_LOST:
	case CR_SERVER_LOST_EXTENDED:
	case ER_CON_COUNT_ERROR:
	case ER_OUT_OF_RESOURCES:
	case ER_OUTOFMEMORY:
	case ER_OUT_OF_SORTMEMORY:
	case DISK_FULL:
	case ER_SERVER_SHUTDOWN:
	case ER_FORCING_CLOSE:
	case ER_ABORTING_CONNECTION:
	case ER_NEW_ABORTING_CONNECTION:
	case ER_NET_READ_ERROR:
	case ER_NET_READ_INTERRUPTED:
	case ER_NET_ERROR_ON_WRITE:
	case ER_NET_WRITE_INTERRUPTED:
	case ER_TOO_MANY_USER_CONNECTIONS:
	case ER_USER_LIMIT_REACHED:
	case ER_LOCK_WAIT_TIMEOUT:
	case ER_LOCK_DEADLOCK:
	case ER_QUERY_INTERRUPTED:
	case CONNECTION_KILLED_MARIADB:
	case SESSION_KILLED:
	case SERVER_NOT_AVAILABLE:
	case IDLE_TOO_LONG:
		return (SOURCE_LOST);
	case QUERY_TIMEOUT_MYSQL:
	case QUERY_TIMEOUT_MARIADB:
		return (SOURCE_SLOW);
	case ER_BAD_FIELD_ERROR:
	case ER_NO_SUCH_TABLE:
	case ER_TABLE_DEF_CHANGED:
	case NO_SUCH_INDEX:
	case ER_BAD_TABLE_ERROR:
	case NO_SUCH_TABLE_IN_ENGINE:
		return (SOURCE_CHANGED);
	case ER_TABLEACCESS_DENIED_ERROR:
	case ER_COLUMNACCESS_DENIED_ERROR:
	case ER_SPECIFIC_ACCESS_DENIED_ERROR:
	case ER_DBACCESS_DENIED_ERROR:
		return (SOURCE_DENIED);
	default:
		return (SOURCE_FAILED);
	}
}

static enum source_rc
fail(struct source * s)
{

	enum source_rc rc;

	keep_error(s);
	rc = classify(s->err, source_error(s));
	if (s->err == CR_SSL_CONNECTION_ERROR && rc == SOURCE_FAILED) {
		buf_puts(&s->error, "; MYSQL_SSL_CA names the certificate "
		    "authorities to trust");
		buf_text(&s->error);
	}
	return (rc);
}

int
source_is_loopback(const char * host)
{
	struct in_addr in;
	struct in6_addr in6;

	if (strcasecmp(host, "localhost") == 0)
		return (1);
	if (inet_pton(AF_INET, host, &in) == 1)
		return (ntohl(in.s_addr) >> 24 == 127);
	if (inet_pton(AF_INET6, host, &in6) == 1)
		return (IN6_IS_ADDR_LOOPBACK(&in6));
	return (0);
}

/* Must the connection be encrypted, and the server's name verified? */
static int
needs_tls(const struct source_options * opt)
{

	if (opt->socket != NULL)
		return (0);
	if (opt->ssl_ca != NULL)
		return (1);
	return (!source_is_loopback(opt->host) && !opt->insecure);
}

/* Ask the library for TLS, or for none.  Before the password goes out. */
static void
set_tls(const struct source_options * opt, MYSQL * my)
{
	const char * ca = opt->ssl_ca != NULL ? opt->ssl_ca : SYSTEM_CA;
	int want = needs_tls(opt);
#ifdef MARIADB_PACKAGE_VERSION
	FLAG yes = 1, no = 0;

	mysql_options(my, MYSQL_OPT_SSL_ENFORCE, want ? &yes : &no);
	mysql_options(my, MYSQL_OPT_SSL_VERIFY_SERVER_CERT,
	    want ? &yes : &no);
#else
	unsigned mode = want ? SSL_MODE_VERIFY_IDENTITY : SSL_MODE_DISABLED;
	FLAG yes = 1;

	mysql_options(my, MYSQL_OPT_SSL_MODE, &mode);

	/* In plain, the password goes out under the server's key. */
	if (!want)
		mysql_options(my, MYSQL_OPT_GET_SERVER_PUBLIC_KEY, &yes);
#endif
	if (!want)
		return;
	mysql_options(my, MYSQL_OPT_SSL_CA, ca);
	if (opt->ssl_cert != NULL)
		mysql_options(my, MYSQL_OPT_SSL_CERT, opt->ssl_cert);
	if (opt->ssl_key != NULL)
		mysql_options(my, MYSQL_OPT_SSL_KEY, opt->ssl_key);
}

int
source_has_compression(enum source_compression c)
{

#ifdef MARIADB_PACKAGE_VERSION
	/* zstd is a plug-in of it that hardly anybody has. */
	return (c != SOURCE_ZSTD);
#else
	(void)c;
	return (1);
#endif
}

static void
set_compression(const struct source_options * opt, MYSQL * my)
{

	if (opt->compression == SOURCE_PLAIN)
		return;
#ifdef MARIADB_PACKAGE_VERSION
	mysql_options(my, MYSQL_OPT_COMPRESS, NULL);
#else
	mysql_options(my, MYSQL_OPT_COMPRESSION_ALGORITHMS,
	    opt->compression == SOURCE_ZSTD ? "zstd,uncompressed" :
	    "zlib,uncompressed");
#endif
}

static void
set_options(const struct source_options * opt, MYSQL * my)
{
	unsigned connect = CONNECT_TIMEOUT_S, rd = READ_TIMEOUT_S;
	unsigned wr = WRITE_TIMEOUT_S, off = 0;
	unsigned protocol = opt->socket != NULL ? MYSQL_PROTOCOL_SOCKET :
	    MYSQL_PROTOCOL_TCP;

	mysql_options(my, MYSQL_OPT_PROTOCOL, &protocol);
	mysql_options(my, MYSQL_OPT_CONNECT_TIMEOUT, &connect);
	mysql_options(my, MYSQL_OPT_READ_TIMEOUT, &rd);
	mysql_options(my, MYSQL_OPT_WRITE_TIMEOUT, &wr);
	mysql_options(my, MYSQL_SET_CHARSET_NAME, "utf8mb4");

	/* A server could ask for any file of ours. */
	mysql_options(my, MYSQL_OPT_LOCAL_INFILE, &off);
	set_compression(opt, my);
	set_tls(opt, my);
}

/* Run one statement whose rows, if any, don't matter. */
static enum source_rc
run(struct source * s, const char * sql)
{
	MYSQL_RES * res;

	if (mysql_query(s->my, sql) != 0)
		return (fail(s));
	if ((res = mysql_store_result(s->my)) != NULL)
		mysql_free_result(res);
	else if (mysql_errno(s->my) != 0)
		return (fail(s));
	return (SOURCE_OK);
}

/* Nonzero if the answer to ${sql} is the text ${expected}. */
static enum source_rc
expect(struct source * s, const char * sql, const char * expected)
{
	MYSQL_RES * res;
	MYSQL_ROW row;
	int good;

	if (mysql_query(s->my, sql) != 0 ||
	    (res = mysql_store_result(s->my)) == NULL)
		return (fail(s));
	row = mysql_fetch_row(res);
	good = row != NULL && row[0] != NULL && strcmp(row[0], expected) == 0;
	mysql_free_result(res);
	if (good)
		return (SOURCE_OK);
	set_error(s, "the server didn't take the settings of the session (a "
	    "proxy between?): ");
	buf_puts(&s->error, sql);
	buf_text(&s->error);
	return (SOURCE_FAILED);
}

#define SESSION	"SET NAMES utf8mb4, time_zone = '+00:00', sql_mode = '', " \
    "lock_wait_timeout = 5, net_write_timeout = 120, " \
    "wait_timeout = 28800, sql_big_selects = 1, sql_auto_is_null = 0, " \
    "autocommit = 1, "

/* Make the session what the statements and the conversions count on. */
static enum source_rc
set_session(struct source * s)
{
	enum source_rc rc;

	rc = run(s, source_is_mariadb(s) ? SESSION "max_statement_time = 0" :
	    SESSION "max_execution_time = 0");
	if (rc == SOURCE_OK)
		rc = run(s, "SET SESSION TRANSACTION ISOLATION LEVEL READ "
		    "COMMITTED, READ ONLY");
	if (rc != SOURCE_OK)
		return (rc);
	return (expect(s, "SELECT CONCAT_WS(' ', @@session.time_zone, "
	    "@@session.sql_mode, @@session.character_set_results)",
	    "+00:00  utf8mb4"));
}

/* Connect once. */
static enum source_rc
connect_once(struct source * s)
{
	const struct source_options * opt = &s->opt;
	const char * version;
	enum source_rc rc;

	disconnect(s);
	if ((s->my = mysql_init(NULL)) == NULL) {
		set_error(s, "out of memory");
		return (SOURCE_LOST);
	}
	set_options(opt, s->my);
	if (mysql_real_connect(s->my, opt->socket != NULL ? NULL : opt->host,
	    opt->user, s->password != NULL ? s->password : "", opt->database,
	    opt->port, opt->socket, 0) == NULL) {
		rc = fail(s);
		goto err0;
	}
	if (needs_tls(opt) && mysql_get_ssl_cipher(s->my) == NULL) {
		set_error(s, "the connection isn't encrypted");
		rc = SOURCE_FAILED;
		goto err0;
	}
	s->id = mysql_thread_id(s->my);
	/* Before the version proper, MariaDB shows this to old clients. */
	version = mysql_get_server_info(s->my);
	if (strncmp(version, "5.5.5-", 6) == 0)
		version += 6;
	snprintf(s->version, sizeof s->version, "%s", version);
	if ((rc = set_session(s)) != SOURCE_OK)
		goto err0;
	return (SOURCE_OK);

err0:
	disconnect(s);
	return (rc);
}

/* The server refused the password: has its file changed since? */
static int
password_changed(struct source * s)
{
	char * fresh;

	if (s->denied || s->err != ER_ACCESS_DENIED_ERROR ||
	    s->opt.reread == NULL)
		return (0);
	s->denied = 1;
	if ((fresh = s->opt.reread(s->opt.reread_arg)) == NULL)
		return (0);
	if (s->password != NULL && strcmp(fresh, s->password) == 0) {
		explicit_bzero(fresh, strlen(fresh));
		free(fresh);
		return (0);
	}
	forget_password(s);
	s->password = fresh;
	log_info("the server refused the password; trying the one that is "
	    "in the file now");
	return (1);
}

/* Where to, for messages. */
static const char *
place(const struct source * s, struct buf * b)
{

	buf_clear(b);
	if (s->opt.socket != NULL)
		buf_puts(b, s->opt.socket);
	else
		buf_printf(b, "%s:%u", s->opt.host, s->opt.port);
	return (buf_text(b));
}

static enum source_rc
give_up(struct source * s, int code)
{

	s->exit = code;
	return (SOURCE_GIVEN_UP);
}

/* Wait before another try.  Return SOURCE_OK when it is time. */
static enum source_rc
wait_to_retry(struct source * s)
{
	struct buf b = { NULL, 0, 0 };
	uint64_t us;

	if (stop_asked())
		return (give_up(s, EXIT_STOPPED));
	if (retry_next(&s->retry, &us) == -1) {
		if (s->retry.max == 0)
			log_error("%s: %s", place(s, &b), source_error(s));
		else
			log_error("%s: %s: given up after %ju retries "
			    "(SYNC_MAX_RETRIES)", place(s, &b),
			    source_error(s), (uintmax_t)s->retry.max);
		buf_free(&b);
		return (give_up(s, EXIT_TEMP));
	}
	log_warn("%s: %s: trying again in %.1f s (%ju of %ju)", place(s, &b),
	    source_error(s), (double)us / 1e6, (uintmax_t)s->retry.tries,
	    (uintmax_t)s->retry.max);
	buf_free(&b);
	if (stop_sleep(us))
		return (give_up(s, EXIT_STOPPED));
	return (SOURCE_OK);
}

enum source_rc
source_connect(struct source * s)
{
	enum source_rc rc;

	for (;;) {
		rc = connect_once(s);
		if (rc == SOURCE_FAILED && password_changed(s))
			continue;
		if (rc == SOURCE_OK)
			s->denied = 0;
		if (rc != SOURCE_LOST)
			return (rc == SOURCE_OK ? rc : SOURCE_FAILED);
		if ((rc = wait_to_retry(s)) != SOURCE_OK)
			return (rc);
	}
}

enum source_rc
source_recover(struct source * s)
{
	enum source_rc rc;

	disconnect(s);
	if ((rc = wait_to_retry(s)) != SOURCE_OK)
		return (rc);
	return (source_connect(s));
}

void
source_progress(struct source * s)
{

	retry_reset(&s->retry);
}

int
source_report(struct source * s, enum source_rc rc, const char * what)
{

	if (rc == SOURCE_GIVEN_UP)
		return (s->exit);
	log_error("%s: %s", what, source_error(s));
	return (rc == SOURCE_LOST || rc == SOURCE_SLOW ? EXIT_TEMP :
	    EXIT_PERM);
}

enum source_rc
source_start(struct source * s, const char * sql, size_t n)
{
	enum source_rc rc;

	if (s->my == NULL && (rc = source_connect(s)) != SOURCE_OK)
		return (rc);
	if (mysql_real_query(s->my, sql, (unsigned long)n) != 0 ||
	    (s->res = mysql_use_result(s->my)) == NULL)
		return (fail(s));
	return (SOURCE_OK);
}

enum source_rc
source_row(struct source * s, char *** row, unsigned long ** len)
{

	/* No row is the end only if there was no error. */
	if ((*row = mysql_fetch_row(s->res)) == NULL)
		return (mysql_errno(s->my) != 0 ? fail(s) : SOURCE_OK);
	*len = mysql_fetch_lengths(s->res);
	return (SOURCE_OK);
}

void
source_end(struct source * s, uint64_t unread)
{

	if (s->res == NULL)
		return;
	if (unread > DISCARD_MAX) {
		disconnect(s);
		return;
	}
	mysql_free_result(s->res);
	s->res = NULL;
}

size_t
source_columns(const struct source * s)
{

	return (mysql_num_fields(s->res));
}

/* Copy a whole result. */
static struct answer *
copy_answer(MYSQL_RES * res)
{
	struct answer * a = mem_new(1, sizeof *a);
	MYSQL_FIELD * field = mysql_fetch_fields(res);
	MYSQL_ROW row;
	unsigned long * len;
	size_t i, n = 0;

	a->rows = (size_t)mysql_num_rows(res);
	a->columns = mysql_num_fields(res);
	a->name = mem_new(a->columns, sizeof *a->name);
	a->cell = mem_new(a->rows * a->columns + 1, sizeof *a->cell);
	a->len = mem_new(a->rows * a->columns + 1, sizeof *a->len);
	for (i = 0; i < a->columns; i++)
		a->name[i] = mem_dup(field[i].name);
	while ((row = mysql_fetch_row(res)) != NULL) {
		len = mysql_fetch_lengths(res);
		for (i = 0; i < a->columns; i++, n++) {
			if (row[i] == NULL)
				continue;
			a->cell[n] = mem_text(row[i], len[i]);
			a->len[n] = len[i];
		}
	}
	return (a);
}

static enum source_rc
ask_once(struct source * s, const char * sql, struct answer ** a)
{
	MYSQL_RES * res;
	enum source_rc rc;

	if (s->my == NULL && (rc = source_connect(s)) != SOURCE_OK)
		return (rc);
	if (mysql_query(s->my, sql) != 0 ||
	    (res = mysql_store_result(s->my)) == NULL)
		return (fail(s));
	*a = copy_answer(res);
	mysql_free_result(res);
	return (SOURCE_OK);
}

enum source_rc
source_ask(struct source * s, const char * sql, struct answer ** a)
{
	enum source_rc rc;

	*a = NULL;
	while ((rc = ask_once(s, sql, a)) == SOURCE_LOST) {
		if ((rc = source_recover(s)) != SOURCE_OK)
			return (rc);
	}
	return (rc);
}

size_t
answer_rows(const struct answer * a)
{

	return (a->rows);
}

size_t
answer_columns(const struct answer * a)
{

	return (a->columns);
}

const char *
answer_get(const struct answer * a, size_t row, size_t column, size_t * n)
{
	size_t i = row * a->columns + column;

	if (n != NULL)
		*n = a->len[i];
	return (a->cell[i]);
}

uint64_t
answer_u64(const struct answer * a, size_t row, size_t column)
{
	const char * p = answer_get(a, row, column, NULL);

	return (p == NULL ? 0 : strtoull(p, NULL, 10));
}

const char *
answer_name(const struct answer * a, size_t column)
{

	return (a->name[column]);
}

void
answer_free(struct answer * a)
{
	size_t i;

	if (a == NULL)
		return;
	for (i = 0; i < a->rows * a->columns; i++)
		free(a->cell[i]);
	for (i = 0; i < a->columns; i++)
		free(a->name[i]);
	free(a->name);
	free(a->cell);
	free(a->len);
	free(a);
}

enum source_rc
source_compresses(struct source * s, int * yes)
{
	struct answer * a;
	enum source_rc rc;

	*yes = 0;
	rc = source_ask(s, "SHOW SESSION STATUS LIKE 'Compression'", &a);
	if (rc != SOURCE_OK)
		return (rc);
	*yes = answer_rows(a) > 0 && answer_get(a, 0, 1, NULL) != NULL &&
	    strcmp(answer_get(a, 0, 1, NULL), "ON") == 0;
	answer_free(a);
	return (SOURCE_OK);
}

int
source_is_mariadb(const struct source * s)
{

	return (strstr(s->version, "MariaDB") != NULL);
}

const char *
source_version(const struct source * s)
{

	return (s->version);
}

uint64_t
source_connection_id(const struct source * s)
{

	return (s->id);
}

const char *
source_cipher(const struct source * s)
{

	return (s->my != NULL ? mysql_get_ssl_cipher(s->my) : NULL);
}
