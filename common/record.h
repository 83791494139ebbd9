#ifndef RECORD_H_
#define RECORD_H_

#include <stddef.h>
#include <stdint.h>

#include "scan.h"

/*
 * The messages between the stages, as record.5 describes them: one JSON
 * object a line.  A RECORD is split in one pass into spans of its line;
 * SCHEMA and STATE are for json.h.
 */

enum record_type { RECORD_SCHEMA, RECORD_ROW, RECORD_STATE,
	RECORD_ACTIVATE_VERSION };

#define RECORD_POS_MAX	8	/* integers in a pos */

struct record_field {
	struct scan_value key;
	struct scan_value val;
	int slot;		/* see record_shape(); -1 for none */
};

/*
 * A message.  The spans point into the line, so they last as long as it;
 * field[] and its keys, in their quotes, are the reader's and last until its
 * next record_parse().  A member that isn't there has p == NULL.
 */
struct record {
	enum record_type type;
	const char * line;		/* the whole message */
	size_t len;
	struct scan_value stream;	/* a string; SCHEMA, RECORD, ... */

	/* RECORD only. */
	char op;			/* 'r' 'c' 'u' 'd' 't' */
	struct scan_value at;		/* a string, or null */
	uint64_t pos[RECORD_POS_MAX];
	size_t npos;			/* 0 for none */
	struct scan_value record;	/* the object */
	struct record_field * field;	/* its members, in order */
	size_t nfield;
	uint64_t shape;			/* rows of one reader with the same
					 * number have the same names in the
					 * same order, the same slots, and
					 * their fields in the same place */

	/* STATE only. */
	struct scan_value value;
	int counted;			/* it has `records` */
	uint64_t records, rejected, filtered;
};

struct record_error {
	const char * what;	/* what is wrong, a constant */
	size_t column;		/* where in the line, from 1 */
};

/*
 * A reader keeps the shape of the last rows, so that equal ones are split
 * without looking anything up.
 */
struct record_reader;
struct record_reader * record_reader_new(void);
void record_reader_free(struct record_reader * rd);

/**
 * record_parse(rd, p, n, r, err):
 * Split the first line of the ${n} bytes ${p} into ${r}.  It ends before a
 * newline, or with them; then a newline or NUL is the byte behind, and in
 * any case LINEIN_SLACK bytes behind them can be read.  All of the line is
 * checked: JSON, UTF-8, required members and their types, duplicate names in
 * the envelope and in `record` at every depth.  Unknown members are passed
 * over.  Return 0, or fill ${err} and return -1; r->line and r->len are set
 * in any case.
 */
int record_parse(struct record_reader * rd, const char * p, size_t n,
    struct record * r, struct record_error * err);

/**
 * record_shape(rd, names, n):
 * Expect rows with these ${n} names (decoded, NUL-terminated; copied): from
 * now on field[i].slot of a row is the index of its key in ${names}, or -1.
 * A stage calls it at each SCHEMA, and again when rows of another stream
 * come; ${n} = 0 forgets.
 */
void record_shape(struct record_reader * rd, const char * const * names,
    size_t n);

/**
 * record_pos_compare(a, na, b, nb):
 * Compare two positions, number by number.  Return < 0, 0 or > 0.
 */
int record_pos_compare(const uint64_t * a, size_t na, const uint64_t * b,
    size_t nb);

#endif /* !RECORD_H_ */
