#ifndef JSONW_H_
#define JSONW_H_

#include <stdint.h>

#include "../common/buf.h"

/*
 * Writing JSON: who calls names the members, commas and escapes come by
 * themselves.  In an array ${name} is NULL.
 */
#define JSONW_DEPTH	16

struct jsonw {
	struct buf * b;		/* where the text goes; the caller's */
	unsigned depth;
	char close[JSONW_DEPTH];	/* the bracket that ends each level */
	char more[JSONW_DEPTH];	/* a comma is due */
};

/* Append to ${b}, beginning with a value at the top. */
void jsonw_init(struct jsonw * w, struct buf * b);

void jsonw_object(struct jsonw * w, const char * name);
void jsonw_array(struct jsonw * w, const char * name);
void jsonw_end(struct jsonw * w);

/* NULL is null.  Bytes that are no UTF-8 become U+FFFD. */
void jsonw_text(struct jsonw * w, const char * name, const char * text);
void jsonw_i64(struct jsonw * w, const char * name, int64_t v);
void jsonw_u64(struct jsonw * w, const char * name, uint64_t v);
void jsonw_bool(struct jsonw * w, const char * name, int v);
void jsonw_null(struct jsonw * w, const char * name);

/* A number as it stands in ${text}, or any other JSON text. */
void jsonw_raw(struct jsonw * w, const char * name, const char * text);

/* Microseconds since 1970 as "2026-01-02T03:04:05.678901Z"; 0 is null. */
void jsonw_time(struct jsonw * w, const char * name, int64_t us);

/* Microseconds as seconds with their decimals; negative is null. */
void jsonw_seconds(struct jsonw * w, const char * name, int64_t us);

/* Append ${us} in units of ${unit} us, without needless zeros: "0.25". */
void jsonw_put_fraction(struct buf * b, int64_t us, int64_t unit);

#endif /* !JSONW_H_ */
