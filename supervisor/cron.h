#ifndef CRON_H_
#define CRON_H_

#include <stdint.h>

/*
 * The five fields of a cron line (minute, hour, day, month, weekday) as
 * crontab(5) knows them: *, numbers, ranges, steps, lists, English names of
 * months and weekdays, and @hourly, @daily, @weekly, @monthly, @yearly.  When
 * both days are restricted, either will do.  Times are the time zone's (TZ).
 */
struct cron {
	uint64_t minute;	/* bit n is set for n */
	uint32_t hour, day, month, weekday;
	int any_day, any_weekday;	/* the field began with '*' */
	int any_hour;
};

/**
 * cron_parse(text, c, err):
 * Return 0, or -1 with ${err} pointed to a constant that says why.
 */
int cron_parse(const char * text, struct cron * c, const char ** err);

/**
 * cron_next(c, after):
 * The first moment behind ${after} that fits, both in seconds since 1970, or
 * -1 if there is none within five years.  What a change to summer time skips
 * comes at the change; what the change back repeats comes once, unless the
 * hour is '*'.
 */
int64_t cron_next(const struct cron * c, int64_t after);

#endif /* !CRON_H_ */
