#ifndef DELETES_H_
#define DELETES_H_

#include <stddef.h>
#include <stdint.h>

#include "../common/buf.h"

/*
 * What becomes of the document of a row that is deleted in the source.  A
 * mark is the time of the deletion in the document's stamp; the document that
 * is written when the row is back has none.  Pure.
 */
enum deletes {
	DELETES_MIRROR,		/* it is deleted, too */
	DELETES_MARK,		/* it stays, with a mark */
	DELETES_IGNORE		/* it stays as it is */
};

#define DELETES_MARKED	"deleted"	/* the mark's name in the stamp */
#define DELETES_AT	"_sdc_deleted_at"	/* what tells the time */

/* The policy of this name, which may be NULL, or -1. */
int deletes_named(const char * name);

/**
 * deletes_put_mark(out, v, v_n, ms):
 * Append, as the member u of an update, what marks a document at ${ms}, with
 * the version ${v} of ${v_n} bytes, 0 to leave it.
 */
void deletes_put_mark(struct buf * out, const char * v, size_t v_n,
    int64_t ms);

#endif /* !DELETES_H_ */
