#include "common/json.h"
#include "common/record.h"
#include "common/reject.h"

#include "file.h"

/*
 * A file of rejected records that is there already: its whole lines stay,
 * what is added are messages, and it is closed.  The first line of the input
 * is a message to reject, the rest is the file.
 */
static const char schema[] = "{\"type\":\"SCHEMA\",\"stream\":\"t\","
    "\"schema\":{\"properties\":{}},\"key_properties\":[\"id\"]}";

/* The lines that were added: a SCHEMA, the record, the end. */
static void
check_added(const char * p, size_t n, const struct record * sent)
{
	struct record_reader * rd = record_reader_new();
	const uint8_t * at = (const void *)p, * line;
	struct record_error err;
	struct record r;
	size_t len, count;
	char * text;

	for (count = 0; fuzz_line(&at, &n, &line, &len); count++) {
		text = fuzz_place_line(line, len);
		MUST(record_parse(rd, text, len, &r, &err) == 0);
		if (count == 0 && r.type == RECORD_STATE)
			count--;	/* that of the run before */
		else if (count == 1)
			MUST(r.type == RECORD_ROW && r.op == sent->op &&
			    r.record.n == sent->record.n &&
			    memcmp(r.record.p, sent->record.p, r.record.n) ==
			    0);
		free(text);
	}
	MUST(count == 3);
	record_reader_free(rd);
}

/* Reject ${line} into the file ${path}, which is ${p} now. */
static void
try_file(const char * path, const char * line, size_t len,
    const struct record * r, const uint8_t * p, size_t n)
{
	struct reject * rj = reject_open(path, "load");
	const uint8_t * nl;
	char * now;
	size_t m, whole;

	if (rj == NULL) {
		now = fuzz_read(path, &m);
		MUST(m == n && memcmp(now, p, n) == 0);
		free(now);
		return;
	}
	reject_schema(rj, "t", schema, sizeof schema - 1);
	MUST(reject_record(rj, "t", line, len, "rule", "a reason", 1) == 0);
	MUST(reject_close(rj) == 0);
	nl = n > 0 ? memrchr(p, '\n', n) : NULL;
	whole = nl != NULL ? (size_t)(nl - p) + 1 : 0;
	now = fuzz_read(path, &m);
	MUST(m > whole && (whole == 0 || memcmp(now, p, whole) == 0));
	check_added(now + whole, m - whole, r);
	free(now);
}

int
LLVMFuzzerTestOneInput(const uint8_t * p, size_t n)
{
	struct record_reader * rd;
	struct record_error err;
	const uint8_t * line;
	struct record r;
	size_t len;
	char * text;

	if (!fuzz_line(&p, &n, &line, &len))
		return (0);
	rd = record_reader_new();
	text = fuzz_place_line(line, len);
	if (record_parse(rd, text, len, &r, &err) == 0 && r.type == RECORD_ROW)
		try_file(fuzz_file("rejects", p, n), text, len, &r, p, n);
	free(text);
	record_reader_free(rd);
	return (0);
}
