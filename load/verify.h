#ifndef VERIFY_H_
#define VERIFY_H_

#include "loader.h"

/*
 * --verify: instead of being written, what would be written is compared with
 * what is there.  The differences go to standard output, a JSON object a
 * line; extract reads their rows again from there.
 *
 * Functions return the program's exit code, EXIT_DONE to go on.
 */
struct verify;

/**
 * verify_open(ld, rc):
 * Begin, or go on where the checkpoint of --resume stands.  Return NULL after
 * a report, with the exit code in ${rc}.
 */
struct verify * verify_open(struct loader * ld, int * rc);
void verify_free(struct verify * v);

/* The table ${t} has the SCHEMA of ${n} bytes ${line} from now on. */
int verify_schema(struct verify * v, struct table * t, const char * line,
    size_t n);

/**
 * verify_sample(v, r):
 * With --sample, keep the row ${r} for later, or leave it out.  Return nonzero
 * if that was done.
 */
int verify_sample(struct verify * v, const struct record * r);

/**
 * verify_batch(v, t, b):
 * Compare all writes that wait in ${b}, a batch of ${t}, and empty it.  With
 * --repair, write those whose difference has lasted.
 */
int verify_batch(struct verify * v, struct table * t, struct batch * b);

/* A STATE counts what was left out on the way. */
void verify_left_out(struct verify * v, uint64_t rejected,
    uint64_t filtered);

/* All before the STATE with the value ${p} of ${n} bytes is compared. */
int verify_state(struct verify * v, const char * p, size_t n);

/**
 * verify_end(v):
 * The input has come to a proper end: look for documents without a row, where
 * all rows were seen, and sum up.  Return EXIT_DIFFERENT if there are
 * differences that count.
 */
int verify_end(struct verify * v);

#endif /* !VERIFY_H_ */
