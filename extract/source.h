#ifndef SOURCE_H_
#define SOURCE_H_

#include <stddef.h>
#include <stdint.h>

#include "cell.h"

/*
 * The connection to the MySQL or MariaDB server.  All that knows the client
 * library is in source*.c.
 */
struct source;

enum source_compression { SOURCE_PLAIN, SOURCE_ZLIB, SOURCE_ZSTD };

struct source_options {
	const char * host;	/* NULL with a socket */
	unsigned port;
	const char * socket;	/* goes before the host; NULL for TCP */
	const char * user;
	const char * password;	/* NULL for none */
	const char * database;
	const char * ssl_ca;	/* NULL: the system's, where TLS is needed */
	const char * ssl_cert;
	const char * ssl_key;
	int insecure;		/* another machine may be talked to in plain */
	enum source_compression compression;	/* if the server has it, too */
	uint64_t max_retries;
	uint64_t retry_delay_s;

	/* The password as it now stands in its file, to be freed by the
	 * caller, or NULL; asked for once when the server refuses ours. */
	char * (* reread)(void * arg);
	void * reread_arg;
};

/* How a statement can end. */
enum source_rc {
	SOURCE_OK,
	SOURCE_LOST,		/* connection or server trouble: try again */
	SOURCE_SLOW,		/* the server's time limit for statements */
	SOURCE_CHANGED,		/* tables or columns aren't what they were */
	SOURCE_DENIED,		/* a privilege is missing */
	SOURCE_FAILED,		/* anything else; trying again is no use */
	SOURCE_GIVEN_UP		/* LOST once too often, or asked to stop; it
				 * has been reported */
};

/**
 * source_new(opt):
 * A source that isn't connected yet.  ${opt} is copied; the strings stay the
 * caller's, but for the password, which is copied, too.
 */
struct source * source_new(const struct source_options * opt);

/* Close, overwrite the password, release. */
void source_free(struct source * s);

/**
 * source_connect(s):
 * Connect, with TLS where it is needed, and set up the session: UTC, no
 * sql_mode, read only, READ COMMITTED.  Trouble is met with retries.  Return
 * SOURCE_OK, SOURCE_FAILED or SOURCE_GIVEN_UP.
 */
enum source_rc source_connect(struct source * s);

/**
 * source_recover(s):
 * After SOURCE_LOST: wait, connect again, until it works or the retries since
 * the last source_progress() are used up.  Return as source_connect().
 */
enum source_rc source_recover(struct source * s);

/* Something went well: the next trouble is a first one again. */
void source_progress(struct source * s);

/**
 * source_report(s, rc, what):
 * Report the error ${rc} of the last statement, unless that was done, as
 * "${what}: why", and return the exit code to end with.
 */
int source_report(struct source * s, enum source_rc rc, const char * what);

/* The server's words and number for the last error. */
const char * source_error(const struct source * s);
unsigned source_errno(const struct source * s);

/*
 * A statement whose rows are taken one by one.
 */

/* Send the statement ${sql}, of ${n} bytes. */
enum source_rc source_start(struct source * s, const char * sql, size_t n);

/**
 * source_row(s, row):
 * The next row, valid until the next call.  At the end ${row}->p is NULL.
 */
enum source_rc source_row(struct source * s, struct cell_row * row);

#define SOURCE_GATHER	(128u << 10)

/**
 * source_gather(s):
 * To be called between rows, if more than SOURCE_GATHER bytes of them are
 * still to come: unless half of that is there, wait for all of it, at most a
 * millisecond.  Being woken for each packet costs as much as its rows.
 */
void source_gather(struct source * s);

/**
 * source_end(s, unread):
 * Done with the rows.  If there may be more than a few of the ${unread} bytes
 * left the connection is given up instead of reading them, and the next
 * statement connects again.
 */
void source_end(struct source * s, uint64_t unread);

/* The number of columns of the rows. */
size_t source_columns(const struct source * s);

/*
 * A statement with a small answer, taken as a whole.
 */
struct answer;

/**
 * source_ask(s, sql, a):
 * Run the NUL-terminated statement ${sql}, again after trouble, and store
 * its rows in ${a} (NULL if there was an error), to be freed.  Return
 * SOURCE_OK, or any error but SOURCE_LOST.
 */
enum source_rc source_ask(struct source * s, const char * sql,
    struct answer ** a);

size_t answer_rows(const struct answer * a);
size_t answer_columns(const struct answer * a);

/* A field, NUL-terminated, or NULL for NULL; ${n}, or NULL, is its length. */
const char * answer_get(const struct answer * a, size_t row, size_t column,
    size_t * n);

/* A field that is a whole number; 0 if it is NULL or no number. */
uint64_t answer_u64(const struct answer * a, size_t row, size_t column);

/* The name of a column. */
const char * answer_name(const struct answer * a, size_t column);
void answer_free(struct answer * a);

/* Of the server that was connected to last. */
int source_is_mariadb(const struct source * s);
const char * source_version(const struct source * s);
uint64_t source_connection_id(const struct source * s);
const char * source_cipher(const struct source * s);	/* NULL: plain */

/**
 * source_compresses(s, yes):
 * Find out if the connection is compressed.  Return as source_ask().
 */
enum source_rc source_compresses(struct source * s, int * yes);

/* Nonzero if the client library has this way of compression. */
int source_has_compression(enum source_compression c);

/* Nonzero if all of TCP's way to ${host} is inside this machine. */
int source_is_loopback(const char * host);

#endif /* !SOURCE_H_ */
