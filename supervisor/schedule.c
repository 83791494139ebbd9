#include "schedule.h"

#define YEAR_MINUTES	(366 * 24 * 60)

int
schedule_minutes(const char * text, int64_t * us)
{
	int64_t whole = 0, part = 0, unit = MINUTE_US;
	const char * p = text;

	for (; *p >= '0' && *p <= '9'; p++) {
		whole = whole * 10 + (*p - '0');
		if (whole > YEAR_MINUTES)
			return (-1);
	}
	if (p == text)
		return (-1);
	if (*p == '.') {
		if (p[1] == '\0')
			return (-1);
		for (p++; *p >= '0' && *p <= '9'; p++) {
			unit /= 10;
			part += (*p - '0') * unit;
		}
	}
	if (*p != '\0')
		return (-1);
	*us = whole * MINUTE_US + part;
	return (*us >= SECOND_US && *us <= YEAR_MINUTES * MINUTE_US ? 0 : -1);
}

struct mono
schedule_next(const struct schedule * s, struct mono begun,
    int64_t begun_wall, struct mono now, int64_t now_wall)
{
	struct mono due;
	int64_t wall;

	if (s->interval_us != 0) {
		due = mono_add(begun, s->interval_us);
		return (mono_due(due, now) ? now : due);
	}

	/* A wall clock that was put back must not hold us up until then. */
	if (begun_wall > now_wall)
		begun_wall = now_wall;
	wall = cron_next(&s->cron, begun_wall / SECOND_US);
	if (wall == -1)
		return (MONO_NEVER);
	if (wall * SECOND_US <= now_wall)
		return (now);
	return (mono_add(now, wall * SECOND_US - now_wall));
}
