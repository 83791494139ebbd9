#ifndef RECORD_IMPL_H_
#define RECORD_IMPL_H_

#include "buf.h"
#include "record.h"
#include "scan_fast.h"

/*
 * What record.c (the plain way, any line) and record_quick.c (lines that are
 * like the last one) share.
 */

/* A name of the shape in force, in a hash table with open addressing. */
struct name {
	char * text;
	size_t n;
};

/*
 * A field of the last row: what stood between the value before and its own,
 * white space and all.  Its name is field[].key still, which points there.
 */
struct memo {
	struct scan_begin head;	/* its first bytes */
	size_t n;		/* how long all of it is */
	size_t at;		/* where all of it is in memo_text */
};

/*
 * The envelope of the last row, if it was plain: all bytes up to the time,
 * then `,"pos":[`, numbers that stay (the epoch), the running number,
 * `],"record":` and nothing behind the record.  The next row of the stream
 * differs in the time and the running number only.  Without a time the head
 * reaches up to the running number.
 */
struct plain {
	struct buf head;	/* up to the opening quote of the time */
	struct buf mid;		/* from behind it to the running number */
	uint64_t pos[RECORD_POS_MAX];
	size_t npos;		/* 0: the last row wasn't plain */
	size_t stream, nstream;	/* where in the head */
	int timed;		/* there is a time */
	uint8_t ascii;		/* of the stream's name */
	char op;
};

struct record_reader {
	struct record_field * field;
	size_t cap;
	struct plain plain;

	struct name * name;
	size_t nname;
	int * table;		/* slots by hash, -1 for free */
	size_t mask;		/* its size less one */
	uint64_t * seen;	/* by slot: the row that had it */
	uint64_t row;

	uint64_t shape;		/* of the last row: see struct record */
	struct memo * memo;
	size_t nmemo, memo_cap;	/* nmemo 0: nothing is remembered */
	struct buf memo_text;	/* with a block to be read behind it */
};

/**
 * record_quick(rd, r, end, record):
 * Read the line at r->line, which ends before ${end} as for record_parse(),
 * if it is like the last plain row.  Return nonzero if it is, and set r->len;
 * or zero if the plain way has to read it, with ${r} undefined but for the
 * line.  If only the fields are in the way, the envelope is in ${r}, and
 * ${record} points to the record's bracket; else it is NULL.
 */
int record_quick(struct record_reader * rd, struct record * r,
    const char * end, const char ** record);

/**
 * record_quick_fields(rd, r, p):
 * Read the object at ${p} as r->record, if its fields' names are the last
 * row's.  Return the byte behind it; or NULL if that, or anything else, is in
 * the way: the plain way will tell.
 */
const char * record_quick_fields(struct record_reader * rd, struct record * r,
    const char * p);

/*
 * Keep the names, or the envelope, of a row that was read the plain way.  The
 * names in r->field are then the kept ones.
 */
void record_keep_fields(struct record_reader * rd, const struct record * r);
void record_keep_envelope(struct record_reader * rd, const struct record * r,
    const struct scan_value * op, const struct scan_value * pos);

#endif /* !RECORD_IMPL_H_ */
