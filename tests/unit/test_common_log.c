#include <sys/ioctl.h>

#include <errno.h>

#include "common/json.h"
#include "common/log.h"
#include "common/progress.h"
#include "common/timestamp.h"

#include "files.h"
#include "tap.h"

/* Open the log anew, to the file `err`. */
static void
start(const char * format, const char * level)
{

	setenv("LOG_FORMAT", format, 1);
	setenv("LOG_LEVEL", level, 1);
	files_catch();
	log_open("test");
}

/* The one line that was said, as JSON; NULL if it isn't. */
static struct json *
said(void)
{
	size_t n;
	char * p = files_get("err", &n);
	struct json * doc = NULL;

	if (n > 0 && strchr(p, '\n') == p + n - 1)
		doc = json_parse(p, n, NULL);
	if (doc == NULL)
		printf("#   said: %s\n", p);
	free(p);
	return (doc);
}

static int
member_is(const struct json * doc, const char * name, const char * text)
{
	const char * p = doc == NULL ? NULL :
	    json_text(json_get(json_root(doc), name), NULL);

	if (p != NULL && strcmp(p, text) != 0)
		printf("#   %s: %s\n", name, p);
	return (p != NULL && strcmp(p, text) == 0);
}

static void
test_json(void)
{
	const struct json_node * v;
	struct json * doc;
	const char * p;
	int64_t num, us;
	size_t n;

	start("json", "info");
	log_event(LOG_LEVEL_INFO, LOG_FIELDS(LOG_TEXT("table", "a\"b\\"),
	    LOG_TEXT("operation", NULL), LOG_INT("errors", -3),
	    LOG_MICROS("duration_seconds", 1500001)), "%d \"rows\"\n\x01", 7);
	doc = said();
	ok(member_is(doc, "level", "info") && member_is(doc, "component",
	    "test") && member_is(doc, "message", "7 \"rows\"\n\x01"), "event");
	ok(member_is(doc, "table", "a\"b\\") && json_get(json_root(doc),
	    "operation") == NULL, "text, and no text");
	ok(json_int64(json_get(json_root(doc), "errors"), &num) == 0 &&
	    num == -3, "a number");
	v = json_get(json_root(doc), "duration_seconds");
	p = json_raw(v, &n);
	same(p, n, "1.500001", 8, "seconds");
	p = json_text(json_get(json_root(doc), "timestamp"), &n);
	ok(n == TIMESTAMP_LEN && timestamp_parse(p, n, &us) == 0 &&
	    timestamp_now() - us < 60000000, "the time");
	json_free(doc);

	files_catch();
	log_warn("a\xff\xc3\xa9\xc2\x9b\x7f\xe2\x82" "b");
	doc = said();
	ok(member_is(doc, "message", "a\xc3\xbf\xc3\xa9\xc3\x82\xc2\x9b"
	    "\x7f\xc3\xa2\xc2\x82" "b"), "nothing but UTF-8, and no controls");
	ok(!files_has("err", "\xc2\x9b") && files_has("err", "\xc3\xa9"),
	    "names stay readable");
	json_free(doc);

	files_catch();
	errno = ENOENT;
	log_error_sys("open %s", "x");
	ok(errno == ENOENT, "errno is kept");
	doc = said();
	ok(member_is(doc, "message", "open x: No such file or directory") &&
	    member_is(doc, "level", "error"), "and said");
	json_free(doc);
}

/* However long a message is, its line stays one, and JSON. */
static void
test_long(void)
{
	char text[6001];
	struct json * doc;
	size_t n, i;
	int good = 1;

	start("json", "info");
	for (n = 1000; n <= 6000 && good; n += 101)
		for (i = 0; i < 4; i++) {
			memset(text, 'x', i);
			memset(text + i, i < 2 ? 1 : 'y', n - i);
			text[n] = '\0';
			if (i == 3)
				for (size_t k = 3; k + 1 < n; k += 2)
					memcpy(text + k, "\xc3\xa9", 2);
			files_catch();
			log_event(LOG_LEVEL_INFO, LOG_FIELDS(
			    LOG_TEXT("table", text), LOG_TEXT("x", text)),
			    "%s", text);
			doc = said();
			good = doc != NULL;
			json_free(doc);
		}
	ok(good, "long messages");
}

static void
test_levels(void)
{

	start("text", "warn");
	log_debug("a");
	log_info("b");
	log_warn("c");
	log_error("d");
	ok(files_is("err", "test: warning: c\ntest: d\n"), "LOG_LEVEL=warn");
	start("text", "debug");
	log_debug("a");
	ok(files_is("err", "test: a\n"), "LOG_LEVEL=debug");
	ok(log_is_text() && !log_terminal(), "text, but no terminal");
	start("xml", "info");
	ok(files_has("err", "LOG_FORMAT") && files_has("err", "xml") &&
	    !log_is_text(), "another format: said, and the default taken");
	start("text", "loud");
	ok(files_has("err", "LOG_LEVEL") && files_has("err", "loud"),
	    "another level");
}

/* All that a program writes to a terminal of ${columns}, until ${end}. */
static void
read_terminal(int fd, char * text, size_t size, const char * end)
{
	size_t n = 0;
	ssize_t k;

	text[0] = '\0';
	while (n + 1 < size && strstr(text, end) == NULL &&
	    (k = read(fd, text + n, size - n - 1)) > 0) {
		n += (size_t)k;
		text[n] = '\0';
	}
}

static void
test_progress(void)
{
	struct winsize ws = { .ws_row = 24, .ws_col = 30 };
	struct progress * p;
	char text[8192];
	uint64_t i, start_us = (uint64_t)timestamp_now();
	int fd = posix_openpt(O_RDWR | O_NOCTTY), tty = -1;

	start("text", "info");
	p = progress_open("orders", 10);
	ok(p == NULL, "no progress but on a terminal");
	progress_step(p, 1, 1);
	progress_wipe(p);
	progress_close(p);

	files_need(fd != -1 && grantpt(fd) == 0 && unlockpt(fd) == 0 &&
	    (tty = open(ptsname(fd), O_RDWR | O_NOCTTY)) != -1 &&
	    ioctl(tty, TIOCSWINSZ, &ws) == 0 &&
	    dup2(tty, STDERR_FILENO) != -1, "a terminal");
	unsetenv("LOG_FORMAT");
	setenv("TERM", "dumb", 1);
	log_open("test");
	ok(log_is_text() && !log_terminal(), "a terminal that can't wipe");
	setenv("TERM", "xterm", 1);
	log_open("test");
	ok(log_is_text() && log_terminal(), "a terminal that can");

	p = progress_open("or\nders\xc3\xa9", 2000000);
	for (i = 0; (uint64_t)timestamp_now() - start_us < 700000; i += 10)
		progress_step(p, 1234567 + i, 1000000);
	log_info("in between");
	progress_close(p);
	log_info("done");
	read_terminal(fd, text, sizeof text, "done");
	ok(strstr(text, "\r\033[Kor?ders\xc3\xa9: ") != NULL,
	    "a line is painted");
	ok(strstr(text, "\r\033[Ktest: in between") != NULL,
	    "an event wipes it first");
	ok(strstr(text, "left") == NULL, "it doesn't grow out of the window");

	ws.ws_col = 0;
	ioctl(tty, TIOCSWINSZ, &ws);
	p = progress_open("orders", 2000000);
	start_us = (uint64_t)timestamp_now();
	for (i = 0; (uint64_t)timestamp_now() - start_us < 300000; i += 10) {
		usleep(1000);
		progress_step(p, i, 1000000);
	}
	progress_close(p);
	log_info("done");
	read_terminal(fd, text, sizeof text, "done");
	ok(strstr(text, " rows  ") != NULL && strstr(text, "/s  0:00 left") !=
	    NULL, "rows, rate and remaining time of a slow source");
	close(tty);
	close(fd);
}

int
main(void)
{

	files_begin();
	test_json();
	test_long();
	test_levels();
	test_progress();
	return (tap_done());
}
