#include "../common/exitcode.h"
#include "../common/log.h"
#include "../common/timestamp.h"

#include "bsonw.h"

#include "sweep.h"
#include "version.h"

/*
 * What becomes of all documents that ${filter} finds, as their rows are gone;
 * ${r} tells when, if it isn't NULL.  It is closed here.
 */
static int
sweep(struct loader * ld, struct table * t, const struct record * r,
    struct buf * filter, size_t start)
{
	struct buf mark = { NULL, 0, 0 };
	char v[VERSION_MAX];
	int64_t ms;
	size_t in;
	int rc;

	if (t->deletes == DELETES_IGNORE) {
		log_info("%s: its table was emptied, and its documents stay",
		    t->name);
		t->counts.ignored++;
		return (EXIT_DONE);
	}
	if (t->deletes == DELETES_MARK) {
		in = bsonw_nested(filter, BSONW_DOCUMENT,
		    PLAN_STAMP "." DELETES_MARKED);
		bsonw_bool(filter, "$exists", 0);
		bsonw_close(filter, in);
		if (r == NULL || bsonize_time(ld->bsonizer, t->plan, r,
		    &ms) != 1)
			ms = timestamp_now() / 1000;
		deletes_put_mark(&mark, v, r == NULL ? 0 :
		    version_put(r->pos, r->npos, v), ms);
	}
	bsonw_close(filter, start);
	rc = loader_exit(writer_sweep(ld->lane[0].writer, t->collection,
	    filter, mark.n > 0 ? &mark : NULL, &t->counts));
	buf_free(&mark);
	return (rc);
}

int
sweep_table(struct loader * ld, struct table * t, const struct record * r)
{
	struct buf filter = { NULL, 0, 0 };
	char v[VERSION_MAX];
	size_t start, in, n;
	int rc;

	start = bsonw_open(&filter);
	if (r->npos > 0) {
		n = version_put(r->pos, r->npos, v);
		in = bsonw_nested(&filter, BSONW_DOCUMENT,
		    PLAN_STAMP ".v");
		bsonw_text(&filter, "$lte", v, n);
	} else {
		in = bsonw_nested(&filter, BSONW_DOCUMENT, PLAN_STAMP);
		bsonw_bool(&filter, "$exists", 1);
	}
	bsonw_close(&filter, in);
	rc = sweep(ld, t, r, &filter, start);
	buf_free(&filter);
	return (rc);
}

int
sweep_version(struct loader * ld, struct table * t, int64_t version)
{
	struct buf f = { NULL, 0, 0 };
	size_t start, array, in, lt, ex;
	int rc;

	start = bsonw_open(&f);
	array = bsonw_nested(&f, BSONW_ARRAY, "$or");
	bsonw_index(&f, BSONW_DOCUMENT, 0);
	in = bsonw_open(&f);
	lt = bsonw_nested(&f, BSONW_DOCUMENT, PLAN_STAMP ".version");
	bsonw_int64(&f, "$lt", version);
	bsonw_close(&f, lt);
	bsonw_close(&f, in);
	bsonw_index(&f, BSONW_DOCUMENT, 1);
	in = bsonw_open(&f);
	ex = bsonw_nested(&f, BSONW_DOCUMENT, PLAN_STAMP);
	bsonw_bool(&f, "$exists", 1);
	bsonw_close(&f, ex);
	ex = bsonw_nested(&f, BSONW_DOCUMENT, PLAN_STAMP ".version");
	bsonw_bool(&f, "$exists", 0);
	bsonw_close(&f, ex);
	bsonw_close(&f, in);
	bsonw_close(&f, array);
	rc = sweep(ld, t, NULL, &f, start);
	buf_free(&f);
	return (rc);
}
