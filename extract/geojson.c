#include <math.h>
#include <stdint.h>
#include <string.h>

#include "cell.h"

#include "geojson.h"

/* A record holds at most 90 levels; a geometry of a collection takes two. */
#define COLLECTION_DEPTH_MAX	40

enum { POINT = 1, LINESTRING, POLYGON, MULTIPOINT, MULTILINESTRING,
	MULTIPOLYGON, COLLECTION };

struct wkb {
	const unsigned char * p;
	const unsigned char * end;
	int big_endian;		/* of the geometry that is being read */
	const char * why;	/* the first thing found wrong */
};

static int
wrong(struct wkb * w, const char * why)
{

	w->why = why;
	return (-1);
}

static int
get_u32(struct wkb * w, uint32_t * out)
{
	const unsigned char * p = w->p;

	if (w->end - p < 4)
		return (wrong(w, "a geometry that is cut off"));
	if (w->big_endian)
		*out = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
		    (uint32_t)p[2] << 8 | p[3];
	else
		*out = (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 |
		    (uint32_t)p[1] << 8 | p[0];
	w->p += 4;
	return (0);
}

static int
get_double(struct wkb * w, double * out)
{
	uint32_t a, z;
	uint64_t bits;

	if (w->end - w->p < 8)
		return (wrong(w, "a geometry that is cut off"));
	if (get_u32(w, &a) == -1 || get_u32(w, &z) == -1)
		return (-1);
	bits = w->big_endian ? (uint64_t)a << 32 | z : (uint64_t)z << 32 | a;
	memcpy(out, &bits, 8);
	return (0);
}

/* The byte order and the type in front of each geometry. */
static int
get_head(struct wkb * w, uint32_t * type)
{

	if (w->p == w->end)
		return (wrong(w, "a geometry that is cut off"));
	if (*w->p > 1)
		return (wrong(w, "a geometry of unknown byte order"));
	w->big_endian = (*w->p++ == 0);
	return (get_u32(w, type));
}

/* Two coordinates. */
static int
put_pair(struct buf * b, struct wkb * w)
{
	double x, y;

	if (get_double(w, &x) == -1 || get_double(w, &y) == -1)
		return (-1);
	if (isnan(x) && isnan(y)) {
		/* How WKB says POINT EMPTY. */
		buf_puts(b, "[]");
		return (0);
	}
	if (!isfinite(x) || !isfinite(y))
		return (wrong(w, "a coordinate that JSON can't hold"));
	buf_putc(b, '[');
	cell_double(b, x);
	buf_putc(b, ',');
	cell_double(b, y);
	buf_putc(b, ']');
	return (0);
}

/*
 * The coordinates of a geometry of ${type} behind its head: a list of lists
 * down to the points.  The parts of a MULTI... have a head each.
 */
static int
put_coordinates(struct buf * b, struct wkb * w, uint32_t type)
{
	uint32_t i, n, part;

	if (type == POINT)
		return (put_pair(b, w));
	if (get_u32(w, &n) == -1)
		return (-1);
	buf_putc(b, '[');
	for (i = 0; i < n; i++) {
		if (i != 0)
			buf_putc(b, ',');
		if (type == LINESTRING)
			part = POINT;
		else if (type == POLYGON)
			part = LINESTRING;
		else {
			if (get_head(w, &part) == -1)
				return (-1);
			if (part != type - MULTIPOINT + POINT)
				return (wrong(w, "a geometry of wrong parts"));
		}
		if (put_coordinates(b, w, part) == -1)
			return (-1);
	}
	buf_putc(b, ']');
	return (0);
}

static int
put_geometry(struct buf * b, struct wkb * w, int depth)
{
	static const char * const name[] = { "", "Point", "LineString",
	    "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon",
	    "GeometryCollection" };
	uint32_t i, n, type;

	if (get_head(w, &type) == -1)
		return (-1);
	if (type < POINT || type > COLLECTION)
		return (wrong(w, "a geometry of unknown type"));
	buf_puts(b, "{\"type\":\"");
	buf_puts(b, name[type]);
	if (type != COLLECTION) {
		buf_puts(b, "\",\"coordinates\":");
		if (put_coordinates(b, w, type) == -1)
			return (-1);
		buf_putc(b, '}');
		return (0);
	}
	if (depth == COLLECTION_DEPTH_MAX)
		return (wrong(w, "a geometry that is nested too deeply"));
	if (get_u32(w, &n) == -1)
		return (-1);
	buf_puts(b, "\",\"geometries\":[");
	for (i = 0; i < n; i++) {
		if (i != 0)
			buf_putc(b, ',');
		if (put_geometry(b, w, depth + 1) == -1)
			return (-1);
	}
	buf_puts(b, "]}");
	return (0);
}

const char *
geojson_put(struct buf * b, const char * p, size_t n)
{
	struct wkb w = { (const void *)p, (const unsigned char *)p + n, 0,
	    NULL };

	if (n < 4)
		return ("a geometry that is cut off");
	w.p += 4;
	if (put_geometry(b, &w, 0) == -1)
		return (w.why);
	if (w.p != w.end)
		return ("a geometry with bytes behind its end");
	return (NULL);
}
