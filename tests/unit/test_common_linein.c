#include <sys/wait.h>

#include <signal.h>
#include <string.h>

#include "common/exitcode.h"
#include "common/linein.h"
#include "common/log.h"
#include "common/stop.h"

#include "files.h"
#include "tap.h"

#define READ_SIZE	(256u << 10)	/* linein.c's */

/* A reader of a file with these bytes. */
static struct linein *
reader(const char * p, size_t n, size_t max)
{
	int fd;

	files_put("in", p, n, 0600);
	files_catch();
	fd = open("in", O_RDONLY);
	files_need(fd != -1, "in");
	return (linein_open(fd, "the input", max));
}

/* The next line is this one, with a newline behind it. */
static int
next_is(struct linein * in, const char * text, size_t len)
{
	const char * p;
	size_t n, i;
	volatile unsigned sum = 0;

	if (linein_next(in, &p, &n) != LINEIN_LINE || n != len ||
	    memcmp(p, text, n) != 0 || p[n] != '\n')
		return (0);

	/* Behind it there is something to read. */
	for (i = 1; i <= LINEIN_SLACK; i++)
		sum += (unsigned char)p[n + i];
	return (1);
}

static int
next_gives(struct linein * in, enum linein_result result)
{
	const char * p;
	size_t n;

	return (linein_next(in, &p, &n) == result);
}

static void
test_lines(void)
{
	static const char text[] = "one\n\n a \0b\r\n\nlast\n";
	struct linein * in = reader(text, sizeof text - 1, 10);

	ok(linein_number(in) == 0 && linein_offset(in) == 0 &&
	    strcmp(linein_name(in), "the input") == 0, "at the start");
	ok(next_is(in, "one", 3) && linein_number(in) == 1 &&
	    linein_offset(in) == 4, "a line");
	ok(next_is(in, "", 0) && linein_number(in) == 2 &&
	    linein_offset(in) == 5, "an empty line");
	ok(next_is(in, " a \0b\r", 6), "any bytes");
	ok(next_is(in, "", 0) && next_is(in, "last", 4) &&
	    linein_number(in) == 5 && linein_offset(in) == sizeof text - 1,
	    "the last line");
	ok(next_gives(in, LINEIN_EOF) && next_gives(in, LINEIN_EOF) &&
	    linein_number(in) == 5, "the end stays the end");
	ok(files_silent(), "and nothing to say");
	linein_free(in);

	in = reader("", 0, 10);
	ok(next_gives(in, LINEIN_EOF) && files_silent(), "an empty file");
	linein_free(in);
	in = reader("\n", 1, 10);
	ok(next_is(in, "", 0) && next_gives(in, LINEIN_EOF), "a newline only");
	linein_free(in);
	linein_free(NULL);
}

static void
test_cut(void)
{
	struct linein * in = reader("one\ntwo", 7, 10);

	ok(next_is(in, "one", 3) && next_gives(in, LINEIN_ERROR),
	    "no newline at the end");
	ok(files_said("the input:2: ") && files_said("no newline"),
	    "is an error with its line");
	ok(next_gives(in, LINEIN_EOF) && linein_number(in) == 1,
	    "and the end");
	linein_free(in);
	in = reader("x", 1, 10);
	ok(next_gives(in, LINEIN_ERROR) && files_said("the input:1: "),
	    "a file of one byte");
	linein_free(in);
}

static void
test_longest(void)
{
	static const size_t sizes[] = { 1, 10, READ_SIZE - 1, READ_SIZE,
	    READ_SIZE + 1, 3 * READ_SIZE };
	size_t i, max;
	char * p = malloc(4 * READ_SIZE);
	struct linein * in;

	for (i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		max = sizes[i];
		memset(p, 'x', max);
		memcpy(p + max, "\ny\n", 3);
		in = reader(p, max + 3, max);
		ok(next_is(in, p, max) && next_is(in, "y", 1) &&
		    next_gives(in, LINEIN_EOF), "a line of %zu bytes, the "
		    "longest allowed", max);
		linein_free(in);

		memcpy(p, "z\n", 2);
		memset(p + 2, 'x', max + 1);
		p[max + 3] = '\n';
		in = reader(p, max + 4, max);
		ok(next_is(in, "z", 1) && next_gives(in, LINEIN_ERROR) &&
		    files_said("the input:2: ") && files_said("longer than") &&
		    next_gives(in, LINEIN_EOF), "one byte more");
		linein_free(in);

		/* Without a newline it mustn't be read for ever, either. */
		memset(p, 'x', max + 1);
		in = reader(p, max + 1, max);
		ok(next_gives(in, LINEIN_ERROR) && files_said("longer than"),
		    "and the same without end");
		linein_free(in);
	}
	free(p);
}

/* Lines of all lengths across the ends of the buffer, numbered. */
static void
test_refills(void)
{
	size_t i, n = 0, len, lines = 0;
	char * text = malloc(8 * READ_SIZE), * at;
	struct linein * in;
	uint64_t x = 1;
	int good = 1;

	while (n < 6 * READ_SIZE) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		len = (x >> 33) % ((x >> 60) == 0 ? 200000 : 300);
		memset(text + n, 'a' + (int)(lines % 26), len);
		n += len;
		text[n++] = '\n';
		lines++;
	}
	in = reader(text, n, READ_SIZE);
	for (at = text, i = 0; i < lines && good; i++) {
		len = (size_t)((char *)memchr(at, '\n', 300000) - at);
		good = next_is(in, at, len) && linein_number(in) == i + 1;
		at += len + 1;
		good = good && linein_offset(in) == (size_t)(at - text);
	}
	ok(good && next_gives(in, LINEIN_EOF), "%zu lines across refills",
	    lines);
	linein_free(in);
	free(text);
}

/* A writer that dribbles: one byte at a time, or a line and a half. */
static void
test_pipe(void)
{
	struct linein * in;
	int p[2], i, good = 1;
	const char * line;
	size_t n;

	files_need(pipe(p) == 0, "pipe");
	in = linein_open(p[0], "a pipe", 100);
	ok(linein_idle(in), "nothing there: idle");
	files_need(write(p[1], "one\ntw", 6) == 6, "write");
	ok(!linein_idle(in), "something can be read");
	ok(next_is(in, "one", 3) && linein_idle(in),
	    "half a line is no line: idle");
	files_need(write(p[1], "o\nthree\n", 8) == 8, "write");
	ok(!linein_idle(in) && next_is(in, "two", 3) && !linein_idle(in) &&
	    next_is(in, "three", 5) && linein_idle(in), "two lines");
	close(p[1]);
	ok(!linein_idle(in) && next_gives(in, LINEIN_EOF) && !linein_idle(in),
	    "the end is not idle");
	linein_free(in);
	close(p[0]);

	files_need(pipe(p) == 0, "pipe");
	fflush(stdout);
	if (fork() == 0) {
		static const char text[] = "a\nbb\n\nccc\n";

		for (i = 0; i < 300; i++)
			if (write(p[1], text + i % 10, 1) != 1)
				_exit(1);
		_exit(0);
	}
	close(p[1]);
	in = linein_open(p[0], "a pipe", 100);
	for (i = 0; i < 30; i++)
		good &= next_is(in, "a", 1) && next_is(in, "bb", 2) &&
		    next_is(in, "", 0) && next_is(in, "ccc", 3);
	ok(good && next_gives(in, LINEIN_EOF), "byte by byte");
	wait(NULL);
	linein_free(in);
	close(p[0]);

	files_catch();
	in = linein_open(p[0], "closed", 100);
	ok(linein_next(in, &line, &n) == LINEIN_ERROR && files_said("closed"),
	    "a read that fails");
	ok(next_gives(in, LINEIN_EOF), "and then the end");
	linein_free(in);
}

/* Asked to stop: what is in the buffer comes first. */
/* A linein_take: 7 at "two". */
/* All the lines that are there, taken by one who finds their ends. */
static void
test_whole_lines(void)
{
	static const char text[] = "one\ntwo\nthree, too long\nfour\n";
	struct linein * in = reader(text, sizeof text - 1, 8);
	const char * p;
	size_t n;

	ok(linein_lines(in, &p, &n) == LINEIN_LINE && n == sizeof text - 1 &&
	    memcmp(p, text, n) == 0, "all lines");
	ok(linein_took(in, 3) == 0 && linein_number(in) == 1 &&
	    linein_offset(in) == 4 && !linein_idle(in), "one is taken");
	ok(linein_lines(in, &p, &n) == LINEIN_LINE && n == sizeof text - 5 &&
	    memcmp(p, text + 4, n) == 0, "then the others");
	ok(next_is(in, "two", 3) && linein_number(in) == 2, "one by one");
	ok(linein_lines(in, &p, &n) == LINEIN_LINE &&
	    linein_took(in, 15) == -1 && linein_too_long(in) &&
	    files_said("the input:3: the line is longer than 8 bytes"),
	    "one that is too long");
	ok(linein_lines(in, &p, &n) == LINEIN_EOF, "is the last");
	linein_free(in);
}

static int
stop_at_two(void * cookie, const char * p, size_t n)
{
	int * lines = cookie;

	++*lines;
	return (n == 3 && memcmp(p, "two", 3) == 0 ? 7 : 0);
}

static void
test_each(void)
{
	struct linein * in;
	int lines = 0;

	in = reader("one\ntwo\nthree\nfour", 18, 100);
	ok(linein_each(in, stop_at_two, &lines) == 7 && lines == 2,
	    "lines are taken until one is not 0");
	ok(next_is(in, "three", 5), "and no further");
	ok(linein_each(in, stop_at_two, &lines) == EXIT_PERM && lines == 2 &&
	    files_said("no newline"), "a broken end");
	linein_free(in);
	in = reader("one\n", 4, 100);
	ok(linein_each(in, stop_at_two, &lines) == 0 && lines == 3,
	    "a good one");
	linein_free(in);
}

static void
test_stop(void)
{
	struct linein * in;
	int p[2];
	pid_t child;

	stop_on_signals();
	files_need(pipe(p) == 0, "pipe");
	files_need(write(p[1], "one\ntwo\nthr", 11) == 11, "write");
	in = linein_open(p[0], "a pipe", 100);
	ok(next_is(in, "one", 3) && !stop_asked(), "a line before");
	fflush(stdout);
	if ((child = fork()) == 0) {
		usleep(50000);
		kill(getppid(), SIGTERM);
		linein_free(in);
		_exit(0);
	}
	ok(next_is(in, "two", 3), "a line that was there");
	ok(next_gives(in, LINEIN_STOP) && stop_asked(),
	    "a signal ends the wait for the rest");
	ok(next_gives(in, LINEIN_STOP) && linein_number(in) == 2,
	    "and every later one");
	ok(linein_each(in, stop_at_two, NULL) == EXIT_STOPPED,
	    "and who takes each line is told so");
	waitpid(child, NULL, 0);
	linein_free(in);
	close(p[0]);
	close(p[1]);
}

int
main(void)
{

	files_begin();
	log_open("test");
	test_lines();
	test_cut();
	test_longest();
	test_refills();
	test_pipe();
	test_whole_lines();
	test_each();
	test_stop();
	return (tap_done());
}
