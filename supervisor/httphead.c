#include <string.h>
#include <strings.h>

#include "httphead.h"

/* Fields of which a second one would be ambiguous. */
enum { F_HOST, F_LENGTH, F_TYPE, F_AUTH, F_ORIGIN, F_KEY, F_EXPECT, F_SINGLE };
static const char * const single[F_SINGLE] = { "Host", "Content-Length",
	"Content-Type", "Authorization", "Origin", "Idempotency-Key",
	"Expect" };

struct head {
	const char * why;
	unsigned fields;
	unsigned char seen[F_SINGLE];
};

/* The bytes of a method and of a field's name (RFC 9110, 5.6.2). */
static int
is_token(char c)
{

	return ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') ||
	    (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL));
}

/* METHOD SP /target SP HTTP/1.1 */
static int
request_line(struct head * h, const char * p, size_t n)
{
	const char * end = p + n;

	while (p < end && is_token(*p))
		p++;
	h->why = "The request does not begin with a method and a path.";
	if (p == end || *p++ != ' ' || p == end || *p != '/')
		return (-1);
	for (; p < end && *p != ' '; p++) {
		if (*p < 0x21 || *p > 0x7e || strchr("\"#<>\\^`{|}", *p)) {
			h->why = "The path holds a byte that has to be "
			    "percent-encoded.";
			return (-1);
		}
	}
	h->why = "Only HTTP/1.1 and HTTP/1.0 are spoken here.";
	if (end - p != 9 || (memcmp(p, " HTTP/1.1", 9) != 0 &&
	    memcmp(p, " HTTP/1.0", 9) != 0))
		return (-1);
	return (0);
}

static int
is_number(const char * p, size_t n)
{
	size_t i;

	for (i = 0; i < n && p[i] >= '0' && p[i] <= '9'; i++)
		continue;
	return (i == n && n > 0 && n <= 18);
}

static int
known_field(struct head * h, const char * name, size_t nname,
    const char * v, size_t n)
{
	size_t i;

	if (nname == 17 && strncasecmp(name, "Transfer-Encoding", 17) == 0) {
		h->why = "Transfer-Encoding is refused: send Content-Length.";
		return (-1);
	}
	for (i = 0; i < F_SINGLE; i++) {
		if (strlen(single[i]) == nname &&
		    strncasecmp(single[i], name, nname) == 0)
			break;
	}
	if (i == F_SINGLE)
		return (0);
	if (h->seen[i]++) {
		h->why = "A header field that may stand once stands twice.";
		return (-1);
	}
	if (i == F_LENGTH && !is_number(v, n)) {
		h->why = "Content-Length is not a whole number.";
		return (-1);
	}
	if (i == F_EXPECT && (n != 12 || strncasecmp(v, "100-continue", 12))) {
		h->why = "Expect knows only 100-continue.";
		return (-1);
	}
	return (0);
}

/* Name: value */
static int
field(struct head * h, const char * p, size_t n)
{
	const char * end = p + n;
	const char * colon, * v;

	h->why = "A header line is no \"Name: value\".";
	for (colon = p; colon < end && is_token(*colon); colon++)
		continue;
	if (colon == p || colon == end || *colon != ':')
		return (-1);
	for (v = colon + 1; v < end && (*v == ' ' || *v == '\t'); v++)
		continue;
	while (end > v && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	return (known_field(h, p, (size_t)(colon - p), v, (size_t)(end - v)));
}

/*
 * The length of the line at ${p}, up to its CR LF.  -1 if it holds what no
 * line may hold; -2 if it isn't complete.
 */
static ptrdiff_t
line(const char * p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];

		if (c == '\r') {
			if (i + 1 == n)
				return (-2);
			return (p[i + 1] == '\n' ? (ptrdiff_t)i : -1);
		}
		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return (-1);
	}
	return (-2);
}

enum httphead_result
httphead_check(const char * p, size_t n, const char ** why)
{
	struct head h = { .why = "" };
	size_t max = n < HTTPHEAD_MAX ? n : HTTPHEAD_MAX;
	size_t at = 0;
	ptrdiff_t len;

	while ((len = line(p + at, max - at)) >= 0) {
		if (at == 0 ? request_line(&h, p, (size_t)len) == -1 :
		    len > 0 && field(&h, p + at, (size_t)len) == -1) {
			*why = h.why;
			return (HTTPHEAD_BAD);
		}
		if (at > 0 && len == 0) {
			*why = "There is no Host header field.";
			return (h.seen[F_HOST] ? HTTPHEAD_DONE : HTTPHEAD_BAD);
		}
		if (at > 0 && ++h.fields > HTTPHEAD_FIELDS_MAX) {
			*why = "There are more than 64 header fields.";
			return (HTTPHEAD_LONG);
		}
		at += (size_t)len + 2;
	}
	if (len == -1) {
		*why = "A line of the head holds a control byte, or does not "
		    "end with CR LF.";
		return (HTTPHEAD_BAD);
	}
	*why = "The head of the request is longer than 8192 bytes.";
	return (n >= HTTPHEAD_MAX ? HTTPHEAD_LONG : HTTPHEAD_MORE);
}
