#ifndef REJECT_H_
#define REJECT_H_

#include <stdint.h>

#include "record.h"

/*
 * The file that records go to which a stage can't take: itself a stream of
 * messages that the stage takes again after the fix.  A rejected message is
 * the original one with one more member in its envelope,
 *	"reject":{"stage":"load","rule":"maxLength","reason":"...","line":12}
 * and the SCHEMA that it came under stands before the first of each stream
 * and whenever it has changed.  {"type":"STATE","value":null} at the end of
 * each run closes the stream without moving any position.
 */
struct reject;

/**
 * reject_open(path, stage):
 * Append to the file ${path}, made with mode 0600, for the program ${stage}.
 * A torn last line, left by a crash, is cut off: its record was not yet
 * acknowledged and comes again.  Refused if standard input or output is the
 * same file, another program writes to it, or it holds something else; a
 * device as /dev/null is taken.  Return NULL after a report.
 */
struct reject * reject_open(const char * path, const char * stage);

/**
 * reject_schema(rj, stream, line, n):
 * The SCHEMA message now in force for ${stream} (NUL-terminated name) is the
 * ${n} bytes ${line}; copied, and written when a record of it is rejected.
 */
void reject_schema(struct reject * rj, const char * stream,
    const char * line, size_t n);

/**
 * reject_record(rj, stream, line, n, rule, reason, number):
 * Write the message of ${n} bytes ${line} (a JSON object), read as line
 * ${number}, with the ${rule} that refused it and the ${reason} in words.
 * An earlier `reject` member of the message is replaced.  Return 0, or -1
 * after a report.
 */
int reject_record(struct reject * rj, const char * stream,
    const char * line, size_t n, const char * rule, const char * reason,
    uint64_t number);

/**
 * reject_sync(rj):
 * Make what was written durable, if anything was since the last call.
 * Return 0, or -1 after a report.  To be called before a STATE passes.
 */
int reject_sync(struct reject * rj);

/* Close the stream, sync, release ${rj}.  Return 0, or -1 after a report. */
int reject_close(struct reject * rj);

#endif /* !REJECT_H_ */
