#include "extract/cell.h"

#include "common/json.h"
#include "common/timestamp.h"

#include "fuzz.h"

/*
 * A field as a server might send it: refused, or JSON.  The first byte is
 * the kind, the second one the policies.  The server is trusted to print
 * numbers and times as such, with digits where digits belong, if they mean
 * what they will; texts, JSON, geometry and the like may be anything.
 */
static int
is_trusted(enum cell_kind kind)
{

	/* The server's own digits are copied. */
	return (kind == CELL_INT || kind == CELL_ZEROFILL ||
	    kind == CELL_DECIMAL || kind == CELL_DECIMAL_ZEROFILL ||
	    kind == CELL_NUMBER);
}

static int
is_number(const char * p, size_t n)
{
	struct json * doc = json_parse(p, n, NULL);
	int yes = (doc != NULL && json_kind(json_root(doc)) == JSON_NUMBER &&
	    strchr("-0123456789", p[0]) != NULL &&
	    memchr("0123456789", p[n - 1], 10) != NULL);

	json_free(doc);
	return (yes);
}

/* Make it look like a time. */
static void
shape(enum cell_kind kind, char * p, size_t n)
{
	static const char like[] = "0000-00-00 00:00:00.000000";
	size_t i;

	if (kind != CELL_TIMESTAMP && kind != CELL_DATETIME &&
	    kind != CELL_DATE && kind != CELL_TIME)
		return;
	for (i = 0; i < n; i++) {
		if (kind != CELL_TIME && i < sizeof like - 1 && like[i] != '0')
			p[i] = like[i];
		else if (kind != CELL_TIME || memchr("-:.", p[i], 3) == NULL)
			p[i] = (char)('0' + (unsigned char)p[i] % 10);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t * p, size_t n)
{
	struct cell_env env = { CELL_DATES_NULL, 0, 0, 0, 0 };
	struct buf b = { NULL, 0, 0 };
	enum cell_kind kind;
	struct json * doc;
	char * field;

	if (n < 2)
		return (0);
	kind = p[0] % (CELL_VECTOR + 1);
	env.dates = p[1] % 3;
	env.replace = (p[1] & 4) != 0;
	env.offset_us = (p[1] & 8) ? INT64_C(-43200000000) : p[1] & 16 ?
	    INT64_C(50400000000) : 0;
	p += 2;
	n -= 2;
	field = malloc(n + 1);
	memcpy(field, p, n);
	field[n] = '\0';	/* as libmysqlclient does */
	shape(kind, field, n);
	if (!is_trusted(kind) || (n > 0 && is_number(field, n))) {
		if (cell_put(&b, kind, &env, field, n) == NULL) {
			doc = json_parse(b.p, b.n, NULL);
			MUST(doc != NULL);
			MUST(memchr(b.p, '\n', b.n) == NULL);
			json_free(doc);
		}
	}
	buf_free(&b);
	free(field);
	return (0);
}
