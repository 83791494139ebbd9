#ifndef DECIMAL128_H_
#define DECIMAL128_H_

#include <stddef.h>
#include <stdint.h>

/*
 * Decimal text to the 16 bytes of BSON's Decimal128 (IEEE 754-2008, binary
 * coefficient), exactly or not at all.
 */
#define DECIMAL128_SIZE		16
#define DECIMAL128_DIGITS	34

enum decimal128_result {
	DECIMAL128_OK = 0,
	DECIMAL128_SYNTAX = -1,	/* no decimal number */
	DECIMAL128_RANGE = -2	/* can't be held without rounding */
};

/**
 * decimal128_parse(p, n, out):
 * Read all of the ${n} bytes ${p}: an optional sign, digits with at most one
 * point among them, an optional exponent.  Digits behind the point are kept,
 * zeros too ("1.50" stays 1.50), unless there are more than 34 digits and
 * zeros can be left out.  Store 16 bytes, little endian, at ${out}.
 */
enum decimal128_result decimal128_parse(const char * p, size_t n,
    uint8_t * out);

/**
 * decimal128_int64(p, n, out):
 * If the number in the text is whole and fits, as "10", "1e1" and "10.0"
 * are, store it and return 0; else return -1.
 */
int decimal128_int64(const char * p, size_t n, int64_t * out);

/**
 * decimal128_double(p, n, out):
 * Store in ${out} the double that is nearest to the number in the text.
 * Return 0 if it stands for the same number: printed with as many digits as
 * the text has, it is the text again.  Return -1 if digits would be lost, or
 * the text is no number.
 */
int decimal128_double(const char * p, size_t n, double * out);

#endif /* !DECIMAL128_H_ */
