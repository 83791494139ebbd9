#ifndef RULES_STRUCT_H_
#define RULES_STRUCT_H_

#include "decimal.h"
#include "format.h"
#include "regex.h"

#include "rules.h"

/*
 * What rules.c builds and rules_check.c reads, for these two only.
 */

/* A bound on a number: its text, read, and as a machine word if it is one. */
struct bound {
	struct value * text;	/* NULL: no bound */
	struct decimal d;
	int64_t i;
	int fits;
};

enum { BOUND_MIN, BOUND_MAX, BOUND_ABOVE, BOUND_BELOW, BOUND_MULTIPLE,
	BOUND_N };

/* How many code points, elements or digits there may be. */
struct range {
	uint64_t min, max;
	int there;
};

/* One of the values of enum or const. */
struct choice {
	struct value * v;
	uint64_t hash;
};

struct member {
	char * name;
	size_t n;
	struct rules * rules;	/* NULL: any value */
	int required;
};

struct rules {
	unsigned type, bson;	/* kinds; 0 if the keyword isn't there */
	unsigned kinds, deep;
	enum format format;	/* as the keyword says */
	enum format carrier;	/* as the bsonType needs it */
	int64_t int_min, int_max;	/* as the bsonType holds them */
	int has_int;
	int decimal;		/* strings stand for numbers */
	int says_string;

	struct range length;
	struct regex * pattern;
	struct bound bound[BOUND_N];
	int64_t precision, scale;	/* -1: no limit */
	int numeric;		/* any bound, precision or scale */

	struct choice * choice;	/* in the order of the hashes */
	size_t nchoice;
	const char * choice_rule;	/* "enum", "const", NULL for none */

	struct range count;	/* of elements */
	int unique;
	struct rules * items;

	struct member * member;
	size_t nmember;
	int nrequired;
	int closed;		/* no other members */
};

#endif /* !RULES_STRUCT_H_ */
