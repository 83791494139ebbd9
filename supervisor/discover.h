#ifndef DISCOVER_H_
#define DISCOVER_H_

#include <stddef.h>

#include "../common/buf.h"

/*
 * What `extract` says of the tables: which there are (--discover, a Singer
 * catalog), and whether they are fit (--check, lines for people).  Pure.
 */

/**
 * discover_parse(p, n, names, count):
 * The tables of a catalog that have a key and a change column, in an array
 * to be freed with its texts by discover_free_names().  Return 0, or -1 if
 * it is no catalog.
 */
int discover_parse(const char * p, size_t n, char *** names,
    size_t * count);
void discover_free_names(char ** names, size_t count);

/*
 * Going through what --check printed, from remark to remark: whatever isn't
 * as it should be, with its remedy.
 */
struct discover_remarks {
	const char * p;		/* where to go on */
	struct buf head;	/* the server's point or the table */
	struct buf what;	/* the last remark */
};

/* Begin with ${text}, NUL-terminated, which stays the caller's. */
void discover_remarks_init(struct discover_remarks * r, const char * text);

/* The next remark, which lasts until the next call, or NULL. */
const char * discover_remark(struct discover_remarks * r);
void discover_remarks_free(struct discover_remarks * r);

#endif /* !DISCOVER_H_ */
