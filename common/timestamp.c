#include <time.h>

#include "timestamp.h"

#define DAY_S		86400
#define SECOND_US	INT64_C(1000000)
#define DAY_US		(DAY_S * SECOND_US)

/* Days from 0000-03-01 to 1970-01-01, and in 400 years. */
#define EPOCH_DAYS	719468
#define ERA_DAYS	146097

int64_t
timestamp_days(int year, int month, int day)
{
	int64_t era, y = year;
	int64_t yoe, doy;

	/* Years that start in March have their leap day at the end. */
	if (month <= 2)
		y--;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = y - era * 400;
	doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return (era * ERA_DAYS + yoe * 365 + yoe / 4 - yoe / 100 + doy -
	    EPOCH_DAYS);
}

/* The inverse of timestamp_days(). */
static void
split_days(int64_t days, struct timestamp_parts * parts)
{
	int64_t era, doe, yoe, doy, mp;

	days += EPOCH_DAYS;
	era = (days >= 0 ? days : days - (ERA_DAYS - 1)) / ERA_DAYS;
	doe = days - era * ERA_DAYS;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	parts->day = (int)(doy - (153 * mp + 2) / 5 + 1);
	parts->month = (int)(mp < 10 ? mp + 3 : mp - 9);
	parts->year = (int)(yoe + era * 400 + (parts->month <= 2));
}

void
timestamp_split(int64_t us, struct timestamp_parts * parts)
{
	int64_t days = us / DAY_US, rest = us % DAY_US;
	int s;

	if (rest < 0) {
		days--;
		rest += DAY_US;
	}
	split_days(days, parts);
	parts->micros = (int)(rest % SECOND_US);
	s = (int)(rest / SECOND_US);
	parts->hour = s / 3600;
	parts->minute = s / 60 % 60;
	parts->second = s % 60;
}

/*
 * Read exactly ${width} digits at *${p} as a number from ${min} to ${max}
 * and step over them.  Return it, or -1.
 */
static int
digits(const char ** p, const char * end, int width, int min, int max)
{
	int i, v = 0;

	if (end - *p < width)
		return (-1);
	for (i = 0; i < width; i++) {
		unsigned d = (unsigned)((*p)[i] - '0');

		if (d > 9)
			return (-1);
		v = v * 10 + (int)d;
	}
	*p += width;
	return (v >= min && v <= max ? v : -1);
}

/* Step over the byte ${c} if it is next.  Return nonzero if it was. */
static int
byte(const char ** p, const char * end, char c)
{

	if (*p == end || **p != c)
		return (0);
	(*p)++;
	return (1);
}

/* Read YYYY-MM-DD into days since 1970.  Return 0, or -1. */
static int
parse_date(const char ** p, const char * end, int64_t * days)
{
	static const int month_days[] =
	    { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int y, m, d, last;

	if ((y = digits(p, end, 4, 0, 9999)) == -1 || !byte(p, end, '-'))
		return (-1);
	if ((m = digits(p, end, 2, 1, 12)) == -1 || !byte(p, end, '-'))
		return (-1);
	last = month_days[m - 1];
	if (m == 2 && y % 4 == 0 && (y % 100 != 0 || y % 400 == 0))
		last++;
	if ((d = digits(p, end, 2, 1, last)) == -1)
		return (-1);
	*days = timestamp_days(y, m, d);
	return (0);
}

/* Read hh:mm:ss and decimals into microseconds of the day. */
static int
parse_time(const char ** p, const char * end, int64_t * us)
{
	int h, m, s, n;
	int64_t unit = SECOND_US;

	if ((h = digits(p, end, 2, 0, 23)) == -1 || !byte(p, end, ':'))
		return (-1);
	if ((m = digits(p, end, 2, 0, 59)) == -1 || !byte(p, end, ':'))
		return (-1);
	if ((s = digits(p, end, 2, 0, 60)) == -1)
		return (-1);
	*us = (h * 3600 + m * 60 + s) * SECOND_US;
	if (!byte(p, end, '.'))
		return (0);
	for (n = 0; *p != end && **p >= '0' && **p <= '9'; n++, (*p)++) {
		unit /= 10;
		*us += unit * (**p - '0');
	}
	return (n >= 1 && n <= 9 ? 0 : -1);
}

/* Read Z or +hh:mm into microseconds east of Greenwich. */
static int
parse_offset(const char ** p, const char * end, int64_t * us)
{
	int h, m, west;

	*us = 0;
	if (byte(p, end, 'Z'))
		return (0);
	if (!(west = byte(p, end, '-')) && !byte(p, end, '+'))
		return (-1);
	if ((h = digits(p, end, 2, 0, 23)) == -1 || !byte(p, end, ':'))
		return (-1);
	if ((m = digits(p, end, 2, 0, 59)) == -1)
		return (-1);
	*us = (h * 3600 + m * 60) * SECOND_US * (west ? -1 : 1);
	return (0);
}

int
timestamp_parse(const char * p, size_t n, int64_t * us)
{
	const char * end = p + n;
	int64_t days, time = 0, offset = 0, t;

	if (parse_date(&p, end, &days) == -1)
		return (-1);
	if (p != end) {
		if (!byte(&p, end, 'T') && !byte(&p, end, ' '))
			return (-1);
		if (parse_time(&p, end, &time) == -1)
			return (-1);
		if (parse_offset(&p, end, &offset) == -1 || p != end)
			return (-1);
	}

	/* An offset or a leap second may lead out of the calendar. */
	t = days * DAY_US + time - offset;
	if (t < timestamp_days(0, 1, 1) * DAY_US ||
	    t >= timestamp_days(10000, 1, 1) * DAY_US)
		return (-1);
	*us = t;
	return (0);
}

/* Store ${v} as ${width} digits. */
static void
put(char * dst, int width, int v)
{

	while (width-- > 0) {
		dst[width] = (char)('0' + v % 10);
		v /= 10;
	}
}

void
timestamp_format(int64_t us, char * dst)
{
	struct timestamp_parts t;

	timestamp_split(us, &t);
	put(dst, 4, t.year);
	dst[4] = '-';
	put(dst + 5, 2, t.month);
	dst[7] = '-';
	put(dst + 8, 2, t.day);
	dst[10] = 'T';
	put(dst + 11, 2, t.hour);
	dst[13] = ':';
	put(dst + 14, 2, t.minute);
	dst[16] = ':';
	put(dst + 17, 2, t.second);
	dst[19] = '.';
	put(dst + 20, 6, t.micros);
	dst[26] = 'Z';
}

int64_t
timestamp_now(void)
{
	struct timespec ts;

	/* Can't fail: the clock exists and the pointer is good. */
	clock_gettime(CLOCK_REALTIME, &ts);
	return ((int64_t)ts.tv_sec * SECOND_US + ts.tv_nsec / 1000);
}
