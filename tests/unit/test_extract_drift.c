#include "extract/drift.h"

#include "tap.h"

/* Names are constants here; nothing writes to them. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

/*
 * What a definition was and is: what is said, and what is read again.
 */
static struct catalog_column key = { .name = "id" };
static struct catalog_table table = { .name = "t", .column = &key,
    .ncolumn = 1, .key = { 0 }, .nkey = 1 };

#define COLUMNS	"{\"columns\":{\"id\":\"int not null\",\"a\":\"int\"}"
#define SAME	",\"digest\":\"1\",\"ids\":\"2\",\"made\":\"3\"}"

static const struct {
	const char * name, * was, * now, * what;
	int reread, key;
} rows[] = {
	{ "nothing", COLUMNS SAME, COLUMNS SAME, "", 0, 0 },
	{ "nothing known", "", COLUMNS SAME, "", 0, 0 },
	{ "an index", COLUMNS SAME,
	    COLUMNS ",\"digest\":\"9\",\"ids\":\"2\",\"made\":\"4\"}", "",
	    0, 0 },
	{ "the order of columns", COLUMNS SAME,
	    "{\"columns\":{\"a\":\"int\",\"id\":\"int not null\"},"
	    "\"digest\":\"9\",\"ids\":\"2\",\"made\":\"4\"}",
	    "its columns are in another order: moved, or dropped and added "
	    "again", 1, 0 },
	{ "a column dropped and added again", COLUMNS SAME,
	    COLUMNS ",\"digest\":\"1\",\"ids\":\"2\",\"made\":\"4\"}",
	    "it was altered, or made anew, and has the columns that it had",
	    1, 0 },
	{ "emptied", COLUMNS SAME,
	    COLUMNS ",\"digest\":\"1\",\"ids\":\"7\",\"made\":\"3\"}",
	    "it was rebuilt, emptied or made anew: the documents of rows "
	    "that are gone stay, until verify --repair removes them", 1, 0 },
	{ "numbers that can't be seen any more", COLUMNS SAME,
	    COLUMNS ",\"digest\":\"1\",\"made\":\"3\"}", "", 0, 0 },
	{ "made anew without numbers", COLUMNS ",\"digest\":\"1\","
	    "\"made\":\"3\"}", COLUMNS ",\"digest\":\"1\",\"made\":\"4\"}",
	    "it was altered, or made anew, and has the columns that it had",
	    1, 0 },
	{ "another partition", COLUMNS ",\"partitions\":\"1\",\"ids\":\"2\"}",
	    COLUMNS ",\"partitions\":\"5\",\"ids\":\"3\"}",
	    "its partitions have changed: the documents of rows that went "
	    "with one stay, until verify --repair removes them", 0, 0 },
	{ "a partition emptied", COLUMNS ",\"partitions\":\"1\","
	    "\"ids\":\"2\"}", COLUMNS ",\"partitions\":\"1\",\"ids\":\"3\"}",
	    "it was rebuilt, emptied or made anew: the documents of rows "
	    "that are gone stay, until verify --repair removes them", 1, 0 },
	{ "a new column", COLUMNS "}", "{\"columns\":{\"id\":"
	    "\"int not null\",\"a\":\"int\",\"b\":\"date\"}}",
	    "column b (date) is new", 1, 0 },
	{ "a dropped column", COLUMNS "}",
	    "{\"columns\":{\"id\":\"int not null\"}}",
	    "column a (int) is gone", 1, 0 },
	{ "a changed column", COLUMNS "}", "{\"columns\":{\"id\":"
	    "\"int not null\",\"a\":\"decimal(9,2)\"}}",
	    "column a was int and is decimal(9,2)", 1, 0 },
	{ "a renamed column", COLUMNS "}", "{\"columns\":{\"id\":"
	    "\"int not null\",\"b\":\"int\"}}",
	    "column a (int) is gone, and b is new and of its type: renamed, "
	    "or another one", 1, 0 },
	{ "renamed, or which?", COLUMNS "}", "{\"columns\":{\"id\":"
	    "\"int not null\",\"b\":\"int\",\"c\":\"int\"}}",
	    "column a (int) is gone; column b (int) is new; column c (int) "
	    "is new", 1, 0 },
	{ "a wider key", COLUMNS "}", "{\"columns\":{\"id\":"
	    "\"bigint unsigned not null\",\"a\":\"int\"}}",
	    "column id was int not null and is bigint unsigned not null", 1,
	    0 },
	{ "a key of another kind", COLUMNS "}", "{\"columns\":{\"id\":"
	    "\"varchar(9) not null\",\"a\":\"int\"}}",
	    "column id was int not null and is varchar(9) not null", 1, 1 }
};

int
main(void)
{
	struct drift d;
	size_t i;

	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		d = (struct drift) { .reread = 0 };
		drift_compare(rows[i].was, strlen(rows[i].was), rows[i].now,
		    strlen(rows[i].now), &table, &d);
		same(d.what.p, d.what.n, rows[i].what, strlen(rows[i].what),
		    rows[i].name);
		ok(d.reread == rows[i].reread && d.key == rows[i].key,
		    "%s: read again?", rows[i].name);
		drift_free(&d);
	}
	return (tap_done());
}
