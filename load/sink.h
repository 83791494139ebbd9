#ifndef SINK_H_
#define SINK_H_

#include <bson/bson.h>
#include <stddef.h>
#include <stdint.h>

#include "../common/buf.h"

#include "reply.h"
#include "verdict.h"

/*
 * The MongoDB server: the only module that knows the client library.  All is
 * written with majority and journal, and read from the primary.
 */
struct sink;

/* Why something failed. */
struct sink_error {
	enum verdict verdict;
	int32_t code;		/* the server's, or 0 */
	int64_t backoff_ms;	/* what an overloaded server asks for, or 0 */
	char text[512];		/* never with a value of a row */
};

/* What the server takes; known after sink_ping(). */
struct sink_limits {
	size_t document;	/* bytes of a document, and so of a command */
	size_t message;		/* bytes of a message */
	size_t writes;		/* in one command */
};

/**
 * sink_open(uri, database, insecure, compressors):
 * A client for the server of the connection string ${uri} and ${database},
 * or, if that is NULL, the one that the string names.  Nothing is sent yet.
 * Refused without TLS to other machines, unless ${insecure} is set.  What is
 * sent is compressed with the first of ${compressors} that the server knows,
 * names with commas between, which stay the caller's; NULL means those that
 * the string names, if any.  Return NULL after a report.
 */
struct sink * sink_open(const char * uri, const char * database,
    int insecure, const char * compressors);
void sink_close(struct sink * s);

/**
 * sink_twin(s):
 * Another client for the same; it is closed before ${s} is.  Each can be used
 * by another thread.  Return NULL after a report.
 */
struct sink * sink_twin(const struct sink * s);

/**
 * sink_reopen(s, uri):
 * Go on with another connection string: the password has changed.  Return 0,
 * or -1 after a report.
 */
int sink_reopen(struct sink * s, const char * uri);

/* Is TLS spoken, and verified; is there a user to log in? */
int sink_is_encrypted(const struct sink * s);
int sink_is_local(const struct sink * s);
int sink_has_user(const struct sink * s);

const char * sink_database(const struct sink * s);

/* The hosts, for messages: without user and password. */
const char * sink_hosts(const struct sink * s);

/* Connect, and learn the limits.  Return 0, or -1 with ${err} filled. */
int sink_ping(struct sink * s, struct sink_limits * limits,
    struct sink_error * err);

/**
 * sink_write(s, command, n, reply, err):
 * Send the write command ${command}, ${n} bytes of BSON.  Return 0 if the
 * server answered: ${reply} is what it said, good or bad, and lasts until the
 * next call.  Return -1 with ${err} filled if it didn't: it may or may not
 * have acted.
 */
int sink_write(struct sink * s, const char * command, size_t n,
    struct reply * reply, struct sink_error * err);

/**
 * sink_find(s, collection, filter, fields, found, arg, err):
 * Call ${found} with each document that the BSON ${filter} finds.  ${fields},
 * ended by NULL, are those that are read besides _id; NULL means all.
 * Return 0, or -1 with ${err} filled.
 */
int sink_find(struct sink * s, const char * collection,
    const struct buf * filter, const char * const * fields,
    void (* found)(void * arg, const bson_t * doc), void * arg,
    struct sink_error * err);

/* What is there under a collection's name. */
struct sink_collection {
	int exists;
	int empty;
	char refused[128];	/* why it can't be written to, or "" */
	char unique[128];	/* a unique index besides _id's, or "" */
	int validator;		/* it has one */
	int validator_warns;	/* which refuses nothing */
};

/**
 * sink_look(s, name, c, err):
 * Find out about the collection ${name}.  Return 0, or -1 with ${err} filled.
 */
int sink_look(struct sink * s, const char * name, struct sink_collection * c,
    struct sink_error * err);

/**
 * sink_ask(s, database, command, answer, err):
 * Send a command that changes nothing to ${database}, NULL for our own.
 * Return 0 with ${answer}, to be destroyed, or -1 with ${err} filled.
 */
int sink_ask(struct sink * s, const char * database, const bson_t * command,
    bson_t * answer, struct sink_error * err);

/* Create the collection ${name}, unless it is there. */
int sink_create(struct sink * s, const char * name, struct sink_error * err);

#endif /* !SINK_H_ */
