#include <string.h>

#include "../common/timestamp.h"
#include "query.h"

#include "field.h"

#define DAY_LEN		10
#define ZERO_TIME	"0000-00-00 00:00:00.000000"

void
field_print_time(struct buf * b, const struct position_time * t,
    const struct catalog_column * c, const struct cell_env * env)
{
	char text[CELL_TIME_LEN];

	buf_putc(b, '"');
	if (cell_time(text, c->kind, env, t->p, t->n) == 0)
		buf_put(b, text, sizeof text);
	else
		buf_put(b, t->p, t->n);
	buf_putc(b, '"');
}

void
field_print(struct buf * b, const struct catalog_column * c,
    struct cell_env * env, const char * p, size_t n)
{
	struct cell_env plain = *env;
	size_t start = b->n;

	/* Dates of no calendar stay exact here, whatever the rows get. */
	plain.dates = CELL_DATES_STRING;
	plain.replace = 0;
	if (cell_put(b, c->kind, &plain, p, n) != NULL) {
		b->n = start;
		buf_puts(b, "null");
	}
}

/* Is it ${zero}, or what that begins with, with other digits? */
static int
is_like(const char * zero, const char * p, size_t n)
{
	size_t i;

	for (i = 0; i < n && zero[i] != '\0'; i++) {
		if (zero[i] == '0' ? (unsigned char)(p[i] - '0') > 9 :
		    p[i] != zero[i])
			return (0);
	}
	return (i == n);
}

static int
is_day_or_time(const char * p, size_t n)
{

	return (is_like(ZERO_TIME, p, n));
}

/* A TIME, with two digits for its hours, or three. */
static int
is_span_of_time(const char * p, size_t n)
{
	static const char zero[] = "000:00:00.000000";
	size_t minus = (n > 0 && *p == '-');
	size_t two = (n - minus > 2 && p[minus + 2] == ':');
	size_t whole = strlen("000:00:00") - two;

	p += minus;
	n -= minus;
	return ((n == whole || n > whole + 1) && is_like(zero + two, p, n));
}

int
field_parse_time(struct position_time * dst, const struct json_node * node,
    const struct catalog_column * c, const struct cell_env * env, int * cut)
{
	struct position_time fine;
	struct catalog_column micros;
	const char * p;
	size_t n;
	int64_t us;

	*cut = 0;
	if ((p = json_text(node, &n)) == NULL)
		return (-1);
	if (timestamp_parse(p, n, &us) == 0) {
		micros = *c;
		micros.fraction = 6;
		position_time_at(dst, c, env, us);
		position_time_at(&fine, &micros, env, us);
		*cut = strspn(fine.p + dst->n, ".0") + dst->n < fine.n;
		return (0);
	}
	if (!is_day_or_time(p, n) || n < 19)
		return (-1);
	dst->n = position_time_length(c);
	memcpy(dst->p, ZERO_TIME, sizeof dst->p);
	memcpy(dst->p, p, n);
	*cut = n > dst->n;
	return (0);
}

/* Append the bytes of base64 text.  Return 0, or -1 if it isn't. */
static int
decode_base64(struct buf * b, const char * p, size_t n)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const char * d;
	uint32_t v = 0;
	size_t i, pad = 0;

	if (n % 4 != 0)
		return (-1);
	if (n > 0 && p[n - 1] == '=')
		pad = p[n - 2] == '=' ? 2 : 1;
	for (i = 0; i < n; i++) {
		d = i < n - pad && p[i] != '\0' ? strchr(digits, p[i]) :
		    digits;
		if (d == NULL || (i < n - pad && p[i] == '\0'))
			return (-1);
		v = v << 6 | (uint32_t)(d - digits);
		if (i % 4 != 3)
			continue;
		buf_putc(b, (char)(v >> 16));
		if (i + 1 < n || pad < 2)
			buf_putc(b, (char)(v >> 8));
		if (i + 1 < n || pad < 1)
			buf_putc(b, (char)v);
		v = 0;
	}
	return (0);
}

/* The elements of a SET, with commas between. */
static int
join_set(struct buf * b, const struct json_node * node)
{
	const struct json_node * e;
	const char * p;
	size_t n, start = b->n;

	if (json_kind(node) != JSON_ARRAY)
		return (-1);
	for (e = json_first(node); e != NULL; e = json_next(e)) {
		if ((p = json_text(e, &n)) == NULL)
			return (-1);
		if (b->n > start)
			buf_putc(b, ',');
		buf_put(b, p, n);
	}
	return (0);
}

static int
is_number_text(const char * p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if ((unsigned char)(p[i] - '0') > 9 && p[i] != '-' &&
		    p[i] != '+' && p[i] != '.' && p[i] != 'e' && p[i] != 'E')
			return (0);
	}
	return (n > 0);
}

int
field_parse(struct buf * b, const struct json_node * node,
    const struct catalog_column * c, const struct cell_env * env)
{
	struct position_time time;
	const char * p;
	size_t n, start = b->n;
	uint64_t number;
	int cut;

	p = json_text(node, &n);
	switch (c->kind) {
	case CELL_INT:
	case CELL_ZEROFILL:
	case CELL_NUMBER:
		if (json_kind(node) != JSON_NUMBER)
			return (-1);
		p = json_raw(node, &n);
		break;
	case CELL_DECIMAL:
	case CELL_DECIMAL_ZEROFILL:
		if (p == NULL || !is_number_text(p, n))
			return (-1);
		break;
	case CELL_TIMESTAMP:
	case CELL_DATETIME:
		if (field_parse_time(&time, node, c, env, &cut) == -1 || cut)
			return (-1);
		p = time.p;
		n = time.n;
		break;
	case CELL_DATE:
		/* MongoDB has it as its midnight. */
		if (p != NULL && n == CELL_TIME_LEN &&
		    memcmp(p + 10, "T00:00:00.000000Z", 17) == 0)
			n = DAY_LEN;
		if (p == NULL || n != DAY_LEN || !is_day_or_time(p, n))
			return (-1);
		break;
	case CELL_TIME:
		if (p == NULL || !is_span_of_time(p, n))
			return (-1);
		break;
	case CELL_BINARY:
		return (p == NULL ? -1 : decode_base64(b, p, n));
	case CELL_SET:
		if (join_set(b, node) == -1)
			return (-1);
		return (query_member_number(c, b->p + start, b->n - start,
		    &number));
	case CELL_TEXT:
		if (p == NULL || (c->nmember > 0 &&
		    query_member_number(c, p, n, &number) == -1))
			return (-1);
		break;
	default:
		return (-1);
	}
	buf_put(b, p, n);
	return (0);
}
