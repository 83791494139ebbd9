#ifndef CONFLICT_H_
#define CONFLICT_H_

#include <bson/bson.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Rows whose document was changed in MongoDB as well.  Both sides go to the
 * file of --conflicts, one JSON object a line; the log has neither of them.
 */
struct conflict;

struct conflict_entry {
	const char * stream;
	const char * collection;
	const char * winner;	/* "source", "target" */
	const char * time;	/* "known", "unknown" */
	const char * key;	/* type byte and value */
	size_t key_n;
	const char * v;		/* the version of the row */
	size_t v_n;
	uint64_t line;
	int has_at, has_change;
	int64_t at_ms;		/* when the source changed it */
	int64_t change_ms;	/* when MongoDB's side did */
	const uint8_t * source;	/* the row's document; NULL: a deletion */
	size_t source_n;
	const bson_t * target;	/* MongoDB's; NULL: gone meanwhile */
};

/**
 * conflict_open(path):
 * Log conflicts, and append them to the file ${path}, made with mode 0600;
 * NULL means that there is no file.  Return NULL after a report.
 */
struct conflict * conflict_open(const char * path);

/* Nonzero if there is a file, which wants both documents. */
int conflict_wants_documents(const struct conflict * c);

/* Log one.  Return 0, or -1 after a report. */
int conflict_put(struct conflict * c, const struct conflict_entry * e);

/* Make the file durable.  Return 0, or -1 after a report. */
int conflict_sync(struct conflict * c);

/* Sync, close, release.  Return 0, or -1 after a report. */
int conflict_close(struct conflict * c);

#endif /* !CONFLICT_H_ */
