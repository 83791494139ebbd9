#ifndef OPTIONS_H_
#define OPTIONS_H_

#include <stddef.h>
#include <stdint.h>

#include "../common/quota.h"
#include "../common/settings.h"

#include "deletes.h"
#include "plan.h"
#include "resolve.h"

/*
 * The command line and the settings of load.
 */
struct options {
	const char * ack;	/* NULL: standard output */
	const char * rejects;	/* NULL: a bad record is the end */
	const char * conflicts;	/* NULL: to the log only */
	const char * env_file;
	struct quota quota;	/* --max-rejects */
	int has_quota;
	enum resolve_policy policy;
	int look_first;		/* --conflict-log all */
	struct plan_options plan;
	int allow_dropped;
	int allow_open;
	int activate;		/* ACTIVATE_VERSION */
	int dry_run;
	int report;		/* counts before acknowledgements */
	int check;		/* reach the server, read nothing */
	int json;		/* print what was found so */
	char ** stream;		/* --check: "stream" or "stream=collection" */
	size_t nstream;
	int verify;		/* compare instead of writing */
	int repair;		/* and write what has lasted */
	int values;		/* print the documents, too */
	const char * resume;	/* its checkpoint, or NULL */
	uint64_t rate;		/* documents a second; 0: no limit */
	uint64_t sample;	/* compare so many rows; 0: all */
	uint64_t generations;	/* looks until a difference counts */
	int insecure;
	size_t max_line;

	struct settings * settings;
	const char * uri;
	const char * database;	/* NULL: the one in the URI */
	const char * compressors;	/* NULL: those in the URI */
	size_t batch;
	size_t connections;
	uint64_t max_retries, retry_delay;
	int uri_from_environment;
	struct settings * reloaded;
};

/**
 * options_parse(opt, argc, argv):
 * Fill ${opt}.  Mistakes and --help end the program.
 */
void options_parse(struct options * opt, int argc, char * argv[]);

/**
 * options_reload_uri(opt):
 * Read MONGODB_URI again, from its file or from .env.  Return it if it is
 * another one now, else NULL.
 */
const char * options_reload_uri(struct options * opt);

/* The collection that the settings give a stream, or NULL. */
const char * options_collection(const struct options * opt,
    const char * stream);

/**
 * options_deletes(opt, stream, deletes):
 * Store what the settings say of a stream's deleted rows, if they say it.
 * Return 0, or -1 after a report.
 */
int options_deletes(const struct options * opt, const char * stream,
    enum deletes * deletes);

void options_free(struct options * opt);

#endif /* !OPTIONS_H_ */
