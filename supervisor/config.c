#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../common/log.h"
#include "../common/mem.h"

#include "address.h"
#include "config.h"
#include "schemas.h"

#define UINT(name, dflt, min, max, help) \
	{ name, SETTING_UINT, dflt, min, max, help }
#define TEXT(name, dflt, help) \
	{ name, SETTING_TEXT, dflt, 0, 0, help }
#define SECRET(name, help) \
	{ name, SETTING_SECRET, NULL, 0, 0, help }

const struct setting config_table[] = {
	TEXT("STATE_DIR", "state", "folder for positions, lock, rejects"),
	{ "SYNC_TABLES", SETTING_LIST, NULL, 0, 0,
	    "tables with commas; else all with a key and a change column" },
	TEXT("SYNC_ENABLED", "true", "false: begin paused"),
	TEXT("SYNC_INTERVAL_MINUTES", "60",
	    "from start to start; fractions allowed"),
	TEXT("SYNC_CRON", NULL, "\"minute hour day month weekday\" instead"),
	TEXT("SYNC_SCHEMAS", NULL, "folder of schema files"),
	TEXT("SYNC_MAX_REJECTS", NULL, "N or P%, --max-rejects of stages"),
	UINT("SYNC_MAX_RETRIES", "3", 0, 1000000,
	    "tries after a failure, until the next turn"),
	UINT("SYNC_RETRY_DELAY", "30", 0, 86400,
	    "seconds before the last of them"),
	UINT("SYNC_STOP_SECONDS", "10", 1, 86400,
	    "for a pipeline to run dry, then it is killed"),
	UINT("SYNC_STALL_SECONDS", "600", 0, 864000,
	    "without an acknowledgement; 0: no limit"),
	UINT("SYNC_HEALTH_SECONDS", "60", 1, 86400,
	    "between two looks at quiet servers"),
	TEXT("SYNC_DELETES", NULL, "of load: mirror, mark or ignore"),
	TEXT("SYNC_VERIFY", "1440",
	    "minutes or cron line of verifications; or off"),
	TEXT("SYNC_VERIFY_REPAIR", "true", "false: only tell of differences"),
	UINT("SYNC_VERIFY_REPAIR_PERCENT", "10", 0, 100,
	    "of the rows; more takes a person to mend"),
	UINT("SYNC_VERIFY_RATE", "2000", 0, 1000000000,
	    "documents looked at in a second; 0: no limit"),
	UINT("SYNC_VERIFY_WAIT", "10", 0, 86400,
	    "seconds between two looks at what differs"),
	UINT("MYSQL_MAX_POOL_SIZE", "10", 1, 1000, "extractors at once"),
	UINT("MYSQL_MIN_POOL_SIZE", "1", 0, 1000,
	    "kept connected between rounds"),
	UINT("MYSQL_POOL_TIMEOUT", "30", 1, 86400,
	    "seconds to wait for a place"),
	UINT("MYSQL_POOL_RECYCLE", "3600", 1, 864000,
	    "seconds until a connection is renewed"),
	UINT("STATE_DISK_MIN_MB", "64", 0, 1000000,
	    "space in STATE_DIR below which an alert comes"),
	UINT("MONGODB_DISK_MIN_MB", "1024", 0, 1000000000,
	    "the same for MongoDB, where it tells"),
	TEXT("MYSQL_PASSWORD_FILE", NULL, "watched; for extract"),
	TEXT("MONGODB_URI_FILE", NULL, "watched; for load"),
	TEXT("HTTP_ADDRESS", ADDRESS_DEFAULT, ADDRESS_HELP),
	SECRET("HTTP_TOKEN", "lines of [NAME [read|steer]] TOKEN"),
	{ "HTTP_HOSTS", SETTING_LIST, NULL, 0, 0,
	    "names that requests may ask for, besides localhost" },
	TEXT("ALERT_COMMAND", NULL, "run for each alert, without a shell"),
	SECRET("ALERT_WEBHOOK_URL", "each alert is sent there as JSON"),
	UINT("ALERT_REPEAT_MINUTES", "60", 0, 527040,
	    "between reminders; 0: none"),
	UINT("ALERT_HOLD_SECONDS", "60", 0, 86400,
	    "to be over before it is told so"),
	UINT("ALERT_LAG_MINUTES", "0", 0, 527040,
	    "a table may be behind; 0: three intervals"),
	UINT("ALERT_REJECT_PERCENT", "5", 0, 100,
	    "of a run's records set aside; 0: no alert"),
	UINT("ALERT_ROWS_FACTOR", "10", 0, 1000000,
	    "from the usual rows of a run; 0: no alert"),
	{ NULL, SETTING_TEXT, NULL, 0, 0, NULL }
};

/* Return 1, 0, or -1 after a report. */
static int
parse_bool(const char * name, const char * v)
{
	static const char * const yes[] = { "true", "yes", "on", "1" };
	static const char * const no[] = { "false", "no", "off", "0" };
	size_t i;

	for (i = 0; i < sizeof yes / sizeof yes[0]; i++) {
		if (strcasecmp(v, yes[i]) == 0)
			return (1);
		if (strcasecmp(v, no[i]) == 0)
			return (0);
	}
	log_error("%s: \"%s\" is not true or false", name, v);
	return (-1);
}

/* Read an interval or a cron line; NULL stands for neither. */
static int
parse_schedule(struct schedule * s, const char * stream, const char * minutes,
    const char * cron)
{
	const char * err;

	memset(s, 0, sizeof *s);
	if (cron != NULL) {
		if (cron_parse(cron, &s->cron, &err) == 0)
			return (0);
		log_error("%scron line \"%s\" %s", stream, cron, err);
		return (-1);
	}
	if (schedule_minutes(minutes, &s->interval_us) == 0)
		return (0);
	log_error("%sinterval \"%s\" is not a number of minutes from 0.017 "
	    "(a second) to 527040 (a year)", stream, minutes);
	return (-1);
}

/* Read "off", minutes, or a cron line.  Return 1, 0 for off, or -1. */
static int
parse_verify(struct schedule * s, const char * who, const char * text,
    const char ** cron)
{

	*cron = NULL;
	if (strcasecmp(text, "off") == 0) {
		memset(s, 0, sizeof *s);
		return (0);
	}
	if (strchr(text, ' ') != NULL || strchr(text, '\t') != NULL)
		*cron = text;
	return (parse_schedule(s, who, text, *cron) == 0 ? 1 : -1);
}

/* What is said of the verification.  Return nonzero after a report. */
static int
take_verify(struct config * c)
{
	const struct settings * s = c->settings;
	struct schedule sched;
	const char * cron;

	c->verify_percent = (unsigned)settings_uint(s,
	    "SYNC_VERIFY_REPAIR_PERCENT");
	c->verify_rate = settings_uint(s, "SYNC_VERIFY_RATE") == 0 ? NULL :
	    settings_text(s, "SYNC_VERIFY_RATE");
	c->verify_wait_us = SECOND_US *
	    (int64_t)settings_uint(s, "SYNC_VERIFY_WAIT");
	c->verify_repair = parse_bool("SYNC_VERIFY_REPAIR",
	    settings_text(s, "SYNC_VERIFY_REPAIR"));
	return (c->verify_repair == -1 || parse_verify(&sched,
	    "SYNC_VERIFY: ", settings_text(s, "SYNC_VERIFY"), &cron) == -1);
}

/* Take over everything.  Return 0, or -1 after a report. */
static int
take(struct config * c)
{
	const struct settings * s = c->settings;
	int bad;

	c->state_dir = settings_text(s, "STATE_DIR");
	c->tables = settings_list(s, "SYNC_TABLES", &c->ntables);
	c->max_rejects = settings_text(s, "SYNC_MAX_REJECTS");
	c->max_retries = settings_uint(s, "SYNC_MAX_RETRIES");
	c->retry_delay_us = SECOND_US *
	    (int64_t)settings_uint(s, "SYNC_RETRY_DELAY");
	c->stop_us = SECOND_US *
	    (int64_t)settings_uint(s, "SYNC_STOP_SECONDS");
	c->stall_us = SECOND_US *
	    (int64_t)settings_uint(s, "SYNC_STALL_SECONDS");
	c->health_us = SECOND_US *
	    (int64_t)settings_uint(s, "SYNC_HEALTH_SECONDS");
	c->pool_max = (unsigned)settings_uint(s, "MYSQL_MAX_POOL_SIZE");
	c->pool_min = (unsigned)settings_uint(s, "MYSQL_MIN_POOL_SIZE");
	c->pool_timeout_us = SECOND_US *
	    (int64_t)settings_uint(s, "MYSQL_POOL_TIMEOUT");
	c->pool_recycle_us = SECOND_US *
	    (int64_t)settings_uint(s, "MYSQL_POOL_RECYCLE");
	c->storage_min = (int64_t)settings_uint(s, "MONGODB_DISK_MIN_MB") <<
	    20;
	c->disk_min = (int64_t)settings_uint(s, "STATE_DISK_MIN_MB") << 20;
	c->enabled = parse_bool("SYNC_ENABLED",
	    settings_text(s, "SYNC_ENABLED"));
	bad = (c->enabled == -1);
	c->cron = settings_text(s, "SYNC_CRON");
	bad |= (parse_schedule(&c->schedule, c->cron != NULL ? "SYNC_CRON: " :
	    "SYNC_INTERVAL_MINUTES: ",
	    settings_text(s, "SYNC_INTERVAL_MINUTES"), c->cron) == -1);
	bad |= take_verify(c);
	if (c->pool_min > c->pool_max) {
		log_error("MYSQL_MIN_POOL_SIZE: %u is more than "
		    "MYSQL_MAX_POOL_SIZE, %u", c->pool_min, c->pool_max);
		bad = 1;
	}
	return (bad ? -1 : 0);
}

/* The tables' own settings; discovered tables are checked later. */
static int
check_tables(const struct config * c)
{
	struct schedule s;
	const char * cron;
	size_t i, k;
	int bad = 0;

	for (i = 0; i < c->ntables; i++) {
		bad |= (config_schedule(c, c->tables[i], &s, &cron) == -1);
		bad |= (config_verify(c, c->tables[i], &s, &cron) == -1);
		for (k = 0; k < i; k++) {
			if (strcmp(c->tables[i], c->tables[k]) != 0)
				continue;
			log_error("SYNC_TABLES: %s is there twice",
			    c->tables[i]);
			bad = 1;
		}
	}
	return (bad ? -1 : 0);
}

struct config *
config_load(const char * env_file)
{
	struct config * c = mem_new(1, sizeof *c);

	c->env_file = mem_dup(env_file);
	if ((c->settings = settings_load(config_table, env_file)) == NULL ||
	    take(c) == -1 || check_tables(c) == -1) {
		config_free(c);
		return (NULL);
	}
	return (c);
}

void
config_free(struct config * c)
{

	if (c == NULL)
		return;
	settings_free(c->settings);
	free(c->env_file);
	free(c);
}

int
config_schedule(const struct config * c, const char * table,
    struct schedule * s, const char ** cron)
{
	const char * minutes;
	struct buf who = { NULL, 0, 0 };
	int rc;

	*cron = settings_of_stream(c->settings, "SYNC_", table, "_CRON");
	minutes = settings_of_stream(c->settings, "SYNC_", table,
	    "_INTERVAL_MINUTES");
	if (*cron == NULL && minutes == NULL) {
		*s = c->schedule;
		*cron = c->cron;
		return (0);
	}
	buf_printf(&who, "%s: ", table);
	rc = parse_schedule(s, buf_text(&who), minutes, *cron);
	buf_free(&who);
	return (rc == 0 ? 1 : -1);
}

int
config_verify(const struct config * c, const char * table,
    struct schedule * s, const char ** cron)
{
	const char * text = settings_of_stream(c->settings, "SYNC_", table,
	    "_VERIFY");
	struct buf who = { NULL, 0, 0 };
	int rc;

	if (text == NULL)
		return (parse_verify(s, "SYNC_VERIFY: ",
		    settings_text(c->settings, "SYNC_VERIFY"), cron));
	buf_printf(&who, "%s: verification: ", table);
	rc = parse_verify(s, buf_text(&who), text, cron);
	buf_free(&who);
	return (rc);
}

enum guarantee_deletes
config_deletes(const struct config * c, const char * table,
    const char * schema)
{
	const char * text = settings_of_stream(c->settings, "SYNC_", table,
	    "_DELETES");
	enum guarantee_deletes deletes = GUARANTEE_ALL;
	char * own = NULL, * soft = NULL;

	if (text == NULL)
		text = settings_text(c->settings, "SYNC_DELETES");
	if (schema != NULL) {
		own = schemas_deletes(schema);
		soft = schemas_soft_delete(schema);
	}
	if (text == NULL)
		text = own;
	if (text != NULL && strcmp(text, "ignore") == 0)
		deletes = GUARANTEE_NONE;
	else if (soft != NULL)
		deletes = GUARANTEE_SOFT;
	free(own);
	free(soft);
	return (deletes);
}

const char *
config_pipeline(const struct config * c, const char * table)
{

	return (settings_of_stream(c->settings, "SYNC_", table, "_PIPELINE"));
}
