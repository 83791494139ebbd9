#include "common/json.h"

#include "supervisor/checkpoint.h"
#include "supervisor/relay.h"

#include "fuzz.h"

/*
 * What comes back from the stages: two acknowledged positions, which are
 * compared, and lines of standard error, which are passed on as JSON.
 */
static int
sign(int x)
{

	return ((x > 0) - (x < 0));
}

static void
try_line(const char * p, size_t n)
{
	struct buf b = { NULL, 0, 0 };
	struct relay_line line;
	struct json * doc;

	relay_read("load", p, n, &line);
	relay_put(&b, 0, "load", "t", "run", p, n, &line);
	MUST(b.n > 1 && memchr(b.p, '\n', b.n) == b.p + b.n - 1);
	doc = json_parse(b.p, b.n, NULL);
	MUST(doc != NULL && json_kind(json_root(doc)) == JSON_OBJECT);
	json_free(doc);
	buf_clear(&b);
	relay_put(&b, 1, "load", "t", "run", p, n, &line);
	MUST(b.n > 1 && memchr(b.p, '\n', b.n) == b.p + b.n - 1);
	relay_clear(&line);
	buf_free(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t * p, size_t n)
{
	const uint8_t * a, * b;
	size_t na, nb;
	char * x, * y;

	if (!fuzz_line(&p, &n, &a, &na) || !fuzz_line(&p, &n, &b, &nb))
		return (0);
	x = fuzz_text(a, na);
	y = fuzz_text(b, nb);
	MUST(checkpoint_compare(x, na, x, na, "t") == 0);
	MUST(sign(checkpoint_compare(x, na, y, nb, "t")) ==
	    -sign(checkpoint_compare(y, nb, x, na, "t")));
	if (na > 0)
		try_line(x, na);
	if (nb > 0)
		try_line(y, nb);
	free(x);
	free(y);
	return (0);
}
