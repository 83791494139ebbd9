#include "supervisor/access.h"
#include "supervisor/address.h"
#include "supervisor/api.h"
#include "supervisor/httphead.h"

#include "fuzz.h"

/*
 * Our own checks of a request: its head, byte by byte, names of hosts and
 * origins, tokens, paths, bodies, and addresses.
 */

/* Right so far, until it is whole or refused; and then it stays so. */
static void
try_head(const char * p, size_t n)
{
	enum httphead_result r, all;
	const char * why = NULL;
	size_t i, step = 1 + n / 300;

	all = httphead_check(p, n, &why);
	if (all > HTTPHEAD_DONE)
		MUST(why != NULL);
	for (i = 0; i < n; i += step) {
		r = httphead_check(p, i, &why);
		if (r != HTTPHEAD_MORE) {
			MUST(r == all);
			return;
		}
	}
}

static void
try_texts(char * text)
{
	static struct access * access;
	struct address a, again;
	char back[ADDRESS_TEXT];
	const char * name;
	char * second = strchr(text, '\n');

	if (access == NULL)
		access = access_new("secret1234567890secret1234567890\n"
		    "bob read abcdefghijabcdefghijabcdefghij12\n",
		    (const char * const[]){ "example.org" }, 1);
	MUST(access != NULL);
	if (second != NULL)
		*second++ = '\0';
	(void)access_host(access, text);
	(void)access_origin(text, second);
	(void)access_check(access, text, &name);
	if (address_parse(text, &a) == 0 && a.kind == ADDRESS_TCP) {
		address_format((struct sockaddr_storage *)&a.sa, back,
		    sizeof back);
		MUST(address_parse(back, &again) == 0);
		MUST(address_same_host(&a.sa, &again.sa));
		MUST(a.loopback == again.loopback);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t * p, size_t n)
{
	struct buf b = { NULL, 0, 0 };
	const char * code, * why;
	const char * exact = (const char *)p;
	char * text = fuzz_text(p, n);
	int64_t us;

	try_head(exact, n);
	if (api_decode(exact, n, &b) == 0)
		MUST(b.n <= n);
	if (api_minutes(exact, n, &us, &code, &why) == 0)
		MUST(us >= 0);
	try_texts(text);
	buf_free(&b);
	free(text);
	return (0);
}
