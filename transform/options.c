#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../common/buf.h"
#include "../common/die.h"
#include "../common/linein.h"
#include "../common/mem.h"
#include "../common/option.h"
#include "../common/settings.h"

#include "options.h"

static const struct setting settings[] = {
	{ "SYNC_SCHEMAS", SETTING_TEXT, NULL, 0, 0,
	    "folder of schema files, as --schemas" },
	{ NULL, SETTING_TEXT, NULL, 0, 0, NULL }
};

static const char help[] =
"usage: transform [options] < messages > messages\n"
"       transform --check [FILE ...]\n"
"       transform --validator FILE\n"
"       extract --discover TABLE | transform --propose [-s FILE]\n"
"\n"
"Maps and validates the records of a stream by schema files: see\n"
"transform(1), schema(5) and record(5).\n"
"\n"
"  -s, --schema FILE      use this schema file (may be repeated), and no\n"
"                         folder\n"
"      --schemas DIR      the folder of schema files (SYNC_SCHEMAS; else\n"
"                         ./schemas, else the installed ones)\n"
"      --no-schemas       pass all streams as they come\n"
"      --rejects FILE     write bad records there and go on; without it\n"
"                         the first one ends the run\n"
"      --max-rejects N|P% end the run when there are more than that\n"
"      --allow-dropped    records that a filter before left out are no\n"
"                         error\n"
"      --report           log how many were rejected so far, before each\n"
"                         STATE that covers more of them\n"
"      --max-line BYTES   longest line, 64M by default\n"
"      --check            check the files, or those of the folder\n"
"      --validator FILE   print the file as a validator for MongoDB\n"
"      --propose          print the schema file as it should become, so\n"
"                         that it fits the SCHEMA that comes in\n"
"      --env-file FILE    read settings there instead of in .env\n"
"  -h, --help\n"
"  -V, --version\n"
"\n"
"Settings:\n";

static const char exits[] =
"\n"
"Exit codes: 0 done, 99 stopped by a signal, 100 usage, schema or data,\n"
"111 temporary (disk full, no memory); 1 if --propose has a change.\n";

enum { OPT_SCHEMAS = 256, OPT_NONE, OPT_REJECTS, OPT_MAX, OPT_ALLOW, OPT_REPORT,
	OPT_LINE, OPT_CHECK, OPT_VALIDATOR, OPT_PROPOSE, OPT_ENV };

static const struct option longs[] = {
	{ "schema", required_argument, NULL, 's' },
	{ "schemas", required_argument, NULL, OPT_SCHEMAS },
	{ "no-schemas", no_argument, NULL, OPT_NONE },
	{ "rejects", required_argument, NULL, OPT_REJECTS },
	{ "max-rejects", required_argument, NULL, OPT_MAX },
	{ "allow-dropped", no_argument, NULL, OPT_ALLOW },
	{ "report", no_argument, NULL, OPT_REPORT },
	{ "max-line", required_argument, NULL, OPT_LINE },
	{ "check", no_argument, NULL, OPT_CHECK },
	{ "validator", required_argument, NULL, OPT_VALIDATOR },
	{ "propose", no_argument, NULL, OPT_PROPOSE },
	{ "env-file", required_argument, NULL, OPT_ENV },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 }
};

/* What is worked out from options that come in any order. */
struct given {
	const char * folder;
	const char * env_file;
	int none;
	int max;		/* --max-rejects */
};

static void
show_help(void)
{
	struct buf b = { 0 };

	buf_puts(&b, help);
	settings_help(settings, &b);
	buf_puts(&b, exits);
	option_print(b.p, b.n);
}

static void
add_file(struct options * opt, const char * name)
{

	opt->file = mem_grow(opt->file, opt->nfile + 1, sizeof *opt->file);
	opt->file[opt->nfile++] = mem_dup(name);
}

static void
take(struct options * opt, struct given * g, int c)
{

	switch (c) {
	case 's':
		add_file(opt, option_name("schema", optarg));
		break;
	case OPT_SCHEMAS:
		g->folder = option_name("schemas", optarg);
		break;
	case OPT_NONE:
		g->none = 1;
		break;
	case OPT_REJECTS:
		opt->rejects = option_name("rejects", optarg);
		break;
	case OPT_MAX:
		if (quota_parse(optarg, &opt->quota) == -1)
			die_usage("--max-rejects: \"%s\" is neither a count "
			    "nor a percentage as 5%%", optarg);
		g->max = 1;
		break;
	case OPT_ALLOW:
		opt->allow_dropped = 1;
		break;
	case OPT_REPORT:
		opt->report = 1;
		break;
	case OPT_LINE:
		opt->max_line = option_size("max-line", optarg);
		break;
	case OPT_CHECK:
		opt->mode = MODE_CHECK;
		break;
	case OPT_VALIDATOR:
		opt->mode = MODE_VALIDATOR;
		add_file(opt, option_name("validator", optarg));
		break;
	case OPT_PROPOSE:
		opt->mode = MODE_PROPOSE;
		break;
	case OPT_ENV:
		g->env_file = option_name("env-file", optarg);
		break;
	case 'h':
		show_help();
		break;
	case 'V':
		option_version("transform");
	}
}

static int
is_folder(const char * path)
{
	struct stat st;

	return (stat(path, &st) == 0 && S_ISDIR(st.st_mode));
}

/* The schemas beside this program: in a checkout, or installed. */
static char *
find_own_folder(void)
{
	static const char * const places[] = { "../schemas",
		"../../../share/millrace/schemas" };
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
	char * slash;
	char * path;
	size_t i;

	if (n <= 0)
		return (NULL);
	exe[n] = '\0';
	if ((slash = strrchr(exe, '/')) == NULL)
		return (NULL);
	*slash = '\0';
	for (i = 0; i < sizeof places / sizeof places[0]; i++) {
		if (asprintf(&path, "%s/%s", exe, places[i]) == -1)
			return (NULL);
		if (is_folder(path))
			return (path);
		free(path);
	}
	return (NULL);
}

static void
find_folder(struct options * opt, const struct given * g)
{
	struct settings * s;
	const char * folder = g->folder;

	if ((s = settings_load(settings, g->env_file)) == NULL)
		die_perm("the settings have to be put right first");
	if (folder == NULL)
		folder = settings_text(s, "SYNC_SCHEMAS");
	if (folder != NULL && !is_folder(folder))
		die_perm("%s: is no folder of schema files", folder);
	if (folder == NULL && is_folder("schemas"))
		folder = "schemas";
	opt->folder = folder != NULL ? mem_dup(folder) : find_own_folder();
	settings_free(s);
}

void
options_parse(struct options * opt, int argc, char * argv[])
{
	struct option_seen seen = { 0 };
	struct given g = { NULL, NULL, 0, 0 };
	int c;

	*opt = (struct options) { .max_line = LINEIN_MAX,
	    .quota = QUOTA_NONE };
	while ((c = option_next(argc, argv, ":s:hV", longs, 's', &seen)) != -1)
		take(opt, &g, c);
	for (; optind < argc && opt->mode == MODE_CHECK; optind++)
		add_file(opt, argv[optind]);
	if (optind < argc)
		die_usage("\"%s\": transform reads standard input, and takes "
		    "no names of streams", argv[optind]);
	if (opt->mode == MODE_VALIDATOR && opt->nfile != 1)
		die_usage("--validator takes one file");
	if (opt->mode == MODE_PROPOSE && opt->nfile > 1)
		die_usage("--propose is about one file");
	if (opt->mode == MODE_PROPOSE && opt->rejects != NULL)
		die_usage("--propose maps no records: --rejects has no "
		    "meaning");
	if (g.none && (opt->nfile > 0 || g.folder != NULL))
		die_usage("--no-schemas goes without schema files");
	if (opt->nfile > 0 && g.folder != NULL)
		die_usage("-s and --schemas don't go together");
	if (g.max && opt->rejects == NULL)
		die_usage("--max-rejects needs --rejects FILE: without it the "
		    "first bad record ends the run");
	if (opt->nfile == 0 && !g.none)
		find_folder(opt, &g);
}

void
options_free(struct options * opt)
{
	size_t i;

	for (i = 0; i < opt->nfile; i++)
		free(opt->file[i]);
	free(opt->file);
	free(opt->folder);
}
