#ifndef DIGEST_H_
#define DIGEST_H_

#include <stddef.h>
#include <stdint.h>

/*
 * Keyed digests of 128 bits (SipHash-2-4): short enough to keep one for each
 * row of a table, and not to be steered by whoever chooses the rows.  Pure.
 */
#define DIGEST_LEN	16
#define DIGEST_SECRET	16

/**
 * digest_make(secret, p, n, out):
 * Store at ${out} the DIGEST_LEN bytes for the ${n} bytes ${p} under the
 * DIGEST_SECRET bytes ${secret}.
 */
void digest_make(const uint8_t * secret, const void * p, size_t n,
    uint8_t * out);

/* Store ${n} bytes as 2 * n hexadecimal digits at ${dst}; no NUL. */
void digest_hex(const uint8_t * p, size_t n, char * dst);

/* The other way.  Return 0, or -1 if they are no 2 * ${n} digits. */
int digest_unhex(const char * p, size_t len, uint8_t * dst, size_t n);

#endif /* !DIGEST_H_ */
