#include <arpa/inet.h>
#include <string.h>

#include "../common/timestamp.h"

#include "decimal.h"

#include "format.h"

static int
is_digit(char c)
{

	return ((unsigned char)(c - '0') <= 9);
}

static int
is_hex(char c)
{

	return (is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'));
}

static int
is_alnum(char c)
{

	return (is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'));
}

static int
two(const char * p)
{

	return ((p[0] - '0') * 10 + (p[1] - '0'));
}

/*
 * Are the 8 bytes ${p} digits where ${shape} has a 0, and its own elsewhere?
 * All at once: what differs from the shape is at most 9, and 0 in the
 * bytes of ${fixed}.
 */
static inline int
shaped(const char * p, const char * shape, const char * fixed)
{
	const uint64_t high = UINT64_C(0x8080808080808080);
	uint64_t x, s, f;

	memcpy(&x, p, 8);
	memcpy(&s, shape, 8);
	memcpy(&f, fixed, 8);
	x ^= s;
	return (((x | (x + UINT64_C(0x7676767676767676))) & high) == 0 &&
	    (x & f) == 0);
}

static inline int
is_digits(const char * p, size_t n)
{

	while (n > 0 && is_digit(*p)) {
		p++;
		n--;
	}
	return (n == 0);
}

static int
check_date(const char * p, size_t n)
{
	static const unsigned char days[] = { 31, 28, 31, 30, 31, 30, 31, 31,
	    30, 31, 30, 31 };
	int year, month, day;

	if (n != 10 || !shaped(p, "0000-00-", "\0\0\0\0\377\0\0\377") ||
	    !is_digits(p + 8, 2))
		return (0);
	year = two(p) * 100 + two(p + 2);
	month = two(p + 5);
	day = two(p + 8);
	if (month < 1 || month > 12 || day < 1)
		return (0);
	if (month == 2 && day == 29)
		return (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
	return (day <= days[month - 1]);
}

static int
check_date_time(const char * p, size_t n)
{
	int64_t us;

	/* What extract writes, without arithmetic. */
	if (n == TIMESTAMP_LEN && p[17] < '6' &&
	    shaped(p + 8, "00T00:00", "\0\0\377\0\0\377\0\0") &&
	    shaped(p + 16, ":00.0000", "\377\0\0\377\0\0\0\0") &&
	    shaped(p + 19, ".000000Z", "\377\0\0\0\0\0\0\377"))
		return (two(p + 11) < 24 && p[14] < '6' && check_date(p, 10));
	/* What else there is: but a bare day isn't one. */
	return (n > 10 && timestamp_parse(p, n, &us) == 0);
}

static int
check_labels(const char * p, size_t n)
{
	size_t i, start = 0;

	if (n == 0 || n > 253)
		return (0);
	for (i = 0; i <= n; i++) {
		if (i == n || p[i] == '.') {
			if (i == start || i - start > 63 ||
			    p[start] == '-' || p[i - 1] == '-')
				return (0);
			start = i + 1;
		} else if (!is_alnum(p[i]) && p[i] != '-' &&
		    (p[i] & 0x80) == 0)
			return (0);
	}
	return (1);
}

/* The dot-atom of RFC 5322 and a domain; beyond ASCII as in RFC 6531. */
static int
check_email(const char * p, size_t n)
{
	const char * at = memchr(p, '@', n);
	size_t i, local;

	if (at == NULL || (local = (size_t)(at - p)) == 0 || local > 64)
		return (0);
	for (i = 0; i < local; i++) {
		if (p[i] == '.') {
			if (i == 0 || i + 1 == local || p[i + 1] == '.')
				return (0);
		} else if (!is_alnum(p[i]) && (p[i] & 0x80) == 0 &&
		    (p[i] == '\0' || strchr("!#$%&'*+/=?^_`{|}~-", p[i]) ==
		    NULL))
			return (0);
	}
	return (check_labels(at + 1, n - local - 1));
}

static int
check_uri(const char * p, size_t n)
{
	size_t i;

	if (n == 0 || is_digit(*p) || !is_alnum(*p))
		return (0);
	for (i = 1; i < n && p[i] != ':'; i++) {
		if (!is_alnum(p[i]) && p[i] != '+' && p[i] != '-' &&
		    p[i] != '.')
			return (0);
	}
	if (i + 1 >= n)
		return (0);
	for (i++; i < n; i++) {
		if (p[i] == '%') {
			if (n - i < 3 || !is_hex(p[i + 1]) ||
			    !is_hex(p[i + 2]))
				return (0);
		} else if (!is_alnum(p[i]) && (p[i] == '\0' ||
		    strchr("-._~:/?#[]@!$&'()*+,;=", p[i]) == NULL))
			return (0);
	}
	return (1);
}

static int
check_hex(const char * p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (!is_hex(p[i]))
			return (0);
	}
	return (1);
}

static int
check_uuid(const char * p, size_t n)
{

	return (n == 36 && p[8] == '-' && p[13] == '-' && p[18] == '-' &&
	    p[23] == '-' && check_hex(p, 8) && check_hex(p + 9, 4) &&
	    check_hex(p + 14, 4) && check_hex(p + 19, 4) &&
	    check_hex(p + 24, 12));
}

static int
check_ip(int family, const char * p, size_t n)
{
	char text[64];
	unsigned char address[16];

	if (n >= sizeof text || memchr(p, '\0', n) != NULL)
		return (0);
	memcpy(text, p, n);
	text[n] = '\0';
	return (inet_pton(family, text, address) == 1);
}

/* 34 digits and exponents from -6176 to 6111 (IEEE 754-2008). */
static int
check_decimal128(const char * p, size_t n)
{
	struct decimal d;

	if (decimal_read(p, n, &d) == -1)
		return (0);
	if (d.digits == 0)
		return (1);
	return (d.digits <= 34 && d.exp <= 6144 &&
	    d.exp - (int64_t)d.digits + 1 >= -6176);
}

/* Whole groups of four; at the end, padding with no bits left over. */
static int
check_base64(const char * p, size_t n)
{
	size_t i, pad = 0;

	if (n % 4 != 0)
		return (0);
	while (pad < 2 && pad < n && p[n - 1 - pad] == '=')
		pad++;
	for (i = 0; i < n - pad; i++) {
		if (!is_alnum(p[i]) && p[i] != '+' && p[i] != '/')
			return (0);
	}
	if (pad == 1)
		return (strchr("AEIMQUYcgkosw048", p[n - 2]) != NULL);
	if (pad == 2)
		return (strchr("AQgw", p[n - 3]) != NULL);
	return (1);
}

static const struct {
	const char * name;
	enum format format;
} names[] = {
	{ "date-time", FORMAT_DATE_TIME }, { "date", FORMAT_DATE },
	{ "email", FORMAT_EMAIL }, { "uri", FORMAT_URI },
	{ "uuid", FORMAT_UUID }, { "ipv4", FORMAT_IPV4 },
	{ "ipv6", FORMAT_IPV6 }, { "singer.decimal", FORMAT_DECIMAL }
};

enum format
format_named(const char * name)
{
	size_t i;

	for (i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (strcmp(name, names[i].name) == 0)
			return (names[i].format);
	}
	return (FORMAT_NONE);
}

const char *
format_names(void)
{

	return ("date-time, date, email, uri, uuid, ipv4, ipv6, "
	    "singer.decimal");
}

const char *
format_failure(enum format f)
{
	static const char * const words[] = {
		[FORMAT_NONE] = "",
		[FORMAT_DATE_TIME] = "no date and time as in RFC 3339",
		[FORMAT_DATE] = "no date as 2026-01-31",
		[FORMAT_EMAIL] = "no address of e-mail",
		[FORMAT_URI] = "no URI",
		[FORMAT_UUID] = "no UUID",
		[FORMAT_IPV4] = "no IPv4 address",
		[FORMAT_IPV6] = "no IPv6 address",
		[FORMAT_DECIMAL] = "no decimal number",
		[FORMAT_DAY_OR_TIME] = "no date, with or without time",
		[FORMAT_DECIMAL128] = "no decimal number of at most 34 digits",
		[FORMAT_OBJECT_ID] = "no 24 hexadecimal digits",
		[FORMAT_BASE64] = "not base64"
	};

	return (words[f]);
}

int
format_check(enum format f, const char * p, size_t n)
{
	struct decimal d;

	switch (f) {
	case FORMAT_NONE:
		return (1);
	case FORMAT_DATE_TIME:
		return (check_date_time(p, n));
	case FORMAT_DATE:
		return (check_date(p, n));
	case FORMAT_EMAIL:
		return (check_email(p, n));
	case FORMAT_URI:
		return (check_uri(p, n));
	case FORMAT_UUID:
		return (check_uuid(p, n));
	case FORMAT_IPV4:
		return (check_ip(AF_INET, p, n));
	case FORMAT_IPV6:
		return (check_ip(AF_INET6, p, n));
	case FORMAT_DECIMAL:
		return (decimal_read(p, n, &d) == 0);
	case FORMAT_DAY_OR_TIME:
		return (check_date(p, n) || check_date_time(p, n));
	case FORMAT_DECIMAL128:
		return (check_decimal128(p, n));
	case FORMAT_OBJECT_ID:
		return (n == 24 && check_hex(p, n));
	case FORMAT_BASE64:
		return (check_base64(p, n));
	}
	return (0);
}
