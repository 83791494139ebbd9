#include "load/verify_file.h"

#include "file.h"

/*
 * The checkpoint of load --verify: refused, or gone on from, and then what
 * is saved is read as the same.
 */
static int
count_key(void * arg, const uint8_t * digest)
{

	(void)digest;
	++*(uint64_t *)arg;
	return (0);
}

int
LLVMFuzzerTestOneInput(const uint8_t * p, size_t n)
{
	static const uint8_t zeros[256];
	struct verify_sums sums = { .keys = 0 }, again = { .keys = 0 };
	struct verify_file * f;
	const char * path = fuzz_file("verify", p, n);
	uint64_t keys = 0;
	int busy;

	(void)fuzz_file("verify.keys", zeros, sizeof zeros);
	(void)fuzz_file("verify.found", zeros, sizeof zeros);
	if ((f = verify_file_open(path, &sums, &busy)) == NULL)
		goto done;
	MUST(verify_file_resumed(f));
	MUST(sums.keys <= sizeof zeros && sums.lines <= sizeof zeros);
	MUST(verify_file_key(f, zeros) == 0);
	MUST(verify_file_line(f, "{}\n", 3) == 0);
	MUST(verify_file_save(f, &sums, "{\"x\":1}", 7) == 0);
	verify_file_free(f);
	f = verify_file_open(path, &again, &busy);
	MUST(f != NULL && verify_file_resumed(f));
	MUST(again.keys == sums.keys && again.lines == sums.lines &&
	    again.compared == sums.compared && again.whole.n == sums.whole.n &&
	    again.oldest_us == sums.oldest_us);
	MUST(verify_file_keys(f, count_key, &keys) == 0);
	MUST(keys == again.keys / DIGEST_LEN);
	verify_file_free(f);

done:
	buf_free(&sums.whole);
	buf_free(&again.whole);
	return (0);
}
