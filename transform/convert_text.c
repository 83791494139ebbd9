#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "casemap.h"
#include "steps.h"
#include "utf8.h"

#include "convert.h"

int
convert_fail(struct convert * c, const char * fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(c->why, sizeof c->why, fmt, ap);
	va_end(ap);
	return (-1);
}

/* What was built in c->buf, as a string or as JSON. */
static char *
take(struct convert * c)
{
	char * p = scratch_get(c->mem, c->buf->n);

	if (c->buf->n > 0)
		memcpy(p, c->buf->p, c->buf->n);
	return (p);
}

static void
take_text(struct value * v, struct convert * c)
{

	value_set_text(v, take(c), c->buf->n, 0);
}

static void
take_array(struct value * v, struct convert * c)
{

	v->v = (struct scan_value) { take(c), c->buf->n, SCAN_ARRAY, 0, 0, 0 };
	v->text = 0;
}

/* Unicode's White_Space, and the byte order mark. */
static int
is_space(uint32_t c)
{

	return ((c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 ||
	    c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) ||
	    c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
	    c == 0x3000 || c == 0xfeff);
}

int
convert_trim(const struct step * st, struct value * v, struct convert * c)
{
	const char * p;
	const char * q;
	const char * end;

	(void)st;
	/* Nothing to do is the common case: then the bytes stay as they are. */
	if (v->v.n > 0 && v->v.ascii && !v->v.escaped &&
	    v->v.p[0] > ' ' && v->v.p[v->v.n - 1] > ' ')
		return (0);
	value_text(v, c->mem);
	p = v->v.p;
	end = p + v->v.n;
	for (q = p; p < end && is_space(utf8_next(&q)); )
		p = q;
	for (q = end; end > p && is_space(utf8_before(&q)); )
		end = q;
	value_set_text(v, p, (size_t)(end - p), v->v.ascii);
	return (0);
}

/* Does the case of an ASCII text change at all? */
static int
has_letter(const char * p, size_t n, char first)
{
	size_t i;
	unsigned found = 0;

	for (i = 0; i < n; i++)
		found |= (unsigned char)(p[i] - first) < 26;
	return (found != 0);
}

static int
convert_case(struct value * v, struct convert * c, int upper)
{
	char from = upper ? 'a' : 'A';
	int ascii = v->v.ascii && !v->v.escaped;
	char * dst;
	size_t i, n;

	if (ascii && !has_letter(v->v.p, v->v.n, from))
		return (0);
	value_text(v, c->mem);
	dst = scratch_get(c->mem, CASEMAP_GROWTH * v->v.n);
	if (ascii) {
		n = v->v.n;
		for (i = 0; i < n; i++)
			dst[i] = (char)(v->v.p[i] ^
			    ((unsigned char)(v->v.p[i] - from) < 26) << 5);
	} else
		n = casemap_text(v->v.p, v->v.n, upper, dst);
	value_set_text(v, dst, n, ascii);
	return (0);
}

int
convert_lower(const struct step * st, struct value * v, struct convert * c)
{

	(void)st;
	return (convert_case(v, c, 0));
}

int
convert_upper(const struct step * st, struct value * v, struct convert * c)
{

	(void)st;
	return (convert_case(v, c, 1));
}

/* step->a: the first code point, from the end if negative; b: how many. */
int
convert_substring(const struct step * st, struct value * v,
    struct convert * c)
{
	const char * p;
	const char * q;
	const char * end;
	int64_t i;

	value_text(v, c->mem);
	p = v->v.p;
	end = p + v->v.n;
	if (st->a < 0) {
		q = end;
		for (i = st->a; i < 0 && q > p; i++)
			utf8_before(&q);
		p = q;
	} else {
		for (i = 0; i < st->a && p < end; i++)
			utf8_next(&p);
	}
	for (q = p, i = 0; i < st->b && q < end; i++)
		utf8_next(&q);
	value_set_text(v, p, (size_t)(q - p), v->v.ascii);
	return (0);
}

int
convert_replace(const struct step * st, struct value * v, struct convert * c)
{

	value_text(v, c->mem);
	if (regex_replace(st->regex, v->v.p, v->v.n, st->text, st->ntext,
	    c->buf) == -1)
		return (convert_fail(c, "takes too many steps to match"));
	take_text(v, c);
	return (0);
}

/* Append the text of a scalar.  Return 0, or -1 if it is none. */
static int
put_scalar(struct buf * b, const struct value * v, struct scratch * mem)
{
	struct value text = *v;

	if ((KIND(v->v.kind) & KINDS_SCALAR) == 0)
		return (-1);
	if (v->v.kind == SCAN_STRING)
		value_text(&text, mem);
	buf_put(b, text.v.p, text.v.n);
	return (0);
}

/* The value of a piece; null if the record hasn't got the column. */
static void
piece_value(const struct piece * p, const struct value * v,
    const struct convert * c, struct value * out)
{

	if (p->what == PIECE_VALUE)
		*out = *v;
	else if (p->what == PIECE_TEXT)
		value_set_text(out, p->text, p->n, 0);
	else if (c->col[p->slot] != NULL)
		*out = (struct value) { *c->col[p->slot], 0 };
	else
		value_set_word(out, SCAN_NULL);
}

/* All pieces one behind the other: null if one is, as in SQL. */
int
convert_concat(const struct step * st, struct value * v, struct convert * c)
{
	struct value part;
	size_t i;

	buf_clear(c->buf);
	for (i = 0; i < st->npiece; i++) {
		piece_value(&st->piece[i], v, c, &part);
		if (part.v.kind == SCAN_NULL) {
			value_set_word(v, SCAN_NULL);
			return (0);
		}
		if (put_scalar(c->buf, &part, c->mem) == -1)
			return (convert_fail(c, "one of the values is %s",
			    kind_name(part.v.kind)));
	}
	take_text(v, c);
	return (0);
}

/* The pieces that aren't null, with a separator: null if all are. */
int
convert_concat_list(const struct step * st, struct value * v,
    struct convert * c)
{
	struct value part;
	size_t i, n = 0;

	buf_clear(c->buf);
	for (i = 0; i < st->npiece; i++) {
		piece_value(&st->piece[i], v, c, &part);
		if (part.v.kind == SCAN_NULL)
			continue;
		if (n++ > 0)
			buf_put(c->buf, st->text, st->ntext);
		if (put_scalar(c->buf, &part, c->mem) == -1)
			return (convert_fail(c, "one of the values is %s",
			    kind_name(part.v.kind)));
	}
	if (n == 0)
		value_set_word(v, SCAN_NULL);
	else
		take_text(v, c);
	return (0);
}

int
convert_split(const struct step * st, struct value * v, struct convert * c)
{
	const char * p;
	const char * q;
	const char * end;

	value_text(v, c->mem);
	p = v->v.p;
	end = p + v->v.n;
	buf_clear(c->buf);
	buf_putc(c->buf, '[');
	while (v->v.n > 0) {
		q = memmem(p, (size_t)(end - p), st->text, st->ntext);
		scan_put_text(c->buf, p, (size_t)((q ? q : end) - p));
		if (q == NULL)
			break;
		buf_putc(c->buf, ',');
		p = q + st->ntext;
	}
	buf_putc(c->buf, ']');
	take_array(v, c);
	return (0);
}

int
convert_join(const struct step * st, struct value * v, struct convert * c)
{
	struct scan_iter it;
	struct value e = { 0 };
	size_t n = 0;

	buf_clear(c->buf);
	scan_open(&it, &v->v);
	while (scan_element(&it, &e.v)) {
		if (e.v.kind == SCAN_NULL)
			continue;
		if (n++ > 0)
			buf_put(c->buf, st->text, st->ntext);
		if (put_scalar(c->buf, &e, c->mem) == -1)
			return (convert_fail(c, "one of the elements is %s",
			    kind_name(e.v.kind)));
	}
	take_text(v, c);
	return (0);
}

int
convert_compact(const struct step * st, struct value * v, struct convert * c)
{
	struct scan_iter it;
	struct value e = { 0 };

	(void)st;
	buf_clear(c->buf);
	buf_putc(c->buf, '[');
	scan_open(&it, &v->v);
	while (scan_element(&it, &e.v)) {
		if (e.v.kind == SCAN_NULL ||
		    (e.v.kind == SCAN_STRING && e.v.n == 0))
			continue;
		if (c->buf->n > 1)
			buf_putc(c->buf, ',');
		value_put(c->buf, &e);
	}
	buf_putc(c->buf, ']');
	take_array(v, c);
	return (0);
}

int
convert_each(const struct step * st, struct value * v, struct convert * c)
{
	struct scan_iter it;
	struct value e = { 0 };
	struct buf out = { 0 };
	struct convert inner = *c;
	size_t n = 0;

	/* The inner steps build in c->buf, so this needs one of its own. */
	buf_putc(&out, '[');
	scan_open(&it, &v->v);
	for (; scan_element(&it, &e.v); e.text = 0) {
		if (steps_run(st->inner, &e, &inner) == -1) {
			buf_free(&out);
			return (convert_fail(c, "element %zu: %s", n,
			    inner.why));
		}
		if (n++ > 0)
			buf_putc(&out, ',');
		value_put(&out, &e);
	}
	buf_putc(&out, ']');
	buf_clear(c->buf);
	buf_put(c->buf, out.p, out.n);
	buf_free(&out);
	take_array(v, c);
	return (0);
}
