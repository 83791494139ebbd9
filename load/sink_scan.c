#include "sink_impl.h"
#include "sink_scan.h"

/* Only the keys, from their index. */
static void
set_options(bson_t * opts, int32_t at_once)
{
	bson_t in;

	bson_init(opts);
	BSON_APPEND_DOCUMENT_BEGIN(opts, "projection", &in);
	BSON_APPEND_INT32(&in, "_id", 1);
	bson_append_document_end(opts, &in);
	BSON_APPEND_DOCUMENT_BEGIN(opts, "hint", &in);
	BSON_APPEND_INT32(&in, "_id", 1);
	bson_append_document_end(opts, &in);
	BSON_APPEND_DOCUMENT_BEGIN(opts, "readConcern", &in);
	BSON_APPEND_UTF8(&in, "level", "majority");
	bson_append_document_end(opts, &in);
	BSON_APPEND_INT32(opts, "batchSize", at_once);
}

/* Pass on keys until there are no more or no more are wanted. */
static int
drain(struct sink * s, mongoc_cursor_t * cursor,
    int (* each)(void *, const char *, size_t), void * arg,
    struct sink_error * err)
{
	const bson_t * doc;
	bson_error_t error;
	bson_iter_t it;
	struct buf key = { NULL, 0, 0 };
	uint32_t at;
	int rc = 0, enough = 0;

	while (!enough && mongoc_cursor_next(cursor, &doc)) {
		if (!bson_iter_init_find(&it, doc, "_id"))
			continue;
		at = bson_iter_offset(&it) + 1 + (uint32_t)sizeof "_id";
		buf_clear(&key);
		buf_putc(&key, (char)bson_iter_type(&it));
		buf_put(&key, bson_get_data(doc) + at, it.next_off - at);
		enough = each(arg, key.p, key.n);
	}
	if (!enough && mongoc_cursor_error_document(cursor, &error, &doc))
		rc = sink_fail(s, err, &error, doc);
	buf_free(&key);
	return (rc);
}

int
sink_scan_keys(struct sink * s, const char * collection,
    const struct buf * filter, int32_t at_once,
    int (* each)(void *, const char *, size_t), void * arg,
    struct sink_error * err)
{
	bson_t which = BSON_INITIALIZER, opts;
	mongoc_read_prefs_t * primary;
	mongoc_collection_t * c;
	mongoc_cursor_t * cursor;
	int rc;

	if (filter->n > 0 && !bson_init_static(&which,
	    (const uint8_t *)filter->p, filter->n))
		bson_init(&which);
	c = mongoc_client_get_collection(sink_client(s), s->database,
	    collection);
	primary = mongoc_read_prefs_new(MONGOC_READ_PRIMARY);
	set_options(&opts, at_once);
	cursor = mongoc_collection_find_with_opts(c, &which, &opts, primary);
	rc = drain(s, cursor, each, arg, err);
	mongoc_cursor_destroy(cursor);
	mongoc_read_prefs_destroy(primary);
	mongoc_collection_destroy(c);
	bson_destroy(&opts);
	bson_destroy(&which);
	return (rc);
}
