#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/exitcode.h"
#include "../common/linein.h"
#include "../common/lineout.h"
#include "../common/log.h"
#include "../common/mem.h"
#include "../common/record.h"

#include "jsonput.h"
#include "plan.h"
#include "propose.h"

#include "propose_run.h"

/* What came in of a stream: its last SCHEMA. */
struct seen {
	char * stream;
	struct buf line;
};

struct input {
	struct seen * seen;
	size_t n;
};

static void
take_schema(struct input * in, const char * stream, const char * p, size_t n)
{
	size_t i;

	for (i = 0; i < in->n; i++) {
		if (strcmp(in->seen[i].stream, stream) == 0)
			break;
	}
	if (i == in->n) {
		in->seen = mem_grow(in->seen, in->n + 1, sizeof *in->seen);
		in->seen[in->n++] = (struct seen) { mem_dup(stream),
		    { NULL, 0, 0 } };
	}
	buf_clear(&in->seen[i].line);
	buf_put(&in->seen[i].line, p, n);
}

/* Of a catalog's metadata, that of the stream itself. */
static const struct json_node *
own_metadata(const struct json_node * stream)
{
	const struct json_node * e = json_get(stream, "metadata");
	const struct json_node * crumb;

	for (e = e != NULL ? json_first(e) : NULL; e != NULL;
	    e = json_next(e)) {
		crumb = json_get(e, "breadcrumb");
		if (crumb != NULL && json_count(crumb) == 0)
			return (json_get(e, "metadata"));
	}
	return (NULL);
}

static void
put_member(struct buf * b, const char * key, const struct json_node * node)
{

	if (node == NULL)
		return;
	jsonput_key(b, key);
	jsonput_compact(b, node);
}

/* A Singer catalog: each stream as the SCHEMA message that it would have. */
static int
take_catalog(struct input * in, const char * p, size_t n)
{
	struct json_error err;
	struct json * doc = json_parse(p, n, &err);
	const struct json_node * e;
	struct buf b = { NULL, 0, 0 };
	const char * name;

	if (doc == NULL) {
		log_error("standard input:%u:%u: %s", err.line, err.column,
		    err.what);
		return (EXIT_PERM);
	}
	e = json_get(json_root(doc), "streams");
	for (e = e != NULL ? json_first(e) : NULL; e != NULL;
	    e = json_next(e)) {
		if ((name = json_text(json_get(e, "stream"), NULL)) == NULL)
			continue;
		buf_clear(&b);
		buf_puts(&b, "{\"type\":\"SCHEMA\"");
		put_member(&b, "stream", json_get(e, "stream"));
		put_member(&b, "schema", json_get(e, "schema"));
		put_member(&b, "key_properties", json_get(e,
		    "key_properties"));
		put_member(&b, "bookmark_properties", json_get(
		    own_metadata(e), "valid-replication-keys"));
		buf_putc(&b, '}');
		take_schema(in, name, b.p, b.n);
	}
	buf_free(&b);
	json_free(doc);
	return (0);
}

static int
is_catalog(const char * p, size_t n)
{
	static const char start[] = "{\"streams\"";

	return (n >= sizeof start - 1 &&
	    memcmp(p, start, sizeof start - 1) == 0);
}

static int
take_line(struct input * in, struct linein * lines,
    struct record_reader * reader, const char * p, size_t n)
{
	struct record_error err;
	struct record r;
	char * name;

	if (record_parse(reader, p, n, &r, &err) == -1) {
		log_error("%s:%ju:%zu: %s", linein_name(lines),
		    (uintmax_t)linein_number(lines), err.column, err.what);
		return (EXIT_PERM);
	}
	if (r.type != RECORD_SCHEMA)
		return (0);
	name = mem_new(r.stream.n + 1, 1);
	(void)scan_decode(&r.stream, name);
	take_schema(in, name, p, n);
	free(name);
	return (0);
}

/* All of standard input. */
static int
read_input(struct input * in, size_t max_line)
{
	struct linein * lines = linein_open(STDIN_FILENO, "standard input",
	    max_line);
	struct record_reader * reader = record_reader_new();
	struct buf catalog = { NULL, 0, 0 };
	enum linein_result got;
	const char * p;
	size_t n;
	int code = 0;

	while (code == 0 && (got = linein_next(lines, &p, &n)) ==
	    LINEIN_LINE) {
		if (catalog.n > 0 || (in->n == 0 && is_catalog(p, n)))
			buf_put(&catalog, p, n + 1);
		else
			code = take_line(in, lines, reader, p, n);
	}
	if (code == 0 && got == LINEIN_ERROR)
		code = linein_too_long(lines) ? EXIT_PERM : EXIT_TEMP;
	if (code == 0 && got == LINEIN_STOP)
		code = EXIT_STOPPED;
	if (code == 0 && catalog.n > 0)
		code = take_catalog(in, catalog.p, catalog.n);
	record_reader_free(reader);
	linein_free(lines);
	buf_free(&catalog);
	return (code);
}

/* The stream that a file is asked for; NULL after a report. */
static const struct seen *
choose(const struct input * in, const struct options * opt,
    const struct schemaset * set)
{
	struct buf names = { NULL, 0, 0 };
	size_t i;

	if (opt->nfile == 1) {
		for (i = 0; i < in->n; i++) {
			if (strcmp(in->seen[i].stream, set->file[0]->table) ==
			    0)
				return (&in->seen[i]);
		}
		log_error("no SCHEMA of the stream %s came in, for which %s "
		    "is", set->file[0]->table, set->file[0]->path);
		return (NULL);
	}
	if (in->n == 1)
		return (&in->seen[0]);
	for (i = 0; i < in->n; i++)
		buf_printf(&names, "%s%s", i == 0 ? ": " : ", ",
		    in->seen[i].stream);
	if (in->n == 0)
		log_error("no SCHEMA came in; extract --discover TABLE prints "
		    "what is needed");
	else
		log_error("%zu streams came in%s; one file can be proposed at "
		    "a time: name it with -s, or the table for extract",
		    in->n, buf_text(&names));
	buf_free(&names);
	return (NULL);
}

/* Would transform take it? */
static int
accepts(const char * path, const struct buf * text, const struct seen * seen)
{
	struct schemafile * sf = schemafile_parse(path, text->p, text->n);
	struct plan * plan = NULL;

	if (sf != NULL)
		plan = plan_new(sf, seen->line.p, seen->line.n);
	if (plan == NULL)
		log_error("%s: what is named here is for a person to change; "
		    "there is no file to propose", path);
	plan_free(plan);
	schemafile_free(sf);
	return (plan != NULL);
}

static int
propose_for(const struct seen * seen, const struct schemaset * set)
{
	const struct schemafile * sf = schemaset_find(set, seen->stream);
	struct buf text = { NULL, 0, 0 };
	struct lineout * out;
	size_t changes = 1;
	int code;

	if (sf != NULL)
		changes = propose(sf, seen->line.p, seen->line.n,
		    LOG_LEVEL_INFO, &text);
	else {
		propose_new(seen->line.p, seen->line.n, &text);
		log_info("%s: there is no schema file; this is one that takes "
		    "all columns as they are", seen->stream);
	}
	code = changes == 0 ? EXIT_DONE : EXIT_DIFFERENT;
	if (!accepts(sf != NULL ? sf->path : "the proposed file", &text,
	    seen))
		code = EXIT_PERM;
	else {
		out = lineout_open(STDOUT_FILENO, "standard output");
		buf_put(lineout_buf(out), text.p, text.n);
		if (lineout_close(out) == -1)
			code = EXIT_TEMP;
	}
	if (sf != NULL && changes == 0)
		log_info("%s: fits the columns as they are", sf->path);
	buf_free(&text);
	return (code);
}

int
propose_run(const struct options * opt, const struct schemaset * set)
{
	struct input in = { NULL, 0 };
	const struct seen * seen;
	size_t i;
	int code;

	if ((code = read_input(&in, opt->max_line)) == 0)
		code = (seen = choose(&in, opt, set)) == NULL ? EXIT_PERM :
		    propose_for(seen, set);
	for (i = 0; i < in.n; i++) {
		free(in.seen[i].stream);
		buf_free(&in.seen[i].line);
	}
	free(in.seen);
	return (code);
}
