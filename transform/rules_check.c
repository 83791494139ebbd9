#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/mem.h"

#include "utf8.h"

#include "rules_struct.h"

#define LINEAR	8	/* so many choices are looked at one by one */

int
verdict_set(struct verdict * v, const char * rule, const char * fmt, ...)
{
	va_list ap;

	v->rule = rule;
	v->path[0] = '\0';
	va_start(ap, fmt);
	vsnprintf(v->reason, sizeof v->reason, fmt, ap);
	va_end(ap);
	return (-1);
}

/* Append ${s} to the ${n} bytes ${dst}, as far as there is room. */
static size_t
append(char * dst, size_t n, size_t size, const char * s)
{

	while (*s != '\0' && n < size)
		dst[n++] = *s++;
	return (n);
}

void
verdict_inside(struct verdict * v, const char * step)
{
	const size_t size = sizeof v->path - 1;
	char rest[sizeof v->path];
	size_t n;

	memcpy(rest, v->path, sizeof rest);
	n = append(v->path, 0, size, step);
	if (rest[0] != '\0' && rest[0] != '[')
		n = append(v->path, n, size, ".");
	n = append(v->path, n, size, rest);
	/* A path that is too long loses its end, but no half a character. */
	if (n == size) {
		while (n > 0 && (v->path[n - 1] & 0x80) != 0)
			n--;
	}
	v->path[n] = '\0';
}

static int
check_kind(const struct rules * r, const struct value * v,
    struct verdict * verdict)
{
	struct buf b = { 0 };
	const char * rule = "type";

	if (r->type == 0 || (KIND(v->v.kind) & r->type) != 0)
		rule = "bsonType";
	kinds_put(&b, r->kinds);
	verdict_set(verdict, rule, "is %s, not %s", kind_name(v->v.kind),
	    buf_text(&b));
	buf_free(&b);
	return (-1);
}

static int
check_choice(const struct rules * r, const struct value * v,
    struct verdict * verdict)
{
	const struct choice * c = r->choice;
	const struct choice * end = c + r->nchoice;
	uint64_t hash;
	size_t half;

	if (r->nchoice > LINEAR) {
		/* To the first one that isn't below. */
		for (hash = value_hash(v); end > c;) {
			half = (size_t)(end - c) / 2;
			if (c[half].hash < hash)
				c += half + 1;
			else
				end = c + half;
		}
		end = r->choice + r->nchoice;
		for (; c < end && c->hash == hash; c++) {
			if (value_equal(v, c->v))
				return (0);
		}
	} else {
		for (; c < end; c++) {
			if (value_equal(v, c->v))
				return (0);
		}
	}
	if (r->choice_rule[0] == 'c')
		return (verdict_set(verdict, "const", "isn't the constant"));
	return (verdict_set(verdict, "enum", "is none of the %zu values",
	    r->nchoice));
}

static int
check_length(const struct rules * r, const struct value * v,
    struct verdict * verdict)
{
	struct scan_value text = v->v;
	uint64_t n;

	/* A character has 1 to 12 bytes (two escapes): often enough to know. */
	if (v->v.ascii && !v->v.escaped)
		n = v->v.n;
	else if (v->v.n <= r->length.max && v->v.n >= 12 * r->length.min &&
	    r->length.min < UINT32_MAX)
		return (0);
	else {
		if (v->text) {
			text.escaped = 0;
			n = utf8_count(v->v.p, v->v.n);
		} else
			n = scan_chars(&text);
	}
	if (n < r->length.min)
		return (verdict_set(verdict, "minLength",
		    "is shorter than %ju characters",
		    (uintmax_t)r->length.min));
	if (n > r->length.max)
		return (verdict_set(verdict, "maxLength",
		    "is longer than %ju characters",
		    (uintmax_t)r->length.max));
	return (0);
}

static int
check_digits(const struct rules * r, const struct decimal * d,
    struct verdict * verdict)
{
	int64_t whole = r->precision - (r->scale > 0 ? r->scale : 0);

	if (r->scale != -1 && decimal_scale(d) > r->scale)
		return (verdict_set(verdict, "scale",
		    "has more than %jd decimals", (intmax_t)r->scale));
	if (r->precision == -1)
		return (0);
	if (r->scale == -1 && (int64_t)d->digits > r->precision)
		return (verdict_set(verdict, "precision",
		    "has more than %jd digits", (intmax_t)r->precision));
	if (decimal_whole(d) > whole)
		return (verdict_set(verdict, "precision",
		    "has more than %jd digits before the point",
		    (intmax_t)whole));
	return (0);
}

static int
bound_failed(const struct rules * r, int which, struct verdict * verdict)
{
	static const struct {
		const char * rule;
		const char * text;
	} words[] = {
		[BOUND_MIN] = { "minimum", "is below" },
		[BOUND_MAX] = { "maximum", "is above" },
		[BOUND_ABOVE] = { "exclusiveMinimum", "isn't above" },
		[BOUND_BELOW] = { "exclusiveMaximum", "isn't below" },
		[BOUND_MULTIPLE] = { "multipleOf", "is no multiple of" }
	};
	const struct scan_value * v = &r->bound[which].text->v;

	return (verdict_set(verdict, words[which].rule, "%s %.*s",
	    words[which].text, (int)v->n, v->p));
}

/* Is a number that compares as ${c} with the bound ${which} outside? */
static inline int
is_outside(int which, int c)
{

	switch (which) {
	case BOUND_MIN:
		return (c < 0);
	case BOUND_MAX:
		return (c > 0);
	case BOUND_ABOVE:
		return (c <= 0);
	default:
		return (c >= 0);
	}
}

static int
check_decimal(const struct rules * r, const struct decimal * d,
    struct verdict * verdict)
{
	const struct bound * b = r->bound;
	int i;

	for (i = 0; i < BOUND_MULTIPLE; i++) {
		if (b[i].text != NULL &&
		    is_outside(i, decimal_compare(d, &b[i].d)))
			return (bound_failed(r, i, verdict));
	}
	if (b[BOUND_MULTIPLE].text != NULL &&
	    !decimal_multiple(d, &b[BOUND_MULTIPLE].d))
		return (bound_failed(r, BOUND_MULTIPLE, verdict));
	return (check_digits(r, d, verdict));
}

/* The common case, whole numbers within words: 1 if it isn't one. */
static int
check_word(const struct rules * r, int64_t n, struct verdict * verdict)
{
	const struct bound * b = r->bound;
	int i;

	if (b[BOUND_MULTIPLE].text != NULL || r->precision != -1 ||
	    r->scale != -1)
		return (1);
	for (i = 0; i < BOUND_MULTIPLE; i++) {
		if (b[i].text == NULL)
			continue;
		if (!b[i].fits)
			return (1);
		if (is_outside(i, (n > b[i].i) - (n < b[i].i)))
			return (bound_failed(r, i, verdict));
	}
	return (0);
}

static int
check_number(const struct rules * r, const struct value * v,
    struct verdict * verdict)
{
	struct decimal d;
	int64_t i = 0;
	int word = (scan_int64(&v->v, &i) == 0), rc;

	if (r->has_int && (!word || i < r->int_min || i > r->int_max))
		return (verdict_set(verdict, "bsonType",
		    "doesn't fit into %s bits",
		    r->int_max == INT32_MAX ? "32" : "64"));
	if (r->carrier == FORMAT_DECIMAL128 &&
	    !format_check(FORMAT_DECIMAL128, v->v.p, v->v.n))
		return (verdict_set(verdict, "bsonType", "is %s",
		    format_failure(FORMAT_DECIMAL128)));
	if (!r->numeric)
		return (0);
	if (word && (rc = check_word(r, i, verdict)) != 1)
		return (rc);
	if (decimal_read(v->v.p, v->v.n, &d) == -1)
		return (verdict_set(verdict, "type",
		    "has too large an exponent"));
	return (check_decimal(r, &d, verdict));
}

static int
check_pattern(const struct rules * r, const struct value * v,
    struct verdict * verdict)
{

	switch (regex_match(r->pattern, v->v.p, v->v.n)) {
	case 1:
		return (0);
	case 0:
		return (verdict_set(verdict, "pattern",
		    "doesn't match the pattern"));
	default:
		return (verdict_set(verdict, "pattern",
		    "takes too many steps to match"));
	}
}

static int
check_string(const struct rules * r, struct value * v, struct scratch * s,
    struct verdict * verdict)
{
	struct decimal d;

	if (r->length.there && check_length(r, v, verdict) == -1)
		return (-1);
	if (!r->format && !r->carrier && r->pattern == NULL && !r->decimal)
		return (0);
	/* From here on the text itself is looked at. */
	if (v->v.escaped)
		value_text(v, s);
	if (!format_check(r->carrier, v->v.p, v->v.n))
		return (verdict_set(verdict, r->carrier == FORMAT_BASE64 ?
		    "contentEncoding" : "bsonType", "is %s",
		    format_failure(r->carrier)));
	if (!format_check(r->format, v->v.p, v->v.n))
		return (verdict_set(verdict, "format", "is %s",
		    format_failure(r->format)));
	if (r->pattern != NULL && check_pattern(r, v, verdict) == -1)
		return (-1);
	if (!r->decimal || !r->numeric)
		return (0);
	if (decimal_read(v->v.p, v->v.n, &d) == -1)
		return (verdict_set(verdict, "format", "is %s",
		    format_failure(FORMAT_DECIMAL)));
	return (check_decimal(r, &d, verdict));
}

/* The hashes of the elements, sorted, show which ones may be equal. */
struct element {
	uint64_t hash;
	struct value v;
};

static int
compare_elements(const void * va, const void * vb)
{
	const struct element * a = va;
	const struct element * b = vb;

	return ((a->hash > b->hash) - (a->hash < b->hash));
}

static int
all_differ(struct element * e, size_t n)
{
	size_t i, j;

	qsort(e, n, sizeof *e, compare_elements);
	for (i = 0; i + 1 < n; i++) {
		for (j = i + 1; j < n && e[j].hash == e[i].hash; j++) {
			if (value_equal(&e[i].v, &e[j].v))
				return (0);
		}
	}
	return (1);
}

static int
check_unique(const struct value * v, struct verdict * verdict)
{
	struct element * e = NULL;
	struct value val = { 0 };
	struct scan_iter it;
	size_t n = 0, cap = 0;
	int differ;

	scan_open(&it, &v->v);
	while (scan_element(&it, &val.v)) {
		if (n == cap)
			e = mem_grow(e, cap = cap ? 2 * cap : 16, sizeof *e);
		e[n++] = (struct element) { value_hash(&val), val };
	}
	differ = n < 2 || all_differ(e, n);
	free(e);
	if (!differ)
		return (verdict_set(verdict, "uniqueItems",
		    "has two equal elements"));
	return (0);
}

static int
check_array(const struct rules * r, struct value * v, struct scratch * s,
    struct verdict * verdict)
{
	struct value val = { 0 };
	struct scan_iter it;
	char step[32];
	uint64_t n = 0;

	scan_open(&it, &v->v);
	for (; scan_element(&it, &val.v); n++, val.text = 0) {
		if (r->items == NULL ||
		    rules_check(r->items, &val, s, verdict) == 0)
			continue;
		snprintf(step, sizeof step, "[%ju]", (uintmax_t)n);
		verdict_inside(verdict, step);
		return (-1);
	}
	if (r->count.there && n < r->count.min)
		return (verdict_set(verdict, "minItems",
		    "has fewer than %ju elements", (uintmax_t)r->count.min));
	if (r->count.there && n > r->count.max)
		return (verdict_set(verdict, "maxItems",
		    "has more than %ju elements", (uintmax_t)r->count.max));
	return (r->unique ? check_unique(v, verdict) : 0);
}

static const struct member *
find_member(const struct rules * r, const struct scan_value * key)
{
	size_t i;

	for (i = 0; i < r->nmember; i++) {
		if (scan_equal(key, r->member[i].name, r->member[i].n))
			return (&r->member[i]);
	}
	return (NULL);
}

/* Which required member is it that ${v} doesn't have? */
static int
missing(const struct rules * r, const struct value * v,
    struct verdict * verdict)
{
	struct scan_value key, val;
	struct scan_iter it;
	size_t i;
	int found;

	for (i = 0; i < r->nmember; i++) {
		if (!r->member[i].required)
			continue;
		found = 0;
		scan_open(&it, &v->v);
		while (!found && scan_member(&it, &key, &val))
			found = scan_equal(&key, r->member[i].name,
			    r->member[i].n);
		if (found)
			continue;
		verdict_set(verdict, "required", "is missing");
		verdict_inside(verdict, r->member[i].name);
		return (-1);
	}
	return (0);
}

static int
check_object(const struct rules * r, struct value * v, struct scratch * s,
    struct verdict * verdict)
{
	const struct member * m;
	struct scan_value key;
	struct value val = { 0 };
	struct scan_iter it;
	int required = 0;

	scan_open(&it, &v->v);
	for (; scan_member(&it, &key, &val.v); val.text = 0) {
		if ((m = find_member(r, &key)) == NULL) {
			if (r->closed)
				return (verdict_set(verdict,
				    "additionalProperties",
				    "has a member that isn't named"));
			continue;
		}
		required += m->required;
		if (m->rules == NULL ||
		    rules_check(m->rules, &val, s, verdict) == 0)
			continue;
		verdict_inside(verdict, m->name);
		return (-1);
	}
	return (required < r->nrequired ? missing(r, v, verdict) : 0);
}

int
rules_check(const struct rules * r, struct value * v, struct scratch * s,
    struct verdict * verdict)
{
	unsigned kind = KIND(v->v.kind);

	if ((kind & r->kinds) == 0)
		return (check_kind(r, v, verdict));
	if ((kind & r->deep) == 0)
		return (0);
	if (r->choice_rule != NULL && check_choice(r, v, verdict) == -1)
		return (-1);
	if (kind & KINDS_NUM)
		return (check_number(r, v, verdict));
	switch (v->v.kind) {
	case SCAN_STRING:
		return (check_string(r, v, s, verdict));
	case SCAN_ARRAY:
		return (check_array(r, v, s, verdict));
	case SCAN_OBJECT:
		return (check_object(r, v, s, verdict));
	default:
		return (0);
	}
}
