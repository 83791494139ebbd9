#include <stdlib.h>
#include <string.h>

#include "../common/timestamp.h"

#include "convert.h"

#define SHIFT_MAX	4096	/* decimals */

int
convert_entry_compare(const void * va, const void * vb)
{
	const struct entry * a = va;
	const struct entry * b = vb;

	if (a->n != b->n)
		return (a->n < b->n ? -1 : 1);
	return (memcmp(a->key, b->key, a->n));
}

/* The entry whose key is the text of the scalar ${v}. */
static const struct entry *
find_entry(const struct step * st, struct value * v, struct convert * c)
{
	struct entry key = { 0 };

	if (v->v.kind == SCAN_STRING)
		value_text(v, c->mem);
	/* bsearch() wants no const in the key; nothing is written. */
	key.key = (char *)(uintptr_t)v->v.p;
	key.n = v->v.n;
	return (bsearch(&key, st->entry, st->nentry, sizeof *st->entry,
	    convert_entry_compare));
}

int
convert_map(const struct step * st, struct value * v, struct convert * c)
{
	const struct entry * e = find_entry(st, v, c);

	if (e != NULL)
		*v = *e->to;
	else if (st->value != NULL)
		*v = *st->value;
	else
		return (convert_fail(c, "the map has no such entry"));
	return (0);
}

int
convert_default(const struct step * st, struct value * v, struct convert * c)
{

	(void)c;
	if (v->v.kind == SCAN_NULL)
		*v = *st->value;
	return (0);
}

int
convert_null_if(const struct step * st, struct value * v, struct convert * c)
{
	size_t i;

	(void)c;
	for (i = 0; i < st->nlist; i++) {
		if (value_equal(v, st->list[i])) {
			value_set_word(v, SCAN_NULL);
			break;
		}
	}
	return (0);
}

/* With words of its own; else what people and MySQL write. */
int
convert_boolean(const struct step * st, struct value * v, struct convert * c)
{
	static const char * const words[] = { "0", "1", "false", "true", "f",
	    "t", "no", "yes", "n", "y", "off", "on" };
	const struct entry * e;
	size_t i;

	if (st->nentry > 0) {
		if ((e = find_entry(st, v, c)) == NULL)
			return (convert_fail(c, "is none of the words"));
		*v = *e->to;
		return (0);
	}
	if (v->v.kind == SCAN_STRING)
		value_text(v, c->mem);
	for (i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (strlen(words[i]) == v->v.n &&
		    strncasecmp(words[i], v->v.p, v->v.n) == 0) {
			value_set_word(v, i & 1 ? SCAN_TRUE : SCAN_FALSE);
			return (0);
		}
	}
	return (convert_fail(c, v->v.kind == SCAN_STRING ?
	    "is no word for true or false" : "is neither 0 nor 1"));
}

/* As MySQL takes a number for a condition. */
int
convert_nonzero(const struct step * st, struct value * v, struct convert * c)
{
	const char * p = v->v.p;
	const char * end = p + v->v.n;

	(void)st;
	(void)c;
	if (KIND(v->v.kind) & KINDS_BOOL)
		return (0);
	/* A digit other than 0, before the exponent. */
	while (p < end && (*p < '1' || *p > '9') && (*p | 0x20) != 'e')
		p++;
	value_set_word(v, p < end && *p <= '9' ? SCAN_TRUE : SCAN_FALSE);
	return (0);
}

/* Read the number in a string, or a number. */
static int
read_number(struct value * v, struct convert * c, struct decimal * d)
{

	if (v->v.kind == SCAN_STRING)
		value_text(v, c->mem);
	if (decimal_read(v->v.p, v->v.n, d) == -1)
		return (convert_fail(c, "is no number"));
	return (0);
}

/* Store ${d} without exponent as a number or, with ${text}, a string. */
static int
set_plain(struct value * v, struct convert * c, const struct decimal * d,
    int text)
{
	size_t room = decimal_room(d, 0);
	char * dst;
	size_t n;

	if (room == 0)
		return (convert_fail(c, "is too large or too small"));
	dst = scratch_get(c->mem, room);
	n = decimal_plain(d, dst);
	if (text)
		value_set_text(v, dst, n, 1);
	else
		value_set_json(v, dst, n);
	return (0);
}

int
convert_integer(const struct step * st, struct value * v, struct convert * c)
{
	struct decimal d;

	(void)st;
	if (v->v.kind == SCAN_INT)
		return (0);
	if (v->v.kind == SCAN_FALSE || v->v.kind == SCAN_TRUE) {
		value_set_int(v, v->v.kind == SCAN_TRUE, c->mem);
		return (0);
	}
	if (read_number(v, c, &d) == -1)
		return (-1);
	if (decimal_scale(&d) > 0)
		return (convert_fail(c, "isn't a whole number"));
	return (set_plain(v, c, &d, 0));
}

/* As it is written, if JSON would write it so: "1.50" stays 1.50. */
static int
keep_number(struct value * v)
{
	struct value json;

	if (value_set_json(&json, v->v.p, v->v.n) == -1 ||
	    json.v.n != v->v.n)
		return (0);
	*v = json;
	return (1);
}

int
convert_number(const struct step * st, struct value * v, struct convert * c)
{
	struct decimal d;

	if (KIND(v->v.kind) & KINDS_NUM)
		return (0);
	if (v->v.kind == SCAN_FALSE || v->v.kind == SCAN_TRUE)
		return (convert_integer(st, v, c));
	if (read_number(v, c, &d) == -1)
		return (-1);
	return (keep_number(v) ? 0 : set_plain(v, c, &d, 0));
}

int
convert_decimal(const struct step * st, struct value * v, struct convert * c)
{
	struct decimal d;

	(void)st;
	if (read_number(v, c, &d) == -1)
		return (-1);
	if (memchr(v->v.p, 'e', v->v.n) != NULL ||
	    memchr(v->v.p, 'E', v->v.n) != NULL || !keep_number(v))
		return (set_plain(v, c, &d, 1));
	value_set_text(v, v->v.p, v->v.n, 1);
	return (0);
}

/* The text of a scalar, the JSON of anything else. */
int
convert_string(const struct step * st, struct value * v, struct convert * c)
{

	(void)st;
	(void)c;
	if (v->v.kind != SCAN_STRING)
		value_set_text(v, v->v.p, v->v.n, v->v.ascii);
	return (0);
}

int
convert_parse_json(const struct step * st, struct value * v,
    struct convert * c)
{
	struct scan_value key;

	(void)st;
	value_text(v, c->mem);
	if (v->v.n == 0 || value_set_json(v, v->v.p, v->v.n) == -1)
		return (convert_fail(c, "isn't valid JSON"));
	if (scan_duplicate(&v->v, &key))
		return (convert_fail(c, "has a member twice"));
	return (0);
}

/* step->a: decimals, b: the mode. */
int
convert_round(const struct step * st, struct value * v, struct convert * c)
{
	int text = (v->v.kind == SCAN_STRING), places = (int)st->a;
	struct decimal d;
	size_t room, n;
	char * dst;

	if (read_number(v, c, &d) == -1)
		return (-1);
	if (places >= 0 && d.written <= (size_t)places &&
	    decimal_scale(&d) <= places)
		return (0);
	if ((room = decimal_room(&d, places)) == 0)
		return (convert_fail(c, "is too large or too small"));
	dst = scratch_get(c->mem, room);
	n = decimal_round(&d, places, (enum decimal_mode)st->b, dst);
	if (text)
		value_set_text(v, dst, n, 1);
	else
		value_set_json(v, dst, n);
	return (0);
}

/*
 * step->a: how many places the point moves to the right.  The digits stay:
 * 1200 shifted by -2 is 12.00.
 */
int
convert_shift(const struct step * st, struct value * v, struct convert * c)
{
	struct decimal d;
	int64_t places;
	size_t room;
	char * dst;

	if (read_number(v, c, &d) == -1)
		return (-1);
	places = (int64_t)d.written - st->a;
	if (d.digits > 0)
		d.exp += st->a;
	if (decimal_scale(&d) > places)
		places = decimal_scale(&d);
	if (places < 0)
		places = 0;
	if (places > SHIFT_MAX || (room = decimal_room(&d, (int)places)) == 0)
		return (convert_fail(c, "is too large or too small"));
	dst = scratch_get(c->mem, room);
	value_set_text(v, dst, decimal_round(&d, (int)places,
	    DECIMAL_HALF_UP, dst), 1);
	return (0);
}

/*
 * Parts of a date, in UTC.
 */
enum part { PART_YEAR, PART_QUARTER, PART_MONTH, PART_WEEK, PART_WEEKDAY,
	PART_DAY, PART_YEARDAY, PART_HOUR, PART_MINUTE, PART_SECOND,
	PART_DATE, PART_YEAR_MONTH, PART_N };

int
convert_date_part(const char * name)
{
	static const char * const names[PART_N] = {
		[PART_YEAR] = "year", [PART_QUARTER] = "quarter",
		[PART_MONTH] = "month", [PART_WEEK] = "week",
		[PART_WEEKDAY] = "weekday", [PART_DAY] = "day",
		[PART_YEARDAY] = "yearday", [PART_HOUR] = "hour",
		[PART_MINUTE] = "minute", [PART_SECOND] = "second",
		[PART_DATE] = "date", [PART_YEAR_MONTH] = "year-month"
	};
	int i;

	for (i = 0; i < PART_N; i++) {
		if (strcmp(name, names[i]) == 0)
			return (i);
	}
	return (-1);
}

const char *
convert_date_parts(void)
{

	return ("year, quarter, month, week, weekday, day, yearday, hour, "
	    "minute, second, date, year-month");
}

int
convert_date_is_text(int part)
{

	return (part == PART_DATE || part == PART_YEAR_MONTH);
}

/* ISO 8601: Monday is 1; a year's first week holds its first Thursday. */
static int
weekday(int64_t days)
{

	return ((int)(((days + 3) % 7 + 7) % 7) + 1);
}

static int
iso_week(int64_t days)
{
	struct timestamp_parts thursday;
	int64_t t = days + 4 - weekday(days);

	timestamp_split(t * INT64_C(86400000000), &thursday);
	return ((int)(t - timestamp_days(thursday.year, 1, 1)) / 7 + 1);
}

static int
date_number(enum part part, const struct timestamp_parts * p)
{
	int64_t days = timestamp_days(p->year, p->month, p->day);

	switch (part) {
	case PART_YEAR:
		return (p->year);
	case PART_QUARTER:
		return ((p->month - 1) / 3 + 1);
	case PART_MONTH:
		return (p->month);
	case PART_WEEK:
		return (iso_week(days));
	case PART_WEEKDAY:
		return (weekday(days));
	case PART_DAY:
		return (p->day);
	case PART_YEARDAY:
		return ((int)(days - timestamp_days(p->year, 1, 1)) + 1);
	case PART_HOUR:
		return (p->hour);
	case PART_MINUTE:
		return (p->minute);
	default:
		return (p->second);
	}
}

int
convert_date(const struct step * st, struct value * v, struct convert * c)
{
	struct timestamp_parts parts;
	int part = (int)st->a;
	char * dst;
	int64_t us;

	value_text(v, c->mem);
	if (timestamp_parse(v->v.p, v->v.n, &us) == -1)
		return (convert_fail(c, "is no date, with or without time"));
	if (convert_date_is_text(part)) {
		dst = scratch_get(c->mem, TIMESTAMP_LEN);
		timestamp_format(us, dst);
		value_set_text(v, dst, part == PART_DATE ? 10 : 7, 1);
		return (0);
	}
	timestamp_split(us, &parts);
	value_set_int(v, date_number((enum part)part, &parts), c->mem);
	return (0);
}

/* step->a: microseconds in the unit that is counted. */
int
convert_from_epoch(const struct step * st, struct value * v,
    struct convert * c)
{
	const int64_t first = timestamp_days(0, 1, 1) * INT64_C(86400000000);
	const int64_t end = timestamp_days(10000, 1, 1) *
	    INT64_C(86400000000);
	int64_t us;
	char * dst;

	if (scan_int64(&v->v, &us) == -1 ||
	    __builtin_mul_overflow(us, st->a, &us) ||
	    us < first || us >= end)
		return (convert_fail(c, "isn't within the years 0 to 9999"));
	dst = scratch_get(c->mem, TIMESTAMP_LEN);
	timestamp_format(us, dst);
	value_set_text(v, dst, TIMESTAMP_LEN, 1);
	return (0);
}
