#ifndef SINK_IMPL_H_
#define SINK_IMPL_H_

#include <mongoc/mongoc.h>

#include "sink.h"

/*
 * The inside of a sink, for sink.c (connection, writing, reading) and
 * sink_look.c (what is there under a name).
 */
struct sink {
	mongoc_uri_t * uri;
	mongoc_client_t * client;
	int twin;		/* another one ends the library */
	int lost;		/* it takes a new client to try again */
	char * database;
	struct buf hosts;
	int insecure;
	const char * compressors;	/* the caller's; NULL: the string's */
	bson_t write_opts;	/* majority, journal, wtimeout */
	bson_t reply;		/* the last answer; reply.h points into it */
	int has_reply;
};

/**
 * sink_fail(s, err, error, answer):
 * Fill ${err} from the library's ${error} and, unless it is NULL, the
 * server's ${answer}.  Return -1.
 */
int sink_fail(struct sink * s, struct sink_error * err,
    const bson_error_t * error, const bson_t * answer);

/* The client, a new one after a lost connection. */
mongoc_client_t * sink_client(struct sink * s);

/* Pass on what a cursor yields, and end it.  Return as sink_find(). */
int sink_drain(struct sink * s, mongoc_cursor_t * cursor,
    void (* found)(void * arg, const bson_t * doc), void * arg,
    struct sink_error * err);

#endif /* !SINK_IMPL_H_ */
