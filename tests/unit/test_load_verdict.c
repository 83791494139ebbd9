#include <bson/bson.h>

#include "load/reply.h"
#include "load/verdict.h"

#include "tap.h"

/* Every code of the error table, line by line. */
static const struct {
	enum verdict verdict;
	int32_t codes[64];
} table[] = {
	{ VERDICT_RETRY, { 1, 6, 7, 24, 46, 50, 64, 89, 91, 112, 133, 134, 189,
	    216, 262, 365, 402, 407, 412, 453, 9001, 10058, 10107, 11600,
	    11602, 13435, 13436, 16908292 } },
	{ VERDICT_OVERLOAD, { 433, 449, 450, 462 } },
	{ VERDICT_BLOCKED, { 117, 215, 371, 14031 } },
	{ VERDICT_CREDENTIALS, { 11, 13, 18 } },
	{ VERDICT_CRITICAL, { 20, 33, 59, 61, 72, 73, 79, 100, 101, 115, 140,
	    141, 166, 322, 323, 324, 8000, 10003 } },
	{ VERDICT_DUPLICATE, { 11000, 11001 } },
	{ VERDICT_DATA, { 2, 9, 14, 22, 28, 52, 53, 54, 55, 56, 57, 66, 121,
	    171, 201, 283, 357, 378, 10334, 17419, 17420, 525074461 } },
	{ VERDICT_UNKNOWN, { -1, 3, 4242, 11002, 2147483647 } }
};

static void
test_codes(void)
{
	size_t i, j;

	for (i = 0; i < sizeof table / sizeof table[0]; i++) {
		for (j = 0; table[i].codes[j] != 0; j++)
			ok(verdict_of(table[i].codes[j], 0) ==
			    table[i].verdict, "%d %s", table[i].codes[j],
			    verdict_name(table[i].codes[j]));
	}
	ok(verdict_of(0, 0) == VERDICT_UNKNOWN, "no code");
}

static void
test_labels(void)
{
	unsigned retry = verdict_label("RetryableWriteError");

	ok(retry == VERDICT_LABEL_RETRY &&
	    verdict_label("TransientTransactionError") == retry &&
	    verdict_label("RetryableError") == retry, "labels to retry");
	ok(verdict_label("SystemOverloadedError") == VERDICT_LABEL_OVERLOAD,
	    "the label of an overload");
	ok(verdict_label("NoWritesPerformed") == 0, "another one");
	ok(verdict_of(4242, retry) == VERDICT_RETRY,
	    "a label makes an unknown code known");
	ok(verdict_of(91, retry | VERDICT_LABEL_OVERLOAD) == VERDICT_OVERLOAD,
	    "an overload goes first");
}

/* Parse the answer in ${json}. */
static int
parse(struct reply * r, bson_t ** doc, const char * json)
{

	*doc = bson_new_from_json((const uint8_t *)json, -1, NULL);
	return (reply_parse(r, *doc));
}

static void
test_reply(void)
{
	struct reply r;
	bson_t * doc;

	memset(&r, 0, sizeof r);
	ok(parse(&r, &doc, "{\"n\":3,\"nModified\":1,\"upserted\":[{\"index\":"
	    "0,\"_id\":1},{\"index\":2,\"_id\":2}],\"ok\":1.0}") == 0 &&
	    r.ok && r.n == 3 && r.upserted == 2 && r.nerror == 0 &&
	    !r.unsure, "a good answer");
	bson_destroy(doc);

	ok(parse(&r, &doc, "{\"n\":1,\"writeErrors\":[{\"index\":1,\"code\":"
	    "11000,\"errmsg\":\"x\"},{\"index\":7,\"code\":{\"$numberLong\":"
	    "\"121\"}}],\"ok\":1}") == 0 && r.ok && r.nerror == 2 &&
	    r.error[0].index == 1 && r.error[0].code == 11000 &&
	    strcmp(r.error[0].text, "x") == 0 && r.error[1].index == 7 &&
	    r.error[1].code == 121 && r.error[1].text == NULL,
	    "errors of writes in an answer that says ok");
	bson_destroy(doc);

	ok(parse(&r, &doc, "{\"n\":1,\"writeConcernError\":{\"code\":64,"
	    "\"errmsg\":\"t\"},\"ok\":true}") == 0 && r.ok && r.unsure &&
	    r.unsure_code == 64 && r.nerror == 0,
	    "a write concern error in an answer that says ok");
	bson_destroy(doc);

	ok(parse(&r, &doc, "{\"ok\":0,\"code\":462,\"errorLabels\":["
	    "\"SystemOverloadedError\",\"RetryableError\"],\"baseBackoffMS\":"
	    "250}") == 0 && !r.ok && r.code == 462 && r.labels ==
	    (VERDICT_LABEL_OVERLOAD | VERDICT_LABEL_RETRY) &&
	    r.backoff_ms == 250, "a refusal with labels");
	bson_destroy(doc);

	ok(parse(&r, &doc, "{\"ok\":1,\"writeErrors\":5}") == -1,
	    "writeErrors that is no array");
	bson_destroy(doc);
	ok(parse(&r, &doc, "{\"ok\":1,\"writeErrors\":[{\"code\":2}]}") == -1,
	    "an error without an index");
	bson_destroy(doc);
	ok(parse(&r, &doc, "{\"ok\":1,\"writeErrors\":[{\"index\":2}]}") == -1,
	    "an error without a code");
	bson_destroy(doc);
	ok(parse(&r, &doc, "{\"ok\":1,\"writeErrors\":[{\"index\":-2,"
	    "\"code\":1}]}") == -1, "an index below 0");
	bson_destroy(doc);
	reply_free(&r);
}

int
main(void)
{

	test_codes();
	test_labels();
	test_reply();
	return (tap_done());
}
