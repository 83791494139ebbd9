#include <inttypes.h>
#include <stdio.h>

#include "load/resolve.h"
#include "load/version.h"

#include "mutate.h"
#include "tap.h"

#define V1 "0000000000000001.0000000000000005"
#define V1LOW "0000000000000001.0000000000000004"
#define V2 "0000000000000002.0000000000000001"

/* A document with a version, stamped at ${at}, its change field at ${c}. */
static struct resolve_found
found(const char * v, int64_t at, int64_t c)
{
	struct resolve_found f = { 1, 1, v, v != NULL ? strlen(v) : 0, at >= 0,
	    0, c >= 0, at, 0, c, 0 };

	return (f);
}

/* A row of version ${v} and time ${at}. */
static struct resolve_wanted
want(const char * v, int64_t at)
{
	struct resolve_wanted w = { v, v != NULL ? strlen(v) : 0, at >= 0, at };

	return (w);
}

static enum resolve_action
decide(struct resolve_wanted w, struct resolve_found f)
{

	return (resolve_decide(RESOLVE_NEWEST, 0, &w, &f));
}

/* The table, line by line. */
static void
test_newest(void)
{
	struct resolve_found none = { 0 }, foreign = found(NULL, -1, 20);
	struct resolve_found old = found(NULL, -1, -1);
	struct resolve_found c = found(V1LOW, 10, 30);

	foreign.stamped = 0;
	ok(decide(want(V1, 10), none) == RESOLVE_ABSENT, "no document");
	ok(decide(want(V1, 10), foreign) == RESOLVE_CONFLICT_TARGET,
	    "not ours and later: the target wins");
	ok(decide(want(V1, 20), foreign) == RESOLVE_CONFLICT_SOURCE,
	    "not ours, a tie: the source wins");
	ok(decide(want(V1, 21), foreign) == RESOLVE_CONFLICT_SOURCE,
	    "not ours and earlier: the source wins");
	foreign.has_change = 0;
	ok(decide(want(V1, 10), foreign) == RESOLVE_CONFLICT_SOURCE,
	    "not ours, no time: the source wins");

	ok(decide(want(V1, 10), found(V2, 10, 10)) == RESOLVE_STALE,
	    "a higher epoch");
	ok(decide(want(V1LOW, 99), found(V1, 10, 10)) == RESOLVE_STALE,
	    "a higher place, whatever the time says");
	ok(decide(want(V1, 10), found(V1, 10, 10)) == RESOLVE_SAME,
	    "the same version: our own write");
	ok(decide(want(V1, 10), found(V1, 10, 30)) == RESOLVE_CONFLICT_TARGET,
	    "the same version, changed later");
	ok(decide(want(V1, 10), found(V1LOW, 30, 30)) == RESOLVE_CLOCK,
	    "nobody else wrote, but the time is later: the clock went back");
	ok(decide(want(V1, 10), found(V1LOW, 5, 30)) ==
	    RESOLVE_CONFLICT_TARGET, "changed later in MongoDB");
	c.has_c = 1;
	c.c_ms = 30;
	ok(decide(want(V1, 10), c) == RESOLVE_CLOCK,
	    "the change field as load wrote it, beside another time");
	ok(decide(want(V1, 10), found(V1LOW, 5, 10)) == RESOLVE_AGAIN,
	    "it would match: a lost race");
	ok(decide(want(V1, 10), found(V1LOW, 5, -1)) == RESOLVE_VERSION,
	    "the change field is null: by version alone");
	ok(decide(want(V1, -1), found(V1LOW, 5, 30)) == RESOLVE_AGAIN,
	    "the row has no time: nothing but the version was asked for");
	ok(decide(want(V1, 10), old) == RESOLVE_VERSION,
	    "ours, from a stream without positions");
	ok(decide(want(NULL, 10), found(V2, 10, 99)) == RESOLVE_AGAIN,
	    "a row without position asks for nothing");
}

static void
test_policies(void)
{
	struct resolve_wanted w = want(V1, 10);
	struct resolve_found later = found(V1LOW, 5, 30);
	struct resolve_found earlier = found(V1LOW, 5, 7);
	struct resolve_found foreign = found(NULL, -1, 30);

	foreign.stamped = 0;
	ok(resolve_decide(RESOLVE_SOURCE, 0, &w, &later) == RESOLVE_AGAIN,
	    "source: only the version counts");
	ok(resolve_decide(RESOLVE_SOURCE, 0, &w, &foreign) ==
	    RESOLVE_CONFLICT_SOURCE, "source: also over what isn't ours");
	ok(resolve_decide(RESOLVE_TARGET, 0, &w, &later) ==
	    RESOLVE_CONFLICT_TARGET, "target: a later change stays");
	ok(resolve_decide(RESOLVE_TARGET, 0, &w, &earlier) ==
	    RESOLVE_CONFLICT_TARGET, "target: an earlier one, too");
	ok(resolve_decide(RESOLVE_TARGET, 0, &w, &foreign) ==
	    RESOLVE_CONFLICT_TARGET, "target: and what isn't ours");
	ok(!resolve_changed(&(struct resolve_found){ 0 }) &&
	    resolve_changed(&foreign) && resolve_changed(&later) &&
	    resolve_changed(&earlier), "changed by somebody else");
	later = found(V1, 30, 30);
	ok(!resolve_changed(&later), "changed by load");
}

static void
test_fence(void)
{
	struct resolve_wanted w = want(V1, 10);
	struct resolve_found f = found(V2, 10, 10);

	ok(resolve_decide(RESOLVE_NEWEST, 1, &w, &f) == RESOLVE_FENCED,
	    "a higher epoch, while acknowledgements count");
	w = want(V1LOW, 10);
	f = found(V1, 10, 10);
	ok(resolve_decide(RESOLVE_NEWEST, 1, &w, &f) == RESOLVE_STALE,
	    "the same epoch is only stale");
}

static void
test_compare(void)
{

	ok(resolve_is_version("0006475ef65e17c0", 16) &&
	    resolve_is_version("0006475ef65e17c0.0000000000000001", 33) &&
	    !resolve_is_version("", 0) && !resolve_is_version("zzz", 3) &&
	    !resolve_is_version("0006475ef65e17c", 15) &&
	    !resolve_is_version("0006475ef65e17c0.", 17) &&
	    !resolve_is_version("0006475EF65E17C0", 16) &&
	    !resolve_is_version("0006475ef65e17c0-0000000000000001", 33),
	    "what is a version of ours");
	ok(resolve_compare("a", 1, "a", 1) == 0 &&
	    resolve_compare("a", 1, "b", 1) < 0 &&
	    resolve_compare("a", 1, "a.b", 3) < 0 &&
	    resolve_compare("a.b", 3, "a", 1) > 0 &&
	    resolve_compare("", 0, "a", 1) < 0, "versions compare as texts");
}

/* What version_put() writes, against the C library. */
static void
test_put(void)
{
	uint64_t pos[3] = { 0, UINT64_MAX, UINT64_C(0x0123456789abcdef) };
	char got[VERSION_MAX], wanted[VERSION_MAX + 1];
	int i, good = 1;
	size_t n;

	for (i = 0; i < 1000 && good; i++) {
		snprintf(wanted, sizeof wanted, "%016" PRIx64 ".%016" PRIx64
		    ".%016" PRIx64, pos[0], pos[1], pos[2]);
		n = version_put(pos, 3, got);
		good = n == 50 && memcmp(got, wanted, n) == 0 &&
		    resolve_is_version(got, n) &&
		    version_put(pos, 1, got) == 16;
		pos[i % 3] = (uint64_t)roll(UINT32_MAX) << (i % 40) ^ roll(9);
	}
	ok(good && version_put(pos, 0, got) == 0, "what is written as one");
}

int
main(void)
{

	(void)mutate_begin(0);

	test_newest();
	test_policies();
	test_fence();
	test_compare();
	test_put();
	return (tap_done());
}
