#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/buf.h"
#include "../common/die.h"
#include "../common/exitcode.h"
#include "../common/mem.h"
#include "../common/option.h"
#include "../common/timestamp.h"

#include "options.h"
#include "range.h"

#define SECOND_US	UINT64_C(1000000)
#define DAY_US		(86400 * SECOND_US)

static const char usage[] =
"usage: extract [option ...] [table ...]\n"
"       extract --discover | --count | --check [--json] [table ...]\n"
"\n"
"Print the rows of MySQL tables that have changed as RECORD messages, one\n"
"JSON object a line.  Tables: the arguments, else SYNC_TABLES.\n"
"\n"
"  --state FILE        start behind the bookmarks in FILE (load --ack FILE)\n"
"  --full              start again at the first row\n"
"  --since TIME        rows changed since TIME (2026-01-31T12:00:00Z)\n"
"  --only FILE         the rows that load --verify has named in FILE (- for\n"
"                      standard input), found or deleted; no position moves\n"
"  --follow INTERVAL   go on with a round every INTERVAL (500ms, 10s, 5m)\n"
"  --rounds            wait for a word on standard input before each round,\n"
"                      and end it with a STATE that carries the word\n"
"  --report            log what a service wants to know\n"
"  --where SQL         only rows for which the condition is true\n"
"  --from-key N        only rows whose key's first column, a whole number, is\n"
"                      N or more\n"
"  --to-key N          ... or less than N\n"
"  --change COLUMN     the change column [updated_at, else created_at]\n"
"  --key COLUMN,...    the columns that identify a row [the primary key]\n"
"  --page-size N       rows in a statement, at most [50000]\n"
"  --nulls INTERVAL    how often rows without change time are read [1h]\n"
"  --settle TIME       wait this long for rows just changed [10s]\n"
"  --lag TIME          keep behind the clock without PROCESS [5s]\n"
"  --zero-dates HOW    0000-00-00 becomes null or string, or: reject [null]\n"
"  --on-bad-text HOW   broken text and JSON: replace or stop [stop]\n"
"  --on-drift HOW      when columns have changed: reread all rows, or: go-on\n"
"                      [reread]\n"
"  --insecure          allow an unencrypted way to another machine\n"
"  --env-file FILE     read settings from FILE instead of .env\n"
"\n"
"  --discover          print a Singer catalog of the database\n"
"  --count             print how many rows there are and are due\n"
"  --json              ... as JSON lines\n"
"  --ranges N          print at most N ranges of the table's key, as options\n"
"  --check             test connection, privileges, keys, indexes, zones\n"
"  --server            ... of the server only, whatever SYNC_TABLES says\n"
"  -h, --help\n"
"  -V, --version\n"
"\n"
"Settings, from the environment or .env:\n";

static const struct setting table[] = {
	{ "MYSQL_HOST", SETTING_TEXT, NULL, 0, 0, "name or address" },
	{ "MYSQL_PORT", SETTING_UINT, "3306", 1, 65535, "TCP port" },
	{ "MYSQL_SOCKET", SETTING_TEXT, NULL, 0, 0,
	    "Unix-domain socket, instead of host and port" },
	{ "MYSQL_USER", SETTING_TEXT, NULL, 0, 0, "account" },
	{ "MYSQL_PASSWORD", SETTING_SECRET, NULL, 0, 0, "its password" },
	{ "MYSQL_DATABASE", SETTING_TEXT, NULL, 0, 0, "database" },
	{ "MYSQL_CHARSET", SETTING_TEXT, "utf8mb4", 0, 0,
	    "of the connection: only utf8mb4 loses nothing" },
	{ "MYSQL_SSL_CA", SETTING_TEXT, NULL, 0, 0,
	    "certificate authorities; given, TLS is used everywhere" },
	{ "MYSQL_SSL_CERT", SETTING_TEXT, NULL, 0, 0, "client certificate" },
	{ "MYSQL_SSL_KEY", SETTING_TEXT, NULL, 0, 0, "and its key" },
	{ "MYSQL_COMPRESSION", SETTING_TEXT, "none", 0, 0,
	    "of the connection: none, zlib or zstd" },
	{ "MYSQL_DATETIME_OFFSET", SETTING_TEXT, "+00:00", 0, 0,
	    "zone of DATETIME columns, a fixed offset" },
	{ "SYNC_TABLES", SETTING_LIST, NULL, 0, 0,
	    "tables, with commas between" },
	{ "SYNC_ON_DRIFT", SETTING_TEXT, "reread", 0, 0,
	    "as --on-drift" },
	{ "SYNC_MAX_RETRIES", SETTING_UINT, "3", 0, 1000000,
	    "tries after trouble" },
	{ "SYNC_RETRY_DELAY", SETTING_UINT, "30", 0, 86400,
	    "seconds before the last of them" },
	{ NULL, SETTING_TEXT, NULL, 0, 0, NULL }
};

enum { O_STATE = 256, O_FULL, O_SINCE, O_FOLLOW, O_ROUNDS, O_WHERE, O_CHANGE,
	O_KEY, O_PAGE_SIZE, O_NULLS, O_SETTLE, O_LAG, O_ZERO_DATES, O_BAD_TEXT,
	O_REPORT, O_INSECURE, O_ENV_FILE, O_DISCOVER, O_COUNT, O_JSON, O_CHECK,
	O_SERVER, O_ONLY, O_ON_DRIFT, O_FROM_KEY, O_TO_KEY, O_RANGES,
	 O_HELP = 'h', O_VERSION = 'V' };

static const struct option longopts[] = {
	{ "state", required_argument, NULL, O_STATE },
	{ "full", no_argument, NULL, O_FULL },
	{ "since", required_argument, NULL, O_SINCE },
	{ "only", required_argument, NULL, O_ONLY },
	{ "follow", required_argument, NULL, O_FOLLOW },
	{ "rounds", no_argument, NULL, O_ROUNDS },
	{ "report", no_argument, NULL, O_REPORT },
	{ "where", required_argument, NULL, O_WHERE },
	{ "from-key", required_argument, NULL, O_FROM_KEY },
	{ "to-key", required_argument, NULL, O_TO_KEY },
	{ "ranges", required_argument, NULL, O_RANGES },
	{ "change", required_argument, NULL, O_CHANGE },
	{ "key", required_argument, NULL, O_KEY },
	{ "page-size", required_argument, NULL, O_PAGE_SIZE },
	{ "nulls", required_argument, NULL, O_NULLS },
	{ "settle", required_argument, NULL, O_SETTLE },
	{ "lag", required_argument, NULL, O_LAG },
	{ "zero-dates", required_argument, NULL,
	    O_ZERO_DATES },
	{ "on-bad-text", required_argument, NULL,
	    O_BAD_TEXT },
	{ "on-drift", required_argument, NULL, O_ON_DRIFT },
	{ "insecure", no_argument, NULL, O_INSECURE },
	{ "env-file", required_argument, NULL, O_ENV_FILE },
	{ "discover", no_argument, NULL, O_DISCOVER },
	{ "count", no_argument, NULL, O_COUNT },
	{ "json", no_argument, NULL, O_JSON },
	{ "check", no_argument, NULL, O_CHECK },
	{ "server", no_argument, NULL, O_SERVER },
	{ "help", no_argument, NULL, O_HELP },
	{ "version", no_argument, NULL, O_VERSION },
	{ NULL, 0, NULL, 0 }
};

static void __attribute__((noreturn))
help(void)
{
	struct buf b = { NULL, 0, 0 };

	buf_puts(&b, usage);
	settings_help(table, &b);
	option_print(b.p, b.n);
}

static void
set_since(struct options * opt, const char * s)
{
	struct buf b = { NULL, 0, 0 };

	/* Without a zone it is UTC. */
	buf_printf(&b, "%sZ", s);
	if (timestamp_parse(s, strlen(s), &opt->since_us) == -1 &&
	    timestamp_parse(b.p, b.n, &opt->since_us) == -1)
		die_usage("--since: \"%s\" is no time (2026-01-31, "
		    "2026-01-31T12:00:00Z, 2026-01-31T13:00:00+01:00)", s);
	buf_free(&b);
	opt->has_since = 1;
}

static const char *
take_number(const char * name, const char * arg)
{

	if (!range_is_number(arg))
		die_usage("--%s: \"%s\" is no whole number", name, arg);
	return (arg);
}

static void
set_mode(struct options * opt, enum options_mode mode)
{

	if (opt->mode != MODE_EXTRACT)
		die_usage("--discover, --count, --ranges and --check exclude "
		    "each other");
	opt->mode = mode;
}

static void
set_option(struct options * opt, int c, const char * arg)
{
	static const char * const dates[] = {
	    [CELL_DATES_NULL] = "null", [CELL_DATES_STRING] = "string",
	    [CELL_DATES_REJECT] = "reject" };
	static const char * const texts[] = { "stop", "replace" };

	switch (c) {
	case O_STATE: opt->state = arg; break;
	case O_FULL: opt->full = 1; break;
	case O_SINCE: set_since(opt, arg); break;
	case O_ONLY: opt->only = option_name("only", arg); break;
	case O_FOLLOW:
		opt->follow = 1;
		opt->follow_us = option_duration("follow", arg);
		break;
	case O_ROUNDS: opt->rounds = 1; break;
	case O_REPORT: opt->report = 1; break;
	case O_WHERE: opt->where = arg; break;
	case O_FROM_KEY:
		opt->from_key = take_number("from-key", arg);
		break;
	case O_TO_KEY: opt->to_key = take_number("to-key", arg); break;
	case O_RANGES:
		set_mode(opt, MODE_RANGES);
		opt->ranges = option_uint("ranges", arg, 1, 10000);
		break;
	case O_CHANGE: opt->change = arg; break;
	case O_KEY: opt->key = arg; break;
	case O_PAGE_SIZE:
		opt->page_size = option_uint("page-size", arg, 1, 10000000);
		break;
	case O_NULLS: opt->nulls_us = option_duration("nulls", arg); break;
	case O_SETTLE: opt->settle_us = option_duration("settle", arg); break;
	case O_LAG: opt->lag_us = option_duration("lag", arg); break;
	case O_ZERO_DATES:
		opt->cell.dates = (enum cell_dates)option_choice("zero-dates",
		    arg, dates, 3);
		break;
	case O_BAD_TEXT:
		opt->cell.replace = option_choice("on-bad-text", arg, texts,
		    2) == 1;
		break;
	case O_ON_DRIFT: opt->on_drift = arg; break;
	case O_INSECURE: opt->insecure = 1; break;
	case O_ENV_FILE: opt->env_file = arg; break;
	case O_DISCOVER: set_mode(opt, MODE_DISCOVER); break;
	case O_COUNT: set_mode(opt, MODE_COUNT); break;
	case O_JSON: opt->json = 1; break;
	case O_CHECK: set_mode(opt, MODE_CHECK); break;
	case O_SERVER: opt->server_only = 1; break;
	case O_HELP: help();
	case O_VERSION: option_version("extract");
	}
}

/* Options that don't go together. */
static void
check_combinations(const struct options * opt)
{

	if (opt->full && opt->has_since)
		die_usage("--full and --since exclude each other");
	if (opt->only != NULL && (opt->full || opt->has_since || opt->follow ||
	    opt->rounds || opt->where != NULL || opt->state != NULL ||
	    opt->mode != MODE_EXTRACT))
		die_usage("--only goes with none of --state, --full, --since, "
		    "--follow, --rounds, --where, --discover, --count, "
		    "--check");
	if ((opt->from_key != NULL || opt->to_key != NULL) &&
	    (opt->where != NULL || opt->only != NULL || opt->follow ||
	    opt->rounds || opt->mode != MODE_EXTRACT))
		die_usage("--from-key and --to-key go with none of --where, "
		    "--only, --follow, --rounds, --discover, --count, "
		    "--ranges, --check");
	if (opt->json && opt->mode != MODE_COUNT && opt->mode != MODE_CHECK)
		die_usage("--json goes with --count and --check only");
	if (opt->follow && opt->rounds)
		die_usage("--follow and --rounds exclude each other");
	if (opt->mode != MODE_EXTRACT && (opt->follow || opt->rounds))
		die_usage("--%s doesn't go with --%s",
		    opt->follow ? "follow" : "rounds",
		    opt->mode == MODE_DISCOVER ? "discover" :
		    opt->mode == MODE_COUNT ? "count" :
		    opt->mode == MODE_RANGES ? "ranges" : "check");
	if (opt->server_only && opt->mode != MODE_CHECK)
		die_usage("--server goes with --check only");
	if (opt->mode == MODE_DISCOVER && opt->state != NULL)
		die_usage("--discover reads no --state");
	if (opt->where != NULL && *opt->where == '\0')
		die_usage("--where: the condition is empty");
}

static void
parse_arguments(struct options * opt, int argc, char ** argv)
{
	struct option_seen seen = { 0 };
	int c;

	while ((c = option_next(argc, argv, ":hV", longopts, 0, &seen)) != -1)
		set_option(opt, c, optarg);
	check_combinations(opt);
	opt->table = (const char * const *)argv + optind;
	opt->ntable = (size_t)(argc - optind);
}

/* +HH:MM or -HH:MM, in microseconds. */
static int
parse_offset(const char * s, int64_t * us)
{
	char text[64];

	/* An RFC 3339 time with the offset knows what is allowed. */
	snprintf(text, sizeof text, "2000-01-01T00:00:00%s", s);
	if (timestamp_parse(text, strlen(text), us) == -1)
		return (-1);
	*us = timestamp_days(2000, 1, 1) * (int64_t)DAY_US - *us;
	return (0);
}

static void
check_compression(struct options * opt, const char * name)
{
	static const char * const names[] = { [SOURCE_PLAIN] = "none",
	    [SOURCE_ZLIB] = "zlib", [SOURCE_ZSTD] = "zstd" };
	int i;

	for (i = SOURCE_PLAIN; i <= SOURCE_ZSTD; i++) {
		if (strcmp(name, names[i]) == 0)
			break;
	}
	if (i > SOURCE_ZSTD)
		die_perm("MYSQL_COMPRESSION: \"%s\" is not none, zlib or "
		    "zstd", name);
	opt->source.compression = (enum source_compression)i;
	if (!source_has_compression(opt->source.compression))
		die_perm("MYSQL_COMPRESSION: the client library that this "
		    "program was built with can't do %s, only zlib", name);
}

/* The option goes before the setting. */
static void
check_drift(struct options * opt)
{
	static const char * const hows[] = { "reread", "go-on" };
	const char * how = settings_text(opt->settings, "SYNC_ON_DRIFT");

	if (opt->on_drift != NULL)
		opt->go_on = option_choice("on-drift", opt->on_drift, hows,
		    2) == 1;
	else if (strcmp(how, hows[0]) != 0 && strcmp(how, hows[1]) != 0)
		die_perm("SYNC_ON_DRIFT: \"%s\" is not reread or go-on", how);
	else
		opt->go_on = strcmp(how, hows[1]) == 0;
}

static void
check_settings(struct options * opt)
{
	struct settings * s = opt->settings;
	const char * offset = settings_text(s, "MYSQL_DATETIME_OFFSET");
	const char * charset = settings_text(s, "MYSQL_CHARSET");

	if (strcmp(charset, "utf8mb4") != 0)
		die_perm("MYSQL_CHARSET: \"%s\" is not utf8mb4, the only one "
		    "that can carry all text", charset);
	check_compression(opt, settings_text(s, "MYSQL_COMPRESSION"));
	check_drift(opt);
	if (parse_offset(offset, &opt->cell.offset_us) == -1)
		die_perm("MYSQL_DATETIME_OFFSET: \"%s\" is no offset such as "
		    "+01:00; zones with daylight saving time have no fixed "
		    "one", offset);
	if (opt->source.host == NULL && opt->source.socket == NULL)
		die_perm("MYSQL_HOST is not set (nor is MYSQL_SOCKET)");
	if (opt->source.user == NULL)
		die_perm("MYSQL_USER is not set");
	if (opt->source.database == NULL)
		die_perm("MYSQL_DATABASE is not set");
	if ((opt->source.ssl_cert == NULL) != (opt->source.ssl_key == NULL))
		die_perm("MYSQL_SSL_CERT and MYSQL_SSL_KEY go together; one "
		    "of them is not set");
}

/* The password as its file has it now: for source.h. */
static char *
reread_password(void * arg)
{
	struct options * opt = arg;
	struct settings * s = settings_load(table, opt->env_file);
	char * password;

	if (s == NULL)
		return (NULL);
	password = mem_dup(settings_text(s, "MYSQL_PASSWORD"));
	settings_free(s);
	return (password);
}

static void
load_settings(struct options * opt)
{
	struct settings * s = settings_load(table, opt->env_file);
	struct source_options * src = &opt->source;

	if ((opt->settings = s) == NULL)
		exit(EXIT_PERM);
	src->host = settings_text(s, "MYSQL_HOST");
	src->port = (unsigned)settings_uint(s, "MYSQL_PORT");
	src->socket = settings_text(s, "MYSQL_SOCKET");
	src->user = settings_text(s, "MYSQL_USER");
	src->password = settings_text(s, "MYSQL_PASSWORD");
	src->database = settings_text(s, "MYSQL_DATABASE");
	src->ssl_ca = settings_text(s, "MYSQL_SSL_CA");
	src->ssl_cert = settings_text(s, "MYSQL_SSL_CERT");
	src->ssl_key = settings_text(s, "MYSQL_SSL_KEY");
	src->insecure = opt->insecure;
	/* Who asks --check or --count wants the answer now. */
	src->max_retries = opt->mode != MODE_EXTRACT ? 0 :
	    settings_uint(s, "SYNC_MAX_RETRIES");
	src->retry_delay_s = settings_uint(s, "SYNC_RETRY_DELAY");
	src->reread = reread_password;
	src->reread_arg = opt;
}

/* Which tables: --discover and --check may go without any. */
static void
choose_tables(struct options * opt)
{
	size_t i, k;

	if (opt->ntable == 0 && !opt->server_only)
		opt->table = settings_list(opt->settings, "SYNC_TABLES",
		    &opt->ntable);
	if (opt->ntable == 0 && opt->mode != MODE_DISCOVER &&
	    opt->mode != MODE_CHECK)
		die_usage("no table is named, and SYNC_TABLES is not set");
	for (i = 0; i < opt->ntable; i++) {
		for (k = 0; k < i; k++) {
			if (strcmp(opt->table[i], opt->table[k]) == 0)
				die_usage("table %s is named twice",
				    opt->table[i]);
		}
	}
	if (opt->key != NULL && opt->ntable > 1)
		die_usage("--key is about one table; %zu are named",
		    opt->ntable);
}

void
options_parse(struct options * opt, int argc, char ** argv)
{

	memset(opt, 0, sizeof *opt);
	opt->page_size = 50000;
	opt->nulls_us = 3600 * SECOND_US;
	opt->lag_us = 5 * SECOND_US;
	opt->settle_us = 10 * SECOND_US;
	parse_arguments(opt, argc, argv);
	load_settings(opt);
	check_settings(opt);
	choose_tables(opt);
}

void
options_free(struct options * opt)
{

	buf_free(&opt->range);
	settings_free(opt->settings);
}
