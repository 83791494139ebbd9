#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "die.h"
#include "exitcode.h"
#include "mem.h"
#include "num.h"

#include "option.h"

#define YEARS_100_US	(UINT64_C(36525) * 86400 * 1000000)

/* The place in the table of what getopt_long() returned. */
static size_t
place_of(const struct option * table, int c)
{
	size_t i;

	for (i = 0; table[i].name != NULL && table[i].val != c; i++)
		continue;
	return (i);
}

static void __attribute__((noreturn))
bad_option(char ** argv, const struct option * table, int c)
{
	const char * word = argv[optind - 1];
	size_t i;

	if (c == ':')
		die_usage("%s needs a value", word);
	/* A long option with a value too many leaves its val in optopt. */
	if (optopt != 0) {
		i = place_of(table, optopt);
		if (table[i].name != NULL && strncmp(word, "--", 2) == 0)
			die_usage("%s: --%s takes no value", word,
			    table[i].name);
		if (optopt < 256)
			die_usage("-%c: no such option", optopt);
	}
	die_usage("%s: no such option", word);
}

int
option_next(int argc, char ** argv, const char * shorts,
    const struct option * table, int repeats, struct option_seen * seen)
{
	size_t i;
	int c;

	opterr = 0;
	c = getopt_long(argc, argv, shorts, table, NULL);
	if (c == '?' || c == ':')
		bad_option(argv, table, c);
	if (c == -1 || (repeats != 0 && c == repeats))
		return (c);
	i = place_of(table, c);
	if (seen->bits & UINT64_C(1) << i)
		die_usage("--%s is given twice", table[i].name);
	seen->bits |= UINT64_C(1) << i;
	return (c);
}

const char *
option_name(const char * name, const char * arg)
{

	if (*arg == '\0')
		die_usage("--%s: the name is empty", name);
	return (arg);
}

int
option_choice(const char * name, const char * arg, const char * const * words,
    int n)
{
	struct buf list = { NULL, 0, 0 };
	int i;

	for (i = 0; i < n; i++) {
		if (strcmp(arg, words[i]) == 0) {
			buf_free(&list);
			return (i);
		}
		buf_puts(&list, i == 0 ? "" : i == n - 1 ? " or " : ", ");
		buf_puts(&list, words[i]);
	}
	die_usage("--%s: \"%s\" is not %s", name, arg, buf_text(&list));
}

uint64_t
option_uint(const char * name, const char * arg, uint64_t min, uint64_t max)
{
	uint64_t v;

	if (num_u64(arg, min, max, &v) == -1)
		die_usage("--%s: \"%s\" is not a whole number from %ju to "
		    "%ju", name, arg, (uintmax_t)min, (uintmax_t)max);
	return (v);
}

size_t
option_size(const char * name, const char * arg)
{
	static const char units[] = "kMG";
	size_t n = strlen(arg);
	char * text = mem_text(arg, n);
	const char * unit;
	unsigned shift = 0;
	uint64_t v;

	if (n > 0 && (unit = strchr(units, text[n - 1])) != NULL) {
		shift = 10 * (unsigned)(unit - units + 1);
		text[n - 1] = '\0';
	}
	if (num_u64(text, 1, UINT64_C(1) << (40 - shift), &v) == -1)
		die_usage("--%s: \"%s\" is not a number of bytes, as 65536 "
		    "or 64M", name, arg);
	free(text);
	return ((size_t)(v << shift));
}

uint64_t
option_duration(const char * name, const char * arg)
{
	uint64_t us;

	if (num_duration(arg, &us) == -1 || us > YEARS_100_US)
		die_usage("--%s: \"%s\" is no duration (500ms, 10s, 5m, 1h)",
		    name, arg);
	return (us);
}

void
option_print(const char * p, size_t n)
{

	if (fwrite(p, 1, n, stdout) != n || fflush(stdout) != 0)
		die_temp_sys("write standard output");
	exit(EXIT_DONE);
}

void
option_version(const char * program)
{
	struct buf b = { NULL, 0, 0 };

	buf_puts(&b, program);
	buf_puts(&b, " (millrace) " MILLRACE_VERSION "\n");
	option_print(b.p, b.n);
}
