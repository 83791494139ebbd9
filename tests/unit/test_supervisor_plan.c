#include <signal.h>

#include "supervisor/pipeline.h"
#include "supervisor/tablename.h"

#include "tap.h"

/* A plan as text: words in <>, stages with | between. */
static const char *
parse(const char * text)
{
	static char out[1024];
	const char * err = "no reason";
	struct pipeline_plan * plan = pipeline_parse(text, &err);
	size_t i, k, n = 0;

	out[0] = '\0';
	if (plan == NULL)
		return (err);
	for (i = 0; i < plan->n; i++) {
		if (i > 0)
			n += (size_t)snprintf(out + n, sizeof out - n, "|");
		for (k = 0; k < plan->stage[i].argc; k++)
			n += (size_t)snprintf(out + n, sizeof out - n,
			    "<%s>", plan->stage[i].argv[k]);
		if (plan->stage[i].argv[plan->stage[i].argc] != NULL)
			return ("not ended");
	}
	pipeline_plan_free(plan);
	return (out);
}

static void
expect(const char * text, const char * want)
{
	const char * got = parse(text);

	same(got, strlen(got), want, strlen(want), text);
}

static void
test_words(void)
{
	struct pipeline_plan * plan;
	const char * err;

	expect("extract orders | transform | load",
	    "<extract><orders>|<transform>|<load>");
	expect("a|b", "<a>|<b>");
	expect("  a\t 'b c'  ", "<a><b c>");
	expect("jq -c 'select(.x > 1) | .y' | load",
	    "<jq><-c><select(.x > 1) | .y>|<load>");
	expect("a \"b \\\"c\\\" \\n $x\" d\\ e\\|f",
	    "<a><b \"c\" \\n $x><d e|f>");
	expect("a '' \"\"", "<a><><>");
	expect("a b'c'\"d\"e", "<a><bcde>");
	expect("sh -c 'a; b'", "<sh><-c><a; b>");
	plan = pipeline_parse("/opt/bin/extract x | ./load", &err);
	ok(plan != NULL && pipeline_plan_find(plan, "extract") == 0 &&
	    pipeline_plan_find(plan, "load") == 1 &&
	    pipeline_plan_find(plan, "jq") == -1, "stages have names");
	pipeline_plan_free(plan);
}

static void
test_mistakes(void)
{
	static const char * const bad[] = { "", "  ", "|", "a |", "| a",
		"a || b", "a 'b", "a \"b", "a & b", "a; b", "a > b", "a < b",
		"a $x", "a `b`", "a (b)", "a *", "a ~", "a # b", "a {b}",
		"a|b|c|d|e|f|g|h|i|j|k|l|m|n|o|p|q" };
	const char * err;
	size_t i;

	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		err = NULL;
		ok(pipeline_parse(bad[i], &err) == NULL && err != NULL,
		    "refused: \"%s\"", bad[i]);
	}
}

#define EX(n)	{ CHILD_EXIT, (n) }
#define SIG(n)	{ CHILD_SIGNAL, (n) }

/* ${order}: who died first, "021" for stages 0, 2, 1. */
static void
judge(struct child_end a, struct child_end b, struct child_end c,
    const char * order, int stopping, enum pipeline_result want, int blame,
    const char * name)
{
	struct child_end end[3] = { a, b, c };
	unsigned at[3];
	enum pipeline_result r;
	int i, culprit = -2;

	for (i = 0; i < 3; i++)
		at[order[i] - '0'] = (unsigned)i + 1;
	r = pipeline_verdict(end, at, 3, stopping, &culprit);
	if (!ok(r == want && culprit == blame, "%s", name))
		printf("#   result %d, culprit %d\n", (int)r, culprit);
}

static void
test_verdict(void)
{
	const struct child_end done = EX(0), stop = EX(99), perm = EX(100),
	    temp = EX(111), pipe = SIG(SIGPIPE), killed = SIG(SIGKILL),
	    term = SIG(SIGTERM), shell_pipe = EX(141), odd = EX(5);

	judge(done, done, done, "012", 0, PIPELINE_DONE, -1, "all is well");
	judge(stop, done, done, "012", 1, PIPELINE_STOPPED, -1, "drained");
	judge(stop, stop, stop, "012", 0, PIPELINE_STOPPED, -1,
	    "by somebody else");
	judge(killed, temp, temp, "012", 0, PIPELINE_CRASHED, 0,
	    "extract killed: the others found the input cut");
	judge(pipe, killed, temp, "102", 0, PIPELINE_CRASHED, 1,
	    "transform killed");
	judge(pipe, pipe, killed, "210", 0, PIPELINE_CRASHED, 2,
	    "load killed");
	judge(pipe, pipe, temp, "210", 0, PIPELINE_TEMP, 2, "target away");
	judge(temp, temp, temp, "012", 0, PIPELINE_TEMP, 0, "source away");
	judge(perm, temp, temp, "012", 0, PIPELINE_PERM, 0,
	    "source refuses");
	judge(pipe, perm, temp, "102", 0, PIPELINE_PERM, 1, "bad schema");
	judge(pipe, pipe, perm, "210", 0, PIPELINE_PERM, 2, "bad target");
	judge(shell_pipe, pipe, perm, "210", 0, PIPELINE_PERM, 2,
	    "a shell tells of SIGPIPE by 141");
	judge(done, perm, temp, "012", 0, PIPELINE_PERM, 1,
	    "transform behind a good extract");
	judge(done, done, temp, "012", 0, PIPELINE_TEMP, 2, "load alone");
	judge(done, odd, temp, "012", 0, PIPELINE_TEMP, 1,
	    "an exit code of somebody else's");
	judge(term, done, done, "012", 1, PIPELINE_STOPPED, -1,
	    "SIGTERM is obeyed in its way");
	judge(term, temp, temp, "012", 1, PIPELINE_STOPPED, -1,
	    "and the others suffer");
	judge(term, temp, temp, "012", 0, PIPELINE_CRASHED, 0,
	    "but not when we didn't send it");
	judge(killed, killed, killed, "012", 1, PIPELINE_CRASHED, 0,
	    "killed at the deadline");
	judge(pipe, done, done, "012", 0, PIPELINE_TEMP, 0,
	    "a reader left without a word");
	judge(perm, done, killed, "201", 0, PIPELINE_CRASHED, 2,
	    "of two, the first");
}

static void
test_names(void)
{
	char dst[16];

	ok(tablename_encode("a_B-9", dst, sizeof dst) == 0 &&
	    strcmp(dst, "a_B-9") == 0, "plain");
	ok(tablename_encode("../x", dst, sizeof dst) == 0 &&
	    strcmp(dst, "%2E%2E%2Fx") == 0, "no way out of the folder");
	ok(tablename_encode("\xc3\xa9", dst, sizeof dst) == 0 &&
	    strcmp(dst, "%C3%A9") == 0, "bytes");
	ok(tablename_encode("", dst, sizeof dst) == -1 &&
	    tablename_encode("abcdefghijklmnopq", dst, sizeof dst) == -1,
	    "empty, too long");
}

int
main(void)
{

	test_words();
	test_mistakes();
	test_verdict();
	test_names();
	return (tap_done());
}
