#ifndef PROPOSE_H_
#define PROPOSE_H_

#include "../common/buf.h"
#include "../common/log.h"

#include "schemafile.h"

/*
 * What a schema file should become, so that it fits the columns of its
 * stream: a proposal, which a person has to look at.  Pure, but for the log.
 */

/**
 * propose(sf, line, n, level, out):
 * Compare ${sf} with the SCHEMA message of ${n} bytes ${line}.  Each change is
 * logged with ${level} and the code schema_drift.  Append the changed text of
 * the file to ${out}, unless it is NULL.  Return the number of changes.
 */
size_t propose(const struct schemafile * sf, const char * line, size_t n,
    enum log_level level, struct buf * out);

/**
 * propose_new(line, n, out):
 * Append a schema file for a stream that has none.
 */
void propose_new(const char * line, size_t n, struct buf * out);

#endif /* !PROPOSE_H_ */
