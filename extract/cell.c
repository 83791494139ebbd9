#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/linein.h"
#include "../common/scan.h"
#include "../common/timestamp.h"
#include "cell_fast.h"
#include "geojson.h"

#include "cell.h"

/* RECORD and its record stand around a value of a JSON column. */
#define JSON_DEPTH_MAX	(SCAN_DEPTH_MAX - 2)

#define NO_DATE		"a date that the calendar doesn't have"
#define BAD_TEXT	"text that isn't valid UTF-8"

/* Append text that may be broken, U+FFFD for each byte that is. */
static void
put_replaced(struct buf * b, const char * p, size_t n)
{
	struct buf good = { NULL, 0, 0 };
	const char * end = p + n;
	size_t len;

	while (p < end) {
		for (len = 1; len <= 4 && len <= (size_t)(end - p); len++) {
			if (scan_utf8(p, len, NULL))
				break;
		}
		if (len > 4 || len > (size_t)(end - p)) {
			buf_puts(&good, "\xef\xbf\xbd");
			len = 1;
		} else
			buf_put(&good, p, len);
		p += len;
	}
	(void)scan_put_text(b, good.p, good.n);
	buf_free(&good);
}

/* Text with anything in it. */
static const char * __attribute__((noinline))
put_any_text(struct buf * b, struct cell_env * env, const char * p, size_t n)
{

	if (scan_put_text(b, p, n) == 0)
		return (NULL);
	if (!env->replace)
		return (BAD_TEXT);
	env->bad_texts++;
	put_replaced(b, p, n);
	return (NULL);
}

static inline const char *
put_text(struct buf * b, struct cell_env * env, const char * p, size_t n)
{
	char * d = buf_room(b, n + FAST_ROOM);

	d[0] = '"';
	if (!fast_text(d + 1, p, n))
		return (put_any_text(b, env, p, n));
	d[n + 1] = '"';
	b->n += n + 2;
	return (NULL);
}

/* Text of digits and signs, in quotes. */
static inline void
put_quoted(struct buf * b, const char * p, size_t n)
{
	char * d = buf_room(b, n + 2);

	d[0] = '"';
	memcpy(d + 1, p, n);
	d[n + 1] = '"';
	b->n += n + 2;
}

/* Cut the zeros of ZEROFILL: all but the one before the point or the end. */
static void
cut_zeros(const char ** p, size_t * n)
{

	while (*n > 1 && **p == '0' && (*p)[1] >= '0' && (*p)[1] <= '9') {
		(*p)++;
		(*n)--;
	}
}

static const char *
put_number(struct buf * b, const char * p, size_t n)
{
	char * d = buf_room(b, n);
	size_t i;

	/* Not "nan" or "inf", which some storage engines can return. */
	for (i = 0; i < n; i++) {
		if ((unsigned char)(p[i] - '0') > 9 && p[i] != '-' &&
		    p[i] != '+' && p[i] != '.' && p[i] != 'e')
			return ("a number that JSON can't hold");
		d[i] = p[i];
	}
	if (n == 0)
		return ("a number without digits");
	b->n += n;
	return (NULL);
}

/* Nonzero if YYYY-MM-DD at ${p} is no day of the calendar. */
static int
odd_date(const char * p)
{
	int64_t us;

	/* MySQL takes the 31st of any month under ALLOW_INVALID_DATES. */
	return (!fast_date(p) && timestamp_parse(p, 10, &us) == -1);
}

/* Shift a whole RFC 3339 time from ${offset_us} east to UTC. */
static int
shift(char * dst, int64_t offset_us)
{
	int64_t us;

	if (timestamp_parse(dst, CELL_TIME_LEN, &us) == -1)
		return (-1);
	us -= offset_us;
	if (us < timestamp_days(0, 1, 1) * INT64_C(86400000000) ||
	    us >= timestamp_days(10000, 1, 1) * INT64_C(86400000000))
		return (-1);
	timestamp_format(us, dst);
	return (0);
}

int
cell_time(char * dst, enum cell_kind kind, const struct cell_env * env,
    const char * p, size_t n)
{

	if (n < 19 || n > 26 || odd_date(p))
		return (-1);
	fast_time(dst, p, n);
	if (kind == CELL_DATETIME && env->offset_us != 0)
		return (shift(dst, env->offset_us));
	return (0);
}

/* A date or time that isn't one. */
static const char *
put_odd_date(struct buf * b, struct cell_env * env, const char * p, size_t n)
{

	if (env->dates == CELL_DATES_REJECT)
		return (NO_DATE);
	env->odd_dates++;
	if (env->dates == CELL_DATES_STRING)
		return (put_text(b, env, p, n));
	buf_puts(b, "null");
	return (NULL);
}

static const char *
put_time(struct buf * b, enum cell_kind kind, struct cell_env * env,
    const char * p, size_t n)
{
	char * d = buf_room(b, CELL_TIME_LEN + 2);

	if (cell_time(d + 1, kind, env, p, n) == -1)
		return (put_odd_date(b, env, p, n));
	d[0] = '"';
	d[CELL_TIME_LEN + 1] = '"';
	b->n += CELL_TIME_LEN + 2;
	return (NULL);
}

static const char *
put_date(struct buf * b, struct cell_env * env, const char * p, size_t n)
{

	if (n != 10 || odd_date(p))
		return (put_odd_date(b, env, p, n));
	put_quoted(b, p, 10);
	return (NULL);
}

/* A SET: its members, which hold no comma, with commas between. */
static const char *
put_set(struct buf * b, struct cell_env * env, const char * p, size_t n)
{
	const char * end = p + n;
	const char * comma;
	const char * why;

	buf_putc(b, '[');
	while (n > 0) {
		comma = memchr(p, ',', (size_t)(end - p));
		if (comma == NULL)
			comma = end;
		if ((why = put_text(b, env, p, (size_t)(comma - p))) != NULL)
			return (why);
		if (comma == end)
			break;
		buf_putc(b, ',');
		p = comma + 1;
	}
	buf_putc(b, ']');
	return (NULL);
}

void
cell_base64(struct buf * b, const char * p, size_t n)
{
	static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char * s = (const void *)p;
	char * d = buf_room(b, (n + 2) / 3 * 4);
	uint32_t v;

	b->n += (n + 2) / 3 * 4;
	for (; n >= 3; n -= 3, s += 3, d += 4) {
		v = (uint32_t)s[0] << 16 | (uint32_t)s[1] << 8 | s[2];
		d[0] = digit[v >> 18];
		d[1] = digit[v >> 12 & 63];
		d[2] = digit[v >> 6 & 63];
		d[3] = digit[v & 63];
	}
	if (n == 0)
		return;
	v = (uint32_t)s[0] << 16 | (n == 2 ? (uint32_t)s[1] << 8 : 0);
	d[0] = digit[v >> 18];
	d[1] = digit[v >> 12 & 63];
	d[2] = n == 2 ? digit[v >> 6 & 63] : '=';
	d[3] = '=';
}

static void
put_binary(struct buf * b, const char * p, size_t n)
{

	buf_putc(b, '"');
	cell_base64(b, p, n);
	buf_putc(b, '"');
}

/* Bytes that end a number or a word of JSON. */
static inline int
structural(char c)
{

	return (c == ',' || c == ':' || c == '[' || c == ']' || c == '{' ||
	    c == '}' || c == '"');
}

/* The byte behind the string that starts at ${p}, or ${end}. */
static const char *
skip_string(const char * p, const char * end)
{

	for (p++; p < end && *p != '"'; p++) {
		if (*p == '\\' && p + 1 < end)
			p++;
	}
	return (p < end ? p + 1 : end);
}

/*
 * Append JSON text without the white space between its tokens, so that it
 * stays on one line.  Return the depth of its nesting, or -1 if white space
 * stands where taking it away would make one token of two.
 */
static int
compact(struct buf * b, const char * p, const char * end)
{
	const char * q;
	char * d;
	int depth = 0, deepest = 0, space = 0;
	size_t start = b->n;

	buf_room(b, (size_t)(end - p));
	for (; p < end; p = q) {
		q = p + 1;
		if (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r') {
			space = 1;
			continue;
		}
		d = b->p + b->n;
		if (space && b->n > start && !structural(d[-1]) &&
		    !structural(*p))
			return (-1);
		space = 0;
		if (*p == '"')
			q = skip_string(p, end);
		else if ((*p == '[' || *p == '{') && ++depth > deepest)
			deepest = depth;
		else if (*p == ']' || *p == '}')
			depth--;
		memcpy(d, p, (size_t)(q - p));
		b->n += (size_t)(q - p);
	}
	return (deepest);
}

static const char *
check_json(const char * p, const char * end, int depth)
{
	struct scan_value v, key;
	struct scan_error err;

	if (depth == -1 || p == end)
		return ("text that isn't valid JSON");
	if (depth > JSON_DEPTH_MAX)
		return ("JSON that is nested too deeply");
	if (scan_value(p, end, &v, &err) != end)
		return ("text that isn't valid JSON");
	if (scan_duplicate(&v, &key))
		return ("JSON that has a key twice in one object");
	return (NULL);
}

static const char *
put_json(struct buf * b, struct cell_env * env, const char * p, size_t n)
{
	size_t start = b->n;
	const char * why;
	int depth;

	depth = compact(b, p, p + n);
	memset(buf_room(b, LINEIN_SLACK), 0, LINEIN_SLACK);
	why = check_json(b->p + start, b->p + b->n, depth);
	if (why == NULL || !env->replace)
		return (why);
	b->n = start;
	env->bad_texts++;
	if (scan_put_text(b, p, n) == -1)
		put_replaced(b, p, n);
	return (NULL);
}

void
cell_double(struct buf * b, double v)
{
	char * d = buf_room(b, 32);
	int digits, n = 0;

	for (digits = 15; digits <= 17; digits++) {
		n = snprintf(d, 32, "%.*g", digits, v);
		if (strtod(d, NULL) == v)
			break;
	}
	b->n += (size_t)n;
}

static const char *
put_vector(struct buf * b, const char * p, size_t n)
{
	const unsigned char * s = (const void *)p;
	uint32_t bits;
	float f;
	size_t i;

	if (n % 4 != 0)
		return ("a vector of broken length");
	buf_putc(b, '[');
	for (i = 0; i < n; i += 4) {
		bits = (uint32_t)s[i] | (uint32_t)s[i + 1] << 8 |
		    (uint32_t)s[i + 2] << 16 | (uint32_t)s[i + 3] << 24;
		memcpy(&f, &bits, 4);
		if (!isfinite(f))
			return ("a vector with a number that JSON can't hold");
		if (i != 0)
			buf_putc(b, ',');
		cell_double(b, (double)f);
	}
	buf_putc(b, ']');
	return (NULL);
}

const char *
cell_put(struct buf * b, enum cell_kind kind, struct cell_env * env,
    const char * p, size_t n)
{

	switch (kind) {
	case CELL_ZEROFILL:
		cut_zeros(&p, &n);
		/* FALLTHROUGH */
	case CELL_INT:
		buf_put(b, p, n);
		return (n == 0 ? "a number without digits" : NULL);
	case CELL_DECIMAL_ZEROFILL:
		cut_zeros(&p, &n);
		/* FALLTHROUGH */
	case CELL_DECIMAL:
	case CELL_TIME:
		put_quoted(b, p, n);
		return (NULL);
	case CELL_NUMBER:
		return (put_number(b, p, n));
	case CELL_TIMESTAMP:
	case CELL_DATETIME:
		return (put_time(b, kind, env, p, n));
	case CELL_DATE:
		return (put_date(b, env, p, n));
	case CELL_TEXT:
		return (put_text(b, env, p, n));
	case CELL_SET:
		return (put_set(b, env, p, n));
	case CELL_BINARY:
		put_binary(b, p, n);
		return (NULL);
	case CELL_JSON:
		return (put_json(b, env, p, n));
	case CELL_GEOMETRY:
		return (geojson_put(b, p, n));
	case CELL_VECTOR:
		return (put_vector(b, p, n));
	}
	return ("a field of unknown kind");
}
