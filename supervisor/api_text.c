#include <string.h>

#include "../common/json.h"
#include "../common/scan.h"

#include "schedule.h"

#include "api.h"

/*
 * What stands in requests.
 */

/* Is it {"minutes":NUMBER}, or null?  Return 0, or -1. */
static int
minutes_of(const struct json_node * root, int64_t * us)
{
	const struct json_node * v = json_get(root, "minutes");
	const char * raw;
	char text[32];
	size_t n;

	if (v == NULL || json_count(root) != 1)
		return (-1);
	*us = 0;
	if (json_kind(v) == JSON_NULL)
		return (0);
	raw = json_raw(v, &n);
	if (json_kind(v) != JSON_NUMBER || n >= sizeof text)
		return (-1);
	memcpy(text, raw, n);
	text[n] = '\0';
	return (schedule_minutes(text, us));
}

unsigned
api_minutes(const char * body, size_t n, int64_t * us, const char ** code,
    const char ** why)
{
	struct json * doc;
	int rc;

	*code = "bad_json";
	*why = "Send {\"minutes\":15}.";
	if (n == 0 || (doc = json_parse(body, n, NULL)) == NULL)
		return (400);
	rc = json_kind(json_root(doc)) == JSON_OBJECT ?
	    minutes_of(json_root(doc), us) : -1;
	json_free(doc);
	if (rc == 0)
		return (0);
	*code = "bad_value";
	*why = "Send {\"minutes\":15}, a number from 0.017 (a second) to "
	    "527040 (a year), or null for what the settings say.";
	return (400);
}

static int
digit(char c)
{

	if (c >= '0' && c <= '9')
		return (c - '0');
	c |= 0x20;
	return (c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1);
}

int
api_decode(const char * p, size_t n, struct buf * dst)
{
	size_t i, start = dst->n;

	for (i = 0; i < n; i++) {
		int hi, lo;

		if (p[i] != '%') {
			buf_putc(dst, p[i]);
			continue;
		}
		if (n - i < 3 || (hi = digit(p[i + 1])) == -1 ||
		    (lo = digit(p[i + 2])) == -1 || (hi | lo) == 0)
			return (-1);
		buf_putc(dst, (char)(hi << 4 | lo));
		i += 2;
	}
	return (n > 0 && scan_utf8(dst->p + start, dst->n - start, NULL) ?
	    0 : -1);
}
