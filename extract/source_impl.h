#ifndef SOURCE_IMPL_H_
#define SOURCE_IMPL_H_

#include <mysql.h>

#include "../common/buf.h"
#include "../common/retry.h"

#include "source.h"

/*
 * What source.c (statements and errors), source_connect.c (the connection's
 * life) and source_answer.c (small answers as a whole) share.
 */

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

/* Keep what the library says of the last error, and say what it means. */
enum source_rc source_fail(struct source * s);

/* An error of our own. */
void source_say(struct source * s, const char * what);

/* The socket of the connection; -1 if it has none. */
int source_socket(const struct source * s);

/* Close at once, with whatever is unread. */
void source_disconnect(struct source * s);

#endif /* !SOURCE_IMPL_H_ */
