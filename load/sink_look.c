#include <stdio.h>
#include <string.h>

#include "sink_impl.h"

#define NAMESPACE_EXISTS	48

/*
 * What there is under a name, and asking for it.
 */

/* What kind of collection it is, and its collation. */
static void
on_collection(void * arg, const bson_t * doc)
{
	struct sink_collection * c = arg;
	bson_iter_t it, in;
	const char * text;

	c->exists = 1;
	if (bson_iter_init(&it, doc) &&
	    bson_iter_find_descendant(&it, "options.validator", &in)) {
		c->validator = 1;
		c->validator_warns = bson_iter_init(&it, doc) &&
		    bson_iter_find_descendant(&it, "options.validationAction",
		    &in) && BSON_ITER_HOLDS_UTF8(&in) &&
		    strcmp(bson_iter_utf8(&in, NULL), "warn") == 0;
	}
	if (bson_iter_init_find(&it, doc, "type") &&
	    BSON_ITER_HOLDS_UTF8(&it) &&
	    strcmp(bson_iter_utf8(&it, NULL), "collection") != 0)
		snprintf(c->refused, sizeof c->refused, "it is a %s",
		    bson_iter_utf8(&it, NULL));
	if (!bson_iter_init(&it, doc) ||
	    !bson_iter_find_descendant(&it, "options.capped", &in))
		;
	else if (bson_iter_as_bool(&in))
		snprintf(c->refused, sizeof c->refused, "it is capped");
	if (!bson_iter_init(&it, doc) ||
	    !bson_iter_find_descendant(&it, "options.collation.locale", &in) ||
	    !BSON_ITER_HOLDS_UTF8(&in))
		return;
	text = bson_iter_utf8(&in, NULL);
	if (strcmp(text, "simple") != 0)
		snprintf(c->refused, sizeof c->refused, "its collation is %s, "
		    "by which different keys may be equal", text);
}

static void
on_index(void * arg, const bson_t * doc)
{
	struct sink_collection * c = arg;
	bson_iter_t it;
	const char * name = "";

	if (bson_iter_init_find(&it, doc, "name") && BSON_ITER_HOLDS_UTF8(&it))
		name = bson_iter_utf8(&it, NULL);
	if (strcmp(name, "_id_") != 0 &&
	    bson_iter_init_find(&it, doc, "unique") &&
	    bson_iter_as_bool(&it) && c->unique[0] == '\0')
		snprintf(c->unique, sizeof c->unique, "%s", name);
}

static void
on_document(void * arg, const bson_t * doc)
{
	struct sink_collection * c = arg;

	(void)doc;
	c->empty = 0;
}

/* Is there any document? */
static int
look_inside(struct sink * s, mongoc_collection_t * coll,
    struct sink_collection * c, struct sink_error * err)
{
	bson_t none = BSON_INITIALIZER, opts = BSON_INITIALIZER, in;
	mongoc_read_prefs_t * primary;
	int rc;

	primary = mongoc_read_prefs_new(MONGOC_READ_PRIMARY);
	BSON_APPEND_INT64(&opts, "limit", 1);
	BSON_APPEND_DOCUMENT_BEGIN(&opts, "projection", &in);
	BSON_APPEND_INT32(&in, "_id", 1);
	bson_append_document_end(&opts, &in);
	rc = sink_drain(s, mongoc_collection_find_with_opts(coll, &none, &opts,
	    primary), on_document, c, err);
	mongoc_read_prefs_destroy(primary);
	bson_destroy(&opts);
	bson_destroy(&none);
	return (rc);
}

int
sink_look(struct sink * s, const char * name, struct sink_collection * c,
    struct sink_error * err)
{
	mongoc_collection_t * coll;
	mongoc_database_t * db;
	bson_t opts = BSON_INITIALIZER, in;
	int rc;

	memset(c, 0, sizeof *c);
	c->empty = 1;
	db = mongoc_client_get_database(sink_client(s), s->database);
	BSON_APPEND_DOCUMENT_BEGIN(&opts, "filter", &in);
	BSON_APPEND_UTF8(&in, "name", name);
	bson_append_document_end(&opts, &in);
	rc = sink_drain(s, mongoc_database_find_collections_with_opts(db,
	    &opts), on_collection, c, err);
	mongoc_database_destroy(db);
	bson_destroy(&opts);
	if (rc == -1 || !c->exists || c->refused[0] != '\0')
		return (rc);
	coll = mongoc_client_get_collection(sink_client(s), s->database, name);
	rc = sink_drain(s, mongoc_collection_find_indexes_with_opts(coll, NULL),
	    on_index, c, err);
	if (rc == 0)
		rc = look_inside(s, coll, c, err);
	mongoc_collection_destroy(coll);
	return (rc);
}

int
sink_ask(struct sink * s, const char * database, const bson_t * command,
    bson_t * answer, struct sink_error * err)
{
	bson_error_t error;

	if (mongoc_client_command_simple(sink_client(s), database != NULL ?
	    database : s->database, command, NULL, answer, &error))
		return (0);
	sink_fail(s, err, &error, answer);
	bson_destroy(answer);
	return (-1);
}

int
sink_create(struct sink * s, const char * name, struct sink_error * err)
{
	bson_t cmd = BSON_INITIALIZER, answer;
	bson_error_t error;
	int rc = 0;

	BSON_APPEND_UTF8(&cmd, "create", name);
	if (!mongoc_client_write_command_with_opts(sink_client(s), s->database,
	    &cmd, &s->write_opts, &answer, &error))
		rc = sink_fail(s, err, &error, &answer);
	if (rc == -1 && err->code == NAMESPACE_EXISTS)
		rc = 0;
	bson_destroy(&answer);
	bson_destroy(&cmd);
	return (rc);
}
