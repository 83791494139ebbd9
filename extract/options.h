#ifndef OPTIONS_H_
#define OPTIONS_H_

#include <stddef.h>
#include <stdint.h>

#include "../common/settings.h"
#include "cell.h"
#include "source.h"

/*
 * The command line and the settings of extract.
 */
enum options_mode { MODE_EXTRACT, MODE_DISCOVER, MODE_COUNT, MODE_CHECK,
	MODE_RANGES };

struct options {
	enum options_mode mode;
	const char * const * table;	/* arguments, else SYNC_TABLES */
	size_t ntable;

	const char * env_file;	/* NULL: .env, if there is one */
	const char * only;	/* file with the keys of rows, or NULL */
	const char * state;	/* file with the bookmarks, or NULL */
	const char * key;	/* columns, or NULL */
	const char * change;	/* column, or NULL */
	const char * where;	/* condition, or NULL */
	const char * from_key;	/* whole numbers, or NULL: see range.h */
	const char * to_key;
	uint64_t ranges;	/* MODE_RANGES: so many */
	struct buf range;	/* the condition that they make */
	int full;
	int json;		/* --count prints JSON */
	int insecure;
	int has_since;
	int64_t since_us;	/* microseconds since 1970, UTC */
	int follow;
	int server_only;	/* --check without the tables */
	int report;		/* more events, for programs */
	int rounds;		/* a round for each line of standard input */
	uint64_t follow_us;	/* from one round to the next */
	uint64_t page_size;	/* rows */
	uint64_t nulls_us;	/* rows without change time: how often */
	uint64_t lag_us;	/* bound without the privilege PROCESS */
	const char * on_drift;	/* --on-drift, or NULL */
	int go_on;		/* --on-drift: don't read all rows again */
	uint64_t settle_us;	/* wait this long for what was just changed */
	struct cell_env cell;	/* --zero-dates, --on-bad-text, offset */

	struct settings * settings;
	struct source_options source;
};

/**
 * options_parse(opt, argc, argv):
 * Fill ${opt}; the strings in it last as long as it.  Mistakes, --help and
 * --version end the program.
 */
void options_parse(struct options * opt, int argc, char ** argv);
void options_free(struct options * opt);

#endif /* !OPTIONS_H_ */
