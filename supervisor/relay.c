#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/json.h"
#include "../common/mem.h"
#include "../common/timestamp.h"

#include "jsonw.h"
#include "relay.h"

#define WIPE	"\r\033[K"	/* as log.c does before each line */

static const char * const level_names[] = { "debug", "info", "warn",
	"error" };

static uint64_t
number(const struct json_node * root, const char * name)
{
	uint64_t v;

	return (json_uint64(json_get(root, name), &v) == 0 ? v : 0);
}

/* A number with a fraction, in millionths. */
static int64_t
micros(const struct json_node * root, const char * name)
{
	const struct json_node * v = json_get(root, name);
	size_t n;

	return (v == NULL || json_kind(v) != JSON_NUMBER ? 0 :
	    (int64_t)(strtod(json_raw(v, &n), NULL) * 1e6));
}

/* The summary of load --verify. */
static void
read_looked(const struct json_node * root, struct looked * l)
{
	l->compared = number(root, "records_compared");
	l->missing = number(root, "missing");
	l->different = number(root, "different");
	l->extra = number(root, "extra");
	l->foreign = number(root, "foreign");
	l->counted = number(root, "counted");
	l->mended = number(root, "mended");
	l->left_out = number(root, "rejected") + number(root, "filtered");
	if (json_get(root, "oldest_seconds") != NULL)
		l->oldest_us = micros(root, "oldest_seconds");
}

static void
read_bound(const struct json_node * root, struct relay_line * l)
{
	const char * user = json_text(json_get(root, "user"), NULL);
	int64_t age = micros(root, "barrier_age_seconds");

	l->has_bound = l->quiet = 1;
	l->bound = (struct held) {
	    .age_us = age > 0 ? age : 0,
	    .connection = number(root, "connection"),
	    .is_held = json_get(root, "connection") != NULL };
	snprintf(l->bound.user, sizeof l->bound.user, "%s",
	    user != NULL ? user : "");
}

/* The counts of a stage's own report. */
static void
read_counts(const char * stage, const struct json_node * root,
    struct relay_line * l)
{
	const char * op = json_text(json_get(root, "operation"), NULL);
	struct counts * c = &l->counts;

	if (op == NULL)
		return;
	if (strcmp(stage, "extract") == 0 && strcmp(op, "extract") == 0) {
		l->counted = RELAY_READ;
		c->read = number(root, "records_processed");
	} else if (strcmp(stage, "extract") == 0 &&
	    strcmp(op, "report") == 0) {
		l->counted = RELAY_READING;
		l->quiet = 1;
		c->read = number(root, "records_processed");
		l->due = number(root, "records_due");
	} else if (strcmp(stage, "extract") == 0 &&
	    strcmp(op, "bound") == 0) {
		read_bound(root, l);
	} else if (strcmp(stage, "extract") == 0 &&
	    strcmp(op, "guarantee") == 0) {
		l->quiet = 1;
		l->guarantee = mem_dup(json_text(json_get(root, "guarantee"),
		    NULL));
	} else if (strcmp(stage, "transform") == 0 &&
	    (strcmp(op, "map") == 0 || strcmp(op, "pass") == 0)) {
		l->counted = RELAY_MAPPED;
		c->rejected = number(root, "rejected");
	} else if (strcmp(stage, "load") == 0 && strcmp(op, "verify") == 0) {
		l->counted = RELAY_LOOKED;
		read_looked(root, &l->looked);
	} else if (strcmp(stage, "load") == 0 &&
	    (strcmp(op, "load") == 0 || strcmp(op, "report") == 0)) {
		l->counted = RELAY_LOADED;
		l->quiet = (op[0] == 'r');
		c->written = number(root, "records_processed");
		c->created = number(root, "records_created");
		c->updated = number(root, "records_updated");
		c->deleted = number(root, "records_deleted");
		c->marked = number(root, "records_marked");
		c->ignored = number(root, "records_ignored");
		c->stale = number(root, "records_stale");
		c->rejected = number(root, "records_rejected");
		c->conflicts = number(root, "conflicts_source") +
		    number(root, "conflicts_target");
	}
}

void
relay_read(const char * stage, const char * p, size_t n,
    struct relay_line * l)
{
	struct json * doc = *p == '{' ? json_parse(p, n, NULL) : NULL;
	const struct json_node * root;
	const char * s;
	size_t i;

	*l = (struct relay_line) { .level = LOG_LEVEL_WARN };
	if (doc == NULL) {
		l->message = mem_text(p, n);
		return;
	}
	root = json_root(doc);
	s = json_text(json_get(root, "message"), NULL);
	l->message = s != NULL ? mem_dup(s) : mem_text(p, n);
	if ((s = json_text(json_get(root, "level"), NULL)) != NULL) {
		for (i = 0; i < 4; i++) {
			if (strcmp(s, level_names[i]) == 0)
				l->level = (enum log_level)i;
		}
	}
	l->code = mem_dup(json_text(json_get(root, "code"), NULL));
	read_counts(stage, root, l);
	json_free(doc);
}

void
relay_clear(struct relay_line * l)
{

	free(l->message);
	free(l->code);
	free(l->guarantee);
	l->message = l->code = l->guarantee = NULL;
}

/* For people, as log.c does it: no byte may act on the terminal. */
static void
put_text(struct buf * b, const char * stage, const char * table,
    const struct relay_line * l)
{
	size_t n = strlen(table);
	const char * s;

	if (log_terminal())
		buf_puts(b, WIPE);
	buf_puts(b, stage);
	buf_puts(b, ": ");
	if (l->level == LOG_LEVEL_WARN)
		buf_puts(b, "warning: ");
	if (strncmp(l->message, table, n) != 0 || l->message[n] != ':')
		buf_printf(b, "%s: ", table);
	for (s = l->message; *s != '\0'; s++) {
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			buf_printf(b, "\\u%04x", (unsigned char)*s);
		else
			buf_putc(b, *s);
	}
	buf_putc(b, '\n');
}

/* Add to an object that is written up to its last member. */
static void
put_member(struct buf * b, const struct json_node * root, const char * name,
    const char * v)
{
	struct jsonw w;

	if (v == NULL || (root != NULL && json_get(root, name) != NULL))
		return;
	buf_printf(b, ",\"%s\":", name);
	jsonw_init(&w, b);
	jsonw_text(&w, NULL, v);
}

/* A line that isn't JSON becomes an event of the program that said it. */
static void
put_head(struct buf * b, const struct relay_line * l)
{
	char when[TIMESTAMP_LEN];

	timestamp_format(timestamp_now(), when);
	buf_puts(b, "{\"timestamp\":\"");
	buf_put(b, when, sizeof when);
	buf_printf(b, "\",\"level\":\"%s\"", level_names[l->level]);
	put_member(b, NULL, "message", l->message);
}

void
relay_put(struct buf * b, int text, const char * stage, const char * table,
    const char * run, const char * p, size_t n, const struct relay_line * l)
{
	struct json * doc;
	const struct json_node * root = NULL;

	if (text) {
		put_text(b, stage, table, l);
		return;
	}
	doc = *p == '{' ? json_parse(p, n, NULL) : NULL;
	if (doc != NULL && json_count(json_root(doc)) > 0) {
		root = json_root(doc);
		while (p[n - 1] != '}')
			n--;
		buf_put(b, p, n - 1);
	} else
		put_head(b, l);
	put_member(b, root, "table", table);
	put_member(b, root, "component", stage);
	put_member(b, root, "run", run);
	buf_puts(b, "}\n");
	json_free(doc);
}

void
relay_say(const char * stage, const char * table, const char * run,
    const char * p, size_t n, const struct relay_line * l)
{
	struct buf b = { NULL, 0, 0 };
	size_t done = 0;
	ssize_t k;

	if (!log_shows(l->level))
		return;
	relay_put(&b, log_is_text(), stage, table, run, p, n, l);
	while (done < b.n &&
	    (k = write(STDERR_FILENO, b.p + done, b.n - done)) > 0)
		done += (size_t)k;
	buf_free(&b);
}
