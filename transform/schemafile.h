#ifndef SCHEMAFILE_H_
#define SCHEMAFILE_H_

#include "../common/json.h"

#include "columns.h"
#include "fault.h"
#include "rules.h"
#include "softdelete.h"
#include "steps.h"

/*
 * A schema file, schemas/ENTITY.json: a JSON Schema of the target document
 * that also says what it is made of.  schema.5 is its manual page.
 */

/* What happens to a column that the file doesn't name. */
enum columns_policy { COLUMNS_KEEP, COLUMNS_DROP, COLUMNS_REJECT };

/* A property of the target document. */
struct property {
	const char * name;	/* the document's */
	size_t n;
	const struct json_node * node;	/* its schema */
	struct rules * rules;
	int required;
	int omit_null;		/* x-null: a null is left out */
	/* Made of a column and steps: */
	int slot;		/* in columns; -1: of none */
	struct steps * steps;	/* NULL: the column as it is */
	struct value * dflt;	/* when the column isn't there; or NULL */
	/* or put together of properties: */
	int nested;
	struct property * child;
	size_t nchild;
};

struct schemafile {
	char * path;
	const char * table;	/* x-source; texts are the document's */
	const char * change;	/* NULL if it isn't said */
	const char ** key;
	size_t nkey;
	const char * collection;	/* x-target; NULL: not said */
	struct softdelete soft;
	enum columns_policy policy;
	int omit_null;
	struct columns cols;	/* the columns that are named */
	struct property * prop;
	size_t nprop;
	struct json * doc;
};

/**
 * schemafile_read(path):
 * Read and check the file ${path}.  Everything that is wrong is reported,
 * with file, line and column; then, or if it can't be read, return NULL.
 */
struct schemafile * schemafile_read(const char * path);

/**
 * schemafile_parse(path, p, n):
 * The same from the ${n} bytes ${p}, called ${path} in messages.
 */
struct schemafile * schemafile_parse(const char * path, const char * p,
    size_t n);
void schemafile_free(struct schemafile * sf);

/* A list of files, one for each table. */
struct schemaset {
	struct schemafile ** file;
	size_t n;
};

/**
 * schemaset_add(set, path):
 * Read a file and add it.  Two for one table are an error.  Return 0, or -1
 * after reports.
 */
int schemaset_add(struct schemaset * set, const char * path);

/**
 * schemaset_add_folder(set, path):
 * The same for all *.json of a folder.
 */
int schemaset_add_folder(struct schemaset * set, const char * path);

/* The file for the table ${table}, or NULL. */
struct schemafile * schemaset_find(const struct schemaset * set,
    const char * table);
void schemaset_free(struct schemaset * set);

#endif /* !SCHEMAFILE_H_ */
