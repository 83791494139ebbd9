#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/die.h"
#include "../common/exitcode.h"
#include "../common/json.h"
#include "../common/log.h"
#include "../common/num.h"
#include "../common/settings.h"
#include "../common/stop.h"
#include "../common/timestamp.h"

#include "access.h"
#include "address.h"
#include "audit.h"
#include "caller.h"
#include "jsonw.h"
#include "move.h"
#include "show.h"

#include "client.h"

static const struct setting client_table[] = {
	{ "HTTP_ADDRESS", SETTING_TEXT, ADDRESS_DEFAULT, 0, 0, ADDRESS_HELP },
	{ "HTTP_TOKEN", SETTING_SECRET, NULL, 0, 0,
	    "lines of [NAME [read|steer]] TOKEN; the first is sent" },
	{ "STATE_DIR", SETTING_TEXT, "state", 0, 0,
	    "for audit and move" },
	{ NULL, SETTING_TEXT, NULL, 0, 0, NULL }
};

/* What the command line and the settings come to. */
struct client {
	const struct verb * verb;
	char ** args;
	int nargs;
	int json;
	int64_t watch_us;	/* 0: once */
	struct settings * settings;
	struct address address;
	struct access * access;
	struct caller * caller;
	const struct buf * answer;	/* the last one */
	struct buf notes;	/* for people, before the answer */
	const char * about;	/* the table that was steered, or NULL */
	long status;
};

typedef int verb_fn(struct client * c);

static int do_status(struct client * c);
static int do_tables(struct client * c);
static int do_health(struct client * c);
static int do_ready(struct client * c);
static int do_steer(struct client * c);
static int do_interval(struct client * c);
static int do_restart(struct client * c);
static int do_reload(struct client * c);
static int do_audit(struct client * c);
static int do_move(struct client * c);
static int do_help(struct client * c);

static const struct verb {
	const char * name;
	const char * args;
	int min, max;		/* of arguments; -1: any number */
	int watch;		/* can be repeated */
	verb_fn * fn;
	const char * help;
} verbs[] = {
	{ "status", "[TABLE]", 0, 1, 1, do_status,
	    "how it goes; or everything about one table" },
	{ "tables", "", 0, 0, 1, do_tables, "only the table of tables" },
	{ "health", "", 0, 0, 1, do_health,
	    "both servers, what is wrong, what is guaranteed" },
	{ "ready", "", 0, 0, 0, do_ready,
	    "print nothing; exit code 0 if the start-up is complete" },
	{ "trigger", "[TABLE ...]", 0, -1, 0, do_steer, "synchronise now" },
	{ "verify", "[TABLE ...]", 0, -1, 0, do_steer,
	    "compare all rows with all documents now, and mend" },
	{ "pause", "[TABLE ...]", 0, -1, 0, do_steer,
	    "stop after what is under way; survives a restart" },
	{ "resume", "[TABLE ...]", 0, -1, 0, do_steer,
	    "go on; what was paused by name is resumed by name" },
	{ "interval", "MINUTES|default [TABLE]", 1, 2, 0, do_interval,
	    "from now on; survives a restart" },
	{ "restart", "[TABLE [STAGE]]", 0, 2, 0, do_restart,
	    "new processes, from the acknowledged position" },
	{ "reload", "", 0, 0, 0, do_reload, "read the settings again" },
	{ "audit", "[FILE]", 0, 1, 0, do_audit,
	    "check the chain of the audit file" },
	{ "move", "TABLE TIME|start", 2, 2, 0, do_move,
	    "set the position of a table; the service has to be stopped" },
	{ "help", "", 0, 0, 0, do_help, "list these" },
};
#define VERBS	(sizeof verbs / sizeof verbs[0])

static const struct verb *
find_verb(const char * word)
{
	size_t i;

	for (i = 0; i < VERBS; i++) {
		if (strcmp(verbs[i].name, word) == 0)
			return (&verbs[i]);
	}
	return (NULL);
}

int
client_knows(const char * word)
{

	return (find_verb(word) != NULL);
}

/*
 * The command line.
 */

static void
print(const char * p, size_t n)
{

	if (fwrite(p, 1, n, stdout) != n || fflush(stdout) != 0)
		die_temp_sys("write standard output");
}

static void __attribute__((noreturn))
show_help(const struct verb * verb)
{
	struct buf b = { NULL, 0, 0 };

	buf_printf(&b, "usage: supervisor %s %s%s[option ...]\n\n%s\n\n"
	    "  -j, --json           print the answer as it came\n",
	    verb->name, verb->args, verb->args[0] != '\0' ? " " : "",
	    verb->help);
	if (verb->watch)
		buf_puts(&b, "  -w, --watch[=SEC]    again every SEC (2) "
		    "seconds, until interrupted\n");
	buf_puts(&b, "      --env-file FILE  read settings there instead of "
	    "in .env\n      --address ADDR   instead of HTTP_ADDRESS\n"
	    "  -h, --help\n\nSettings, from the environment or .env:\n");
	settings_help(client_table, &b);
	buf_puts(&b, "\nExit codes: 0 done, 100 refused, 111 the service "
	    "doesn't answer (health, ready:\nor is not well)\n");
	print(b.p, b.n);
	exit(EXIT_DONE);
}

static void
parse_watch(struct client * c, const char * text)
{
	uint64_t us = 2000000;

	if (!c->verb->watch)
		die_usage("%s can't be watched", c->verb->name);
	if (text != NULL && (num_duration(text, &us) == -1 || us < 100000 ||
	    us > 86400000000))
		die_usage("--watch: \"%s\" is not a time from 0.1 s to a day",
		    text);
	c->watch_us = (int64_t)us;
}

static void
parse(struct client * c, int argc, char * argv[])
{
	static const struct option longs[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "watch", optional_argument, NULL, 'w' },
		{ "env-file", required_argument, NULL, 'e' },
		{ "address", required_argument, NULL, 'a' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	const char * env_file = NULL, * address = NULL;
	int ch;

	while ((ch = getopt_long(argc, argv, "jw::h", longs, NULL)) != -1) {
		switch (ch) {
		case 'j':
			c->json = 1;
			break;
		case 'w':
			parse_watch(c, optarg);
			break;
		case 'e':
			env_file = optarg;
			break;
		case 'a':
			address = optarg;
			break;
		case 'h':
			show_help(c->verb);
		default:
			die_usage("supervisor %s %s", c->verb->name,
			    c->verb->args);
		}
	}
	c->args = argv + optind;
	c->nargs = argc - optind;
	if (c->nargs < c->verb->min ||
	    (c->verb->max >= 0 && c->nargs > c->verb->max))
		die_usage("usage: supervisor %s %s", c->verb->name,
		    c->verb->args);
	if ((c->settings = settings_load(client_table, env_file)) == NULL)
		exit(EXIT_PERM);
	if (address == NULL)
		address = settings_text(c->settings, "HTTP_ADDRESS");
	if (address_parse(address, &c->address) == -1)
		die_perm("HTTP_ADDRESS: \"%s\" is not ADDRESS:PORT (in "
		    "digits, or localhost) or unix:/PATH", address);
	c->access = access_new(settings_text(c->settings, "HTTP_TOKEN"), NULL,
	    0);
	if (c->access == NULL)
		exit(EXIT_PERM);
}

/*
 * Asking.
 */

/* Ask.  ${body} NULL is none.  Return 0, or -1 after a report. */
static int
ask(struct client * c, const char * method, const char * path,
    const char * body)
{

	if (c->address.kind == ADDRESS_OFF)
		die_perm("HTTP_ADDRESS is off: the service can't be asked");
	if (c->caller == NULL &&
	    (c->caller = caller_new(&c->address, c->access)) == NULL)
		return (-1);
	c->status = caller_ask(c->caller, method, path, body);
	c->answer = caller_answer(c->caller);
	return (c->status == -1 ? -1 : 0);
}

/* The answer as a tree; what isn't ours is a failure. */
static struct json *
answer_tree(struct client * c)
{
	struct json * doc = json_parse(c->answer->p, c->answer->n, NULL);

	if (doc == NULL)
		log_error("the answer is no JSON: is it the service that "
		    "listens there?");
	return (doc);
}

/* Say why the service refused.  Return the exit code. */
static int
refusal(struct client * c)
{
	struct json * doc;
	const char * text;

	if (c->json)
		print(c->answer->p, c->answer->n);
	if ((doc = answer_tree(c)) == NULL)
		return (EXIT_TEMP);
	text = json_text(json_get(json_root(doc), "message"), NULL);
	if (text == NULL)
		text = "refused";
	if (c->about != NULL && strstr(text, c->about) == NULL)
		log_error("%s: %s", c->about, text);
	else
		log_error("%s", text);
	json_free(doc);
	return (c->status >= 500 ? EXIT_TEMP : EXIT_PERM);
}

typedef void show_fn(const struct json_node * root, int64_t now_wall,
    struct buf * b);

/* Print an answer.  Return the exit code. */
static int
show(struct client * c, show_fn * fn)
{
	struct buf b = { NULL, 0, 0 };
	struct json * doc;

	if (c->status >= 400)
		return (refusal(c));
	if (c->json) {
		print(c->answer->p, c->answer->n);
		return (EXIT_DONE);
	}
	if ((doc = answer_tree(c)) == NULL)
		return (EXIT_TEMP);

	/* Home, and wipe what is there: no flicker of an empty screen. */
	if (c->watch_us > 0 && isatty(STDOUT_FILENO))
		buf_puts(&b, "\033[H\033[J");
	buf_put(&b, c->notes.p, c->notes.n);
	fn(json_root(doc), timestamp_now(), &b);
	if (c->watch_us > 0 && !isatty(STDOUT_FILENO))
		buf_putc(&b, '\n');
	print(b.p, b.n);
	buf_free(&b);
	json_free(doc);
	return (EXIT_DONE);
}

/* Append /sync/tables/NAME, or /sync without a name. */
static void
put_path(struct buf * b, const char * table, const char * tail)
{

	buf_puts(b, "/sync");
	if (table != NULL)
		buf_puts(b, "/tables/");
	for (; table != NULL && *table != '\0'; table++) {
		unsigned char ch = (unsigned char)*table;

		if ((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') ||
		    (ch >= '0' && ch <= '9') || ch == '_')
			buf_putc(b, *table);
		else
			buf_printf(b, "%%%02X", ch);
	}
	buf_puts(b, tail);
}

/* A server that is away comes before everything else. */
static int
note_servers(struct client * c)
{
	struct json * doc;

	buf_clear(&c->notes);
	if (ask(c, "GET", "/sync/health", NULL) == -1)
		return (-1);
	if (c->status == 200 && (doc = answer_tree(c)) != NULL) {
		show_servers(json_root(doc), timestamp_now(), &c->notes);
		json_free(doc);
	}
	return (0);
}

static int
do_status(struct client * c)
{
	struct buf path = { NULL, 0, 0 };
	int rc;

	if (c->nargs == 0) {
		if ((!c->json && note_servers(c) == -1) ||
		    ask(c, "GET", "/sync/status", NULL) == -1)
			return (EXIT_TEMP);
		return (show(c, show_status));
	}
	put_path(&path, c->args[0], "");
	rc = ask(c, "GET", buf_text(&path), NULL);
	buf_free(&path);
	return (rc == -1 ? EXIT_TEMP : show(c, show_table));
}

static int
do_tables(struct client * c)
{

	if (ask(c, "GET", "/sync/tables", NULL) == -1)
		return (EXIT_TEMP);
	return (show(c, show_tables));
}

static int
do_health(struct client * c)
{
	struct json * doc;
	const char * word;
	int rc;

	if (ask(c, "GET", "/sync/health", NULL) == -1)
		return (EXIT_TEMP);
	if ((rc = show(c, show_health)) != EXIT_DONE)
		return (rc);
	if ((doc = answer_tree(c)) == NULL)
		return (EXIT_TEMP);
	word = json_text(json_get(json_root(doc), "status"), NULL);
	rc = word != NULL && (strcmp(word, "ok") == 0 ||
	    strcmp(word, "paused") == 0) ? EXIT_DONE : EXIT_TEMP;
	json_free(doc);
	return (rc);
}

static int
do_ready(struct client * c)
{

	if (ask(c, "GET", "/readyz", NULL) == -1)
		return (EXIT_TEMP);
	return (c->status == 200 ? EXIT_DONE : refusal(c));
}

/* What was done, in a line. */
static void
show_steered(const struct json_node * root, int64_t now_wall, struct buf * b)
{
	const char * table = json_text(json_get(root, "table"), NULL);
	const char * result = json_text(json_get(root, "result"), NULL);
	const char * text = json_text(json_get(root, "message"), NULL);

	(void)now_wall;
	buf_printf(b, "%s%s%s\n", table != NULL ? table : "",
	    table != NULL ? ": " : "",
	    text != NULL ? text : result != NULL ? result : "?");
}

/* Send a verb to a table, or to all of them. */
static int
steer(struct client * c, const char * method, const char * table,
    const char * tail, const char * body)
{
	struct buf path = { NULL, 0, 0 };
	int rc;

	c->about = table;
	put_path(&path, table, tail);
	rc = ask(c, method, buf_text(&path), body);
	buf_free(&path);
	return (rc == -1 ? EXIT_TEMP : show(c, show_steered));
}

static int
do_steer(struct client * c)
{
	char tail[32];
	int i, rc, worst = EXIT_DONE;

	snprintf(tail, sizeof tail, "/%s", c->verb->name);
	if (c->nargs == 0)
		return (steer(c, "POST", NULL, tail, "{}"));
	for (i = 0; i < c->nargs; i++) {
		rc = steer(c, "POST", c->args[i], tail, "{}");
		if (rc > worst)
			worst = rc;
	}
	return (worst);
}

static int
do_interval(struct client * c)
{
	struct buf body = { NULL, 0, 0 };
	const char * text = c->args[0];
	int rc;

	if (strcmp(text, "default") == 0)
		text = "null";
	else if (*text == '\0' || strspn(text, "0123456789.") != strlen(text))
		die_usage("\"%s\" is no number of minutes", text);
	buf_printf(&body, "{\"minutes\":%s}", text);
	rc = steer(c, "PUT", c->nargs > 1 ? c->args[1] : NULL, "/interval",
	    buf_text(&body));
	buf_free(&body);
	return (rc);
}

static int
do_restart(struct client * c)
{
	struct buf body = { NULL, 0, 0 };
	struct jsonw w;
	int rc;

	jsonw_init(&w, &body);
	jsonw_object(&w, NULL);
	if (c->nargs > 1)
		jsonw_text(&w, "stage", c->args[1]);
	jsonw_end(&w);
	rc = steer(c, "POST", c->nargs > 0 ? c->args[0] : NULL, "/restart",
	    buf_text(&body));
	buf_free(&body);
	return (rc);
}

static int
do_reload(struct client * c)
{

	return (steer(c, "POST", NULL, "/reload", "{}"));
}

/* Read all of a file.  Return 0, or -1 after a report. */
static int
read_file(const char * path, struct buf * b)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	while (fd != -1 && (n = read(fd, buf_room(b, 65536), 65536)) > 0)
		b->n += (size_t)n;
	if (n == -1)
		log_error_sys("read %s", path);
	if (fd != -1)
		close(fd);
	return (n == -1 ? -1 : 0);
}

static int
do_audit(struct client * c)
{
	struct buf path = { NULL, 0, 0 }, b = { NULL, 0, 0 };
	uint64_t bad, count;
	int rc = EXIT_PERM;

	if (c->nargs > 0)
		buf_puts(&path, c->args[0]);
	else
		buf_printf(&path, "%s/audit.jsonl",
		    settings_text(c->settings, "STATE_DIR"));
	if (read_file(buf_text(&path), &b) == -1)
		goto done;
	if (audit_check(b.p, b.n, &bad, &count) == -1) {
		log_error("%s:%ju: the chain is broken here: this line was "
		    "altered or torn, or lines before it are missing",
		    buf_text(&path), (uintmax_t)bad);
		goto done;
	}
	if (c->json)
		print(b.p, b.n);
	else {
		printf("%s: %ju entries, the chain is whole\n",
		    buf_text(&path), (uintmax_t)count);
		print("", 0);
	}
	rc = EXIT_DONE;
done:
	buf_free(&path);
	buf_free(&b);
	return (rc);
}

static int
do_move(struct client * c)
{
	struct buf was = { NULL, 0, 0 }, b = { NULL, 0, 0 };
	int rc = move_table(settings_text(c->settings, "STATE_DIR"),
	    c->args[0], c->args[1], &was);

	if (rc == EXIT_DONE) {
		buf_printf(&b, "%s: the next run begins at %s", c->args[0],
		    strcmp(c->args[1], "start") == 0 ? "its start" :
		    c->args[1]);
		if (was.n > 0)
			buf_printf(&b, ", before at %s", buf_text(&was));
		buf_putc(&b, '\n');
		print(b.p, b.n);
	}
	buf_free(&was);
	buf_free(&b);
	return (rc);
}

static int
do_help(struct client * c)
{
	struct buf b = { NULL, 0, 0 }, words = { NULL, 0, 0 };
	size_t i;

	(void)c;
	buf_puts(&b, "usage: supervisor VERB [argument ...] [option ...]\n\n"
	    "Asks and steers the service that runs; see supervisor(8).\n\n");
	for (i = 0; i < VERBS; i++) {
		buf_clear(&words);
		buf_printf(&words, "%s %s", verbs[i].name, verbs[i].args);
		buf_printf(&b, "  %-32s  %s\n", buf_text(&words),
		    verbs[i].help);
	}
	buf_puts(&b, "\nsupervisor VERB --help shows the options (--json, "
	    "--watch); supervisor --help\nthose of the service itself.\n");
	print(b.p, b.n);
	buf_free(&b);
	buf_free(&words);
	return (EXIT_DONE);
}

int
client_main(int argc, char * argv[])
{
	struct client c = { .verb = find_verb(argv[1]) };
	int rc;

	parse(&c, argc - 1, argv + 1);
	stop_on_signals();
	rc = c.verb->fn(&c);
	while (c.watch_us > 0 && !stop_sleep((uint64_t)c.watch_us))
		rc = c.verb->fn(&c);
	caller_free(c.caller);
	buf_free(&c.notes);
	access_free(c.access);
	settings_free(c.settings);
	return (rc);
}
