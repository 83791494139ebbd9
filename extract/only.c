#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/exitcode.h"
#include "../common/json.h"
#include "../common/linein.h"
#include "../common/log.h"
#include "../common/mem.h"
#include "../common/scan.h"
#include "../common/stop.h"
#include "../common/timestamp.h"
#include "query.h"

#include "only.h"

#define STATE_EVERY	1000	/* rows */

struct only {
	struct stream * st;
	struct linein * in;
	struct buf sql, condition;
	struct position wanted, found;
	char ** cell;
	unsigned long * len;
	struct cell_row row;	/* both */
	uint64_t keyless;	/* lines without a key */
	uint64_t others;	/* lines of other tables */
};

static int
bad_line(const struct only * o, const char * what)
{

	log_error("%s:%ju: %s", linein_name(o->in),
	    (uintmax_t)linein_number(o->in), what);
	return (EXIT_PERM);
}

/* The job of the table ${name}, or njob. */
static size_t
find_job(const struct stream * st, const char * name)
{
	size_t i;

	for (i = 0; i < st->njob; i++) {
		if (strcmp(st->job[i].table->name, name) == 0)
			break;
	}
	return (i);
}

/* What was read is read under the definition that its SCHEMA tells. */
static int
check_tables(struct stream * st)
{
	struct catalog_identity id;
	enum source_rc rc;
	size_t i;

	for (i = 0; i < st->njob; i++) {
		const struct catalog_table * t = st->job[i].table;

		rc = catalog_digest(st->source, t, &id);
		if (rc != SOURCE_OK)
			return (source_report(st->source, rc, t->name));
		if (id.digest != t->identity.digest) {
			log_error("%s: was changed while its rows were read: "
			    "start again", t->name);
			return (EXIT_TEMP);
		}
	}
	return (0);
}

/* A STATE that moves nothing, for all that was printed. */
static int
put_state(struct stream * st, int always)
{
	struct buf * b = out_buf(st->out);
	int code;

	if (st->page.total == st->stated && !always)
		return (0);
	if ((code = check_tables(st)) != 0)
		return (code);
	buf_puts(b, "{\"type\":\"STATE\",\"value\":null,\"records\":");
	buf_put_u64(b, st->page.total - st->stated);
	buf_puts(b, "}\n");
	st->stated = st->page.total;
	return (out_flush(st->out) == OUT_FAILED ? EXIT_TEMP : 0);
}

/* Ask for the row of the key ${o}->wanted. */
static enum source_rc
ask(struct only * o, const struct job * job, struct answer ** a)
{
	const struct catalog_table * t = job->table;
	const struct catalog_column * c;
	const char * p;
	size_t i, n;

	buf_clear(&o->condition);
	for (i = 0; i < t->nkey; i++) {
		c = &t->column[t->key[i]];
		if (i > 0)
			buf_puts(&o->condition, " AND ");
		query_name(&o->condition, c->name);
		buf_puts(&o->condition, " = ");
		p = position_key(&o->wanted, i, &n);
		query_value(&o->condition, c, p, n);
	}
	buf_clear(&o->sql);
	query_select(&o->sql, t, buf_text((struct buf *)&job->columns),
	    buf_text(&o->condition), NULL);
	return (source_ask(o->st->source, buf_text(&o->sql), a));
}

/*
 * Is the row that was found the one of this very key?  By a column's
 * collation others may be equal, but a document has one text for its _id.
 */
static int
is_same(struct only * o, const struct catalog_table * t)
{
	const struct catalog_column * c;
	const char * p, * q;
	size_t i, n, m;

	position_set(&o->found, t, &o->row);
	for (i = 0; i < t->nkey; i++) {
		c = &t->column[t->key[i]];
		if (c->kind != CELL_TEXT)
			continue;
		p = position_key(&o->wanted, i, &n);
		q = position_key(&o->found, i, &m);
		if (n != m || memcmp(p, q, n) != 0)
			return (0);
	}
	return (1);
}

/* Take the fields of row ${i} of an answer. */
static void
take_row(struct only * o, const struct answer * a, size_t i)
{
	size_t k, n;

	for (k = 0; k < answer_columns(a); k++) {
		o->cell[k] = (char *)answer_get(a, i, k, &n);
		o->len[k] = o->cell[k] != NULL ? n : 0;
	}
}

/* End a message with what the line notes. */
static void
end_message(struct buf * b, const struct json_node * suspect)
{
	const char * p;
	size_t n;

	if (suspect != NULL) {
		p = json_raw(suspect, &n);
		buf_puts(b, ",\"suspect\":");
		buf_put(b, p, n);
	}
	buf_puts(b, "}\n");
}

static int
put_row(struct only * o, size_t i, const struct json_node * suspect)
{
	struct stream * st = o->st;
	struct buf * b = out_buf(st->out);
	const struct catalog_table * t = st->job[i].table;
	const char * why;
	size_t bad;

	why = page_row(b, st->plan[i], st->page.env, &o->row,
	    st->page.total + 1, &bad);
	if (why != NULL) {
		log_error("%s:%ju: %s: column %s of this row holds %s",
		    linein_name(o->in), (uintmax_t)linein_number(o->in),
		    t->name, t->column[bad].name, why);
		return (EXIT_PERM);
	}
	b->n -= 2;
	end_message(b, suspect);
	return (0);
}

/* There is no such row: so it was deleted, whenever. */
static void
put_deletion(struct only * o, size_t i, const struct json_node * key,
    const struct json_node * suspect)
{
	struct stream * st = o->st;
	const struct catalog_table * t = st->job[i].table;
	struct buf * b = out_buf(st->out);
	char now[TIMESTAMP_LEN];
	const struct json_node * e = json_first(key);
	const char * name, * p;
	size_t k, n;

	timestamp_format(st->bound.now_us, now);
	buf_puts(b, "{\"type\":\"RECORD\",\"stream\":");
	(void)scan_put_text(b, t->name, strlen(t->name));
	buf_printf(b, ",\"op\":\"d\",\"at\":\"%.*s\",\"pos\":[%ju,%ju],"
	    "\"record\":{", TIMESTAMP_LEN, now, (uintmax_t)st->epoch,
	    (uintmax_t)st->page.total + 1);
	for (k = 0; k < t->nkey; k++, e = json_next(e)) {
		name = t->column[t->key[k]].name;
		(void)scan_put_text(b, name, strlen(name));
		p = json_raw(e, &n);
		buf_putc(b, ':');
		buf_put(b, p, n);
		buf_putc(b, ',');
	}
	buf_printf(b, "\"_sdc_deleted_at\":\"%.*s\"}", TIMESTAMP_LEN, now);
	end_message(b, suspect);
}

/* Look for one row and print what became of it. */
static int
read_one(struct only * o, size_t i, const struct json_node * key,
    const struct json_node * suspect)
{
	struct stream * st = o->st;
	const struct catalog_table * t = st->job[i].table;
	struct answer * a;
	enum source_rc rc;
	size_t k, same = 0;
	int code = 0;

	if ((rc = ask(o, &st->job[i], &a)) != SOURCE_OK)
		return (source_report(st->source, rc, t->name));
	source_progress(st->source);
	o->cell = mem_grow(o->cell, t->ncolumn + 1, sizeof *o->cell);
	o->len = mem_grow(o->len, t->ncolumn + 1, sizeof *o->len);
	o->row = (struct cell_row){ o->cell, o->len, NULL };
	for (k = 0; k < answer_rows(a) && same == 0; k++) {
		take_row(o, a, k);
		same = is_same(o, t);
	}
	if (same)
		code = put_row(o, i, suspect);
	else
		put_deletion(o, i, key, suspect);
	answer_free(a);
	if (code != 0)
		return (code);
	st->page.total++;
	if (st->page.total - st->stated >= STATE_EVERY)
		return (put_state(st, 0));
	return (0);
}

/* A line of the file, read as JSON. */
static int
do_document(struct only * o, const struct json_node * root)
{
	struct stream * st = o->st;
	const struct json_node * key = json_get(root, "key");
	const char * name = json_text(json_get(root, "stream"), NULL);
	size_t i;

	if (name == NULL || key == NULL)
		return (bad_line(o, "names no \"stream\" and \"key\""));
	if ((i = find_job(st, name)) == st->njob) {
		o->others++;
		return (0);
	}
	if (json_kind(key) == JSON_NULL) {
		o->keyless++;
		return (0);
	}
	if (bookmark_key_parse(&o->wanted, key, st->job[i].table,
	    st->page.env) == -1)
		return (bad_line(o, "this \"key\" is none of the table's"));
	return (read_one(o, i, key, json_get(root, "suspect")));
}

static int
do_line(void * cookie, const char * p, size_t n)
{
	struct only * o = cookie;
	struct json_error err;
	struct json * doc;
	int code;

	if (stop_asked())
		return (EXIT_STOPPED);
	if ((doc = json_parse(p, n, &err)) == NULL)
		return (bad_line(o, err.what));
	code = do_document(o, json_root(doc));
	json_free(doc);
	return (code);
}

int
only_run(struct stream * st)
{
	struct only o = { .st = st };
	const char * path = st->opt->only;
	int fd = STDIN_FILENO, code, failed;
	size_t i;

	if (strcmp(path, "-") == 0)
		path = "standard input";
	else if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1) {
		log_error_sys("%s", path);
		return (EXIT_PERM);
	}
	o.in = linein_open(fd, path, LINEIN_MAX);
	for (i = 0; i < st->njob; i++)
		stream_schema(st, i);
	code = linein_each(o.in, do_line, &o);
	failed = put_state(st, code == 0);
	if (o.keyless > 0)
		log_warn("%s: %ju lines have no key of a row, and were passed "
		    "over", path, (uintmax_t)o.keyless);
	if (o.others > 0)
		log_warn("%s: %ju lines of other tables were passed over",
		    path, (uintmax_t)o.others);
	log_event(LOG_LEVEL_INFO, LOG_FIELDS(LOG_TEXT("operation", "extract"),
	    LOG_INT("records_processed", st->page.total)),
	    "%ju rows read by their keys", (uintmax_t)st->page.total);
	linein_free(o.in);
	if (fd != STDIN_FILENO)
		close(fd);
	buf_free(&o.sql);
	buf_free(&o.condition);
	buf_free(&o.wanted.raw);
	buf_free(&o.found.raw);
	free(o.cell);
	free(o.len);
	return (code != 0 ? code : failed);
}
