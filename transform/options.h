#ifndef OPTIONS_H_
#define OPTIONS_H_

#include <stddef.h>
#include <stdint.h>

#include "../common/quota.h"

/*
 * The command line and the settings of transform.
 */
enum mode { MODE_FILTER, MODE_CHECK, MODE_VALIDATOR, MODE_PROPOSE };

struct options {
	enum mode mode;
	char ** file;		/* -s, or the files of --check */
	size_t nfile;
	char * folder;		/* --schemas, SYNC_SCHEMAS, or one that is
				 * there; NULL: none */
	const char * rejects;	/* NULL: a bad record is the end */
	struct quota quota;	/* --max-rejects */
	int allow_dropped;
	int report;		/* rejects so far, before a STATE */
	size_t max_line;
};

/**
 * options_parse(opt, argc, argv):
 * Fill ${opt}.  Mistakes and --help end the program.
 */
void options_parse(struct options * opt, int argc, char * argv[]);
void options_free(struct options * opt);

#endif /* !OPTIONS_H_ */
