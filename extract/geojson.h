#ifndef GEOJSON_H_
#define GEOJSON_H_

#include <stddef.h>

#include "../common/buf.h"

/**
 * geojson_put(b, p, n):
 * Append the geometry of ${n} bytes ${p}, as MySQL stores it (four bytes of
 * SRID, then well-known binary), to ${b} as GeoJSON: x before y, which for a
 * geographic SRS is longitude before latitude.  The SRID is left out, as RFC
 * 7946 has it.  Return NULL, or what is wrong (a constant).
 */
const char * geojson_put(struct buf * b, const char * p, size_t n);

#endif /* !GEOJSON_H_ */
