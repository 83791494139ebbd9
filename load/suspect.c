#include <string.h>

#include "../common/timestamp.h"

#include "suspect.h"

static int
take_digest(const struct scan_value * v, uint8_t * dst)
{

	return (v->kind == SCAN_STRING ? digest_unhex(v->p, v->n, dst,
	    DIGEST_LEN) : -1);
}

static int
take_version(const struct scan_value * v, struct suspect * s)
{

	if (v->kind == SCAN_NULL)
		return (0);
	if (v->kind != SCAN_STRING || v->n > sizeof s->seen ||
	    !resolve_is_version(v->p, v->n))
		return (-1);
	memcpy(s->seen, v->p, v->n);
	s->seen_n = v->n;
	return (0);
}

/* One member of the object. */
static int
take(const struct scan_value * key, const struct scan_value * v,
    struct suspect * s, unsigned * had)
{
	uint64_t n;

	if (scan_equal(key, "generation", 10)) {
		*had |= 1;
		if (scan_uint64(v, &n) == -1 || n == 0 || n > 1000000000)
			return (-1);
		s->generation = (unsigned)n;
	} else if (scan_equal(key, "since", 5)) {
		*had |= 2;
		return (v->kind == SCAN_STRING ? timestamp_parse(v->p, v->n,
		    &s->since_us) : -1);
	} else if (scan_equal(key, "there", 5)) {
		*had |= 4;
		s->there = v->kind == SCAN_TRUE;
	} else if (scan_equal(key, "seen", 4)) {
		*had |= 8;
		return (take_version(v, s));
	} else if (scan_equal(key, "source", 6)) {
		*had |= 16;
		return (take_digest(v, s->source));
	} else if (scan_equal(key, "target", 6)) {
		*had |= 32;
		return (take_digest(v, s->target));
	}
	return (0);
}

int
suspect_read(const char * line, size_t n, struct suspect * s)
{
	struct scan_value whole, key, val, found = { NULL, 0, 0, 0, 0, 0 };
	struct scan_error err;
	struct scan_iter it;
	unsigned had = 0;

	memset(s, 0, sizeof *s);
	if (scan_value(scan_space(line, line + n), line + n, &whole, &err) ==
	    NULL)
		return (-1);
	scan_open(&it, &whole);
	while (scan_member(&it, &key, &val)) {
		if (scan_equal(&key, "suspect", 7))
			found = val;
	}
	if (found.p == NULL)
		return (0);
	if (found.kind != SCAN_OBJECT)
		return (-1);
	scan_open(&it, &found);
	while (scan_member(&it, &key, &val)) {
		if (take(&key, &val, s, &had) == -1)
			return (-1);
	}
	return (had == 63 ? 1 : -1);
}

void
suspect_renew(struct suspect * s, const struct suspect * before,
    int64_t now_us)
{
	int same;

	s->generation = 1;
	s->since_us = now_us;
	if (before == NULL)
		return;
	s->since_us = before->since_us;
	same = s->there == before->there &&
	    memcmp(s->source, before->source, DIGEST_LEN) == 0 &&
	    memcmp(s->target, before->target, DIGEST_LEN) == 0;
	if (same)
		s->generation = before->generation + 1;
}

static void
put_digest(struct buf * out, const char * name, const uint8_t * p)
{
	char text[2 * DIGEST_LEN];

	digest_hex(p, DIGEST_LEN, text);
	buf_printf(out, ",\"%s\":\"%.*s\"", name, (int)sizeof text, text);
}

void
suspect_put(const struct suspect * s, struct buf * out)
{
	char since[TIMESTAMP_LEN];

	timestamp_format(s->since_us, since);
	buf_printf(out, "{\"generation\":%u,\"since\":\"%.*s\",\"there\":%s,"
	    "\"seen\":", s->generation, TIMESTAMP_LEN, since,
	    s->there ? "true" : "false");
	if (s->seen_n > 0)
		buf_printf(out, "\"%.*s\"", (int)s->seen_n, s->seen);
	else
		buf_puts(out, "null");
	put_digest(out, "source", s->source);
	put_digest(out, "target", s->target);
	buf_putc(out, '}');
}

size_t
suspect_version(const struct suspect * s, uint64_t * pos, size_t max)
{
	size_t i, k, n = 0;
	uint64_t v;
	char c;

	if (s->seen_n == 0) {
		pos[0] = 0;
		return (1);
	}
	for (i = 0; i + 16 <= s->seen_n && n < max; i += 17) {
		for (v = 0, k = 0; k < 16; k++) {
			c = s->seen[i + k];
			v = v << 4 | (uint64_t)(c <= '9' ? c - '0' : (c | 32) -
			    'a' + 10);
		}
		pos[n++] = v;
	}
	return (n);
}
