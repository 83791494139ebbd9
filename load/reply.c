#include <stdlib.h>
#include <string.h>

#include "../common/mem.h"

#include "verdict.h"

#include "reply.h"

/* The text that ${it} stands on, or NULL. */
static const char *
text_of(const bson_iter_t * it)
{

	return (BSON_ITER_HOLDS_UTF8(it) ? bson_iter_utf8(it, NULL) : NULL);
}

/* One element of writeErrors.  Return 0, or -1. */
static int
read_error(struct reply * r, bson_iter_t * it)
{
	struct reply_error * e;
	bson_iter_t in;
	int64_t index = -1;
	int has_code = 0;

	if (!BSON_ITER_HOLDS_DOCUMENT(it) || !bson_iter_recurse(it, &in))
		return (-1);
	if (r->nerror == r->cap) {
		r->cap = r->cap ? 2 * r->cap : 16;
		r->error = mem_grow(r->error, r->cap, sizeof *r->error);
	}
	e = &r->error[r->nerror++];
	*e = (struct reply_error) { 0, 0, NULL };
	while (bson_iter_next(&in)) {
		const char * key = bson_iter_key(&in);

		if (strcmp(key, "index") == 0)
			index = bson_iter_as_int64(&in);
		else if (strcmp(key, "code") == 0) {
			e->code = (int32_t)bson_iter_as_int64(&in);
			has_code = 1;
		} else if (strcmp(key, "errmsg") == 0)
			e->text = text_of(&in);
	}
	e->index = (size_t)index;
	return (index >= 0 && has_code ? 0 : -1);
}

static int
read_errors(struct reply * r, bson_iter_t * it)
{
	bson_iter_t in;

	if (!BSON_ITER_HOLDS_ARRAY(it) || !bson_iter_recurse(it, &in))
		return (-1);
	while (bson_iter_next(&in)) {
		if (read_error(r, &in) == -1)
			return (-1);
	}
	return (0);
}

static int
count(bson_iter_t * it, size_t * n)
{
	bson_iter_t in;

	if (!BSON_ITER_HOLDS_ARRAY(it) || !bson_iter_recurse(it, &in))
		return (-1);
	while (bson_iter_next(&in))
		(*n)++;
	return (0);
}

static int
read_labels(struct reply * r, bson_iter_t * it)
{
	bson_iter_t in;

	if (!BSON_ITER_HOLDS_ARRAY(it) || !bson_iter_recurse(it, &in))
		return (-1);
	while (bson_iter_next(&in)) {
		if (text_of(&in) != NULL)
			r->labels |= verdict_label(text_of(&in));
	}
	return (0);
}

static int
read_unsure(struct reply * r, bson_iter_t * it)
{
	bson_iter_t in;

	r->unsure = 1;
	if (!BSON_ITER_HOLDS_DOCUMENT(it) || !bson_iter_recurse(it, &in))
		return (-1);
	while (bson_iter_next(&in)) {
		if (strcmp(bson_iter_key(&in), "code") == 0)
			r->unsure_code = (int32_t)bson_iter_as_int64(&in);
		else if (strcmp(bson_iter_key(&in), "errmsg") == 0)
			r->text = text_of(&in);
		else if (strcmp(bson_iter_key(&in), "errorLabels") == 0 &&
		    read_labels(r, &in) == -1)
			return (-1);
	}
	return (0);
}

/* One member of the answer. */
static int
read_member(struct reply * r, bson_iter_t * it)
{
	const char * key = bson_iter_key(it);

	if (strcmp(key, "ok") == 0)
		r->ok = bson_iter_as_bool(it);
	else if (strcmp(key, "n") == 0)
		r->n = bson_iter_as_int64(it);
	else if (strcmp(key, "upserted") == 0)
		return (count(it, &r->upserted));
	else if (strcmp(key, "writeErrors") == 0)
		return (read_errors(r, it));
	else if (strcmp(key, "writeConcernError") == 0)
		return (read_unsure(r, it));
	else if (strcmp(key, "code") == 0)
		r->code = (int32_t)bson_iter_as_int64(it);
	else if (strcmp(key, "errmsg") == 0)
		r->text = text_of(it);
	else if (strcmp(key, "errorLabels") == 0)
		return (read_labels(r, it));
	else if (strcmp(key, "baseBackoffMS") == 0)
		r->backoff_ms = bson_iter_as_int64(it);
	return (0);
}

int
reply_parse(struct reply * r, const bson_t * doc)
{
	struct reply_error * error = r->error;
	size_t cap = r->cap;
	bson_iter_t it;

	memset(r, 0, sizeof *r);
	r->error = error;
	r->cap = cap;
	if (!bson_iter_init(&it, doc))
		return (-1);
	while (bson_iter_next(&it)) {
		if (read_member(r, &it) == -1)
			return (-1);
	}
	return (0);
}

void
reply_free(struct reply * r)
{

	free(r->error);
	memset(r, 0, sizeof *r);
}
