#ifndef CONFIG_H_
#define CONFIG_H_

#include <stddef.h>
#include <stdint.h>

#include "../common/settings.h"

#include "guarantee.h"
#include "schedule.h"

/*
 * The settings of the supervisor, read and checked.  The texts belong to
 * ${settings}.
 */
struct config {
	char * env_file;		/* of --env-file, or NULL */
	struct settings * settings;	/* where the rest comes from */
	const char * state_dir;
	int enabled;			/* SYNC_ENABLED */
	struct schedule schedule;	/* for all */
	const char * cron;		/* its text, or NULL */
	const char * const * tables;	/* SYNC_TABLES; none: discovered */
	size_t ntables;
	const char * max_rejects;	/* for transform and load, or NULL */
	uint64_t max_retries;
	int64_t retry_delay_us;
	int64_t stop_us, stall_us, health_us;
	unsigned pool_max, pool_min;
	int64_t pool_timeout_us, pool_recycle_us;
	int64_t disk_min, storage_min;	/* bytes */
	int verify_repair;		/* SYNC_VERIFY_REPAIR */
	unsigned verify_percent;	/* of the rows, at most */
	const char * verify_rate;	/* for load, or NULL: no limit */
	int64_t verify_wait_us;
};

/* The table of settings, for --help. */
extern const struct setting config_table[];

/**
 * config_load(env_file):
 * Read and check everything; ${env_file} may be NULL.  Return NULL after a
 * report of every bad value.
 */
struct config * config_load(const char * env_file);
void config_free(struct config * c);

/**
 * config_schedule(c, table, s, cron):
 * The schedule of one table: SYNC_<ENTITY>_CRON, else
 * SYNC_<ENTITY>_INTERVAL_MINUTES, else the one for all.  ${cron} is the text
 * of the cron line, or NULL.  Return 0, or -1 after a report.
 */
int config_schedule(const struct config * c, const char * table,
    struct schedule * s, const char ** cron);

/**
 * config_verify(c, table, s, cron):
 * The schedule of a table's verification: SYNC_<ENTITY>_VERIFY, else
 * SYNC_VERIFY.  Return 1, 0 if it is off, or -1 after a report.
 */
int config_verify(const struct config * c, const char * table,
    struct schedule * s, const char ** cron);

/**
 * config_deletes(c, table, schema):
 * What is asked for of the table's deleted rows, by the settings, or else by
 * its schema file, which may be NULL?
 */
enum guarantee_deletes config_deletes(const struct config * c,
    const char * table, const char * schema);

/* SYNC_<ENTITY>_PIPELINE, or NULL. */
const char * config_pipeline(const struct config * c, const char * table);

#endif /* !CONFIG_H_ */
