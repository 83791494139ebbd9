#ifndef BASE64_H_
#define BASE64_H_

#include <stddef.h>

/**
 * base64_decode(p, n, dst, len):
 * Decode the ${n} bytes ${p} of base64 (RFC 4648, with padding, without
 * anything else in between, unused bits zero) to ${dst}, which has room for
 * n / 4 * 3 bytes, and store how many there are in ${len}.  Return 0, or -1
 * if it isn't base64.
 */
int base64_decode(const char * p, size_t n, char * dst, size_t * len);

#endif /* !BASE64_H_ */
