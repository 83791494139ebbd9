#include <string.h>
#include <strings.h>
#include <time.h>

#include "cron.h"

#define YEARS_AHEAD	5

static const char * const months[] = { "jan", "feb", "mar", "apr", "may",
	"jun", "jul", "aug", "sep", "oct", "nov", "dec", NULL };
static const char * const days[] = { "sun", "mon", "tue", "wed", "thu",
	"fri", "sat", NULL };

static const struct field {
	const char * name;
	unsigned min, max;
	const char * const * words;	/* of min, min + 1, ... */
	const char * error;
} fields[] = {
	{ "minute", 0, 59, NULL, "bad minute (0-59)" },
	{ "hour", 0, 23, NULL, "bad hour (0-23)" },
	{ "day", 1, 31, NULL, "bad day of the month (1-31)" },
	{ "month", 1, 12, months, "bad month (1-12, jan-dec)" },
	{ "weekday", 0, 7, days, "bad weekday (0-7, sun-sat)" },
};
#define NFIELDS	(sizeof fields / sizeof fields[0])

static const struct {
	const char * name, * line;
} nicknames[] = {
	{ "@hourly", "0 * * * *" },
	{ "@daily", "0 0 * * *" },
	{ "@midnight", "0 0 * * *" },
	{ "@weekly", "0 0 * * 0" },
	{ "@monthly", "0 0 1 * *" },
	{ "@yearly", "0 0 1 1 *" },
	{ "@annually", "0 0 1 1 *" },
};

static const char *
skip_blanks(const char * p)
{

	return (p + strspn(p, " \t"));
}

/* A number or a name within the field.  Return the rest, or NULL. */
static const char *
parse_value(const char * p, const struct field * f, unsigned * v)
{
	size_t i;

	if (f->words != NULL) {
		for (i = 0; f->words[i] != NULL; i++) {
			if (strncasecmp(p, f->words[i], 3) == 0) {
				*v = f->min + (unsigned)i;
				return (p + 3);
			}
		}
	}
	if (*p < '0' || *p > '9')
		return (NULL);
	for (*v = 0; *p >= '0' && *p <= '9'; p++) {
		if ((*v = *v * 10 + (unsigned)(*p - '0')) > 99)
			return (NULL);
	}
	return (*v >= f->min && *v <= f->max ? p : NULL);
}

/* One of a list: "*", "5", "1-5", each with a step as "/2". */
static const char *
parse_item(const char * p, const struct field * f, uint64_t * set)
{
	static const struct field any = { "step", 1, 99, NULL, "" };
	unsigned from = f->min, to = f->max, step = 1;
	int range = 1;

	if (*p == '*') {
		p++;
	} else {
		if ((p = parse_value(p, f, &from)) == NULL)
			return (NULL);
		if (*p == '-') {
			if ((p = parse_value(p + 1, f, &to)) == NULL)
				return (NULL);
		} else
			range = 0;
	}
	if (*p == '/') {
		if ((p = parse_value(p + 1, &any, &step)) == NULL)
			return (NULL);
	} else if (!range)
		to = from;
	if (from > to)
		return (NULL);
	for (; from <= to; from += step)
		*set |= UINT64_C(1) << from;
	return (p);
}

static const char *
parse_field(const char * p, const struct field * f, uint64_t * set)
{

	*set = 0;
	do {
		if ((p = parse_item(p, f, set)) == NULL)
			return (NULL);
	} while (*p == ',' && p++);
	return (*p == '\0' || *p == ' ' || *p == '\t' ? p : NULL);
}

int
cron_parse(const char * text, struct cron * c, const char ** err)
{
	const char * p = skip_blanks(text);
	uint64_t set[NFIELDS];
	int star[NFIELDS];
	size_t i;

	for (i = 0; i < sizeof nicknames / sizeof nicknames[0]; i++) {
		if (strcmp(p, nicknames[i].name) == 0)
			p = nicknames[i].line;
	}
	for (i = 0; i < NFIELDS; i++) {
		star[i] = (*p == '*');
		if (*p == '\0') {
			*err = "has fewer than five fields";
			return (-1);
		}
		if ((p = parse_field(p, &fields[i], &set[i])) == NULL) {
			*err = fields[i].error;
			return (-1);
		}
		p = skip_blanks(p);
	}
	if (*p != '\0') {
		*err = "has more than five fields";
		return (-1);
	}
	c->minute = set[0];
	c->hour = (uint32_t)set[1];
	c->day = (uint32_t)set[2];
	c->month = (uint32_t)set[3];
	c->weekday = (uint32_t)((set[4] | set[4] >> 7) & 0x7f);
	c->any_hour = star[1];
	c->any_day = star[2];
	c->any_weekday = star[4];
	return (0);
}

static int
fits_day(const struct cron * c, const struct tm * tm)
{
	int day = (c->day >> tm->tm_mday & 1) != 0;
	int weekday = (c->weekday >> tm->tm_wday & 1) != 0;

	if ((c->month >> (tm->tm_mon + 1) & 1) == 0)
		return (0);
	if (c->any_day || c->any_weekday)
		return (day && weekday);
	return (day || weekday);
}

static int
fits(const struct cron * c, const struct tm * tm)
{

	return (fits_day(c, tm) && (c->hour >> tm->tm_hour & 1) != 0 &&
	    (c->minute >> tm->tm_min & 1) != 0);
}

/* The local time as if it were UTC: its steps show the zone's. */
static int64_t
as_number(const struct tm * tm)
{
	struct tm copy = *tm;

	return ((int64_t)timegm(&copy));
}

/*
 * Is there a fitting minute among those that the local clock skipped on its
 * way from ${from} to ${to} (as_number())?
 */
static int
fits_skipped(const struct cron * c, int64_t from, int64_t to)
{
	int64_t t;

	for (t = from + 60; t < to; t += 60) {
		time_t tt = (time_t)t;
		struct tm tm;

		gmtime_r(&tt, &tm);
		if (fits(c, &tm))
			return (1);
	}
	return (0);
}

int64_t
cron_next(const struct cron * c, int64_t after)
{
	time_t t = (time_t)(after - after % 60);
	time_t end = t + (time_t)YEARS_AHEAD * 366 * 86400;
	int64_t local, last, high;
	struct tm tm;

	localtime_r(&t, &tm);
	tm.tm_sec = 0;
	last = high = as_number(&tm);
	while (t < end) {
		t += 60;
		localtime_r(&t, &tm);
		tm.tm_sec = 0;
		local = as_number(&tm);

		/* Skipped by a step forward, then due at the step. */
		if (local - last > 60 && local - last <= 3 * 3600 &&
		    fits_skipped(c, last, local))
			return ((int64_t)t);

		/* A step back repeats what has been, until ${high}. */
		if (fits(c, &tm) && (local > high || c->any_hour))
			return ((int64_t)t);
		if (local > high)
			high = local;

		/* No minute of this day or hour fits: on to its last one. */
		if (!fits_day(c, &tm) || (c->hour >> tm.tm_hour & 1) == 0) {
			t += (59 - tm.tm_min) * 60;
			local += (59 - tm.tm_min) * 60;
			if (local > high)
				high = local;
		}
		last = local;
	}
	return (-1);
}
