#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * rows: the data of the measurements, the same on every machine.
 *
 *	rows sql TABLE		the CREATE TABLE and LOAD DATA statements
 *	rows TABLE N		N rows for LOAD DATA, tabs between the fields
 *
 * orders: the table of TPC-H, nine columns, 110 bytes a row.  Of each 32 keys
 * 8 are used, and one row in a hundred has quotes, backslashes, letters
 * beyond ASCII, and NULL.
 * wide: 40 columns of what is slow: DECIMAL(30,10), DATETIME(6), JSON, a TEXT
 * of 2 KiB, BLOB, and many NULL.
 */

#define SEED	UINT64_C(20260102)
#define SPICED	100		/* one row in so many */

static uint64_t state = SEED;

/* The next random number: splitmix64. */
static uint64_t
draw(void)
{
	uint64_t z = (state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (z ^ (z >> 31));
}

static unsigned
below(unsigned n)
{

	return ((unsigned)(draw() % n));
}

static const char * const words[] = { "carefully", "final", "deposits",
	"sleep", "furiously", "regular", "accounts", "quickly", "ironic",
	"packages", "haggle", "blithely", "express", "requests", "bold",
	"pending", "theodolites", "above", "the", "even", "instructions" };
#define WORDS	(sizeof words / sizeof words[0])

/* As LOAD DATA wants them: \\ is one backslash, \t a tab, \n a newline. */
static const char * const spices[] = { "say \"yes\"", "C:\\\\temp\\\\new",
	"na\xc3\xafve \xe6\x97\xa5\xe6\x9c\xac", "\xf0\x9f\x90\x99 tab\\there",
	"two\\nlines", "</script> & 'quote'" };
#define SPICES	(sizeof spices / sizeof spices[0])

/* Words of up to ${max} letters in all. */
static void
put_text(size_t max)
{
	size_t n = 0, want = max / 2 + below((unsigned)(max / 2));
	const char * w;

	for (;;) {
		w = words[below(WORDS)];
		if (n + strlen(w) + 1 > want)
			break;
		n += (size_t)printf("%s%s", n > 0 ? " " : "", w);
	}
}

static void
put_order(uintmax_t i)
{
	static const char * const priority[] = { "1-URGENT", "2-HIGH",
	    "3-MEDIUM", "4-NOT SPECIFIED", "5-LOW" };
	int spiced = below(SPICED) == 0;

	printf("%ju\t%u\t%c\t", i / 8 * 32 + i % 8 + 1, below(150000) + 1,
	    "FOP"[below(3)]);
	printf("%u.%02u\t", 850 + below(555000), below(100));
	printf("%u-%02u-%02u\t", 1992 + below(7), 1 + below(12),
	    1 + below(28));
	printf("%s\t", priority[below(5)]);
	if (spiced && below(4) == 0)
		printf("\\N\t0\t");
	else
		printf("Clerk#%09u\t0\t", below(1000) + 1);
	if (!spiced)
		put_text(79);
	else if (below(4) == 0)
		printf("\\N");
	else
		printf("%s %s", spices[below(SPICES)], words[below(WORDS)]);
	putchar('\n');
}

static const char orders_sql[] =
"DROP TABLE IF EXISTS %s; CREATE TABLE %s ("
"o_orderkey BIGINT NOT NULL PRIMARY KEY, o_custkey INT NOT NULL, "
"o_orderstatus CHAR(1) NOT NULL, o_totalprice DECIMAL(15,2) NOT NULL, "
"o_orderdate DATE NOT NULL, o_orderpriority VARCHAR(15) NOT NULL, "
"o_clerk VARCHAR(15), o_shippriority INT NOT NULL, o_comment VARCHAR(79)) "
"DEFAULT CHARACTER SET utf8mb4;\n"
"LOAD DATA LOCAL INFILE '/dev/stdin' INTO TABLE %s CHARACTER SET utf8mb4;\n";

/* The columns of the wide table: a prefix, how many, and their type. */
static const struct {
	char prefix;
	unsigned n;
	const char * type;
} wide[] = { { 'd', 8, "DECIMAL(30,10)" }, { 't', 6, "DATETIME(6)" },
	{ 'j', 3, "JSON" }, { 'x', 1, "TEXT" }, { 'b', 2, "BLOB" },
	{ 'i', 8, "INT" }, { 'f', 4, "DOUBLE" }, { 'v', 7, "VARCHAR(50)" } };
#define WIDE	(sizeof wide / sizeof wide[0])

static void
put_sql_wide(const char * table)
{
	size_t k;
	unsigned i;

	printf("DROP TABLE IF EXISTS %s; CREATE TABLE %s "
	    "(id BIGINT NOT NULL PRIMARY KEY", table, table);
	for (k = 0; k < WIDE; k++)
		for (i = 1; i <= wide[k].n; i++)
			printf(", %c%u %s", wide[k].prefix, i, wide[k].type);
	printf(") DEFAULT CHARACTER SET utf8mb4;\nLOAD DATA LOCAL INFILE "
	    "'/dev/stdin' INTO TABLE %s CHARACTER SET utf8mb4 (id", table);
	for (k = 0; k < WIDE; k++)
		for (i = 1; i <= wide[k].n; i++)
			printf(", %s%c%u", wide[k].prefix == 'b' ? "@" : "",
			    wide[k].prefix, i);
	printf(") SET b1 = UNHEX(@b1), b2 = UNHEX(@b2);\n");
}

static void
put_json(void)
{

	printf("{\"sku\": \"A-%u\", \"n\": [%u, -%u.5e3, true, null], "
	    "\"note\": {\"text\": \"%s\"}}", below(10000), below(1000),
	    below(1000), words[below(WORDS)]);
}

static void
put_cell(char kind)
{
	unsigned i;

	switch (kind) {
	case 'd':
		printf("%s%" PRIu64 ".%010u", below(2) ? "-" : "",
		    draw() >> 1, below(4294967295u));
		break;
	case 't':
		printf("%u-%02u-%02u %02u:%02u:%02u.%06u", 1990 + below(40),
		    1 + below(12), 1 + below(28), below(24), below(60),
		    below(60), below(1000000));
		break;
	case 'j': put_json(); break;
	case 'x': put_text(2048); break;
	case 'b':
		for (i = below(64); i > 0; i--)
			printf("%02x", below(256));
		break;
	case 'i': printf("%d", (int)below(2000000000) - 1000000000); break;
	case 'f':
		printf("%.17g", (double)(int64_t)draw() / 1048576.0);
		break;
	default:
		if (below(10) == 0)
			printf("%s", spices[below(SPICES)]);
		else
			put_text(50);
	}
}

static void
put_wide(uintmax_t row)
{
	size_t k;
	unsigned i;

	printf("%ju", row + 1);
	for (k = 0; k < WIDE; k++) {
		for (i = 0; i < wide[k].n; i++) {
			putchar('\t');
			if (below(3) == 0)
				printf("\\N");
			else
				put_cell(wide[k].prefix);
		}
	}
	putchar('\n');
}

int
main(int argc, char * argv[])
{
	uintmax_t i, n;
	int is_wide;

	if (argc != 3)
		return (100);
	if (strcmp(argv[1], "sql") == 0) {
		if (strncmp(argv[2], "wide", 4) == 0)
			put_sql_wide(argv[2]);
		else
			printf(orders_sql, argv[2], argv[2], argv[2]);
	} else {
		is_wide = strncmp(argv[1], "wide", 4) == 0;
		n = strtoumax(argv[2], NULL, 10);
		for (i = 0; i < n; i++)
			is_wide ? put_wide(i) : put_order(i);
	}
	return (fflush(stdout) == 0 ? 0 : 100);
}
