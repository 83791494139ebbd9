#include "common/linein.h"

#include <unistd.h>

#include "fuzz.h"

/*
 * The reader of lines, against memchr().  The first byte is the longest line
 * that is allowed.
 */
int
LLVMFuzzerTestOneInput(const uint8_t * p, size_t n)
{
	struct linein * in;
	enum linein_result got;
	const uint8_t * line;
	const char * q;
	uint64_t number = 0, offset = 0;
	size_t len, m, max;
	int fd[2];

	if (n == 0)
		return (0);
	max = 1 + *p++;
	n--;
	MUST(pipe(fd) == 0 && write(fd[1], p, n) == (ssize_t)n);
	close(fd[1]);
	in = linein_open(fd[0], "fuzz", max);
	while (n > 0) {
		(void)fuzz_line(&p, &n, &line, &len);
		got = linein_next(in, &q, &m);
		if (len > max || (n == 0 && p[-1] != '\n')) {
			MUST(got == LINEIN_ERROR);
			MUST(linein_too_long(in) == (len > max));
			goto done;
		}
		MUST(got == LINEIN_LINE);
		MUST(m == len && memcmp(q, line, m) == 0 && q[m] == '\n');
		offset += len + 1;
		MUST(linein_number(in) == ++number);
		MUST(linein_offset(in) == offset);
	}
	MUST(linein_next(in, &q, &m) == LINEIN_EOF);
	MUST(linein_next(in, &q, &m) == LINEIN_EOF);

done:
	linein_free(in);
	close(fd[0]);
	return (0);
}
