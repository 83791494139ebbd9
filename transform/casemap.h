#ifndef CASEMAP_H_
#define CASEMAP_H_

#include <stddef.h>
#include <stdint.h>

/**
 * casemap(c, upper):
 * The upper (or lower) case of the code point ${c} by Unicode's simple
 * mapping, one code point to one: the same on every machine and in every
 * locale.  ${c} itself if it has none.
 */
uint32_t casemap(uint32_t c, int upper);

#define CASEMAP_GROWTH	2	/* so many times longer at most */

/**
 * casemap_text(p, n, upper, dst):
 * Map ${n} bytes of UTF-8 to ${dst}, with room for CASEMAP_GROWTH * n bytes.
 * Return the length.
 */
size_t casemap_text(const char * p, size_t n, int upper, char * dst);

#endif /* !CASEMAP_H_ */
