#ifndef VERIFY_FILE_H_
#define VERIFY_FILE_H_

#include <stddef.h>
#include <stdint.h>

#include "../common/buf.h"

#include "digest.h"

/*
 * What --verify keeps until it is done: the differences found, the digests of
 * the keys seen, and, with --resume FILE, how far it has come:
 *
 *	FILE		two lines: our own sums; the value of the last STATE,
 *			where extract --state FILE finds it
 *	FILE.keys	digests, DIGEST_LEN bytes each
 *	FILE.found	the lines for standard output
 *
 * What stands in the latter two behind the lengths that FILE tells is cut
 * off.  Without --resume the digests are in a file without a name, and the
 * lines go to standard output at once.
 */
struct verify_file;

struct verify_sums {
	uint8_t secret[DIGEST_SECRET];	/* of the keys' digests */
	uint64_t keys, lines;		/* lengths of the two files */
	uint64_t compared;
	uint64_t missing, different, extra;
	uint64_t counted;		/* of them, those that count */
	uint64_t foreign;		/* extra, and not load's */
	uint64_t mended;		/* sent to be written */
	uint64_t rejected, filtered;	/* rows that didn't come */
	uint64_t marked, ignored;	/* without a row, as they should be */
	int64_t oldest_us;		/* the first look at the oldest, or 0 */
	struct buf whole;		/* names of streams of which all rows
					 * come, each with a NUL */
};

/**
 * verify_file_open(path, sums, busy):
 * ${path} is that of --resume, or NULL.  Fill ${sums} from the checkpoint, if
 * there is one.  Return NULL after a report; ${busy} tells whether it is only
 * that somebody else uses the checkpoint.
 */
struct verify_file * verify_file_open(const char * path,
    struct verify_sums * sums, int * busy);
void verify_file_free(struct verify_file * f);

/* Nonzero if there was a checkpoint to go on from. */
int verify_file_resumed(const struct verify_file * f);

/* Forget all: it begins anew.  Return 0 or -1, as all of these. */
int verify_file_reset(struct verify_file * f, struct verify_sums * sums);

/* Add a digest; add the line ${p} of ${n} bytes, with its newline. */
int verify_file_key(struct verify_file * f, const uint8_t * digest);
int verify_file_line(struct verify_file * f, const char * p, size_t n);

/* All up to the STATE value ${p} of ${n} bytes is done. */
int verify_file_save(struct verify_file * f, struct verify_sums * sums,
    const char * p, size_t n);

/* Call ${each} with every digest, until it returns nonzero (then -1). */
int verify_file_keys(struct verify_file * f,
    int (* each)(void * arg, const uint8_t * digest), void * arg);

/* All is done: the lines to standard output, and the files away. */
int verify_file_end(struct verify_file * f);

#endif /* !VERIFY_FILE_H_ */
