#include "common/mem.h"
#include "extract/blind.h"
#include "extract/catalog.h"
#include "extract/singer.h"

#include "tap.h"

/* Names are constants here; nothing writes to them. */
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

/*
 * From data types to cells and schemas; the choice of key and change column.
 */

static struct buf out, why;
static struct cell_env env;

static void
type_is(const char * data_type, const char * column_type,
    enum cell_kind kind, const char * schema)
{
	struct catalog_column c = { .name = "c", .data_type =
	    (char *)data_type, .column_type = (char *)column_type };
	struct catalog_table t = { .name = "t", .column = &c, .ncolumn = 1,
	    .change = CATALOG_NONE };
	char * found;
	size_t i, n = strlen(schema);

	/* What information_schema has in columns of its own. */
	(void)sscanf(column_type, "%*[^(](%u,%u", &c.precision, &c.scale);
	if (strstr(data_type, "char") != NULL)
		c.max_length = c.precision;
	catalog_type(&c);
	ok(c.kind == kind && !c.strange, "%s", column_type);
	buf_clear(&out);
	singer_schema(&out, &t, &env);
	found = memmem(out.p, out.n, "\"c\":{", 5);
	same(found + 5, n, schema, n, schema);
	for (i = 0; i < c.nmember; i++)
		free(c.member[i]);
	free(c.member);
}

static void
test_types(void)
{

	type_is("tinyint", "tinyint(1)", CELL_INT, "\"type\":[\"integer\"],"
	    "\"minimum\":-128,\"maximum\":127,");
	type_is("smallint", "smallint unsigned", CELL_INT,
	    "\"type\":[\"integer\"],\"minimum\":0,\"maximum\":65535,");
	type_is("mediumint", "mediumint", CELL_INT, "\"type\":[\"integer\"],"
	    "\"minimum\":-8388608,\"maximum\":8388607,");
	type_is("int", "int(8) unsigned zerofill", CELL_ZEROFILL,
	    "\"type\":[\"integer\"],\"minimum\":0,\"maximum\":4294967295,");
	type_is("bigint", "bigint", CELL_INT, "\"type\":[\"integer\"],"
	    "\"minimum\":-9223372036854775808,"
	    "\"maximum\":9223372036854775807,");
	type_is("bigint", "bigint(20) unsigned", CELL_INT,
	    "\"type\":[\"integer\"],\"minimum\":0,"
	    "\"maximum\":18446744073709551615,\"x-mysql-type\":"
	    "\"bigint(20) unsigned\"}");
	type_is("bit", "bit(64)", CELL_INT, "\"type\":[\"integer\"],"
	    "\"minimum\":0,\"maximum\":18446744073709551615,");
	type_is("bit", "bit(12)", CELL_INT, "\"type\":[\"integer\"],"
	    "\"minimum\":0,\"maximum\":4095,");
	type_is("year", "year", CELL_ZEROFILL, "\"type\":[\"integer\"],"
	    "\"minimum\":0,\"maximum\":2155,");
	type_is("decimal", "decimal(12,2)", CELL_DECIMAL, "\"type\":"
	    "[\"string\"],\"format\":\"singer.decimal\",\"precision\":12,"
	    "\"scale\":2,");
	type_is("decimal", "decimal(5,0) unsigned zerofill",
	    CELL_DECIMAL_ZEROFILL, "\"type\":[\"string\"]");
	type_is("float", "float(7,2)", CELL_NUMBER, "\"type\":[\"number\"],"
	    "\"x-mysql-type\"");
	type_is("datetime", "datetime(3)", CELL_DATETIME,
	    "\"type\":[\"null\",\"string\"],\"format\":\"date-time\",");
	type_is("time", "time(6)", CELL_TIME, "\"type\":[\"string\"],"
	    "\"x-mysql-type\"");
	type_is("varchar", "varchar(79)", CELL_TEXT, "\"type\":[\"string\"],"
	    "\"maxLength\":79,");
	type_is("varbinary", "varbinary(16)", CELL_BINARY,
	    "\"type\":[\"string\"],\"contentEncoding\":\"base64\",");
	type_is("enum", "enum('a','it''s','b\\\\k','n\\nl','c,d','')",
	    CELL_TEXT, "\"type\":[\"string\"],\"enum\":[\"a\",\"it's\","
	    "\"b\\\\k\",\"n\\nl\",\"c,d\",\"\"],");
	type_is("enum", "enum('a','?')", CELL_TEXT, "\"type\":[\"string\"],"
	    "\"x-mysql-type\"");
	type_is("set", "set('a','b')", CELL_SET, "\"type\":[\"array\"],"
	    "\"items\":{\"type\":[\"string\"],\"enum\":[\"a\",\"b\"]},");
	type_is("json", "json", CELL_JSON, "\"x-mysql-type\":\"json\"}");
	type_is("geomcollection", "geomcollection", CELL_GEOMETRY,
	    "\"type\":[\"object\"],");
	type_is("vector", "vector(4)", CELL_VECTOR, "\"type\":[\"array\"],"
	    "\"items\":{\"type\":[\"number\"]},");
	type_is("uuid", "uuid", CELL_TEXT, "\"type\":[\"string\"],");
	env.dates = CELL_DATES_STRING;
	type_is("date", "date", CELL_DATE, "\"type\":[\"string\"],\"x-mysql");
	env.dates = CELL_DATES_REJECT;
	type_is("timestamp", "timestamp", CELL_TIMESTAMP,
	    "\"type\":[\"string\"],\"format\":\"date-time\",");
	env.dates = CELL_DATES_NULL;
}

/* A table to choose in: columns and indexes are switched on by the tests. */
enum { ID, PART, UPDATED, CREATED, NUMBER, MAYBE, NCOLUMN };
static struct catalog_column columns[NCOLUMN] = {
	[ID] = { .name = "id", .data_type = "int", .kind = CELL_INT },
	[PART] = { .name = "part", .data_type = "int", .kind = CELL_INT },
	[UPDATED] = { .name = "updated_at", .data_type = "timestamp",
	    .column_type = "timestamp", .kind = CELL_TIMESTAMP },
	[CREATED] = { .name = "Created_At", .data_type = "datetime",
	    .column_type = "datetime", .kind = CELL_DATETIME },
	[NUMBER] = { .name = "n", .data_type = "int", .column_type = "int",
	    .kind = CELL_INT },
	[MAYBE] = { .name = "maybe", .data_type = "int", .kind = CELL_INT,
	    .nullable = 1 }
};
static struct catalog_index primary = { .name = "PRIMARY", .unique = 1,
    .plain = 1, .column = { ID, PART }, .ncolumn = 2 };
static struct catalog_index single = { .name = "a_single", .unique = 1,
    .plain = 1, .column = { NUMBER }, .ncolumn = 1 };
static struct catalog_index nullable = { .name = "maybe", .unique = 1,
    .plain = 1, .nullable = 1, .column = { MAYBE }, .ncolumn = 1 };
static struct catalog_index by_time = { .name = "u", .plain = 1,
    .column = { UPDATED }, .ncolumn = 1 };

static struct catalog_index chosen[4];
static struct catalog_table table = { .name = "t", .column = columns,
    .ncolumn = NCOLUMN, .index = chosen, .innodb = 1 };

/* Choose with these indexes. */
static int
choose(const char * key, const char * change, const struct catalog_index * a,
    const struct catalog_index * b)
{

	table.nindex = 0;
	if (a != NULL)
		chosen[table.nindex++] = *a;
	if (b != NULL)
		chosen[table.nindex++] = *b;
	buf_clear(&why);
	return (catalog_choose(&table, key, change, &why));
}

static void
test_key(void)
{

	ok(choose(NULL, NULL, &single, &primary) == 0 && table.nkey == 2 &&
	    table.key[1] == PART && table.key_index == 1, "primary key");
	ok(choose(NULL, NULL, &nullable, &single) == 0 && table.nkey == 1 &&
	    table.key[0] == NUMBER, "a unique index without NULLs");
	ok(choose(NULL, NULL, &nullable, &by_time) == -1 &&
	    strstr(buf_text(&why), "--key") != NULL, "no key");
	ok(choose("part , ID", NULL, &primary, NULL) == 0 &&
	    table.key[0] == ID && !table.key_unproven, "in the index's order");
	ok(choose("n", NULL, &primary, NULL) == 0 && table.key_unproven &&
	    table.key_index == CATALOG_NONE, "a key without an index");
	ok(choose("nope", NULL, &primary, NULL) == -1, "no such column");
	ok(choose("id,id", NULL, &primary, NULL) == -1, "a column twice");
	ok(choose("", NULL, &primary, NULL) == -1, "an empty name");
	ok(choose("maybe", NULL, &nullable, NULL) == -1, "may be NULL");
}

static void
test_change(void)
{
	struct catalog_index x = by_time;
	struct catalog_table before;

	ok(choose(NULL, NULL, &primary, &by_time) == 0 &&
	    table.change == UPDATED && table.change_index == 1 &&
	    !table.only_inserts, "updated_at, its index followed by the key");
	table.innodb = 0;
	ok(choose(NULL, NULL, &primary, &by_time) == 0 &&
	    table.change_index == CATALOG_NONE, "not in every engine");
	table.innodb = 1;
	x.column[1] = ID;
	x.ncolumn = 2;
	ok(choose(NULL, NULL, &primary, &x) == 0 && table.change_index == 1,
	    "with the beginning of the key");
	x.column[1] = NUMBER;
	ok(choose(NULL, NULL, &primary, &x) == 0 &&
	    table.change_index == CATALOG_NONE, "with something else");
	x = by_time;
	x.plain = 0;
	ok(choose(NULL, NULL, &primary, &x) == 0 &&
	    table.change_index == CATALOG_NONE, "an index that can't be used");
	ok(choose("n", NULL, &primary, &by_time) == 0 &&
	    table.change_index == CATALOG_NONE, "another key isn't in it");
	ok(choose(NULL, "CREATED_AT", &primary, NULL) == 0 &&
	    table.change == CREATED && !table.only_inserts, "by name");
	ok(choose(NULL, "n", &primary, NULL) == -1, "of a wrong type");
	ok(choose(NULL, "nope", &primary, NULL) == -1, "no such column");

	choose(NULL, NULL, &primary, NULL);
	before = table;
	columns[UPDATED].kind = CELL_INT;
	ok(choose(NULL, NULL, &primary, NULL) == 0 &&
	    table.change == CREATED && table.only_inserts, "created_at");
	ok(!catalog_same(&before, &table), "which isn't the same");
	columns[CREATED].kind = CELL_INT;
	ok(choose(NULL, NULL, &primary, NULL) == 0 &&
	    table.change == CATALOG_NONE, "none");
	columns[UPDATED].kind = CELL_TIMESTAMP;
	ok(choose(NULL, NULL, &primary, NULL) == 0 &&
	    catalog_same(&before, &table), "the same again");
}

static void
test_blind(void)
{
	static const struct { const char * collation; int folds; } keys[] = {
		{ NULL, 0 }, { "binary", 0 }, { "utf8mb4_bin", 0 },
		{ "utf8mb4_0900_bin", 0 }, { "latin1_general_cs", 0 },
		{ "utf8mb4_general_ci", 1 }, { "utf8mb4_0900_ai_ci", 1 },
		{ "utf8mb4_0900_as_cs", 1 }, { "utf8mb4_thai_520_w2", 1 },
		{ "utf8mb4_uca1400_as_cs", 1 }, { "utf8mb4_uca1400_bin", 0 },
	};
	struct catalog_column c = { .name = "c" };
	size_t i;

	for (i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		c.collation = (char *)keys[i].collation;
		ok(blind_folds(&c) == keys[i].folds, "%s",
		    keys[i].collation != NULL ? keys[i].collation : "none");
	}
	ok(blind_cascades("  CONSTRAINT `f` FOREIGN KEY (`o`) REFERENCES `t` "
	    "(`id`) ON DELETE CASCADE\n)"), "a cascade");
	ok(blind_cascades("REFERENCES `t` (`id`) ON DELETE NO ACTION ON UPDATE "
	    "SET NULL"), "of a changed key");
	ok(!blind_cascades("`a` INT ON UPDATE CURRENT_TIMESTAMP, FOREIGN KEY "
	    "(`o`) REFERENCES `t` (`id`) ON DELETE RESTRICT"), "none");
	ok(!blind_cascades("` ON DELETE CASCADE` INT COMMENT 'it''s\\' ON "
	    "DELETE CASCADE\\\\'"), "in names and texts");
	ok(blind_cascades("`a` INT COMMENT 'b\\\\', ... ON DELETE CASCADE"),
	    "behind a text");
	ok(!blind_cascades("`a` INT COMMENT 'it\\"), "a text that was cut");
}

int
main(void)
{

	test_types();
	test_key();
	test_change();
	buf_free(&out);
	buf_free(&why);
	test_blind();
	return (tap_done());
}
