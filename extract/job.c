#include <string.h>

#include "../common/exitcode.h"
#include "../common/log.h"
#include "../common/stop.h"
#include "../common/timestamp.h"
#include "drift.h"
#include "query.h"

#include "job.h"

/* How often the definition is looked at while nothing is read. */
#define LOOK_EVERY_US	UINT64_C(5000000)

/* The table ${name} in what was read; or the only one, in other letters. */
static struct catalog_table *
find(struct catalog * cat, const char * name)
{
	size_t i;

	for (i = 0; i < cat->ntable; i++) {
		if (strcmp(cat->table[i].name, name) == 0)
			return (&cat->table[i]);
	}
	return (NULL);
}

/* Does the server take ORDERS and orders for one table? */
static int
ignores_case(struct source * s)
{
	struct answer * a;
	int yes;

	if (source_ask(s, "SELECT @@lower_case_table_names", &a) !=
	    SOURCE_OK)
		return (0);
	yes = answer_u64(a, 0, 0) != 0;
	answer_free(a);
	return (yes);
}

/*
 * Read the definition.  The digest comes first: a change in between shows at
 * its next comparison.
 */
static int
read_definition(struct job * job, struct source * s, const char * name)
{
	struct catalog_table stub = { .name = (char *)name };
	enum source_rc rc;
	struct catalog_identity id = { .digest = 0 };

	job->table = NULL;
	rc = catalog_identify(s, &stub, &id);
	if (rc == SOURCE_OK || rc == SOURCE_CHANGED)
		rc = catalog_read(s, name, &job->catalog);
	if (rc != SOURCE_OK)
		return (source_report(s, rc, name));
	job->table = find(job->catalog, name);
	if (job->table == NULL && job->catalog->ntable == 1 &&
	    ignores_case(s))
		job->table = &job->catalog->table[0];
	if (job->table == NULL)
		return (0);
	if (job->table->is_view &&
	    (rc = catalog_identify(s, job->table, &id)) != SOURCE_OK)
		return (source_report(s, rc, name));
	job->table->identity = id;
	return (0);
}

static void
warn_about(const struct catalog_table * t)
{
	const char * change = t->change == CATALOG_NONE ? NULL :
	    t->column[t->change].name;
	struct buf key = { NULL, 0, 0 };
	size_t i;

	if (t->hidden > 0)
		log_warn("%s: %zu columns are left out; this account may not "
		    "SELECT them", t->name, t->hidden);
	for (i = 0; i < t->ncolumn; i++) {
		if (t->column[i].strange)
			log_warn("%s: column %s has the type %s, which is "
			    "unknown; it is read as text", t->name,
			    t->column[i].name, t->column[i].column_type);
	}
	catalog_key_names(t, &key);
	if (t->key_unproven)
		log_warn("%s: no unique index says that (%s) identifies a "
		    "row", t->name, buf_text(&key));
	if (t->only_inserts)
		log_warn("%s: there is no updated_at; by %s new rows are "
		    "found, but no changes of old ones", t->name, change);
	if (change == NULL)
		log_warn("%s: there is no change column (updated_at, "
		    "created_at, --change): each run reads all rows", t->name);
	else if (t->change_index == CATALOG_NONE)
		log_warn("%s: no index over (%s, %s): each run reads through "
		    "the whole table; extract --check %s says more", t->name,
		    change, buf_text(&key), t->name);
	buf_free(&key);
}

/* Choose, and put together what depends on it. */
static int
choose(struct job * job, const struct options * opt)
{
	struct catalog_table * t = job->table;
	struct buf why = { NULL, 0, 0 };
	int rc;

	if ((rc = catalog_choose(t, opt->key, opt->change, &why)) == -1)
		log_error("%s", buf_text(&why));
	buf_clear(&job->columns);
	query_columns(&job->columns, t);
	buf_text(&job->columns);
	buf_free(&why);
	return (rc == -1 ? EXIT_PERM : 0);
}

int
job_open(struct job * job, struct source * s, const struct options * opt,
    const char * name)
{
	int code;

	memset(job, 0, sizeof *job);
	if ((code = read_definition(job, s, name)) != 0)
		return (code);
	if (job->table == NULL || job->table->ncolumn == 0) {
		log_error("there is no table %s in the database %s, or this "
		    "account may not SELECT from it", name,
		    opt->source.database);
		return (EXIT_PERM);
	}
	if ((code = choose(job, opt)) != 0)
		return (code);
	warn_about(job->table);
	return (0);
}

int
job_resume(struct job * job, const struct state * st,
    const struct options * opt)
{
	struct catalog_table * t = job->table;
	const struct json_node * node = state_get(st, t->name);
	struct bookmark old = { .epoch = 0 };
	struct buf why = { NULL, 0, 0 };
	int rc = 0;

	if (opt->has_since && t->change == CATALOG_NONE) {
		log_error("%s: --since needs a change column", t->name);
		return (EXIT_PERM);
	}
	if (node != NULL)
		rc = bookmark_parse(&old, node, t, &opt->cell, &why);

	/* Of the old bookmark, only what says nothing of rows counts then. */
	if (opt->full || opt->has_since) {
		job->bookmark.epoch = old.epoch;
		job->bookmark.mark = old.mark;
		job->bookmark.nulls_at = opt->full ? 0 : old.nulls_at;
		if (opt->has_since)
			buf_put(&job->bookmark.definition, old.definition.p,
			    old.definition.n);
		bookmark_free(&old);
		if (opt->has_since)
			position_time_at(&job->bookmark.at.time,
			    &t->column[t->change], &opt->cell,
			    opt->since_us);
		buf_free(&why);
		return (0);
	}
	if (rc == -1)
		log_error("%s: %s", t->name, buf_text(&why));
	else if (node != NULL && t->change != CATALOG_NONE &&
	    old.at.time.n > 0 && old.at.nkey == 0 && !old.scanning)
		log_debug("%s: the bookmark has no key of use: all rows of "
		    "its time are read again", t->name);
	job->had_bookmark = node != NULL;
	job->bookmark = old;
	buf_free(&why);
	return (rc == -1 ? EXIT_PERM : 0);
}

/*
 * The bookmark's position, as it stands in the definition ${was}, becomes one
 * in the present one.
 */
static int
carry_over(struct job * job, const struct catalog_table * was,
    struct options * opt)
{
	struct buf text = { NULL, 0, 0 }, why = { NULL, 0, 0 };
	struct bookmark bm = { .epoch = 0 };
	struct json * doc;
	int rc;

	/* Nothing is read yet: it would be no bookmark. */
	if (job->bookmark.at.time.n == 0 && !job->bookmark.scanning)
		return (0);
	bookmark_print(&text, &job->bookmark, was, &opt->cell);
	doc = json_parse(text.p, text.n, NULL);
	rc = bookmark_parse(&bm, json_root(doc), job->table, &opt->cell,
	    &why);
	json_free(doc);
	if (rc == 0) {
		bookmark_free(&job->bookmark);
		job->bookmark = bm;
	} else {
		bookmark_free(&bm);
		log_error("%s: %s", job->table->name, buf_text(&why));
	}
	buf_free(&text);
	buf_free(&why);
	return (rc == -1 ? EXIT_PERM : 0);
}

/* Say what has changed, and what comes of it. */
static int
tell_drift(struct job * job, const struct options * opt,
    const struct drift * d)
{
	const struct catalog_table * t = job->table;

	if (d->key) {
		log_error("%s: its key is of another kind: %.*s; documents "
		    "would get other _ids beside those that are there: start "
		    "again with --full, then remove the old ones with verify "
		    "--repair", t->name, (int)d->what.n, d->what.p);
		return (EXIT_PERM);
	}
	job->reread = d->reread && !opt->go_on && !opt->has_since;
	log_event(LOG_LEVEL_WARN, LOG_FIELDS(LOG_TEXT("table", t->name),
	    LOG_TEXT("operation", "schema_change"),
	    LOG_TEXT("code", "schema_drift")),
	    "%s: its definition has changed: %.*s%s", t->name, (int)d->what.n,
	    d->what.p, job->reread ? "; all rows are read again, because such "
	    "a change leaves no time of change" : d->reread ? "; rows that "
	    "changed with it are not read again, verify --repair finds them" :
	    "");
	return (0);
}

/* Compare the present definition with the bookmark's, and keep it there. */
static int
take_definition(struct job * job, const struct options * opt)
{
	struct buf * was = &job->bookmark.definition;
	struct buf now = { NULL, 0, 0 };
	struct drift d = { .reread = 0 };
	int code = 0;

	drift_put(&now, job->table);
	drift_compare(was->p, was->n, now.p, now.n, job->table, &d);
	if (d.what.n > 0)
		code = tell_drift(job, opt, &d);
	drift_free(&d);

	/* With --since, the rows before are left to the next run. */
	if (code != 0 || (opt->has_since && was->n > 0)) {
		buf_free(&now);
		return (code);
	}
	buf_free(was);
	*was = now;
	return (0);
}

/* A position in ${was} has to be one in ${job}'s table. */
static int
check_same(const struct job * job, const struct catalog_table * was)
{
	struct buf key = { NULL, 0, 0 }, now = { NULL, 0, 0 };

	if (catalog_same(was, job->table))
		return (0);
	catalog_key_names(was, &key);
	catalog_key_names(job->table, &now);
	log_error("%s: its key (%s) or its change column (%s) was dropped or "
	    "renamed while it was read: now they are (%s) and (%s); name the "
	    "new ones with --key and --change, or start again with --full",
	    was->name, buf_text(&key), was->change == CATALOG_NONE ? "none" :
	    was->column[was->change].name, buf_text(&now),
	    job->table->change == CATALOG_NONE ? "none" :
	    job->table->column[job->table->change].name);
	buf_free(&key);
	buf_free(&now);
	return (EXIT_PERM);
}

int
job_refresh(struct job * job, struct source * s, struct options * opt)
{
	struct catalog * old = job->catalog;
	struct catalog_table * was = job->table;
	int code;

	job->catalog = NULL;
	code = read_definition(job, s, was->name);
	if (code == 0 && job->table == NULL) {
		/* Perhaps it is just being made anew: a second try tells. */
		log_error("%s: the table was dropped or renamed", was->name);
		code = EXIT_TEMP;
	}
	if (code == 0)
		code = choose(job, opt);
	if (code == 0)
		code = check_same(job, was);
	if (code == 0)
		code = take_definition(job, opt);
	if (code == 0 && !job->reread)
		code = carry_over(job, was, opt);
	if (code != 0) {
		/* The bookmark still is about what was. */
		catalog_free(job->catalog);
		job->catalog = old;
		job->table = was;
		return (code);
	}
	catalog_free(old);
	return (0);
}

/* Is the table not what it was when its definition was read? */
static int
is_other(const struct catalog_identity * a, const struct catalog_identity * b)
{

	return (a->digest != b->digest || a->ids != b->ids ||
	    strcmp(a->made, b->made) != 0);
}

int
job_look(struct job * job, struct source * s, struct options * opt,
    int * renewed)
{
	struct catalog_identity id;
	uint64_t now = stop_clock();
	enum source_rc rc;
	int first = job->looked_at == 0;

	*renewed = 0;
	if (!first && now - job->looked_at < LOOK_EVERY_US)
		return (0);
	job->looked_at = now;
	if (first)
		return (take_definition(job, opt));
	rc = catalog_identify(s, job->table, &id);
	if (rc != SOURCE_OK && rc != SOURCE_CHANGED)
		return (source_report(s, rc, job->table->name));
	if (rc == SOURCE_OK && !is_other(&id, &job->table->identity))
		return (0);
	*renewed = 1;
	return (job_refresh(job, s, opt));
}

void
job_close(struct job * job)
{

	bookmark_free(&job->bookmark);
	buf_free(&job->columns);
	catalog_free(job->catalog);
}
