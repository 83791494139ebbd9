#include <string.h>

#include "../common/json.h"

#include "findings.h"

static const char * const marks[] = { "ok", "note", "warn", "fail" };

static const char *
text(const struct json_node * root, const char * name)
{

	return (json_text(json_get(root, name), NULL));
}

static int64_t
number(const struct json_node * root, const char * name)
{
	uint64_t v;

	return (json_uint64(json_get(root, name), &v) == 0 &&
	    v <= INT64_MAX ? (int64_t)v : 0);
}

/* Read a line.  Nonzero if it is a finding. */
static int
take(struct finding * f, const char * p, size_t n)
{
	const struct json_node * root;
	const char * mark;
	int i;

	f->doc = n > 0 && *p == '{' ? json_parse(p, n, NULL) : NULL;
	if (f->doc == NULL)
		return (0);
	root = json_root(f->doc);
	mark = text(root, "mark");
	f->stream = text(root, "stream");
	f->point = text(root, "point");
	f->text = text(root, "text");
	f->remedy = text(root, "remedy");
	f->used = number(root, "used_bytes");
	f->total = number(root, "total_bytes");
	for (i = 0; mark != NULL && i < 4; i++) {
		if (strcmp(mark, marks[i]) == 0) {
			f->mark = (enum finding_mark)i;
			return (f->point != NULL && f->text != NULL);
		}
	}
	return (0);
}

void
findings_end(struct finding * f)
{

	json_free(f->doc);
	memset(f, 0, sizeof *f);
}

int
findings_next(struct finding * f, const char ** p)
{
	size_t n;

	for (;;) {
		const char * line = *p;

		findings_end(f);
		if (*line == '\0')
			return (0);
		n = strcspn(line, "\n");
		*p = line + n + (line[n] == '\n');
		if (take(f, line, n))
			return (1);
	}
}

int
findings_storage(const char * p, int64_t * used, int64_t * total)
{
	struct finding f = { .doc = NULL };

	while (findings_next(&f, &p)) {
		if (f.stream != NULL || strcmp(f.point, "storage") != 0 ||
		    f.total == 0)
			continue;
		*used = f.used;
		*total = f.total;
		findings_end(&f);
		return (0);
	}
	return (-1);
}
