#include <sys/ioctl.h>
#include <sys/wait.h>

#include <signal.h>

#include "common/lineout.h"
#include "common/log.h"

#include "files.h"
#include "tap.h"

static int
create(const char * path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	files_need(fd != -1, path);
	return (fd);
}

static off_t
size_of(const char * path)
{
	struct stat sb;

	return (stat(path, &sb) == 0 ? sb.st_size : -1);
}

static void
test_file(void)
{
	struct lineout * o = lineout_open(create("out"), "out");
	struct buf * b = lineout_buf(o);
	size_t i;
	int good = 1;

	buf_puts(b, "one\n");
	ok(lineout_line(o) == 0 && size_of("out") == 0, "a line is held back");
	buf_puts(b, "tw");
	buf_puts(b, "o\n");
	ok(lineout_line(o) == 0 && lineout_flush(o) == 0 &&
	    files_is("out", "one\ntwo\n"), "until it is flushed");
	ok(lineout_flush(o) == 0 && size_of("out") == 8, "once");
	for (i = 0; i < 10000; i++) {
		buf_puts(lineout_buf(o), "0123456789abcde\n");
		good &= lineout_line(o) == 0;
	}
	ok(good && size_of("out") % 16 == 8 && size_of("out") > 65536,
	    "much is written by itself, in whole lines");
	ok(lineout_close(o) == 0 && size_of("out") == 8 + 160000,
	    "and the rest at the end");
	ok(lineout_close(NULL) == 0, "nothing to close");
}

static void
test_full(void)
{
	struct lineout * o;
	int fd = open("/dev/full", O_WRONLY);
	size_t i;
	int failed = 0;
	char * said;

	files_catch();
	o = lineout_open(fd, "the output");
	buf_puts(lineout_buf(o), "x\n");
	ok(lineout_line(o) == 0 && lineout_close(o) == -1 &&
	    files_said("write the output: No space left"),
	    "a full disk is seen at the end");
	ok(fcntl(fd, F_GETFD) == -1, "and the descriptor closed");

	files_catch();
	o = lineout_open(open("/dev/full", O_WRONLY), "the output");
	for (i = 0; i < 100000; i++) {
		buf_puts(lineout_buf(o), "0123456789abcde\n");
		failed += lineout_line(o) == -1;
	}
	ok(failed > 90000, "or earlier");
	ok(lineout_flush(o) == -1 && lineout_close(o) == -1, "and stays");
	said = files_get("err", NULL);
	ok(strstr(said, "No space") != NULL &&
	    strchr(said, '\n') == strrchr(said, '\n'), "and is said once");
	free(said);

	files_catch();
	o = lineout_open(-1, "nowhere");
	ok(lineout_close(o) == -1 && files_said("nowhere"),
	    "a descriptor that isn't one");
}

/* A slow reader of a pipe that somebody made non-blocking. */
static void
test_pipe(void)
{
	struct lineout * o;
	int p[2], status, there, good = 1;
	size_t i, total = 0;
	char buf[5000] = { 0 };
	ssize_t n;
	pid_t pid;

	/* So full that the first write has to be a short one. */
	files_need(pipe(p) == 0 && write(p[1], buf, sizeof buf) ==
	    (ssize_t)sizeof buf, "pipe");
	fcntl(p[1], F_SETFL, O_NONBLOCK);
	fflush(stdout);
	if ((pid = fork()) == 0) {
		close(p[1]);
		do
			ioctl(p[0], FIONREAD, &there);
		while (there < 60000);
		while ((n = read(p[0], buf, sizeof buf)) > 0)
			total += (size_t)n;
		_exit(total != sizeof buf + 160000 * 10);
	}
	close(p[0]);
	o = lineout_open(p[1], "a pipe");
	for (i = 0; i < 100000; i++) {
		buf_puts(lineout_buf(o), "0123456789abcde\n");
		good &= lineout_line(o) == 0;
	}
	ok(good && lineout_close(o) == 0, "a slow reader");
	waitpid(pid, &status, 0);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "got everything");
}

/* No reader: the program ends as any filter does. */
static void
test_gone(void)
{
	struct lineout * o;
	int p[2], status;
	pid_t pid;

	files_need(pipe(p) == 0, "pipe");
	close(p[0]);
	fflush(stdout);
	if ((pid = fork()) == 0) {
		o = lineout_open(p[1], "a pipe");
		buf_puts(lineout_buf(o), "x\n");
		lineout_close(o);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE, "SIGPIPE");
	signal(SIGPIPE, SIG_IGN);
	files_catch();
	o = lineout_open(p[1], "a pipe");
	buf_puts(lineout_buf(o), "x\n");
	ok(lineout_close(o) == -1 && files_said("Broken pipe"),
	    "or, if that is ignored, an error");
}

int
main(void)
{

	files_begin();
	log_open("test");
	test_file();
	test_full();
	test_pipe();
	test_gone();
	return (tap_done());
}
