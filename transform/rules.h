#ifndef RULES_H_
#define RULES_H_

#include "../common/json.h"

#include "fault.h"
#include "value.h"

/*
 * What JSON Schema and bsonType ask of one value, compiled from its
 * keywords.  The check is pure: the same value gives the same verdict
 * always.
 */
struct rules;

struct rules * rules_new(void);
void rules_free(struct rules * r);

/**
 * rules_keyword(r, key, arg, f):
 * Take the keyword ${key} with the value ${arg}.  Faults go to ${f}.  Return
 * 1, or 0 if it is none of these keywords.
 */
int rules_keyword(struct rules * r, const char * key,
    const struct json_node * arg, struct faults * f);

/* The name of the keyword number ${i}, or NULL behind the last one. */
const char * rules_keyword_name(size_t i);

/*
 * Values inside: the elements of an array, and the members of an object.
 * The inner rules are then owned by ${r}.
 */
void rules_set_items(struct rules * r, struct rules * items);
void rules_add_member(struct rules * r, const char * name,
    struct rules * member);
void rules_require(struct rules * r, const char * name);
void rules_close(struct rules * r);	/* no other members */

/**
 * rules_seal(r, at, f):
 * All keywords are there: check them against each other.  Faults go to ${f},
 * at ${at}.  To be called before what follows.
 */
void rules_seal(struct rules * r, const struct json_node * at,
    struct faults * f);

/* The kinds that pass at all, and those of them that need a closer look. */
unsigned rules_kinds(const struct rules * r);
unsigned rules_deep(const struct rules * r);

/* Nonzero if strings stand for numbers: a decimal by format or bsonType. */
int rules_decimal(const struct rules * r);

/* They do if ${on}, because the source's column is a decimal one. */
void rules_set_decimal(struct rules * r, int on);

/* Nonzero if the file says how strings are meant (format, bsonType, ...). */
int rules_says_string(const struct rules * r);

/* Why a value was refused. */
struct verdict {
	const char * rule;	/* the keyword, a constant */
	char path[160];		/* where: "address.city", "tags[3]" */
	char reason[240];	/* in words, without the value */
};

/* Fill in a verdict; return -1.  The path is left empty. */
int verdict_set(struct verdict * v, const char * rule, const char * fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Put a step before the path: ".name" or "[3]". */
void verdict_inside(struct verdict * v, const char * step);

/**
 * rules_check(r, v, s, verdict):
 * Check ${v} (which may become decoded text).  Return 0, or fill ${verdict}
 * and return -1.
 */
int rules_check(const struct rules * r, struct value * v, struct scratch * s,
    struct verdict * verdict);

#endif /* !RULES_H_ */
