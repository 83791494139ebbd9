#ifndef SCHEMAS_H_
#define SCHEMAS_H_

/*
 * Which schema file is a table's, so that a pipeline is given that one only:
 * a mistake in another table's file is that table's trouble alone.
 */

/* The folder that transform would take, or NULL; to be freed.  ${setting} is
 * SYNC_SCHEMAS, ${own} the folder of our program; each may be NULL. */
char * schemas_folder(const char * setting, const char * own);

/**
 * schemas_find(folder, table, bad):
 * The path of the file of ${folder} whose x-source names ${table}, or that is
 * called TABLE.json and can't be read.  NULL if there is none; to be freed.
 * Then point ${bad}, if not NULL, to the path of what can't be read and may
 * hide it, the folder or a file of any name, to be freed; else to NULL.
 */
char * schemas_find(const char * folder, const char * table, char ** bad);

/**
 * schemas_collection(path):
 * The collection that the schema file ${path} names in x-target, to be freed;
 * NULL if it names none.
 */
char * schemas_collection(const char * path);

/* The same of x-deletes: what becomes of documents of deleted rows. */
char * schemas_deletes(const char * path);

/* The same of the column in x-soft-delete: what says that rows are deleted. */
char * schemas_soft_delete(const char * path);

#endif /* !SCHEMAS_H_ */
