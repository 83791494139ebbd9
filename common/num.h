#ifndef NUM_H_
#define NUM_H_

#include <stdint.h>

/**
 * num_u64(s, min, max, out):
 * Read all of ${s} as an unsigned decimal number within [${min}, ${max}].
 * Return 0, or -1 if it is anything else; ${out} is then unchanged.
 */
int num_u64(const char * s, uint64_t min, uint64_t max, uint64_t * out);

/**
 * num_duration(s, out_us):
 * Read all of ${s} as a duration: a decimal number, which may have a
 * fraction, with the unit us, ms, s, m, h or d; without a unit, seconds.
 * Store microseconds.  Return 0, or -1.
 */
int num_duration(const char * s, uint64_t * out_us);

#endif /* !NUM_H_ */
