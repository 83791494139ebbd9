#ifndef BLIND_H_
#define BLIND_H_

#include "catalog.h"
#include "cell.h"
#include "source.h"

/*
 * What changes rows of a table without its change column saying so: to be
 * found at the start, said, and left to a comparison of all rows.
 */
struct blind {
	int cascades;		/* foreign keys change or empty its fields */
	int hidden;		/* maybe: its definition isn't shown */
	int zone;		/* DATETIME by another clock than it is
				 * taken for, for a part of the year */
	int folded_key;		/* keys that are other letters are one */
	int padded_key;		/* the same of spaces at the end */
};

/**
 * blind_find(s, t, env, b):
 * Look at the table ${t}, whose key and change column are chosen.  Return as
 * source_ask().
 */
enum source_rc blind_find(struct source * s, const struct catalog_table * t,
    const struct cell_env * env, struct blind * b);

/* Nonzero if the definition ${p}, as SHOW CREATE TABLE has it, names foreign
 * keys that change or delete rows of the table. */
int blind_cascades(const char * p);

/* Nonzero if fields of the column that differ in case only are equal, or in
 * how a letter is composed. */
int blind_folds(const struct catalog_column * c);

/* The same of those that differ in spaces at the end only. */
int blind_pads(const struct catalog_column * c);

#endif /* !BLIND_H_ */
