#ifndef PLAN_H_
#define PLAN_H_

#include "../common/json.h"

#include "schemafile.h"

/*
 * A schema file compiled against the SCHEMA message of a stream: a flat
 * list of operations, which shape.h runs on every record.  Made once for
 * each SCHEMA message.
 */
enum op_what { OP_VALUE, OP_OPEN, OP_CLOSE };

struct op {
	enum op_what what;
	const char * name;	/* of the property */
	char * head;		/* ,"name": with room to be read behind it */
	size_t nhead;
	int slot;		/* the column; -1: none */
	unsigned plain;		/* kinds that are copied as they come */
	unsigned checked;	/* kinds that are copied if the rules pass */
	const struct property * p;	/* NULL: a key column that is kept */
	unsigned depth;		/* objects around it, besides the document */
	int required;
	int omit_null;
	int key;		/* part of the key: a delete has it too */
	int end;		/* OP_OPEN: the index of its OP_CLOSE */
};

struct plan {
	const struct schemafile * sf;
	struct op * op;
	size_t nop;
	/*
	 * The names of columns by slot, for record_shape(): those that the
	 * operations read, then names of properties that are no column
	 * named in the file: a column of this name has no place.
	 */
	const char ** names;
	size_t nnames, ncols;
	size_t nkept;		/* up to here: kept, without being named */
	int soft;		/* the column of x-soft-delete; -1: none */
	int changed;		/* with it: the change column, or -1 */
	size_t fixed;		/* bytes of all heads and brackets */
	unsigned depth;		/* the deepest OP_OPEN */
	/* What the target's SCHEMA says. */
	const char ** key;	/* key_properties; texts are of sf or msg */
	size_t nkey;
	const char ** change;	/* bookmark_properties */
	size_t nchange;
	const struct json_node ** left;	/* columns that the policy is for */
	size_t nleft;
	struct json * msg;	/* the SCHEMA message */
};

/**
 * plan_new(sf, line, n):
 * Compile ${sf}, which has to last as long as the plan, for the stream whose
 * SCHEMA message is the ${n} bytes ${line}.  What doesn't fit together is
 * reported; then return NULL.
 */
struct plan * plan_new(struct schemafile * sf, const char * line, size_t n);
void plan_free(struct plan * plan);

/* The type keyword's kinds of a property's schema in a SCHEMA message. */
unsigned plan_source_kinds(const struct json_node * prop);

/* The schema of the source's column ${name}, or NULL. */
const struct json_node * plan_source(const struct plan * plan,
    const char * name);

#endif /* !PLAN_H_ */
