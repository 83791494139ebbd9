#include <stdlib.h>
#include <string.h>

#include "../common/mem.h"

#include "rules_struct.h"

#define N(a)	(sizeof (a) / sizeof (a)[0])

struct rules *
rules_new(void)
{
	struct rules * r = mem_new(1, sizeof *r);

	r->precision = r->scale = -1;
	return (r);
}

void
rules_free(struct rules * r)
{
	size_t i;

	if (r == NULL)
		return;
	regex_free(r->pattern);
	for (i = 0; i < BOUND_N; i++)
		free(r->bound[i].text);
	for (i = 0; i < r->nchoice; i++)
		free(r->choice[i].v);
	free(r->choice);
	rules_free(r->items);
	for (i = 0; i < r->nmember; i++) {
		free(r->member[i].name);
		rules_free(r->member[i].rules);
	}
	free(r->member);
	free(r);
}

static struct value *
copy(const struct json_node * node)
{
	size_t n;
	const char * p = json_raw(node, &n);

	return (value_copy(p, n));
}

/*
 * The keywords.  A handler gets the keyword's own number ${what}.
 */
static const struct word {
	const char * name;
	unsigned kinds;
} types[] = {
	{ "null", KIND(SCAN_NULL) }, { "boolean", KINDS_BOOL },
	{ "integer", KIND(SCAN_INT) }, { "number", KINDS_NUM },
	{ "string", KIND(SCAN_STRING) }, { "array", KIND(SCAN_ARRAY) },
	{ "object", KIND(SCAN_OBJECT) }
};

static const struct bson {
	const char * name;
	unsigned kinds;
	enum format carrier;
	int64_t min, max;
} bsons[] = {
	{ "null", KIND(SCAN_NULL), FORMAT_NONE, 0, 0 },
	{ "bool", KINDS_BOOL, FORMAT_NONE, 0, 0 },
	{ "int", KIND(SCAN_INT), FORMAT_NONE, INT32_MIN, INT32_MAX },
	{ "long", KIND(SCAN_INT), FORMAT_NONE, INT64_MIN, INT64_MAX },
	{ "double", KINDS_NUM, FORMAT_NONE, 0, 0 },
	{ "decimal", KINDS_NUM | KIND(SCAN_STRING), FORMAT_DECIMAL128, 0, 0 },
	{ "string", KIND(SCAN_STRING), FORMAT_NONE, 0, 0 },
	{ "date", KIND(SCAN_STRING), FORMAT_DAY_OR_TIME, 0, 0 },
	{ "binData", KIND(SCAN_STRING), FORMAT_BASE64, 0, 0 },
	{ "objectId", KIND(SCAN_STRING), FORMAT_OBJECT_ID, 0, 0 },
	{ "array", KIND(SCAN_ARRAY), FORMAT_NONE, 0, 0 },
	{ "object", KIND(SCAN_OBJECT), FORMAT_NONE, 0, 0 }
};

static void
take_type_name(struct rules * r, const struct json_node * arg,
    struct faults * f)
{
	const char * name = json_text(arg, NULL);
	size_t i;

	for (i = 0; name != NULL && i < N(types); i++) {
		if (strcmp(name, types[i].name) == 0) {
			r->type |= types[i].kinds;
			return;
		}
	}
	fault(f, arg, "type is one of null, boolean, integer, number, "
	    "string, array, object");
}

static void
take_bson_name(struct rules * r, const struct json_node * arg,
    struct faults * f)
{
	const char * name = json_text(arg, NULL);
	unsigned others = r->bson & ~KIND(SCAN_NULL);
	size_t i;

	for (i = 0; name != NULL && i < N(bsons); i++) {
		if (strcmp(name, bsons[i].name) == 0)
			break;
	}
	if (name == NULL || i == N(bsons)) {
		fault(f, arg, "bsonType is one of null, bool, int, long, "
		    "double, decimal, string, date, binData, objectId, "
		    "array, object");
		return;
	}
	if (others != 0 && i != 0) {
		fault(f, arg, "bsonType has one type, and null besides");
		return;
	}
	r->bson |= bsons[i].kinds;
	if (i == 0)
		return;
	r->carrier = bsons[i].carrier;
	r->int_min = bsons[i].min;
	r->int_max = bsons[i].max;
	r->has_int = (bsons[i].max != 0);
}

/* A name or a list of names. */
static void
take_names(struct rules * r, const struct json_node * arg, struct faults * f,
    void (* take)(struct rules *, const struct json_node *, struct faults *))
{
	const struct json_node * e;

	if (json_kind(arg) != JSON_ARRAY) {
		take(r, arg, f);
		return;
	}
	if (json_count(arg) == 0)
		fault(f, arg, "the list is empty");
	for (e = json_first(arg); e != NULL; e = json_next(e))
		take(r, e, f);
}

static void
take_type(struct rules * r, const struct json_node * arg, int what,
    struct faults * f)
{

	(void)what;
	take_names(r, arg, f, take_type_name);
}

static void
take_bson(struct rules * r, const struct json_node * arg, int what,
    struct faults * f)
{

	(void)what;
	r->says_string = 1;
	take_names(r, arg, f, take_bson_name);
}

static void
take_format(struct rules * r, const struct json_node * arg, int what,
    struct faults * f)
{
	const char * name = json_text(arg, NULL);

	(void)what;
	r->says_string = 1;
	if (name == NULL || (r->format = format_named(name)) == FORMAT_NONE)
		fault(f, arg, "format is one of %s; for others use pattern",
		    format_names());
}

static void
take_encoding(struct rules * r, const struct json_node * arg, int what,
    struct faults * f)
{
	const char * name = json_text(arg, NULL);

	(void)what;
	r->says_string = 1;
	if (name == NULL || strcmp(name, "base64") != 0)
		fault(f, arg, "contentEncoding can only be base64");
	else if (r->carrier == FORMAT_NONE)
		r->carrier = FORMAT_BASE64;
}

static void
take_pattern(struct rules * r, const struct json_node * arg, int what,
    struct faults * f)
{
	char err[256];
	const char * p;
	size_t n;

	(void)what;
	if ((p = json_text(arg, &n)) == NULL)
		fault(f, arg, "pattern is a string");
	else if ((r->pattern = regex_new(p, n, err, sizeof err)) == NULL)
		fault(f, arg, "not a pattern: %s", err);
}

/* minLength, minItems: a whole number; bit 0 of ${what}: the maximum. */
enum { LENGTH_MIN, LENGTH_MAX, COUNT_MIN, COUNT_MAX };
static void
take_range(struct rules * r, const struct json_node * arg, int what,
    struct faults * f)
{
	struct range * range = what <= LENGTH_MAX ? &r->length : &r->count;
	uint64_t n;

	if (json_uint64(arg, &n) == -1) {
		fault(f, arg, "a whole number from 0 on is expected");
		return;
	}
	if (!range->there)
		*range = (struct range) { 0, UINT64_MAX, 1 };
	if (what & 1)
		range->max = n;
	else
		range->min = n;
}

static void
take_unique(struct rules * r, const struct json_node * arg, int what,
    struct faults * f)
{

	(void)what;
	if (json_kind(arg) != JSON_BOOL)
		fault(f, arg, "uniqueItems is true or false");
	r->unique = json_true(arg);
}

static void
take_bound(struct rules * r, const struct json_node * arg, int what,
    struct faults * f)
{
	struct bound * b = &r->bound[what];

	if (json_kind(arg) != JSON_NUMBER) {
		fault(f, arg, "a number is expected");
		return;
	}
	b->text = copy(arg);
	if (decimal_read(b->text->v.p, b->text->v.n, &b->d) == -1) {
		fault(f, arg, "the exponent is too large");
		return;
	}
	b->fits = scan_int64(&b->text->v, &b->i) == 0;
	r->numeric = 1;
	if (what == BOUND_MULTIPLE && (b->d.minus || b->d.digits == 0 ||
	    b->d.digits > DECIMAL_FACTOR_DIGITS))
		fault(f, arg, "multipleOf is above 0, with at most %d digits",
		    DECIMAL_FACTOR_DIGITS);
}

static void
take_digits(struct rules * r, const struct json_node * arg, int what,
    struct faults * f)
{
	int64_t * to = what ? &r->scale : &r->precision;

	if (json_int64(arg, to) == -1 || *to < !what || *to > 1000)
		fault(f, arg, "a whole number from %d to 1000 is expected",
		    !what);
	r->numeric = 1;
}

static int
compare_choices(const void * va, const void * vb)
{
	const struct choice * a = va;
	const struct choice * b = vb;

	return ((a->hash > b->hash) - (a->hash < b->hash));
}

static void
add_choice(struct rules * r, const struct json_node * node)
{
	struct choice * c;

	r->choice = mem_grow(r->choice, r->nchoice + 1, sizeof *r->choice);
	c = &r->choice[r->nchoice++];
	c->v = copy(node);
	c->hash = value_hash(c->v);
}

static void
take_choice(struct rules * r, const struct json_node * arg, int what,
    struct faults * f)
{
	const struct json_node * e;

	if (r->choice_rule != NULL) {
		fault_key(f, arg, "enum and const don't go together");
		return;
	}
	r->choice_rule = what ? "const" : "enum";
	if (what) {
		add_choice(r, arg);
		return;
	}
	if (json_kind(arg) != JSON_ARRAY || json_count(arg) == 0)
		fault(f, arg, "enum is a list of values");
	for (e = json_first(arg); e != NULL; e = json_next(e))
		add_choice(r, e);
	if (r->nchoice > 0)
		qsort(r->choice, r->nchoice, sizeof *r->choice,
		    compare_choices);
}

static const struct keyword {
	const char * name;
	void (* take)(struct rules *, const struct json_node *, int,
	    struct faults *);
	int what;
} keywords[] = {
	{ "type", take_type, 0 },
	{ "bsonType", take_bson, 0 },
	{ "format", take_format, 0 },
	{ "contentEncoding", take_encoding, 0 },
	{ "pattern", take_pattern, 0 },
	{ "minLength", take_range, LENGTH_MIN },
	{ "maxLength", take_range, LENGTH_MAX },
	{ "minItems", take_range, COUNT_MIN },
	{ "maxItems", take_range, COUNT_MAX },
	{ "uniqueItems", take_unique, 0 },
	{ "minimum", take_bound, BOUND_MIN },
	{ "maximum", take_bound, BOUND_MAX },
	{ "exclusiveMinimum", take_bound, BOUND_ABOVE },
	{ "exclusiveMaximum", take_bound, BOUND_BELOW },
	{ "multipleOf", take_bound, BOUND_MULTIPLE },
	{ "precision", take_digits, 0 },
	{ "scale", take_digits, 1 },
	{ "enum", take_choice, 0 },
	{ "const", take_choice, 1 }
};

int
rules_keyword(struct rules * r, const char * key,
    const struct json_node * arg, struct faults * f)
{
	size_t i;

	for (i = 0; i < N(keywords); i++) {
		if (strcmp(key, keywords[i].name) == 0) {
			keywords[i].take(r, arg, keywords[i].what, f);
			return (1);
		}
	}
	return (0);
}

const char *
rules_keyword_name(size_t i)
{

	return (i < N(keywords) ? keywords[i].name : NULL);
}

void
rules_set_items(struct rules * r, struct rules * items)
{

	r->items = items;
}

static struct member *
find_member(struct rules * r, const char * name, size_t n)
{
	size_t i;

	for (i = 0; i < r->nmember; i++) {
		if (r->member[i].n == n &&
		    memcmp(r->member[i].name, name, n) == 0)
			return (&r->member[i]);
	}
	r->member = mem_grow(r->member, r->nmember + 1, sizeof *r->member);
	r->member[r->nmember] = (struct member) { mem_text(name, n), n, NULL,
	    0 };
	return (&r->member[r->nmember++]);
}

void
rules_add_member(struct rules * r, const char * name, struct rules * member)
{

	find_member(r, name, strlen(name))->rules = member;
}

void
rules_require(struct rules * r, const char * name)
{

	find_member(r, name, strlen(name))->required = 1;
	r->nrequired++;
}

void
rules_close(struct rules * r)
{

	r->closed = 1;
}

/* Which of the kinds that pass need more than a look at their kind? */
static unsigned
deep_kinds(const struct rules * r)
{
	unsigned deep = 0;

	if (r->choice_rule != NULL)
		return (r->kinds);
	if (r->length.there || r->pattern != NULL || r->format ||
	    r->carrier || (r->decimal && r->numeric))
		deep |= KIND(SCAN_STRING);
	if (r->numeric || r->has_int || r->carrier == FORMAT_DECIMAL128)
		deep |= KINDS_NUM;
	if (r->count.there || r->unique || r->items != NULL)
		deep |= KIND(SCAN_ARRAY);
	if (r->nmember > 0 || r->closed)
		deep |= KIND(SCAN_OBJECT);
	return (r->kinds & deep);
}

void
rules_set_decimal(struct rules * r, int on)
{

	r->decimal = (on || r->format == FORMAT_DECIMAL ||
	    r->carrier == FORMAT_DECIMAL128);
	r->deep = deep_kinds(r);
}

static int
crossed(const struct bound * low, const struct bound * high)
{

	return (low->text != NULL && high->text != NULL &&
	    decimal_compare(&low->d, &high->d) > 0);
}

void
rules_seal(struct rules * r, const struct json_node * at, struct faults * f)
{
	const struct bound * b = r->bound;

	r->kinds = KINDS_ALL;
	if (r->type != 0)
		r->kinds &= r->type;
	if (r->bson != 0)
		r->kinds &= r->bson;
	if (r->kinds == 0)
		fault(f, at, "no value has this type and this bsonType");
	if (r->length.there && r->length.min > r->length.max)
		fault(f, at, "minLength is above maxLength");
	if (r->count.there && r->count.min > r->count.max)
		fault(f, at, "minItems is above maxItems");
	if (crossed(&b[BOUND_MIN], &b[BOUND_MAX]) ||
	    crossed(&b[BOUND_ABOVE], &b[BOUND_BELOW]))
		fault(f, at, "the minimum is above the maximum");
	if (r->precision != -1 && r->scale > r->precision)
		fault(f, at, "scale is above precision");
	rules_set_decimal(r, 0);
}

unsigned
rules_kinds(const struct rules * r)
{

	return (r->kinds);
}

unsigned
rules_deep(const struct rules * r)
{

	return (r->deep);
}

int
rules_decimal(const struct rules * r)
{

	return (r->decimal);
}

int
rules_says_string(const struct rules * r)
{

	return (r->says_string);
}
