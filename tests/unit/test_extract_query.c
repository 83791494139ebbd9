#include "extract/query.h"

#include "tap.h"

/* Names are constants here; nothing writes to them. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

/*
 * The text of statements.
 */

static struct catalog_column columns[] = {
	{ .name = "id", .data_type = "int", .kind = CELL_INT },
	{ .name = "na`me", .data_type = "varchar", .kind = CELL_TEXT,
	    .charset = "utf8mb4", .collation = "utf8mb4_bin" },
	{ .name = "updated_at", .data_type = "timestamp",
	    .kind = CELL_TIMESTAMP, .fraction = 6 },
	{ .name = "f", .data_type = "float", .kind = CELL_NUMBER },
	{ .name = "b", .data_type = "bit", .kind = CELL_INT }
};
static struct catalog_index indexes[] = {
	{ .name = "PRIMARY" }, { .name = "by`time" }
};
static struct catalog_table table = { .name = "t`x", .column = columns,
    .ncolumn = 5, .index = indexes, .nindex = 2, .key = { 0, 1 }, .nkey = 2,
    .key_index = 0, .change = 2, .change_index = 1 };

static struct buf out;

static void
is(const char * expected, const char * name)
{

	same(out.p, out.n, expected, strlen(expected), name);
	buf_clear(&out);
}

static void
value_is(const struct catalog_column * c, const char * p, size_t n,
    const char * expected)
{

	query_value(&out, c, p, n);
	is(expected, expected);
}

static void
test_words(void)
{

	query_name(&out, "a`b");
	is("`a``b`", "a name");
	query_text(&out, "2026-01-02 03:04:05.6", 21);
	is("'2026-01-02 03:04:05.6'", "a time");
	query_text(&out, "it's\0", 5);
	is("_utf8mb4 X'6974277300'", "a text");
	query_columns(&out, &table);
	is("`id`, `na``me`, `updated_at`, `f`-0e0, `b`+0", "columns");
}

static void
test_values(void)
{
	struct catalog_column latin1 = { .data_type = "char",
	    .kind = CELL_TEXT, .charset = "latin1",
	    .collation = "latin1_bin" };
	struct catalog_column binary = { .data_type = "blob",
	    .kind = CELL_BINARY };
	struct catalog_column date = { .data_type = "date",
	    .kind = CELL_DATE };
	char * members[] = { "red", "it's", "" };
	struct catalog_column e = { .data_type = "enum", .kind = CELL_TEXT,
	    .member = members, .nmember = 3, .charset = "utf8mb4",
	    .collation = "utf8mb4_bin" };
	struct catalog_column s = e;
	uint64_t n;

	value_is(&columns[0], "-5", 2, "-5");
	value_is(&columns[3], "0.5", 3, "0.5e0");
	value_is(&columns[3], "1e300", 5, "1e300");
	value_is(&columns[1], "a'", 2,
	    "_utf8mb4 X'6127' COLLATE utf8mb4_bin");
	value_is(&columns[1], "", 0, "_utf8mb4 X'' COLLATE utf8mb4_bin");
	value_is(&latin1, "\xc3\xa9", 2,
	    "CONVERT(_utf8mb4 X'C3A9' USING latin1) COLLATE latin1_bin");
	value_is(&binary, "\0'", 2, "X'0027'");
	value_is(&date, "0000-00-00", 10, "'0000-00-00'");
	value_is(&e, "it's", 4, "2");
	value_is(&e, "", 0, "3");
	s.kind = CELL_SET;
	s.nmember = 2;
	value_is(&s, "red,it's", 8, "3");
	value_is(&s, "", 0, "0");
	ok(query_member_number(&e, "blue", 4, &n) == -1, "no such member");
	ok(query_member_number(&s, "red,blue", 8, &n) == -1,
	    "no such member of a set");
	e.nmember = 2;
	ok(query_member_number(&e, "", 0, &n) == 0 && n == 0,
	    "what an invalid value became");
}

static void
test_pages(void)
{
	struct position pos = { .nkey = 0 };
	struct query q = { .table = &table, .columns = "*",
	    .order = QUERY_BY_KEY, .index = 0, .from = &pos };
	char * row[] = { "7", "x", "2026-01-01 00:00:00.000000" };
	unsigned long len[] = { 1, 1, 26 };

	ok(query_levels(&q) == 1, "one statement from the start");
	query_page(&out, &q, 0, 10);
	is("SELECT * FROM `t``x` FORCE INDEX (`PRIMARY`) ORDER BY `id`, "
	    "`na``me` LIMIT 10", "by key, from the start");

	position_set(&pos, &table, &(struct cell_row){ row, len, NULL });
	ok(query_levels(&q) == 2, "two behind a key of two");
	query_page(&out, &q, 1, 10);
	is("SELECT * FROM `t``x` FORCE INDEX (`PRIMARY`) WHERE `id` = 7 AND "
	    "`na``me` > _utf8mb4 X'78' COLLATE utf8mb4_bin ORDER BY `na``me` "
	    "LIMIT 10", "by key, the inner one");
	q.filter = "FILTER";
	q.where = "WHERE -- x";
	query_page(&out, &q, 0, 10);
	is("SELECT * FROM `t``x` FORCE INDEX (`PRIMARY`) WHERE `id` > 7 AND "
	    "FILTER AND (WHERE -- x\n) ORDER BY `id`, `na``me` LIMIT 10",
	    "by key, the outer one");

	q = (struct query) { .table = &table, .columns = "*",
	    .order = QUERY_BY_CHANGE, .index = CATALOG_NONE, .from = &pos,
	    .upper = "UPPER" };
	ok(query_levels(&q) == 3, "three by change time");
	query_page(&out, &q, 2, 1);
	is("SELECT * FROM `t``x` WHERE `updated_at` = "
	    "'2026-01-01 00:00:00.000000' AND `id` = 7 AND `na``me` > "
	    "_utf8mb4 X'78' COLLATE utf8mb4_bin ORDER BY `na``me` LIMIT 1",
	    "by change, the inmost");
	query_page(&out, &q, 0, 1);
	is("SELECT * FROM `t``x` WHERE `updated_at` > "
	    "'2026-01-01 00:00:00.000000' AND UPPER ORDER BY `updated_at`, "
	    "`id`, `na``me` LIMIT 1", "by change, the outmost");
	position_clear_key(&pos);
	ok(query_levels(&q) == 1, "one from a time on");
	query_rows(&out, &q, 0);
	is("SELECT COUNT(*) FROM `t``x` WHERE `updated_at` >= "
	    "'2026-01-01 00:00:00.000000' AND UPPER", "from a time on");
	buf_free(&pos.raw);
}

static void
test_conditions(void)
{
	struct position_time none = { .n = 0 };
	struct position_time a = { "2026-01-01 00:00:00", 19 };
	struct position_time z = { "2026-01-02 00:00:00", 19 };

	query_between(&out, &table, &a, &z);
	is("`updated_at` >= '2026-01-01 00:00:00' AND `updated_at` < "
	    "'2026-01-02 00:00:00'", "between");
	query_between(&out, &table, &none, &z);
	is("`updated_at` < '2026-01-02 00:00:00'", "before");
	query_through(&out, &table, &a, &z);
	is("`updated_at` >= '2026-01-01 00:00:00' AND `updated_at` <= "
	    "'2026-01-02 00:00:00'", "through");
	query_before_or_never(&out, &table, &z);
	is("`updated_at` < '2026-01-02 00:00:00'", "never isn't possible");
	columns[2].nullable = 1;
	query_before_or_never(&out, &table, &z);
	is("(`updated_at` < '2026-01-02 00:00:00' OR `updated_at` IS NULL)",
	    "before or never");
	columns[2].nullable = 0;
	query_select(&out, &table, "1", "C", "W");
	is("SELECT 1 FROM `t``x` WHERE C AND (W\n)", "select");
	query_select(&out, &table, "1", NULL, NULL);
	is("SELECT 1 FROM `t``x`", "select all");
}

int
main(void)
{

	test_words();
	test_values();
	test_pages();
	test_conditions();
	buf_free(&out);
	return (tap_done());
}
