#include <mongoc/mongoc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

/*
 * naive: load as one would write it in an afternoon, for comparison.
 *
 *	naive [--bare] COLLECTION KEY < messages
 *
 * Each RECORD is read with bson_new_from_json(), its `record` gets the value
 * of KEY as _id, and goes as an upsert into bulks of 1,000 with the library's
 * defaults.  --bare: the lines are the records themselves.  MONGODB_URI and
 * MONGODB_DATABASE say where.  No order, no positions, no types but JSON's.
 */

#define BULK	1000

static void __attribute__((noreturn))
die(const char * what, const bson_error_t * e)
{

	fprintf(stderr, "naive: %s: %s\n", what, e->message);
	exit(100);
}

/*
 * The document of the message ${m}, or NULL if it is no record; ${bare}: it
 * is the record.  Its field ${key} becomes _id.
 */
static bson_t *
document(const bson_t * m, const char * key, int bare)
{
	bson_t * doc = bson_new();
	bson_t row;
	bson_iter_t it;

	if (bare)
		bson_copy_to(m, &row);
	else {
		const uint8_t * p;
		uint32_t n;

		if (!bson_iter_init_find(&it, m, "record") ||
		    !BSON_ITER_HOLDS_DOCUMENT(&it)) {
			bson_destroy(doc);
			return (NULL);
		}
		bson_iter_document(&it, &n, &p);
		bson_init_static(&row, p, n);
	}
	if (strcmp(key, "_id") != 0 &&
	    (!bson_iter_init_find(&it, &row, key) ||
	    !bson_append_iter(doc, "_id", 3, &it)))
		exit(100);
	bson_concat(doc, &row);
	bson_destroy(&row);
	return (doc);
}

static void
add(mongoc_bulk_operation_t * bulk, const bson_t * doc)
{
	bson_t filter = BSON_INITIALIZER, upsert = BSON_INITIALIZER;
	bson_iter_t it;
	bson_error_t e;

	bson_iter_init_find(&it, doc, "_id");
	bson_append_iter(&filter, NULL, 0, &it);
	BSON_APPEND_BOOL(&upsert, "upsert", true);
	if (!mongoc_bulk_operation_replace_one_with_opts(bulk, &filter, doc,
	    &upsert, &e))
		die("add", &e);
	bson_destroy(&filter);
	bson_destroy(&upsert);
}

static void
send_bulk(mongoc_bulk_operation_t * bulk)
{
	bson_error_t e;

	if (mongoc_bulk_operation_execute(bulk, NULL, &e) == 0)
		die("write", &e);
	mongoc_bulk_operation_destroy(bulk);
}

static long
run(mongoc_collection_t * c, const char * key, int bare)
{
	mongoc_bulk_operation_t * bulk = NULL;
	char * line = NULL;
	size_t cap = 0;
	ssize_t n;
	long rows = 0;
	bson_error_t e;

	while ((n = getline(&line, &cap, stdin)) > 0) {
		bson_t * m = bson_new_from_json((uint8_t *)line, n, &e);
		bson_t * doc;

		if (m == NULL)
			die("read", &e);
		doc = document(m, key, bare);
		bson_destroy(m);
		if (doc == NULL)
			continue;
		if (bulk == NULL)
			bulk = mongoc_collection_create_bulk_operation_with_opts(
			    c, NULL);
		add(bulk, doc);
		bson_destroy(doc);
		if (++rows % BULK == 0) {
			send_bulk(bulk);
			bulk = NULL;
		}
	}
	if (bulk != NULL)
		send_bulk(bulk);
	free(line);
	return (rows);
}

int
main(int argc, char * argv[])
{
	mongoc_client_t * client;
	mongoc_collection_t * c;
	int bare = 0;

	if (argc > 1 && strcmp(argv[1], "--bare") == 0) {
		bare = 1;
		argv++;
		argc--;
	}
	if (argc != 3)
		return (100);
	mongoc_init();
	if ((client = mongoc_client_new(getenv("MONGODB_URI"))) == NULL)
		return (100);
	c = mongoc_client_get_collection(client, getenv("MONGODB_DATABASE"),
	    argv[1]);
	printf("{\"rows\":%ld}\n", run(c, argv[2], bare));
	mongoc_collection_destroy(c);
	mongoc_client_destroy(client);
	mongoc_cleanup();
	return (0);
}
