#include "supervisor/audit.h"

#include "file.h"

/*
 * The audit file: any bytes; and a right one in which bytes are changed,
 * which has to be noticed.  Of the input each three bytes change one.
 */
#define ENTRIES	4

static char * right;
static size_t nright;

static void
make_right(void)
{
	struct audit_entry e = { "uid:0", "unix", "pause", "t", "15 \"m\"",
	    "done" };
	struct audit * a;
	uint64_t bad, count;
	int i, dir = open(fuzz_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	MUST(dir != -1 && (a = audit_open(dir, "audit")) != NULL);
	for (i = 0; i < ENTRIES; i++)
		MUST(audit_put(a, &e) == 0);
	audit_free(a);
	close(dir);
	right = fuzz_read(fuzz_path("audit"), &nright);
	MUST(audit_check(right, nright, &bad, &count) == 0);
	MUST(count >= ENTRIES);
}

int
LLVMFuzzerTestOneInput(const uint8_t * p, size_t n)
{
	char * changed;
	uint64_t bad, count;
	size_t i, at;

	if (right == NULL)
		make_right();
	if (audit_check((const char *)p, n, &bad, &count) == -1)
		MUST(bad > 0);
	changed = malloc(nright);
	memcpy(changed, right, nright);
	for (i = 0; i + 3 <= n && i < 30; i += 3) {
		at = ((size_t)p[i] << 8 | p[i + 1]) % nright;
		changed[at] = (char)(changed[at] ^ p[i + 2]);
	}
	if (memcmp(changed, right, nright) != 0)
		MUST(audit_check(changed, nright, &bad, &count) == -1);
	free(changed);
	return (0);
}
