#include <sys/ioctl.h>
#include <sys/socket.h>

#include <poll.h>
#include <stdint.h>
#include <string.h>

#include <errmsg.h>
#include <mysqld_error.h>

#include "../common/exitcode.h"
#include "../common/log.h"

#include "source_impl.h"

/* More than this isn't read just to be thrown away. */
#define DISCARD_MAX	(UINT64_C(16) << 20)

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

void
source_say(struct source * s, const char * what)
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

enum source_rc
source_fail(struct source * s)
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
		return (source_fail(s));
	return (SOURCE_OK);
}

/* The end of the last field: both libraries keep the packet of a row whole. */
static const char *
end_of_row(const struct cell_row * row, size_t columns)
{

	while (columns-- > 0) {
		if (row->p[columns] != NULL)
			return (row->p[columns] + row->n[columns]);
	}
	return (NULL);
}

enum source_rc
source_row(struct source * s, struct cell_row * row)
{

	/* No row is the end only if there was no error. */
	if ((row->p = mysql_fetch_row(s->res)) == NULL)
		return (mysql_errno(s->my) != 0 ? source_fail(s) : SOURCE_OK);
	row->n = mysql_fetch_lengths(s->res);
	row->end = end_of_row(row, mysql_num_fields(s->res));
	return (SOURCE_OK);
}

void
source_gather(struct source * s)
{
	struct pollfd pfd = { source_socket(s), POLLIN, 0 };
	int there, few = 1, many = SOURCE_GATHER;

	/* Compressed, the bytes of the socket aren't those of the rows. */
	if (s->opt.compression != SOURCE_PLAIN ||
	    ioctl(pfd.fd, FIONREAD, &there) == -1 || there >= many / 2 ||
	    setsockopt(pfd.fd, SOL_SOCKET, SO_RCVLOWAT, &many,
	    sizeof many) == -1)
		return;
	poll(&pfd, 1, 1);
	setsockopt(pfd.fd, SOL_SOCKET, SO_RCVLOWAT, &few, sizeof few);
}

void
source_end(struct source * s, uint64_t unread)
{

	if (s->res == NULL)
		return;
	if (unread > DISCARD_MAX) {
		source_disconnect(s);
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
