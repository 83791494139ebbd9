#ifndef CONVERT_H_
#define CONVERT_H_

#include "../common/buf.h"

#include "decimal.h"
#include "regex.h"
#include "value.h"

/*
 * The steps of x-apply: each takes a value and makes it another one.  They
 * are pure: no clock, no locale, no state between records.  steps.h reads
 * them from a schema file and runs them.
 */
struct step;

/* What a step may use while it runs. */
struct convert {
	struct scratch * mem;		/* where results go */
	struct buf * buf;		/* to build them in */
	const struct scan_value * const * col;	/* the record's columns */
	char why[200];			/* set when a step fails */
};

/*
 * Run step ${st} on ${v}, which has one of the step's kinds.  Return 0, or
 * -1 with the reason in c->why, without the value.
 */
typedef int convert_fn(const struct step * st, struct value * v,
    struct convert * c);

/* One entry of a map, or one word of a list. */
struct entry {
	char * key;
	size_t n;
	struct value * to;	/* owned; NULL in a list */
};

/* One piece of a concat: text, a column, or the value so far. */
struct piece {
	enum { PIECE_TEXT, PIECE_COLUMN, PIECE_VALUE } what;
	char * text;
	size_t n;
	int slot;
};

struct step {
	const char * name;
	convert_fn * run;
	unsigned in;		/* kinds that it takes; null stays null */
	unsigned out;		/* kinds that it makes */
	/* The arguments; which of them, is each step's own. */
	char * text;		/* separator, replacement */
	size_t ntext;
	int64_t a, b;
	struct value * value;	/* default */
	struct value ** list;	/* null-if */
	size_t nlist;
	struct entry * entry;	/* map, boolean; sorted */
	size_t nentry;
	struct piece * piece;	/* concat */
	size_t npiece;
	struct regex * regex;	/* replace */
	struct steps * inner;	/* each */
};

/* Text. */
convert_fn convert_trim, convert_lower, convert_upper, convert_substring,
    convert_replace, convert_concat, convert_concat_list;

/* Lists. */
convert_fn convert_split, convert_join, convert_compact, convert_each;

/* Choices. */
convert_fn convert_map, convert_default, convert_null_if, convert_boolean,
    convert_nonzero;

/* Kinds and numbers. */
convert_fn convert_integer, convert_number, convert_decimal, convert_string,
    convert_parse_json, convert_round, convert_shift;

/* Times; the part of convert_date is step->a. */
convert_fn convert_date, convert_from_epoch;

/* The number of the part of a date called ${name}, or -1; and the names. */
int convert_date_part(const char * name);
const char * convert_date_parts(void);

/* Nonzero if part ${part} is a string, not an integer. */
int convert_date_is_text(int part);

/* Set c->why; return -1. */
int convert_fail(struct convert * c, const char * fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Order of entries: by length, then by bytes. */
int convert_entry_compare(const void * a, const void * b);

#endif /* !CONVERT_H_ */
