#include "common/buf.h"
#include "common/num.h"
#include "common/quota.h"
#include "common/scan.h"
#include "common/timestamp.h"

#include "fuzz.h"

/*
 * Small conversions, there and back: UTF-8, JSON strings, times, numbers.
 */

/* UTF-8 as RFC 3629 has it, a byte at a time. */
static int
is_utf8(const uint8_t * p, size_t n)
{
	size_t i, k, more;
	uint32_t c;

	for (i = 0; i < n; i += more + 1) {
		c = p[i];
		more = c < 0x80 ? 0 : c >= 0xc0 && c < 0xe0 ? 1 :
		    c >= 0xe0 && c < 0xf0 ? 2 : c >= 0xf0 && c < 0xf8 ? 3 : 9;
		if (more == 9 || n - i <= more)
			return (0);
		c &= more == 0 ? 0x7f : 0x3fu >> more;
		for (k = 1; k <= more; k++) {
			if ((p[i + k] & 0xc0) != 0x80)
				return (0);
			c = c << 6 | (p[i + k] & 0x3f);
		}
		if (more > 0 && c < (uint32_t[]){ 0, 0x80, 0x800,
		    0x10000 }[more])
			return (0);
		if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
			return (0);
	}
	return (1);
}

static void
try_string(const uint8_t * p, size_t n)
{
	char * text = fuzz_place(p, n), * back;
	struct buf b = { NULL, 0, 0 };
	struct scan_value v;
	struct scan_error err;
	int ascii, good = is_utf8(p, n);
	size_t m;

	MUST(scan_utf8(text, n, &ascii) == good);
	MUST((scan_put_text(&b, text, n) == 0) == good);
	if (good) {
		m = b.n;
		buf_put(&b, "\"}]e5,\\u0041:  tail1.5\"]}}}0000000000000000000"
		    "00000000000000000", LINEIN_SLACK);
		MUST(scan_value(b.p, b.p + m, &v, &err) == b.p + m);
		MUST(v.kind == SCAN_STRING && scan_equal(&v, text, n));
		back = malloc(v.n + 1);
		MUST(scan_decode(&v, back) == n && memcmp(back, text, n) == 0);
		free(back);
	}
	buf_free(&b);
	free(text);
}

static void
try_time(const char * p, size_t n)
{
	char text[TIMESTAMP_LEN];
	int64_t us, again;

	if (timestamp_parse(p, n, &us) == -1)
		return;
	if (us < timestamp_days(0, 1, 1) * INT64_C(86400000000) ||
	    us >= timestamp_days(10000, 1, 1) * INT64_C(86400000000))
		return;			/* by its offset, beyond the years */
	timestamp_format(us, text);
	MUST(timestamp_parse(text, sizeof text, &again) == 0 && again == us);
}

static void
try_numbers(const char * s)
{
	struct quota q;
	uint64_t v, us;
	char text[32];

	if (num_u64(s, 0, UINT64_MAX, &v) == 0) {
		snprintf(text, sizeof text, "%ju", (uintmax_t)v);
		MUST(strcmp(s + strspn(s, "0"), v == 0 ? "" : text) == 0);
	}
	(void)num_duration(s, &us);
	(void)quota_parse(s, &q);
}

int
LLVMFuzzerTestOneInput(const uint8_t * p, size_t n)
{
	char * text = fuzz_text(p, n);

	try_string(p, n);
	try_time((const char *)p, n);
	try_numbers(text);
	free(text);
	return (0);
}
