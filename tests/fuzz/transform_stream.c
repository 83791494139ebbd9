#include <sys/mman.h>

#include <unistd.h>

#include "common/exitcode.h"
#include "common/mem.h"
#include "common/record.h"

#include "transform/options.h"
#include "transform/schemafile.h"
#include "transform/stream.h"

#include "file.h"

/*
 * All of transform, with one schema file for the stream "t".  Whatever comes
 * in, what goes out are messages, and when it ends well none is lost: those
 * it has read it has sent or rejected.  The first byte chooses the options.
 */
static const char file[] = "{\"x-source\":{\"table\":\"t\"},"
    "\"x-columns\":\"keep\",\"properties\":{\"_id\":{\"x-from\":\"id\"},"
    "\"name\":{\"x-from\":\"a\",\"type\":[\"string\",\"null\"],"
    "\"maxLength\":20},\"price\":{\"x-from\":\"b\",\"bsonType\":\"decimal\","
    "\"minimum\":0},\"when\":{\"x-from\":\"c\",\"format\":\"date-time\"},"
    "\"tags\":{\"x-from\":\"d\",\"x-apply\":[{\"split\":\",\"}]}}}";

/* A file without a name on the descriptor ${fd}; return another one of it,
 * beyond those that stream_run() closes. */
static int
file_on(int fd, const void * p, size_t n)
{
	int mem = memfd_create("fuzz", MFD_CLOEXEC), high;

	MUST(mem != -1 && write(mem, p, n) == (ssize_t)n);
	MUST(lseek(mem, 0, SEEK_SET) == 0);
	MUST((high = fcntl(mem, F_DUPFD_CLOEXEC, 10)) != -1);
	if (mem != fd) {
		MUST(dup2(mem, fd) == fd);
		close(mem);
	}
	return (high);
}

/* The RECORDs in a stream of messages; with ${strict}, it has no others. */
static uint64_t
count_rows(const char * p, size_t n, int strict, uint64_t * rejected)
{
	struct record_reader * rd = record_reader_new();
	const uint8_t * at = (const void *)p, * line;
	struct record_error err;
	uint64_t rows = 0, since = 0;
	struct record r;
	size_t len;
	char * text;
	int rc;

	*rejected = 0;
	while (fuzz_line(&at, &n, &line, &len)) {
		text = fuzz_place_line(line, len);
		rc = record_parse(rd, text, len, &r, &err);
		MUST(rc == 0 || !strict);
		if (rc == 0 && r.type == RECORD_ROW)
			rows++, since++;
		if (rc == 0 && r.type == RECORD_STATE) {
			if (strict && r.counted)
				MUST(r.records == since);
			since = 0;
			*rejected += r.rejected;
		}
		free(text);
	}
	record_reader_free(rd);
	return (rows);
}

static void
check(int rc, const char * in, size_t n, const char * out, size_t m)
{
	uint64_t had, came, went, refused;

	MUST(rc == EXIT_DONE || rc == EXIT_PERM || rc == EXIT_TEMP);
	came = count_rows(in, n, 0, &had);
	went = count_rows(out, m, 1, &refused);
	if (rc == EXIT_DONE)
		MUST(came + had == went + refused);
	else
		MUST(went <= came);
}

int
LLVMFuzzerTestOneInput(const uint8_t * p, size_t n)
{
	struct options opt = { .quota = QUOTA_NONE, .max_line = 2000 };
	struct schemaset set = { NULL, 0 };
	char * in, * out;
	size_t m;
	int rc, fd;

	if (n == 0)
		return (0);
	if (p[0] & 1) {
		opt.rejects = fuzz_path("rejects");
		(void)unlink(opt.rejects);
	}
	opt.report = (p[0] & 2) != 0;
	opt.allow_dropped = 0;
	p++, n--;
	set.file = mem_new(1, sizeof *set.file);
	set.file[set.n++] = schemafile_parse("t.json", file, sizeof file - 1);
	MUST(set.file[0] != NULL);
	close(file_on(STDIN_FILENO, p, n));
	fd = file_on(STDOUT_FILENO, "", 0);
	rc = stream_run(&opt, &set);
	m = (size_t)lseek(fd, 0, SEEK_END);
	out = malloc(m + 1);
	MUST(pread(fd, out, m, 0) == (ssize_t)m);
	close(fd);
	in = fuzz_text(p, n);
	check(rc, in, n, out, m);
	free(in);
	free(out);
	schemaset_free(&set);
	return (0);
}
