#ifndef SETTINGS_H_
#define SETTINGS_H_

#include <stddef.h>
#include <stdint.h>

#include "buf.h"

/*
 * Settings: from the environment, else from `.env` in the working directory
 * or the file given with --env-file, else the default.  A program lists those
 * it uses in one table, which also is what --help prints.
 *
 * .env: lines of NAME=value; '#' starts a comment line; a value may stand in
 * single quotes (as it is) or double quotes (\n, \t, \", \\, \$ known);
 * `export ` before a name is passed over; other names are left alone; nothing
 * is expanded.  The values never enter the environment.
 *
 * A secret NAME can be given as NAME_FILE instead, the name of a file that
 * holds it (a newline at its end is cut): a regular file of ours or root's
 * that only its owner can read.  Giving both is an error.  A .env that holds
 * a secret has to be as private.  The environment's copy of a secret is
 * overwritten and removed once it is read.
 */
enum setting_kind {
	SETTING_TEXT,		/* any text */
	SETTING_SECRET,		/* text that is never shown; NAME_FILE works */
	SETTING_UINT,		/* a whole number within [min, max] */
	SETTING_LIST		/* names separated by commas */
};

struct setting {
	const char * name;	/* NULL ends a table */
	enum setting_kind kind;
	const char * dflt;	/* NULL: none */
	uint64_t min, max;	/* SETTING_UINT */
	const char * help;	/* a few words for --help */
};

struct settings;

/**
 * settings_load(table, env_file):
 * Read the settings of ${table}.  ${env_file} NULL means `.env` if there is
 * one; a named file has to be there.  An unset and an empty value are the
 * same, except for an empty secret in the environment, which is an empty
 * password.  Return NULL if a value is bad, with a report of every bad one:
 * the variable, the value (not a secret's), and what is allowed.  Freed with
 * settings_free(), which overwrites the secrets.  With a SETTING_SECRET in the
 * table the process hides its memory: no core files, no looking in.
 */
struct settings * settings_load(const struct setting * table,
    const char * env_file);
void settings_free(struct settings * s);

/* The value of a setting in the table, or NULL if unset without default. */
const char * settings_text(const struct settings * s, const char * name);
uint64_t settings_uint(const struct settings * s, const char * name);

/**
 * settings_list(s, name, n):
 * The names in a SETTING_LIST, spaces around them cut; ${n} counts them.
 */
const char * const * settings_list(const struct settings * s,
    const char * name, size_t * n);

/**
 * settings_of_stream(s, prefix, stream, suffix):
 * The value of PREFIX + name of the stream + SUFFIX, such as
 * SYNC_ORDERS_COLLECTION, or NULL if unset.  In the variable's name the
 * stream's is in upper case, and what is no letter or digit is '_'.
 */
const char * settings_of_stream(const struct settings * s,
    const char * prefix, const char * stream, const char * suffix);

/* Append the table to ${b} as it stands in --help. */
void settings_help(const struct setting * table, struct buf * b);

#endif /* !SETTINGS_H_ */
