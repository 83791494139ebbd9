#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "load/ack.h"

#include "tap.h"

/* What is in the file ${path}, NUL-terminated. */
static const char *
content(const char * path)
{
	static char p[1 << 16];
	int fd = open(path, O_RDONLY);
	ssize_t n = fd == -1 ? 0 : read(fd, p, sizeof p - 1);

	p[n > 0 ? n : 0] = '\0';
	close(fd);
	return (p);
}

static void
test_file(void)
{
	struct stat a, b;
	struct ack * ack;
	int t;

	ack = ack_open("state", &t);
	ok(ack != NULL, "a file that isn't there yet");
	ok(access("state", F_OK) == -1, "is not made before there is a value");
	ok(ack_put(ack, "{\"a\":1}", 7) == 0 &&
	    strcmp(content("state"), "{\"a\":1}\n") == 0, "the first value");
	stat("state", &a);
	ok((a.st_mode & 0777) == 0600, "only its owner can read it");
	ack_put(ack, "2", 1);
	ack_put(ack, "3", 1);
	ok(ack_flush(ack) == 0 && strcmp(content("state"), "3\n") == 0,
	    "the newest value replaces it");
	stat("state", &b);
	ok(a.st_ino != b.st_ino, "in a new file that takes its name");
	ok(access(".state.new", F_OK) == -1, "nothing is left beside it");
	ack_put(ack, "4", 1);
	ok(ack_close(ack) == 0 && strcmp(content("state"), "4\n") == 0,
	    "what was held back is written at close");

	ack = ack_open("none/state", &t);
	ok(ack != NULL && ack_put(ack, "1", 1) == -1,
	    "a folder that isn't there");
	ack_close(ack);
	ok(symlink("state", "link") == 0 && ack_open("link", &t) == NULL,
	    "a symbolic link is refused");
	ok(ack_open("/dev/null", &t) == NULL && !t, "a device is refused");
	ok(ack_open(".", &t) == NULL && !t, "a folder is refused");
}

/* Read all that the FIFO holds; NUL-terminated. */
static const char *
drain(int fd)
{
	static char p[1 << 20];
	ssize_t n, all = 0;

	while ((n = read(fd, p + all, sizeof p - 1 - (size_t)all)) > 0)
		all += n;
	p[all] = '\0';
	return (p);
}

static void
test_fifo(void)
{
	static char big[5001];
	struct ack * ack;
	const char * last;
	size_t n, m;
	int fd, t, i, good;

	mkfifo("fifo", 0600);
	fd = open("fifo", O_RDWR | O_NONBLOCK);
	ack = ack_open("fifo", &t);
	ok(ack != NULL, "a FIFO with a reader");
	ack_put(ack, "1", 1);
	ack_put(ack, "2", 1);
	ok(strcmp(drain(fd), "1\n2\n") == 0, "a line for each value");

	/* More than it holds: whole lines, and the newest one. */
	memset(big, 'x', 5000);
	for (i = 0, good = 1; i < 100 && good; i++) {
		big[0] = (char)('0' + i % 10);
		good = (ack_put(ack, big, 5000) == 0);
	}
	ok(good, "a full FIFO doesn't block");
	n = strlen(drain(fd));
	ok(n > 5001 * 2, "it took some lines");
	ok(ack_flush(ack) == 0, "and the rest when there is room");
	last = drain(fd);
	m = strlen(last);
	ok(m >= 5001 && last[m - 5001] == '9', "the newest is among them");
	ok((n + m) % 5001 == 0, "no line is torn");
	ok(ack_close(ack) == 0, "close");

	ack = ack_open("fifo", &t);
	close(fd);
	ok(ack_put(ack, "1", 1) == -1, "its reader has gone");
	ok(ack_close(ack) == -1, "which close says, too");
	ok(ack_open("fifo", &t) == NULL && t, "nobody reads it");
}

int
main(void)
{
	char dir[] = "/tmp/test_load_ack.XXXXXX";

	signal(SIGPIPE, SIG_IGN);
	if (mkdtemp(dir) == NULL || chdir(dir) == -1)
		return (EXIT_FAILURE);
	test_file();
	test_fifo();
	unlink("state");
	unlink("link");
	unlink("fifo");
	rmdir(dir);
	return (tap_done());
}
