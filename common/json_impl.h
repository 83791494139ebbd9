#ifndef JSON_IMPL_H_
#define JSON_IMPL_H_

#include <stddef.h>
#include <stdint.h>

#include "json.h"

/*
 * What json_parse.c (from text to tree) and json.c (in the tree) share.
 */

/* An object with more members than this keeps them sorted by name, too. */
#define FEW	8

/*
 * All places are offsets into the document's arrays: half the size of
 * pointers, and a text is at most INT_MAX bytes long anyway (jsmn).
 */
struct json_node {
	struct json * doc;
	uint32_t start, end;		/* in text[] */
	uint32_t text, ntext;		/* JSON_STRING: in decoded[] */
	uint32_t key, nkey;		/* a member: its name in decoded[] */
	uint32_t key_start;		/* a member: its name in text[] */
	uint32_t first, next;		/* in node[]; 0 for none */
	uint32_t count;
	uint32_t sorted;		/* count > FEW: in sorted[] */
	uint8_t kind;			/* enum json_kind */
	uint8_t member;			/* it has a name */
};

struct json {
	char * text;			/* with a newline behind it */
	uint32_t n;
	char * decoded;			/* each with a NUL behind it */
	uint32_t ndecoded;
	struct json_node * node;	/* node[0] is the root */
	uint32_t nnode;
	uint32_t * sorted;		/* members of the larger objects */
	uint32_t nsorted;
};

/* Line and column of the offset ${where}. */
void json_place(const struct json * doc, uint32_t where, unsigned * line,
    unsigned * column);

/* Compare two names: by length first, since that is the cheapest. */
int json_key_compare(const char * a, size_t na, const char * b, size_t nb);

#endif /* !JSON_IMPL_H_ */
