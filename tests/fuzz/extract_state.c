#include "extract/bookmark.h"
#include "extract/state.h"

#include "fuzz.h"

/*
 * The state file, and the bookmark of a table in it: what is read is printed
 * so that it is read as the same.  The first byte chooses the table.
 */
static char names[][12] = { "updated_at", "k", "n", "t" };
static struct catalog_column columns[] = {
	{ .name = names[0], .kind = CELL_DATETIME, .fraction = 3 },
	{ .name = names[1], .kind = CELL_TEXT },
	{ .name = names[2], .kind = CELL_INT }
};

static void
try_bookmark(const struct json_node * node, const struct catalog_table * t)
{
	struct bookmark bm = { .epoch = 0 }, again = { .epoch = 0 };
	struct cell_env env = { CELL_DATES_STRING, 0, 0, 0, 0 };
	struct buf a = { NULL, 0, 0 }, b = { NULL, 0, 0 };
	struct buf why = { NULL, 0, 0 };
	struct json * doc;

	if (bookmark_parse(&bm, node, t, &env, &why) == -1) {
		MUST(why.n > 0);
		goto done;
	}
	bookmark_print(&a, &bm, t, &env);
	doc = json_parse(a.p, a.n, NULL);
	MUST(doc != NULL);
	MUST(bookmark_parse(&again, json_root(doc), t, &env, &why) == 0);
	bookmark_print(&b, &again, t, &env);
	MUST(a.n == b.n && memcmp(a.p, b.p, a.n) == 0);
	json_free(doc);

done:
	bookmark_free(&bm);
	bookmark_free(&again);
	buf_free(&a);
	buf_free(&b);
	buf_free(&why);
}

int
LLVMFuzzerTestOneInput(const uint8_t * p, size_t n)
{
	static const enum cell_kind kinds[] = { CELL_TEXT, CELL_INT,
	    CELL_BINARY, CELL_DATETIME, CELL_DECIMAL, CELL_NUMBER, CELL_DATE,
	    CELL_SET, CELL_TIME };
	struct catalog_table t = { .name = names[3], .column = columns,
	    .ncolumn = 3, .key = { 1, 2 }, .nkey = 1, .change = 0 };
	struct buf a = { NULL, 0, 0 }, b = { NULL, 0, 0 };
	struct buf why = { NULL, 0, 0 };
	struct state * st, * again;

	if (n == 0)
		return (0);
	columns[1].kind = kinds[p[0] % (sizeof kinds / sizeof kinds[0])];
	t.nkey = 1 + (p[0] >> 6) % 2;
	p++, n--;
	if ((st = state_parse((const char *)p, n, &why)) == NULL) {
		MUST(why.n > 0);
		goto done;
	}
	state_print(st, &a);
	again = state_parse(a.p, a.n, &why);
	MUST(again != NULL);
	state_print(again, &b);
	MUST(a.n == b.n && memcmp(a.p, b.p, a.n) == 0);
	if (state_get(st, "t") != NULL)
		try_bookmark(state_get(st, "t"), &t);
	state_free(again);
	state_free(st);

done:
	buf_free(&a);
	buf_free(&b);
	buf_free(&why);
	return (0);
}
