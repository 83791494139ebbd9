#include "common/json.h"
#include "common/record.h"

#include "fuzz.h"

/*
 * Lines as messages.  The three readers (scan.h, json.h, record.h) have to
 * agree on what JSON is, and one that has seen other rows with one that
 * hasn't.
 */
static void
same_value(const struct scan_value * a, const struct scan_value * b)
{

	MUST(a->p == b->p);
	if (a->p != NULL)
		MUST(a->n == b->n && a->kind == b->kind &&
		    a->escaped == b->escaped);
}

/* Each reader has the names in a place of its own. */
static void
same_name(const struct scan_value * a, const struct scan_value * b)
{

	MUST(a->n == b->n && memcmp(a->p - 1, b->p - 1, a->n + 2) == 0);
	MUST(a->escaped == b->escaped && a->ascii == b->ascii);
}

static void
same_row(const struct record * a, const struct record * b)
{
	size_t i;

	MUST(a->op == b->op && a->npos == b->npos && a->nfield == b->nfield);
	MUST(memcmp(a->pos, b->pos, a->npos * sizeof a->pos[0]) == 0);
	same_value(&a->at, &b->at);
	same_value(&a->record, &b->record);
	for (i = 0; i < a->nfield; i++) {
		same_name(&a->field[i].key, &b->field[i].key);
		same_value(&a->field[i].val, &b->field[i].val);
		MUST(a->field[i].slot == b->field[i].slot);
	}
}

/* Is it one JSON value?  scan.h and json.h must say the same. */
static int
is_json(const char * p, size_t n)
{
	struct scan_value v, key;
	struct scan_error err;
	struct json * doc = json_parse(p, n, NULL);
	const char * start = scan_space(p, p + n);
	const char * end = start < p + n ?
	    scan_value(start, p + n, &v, &err) : NULL;
	int whole = (end != NULL && scan_space(end, p + n) == p + n);

	MUST((doc != NULL) == (whole && !scan_duplicate(&v, &key)));
	json_free(doc);
	return (whole);
}

static int
read_line(struct record_reader * used, const char * p, size_t n,
    const char * const * names, size_t nnames)
{
	struct record_reader * fresh = record_reader_new();
	struct record_error e;
	struct record a, b;
	int rc, again;

	record_shape(fresh, names, nnames);
	rc = record_parse(used, p, n, &a, &e);
	again = record_parse(fresh, p, n, &b, &e);
	MUST(rc == again);
	if (rc == 0) {
		MUST(a.type == b.type && a.counted == b.counted);
		same_value(&a.stream, &b.stream);
		if (a.type == RECORD_ROW)
			same_row(&a, &b);
		else if (a.type == RECORD_STATE)
			MUST(a.records == b.records &&
			    a.rejected == b.rejected &&
			    a.filtered == b.filtered);
	}
	record_reader_free(fresh);
	return (rc);
}

int
LLVMFuzzerTestOneInput(const uint8_t * p, size_t n)
{
	static const char * const names[] = { "id", "a", "b" };
	struct record_reader * used = record_reader_new();
	const uint8_t * line;
	size_t len, nnames = n % 2 ? 3 : 0;
	char * text;
	int json;

	record_shape(used, names, nnames);
	while (fuzz_line(&p, &n, &line, &len)) {
		text = fuzz_place_line(line, len);
		json = is_json(text, len);
		if (read_line(used, text, len, names, nnames) == 0)
			MUST(json);
		free(text);
	}
	record_reader_free(used);
	return (0);
}
