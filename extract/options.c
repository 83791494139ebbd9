#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/buf.h"
#include "../common/die.h"
#include "../common/exitcode.h"
#include "../common/mem.h"
#include "../common/num.h"
#include "../common/timestamp.h"

#include "options.h"

#define SECOND_US	UINT64_C(1000000)
#define DAY_US		(86400 * SECOND_US)

static const char usage[] =
"usage: extract [option ...] [table ...]\n"
"       extract --discover | --count [--json] | --check [table ...]\n"
"\n"
"Print the rows of MySQL tables that have changed as RECORD messages, one\n"
"JSON object a line.  Tables: the arguments, else SYNC_TABLES.\n"
"\n"
"  --state FILE        start behind the bookmarks in FILE (load --ack FILE)\n"
"  --full              start again at the first row\n"
"  --since TIME        rows changed since TIME (2026-01-31T12:00:00Z)\n"
"  --follow INTERVAL   go on with a round every INTERVAL (500ms, 10s, 5m)\n"
"  --rounds            wait for a word on standard input before each round,\n"
"                      and end it with a STATE that carries the word\n"
"  --where SQL         only rows for which the condition is true\n"
"  --change COLUMN     the change column [updated_at, else created_at]\n"
"  --key COLUMN,...    the columns that identify a row [the primary key]\n"
"  --page-size N       rows in a statement, at most [10000]\n"
"  --nulls INTERVAL    how often rows without change time are read [1h]\n"
"  --settle TIME       wait this long for rows just changed [10s]\n"
"  --lag TIME          keep behind the clock without PROCESS [5s]\n"
"  --zero-dates HOW    0000-00-00 becomes null or string, or: reject [null]\n"
"  --on-bad-text HOW   broken text and JSON: replace or stop [stop]\n"
"  --insecure          allow an unencrypted way to another machine\n"
"  --env-file FILE     read settings from FILE instead of .env\n"
"\n"
"  --discover          print a Singer catalog of the database\n"
"  --count             print how many rows there are and are due\n"
"  --json              ... as JSON lines\n"
"  --check             test connection, privileges, keys, indexes, zones\n"
"  --help, --version\n"
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
	{ "MYSQL_DATETIME_OFFSET", SETTING_TEXT, "+00:00", 0, 0,
	    "zone of DATETIME columns, a fixed offset" },
	{ "SYNC_TABLES", SETTING_LIST, NULL, 0, 0,
	    "tables, with commas between" },
	{ "SYNC_MAX_RETRIES", SETTING_UINT, "3", 0, 1000000,
	    "tries after trouble" },
	{ "SYNC_RETRY_DELAY", SETTING_UINT, "30", 0, 86400,
	    "seconds before the last of them" },
	{ NULL, SETTING_TEXT, NULL, 0, 0, NULL }
};

enum { O_STATE, O_FULL, O_SINCE, O_FOLLOW, O_ROUNDS, O_WHERE, O_CHANGE,
	O_KEY, O_PAGE_SIZE, O_NULLS, O_SETTLE, O_LAG, O_ZERO_DATES, O_BAD_TEXT,
	O_INSECURE, O_ENV_FILE, O_DISCOVER, O_COUNT, O_JSON, O_CHECK, O_HELP,
	O_VERSION, O_N };

static const struct option longopts[] = {
	[O_STATE] = { "state", required_argument, NULL, O_STATE },
	[O_FULL] = { "full", no_argument, NULL, O_FULL },
	[O_SINCE] = { "since", required_argument, NULL, O_SINCE },
	[O_FOLLOW] = { "follow", required_argument, NULL, O_FOLLOW },
	[O_ROUNDS] = { "rounds", no_argument, NULL, O_ROUNDS },
	[O_WHERE] = { "where", required_argument, NULL, O_WHERE },
	[O_CHANGE] = { "change", required_argument, NULL, O_CHANGE },
	[O_KEY] = { "key", required_argument, NULL, O_KEY },
	[O_PAGE_SIZE] = { "page-size", required_argument, NULL, O_PAGE_SIZE },
	[O_NULLS] = { "nulls", required_argument, NULL, O_NULLS },
	[O_SETTLE] = { "settle", required_argument, NULL, O_SETTLE },
	[O_LAG] = { "lag", required_argument, NULL, O_LAG },
	[O_ZERO_DATES] = { "zero-dates", required_argument, NULL,
	    O_ZERO_DATES },
	[O_BAD_TEXT] = { "on-bad-text", required_argument, NULL,
	    O_BAD_TEXT },
	[O_INSECURE] = { "insecure", no_argument, NULL, O_INSECURE },
	[O_ENV_FILE] = { "env-file", required_argument, NULL, O_ENV_FILE },
	[O_DISCOVER] = { "discover", no_argument, NULL, O_DISCOVER },
	[O_COUNT] = { "count", no_argument, NULL, O_COUNT },
	[O_JSON] = { "json", no_argument, NULL, O_JSON },
	[O_CHECK] = { "check", no_argument, NULL, O_CHECK },
	[O_HELP] = { "help", no_argument, NULL, O_HELP },
	[O_VERSION] = { "version", no_argument, NULL, O_VERSION },
	[O_N] = { NULL, 0, NULL, 0 }
};

/* Print to standard output and leave. */
static void __attribute__((noreturn))
print_and_exit(const char * text)
{

	if (fputs(text, stdout) == EOF || fflush(stdout) == EOF)
		die_temp_sys("write standard output");
	exit(EXIT_DONE);
}

static void __attribute__((noreturn))
help(void)
{
	struct buf b = { NULL, 0, 0 };

	buf_puts(&b, usage);
	settings_help(table, &b);
	print_and_exit(buf_text(&b));
}

static uint64_t
duration(const char * option, const char * s)
{
	uint64_t us;

	if (num_duration(s, &us) == -1 || us > 36500 * DAY_US)
		die_usage("--%s: \"%s\" is no duration (500ms, 10s, 5m, 1h)",
		    option, s);
	return (us);
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

static void
set_zero_dates(struct options * opt, const char * s)
{

	if (strcmp(s, "null") == 0)
		opt->cell.dates = CELL_DATES_NULL;
	else if (strcmp(s, "string") == 0)
		opt->cell.dates = CELL_DATES_STRING;
	else if (strcmp(s, "reject") == 0)
		opt->cell.dates = CELL_DATES_REJECT;
	else
		die_usage("--zero-dates: \"%s\" is not null, string or "
		    "reject", s);
}

static void
set_bad_text(struct options * opt, const char * s)
{

	if (strcmp(s, "replace") == 0)
		opt->cell.replace = 1;
	else if (strcmp(s, "stop") == 0)
		opt->cell.replace = 0;
	else
		die_usage("--on-bad-text: \"%s\" is not replace or stop", s);
}

static void
set_mode(struct options * opt, enum options_mode mode)
{

	if (opt->mode != MODE_EXTRACT)
		die_usage("--discover, --count and --check exclude each "
		    "other");
	opt->mode = mode;
}

static void
set_option(struct options * opt, int c, const char * arg)
{

	switch (c) {
	case O_STATE: opt->state = arg; break;
	case O_FULL: opt->full = 1; break;
	case O_SINCE: set_since(opt, arg); break;
	case O_FOLLOW:
		opt->follow = 1;
		opt->follow_us = duration("follow", arg);
		break;
	case O_ROUNDS: opt->rounds = 1; break;
	case O_WHERE: opt->where = arg; break;
	case O_CHANGE: opt->change = arg; break;
	case O_KEY: opt->key = arg; break;
	case O_PAGE_SIZE:
		if (num_u64(arg, 1, 10000000, &opt->page_size) == -1)
			die_usage("--page-size: \"%s\" is not a whole number "
			    "from 1 to 10000000", arg);
		break;
	case O_NULLS: opt->nulls_us = duration("nulls", arg); break;
	case O_SETTLE: opt->settle_us = duration("settle", arg); break;
	case O_LAG: opt->lag_us = duration("lag", arg); break;
	case O_ZERO_DATES: set_zero_dates(opt, arg); break;
	case O_BAD_TEXT: set_bad_text(opt, arg); break;
	case O_INSECURE: opt->insecure = 1; break;
	case O_ENV_FILE: opt->env_file = arg; break;
	case O_DISCOVER: set_mode(opt, MODE_DISCOVER); break;
	case O_COUNT: set_mode(opt, MODE_COUNT); break;
	case O_JSON: opt->json = 1; break;
	case O_CHECK: set_mode(opt, MODE_CHECK); break;
	case O_HELP: help();
	case O_VERSION: print_and_exit("extract (Millrace) "
	    MILLRACE_VERSION "\n");
	}
}

/* Options that don't go together. */
static void
check_combinations(const struct options * opt, const int * seen)
{

	if (opt->full && opt->has_since)
		die_usage("--full and --since exclude each other");
	if (opt->json && opt->mode != MODE_COUNT)
		die_usage("--json goes with --count only");
	if (opt->follow && opt->rounds)
		die_usage("--follow and --rounds exclude each other");
	if (opt->mode != MODE_EXTRACT && (opt->follow || opt->rounds))
		die_usage("--%s doesn't go with --%s",
		    opt->follow ? "follow" : "rounds",
		    opt->mode == MODE_DISCOVER ? "discover" :
		    opt->mode == MODE_COUNT ? "count" : "check");
	if (opt->mode == MODE_DISCOVER && opt->state != NULL)
		die_usage("--discover reads no --state");
	if (opt->where != NULL && *opt->where == '\0')
		die_usage("--where: the condition is empty");
	(void)seen;
}

/* What getopt_long() couldn't take. */
static void __attribute__((noreturn))
bad_option(char ** argv, int c)
{
	const char * word = argv[optind - 1];

	if (c == ':')
		die_usage("%s needs a value", word);
	if (optopt > 0 && optopt < O_N)
		die_usage("%s: --%s takes no value", word,
		    longopts[optopt].name);
	die_usage("%s: no such option", word);
}

static void
parse_arguments(struct options * opt, int argc, char ** argv)
{
	int c, seen[O_N] = { 0 };

	opterr = 0;
	while ((c = getopt_long(argc, argv, ":", longopts, NULL)) != -1) {
		if (c < 0 || c >= O_N)
			bad_option(argv, c);
		if (seen[c]++)
			die_usage("--%s is given twice", longopts[c].name);
		set_option(opt, c, optarg);
	}
	check_combinations(opt, seen);
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
check_settings(struct options * opt)
{
	struct settings * s = opt->settings;
	const char * offset = settings_text(s, "MYSQL_DATETIME_OFFSET");
	const char * charset = settings_text(s, "MYSQL_CHARSET");

	if (strcmp(charset, "utf8mb4") != 0)
		die_perm("MYSQL_CHARSET: \"%s\" is not utf8mb4, the only one "
		    "that can carry all text", charset);
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
	src->max_retries = settings_uint(s, "SYNC_MAX_RETRIES");
	src->retry_delay_s = settings_uint(s, "SYNC_RETRY_DELAY");
	src->reread = reread_password;
	src->reread_arg = opt;
}

/* Which tables: --discover and --check may go without any. */
static void
choose_tables(struct options * opt)
{
	size_t i, k;

	if (opt->ntable == 0)
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
	opt->page_size = 10000;
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

	settings_free(opt->settings);
}
