#include <stdlib.h>
#include <string.h>

#include "../common/buf.h"
#include "../common/die.h"
#include "../common/linein.h"
#include "../common/log.h"
#include "../common/option.h"

#include "options.h"

static const struct setting settings[] = {
	{ "MONGODB_URI", SETTING_SECRET, NULL, 0, 0,
	    "connection string of the server" },
	{ "MONGODB_DATABASE", SETTING_TEXT, NULL, 0, 0,
	    "database, unless the URI names it" },
	{ "MONGODB_COMPRESSORS", SETTING_LIST, NULL, 0, 0,
	    "compress with the first that the server knows: zstd, zlib, "
	    "snappy [none]" },
	{ "SYNC_BATCH_SIZE", SETTING_UINT, "1000", 1, 100000,
	    "writes in one command" },
	{ "SYNC_CONNECTIONS", SETTING_UINT, "1", 1, 16,
	    "that write at the same time" },
	{ "SYNC_MAX_RETRIES", SETTING_UINT, "3", 0, 1000000,
	    "tries after a failure" },
	{ "SYNC_RETRY_DELAY", SETTING_UINT, "30", 0, 86400,
	    "seconds before the last of them" },
	{ "SYNC_DELETES", SETTING_TEXT, NULL, 0, 0,
	    "of rows: mirror, mark or ignore them, unless the SCHEMA's "
	    "`deletes` says [mirror]" },
	{ NULL, SETTING_TEXT, NULL, 0, 0, NULL }
};

static const char help[] =
"usage: load [options] < messages > acknowledged-positions\n"
"       load --check [--json] [stream[=collection] ...]\n"
"\n"
"Writes the records of a stream to MongoDB and prints the positions that\n"
"are safe: see load(1) and record(5).\n"
"\n"
"      --ack PATH         acknowledge to this FIFO or file instead of\n"
"                         standard output\n"
"      --rejects FILE     write bad records there and go on; without it\n"
"                         the first one ends the run\n"
"      --max-rejects N|P% end the run when there are more than that\n"
"      --conflict newest|source|target\n"
"                         who wins where MongoDB's document was changed,\n"
"                         too [newest]\n"
"      --conflict-log all find and log those that the source wins, too\n"
"      --conflicts FILE   keep both documents of a conflict there\n"
"      --decimal string|reject\n"
"                         numbers of more than 34 digits [string]\n"
"      --bigint-unsigned auto|decimal\n"
"                         int64 as far as it goes, or always Decimal128\n"
"                         [auto]\n"
"      --names escape|reject\n"
"                         '$' and '.' in names of fields [escape]\n"
"      --micros           keep microseconds beside a date, as a string\n"
"      --allow-dropped    records that a filter before left out are no\n"
"                         error\n"
"      --allow-open       input that doesn't end in a STATE is no error\n"
"      --activate-version delete what an ACTIVATE_VERSION message leaves\n"
"                         behind\n"
"      --report           log the counts so far before acknowledgements\n"
"      --verify           write nothing; compare, and print differences\n"
"      --repair           ... and write those that have lasted\n"
"      --generations N    looks that a difference has to last to count [1]\n"
"      --resume FILE      keep in FILE how far it has come\n"
"      --rate N           look at N documents a second at most\n"
"      --sample N         compare N rows only, drawn from all that come\n"
"      --values           print the documents that differ, too\n"
"      --check            only reach the server and log in; look at the\n"
"                         streams' collections; print what was found\n"
"      --json             print it as JSON, one object a line\n"
"  -n, --dry-run          write and acknowledge nothing, say what would be\n"
"      --insecure         allow connections without verified TLS\n"
"      --max-line BYTES   longest line, 64M by default\n"
"      --env-file FILE    read settings there instead of in .env\n"
"  -h, --help\n"
"  -V, --version\n"
"\n"
"Settings:\n";

static const char more_settings[] =
"  SYNC_<STREAM>_COLLECTION  collection of a stream, unless it is the\n"
"                    SCHEMA's `collection` or the stream's own name\n"
"  SYNC_<STREAM>_DELETES  SYNC_DELETES of a stream\n";

static const char exits[] =
"\n"
"Exit codes: 0 done, 1 (--verify) not all is equal, 99 stopped by a signal,\n"
"100 usage, settings, schema or data, 111 temporary (server away, input cut,\n"
"disk full).\n";

enum { OPT_ACK = 256, OPT_REJECTS, OPT_MAX, OPT_CONFLICT, OPT_CONFLICT_LOG,
	OPT_CONFLICTS, OPT_DECIMAL, OPT_BIGINT, OPT_NAMES, OPT_MICROS,
	OPT_DROPPED, OPT_OPEN, OPT_ACTIVATE, OPT_REPORT, OPT_CHECK, OPT_JSON,
	OPT_INSECURE, OPT_LINE, OPT_ENV, OPT_VERIFY, OPT_REPAIR,
	OPT_GENERATIONS, OPT_RESUME, OPT_RATE, OPT_VALUES, OPT_SAMPLE };

static const struct option longs[] = {
	{ "ack", required_argument, NULL, OPT_ACK },
	{ "rejects", required_argument, NULL, OPT_REJECTS },
	{ "max-rejects", required_argument, NULL, OPT_MAX },
	{ "conflict", required_argument, NULL, OPT_CONFLICT },
	{ "conflict-log", required_argument, NULL, OPT_CONFLICT_LOG },
	{ "conflicts", required_argument, NULL, OPT_CONFLICTS },
	{ "decimal", required_argument, NULL, OPT_DECIMAL },
	{ "bigint-unsigned", required_argument, NULL, OPT_BIGINT },
	{ "names", required_argument, NULL, OPT_NAMES },
	{ "micros", no_argument, NULL, OPT_MICROS },
	{ "allow-dropped", no_argument, NULL, OPT_DROPPED },
	{ "allow-open", no_argument, NULL, OPT_OPEN },
	{ "activate-version", no_argument, NULL, OPT_ACTIVATE },
	{ "report", no_argument, NULL, OPT_REPORT },
	{ "check", no_argument, NULL, OPT_CHECK },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "dry-run", no_argument, NULL, 'n' },
	{ "verify", no_argument, NULL, OPT_VERIFY },
	{ "repair", no_argument, NULL, OPT_REPAIR },
	{ "generations", required_argument, NULL, OPT_GENERATIONS },
	{ "resume", required_argument, NULL, OPT_RESUME },
	{ "rate", required_argument, NULL, OPT_RATE },
	{ "sample", required_argument, NULL, OPT_SAMPLE },
	{ "values", no_argument, NULL, OPT_VALUES },
	{ "insecure", no_argument, NULL, OPT_INSECURE },
	{ "max-line", required_argument, NULL, OPT_LINE },
	{ "env-file", required_argument, NULL, OPT_ENV },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 }
};

static void
show_help(void)
{
	struct buf b = { NULL, 0, 0 };

	buf_puts(&b, help);
	settings_help(settings, &b);
	buf_puts(&b, more_settings);
	buf_puts(&b, exits);
	option_print(b.p, b.n);
}

/* An option that picks one of a few words. */
static int
take_choice(struct options * opt, int c)
{
	static const char * const policies[] = { "newest", "source",
		"target" };
	static const char * const logs[] = { "all" };
	static const char * const decimals[] = { "string", "reject" };
	static const char * const bigints[] = { "auto", "decimal" };
	static const char * const names[] = { "escape", "reject" };

	switch (c) {
	case OPT_CONFLICT:
		opt->policy = (enum resolve_policy)option_choice("conflict", optarg,
		    policies, 3);
		return (1);
	case OPT_CONFLICT_LOG:
		opt->look_first = 1 + option_choice("conflict-log", optarg, logs, 1);
		return (1);
	case OPT_DECIMAL:
		opt->plan.decimal_reject = option_choice("decimal", optarg,
		    decimals, 2);
		return (1);
	case OPT_BIGINT:
		opt->plan.unsigned_decimal = option_choice("bigint-unsigned", optarg,
		    bigints, 2);
		return (1);
	case OPT_NAMES:
		opt->plan.names_reject = option_choice("names", optarg, names, 2);
		return (1);
	default:
		return (0);
	}
}

/* An option of --verify. */
static int
take_verify(struct options * opt, int c)
{

	switch (c) {
	case OPT_VERIFY:
		opt->verify = 1;
		return (1);
	case OPT_REPAIR:
		opt->repair = 1;
		return (1);
	case OPT_GENERATIONS:
		opt->generations = option_uint("generations", optarg, 1, 1000);
		return (1);
	case OPT_RESUME:
		opt->resume = option_name("resume", optarg);
		return (1);
	case OPT_RATE:
		opt->rate = option_uint("rate", optarg, 1, 100000000);
		return (1);
	case OPT_SAMPLE:
		opt->sample = option_uint("sample", optarg, 1, 10000);
		return (1);
	case OPT_VALUES:
		opt->values = 1;
		return (1);
	default:
		return (0);
	}
}

/* Options that don't go together. */
static void
check_verify(const struct options * opt)
{

	if (!opt->verify && (opt->repair || opt->generations != 0 ||
	    opt->resume != NULL || opt->rate != 0 || opt->values ||
	    opt->sample != 0))
		die_usage("--repair, --generations, --resume, --rate, --sample "
		    "and --values go with --verify");
	if (opt->sample != 0 && (opt->repair || opt->resume != NULL))
		die_usage("--sample goes with neither --repair nor --resume");
	if (opt->verify && (opt->ack != NULL || opt->dry_run || opt->check ||
	    opt->activate))
		die_usage("--verify goes with none of --ack, --dry-run, "
		    "--check, --activate-version");
	if (opt->repair && opt->resume != NULL)
		die_usage("--repair is for the rows of extract --only, and "
		    "has no --resume");
}

static void
take(struct options * opt, int c)
{

	switch (c) {
	case OPT_ACK:
		opt->ack = option_name("ack", optarg);
		break;
	case OPT_REJECTS:
		opt->rejects = option_name("rejects", optarg);
		break;
	case OPT_MAX:
		if (quota_parse(optarg, &opt->quota) == -1)
			die_usage("--max-rejects: \"%s\" is neither a count "
			    "nor a percentage as 5%%", optarg);
		opt->has_quota = 1;
		break;
	case OPT_CONFLICTS:
		opt->conflicts = option_name("conflicts", optarg);
		break;
	case OPT_MICROS:
		opt->plan.micros = 1;
		break;
	case OPT_DROPPED:
		opt->allow_dropped = 1;
		break;
	case OPT_OPEN:
		opt->allow_open = 1;
		break;
	case OPT_ACTIVATE:
		opt->activate = 1;
		break;
	case OPT_REPORT:
		opt->report = 1;
		break;
	case OPT_CHECK:
		opt->check = 1;
		break;
	case OPT_JSON:
		opt->json = 1;
		break;
	case 'n':
		opt->dry_run = 1;
		break;
	case OPT_INSECURE:
		opt->insecure = 1;
		break;
	case OPT_LINE:
		opt->max_line = option_size("max-line", optarg);
		break;
	case OPT_ENV:
		opt->env_file = option_name("env-file", optarg);
		break;
	case 'h':
		show_help();
		break;
	case 'V':
		option_version("load");
	}
}

/* Names of compressors, as the library and the server have them. */
static void
check_compressors(const struct settings * s)
{
	const char * const * names;
	size_t i, n;

	names = settings_list(s, "MONGODB_COMPRESSORS", &n);
	for (i = 0; i < n; i++) {
		if (strcmp(names[i], "zstd") != 0 &&
		    strcmp(names[i], "zlib") != 0 &&
		    strcmp(names[i], "snappy") != 0)
			die_perm("MONGODB_COMPRESSORS: \"%s\" is none of zstd, "
			    "zlib, snappy", names[i]);
	}
}

static void
check_deletes(const char * value)
{

	if (value != NULL && deletes_named(value) == -1)
		die_perm("SYNC_DELETES: \"%s\" is none of mirror, mark, "
		    "ignore", value);
}

static void
load_settings(struct options * opt)
{
	struct settings * s;

	/* The environment's copy is wiped when it is read. */
	opt->uri_from_environment = (getenv("MONGODB_URI") != NULL);
	if ((s = settings_load(settings, opt->env_file)) == NULL)
		die_perm("the settings have to be put right first");
	opt->settings = s;
	opt->uri = settings_text(s, "MONGODB_URI");
	opt->database = settings_text(s, "MONGODB_DATABASE");
	check_compressors(s);
	opt->compressors = settings_text(s, "MONGODB_COMPRESSORS");
	check_deletes(settings_text(s, "SYNC_DELETES"));
	opt->batch = settings_uint(s, "SYNC_BATCH_SIZE");
	opt->connections = settings_uint(s, "SYNC_CONNECTIONS");
	opt->max_retries = settings_uint(s, "SYNC_MAX_RETRIES");
	opt->retry_delay = settings_uint(s, "SYNC_RETRY_DELAY");
	if (opt->uri == NULL || *opt->uri == '\0')
		die_perm("MONGODB_URI is not set: which server is it? For "
		    "example mongodb://127.0.0.1:27017/");
}

void
options_parse(struct options * opt, int argc, char * argv[])
{
	struct option_seen seen = { 0 };
	int c;

	*opt = (struct options) { .max_line = LINEIN_MAX,
	    .quota = QUOTA_NONE };
	while ((c = option_next(argc, argv, ":nhV", longs, 0, &seen)) != -1) {
		if (!take_choice(opt, c) && !take_verify(opt, c))
			take(opt, c);
	}
	if (optind < argc && !opt->check)
		die_usage("\"%s\": load reads standard input, and takes no "
		    "names of streams but with --check", argv[optind]);
	if (opt->json && !opt->check)
		die_usage("--json goes with --check only");
	opt->stream = argv + optind;
	opt->nstream = (size_t)(argc - optind);
	if (opt->has_quota && opt->rejects == NULL)
		die_usage("--max-rejects needs --rejects FILE: without it the "
		    "first bad record ends the run");
	if (opt->dry_run && opt->ack != NULL)
		die_usage("--dry-run acknowledges nothing: leave --ack out");
	check_verify(opt);
	if (opt->generations == 0)
		opt->generations = 1;
	load_settings(opt);
}

const char *
options_reload_uri(struct options * opt)
{
	const char * uri;

	if (opt->uri_from_environment)
		return (NULL);
	settings_free(opt->reloaded);
	if ((opt->reloaded = settings_load(settings, opt->env_file)) == NULL)
		return (NULL);
	uri = settings_text(opt->reloaded, "MONGODB_URI");
	return (uri != NULL && strcmp(uri, opt->uri) != 0 ? uri : NULL);
}

const char *
options_collection(const struct options * opt, const char * stream)
{

	return (settings_of_stream(opt->settings, "SYNC_", stream,
	    "_COLLECTION"));
}

int
options_deletes(const struct options * opt, const char * stream,
    enum deletes * deletes)
{
	const char * value = settings_of_stream(opt->settings, "SYNC_",
	    stream, "_DELETES");
	int named;

	if (value == NULL)
		value = settings_text(opt->settings, "SYNC_DELETES");
	if (value == NULL)
		return (0);
	if ((named = deletes_named(value)) == -1) {
		log_error("%s: its SYNC_..._DELETES \"%s\" is none of "
		    "mirror, mark, ignore", stream, value);
		return (-1);
	}
	*deletes = (enum deletes)named;
	return (0);
}

void
options_free(struct options * opt)
{

	settings_free(opt->settings);
	settings_free(opt->reloaded);
}
