#ifndef CONTROL_H_
#define CONTROL_H_

#include <stdint.h>

/*
 * What people have steered, and what holds until they steer again: pauses
 * and intervals, in a sealed file (statefile.h) of the state directory.  A
 * table of NULL means all of them.
 */
struct control;

/**
 * control_open(dirfd):
 * Load the file, if there is one.  Return NULL after a report that names the
 * remedy.
 */
struct control * control_open(int dirfd);
void control_free(struct control * c);

/**
 * control_paused(c, table, setting):
 * Is it paused?  ${setting} says whether the settings have it so; as with
 * intervals, the later of the two holds.
 */
int control_paused(const struct control * c, const char * table,
    int setting);

/**
 * control_interval(c, table, setting_us):
 * The interval that somebody set, or 0 if nobody did, or if the setting, now
 * ${setting_us}, was changed since: the later of the two holds.
 */
int64_t control_interval(const struct control * c, const char * table,
    int64_t setting_us);

/* Durable.  Return 0, or -1 after a report: it holds, but only for now. */
int control_set_paused(struct control * c, const char * table, int paused,
    int setting);

/* ${us} 0 goes back to the setting. */
int control_set_interval(struct control * c, const char * table, int64_t us,
    int64_t setting_us);

#endif /* !CONTROL_H_ */
