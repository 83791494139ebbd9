#include <string.h>

#include "../common/scan.h"
#include "../common/timestamp.h"
#include "field.h"

#include "bookmark.h"

static void
print_key(struct buf * b, const struct position * pos,
    const struct catalog_table * t, struct cell_env * env)
{
	const char * p;
	size_t i, n;

	buf_puts(b, "\"key\":[");
	for (i = 0; i < pos->nkey; i++) {
		if (i != 0)
			buf_putc(b, ',');
		p = position_key(pos, i, &n);
		field_print(b, &t->column[t->key[i]], env, p, n);
	}
	buf_putc(b, ']');
}

static void
print_key_names(struct buf * b, const struct catalog_table * t)
{
	const char * name;
	size_t i;

	buf_puts(b, "\"key_properties\":[");
	for (i = 0; i < t->nkey; i++) {
		if (i != 0)
			buf_putc(b, ',');
		name = t->column[t->key[i]].name;
		(void)scan_put_text(b, name, strlen(name));
	}
	buf_putc(b, ']');
}

/* ${member} and an instant. */
static void
print_instant(struct buf * b, const char * member, int64_t us)
{
	char text[TIMESTAMP_LEN];

	timestamp_format(us, text);
	buf_puts(b, member);
	buf_putc(b, '"');
	buf_put(b, text, sizeof text);
	buf_putc(b, '"');
}

static void
print_mark(struct buf * b, const struct bound_mark * m)
{

	print_instant(b, ",\"clock\":{\"now\":", m->now_us);
	print_instant(b, ",\"final\":", m->safe_us);
	if (m->guessed)
		buf_puts(b, ",\"guessed\":true");
	if (m->boot[0] != '\0') {
		buf_printf(b, ",\"boot\":\"%s\",\"up\":", m->boot);
		buf_put_u64(b, m->up_us);
	}
	buf_putc(b, '}');
}

void
bookmark_print(struct buf * b, const struct bookmark * bm,
    const struct catalog_table * t, struct cell_env * env)
{
	const struct catalog_column * c = NULL;

	buf_putc(b, '{');
	if (t->change != CATALOG_NONE) {
		c = &t->column[t->change];
		buf_puts(b, "\"replication_key\":");
		(void)scan_put_text(b, c->name, strlen(c->name));
		if (bm->at.time.n > 0) {
			buf_puts(b, ",\"replication_key_value\":");
			field_print_time(b, &bm->at.time, c, env);
		}
		buf_putc(b, ',');
	}
	print_key(b, &bm->at, t, env);
	buf_putc(b, ',');
	print_key_names(b, t);
	buf_puts(b, ",\"epoch\":");
	buf_put_u64(b, bm->epoch);
	if (bm->nulls_at != 0)
		print_instant(b, ",\"nulls_at\":", bm->nulls_at);
	if (bm->mark.now_us != 0)
		print_mark(b, &bm->mark);
	if (bm->scanning) {
		buf_puts(b, ",\"scan\":{");
		if (c != NULL && bm->to.n > 0) {
			buf_puts(b, "\"to\":");
			field_print_time(b, &bm->to, c, env);
			buf_putc(b, ',');
		}
		print_key(b, &bm->scan, t, env);
		buf_putc(b, '}');
	}
	if (bm->definition.n > 0) {
		buf_puts(b, ",\"definition\":");
		buf_put(b, bm->definition.p, bm->definition.n);
	}
	buf_putc(b, '}');
}

/* Is the list of names that of the key's columns? */
static int
same_key_names(const struct json_node * names, const struct catalog_table * t)
{
	const struct json_node * e;
	const char * p;
	size_t i = 0;

	for (e = json_first(names); e != NULL; e = json_next(e), i++) {
		p = json_text(e, NULL);
		if (p == NULL || i == t->nkey || strcmp(p,
		    t->column[t->key[i]].name) != 0)
			return (0);
	}
	return (i == t->nkey);
}

/* Rows are found by another key now, and so are their documents. */
static void
other_key(const struct json_node * names, const struct catalog_table * t,
    struct buf * why)
{
	const struct json_node * e;
	const char * p, * comma = "";

	buf_puts(why, "the key was (");
	for (e = json_first(names); e != NULL; e = json_next(e)) {
		p = json_text(e, NULL);
		buf_printf(why, "%s%s", comma, p != NULL ? p : "?");
		comma = ", ";
	}
	buf_puts(why, "), and is (");
	catalog_key_names(t, why);
	buf_puts(why, "): documents would get other _ids beside those that "
	    "are there; start again with --full, then remove the old ones "
	    "with verify --repair");
}

/*
 * Read a key.  Return 0 (with nkey 0 if there is none), or -1 if it isn't
 * one of the table as it is now.
 */
static int
parse_key(struct position * pos, const struct json_node * key,
    const struct catalog_table * t, const struct cell_env * env)
{
	const struct json_node * e;
	size_t i = 0;

	position_clear_key(pos);
	if (key == NULL || (json_kind(key) == JSON_ARRAY &&
	    json_count(key) == 0))
		return (0);
	if (json_kind(key) != JSON_ARRAY || json_count(key) != t->nkey)
		return (-1);
	for (e = json_first(key); e != NULL; e = json_next(e), i++) {
		if (field_parse(&pos->raw, e, &t->column[t->key[i]], env) ==
		    -1) {
			position_clear_key(pos);
			return (-1);
		}
		pos->end[i] = pos->raw.n;
	}
	pos->nkey = t->nkey;
	return (0);
}

int
bookmark_key_parse(struct position * pos, const struct json_node * node,
    const struct catalog_table * t, const struct cell_env * env)
{

	position_clear(pos);
	return (parse_key(pos, node, t, env) == 0 && pos->nkey > 0 ? 0 : -1);
}

/* Is it about the change column that is in use now? */
static int
check_change(const struct json_node * node, const struct catalog_table * t,
    struct buf * why)
{
	const char * then = json_text(json_get(node, "replication_key"),
	    NULL);
	const char * now = t->change == CATALOG_NONE ? NULL :
	    t->column[t->change].name;

	if (then == NULL && now == NULL)
		return (0);
	if (then != NULL && now != NULL && strcmp(then, now) == 0)
		return (0);
	if (then == NULL)
		buf_printf(why, "the bookmark was made without a change "
		    "column, now %s would be used", now);
	else
		buf_printf(why, "the bookmark is about the change column %s, "
		    "now %s would be used", then, now == NULL ? "none" : now);
	buf_printf(why, "; start again with --full%s", then != NULL ?
	    ", or name the column with --change" : "");
	return (-1);
}

/* The place in a reading by key. */
static int
parse_scan(struct bookmark * bm, const struct json_node * scan,
    const struct catalog_table * t, const struct cell_env * env,
    struct buf * why)
{
	const struct json_node * to = json_get(scan, "to");
	int cut;

	bm->scanning = 1;
	if (json_kind(scan) != JSON_OBJECT || (to == NULL) != (t->change ==
	    CATALOG_NONE) || (to != NULL && field_parse_time(&bm->to, to,
	    &t->column[t->change], env, &cut) == -1)) {
		buf_puts(why, "the bookmark's \"scan\" can't be read");
		return (-1);
	}
	if (parse_key(&bm->scan, json_get(scan, "key"), t, env) == -1) {
		buf_puts(why, "the bookmark stands in the middle of a reading "
		    "by key, and is no key of the table as it is now; start "
		    "again with --full");
		return (-1);
	}
	return (0);
}

/* Read an instant.  Return 0, or -1. */
static int
parse_instant(const struct json_node * node, int64_t * us)
{
	const char * p;
	size_t n;

	return ((p = json_text(node, &n)) == NULL ? -1 :
	    timestamp_parse(p, n, us));
}

/* What was known of the server's clock.  Return 0, or -1. */
static int
parse_mark(struct bound_mark * m, const struct json_node * node)
{
	const struct json_node * e = json_get(node, "boot");
	const char * boot = json_text(e, NULL);
	size_t i;

	if (json_kind(node) != JSON_OBJECT ||
	    parse_instant(json_get(node, "now"), &m->now_us) == -1 ||
	    parse_instant(json_get(node, "final"), &m->safe_us) == -1)
		return (-1);
	m->guessed = json_true(json_get(node, "guessed"));
	if (e == NULL)
		return (0);
	if (boot == NULL || strlen(boot) != BOUND_BOOT_LEN ||
	    json_uint64(json_get(node, "up"), &m->up_us) == -1)
		return (-1);
	for (i = 0; boot[i] != '\0'; i++) {
		if (strchr("0123456789abcdef-", boot[i]) == NULL)
			return (-1);
	}
	memcpy(m->boot, boot, sizeof m->boot);
	return (0);
}

int
bookmark_parse(struct bookmark * bm, const struct json_node * node,
    const struct catalog_table * t, const struct cell_env * env,
    struct buf * why)
{
	const struct json_node * value, * scan, * names, * e;
	const char * p;
	size_t n;
	int cut = 0;

	if (json_kind(node) != JSON_OBJECT) {
		buf_puts(why, "the bookmark is no object");
		return (-1);
	}
	if ((e = json_get(node, "epoch")) != NULL &&
	    json_uint64(e, &bm->epoch) == -1) {
		buf_puts(why, "the bookmark's \"epoch\" is no whole number");
		return (-1);
	}
	if (check_change(node, t, why) == -1)
		return (-1);
	if ((e = json_get(node, "nulls_at")) != NULL &&
	    parse_instant(e, &bm->nulls_at) == -1) {
		buf_puts(why, "the bookmark's \"nulls_at\" is no time");
		return (-1);
	}
	if ((e = json_get(node, "definition")) != NULL) {
		p = json_raw(e, &n);
		buf_put(&bm->definition, p, n);
	}
	if ((e = json_get(node, "clock")) != NULL &&
	    parse_mark(&bm->mark, e) == -1) {
		buf_puts(why, "the bookmark's \"clock\" can't be read");
		return (-1);
	}
	names = json_get(node, "key_properties");
	value = json_get(node, "replication_key_value");
	if (value != NULL && (t->change == CATALOG_NONE ||
	    field_parse_time(&bm->at.time, value, &t->column[t->change], env,
	    &cut) == -1)) {
		buf_puts(why, "the bookmark's \"replication_key_value\" is no "
		    "time");
		return (-1);
	}

	if (names != NULL && !same_key_names(names, t)) {
		other_key(names, t, why);
		return (-1);
	}

	/* Without its key, all rows of that time are read again. */
	if (cut || value == NULL ||
	    parse_key(&bm->at, json_get(node, "key"), t, env) == -1)
		position_clear_key(&bm->at);
	if ((scan = json_get(node, "scan")) != NULL)
		return (parse_scan(bm, scan, t, env, why));
	if (value == NULL && t->change != CATALOG_NONE) {
		buf_puts(why, "the bookmark has neither "
		    "\"replication_key_value\" nor \"scan\"");
		return (-1);
	}
	return (0);
}

void
bookmark_free(struct bookmark * bm)
{

	buf_free(&bm->at.raw);
	buf_free(&bm->scan.raw);
	buf_free(&bm->definition);
}
