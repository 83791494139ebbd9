#ifndef SCHEDULE_H_
#define SCHEDULE_H_

#include <stdint.h>

#include "clock.h"
#include "cron.h"

/*
 * When a table's next run is due.  Pure: both clocks are passed in.
 */
struct schedule {
	int64_t interval_us;	/* 0: by cron */
	struct cron cron;
};

/**
 * schedule_minutes(text, us):
 * Read an interval in minutes, with a fraction if need be ("0.25"), from one
 * second to a year.  Return 0, or -1.
 */
int schedule_minutes(const char * text, int64_t * us);

/**
 * schedule_next(s, begun, begun_wall, now, now_wall):
 * The moment when the run after the one that began at ${begun} (and, by the
 * wall clock, ${begun_wall}) is due.  One that was missed, because the
 * machine slept, a run took longer, or the wall clock was late, is due
 * ${now}, and only once.
 */
struct mono schedule_next(const struct schedule * s, struct mono begun,
    int64_t begun_wall, struct mono now, int64_t now_wall);

#endif /* !SCHEDULE_H_ */
