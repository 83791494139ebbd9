#include <string.h>

#include "message.h"

/* The byte behind a value. */
static const char *
behind(const struct scan_value * v)
{
	size_t n;
	const char * p = scan_raw(v, &n);

	return (p + n);
}

static void
open_line(struct scan_iter * it, const struct record * r)
{
	struct scan_value whole;
	struct scan_error err;

	/* The line was read before, so it can't fail. */
	scan_value(scan_space(r->line, r->line + r->len), r->line + r->len,
	    &whole, &err);
	scan_open(it, &whole);
}

void
message_put_head(struct buf * out, const struct record * r, char op)
{
	struct scan_value key, val;
	struct scan_iter it;

	open_line(&it, r);
	buf_putc(out, '{');
	while (scan_member(&it, &key, &val)) {
		if (val.p >= r->record.p || scan_equal(&key, "op", 2))
			continue;
		buf_put(out, key.p - 1, (size_t)(behind(&val) - key.p + 1));
		buf_putc(out, ',');
	}
	buf_printf(out, "\"op\":\"%c\",\"record\":", op);
}

void
message_put_tail(struct buf * out, const struct record * r, char op)
{
	struct scan_value key, val;
	struct scan_iter it;

	open_line(&it, r);
	while (scan_member(&it, &key, &val)) {
		if (val.p <= r->record.p || scan_equal(&key, "reject", 6) ||
		    (op != 0 && scan_equal(&key, "op", 2)))
			continue;
		buf_putc(out, ',');
		buf_put(out, key.p - 1, (size_t)(behind(&val) - key.p + 1));
	}
	buf_puts(out, "}\n");
}

/* Is ${key} the count ${name}?  Then write it as ${n}. */
static int
put_count(struct buf * out, const struct scan_value * key, const char * name,
    uint64_t n, int * done)
{

	if (!scan_equal(key, name, strlen(name)))
		return (0);
	buf_printf(out, "\"%s\":", name);
	buf_put_u64(out, n);
	*done = 1;
	return (1);
}

static void
add_count(struct buf * out, const char * name, uint64_t n, int done)
{

	if (!done && n > 0)
		buf_printf(out, ",\"%s\":%ju", name, (uintmax_t)n);
}

void
message_put_state(struct buf * out, const struct record * r,
    uint64_t records, uint64_t rejected, uint64_t filtered)
{
	struct scan_value key, val;
	struct scan_iter it;
	const char * comma = "{";
	int has[3] = { 0, 0, 0 };

	open_line(&it, r);
	while (scan_member(&it, &key, &val)) {
		buf_puts(out, comma);
		comma = ",";
		if (put_count(out, &key, "records", records, &has[0]) ||
		    put_count(out, &key, "rejected", rejected, &has[1]) ||
		    put_count(out, &key, "filtered", filtered, &has[2]))
			continue;
		buf_put(out, key.p - 1, (size_t)(behind(&val) - key.p + 1));
	}
	add_count(out, "rejected", rejected, has[1]);
	add_count(out, "filtered", filtered, has[2]);
	buf_puts(out, "}\n");
}
