#ifndef REGEX_H_
#define REGEX_H_

#include <stddef.h>

#include "../common/buf.h"

/*
 * Perl-compatible regular expressions on UTF-8 text, compiled once.  As in
 * JSON Schema a pattern may match anywhere, and `$' is the very end.
 */
struct regex;

/**
 * regex_new(p, n, err, size):
 * Compile the pattern of ${n} bytes ${p}.  Return NULL with a message in
 * ${err} of ${size} bytes if it isn't one.
 */
struct regex * regex_new(const char * p, size_t n, char * err, size_t size);
void regex_free(struct regex * re);

/* The number of groups in the pattern. */
unsigned regex_groups(const struct regex * re);

/**
 * regex_match(re, p, n):
 * Return 1 if the ${n} bytes of valid UTF-8 ${p} match, 0 if not, -1 if that
 * took more steps or memory than any sensible pattern takes.
 */
int regex_match(struct regex * re, const char * p, size_t n);

/**
 * regex_replace(re, p, n, with, nwith, out):
 * Store the text ${p} with every match replaced by ${with}, in which $1 is
 * the first group and $$ a dollar sign, in ${out}.  Return 0, or -1 as
 * regex_match(), or if ${with} names a group that isn't there.
 */
int regex_replace(struct regex * re, const char * p, size_t n,
    const char * with, size_t nwith, struct buf * out);

#endif /* !REGEX_H_ */
