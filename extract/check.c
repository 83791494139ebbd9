#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../common/exitcode.h"
#include "../common/scan.h"
#include "../common/timestamp.h"
#include "bound.h"
#include "catalog.h"
#include "query.h"
#include "telling.h"

#include "check.h"

/*
 * Functions below return 0, or the exit code to end with after a report.
 */
struct check {
	const struct options * opt;
	struct source * source;
	struct buf * out;
	const char * table;	/* that is looked at, or NULL */
	struct bound bound;
	int weak;		/* there are reasons why it may miss some */
	int open;		/* a JSON object isn't complete */
	int failed;
	int zone_is_utc;	/* the server's */
	char zone[64];
};

enum mark { OK, WARN, FAIL };

static void
put_member(struct check * c, const char * name, const char * text)
{

	buf_printf(c->out, ",\"%s\":", name);
	if (scan_put_text(c->out, text, strlen(text)) == -1)
		buf_puts(c->out, "\"?\"");
}

static void
end_point(struct check * c)
{

	if (c->open)
		buf_puts(c->out, "}\n");
	c->open = 0;
}

/* A line: what was looked at, and what was found. */
static void __attribute__((format(printf, 4, 5)))
say(struct check * c, enum mark mark, const char * what, const char * fmt,
    ...)
{
	static const char * const word[] = { "ok", "warn", "FAIL" };
	static const char * const json[] = { "ok", "warn", "fail" };
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	c->failed |= mark == FAIL;
	if (!c->opt->json) {
		buf_printf(c->out, "%-5s %-22s %s\n", word[mark], what,
		    text);
		return;
	}
	end_point(c);
	buf_printf(c->out, "{\"mark\":\"%s\"", json[mark]);
	if (c->table != NULL)
		put_member(c, "table", c->table);
	put_member(c, "point", what == c->table ? "table" :
	    what + strspn(what, " "));
	put_member(c, "text", text);
	c->open = 1;
}

/* What to do about it. */
static void __attribute__((format(printf, 2, 3)))
advise(struct check * c, const char * fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (c->opt->json)
		put_member(c, "remedy", text);
	else
		buf_printf(c->out, "%-5s %-22s   -> %s\n", "", "", text);
}

static void
check_connection(struct check * c)
{
	const struct source_options * o = &c->opt->source;
	const char * cipher = source_cipher(c->source);
	char place[300];

	if (o->socket != NULL)
		snprintf(place, sizeof place, "%s", o->socket);
	else
		snprintf(place, sizeof place, "%s:%u", o->host, o->port);
	say(c, OK, "connection", "%s %s at %s, user %s, database %s",
	    source_is_mariadb(c->source) ? "MariaDB" : "MySQL",
	    source_version(c->source), place, o->user, o->database);
	if (cipher != NULL)
		say(c, OK, "encryption", "TLS, %s, name verified", cipher);
	else if (o->socket != NULL || source_is_loopback(o->host))
		say(c, OK, "encryption", "none; the way stays inside this "
		    "machine");
	else {
		say(c, WARN, "encryption", "none (--insecure)");
		advise(c, "set MYSQL_SSL_CA, and leave --insecure out");
	}
	say(c, OK, "character set", "utf8mb4 on the connection");
}

/* Compression is agreed on with the server, or silently left out. */
static int
check_compression(struct check * c)
{
	enum source_rc rc;
	int yes;

	if (c->opt->source.compression == SOURCE_PLAIN)
		return (0);
	if ((rc = source_compresses(c->source, &yes)) != SOURCE_OK)
		return (source_report(c->source, rc, "compression"));
	if (yes)
		say(c, OK, "compression", "in use");
	else
		say(c, WARN, "compression", "none: the server doesn't take "
		    "part (MYSQL_COMPRESSION)");
	return (0);
}

static int
check_zone(struct check * c)
{
	struct answer * a;
	enum source_rc rc;
	const char * zone;

	/* The zone as it works out now, in January and in July. */
	rc = source_ask(c->source, "SELECT IF(@@global.time_zone = 'SYSTEM', "
	    "@@system_time_zone, @@global.time_zone), "
	    "CONVERT_TZ('2026-01-15 12:00:00', '+00:00', @@global.time_zone)"
	    " = '2026-01-15 12:00:00' AND "
	    "CONVERT_TZ('2026-07-15 12:00:00', '+00:00', @@global.time_zone)"
	    " = '2026-07-15 12:00:00'", &a);
	if (rc != SOURCE_OK)
		return (source_report(c->source, rc, "time zone"));
	zone = answer_get(a, 0, 0, NULL);
	snprintf(c->zone, sizeof c->zone, "%s", zone != NULL ? zone : "?");
	c->zone_is_utc = (int)answer_u64(a, 0, 1);
	answer_free(a);
	say(c, OK, "time zone", "UTC in our session; %s on the server",
	    c->zone);
	return (0);
}

static int
check_privileges(struct check * c)
{
	enum source_rc rc;

	rc = bound_read(c->source, c->opt->lag_us, 0, &c->bound);
	if (rc != SOURCE_OK)
		return (source_report(c->source, rc, "reading the clock"));
	if (!(c->bound.lacks & BOUND_GUESSED)) {
		say(c, OK, "PROCESS privilege", "granted: open transactions "
		    "are seen");
		return (0);
	}
	say(c, WARN, "PROCESS privilege", "missing: a transaction open longer "
	    "than %.1f s (--lag) can be overlooked",
	    (double)c->opt->lag_us / 1e6);
	advise(c, "GRANT PROCESS ON *.* TO the account of MYSQL_USER");
	return (0);
}

/* Up to when a table could be read now, and who holds that back. */
static void
check_bound(struct check * c)
{
	const struct bound * b = &c->bound;
	char now[TIMESTAMP_LEN + 1] = "", safe[TIMESTAMP_LEN + 1] = "";

	timestamp_format(b->now_us, now);
	timestamp_format(b->safe_us, safe);
	if (!b->held)
		say(c, OK, "bound", "nothing is open that was there before "
		    "%.*s", TIMESTAMP_LEN, now);
	else if (b->user[0] != '\0')
		say(c, OK, "bound", "held back by connection %ju of user %s, "
		    "which is at work or has written; without a bookmark "
		    "rows are final before %.*s", (uintmax_t)b->holder,
		    b->user, TIMESTAMP_LEN, safe);
	else
		say(c, OK, "bound", "held back by a transaction without a "
		    "connection (XA RECOVER lists those that are prepared); "
		    "without a bookmark rows are final before %.*s",
		    TIMESTAMP_LEN, safe);
}

/* A replica's rows carry times that this server hasn't given. */
static int
check_replica(struct check * c)
{
	struct answer * a;
	enum source_rc rc;
	size_t rows;

	rc = source_ask(c->source, source_is_mariadb(c->source) ||
	    source_version(c->source)[0] == '5' ? "SHOW SLAVE STATUS" :
	    "SHOW REPLICA STATUS", &a);
	if (rc == SOURCE_GIVEN_UP)
		return (source_report(c->source, rc, "replication"));
	if (rc != SOURCE_OK)
		return (0);
	rows = answer_rows(a);
	answer_free(a);
	if (rows == 0)
		return (0);
	say(c, WARN, "replication", "this server is a replica: rows come with "
	    "older times, and can be overlooked");
	advise(c, "read from the server that is written to");
	return (0);
}

static void
check_key(struct check * c, const struct catalog_table * t)
{
	struct buf names = { NULL, 0, 0 };
	const struct catalog_column * col;
	size_t i;

	catalog_key_names(t, &names);
	if (t->key_unproven) {
		say(c, WARN, "  key", "(%s), but no unique index says so",
		    buf_text(&names));
		advise(c, "CREATE UNIQUE INDEX millrace_key ON `%s` (%s)",
		    t->name, buf_text(&names));
	} else
		say(c, OK, "  key", "(%s)", buf_text(&names));
	buf_free(&names);
	for (i = 0; i < t->nkey; i++) {
		col = &t->column[t->key[i]];
		if (!blind_folds(col))
			continue;
		say(c, WARN, "  key", "%s is compared by %s: a key that is "
		    "changed in case only, or in how a letter is composed, "
		    "leaves its old document behind", col->name,
		    col->collation);
	}
}

/* The index that is missing, as the statement that makes it. */
static void
advise_index(struct check * c, const struct catalog_table * t)
{
	struct buf b = { NULL, 0, 0 };
	size_t i;

	buf_puts(&b, "CREATE INDEX millrace_change ON ");
	query_name(&b, t->name);
	buf_puts(&b, " (");
	query_name(&b, t->column[t->change].name);
	for (i = 0; i < t->nkey; i++) {
		buf_puts(&b, ", ");
		query_name(&b, t->column[t->key[i]].name);
	}
	buf_putc(&b, ')');
	advise(c, "%s", buf_text(&b));
	buf_free(&b);
}

static void
check_index(struct check * c, const struct catalog_table * t)
{

	if (t->change_index != CATALOG_NONE) {
		say(c, OK, "  index", "%s",
		    t->index[t->change_index].name);
		return;
	}
	say(c, WARN, "  index", "none over (%s, key): each run reads through "
	    "the whole table", t->column[t->change].name);
	advise_index(c, t);
}

/* Does the server set it, whoever writes? */
static void
check_set(struct check * c, const struct catalog_table * t,
    const struct catalog_column * col)
{

	if (col->on_update && col->on_insert)
		return;
	if (!col->on_update)
		say(c, WARN, "  ON UPDATE", "missing: a change is seen only if "
		    "the application sets %s", col->name);
	else
		say(c, WARN, "  DEFAULT", "not CURRENT_TIMESTAMP: a new row is "
		    "seen only if the application sets %s", col->name);
	advise(c, "ALTER TABLE `%s` MODIFY `%s` %s %s DEFAULT "
	    "CURRENT_TIMESTAMP(%u) ON UPDATE CURRENT_TIMESTAMP(%u)",
	    t->name, col->name, col->column_type, col->nullable ?
	    "NULL" : "NOT NULL", col->fraction, col->fraction);
}

static void
check_change(struct check * c, const struct catalog_table * t)
{
	const struct catalog_column * col;

	if (t->change == CATALOG_NONE) {
		say(c, WARN, "  change column", "none (updated_at, created_at "
		    "or --change): each run reads all rows");
		advise(c, "ALTER TABLE `%s` ADD updated_at TIMESTAMP(6) NOT "
		    "NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE "
		    "CURRENT_TIMESTAMP(6), then an index over it", t->name);
		return;
	}
	col = &t->column[t->change];
	say(c, t->only_inserts ? WARN : OK, "  change column", "%s, %s%s",
	    col->name, col->column_type, t->only_inserts ? "; new rows are "
	    "found by it, but no changes of old ones" : "");
	check_index(c, t);
	if (!t->only_inserts)
		check_set(c, t, col);
	if (col->nullable)
		say(c, OK, "  NULL times", "possible: such rows are read once "
		    "in %ju s (--nulls)", (uintmax_t)(c->opt->nulls_us /
		    1000000));
	if (col->kind == CELL_DATETIME && !c->zone_is_utc &&
	    c->opt->cell.offset_us == 0) {
		say(c, WARN, "  time zone", "%s is DATETIME, which has no "
		    "zone; it is taken as UTC, but the server's zone is %s",
		    col->name, c->zone);
		advise(c, "set MYSQL_DATETIME_OFFSET, or make it TIMESTAMP");
	}
}

/* Foreign keys that change rows of the table behind its change column. */
static int
check_cascades(struct check * c, const struct catalog_table * t)
{
	struct buf sql = { NULL, 0, 0 };
	struct answer * a;
	enum source_rc rc;
	size_t i;

	buf_puts(&sql, "SELECT CONSTRAINT_NAME, REFERENCED_TABLE_NAME, "
	    "UPDATE_RULE, DELETE_RULE FROM "
	    "information_schema.REFERENTIAL_CONSTRAINTS WHERE "
	    "CONSTRAINT_SCHEMA = DATABASE() AND (UPDATE_RULE IN ('CASCADE', "
	    "'SET NULL') OR DELETE_RULE IN ('CASCADE', 'SET NULL')) AND "
	    "TABLE_NAME = ");
	query_text(&sql, t->name, strlen(t->name));
	rc = source_ask(c->source, buf_text(&sql), &a);
	buf_free(&sql);
	if (rc != SOURCE_OK)
		return (source_report(c->source, rc, t->name));
	for (i = 0; i < answer_rows(a); i++) {
		say(c, WARN, "  foreign key", "%s to %s (ON UPDATE %s, ON "
		    "DELETE %s) changes rows without their change time",
		    answer_get(a, i, 0, NULL), answer_get(a, i, 1, NULL),
		    answer_get(a, i, 2, NULL), answer_get(a, i, 3, NULL));
		advise(c, "run extract --full from time to time");
	}
	answer_free(a);
	return (0);
}

/* Can we really read it? */
static int
check_select(struct check * c, const struct catalog_table * t)
{
	struct buf sql = { NULL, 0, 0 };
	struct answer * a;
	enum source_rc rc;

	buf_puts(&sql, "SELECT ");
	query_columns(&sql, t);
	buf_puts(&sql, " FROM ");
	query_name(&sql, t->name);
	if (c->opt->where != NULL)
		buf_printf(&sql, " WHERE (%s\n)", c->opt->where);
	buf_puts(&sql, " LIMIT 1");
	rc = source_ask(c->source, buf_text(&sql), &a);
	buf_free(&sql);
	answer_free(a);
	if (rc == SOURCE_GIVEN_UP)
		return (source_report(c->source, rc, t->name));
	if (rc != SOURCE_OK) {
		say(c, FAIL, "  SELECT", "%s", source_error(c->source));
		if (rc == SOURCE_DENIED)
			advise(c, "GRANT SELECT ON `%s`.`%s` TO the account "
			    "of MYSQL_USER", c->opt->source.database,
			    t->name);
		return (0);
	}
	if (t->hidden > 0)
		say(c, WARN, "  SELECT", "%zu columns aren't granted, and are "
		    "left out", t->hidden);
	else
		say(c, OK, "  SELECT", "%zu columns", t->ncolumn);
	return (0);
}

static void
weaken(void * cookie, const char * most, const char * code,
    const char * text)
{
	struct check * c = cookie;

	(void)most;
	if (strcmp(code, "change_column") == 0)
		return;
	c->weak = 1;
	say(c, WARN, "  guarantee", "best effort (%s): %s", code, text);
}

/* How safely changes of the table are found. */
static int
check_guarantee(struct check * c, const struct catalog_table * t)
{
	struct blind blind;
	enum source_rc rc;

	rc = blind_find(c->source, t, &c->opt->cell, &blind);
	if (rc != SOURCE_OK)
		return (source_report(c->source, rc, t->name));
	c->weak = 0;
	telling_reasons(t, &blind, c->bound.lacks, c->opt, weaken, c);
	if (!c->weak)
		say(c, OK, "  guarantee", "exact, for all changes that set "
		    "%s; load --verify finds deleted rows, and those changed "
		    "without it", t->column[t->change].name);
	return (0);
}

static int
check_table(struct check * c, const char * name)
{
	struct buf why = { NULL, 0, 0 };
	struct catalog * cat;
	struct catalog_table * t;
	enum source_rc rc;
	int code = 0;

	if ((rc = catalog_read(c->source, name, &cat)) != SOURCE_OK)
		return (source_report(c->source, rc, name));
	t = cat->ntable > 0 ? &cat->table[0] : NULL;
	if (t == NULL || t->ncolumn == 0) {
		say(c, FAIL, name, "no such table, or no SELECT privilege");
		advise(c, "extract --discover shows what there is; GRANT "
		    "SELECT ON `%s`.`%s` TO the account of MYSQL_USER",
		    c->opt->source.database, name);
		goto done;
	}
	c->table = t->name;
	say(c, OK, t->name, "%s, about %ju rows", t->is_view ? "a view" :
	    "a table", (uintmax_t)t->rows);
	if (!t->is_view && !t->innodb)
		say(c, WARN, "  engine", "not InnoDB: open transactions on it "
		    "can't be seen");
	if (catalog_choose(t, c->opt->key, c->opt->change, &why) == -1)
		say(c, FAIL, "  key", "%s", buf_text(&why));
	else {
		check_key(c, t);
		check_change(c, t);
		code = check_guarantee(c, t);
	}
	if (code == 0 && (code = check_select(c, t)) == 0)
		code = check_cascades(c, t);
done:
	end_point(c);
	c->table = NULL;
	buf_free(&why);
	catalog_free(cat);
	return (code);
}

int
check_run(const struct options * opt, struct source * s, struct out * out)
{
	struct check c = { .opt = opt, .source = s, .out = out_buf(out) };
	size_t i;
	int code;

	check_connection(&c);
	if ((code = check_compression(&c)) == 0)
		code = check_zone(&c);
	if (code == 0)
		code = check_privileges(&c);
	if (code == 0) {
		check_bound(&c);
		code = check_replica(&c);
	}
	for (i = 0; i < opt->ntable && code == 0; i++)
		code = check_table(&c, opt->table[i]);
	end_point(&c);
	bound_free(&c.bound);
	if (out_flush(out) == OUT_FAILED && code == 0)
		code = EXIT_TEMP;
	return (code != 0 ? code : c.failed ? EXIT_PERM : EXIT_DONE);
}
