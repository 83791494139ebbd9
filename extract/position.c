#include <string.h>

#include "../common/scan.h"
#include "../common/timestamp.h"
#include "cell_fast.h"
#include "query.h"

#include "position.h"

#define YEAR_0_US	(timestamp_days(0, 1, 1) * INT64_C(86400000000))
#define YEAR_10000_US	(timestamp_days(10000, 1, 1) * INT64_C(86400000000))

void
position_clear_key(struct position * pos)
{

	pos->nkey = 0;
	buf_clear(&pos->raw);
}

void
position_clear(struct position * pos)
{

	pos->time.n = 0;
	position_clear_key(pos);
}

static inline void
add_key(struct position * pos, const char * p, size_t n)
{

	fast_copy(buf_room(&pos->raw, n), p, n);
	pos->raw.n += n;
	pos->end[pos->nkey++] = pos->raw.n;
}

void
position_set(struct position * pos, const struct catalog_table * t,
    const struct cell_row * row)
{
	size_t i, col;

	position_clear(pos);
	if (t->change != CATALOG_NONE && row->p[t->change] != NULL &&
	    row->n[t->change] <= sizeof pos->time.p) {
		pos->time.n = row->n[t->change];
		memcpy(pos->time.p, row->p[t->change], pos->time.n);
	}
	for (i = 0; i < t->nkey; i++) {
		col = t->key[i];
		add_key(pos, row->p[col], row->n[col]);
	}
}

const char *
position_key(const struct position * pos, size_t i, size_t * n)
{
	size_t start = i == 0 ? 0 : pos->end[i - 1];

	*n = pos->end[i] - start;
	return (pos->raw.p + start);
}

void
position_copy(struct position * to, const struct position * from)
{

	position_clear(to);
	to->time = from->time;
	to->nkey = from->nkey;
	memcpy(to->end, from->end, sizeof to->end);
	buf_put(&to->raw, from->raw.p, from->raw.n);
}

/* The length of a value of the column: 19, and decimals. */
static size_t
time_length(const struct catalog_column * c)
{

	return (c->fraction == 0 ? 19 : 20 + (size_t)c->fraction);
}

static int64_t
offset_of(const struct catalog_column * c, const struct cell_env * env)
{

	return (c->kind == CELL_DATETIME ? env->offset_us : 0);
}

void
position_time_at(struct position_time * dst, const struct catalog_column * c,
    const struct cell_env * env, int64_t us)
{
	char text[TIMESTAMP_LEN];

	us += offset_of(c, env);
	if (us < YEAR_0_US)
		us = YEAR_0_US;
	if (us >= YEAR_10000_US)
		us = YEAR_10000_US - 1;
	timestamp_format(us, text);
	text[10] = ' ';

	/* What is cut off is the rest of a unit: rounded down. */
	dst->n = time_length(c);
	memcpy(dst->p, text, dst->n);
}

int
position_time_compare(const struct position_time * a,
    const struct position_time * b)
{
	size_t n = a->n < b->n ? a->n : b->n;
	int rc = memcmp(a->p, b->p, n);

	return (rc != 0 ? rc : (a->n > b->n) - (a->n < b->n));
}

/* A time as JSON: RFC 3339; a date of no calendar stays as it is. */
static void
print_time(struct buf * b, const struct position_time * t,
    const struct catalog_column * c, const struct cell_env * env)
{
	char text[CELL_TIME_LEN];

	buf_putc(b, '"');
	if (cell_time(text, c->kind, env, t->p, t->n) == 0)
		buf_put(b, text, sizeof text);
	else
		buf_put(b, t->p, t->n);
	buf_putc(b, '"');
}

/* A field of a key as JSON.  It was printed as such in its row before. */
static void
print_field(struct buf * b, const struct catalog_column * c,
    struct cell_env * env, const char * p, size_t n)
{
	struct cell_env plain = *env;
	size_t start = b->n;

	/* Dates of no calendar stay exact here, whatever the rows get. */
	plain.dates = CELL_DATES_STRING;
	plain.replace = 0;
	if (cell_put(b, c->kind, &plain, p, n) != NULL) {
		b->n = start;
		buf_puts(b, "null");
	}
}

static void
print_key(struct buf * b, const struct position * pos,
    const struct catalog_table * t, struct cell_env * env)
{
	const char * p;
	size_t i, n;

	buf_puts(b, "\"key\":[");
	for (i = 0; i < pos->nkey; i++) {
		if (i != 0)
			buf_putc(b, ',');
		p = position_key(pos, i, &n);
		print_field(b, &t->column[t->key[i]], env, p, n);
	}
	buf_putc(b, ']');
}

static void
print_key_names(struct buf * b, const struct catalog_table * t)
{
	const char * name;
	size_t i;

	buf_puts(b, "\"key_properties\":[");
	for (i = 0; i < t->nkey; i++) {
		if (i != 0)
			buf_putc(b, ',');
		name = t->column[t->key[i]].name;
		(void)scan_put_text(b, name, strlen(name));
	}
	buf_putc(b, ']');
}

/* ${member} and an instant. */
static void
print_instant(struct buf * b, const char * member, int64_t us)
{
	char text[TIMESTAMP_LEN];

	timestamp_format(us, text);
	buf_puts(b, member);
	buf_putc(b, '"');
	buf_put(b, text, sizeof text);
	buf_putc(b, '"');
}

static void
print_mark(struct buf * b, const struct bound_mark * m)
{

	print_instant(b, ",\"clock\":{\"now\":", m->now_us);
	print_instant(b, ",\"final\":", m->safe_us);
	if (m->guessed)
		buf_puts(b, ",\"guessed\":true");
	if (m->boot[0] != '\0') {
		buf_printf(b, ",\"boot\":\"%s\",\"up\":", m->boot);
		buf_put_u64(b, m->up_us);
	}
	buf_putc(b, '}');
}

void
bookmark_print(struct buf * b, const struct bookmark * bm,
    const struct catalog_table * t, struct cell_env * env)
{
	const struct catalog_column * c = NULL;

	buf_putc(b, '{');
	if (t->change != CATALOG_NONE) {
		c = &t->column[t->change];
		buf_puts(b, "\"replication_key\":");
		(void)scan_put_text(b, c->name, strlen(c->name));
		if (bm->at.time.n > 0) {
			buf_puts(b, ",\"replication_key_value\":");
			print_time(b, &bm->at.time, c, env);
		}
		buf_putc(b, ',');
	}
	print_key(b, &bm->at, t, env);
	buf_putc(b, ',');
	print_key_names(b, t);
	buf_puts(b, ",\"epoch\":");
	buf_put_u64(b, bm->epoch);
	if (bm->nulls_at != 0)
		print_instant(b, ",\"nulls_at\":", bm->nulls_at);
	if (bm->mark.now_us != 0)
		print_mark(b, &bm->mark);
	if (bm->scanning) {
		buf_puts(b, ",\"scan\":{");
		if (c != NULL && bm->to.n > 0) {
			buf_puts(b, "\"to\":");
			print_time(b, &bm->to, c, env);
			buf_putc(b, ',');
		}
		print_key(b, &bm->scan, t, env);
		buf_putc(b, '}');
	}
	if (bm->definition.n > 0) {
		buf_puts(b, ",\"definition\":");
		buf_put(b, bm->definition.p, bm->definition.n);
	}
	buf_putc(b, '}');
}

#define DAY_LEN		10
#define ZERO_TIME	"0000-00-00 00:00:00.000000"

/* Is it ${zero}, or what that begins with, with other digits? */
static int
is_like(const char * zero, const char * p, size_t n)
{
	size_t i;

	for (i = 0; i < n && zero[i] != '\0'; i++) {
		if (zero[i] == '0' ? (unsigned char)(p[i] - '0') > 9 :
		    p[i] != zero[i])
			return (0);
	}
	return (i == n);
}

static int
is_day_or_time(const char * p, size_t n)
{

	return (is_like(ZERO_TIME, p, n));
}

/* A TIME, with two digits for its hours, or three. */
static int
is_span_of_time(const char * p, size_t n)
{
	static const char zero[] = "000:00:00.000000";
	size_t minus = (n > 0 && *p == '-');
	size_t two = (n - minus > 2 && p[minus + 2] == ':');
	size_t whole = strlen("000:00:00") - two;

	p += minus;
	n -= minus;
	return ((n == whole || n > whole + 1) && is_like(zero + two, p, n));
}

/*
 * Read a time back.  ${cut} is set if the column is coarser now than it was
 * then: a key beside the time means nothing any more.  Return 0, or -1.
 */
static int
parse_time(struct position_time * dst, const struct json_node * node,
    const struct catalog_column * c, const struct cell_env * env, int * cut)
{
	struct position_time fine;
	struct catalog_column micros;
	const char * p;
	size_t n;
	int64_t us;

	*cut = 0;
	if ((p = json_text(node, &n)) == NULL)
		return (-1);
	if (timestamp_parse(p, n, &us) == 0) {
		micros = *c;
		micros.fraction = 6;
		position_time_at(dst, c, env, us);
		position_time_at(&fine, &micros, env, us);
		*cut = strspn(fine.p + dst->n, ".0") + dst->n < fine.n;
		return (0);
	}
	if (!is_day_or_time(p, n) || n < 19)
		return (-1);
	dst->n = time_length(c);
	memcpy(dst->p, ZERO_TIME, sizeof dst->p);
	memcpy(dst->p, p, n);
	*cut = n > dst->n;
	return (0);
}

/* Append the bytes of base64 text.  Return 0, or -1 if it isn't. */
static int
decode_base64(struct buf * b, const char * p, size_t n)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const char * d;
	uint32_t v = 0;
	size_t i, pad = 0;

	if (n % 4 != 0)
		return (-1);
	if (n > 0 && p[n - 1] == '=')
		pad = p[n - 2] == '=' ? 2 : 1;
	for (i = 0; i < n; i++) {
		d = i < n - pad && p[i] != '\0' ? strchr(digits, p[i]) :
		    digits;
		if (d == NULL || (i < n - pad && p[i] == '\0'))
			return (-1);
		v = v << 6 | (uint32_t)(d - digits);
		if (i % 4 != 3)
			continue;
		buf_putc(b, (char)(v >> 16));
		if (i + 1 < n || pad < 2)
			buf_putc(b, (char)(v >> 8));
		if (i + 1 < n || pad < 1)
			buf_putc(b, (char)v);
		v = 0;
	}
	return (0);
}

/* The elements of a SET, with commas between. */
static int
join_set(struct buf * b, const struct json_node * node)
{
	const struct json_node * e;
	const char * p;
	size_t n, start = b->n;

	if (json_kind(node) != JSON_ARRAY)
		return (-1);
	for (e = json_first(node); e != NULL; e = json_next(e)) {
		if ((p = json_text(e, &n)) == NULL)
			return (-1);
		if (b->n > start)
			buf_putc(b, ',');
		buf_put(b, p, n);
	}
	return (0);
}

static int
is_number_text(const char * p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if ((unsigned char)(p[i] - '0') > 9 && p[i] != '-' &&
		    p[i] != '+' && p[i] != '.' && p[i] != 'e' && p[i] != 'E')
			return (0);
	}
	return (n > 0);
}

/*
 * Append the field of the column ${c} that ${node} shows, as the server
 * writes it.  Return 0, or -1 if it is no value of such a column.
 */
static int
parse_field(struct buf * b, const struct json_node * node,
    const struct catalog_column * c, const struct cell_env * env)
{
	struct position_time time;
	const char * p;
	size_t n, start = b->n;
	uint64_t number;
	int cut;

	p = json_text(node, &n);
	switch (c->kind) {
	case CELL_INT:
	case CELL_ZEROFILL:
	case CELL_NUMBER:
		if (json_kind(node) != JSON_NUMBER)
			return (-1);
		p = json_raw(node, &n);
		break;
	case CELL_DECIMAL:
	case CELL_DECIMAL_ZEROFILL:
		if (p == NULL || !is_number_text(p, n))
			return (-1);
		break;
	case CELL_TIMESTAMP:
	case CELL_DATETIME:
		if (parse_time(&time, node, c, env, &cut) == -1 || cut)
			return (-1);
		p = time.p;
		n = time.n;
		break;
	case CELL_DATE:
		/* MongoDB has it as its midnight. */
		if (p != NULL && n == CELL_TIME_LEN &&
		    memcmp(p + 10, "T00:00:00.000000Z", 17) == 0)
			n = DAY_LEN;
		if (p == NULL || n != DAY_LEN || !is_day_or_time(p, n))
			return (-1);
		break;
	case CELL_TIME:
		if (p == NULL || !is_span_of_time(p, n))
			return (-1);
		break;
	case CELL_BINARY:
		return (p == NULL ? -1 : decode_base64(b, p, n));
	case CELL_SET:
		if (join_set(b, node) == -1)
			return (-1);
		return (query_member_number(c, b->p + start, b->n - start,
		    &number));
	case CELL_TEXT:
		if (p == NULL || (c->nmember > 0 &&
		    query_member_number(c, p, n, &number) == -1))
			return (-1);
		break;
	default:
		return (-1);
	}
	buf_put(b, p, n);
	return (0);
}

/* Is the list of names that of the key's columns? */
static int
same_key_names(const struct json_node * names, const struct catalog_table * t)
{
	const struct json_node * e;
	const char * p;
	size_t i = 0;

	for (e = json_first(names); e != NULL; e = json_next(e), i++) {
		p = json_text(e, NULL);
		if (p == NULL || i == t->nkey || strcmp(p,
		    t->column[t->key[i]].name) != 0)
			return (0);
	}
	return (i == t->nkey);
}

/* Rows are found by another key now, and so are their documents. */
static void
other_key(const struct json_node * names, const struct catalog_table * t,
    struct buf * why)
{
	const struct json_node * e;
	const char * p, * comma = "";

	buf_puts(why, "the key was (");
	for (e = json_first(names); e != NULL; e = json_next(e)) {
		p = json_text(e, NULL);
		buf_printf(why, "%s%s", comma, p != NULL ? p : "?");
		comma = ", ";
	}
	buf_puts(why, "), and is (");
	catalog_key_names(t, why);
	buf_puts(why, "): documents would get other _ids beside those that "
	    "are there; start again with --full, then remove the old ones "
	    "with verify --repair");
}

/*
 * Read a key.  Return 0 (with nkey 0 if there is none), or -1 if it isn't
 * one of the table as it is now.
 */
static int
parse_key(struct position * pos, const struct json_node * key,
    const struct catalog_table * t, const struct cell_env * env)
{
	const struct json_node * e;
	size_t i = 0;

	position_clear_key(pos);
	if (key == NULL || (json_kind(key) == JSON_ARRAY &&
	    json_count(key) == 0))
		return (0);
	if (json_kind(key) != JSON_ARRAY || json_count(key) != t->nkey)
		return (-1);
	for (e = json_first(key); e != NULL; e = json_next(e), i++) {
		if (parse_field(&pos->raw, e, &t->column[t->key[i]], env) ==
		    -1) {
			position_clear_key(pos);
			return (-1);
		}
		pos->end[i] = pos->raw.n;
	}
	pos->nkey = t->nkey;
	return (0);
}

int
position_key_parse(struct position * pos, const struct json_node * node,
    const struct catalog_table * t, const struct cell_env * env)
{

	position_clear(pos);
	return (parse_key(pos, node, t, env) == 0 && pos->nkey > 0 ? 0 : -1);
}

/* Is it about the change column that is in use now? */
static int
check_change(const struct json_node * node, const struct catalog_table * t,
    struct buf * why)
{
	const char * then = json_text(json_get(node, "replication_key"),
	    NULL);
	const char * now = t->change == CATALOG_NONE ? NULL :
	    t->column[t->change].name;

	if (then == NULL && now == NULL)
		return (0);
	if (then != NULL && now != NULL && strcmp(then, now) == 0)
		return (0);
	if (then == NULL)
		buf_printf(why, "the bookmark was made without a change "
		    "column, now %s would be used", now);
	else
		buf_printf(why, "the bookmark is about the change column %s, "
		    "now %s would be used", then, now == NULL ? "none" : now);
	buf_printf(why, "; start again with --full%s", then != NULL ?
	    ", or name the column with --change" : "");
	return (-1);
}

/* The place in a reading by key. */
static int
parse_scan(struct bookmark * bm, const struct json_node * scan,
    const struct catalog_table * t, const struct cell_env * env,
    struct buf * why)
{
	const struct json_node * to = json_get(scan, "to");
	int cut;

	bm->scanning = 1;
	if (json_kind(scan) != JSON_OBJECT || (to == NULL) != (t->change ==
	    CATALOG_NONE) || (to != NULL && parse_time(&bm->to, to,
	    &t->column[t->change], env, &cut) == -1)) {
		buf_puts(why, "the bookmark's \"scan\" can't be read");
		return (-1);
	}
	if (parse_key(&bm->scan, json_get(scan, "key"), t, env) == -1) {
		buf_puts(why, "the bookmark stands in the middle of a reading "
		    "by key, and is no key of the table as it is now; start "
		    "again with --full");
		return (-1);
	}
	return (0);
}

/* Read an instant.  Return 0, or -1. */
static int
parse_instant(const struct json_node * node, int64_t * us)
{
	const char * p;
	size_t n;

	return ((p = json_text(node, &n)) == NULL ? -1 :
	    timestamp_parse(p, n, us));
}

/* What was known of the server's clock.  Return 0, or -1. */
static int
parse_mark(struct bound_mark * m, const struct json_node * node)
{
	const struct json_node * e = json_get(node, "boot");
	const char * boot = json_text(e, NULL);
	size_t i;

	if (json_kind(node) != JSON_OBJECT ||
	    parse_instant(json_get(node, "now"), &m->now_us) == -1 ||
	    parse_instant(json_get(node, "final"), &m->safe_us) == -1)
		return (-1);
	m->guessed = json_true(json_get(node, "guessed"));
	if (e == NULL)
		return (0);
	if (boot == NULL || strlen(boot) != BOUND_BOOT_LEN ||
	    json_uint64(json_get(node, "up"), &m->up_us) == -1)
		return (-1);
	for (i = 0; boot[i] != '\0'; i++) {
		if (strchr("0123456789abcdef-", boot[i]) == NULL)
			return (-1);
	}
	memcpy(m->boot, boot, sizeof m->boot);
	return (0);
}

int
bookmark_parse(struct bookmark * bm, const struct json_node * node,
    const struct catalog_table * t, const struct cell_env * env,
    struct buf * why)
{
	const struct json_node * value, * scan, * names, * e;
	const char * p;
	size_t n;
	int cut = 0;

	if (json_kind(node) != JSON_OBJECT) {
		buf_puts(why, "the bookmark is no object");
		return (-1);
	}
	if ((e = json_get(node, "epoch")) != NULL &&
	    json_uint64(e, &bm->epoch) == -1) {
		buf_puts(why, "the bookmark's \"epoch\" is no whole number");
		return (-1);
	}
	if (check_change(node, t, why) == -1)
		return (-1);
	if ((e = json_get(node, "nulls_at")) != NULL &&
	    parse_instant(e, &bm->nulls_at) == -1) {
		buf_puts(why, "the bookmark's \"nulls_at\" is no time");
		return (-1);
	}
	if ((e = json_get(node, "definition")) != NULL) {
		p = json_raw(e, &n);
		buf_put(&bm->definition, p, n);
	}
	if ((e = json_get(node, "clock")) != NULL &&
	    parse_mark(&bm->mark, e) == -1) {
		buf_puts(why, "the bookmark's \"clock\" can't be read");
		return (-1);
	}
	names = json_get(node, "key_properties");
	value = json_get(node, "replication_key_value");
	if (value != NULL && (t->change == CATALOG_NONE ||
	    parse_time(&bm->at.time, value, &t->column[t->change], env,
	    &cut) == -1)) {
		buf_puts(why, "the bookmark's \"replication_key_value\" is no "
		    "time");
		return (-1);
	}

	if (names != NULL && !same_key_names(names, t)) {
		other_key(names, t, why);
		return (-1);
	}

	/* Without its key, all rows of that time are read again. */
	if (cut || value == NULL ||
	    parse_key(&bm->at, json_get(node, "key"), t, env) == -1)
		position_clear_key(&bm->at);
	if ((scan = json_get(node, "scan")) != NULL)
		return (parse_scan(bm, scan, t, env, why));
	if (value == NULL && t->change != CATALOG_NONE) {
		buf_puts(why, "the bookmark has neither "
		    "\"replication_key_value\" nor \"scan\"");
		return (-1);
	}
	return (0);
}

void
bookmark_free(struct bookmark * bm)
{

	buf_free(&bm->at.raw);
	buf_free(&bm->scan.raw);
	buf_free(&bm->definition);
}
