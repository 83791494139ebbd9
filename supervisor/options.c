#include <fcntl.h>

#include "../common/buf.h"
#include "../common/die.h"
#include "../common/num.h"
#include "../common/option.h"

#include "config.h"
#include "options.h"

static const char help[] =
"usage: supervisor [option ...]\n"
"       supervisor status | trigger | pause | ...    (supervisor help)\n"
"\n"
"Runs extract TABLE | transform | load for every table, on time and through\n"
"faults: see supervisor(8).\n"
"\n"
"      --once             run each table once, print what became of it, end\n"
"      --check            check the settings, start nothing\n"
"      --env-file FILE    read settings there instead of in .env\n"
"      --notify-fd N      write a newline to descriptor N once ready (s6)\n"
"  -h, --help\n"
"  -V, --version\n"
"\n"
"Settings, from the environment or .env, besides those of the stages:\n";

static const char more_settings[] =
"\n"
"For one table, such as orders:\n"
"  SYNC_ORDERS_PIPELINE          its stages, instead of\n"
"                                extract orders | transform | load\n"
"  SYNC_ORDERS_INTERVAL_MINUTES, SYNC_ORDERS_CRON, SYNC_ORDERS_VERIFY\n";

static const char exits[] =
"\n"
"Signals: TERM and INT drain and end (twice: kill), HUP reads settings again.\n"
"Exit codes: 0 done, 99 stopped by a signal (--once), 100 usage, settings, or\n"
"a table failed for good, 111 a table failed, but a retry may help.\n";

enum { OPT_ONCE = 256, OPT_CHECK, OPT_ENV, OPT_NOTIFY };

static const struct option longs[] = {
	{ "once", no_argument, NULL, OPT_ONCE },
	{ "check", no_argument, NULL, OPT_CHECK },
	{ "env-file", required_argument, NULL, OPT_ENV },
	{ "notify-fd", required_argument, NULL, OPT_NOTIFY },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 }
};

static void
show_help(void)
{
	struct buf b = { NULL, 0, 0 };

	buf_puts(&b, help);
	settings_help(config_table, &b);
	buf_puts(&b, more_settings);
	buf_puts(&b, exits);
	option_print(b.p, b.n);
}

static int
parse_fd(const char * arg)
{
	uint64_t n;

	if (num_u64(arg, 3, 1023, &n) == -1 ||
	    fcntl((int)n, F_SETFD, FD_CLOEXEC) == -1)
		die_usage("--notify-fd: \"%s\" is no open descriptor from 3 "
		    "on", arg);
	return ((int)n);
}

void
options_parse(struct options * opt, int argc, char * argv[])
{
	struct option_seen seen = { 0 };
	int c;

	*opt = (struct options) { .notify_fd = -1 };
	while ((c = option_next(argc, argv, ":hV", longs, 0, &seen)) != -1) {
		switch (c) {
		case OPT_ONCE:
			opt->once = 1;
			break;
		case OPT_CHECK:
			opt->check = 1;
			break;
		case OPT_ENV:
			opt->env_file = optarg;
			break;
		case OPT_NOTIFY:
			opt->notify_fd = parse_fd(optarg);
			break;
		case 'h':
			show_help();
			break;
		case 'V':
			option_version("supervisor");
		}
	}
	if (optind < argc)
		die_usage("\"%s\" is no verb, see supervisor help; tables are "
		    "named by SYNC_TABLES", argv[optind]);
}
