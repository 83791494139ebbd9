#include <string.h>

#include "../common/exitcode.h"
#include "../common/log.h"
#include "../common/timestamp.h"
#include "query.h"

#include "job.h"

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
	uint64_t digest = 0;

	job->table = NULL;
	rc = catalog_digest(s, &stub, &digest);
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
	    (rc = catalog_digest(s, job->table, &digest)) != SOURCE_OK)
		return (source_report(s, rc, name));
	job->table->digest = digest;
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

	/* Only the epoch of the old bookmark counts then. */
	if (opt->full || opt->has_since) {
		job->bookmark.epoch = old.epoch;
		job->bookmark.nulls_at = opt->full ? 0 : old.nulls_at;
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

int
job_refresh(struct job * job, struct source * s, const struct options * opt)
{
	struct catalog * old = job->catalog;
	struct catalog_table * was = job->table;
	struct buf key = { NULL, 0, 0 };
	int code;

	job->catalog = NULL;
	code = read_definition(job, s, was->name);
	if (code == 0 && job->table == NULL) {
		log_error("%s: the table was dropped or renamed", was->name);
		code = EXIT_PERM;
	}
	if (code == 0)
		code = choose(job, opt);
	if (code == 0 && !catalog_same(was, job->table)) {
		catalog_key_names(was, &key);
		log_error("%s: its key (%s) or its change column (%s) was "
		    "dropped or renamed while it was read; name the new ones "
		    "with --key and --change, or start again with --full",
		    was->name, buf_text(&key), was->change == CATALOG_NONE ?
		    "none" : was->column[was->change].name);
		code = EXIT_PERM;
	}
	buf_free(&key);
	if (code != 0) {
		/* The bookmark still is about what was. */
		catalog_free(job->catalog);
		job->catalog = old;
		job->table = was;
		return (code);
	}
	catalog_free(old);
	log_event(LOG_LEVEL_WARN, LOG_FIELDS(
	    LOG_TEXT("table", job->table->name),
	    LOG_TEXT("operation", "schema_change"),
	    LOG_TEXT("code", "schema_drift")),
	    "%s: its definition has changed: a new SCHEMA", job->table->name);
	return (0);
}

void
job_close(struct job * job)
{

	bookmark_free(&job->bookmark);
	buf_free(&job->columns);
	catalog_free(job->catalog);
}
