#include <bson/bson.h>

#include "load/base64.h"
#include "load/decimal128.h"
#include "load/digest.h"
#include "load/fieldname.h"

#include "fuzz.h"

/*
 * Values and names of fields: Decimal128 as libbson reads it, doubles as
 * strtod() does, names there and back, base64, digests.
 */
static void
try_decimal(const char * p, size_t n)
{
	uint8_t made[DECIMAL128_SIZE], again[DECIMAL128_SIZE];
	char text[BSON_DECIMAL128_STRING];
	bson_decimal128_t d;
	int64_t v;
	double x;
	char * s;

	if (decimal128_parse(p, n, made) == DECIMAL128_OK) {
		memcpy(&d.low, made, 8);
		memcpy(&d.high, made + 8, 8);
		bson_decimal128_to_string(&d, text);
		MUST(decimal128_parse(text, strlen(text), again) ==
		    DECIMAL128_OK);
		MUST(memcmp(made, again, sizeof made) == 0);
	}
	s = fuzz_text((const void *)p, n);
	if (decimal128_int64(p, n, &v) == 0 && n < 18 &&
	    strspn(s, "0123456789") == n)
		MUST(v == strtoll(s, NULL, 10));
	if (decimal128_double(p, n, &x) == 0)
		MUST(x == strtod(s, NULL));
	free(s);
}

/* The name that was escaped: U+FF0E is '.', U+FF04 in front is '$'. */
static void
back(const char * p, size_t n, struct buf * b)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (n - i >= 3 && memcmp(p + i, "\xef\xbc\x8e", 3) == 0)
			buf_putc(b, '.');
		else if (i == 0 && n >= 3 &&
		    memcmp(p, "\xef\xbc\x84", 3) == 0)
			buf_putc(b, '$');
		else {
			buf_putc(b, p[i]);
			continue;
		}
		i += 2;
	}
}

static void
try_name(const char * p, size_t n)
{
	struct buf b = { NULL, 0, 0 }, was = { NULL, 0, 0 };

	if (fieldname_escape(p, n, &b) == NULL) {
		MUST(fieldname_plain(b.p, b.n));
		MUST(!fieldname_plain(p, n) || (b.n == n &&
		    memcmp(b.p, p, n) == 0));
		back(b.p, b.n, &was);
		if (memmem(p, n, "\xef\xbc", 2) == NULL)
			MUST(was.n == n && memcmp(was.p, p, n) == 0);
	} else
		MUST(n == 0 || memchr(p, '\0', n) != NULL);
	buf_free(&b);
	buf_free(&was);
}

int
LLVMFuzzerTestOneInput(const uint8_t * p, size_t n)
{
	uint8_t bytes[DIGEST_LEN];
	char hex[2 * DIGEST_LEN];
	const char * exact = (const char *)p;
	char * out = malloc(n / 4 * 3 + 1);
	size_t len;

	try_decimal(exact, n);
	try_name(exact, n);
	if (base64_decode(exact, n, out, &len) == 0)
		MUST(len <= n / 4 * 3);
	if (digest_unhex(exact, n, bytes, sizeof bytes) == 0) {
		digest_hex(bytes, sizeof bytes, hex);
		MUST(strncasecmp(hex, exact, sizeof hex) == 0);
	}
	free(out);
	return (0);
}
