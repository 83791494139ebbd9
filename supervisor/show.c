#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../common/mem.h"
#include "../common/timestamp.h"

#include "show.h"

#define COLUMNS	12

/* A table of text: columns as wide as they have to be. */
struct grid {
	char ** cell;
	size_t rows, room;
	unsigned right;		/* bit n: column n stands to the right */
};

/* The columns that a text takes on the terminal: its characters. */
static size_t
width(const char * s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return (n);
}

static void
grid_row(struct grid * g)
{
	size_t i;

	if (g->rows == g->room) {
		g->room = g->room * 2 + 8;
		g->cell = mem_grow(g->cell, g->room * COLUMNS,
		    sizeof *g->cell);
	}
	for (i = 0; i < COLUMNS; i++)
		g->cell[g->rows * COLUMNS + i] = NULL;
	g->rows++;
}

static void
grid_set(struct grid * g, size_t column, const char * text)
{

	g->cell[(g->rows - 1) * COLUMNS + column] = mem_dup(text);
}

/* Append the table, and release it. */
static void
grid_print(struct grid * g, struct buf * b)
{
	size_t wide[COLUMNS] = { 0 }, i, row, n;

	for (i = 0; i < g->rows * COLUMNS; i++) {
		n = g->cell[i] == NULL ? 0 : width(g->cell[i]);
		if (n > wide[i % COLUMNS])
			wide[i % COLUMNS] = n;
	}
	for (row = 0; row < g->rows; row++) {
		for (i = 0; i < COLUMNS; i++) {
			char * text = g->cell[row * COLUMNS + i];
			size_t pad;

			if (text == NULL)
				continue;
			pad = wide[i] - width(text);
			if (i > 0)
				buf_puts(b, "  ");
			if (g->right >> i & 1)
				for (; pad > 0; pad--)
					buf_putc(b, ' ');
			buf_puts(b, text);
			for (; pad > 0; pad--)
				buf_putc(b, ' ');
			free(text);
		}
		while (b->n > 0 && b->p[b->n - 1] == ' ')
			b->n--;
		buf_putc(b, '\n');
	}
	free(g->cell);
}

void
show_put_span(struct buf * b, double s)
{

	if (s < 120)
		buf_printf(b, s < 10 && s != (double)(int)s ? "%.1f s" :
		    "%.0f s", s);
	else if (s < 7200)
		buf_printf(b, "%.0f min", s / 60);
	else if (s < 172800)
		buf_printf(b, "%.1f h", s / 3600);
	else
		buf_printf(b, "%.0f d", s / 86400);
}

void
show_put_ago(struct buf * b, const char * text, int64_t now_wall)
{
	int64_t us;

	if (text == NULL || timestamp_parse(text, strlen(text), &us) == -1)
		buf_puts(b, "-");
	else if (us <= now_wall) {
		show_put_span(b, (double)((now_wall - us) / 1000000));
		buf_puts(b, " ago");
	} else {
		buf_puts(b, "in ");
		show_put_span(b, (double)((us - now_wall + 999999) /
		    1000000));
	}
}

/* The texts of an array, with commas between. */
static void
put_list(const struct json_node * array, struct buf * b)
{
	const struct json_node * v;
	const char * text;

	for (v = json_first(array); v != NULL; v = json_next(v)) {
		text = json_text(v, NULL);
		buf_printf(b, "%s%s", b->n > 0 ? ", " : "",
		    text != NULL ? text : "?");
	}
	if (b->n == 0)
		buf_putc(b, '-');
}

/* A member as text: a string's, or a number as it stands. */
static const char *
member(const struct json_node * node, const char * name, struct buf * b)
{
	const struct json_node * v = json_get(node, name);
	const char * p;
	size_t n, i;

	buf_clear(b);
	if (v == NULL || json_kind(v) == JSON_NULL)
		buf_puts(b, "-");
	else if (json_kind(v) == JSON_ARRAY)
		put_list(v, b);
	else {
		p = json_text(v, &n);
		if (p == NULL)
			p = json_raw(v, &n);
		buf_put(b, p, n);
	}
	for (i = 0; i < b->n; i++) {
		if ((unsigned char)b->p[i] < 0x20 || b->p[i] == 0x7f)
			b->p[i] = '?';
	}
	return (buf_text(b));
}

static double
number(const struct json_node * node, const char * name)
{
	const struct json_node * v = json_get(node, name);
	size_t n;

	return (v != NULL && json_kind(v) == JSON_NUMBER ?
	    strtod(json_raw(v, &n), NULL) : NAN);
}

static const char *
ago(const struct json_node * node, const char * name, int64_t now_wall,
    struct buf * b)
{

	buf_clear(b);
	show_put_ago(b, json_text(json_get(node, name), NULL), now_wall);
	return (buf_text(b));
}

static const char *
span(const struct json_node * node, const char * name, struct buf * b)
{
	double s = number(node, name);

	buf_clear(b);
	if (isnan(s))
		buf_puts(b, "-");
	else
		show_put_span(b, s);
	return (buf_text(b));
}

/* The state, with how far a run is. */
static const char *
state(const struct json_node * t, struct buf * b)
{
	double percent = number(json_get(t, "progress"), "percent");

	member(t, "state", b);
	if (json_true(json_get(t, "paused")) &&
	    strcmp(buf_text(b), "paused") != 0)
		buf_puts(b, ", paused");
	if (!isnan(percent))
		buf_printf(b, " %.0f %%", percent);
	return (buf_text(b));
}

static void
tables_row(struct grid * g, const struct json_node * t, int64_t now_wall)
{
	const struct json_node * totals = json_get(t, "totals");
	struct buf b = { NULL, 0, 0 };

	grid_row(g);
	grid_set(g, 0, member(t, "table", &b));
	grid_set(g, 1, state(t, &b));
	grid_set(g, 2, ago(t, "last_sync", now_wall, &b));
	grid_set(g, 3, ago(t, "next_sync", now_wall, &b));
	grid_set(g, 4, span(t, "lag_seconds", &b));
	grid_set(g, 5, member(totals, "read", &b));
	grid_set(g, 6, member(totals, "written", &b));
	grid_set(g, 7, member(totals, "rejected", &b));
	grid_set(g, 8, member(totals, "conflicts", &b));
	grid_set(g, 9, member(t, "records_per_minute", &b));
	grid_set(g, 10, member(t, "runs_ok", &b));
	grid_set(g, 11, member(t, "runs_failed", &b));
	buf_free(&b);
}

static const char *
last_error(const struct json_node * t)
{

	return (json_text(json_get(t, "last_error"), NULL));
}

/*
 * The last errors, behind an empty line; one that several tables have, as
 * when a server is away, once: "customers, orders, 3 s ago: ...".
 */
static void
put_errors(const struct json_node * root, int64_t now_wall, struct buf * b)
{
	const struct json_node * first = json_first(json_get(root, "tables"));
	const struct json_node * t, * u;
	struct buf text = { NULL, 0, 0 };
	int any = 0;

	for (t = first; t != NULL; t = json_next(t)) {
		if (last_error(t) == NULL)
			continue;
		for (u = first; u != t; u = json_next(u)) {
			if (last_error(u) != NULL &&
			    strcmp(last_error(u), last_error(t)) == 0)
				break;
		}
		if (u != t)
			continue;
		buf_puts(b, any++ ? "" : "\n");
		for (; u != NULL; u = json_next(u)) {
			if (last_error(u) != NULL &&
			    strcmp(last_error(u), last_error(t)) == 0)
				buf_printf(b, "%s, ", member(u, "table",
				    &text));
		}
		buf_printf(b, "%s: ", ago(t, "last_error_at", now_wall,
		    &text));
		buf_printf(b, "%s\n", member(t, "last_error", &text));
	}
	buf_free(&text);
}

/* What verifications have left, or why they fail. */
static void
put_verified(const struct json_node * root, struct buf * b)
{
	const struct json_node * t, * v;
	struct buf text = { NULL, 0, 0 };

	for (t = json_first(json_get(root, "tables")); t != NULL;
	    t = json_next(t)) {
		v = json_get(t, "verify");
		if (number(json_get(v, "last"), "left") > 0) {
			buf_printf(b, "\n%s: ", member(t, "table", &text));
			buf_printf(b, "verification has left %s differences\n",
			    member(json_get(v, "last"), "left", &text));
		}
		if (json_true(json_get(v, "failed"))) {
			buf_printf(b, "\n%s: ", member(t, "table", &text));
			buf_printf(b, "verification has failed: %s\n",
			    member(v, "last_error", &text));
		}
	}
	buf_free(&text);
}

void
show_tables(const struct json_node * root, int64_t now_wall, struct buf * b)
{
	static const char * const heads[COLUMNS] = { "TABLE", "STATE",
		"LAST", "NEXT", "LAG", "READ", "WRITTEN", "REJECTED",
		"CONFLICTS", "PER MIN", "RUNS", "FAILED" };
	const struct json_node * t = json_first(json_get(root, "tables"));
	struct grid g = { NULL, 0, 0, 0xff0 };
	size_t i;

	if (t == NULL) {
		buf_puts(b, "no tables\n");
		return;
	}
	grid_row(&g);
	for (i = 0; i < COLUMNS; i++)
		grid_set(&g, i, heads[i]);
	for (; t != NULL; t = json_next(t))
		tables_row(&g, t, now_wall);
	grid_print(&g, b);
	put_errors(root, now_wall, b);
	put_verified(root, b);
}

void
show_status(const struct json_node * root, int64_t now_wall, struct buf * b)
{
	const struct json_node * m = json_get(root, "sync_metrics");
	struct buf text = { NULL, 0, 0 };

	buf_printf(b, "%s", json_true(json_get(root, "sync_enabled")) ?
	    "enabled" : "paused");
	if (!isnan(number(root, "sync_interval_minutes")))
		buf_printf(b, ", every %s min",
		    member(root, "sync_interval_minutes", &text));
	buf_printf(b, "; last sync %s",
	    ago(root, "last_sync", now_wall, &text));
	buf_printf(b, ", took %s", member(m, "last_sync_duration", &text));
	buf_printf(b, "; next %s\n", ago(root, "next_sync", now_wall, &text));
	buf_printf(b, "since the start: %s records written", member(m, "total_records",
	    &text));
	buf_printf(b, ", %s %% of the runs complete\n\n",
	    member(m, "success_rate", &text));
	show_tables(root, now_wall, b);
	buf_free(&text);
}

/* An array of codes, each with a text, and for which tables. */
static void
reasons(struct grid * g, const struct json_node * array, const char * prefix)
{
	struct buf name = { NULL, 0, 0 }, text = { NULL, 0, 0 };
	const struct json_node * v, * t;
	const char * between = "  (";

	for (v = json_first(array); v != NULL; v = json_next(v)) {
		buf_clear(&name);
		buf_printf(&name, "%s%s", prefix, member(v, "code", &text));
		(void)member(v, "text", &text);
		between = "  (";
		for (t = json_first(json_get(v, "tables")); t != NULL;
		    t = json_next(t)) {
			buf_printf(&text, "%s%s", between,
			    json_text(t, NULL) != NULL ? json_text(t, NULL) :
			    "?");
			between = ", ";
		}
		if (*between == ',')
			buf_putc(&text, ')');
		grid_row(g);
		grid_set(g, 0, buf_text(&name));
		grid_set(g, 1, buf_text(&text));
	}
	buf_free(&name);
	buf_free(&text);
}

/* Who holds back the changes of which table. */
static void
holders(struct grid * g, const struct json_node * array, const char * name)
{
	struct buf text = { NULL, 0, 0 }, b = { NULL, 0, 0 };
	const struct json_node * v;

	for (v = json_first(array); v != NULL; v = json_next(v)) {
		buf_clear(&text);
		buf_printf(&text, "%s: ", member(v, "table", &b));
		buf_printf(&text, "%s, by ", span(v, "age_seconds", &b));
		if (isnan(number(v, "connection")))
			buf_puts(&text, "a transaction without a connection");
		else {
			buf_printf(&text, "connection %s of ",
			    member(v, "connection", &b));
			buf_printf(&text, "user %s", member(v, "user", &b));
		}
		grid_row(g);
		grid_set(g, 0, name);
		grid_set(g, 1, buf_text(&text));
	}
	buf_free(&text);
	buf_free(&b);
}

/* Lines of "name  value", of objects within too. */
static void
lines(struct grid * g, const struct json_node * node, const char * prefix,
    int64_t now_wall)
{
	struct buf name = { NULL, 0, 0 }, text = { NULL, 0, 0 };
	const struct json_node * v;
	int64_t us;

	for (v = json_first(node); v != NULL; v = json_next(v)) {
		const char * key = json_key(v, NULL);

		buf_clear(&name);
		buf_printf(&name, "%s%s", prefix, key);
		if (json_kind(v) == JSON_ARRAY &&
		    json_get(json_first(v), "code") != NULL) {
			reasons(g, v, prefix);
			continue;
		}
		if (json_kind(v) == JSON_ARRAY &&
		    json_get(json_first(v), "held") != NULL) {
			holders(g, v, buf_text(&name));
			continue;
		}
		if (json_kind(v) == JSON_OBJECT && strcmp(key, "value") != 0) {
			buf_putc(&name, '.');
			lines(g, v, buf_text(&name), now_wall);
			continue;
		}
		member(node, key, &text);
		if (json_text(v, NULL) != NULL &&
		    timestamp_parse(text.p, text.n, &us) == 0) {
			buf_puts(&text, "  (");
			show_put_ago(&text, json_text(v, NULL), now_wall);
			buf_putc(&text, ')');
		}
		if (name.n > 6 &&
		    strcmp(buf_text(&name) + name.n - 6, "_bytes") == 0)
			buf_printf(&text, "  (%.1f GiB)",
			    number(node, key) / (1 << 30));
		grid_row(g);
		grid_set(g, 0, buf_text(&name));
		grid_set(g, 1, buf_text(&text));
	}
	buf_free(&name);
	buf_free(&text);
}

void
show_table(const struct json_node * root, int64_t now_wall, struct buf * b)
{
	struct grid g = { NULL, 0, 0, 0 };

	lines(&g, root, "", now_wall);
	grid_print(&g, b);
}

void
show_health(const struct json_node * root, int64_t now_wall, struct buf * b)
{

	show_table(root, now_wall, b);
}

void
show_servers(const struct json_node * root, int64_t now_wall, struct buf * b)
{
	const struct json_node * v = json_first(json_get(root, "servers"));
	struct buf text = { NULL, 0, 0 };

	for (; v != NULL; v = json_next(v)) {
		if (strcmp(member(v, "connection", &text), "connected") == 0)
			continue;
		buf_printf(b, "%s is %s", json_key(v, NULL), buf_text(&text));
		buf_printf(b, ", since %s", ago(v, "since", now_wall, &text));
		buf_printf(b, ": %s\n", member(v, "error", &text));
	}
	buf_free(&text);
}
