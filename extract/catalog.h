#ifndef CATALOG_H_
#define CATALOG_H_

#include <stddef.h>
#include <stdint.h>

#include "../common/buf.h"
#include "cell.h"
#include "source.h"

/*
 * What information_schema says of the tables, and what follows from it: how
 * each column is read, which columns are the key, which one shows changes.
 */
#define CATALOG_KEY_MAX	32	/* columns in an index, on either server */
#define CATALOG_NONE	SIZE_MAX

struct catalog_column {
	char * name;
	char * data_type;	/* "bigint", in lower case */
	char * column_type;	/* "bigint(20) unsigned"; "json" for MariaDB's
				 * JSON, too */
	char * charset;		/* NULL if it is no text */
	char * collation;
	int nullable;
	int is_unsigned;
	uint64_t max_length;	/* characters; 0 if it doesn't apply */
	unsigned precision;	/* DECIMAL; bits of BIT */
	unsigned scale;
	unsigned fraction;	/* decimals of the seconds */
	int on_update;		/* ON UPDATE CURRENT_TIMESTAMP */
	int on_insert;		/* DEFAULT CURRENT_TIMESTAMP */
	char * generated;	/* the expression it is made of, or NULL */
	enum cell_kind kind;
	int strange;		/* a type that we don't know: read as text */
	char ** member;		/* ENUM and SET: decoded */
	size_t nmember;
	int members_unsure;	/* one may have lost letters (see catalog.c) */
};

struct catalog_index {
	char * name;
	int unique;
	int plain;		/* whole columns, ascending, visible */
	int nullable;		/* a column may be NULL */
	size_t column[CATALOG_KEY_MAX];
	size_t ncolumn;
};

/*
 * What tells a table from what it was: none of it says what has changed, but
 * all of it stays as it is while nothing changes.
 */
struct catalog_identity {
	uint64_t digest;	/* of its definition */
	uint64_t partitions;	/* of how it is divided; 0: not at all */
	uint64_t ids;		/* of InnoDB's numbers for it, which are new
				 * ones when it is emptied or made anew; 0: not
				 * known */
	char made[24];		/* when it was made or altered last; "": not
				 * known */
};

struct catalog_table {
	char * name;
	int is_view;
	int innodb;
	uint64_t rows;		/* the server's estimate */
	struct catalog_identity identity;
	size_t hidden;		/* columns that we may not SELECT: left out */
	struct catalog_column * column;
	size_t ncolumn;
	struct catalog_index * index;
	size_t nindex;

	/* What catalog_choose() chose. */
	size_t key[CATALOG_KEY_MAX];	/* columns, in the order of an index */
	size_t nkey;			/* 0: there is none */
	size_t key_index;		/* or CATALOG_NONE */
	int key_unproven;		/* no unique index vouches for it */
	size_t change;			/* column, or CATALOG_NONE */
	size_t change_index;		/* one over (change, key), or
					 * CATALOG_NONE */
	int only_inserts;		/* change is a creation time */
};

struct catalog {
	struct catalog_table * table;
	size_t ntable;
	size_t last;		/* found last; used while reading */
};

/**
 * catalog_read(s, name, cat):
 * Read about the table ${name}, or, if it is NULL, about all tables and
 * views of the database.  Store in ${cat} what was found, perhaps no table,
 * freed with catalog_free().  Return as source_ask().
 */
enum source_rc catalog_read(struct source * s, const char * name,
    struct catalog ** cat);
void catalog_free(struct catalog * cat);

/**
 * catalog_digest(s, t, id):
 * Store the digest of the definition of ${t} in ${id}, and that of its
 * partitions; cheap enough to be asked after every page.  Return as
 * source_ask().
 */
enum source_rc catalog_digest(struct source * s,
    const struct catalog_table * t, struct catalog_identity * id);

/**
 * catalog_identify(s, t, id):
 * The same, and the rest of ${id}: a few times as dear.
 */
enum source_rc catalog_identify(struct source * s,
    const struct catalog_table * t, struct catalog_identity * id);

/*
 * The pure part.
 */

/**
 * catalog_type(c):
 * From data_type, column_type and the numbers of ${c}, set its kind, its
 * members, and what else follows.
 */
void catalog_type(struct catalog_column * c);

/**
 * catalog_choose(t, key, change, why):
 * Choose the key and the change column of ${t}.  ${key} names the columns of
 * the key with commas between, ${change} the change column; NULL leaves it
 * to the catalog: the primary key, else a unique index without NULLs;
 * updated_at, else created_at, of type TIMESTAMP or DATETIME.  Return 0, or
 * append to ${why} what stands in the way and what to do, and return -1.
 */
int catalog_choose(struct catalog_table * t, const char * key,
    const char * change, struct buf * why);

/* The column ${name}, in any case of letters, or CATALOG_NONE. */
size_t catalog_column(const struct catalog_table * t, const char * name);

/* Append the names of the columns of the key, with ", " between. */
void catalog_key_names(const struct catalog_table * t, struct buf * b);

/**
 * catalog_same(a, b):
 * Nonzero if both have the same key columns and change column, by name, so
 * that a position in one is one in the other.
 */
int catalog_same(const struct catalog_table * a,
    const struct catalog_table * b);

#endif /* !CATALOG_H_ */
