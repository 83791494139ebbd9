#ifndef DIGEST_H_
#define DIGEST_H_

#include <stddef.h>
#include <stdint.h>

/*
 * SHA-256, for the chain of the audit file and for comparing tokens.  The
 * only module that knows libsodium.
 */
#define DIGEST_LEN	32
#define DIGEST_HEX	64

/**
 * digest_chain(prev, p, n, out):
 * Store in ${out} the SHA-256 of the ${DIGEST_LEN} bytes ${prev}, of ${n} as
 * eight bytes, the highest first, and of the ${n} bytes ${p}.  ${prev} and
 * ${out} may be the same.
 */
void digest_chain(const uint8_t * prev, const void * p, size_t n,
    uint8_t * out);

/* Store DIGEST_HEX digits and a NUL. */
void digest_hex(const uint8_t * digest, char * dst);

/**
 * digest_same_text(a, na, b, nb):
 * Nonzero if the two secrets are equal.  How long that takes tells nothing
 * about where they differ.
 */
int digest_same_text(const char * a, size_t na, const char * b, size_t nb);

#endif /* !DIGEST_H_ */
