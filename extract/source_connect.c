#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/tcp.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <mysqld_error.h>

#include "../common/exitcode.h"
#include "../common/log.h"
#include "../common/mem.h"
#include "../common/stop.h"

#include "source_impl.h"

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

/* TCP's own questions whether the server is still there. */
#define ALIVE_IDLE_S	15
#define ALIVE_EVERY_S	5
#define ALIVE_PROBES	3

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

int
source_socket(const struct source * s)
{

#ifdef MARIADB_PACKAGE_VERSION
	return (mysql_get_socket(s->my));
#else
	return (s->my->net.fd);
#endif
}

/*
 * The server has to learn it at once: after an ordinary end it would go on
 * trying to send, and keep its locks, until net_write_timeout.
 */
void
source_disconnect(struct source * s)
{
	struct linger reset = { 1, 0 };
	int fd;

	if (s->my == NULL)
		return;
	if (s->res != NULL) {
		if ((fd = source_socket(s)) != -1) {
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
	source_disconnect(s);
	mysql_library_end();
	forget_password(s);
	buf_free(&s->error);
	free(s);
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
		return (source_fail(s));
	if ((res = mysql_store_result(s->my)) != NULL)
		mysql_free_result(res);
	else if (mysql_errno(s->my) != 0)
		return (source_fail(s));
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
		return (source_fail(s));
	row = mysql_fetch_row(res);
	good = row != NULL && row[0] != NULL && strcmp(row[0], expected) == 0;
	mysql_free_result(res);
	if (good)
		return (SOURCE_OK);
	source_say(s, "the server didn't take the settings of the session (a "
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

/* Find out in half a minute that a silent server isn't there any more. */
static void
keep_alive(const struct source * s)
{
	int fd = source_socket(s), yes = 1;

	/* On a Unix socket these fail, and aren't needed. */
	if (fd == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof yes) == -1)
		return;
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &(int) { ALIVE_IDLE_S },
	    sizeof(int));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &(int) { ALIVE_EVERY_S },
	    sizeof(int));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &(int) { ALIVE_PROBES },
	    sizeof(int));
}

/* Connect once. */
static enum source_rc
connect_once(struct source * s)
{
	const struct source_options * opt = &s->opt;
	const char * version;
	enum source_rc rc;

	source_disconnect(s);
	if ((s->my = mysql_init(NULL)) == NULL) {
		source_say(s, "out of memory");
		return (SOURCE_LOST);
	}
	set_options(opt, s->my);
	if (mysql_real_connect(s->my, opt->socket != NULL ? NULL : opt->host,
	    opt->user, s->password != NULL ? s->password : "", opt->database,
	    opt->port, opt->socket, 0) == NULL) {
		rc = source_fail(s);
		goto err0;
	}
	if (needs_tls(opt) && mysql_get_ssl_cipher(s->my) == NULL) {
		source_say(s, "the connection isn't encrypted");
		rc = SOURCE_FAILED;
		goto err0;
	}
	keep_alive(s);
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
	source_disconnect(s);
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

	source_disconnect(s);
	if ((rc = wait_to_retry(s)) != SOURCE_OK)
		return (rc);
	return (source_connect(s));
}

void
source_progress(struct source * s)
{

	retry_reset(&s->retry);
}
