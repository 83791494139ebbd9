#include <sys/wait.h>

#include "common/log.h"
#include "common/reject.h"

#include "files.h"
#include "tap.h"

/* Lines as linein.h gives them: readable behind their end. */
static const char *
line_of(const char * text)
{
	static char line[4096];

	memset(line, '\n', sizeof line);
	memcpy(line, text, strlen(text));
	return (line);
}

static int
put(struct reject * rj, const char * stream, const char * text)
{

	return (reject_record(rj, stream, line_of(text), strlen(text),
	    "maxLength", "longer than 5", 12));
}

static void
schema(struct reject * rj, const char * stream, const char * text)
{

	reject_schema(rj, stream, line_of(text), strlen(text));
}

#define MARK	"\"reject\":{\"stage\":\"load\",\"rule\":\"maxLength\"," \
	"\"reason\":\"longer than 5\",\"line\":12}}\n"
#define CLOSE	"{\"type\":\"STATE\",\"value\":null}\n"
#define ROW	"{\"type\":\"RECORD\",\"stream\":\"a\",\"record\":{}"
#define SCHEMA	"{\"type\":\"SCHEMA\",\"stream\":\"a\"}"

static void
test_stream(void)
{
	struct reject * rj = reject_open("r", "load");
	struct stat sb;

	if (!ok(rj != NULL, "open"))
		return;
	ok(stat("r", &sb) == 0 && (sb.st_mode & 07777) == 0600 &&
	    sb.st_size == 0, "made for its owner alone");
	ok(reject_sync(rj) == 0, "sync of nothing");
	schema(rj, "a", SCHEMA);
	schema(rj, "b", "{\"type\":\"SCHEMA\",\"stream\":\"b\"}");
	ok(put(rj, "a", ROW "}") == 0 && put(rj, "a", ROW ",\"x\":1}") == 0,
	    "two records");
	schema(rj, "a", SCHEMA);
	ok(put(rj, "a", ROW "}") == 0, "under the same SCHEMA again");
	ok(reject_sync(rj) == 0, "sync");
	ok(files_is("r", SCHEMA "\n" ROW "," MARK ROW ",\"x\":1," MARK ROW ","
	    MARK), "are in the file");
	schema(rj, "a", "{\"type\":\"SCHEMA\",\"stream\":\"a\",\"v\":2}");
	ok(put(rj, "a", ROW "}") == 0 && put(rj, "c", ROW "}") == 0 &&
	    reject_close(rj) == 0, "a changed SCHEMA, an unknown stream");
	ok(files_is("r", SCHEMA "\n" ROW "," MARK ROW ",\"x\":1," MARK ROW ","
	    MARK "{\"type\":\"SCHEMA\",\"stream\":\"a\",\"v\":2}\n" ROW "," MARK
	    ROW "," MARK CLOSE), "are there too, and the stream is closed");

	rj = reject_open("r", "load");
	ok(rj != NULL && reject_close(rj) == 0 && stat("r", &sb) == 0, "again");
	ok(files_has("r", MARK CLOSE) && !files_has("r", CLOSE CLOSE),
	    "a run without rejects adds nothing");
	rj = reject_open("r", "load");
	schema(rj, "a", SCHEMA);
	ok(put(rj, "a", ROW "}") == 0 && reject_close(rj) == 0, "another run");
	ok(files_has("r", CLOSE SCHEMA "\n" ROW "," MARK CLOSE),
	    "starts with its SCHEMA");
	ok(reject_close(NULL) == 0, "nothing to close");
}

/* What becomes of the message. */
static void
test_messages(void)
{
	static const struct {
		const char * in, * out;
	} t[] = {
		{ "{}", "{" MARK },
		{ " { } ", "{" MARK },
		{ "{\"a\":1}", "{\"a\":1," MARK },
		{ "{ \"a\" : [1, {\"b\":\"}\"}] } ",
		    "{ \"a\" : [1, {\"b\":\"}\"}]," MARK },
		{ "{\"a\":\"\\u20ac \xe2\x82\xac\"}",
		    "{\"a\":\"\\u20ac \xe2\x82\xac\"," MARK },
		{ "{\"reject\":{\"stage\":\"x\"}}", "{" MARK },
		{ "{\"a\":1,\"reject\":{\"stage\":\"x\"}}", "{\"a\":1," MARK },
		{ "{\"a\":1 , \"reject\" : 5 }", "{\"a\":1," MARK },
		{ "{\"reject\":null, \"a\":1}", "{\"a\":1," MARK },
		{ "{\"a\":1,\"reject\":[],\"b\":\"2\"}",
		    "{\"a\":1,\"b\":\"2\"," MARK },
		{ "{\"a\":{\"reject\":1}}", "{\"a\":{\"reject\":1}," MARK },
		{ "{\"a\":\"x\",\"r\\u0065ject\":\"y\"}",
		    "{\"a\":\"x\"," MARK },
	};
	struct reject * rj;
	size_t i;

	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		unlink("m");
		rj = reject_open("m", "load");
		ok(put(rj, "a", t[i].in) == 0 && reject_sync(rj) == 0,
		    "%s", t[i].in);
		ok(files_is("m", t[i].out), "as it was, with its mark");
		reject_close(rj);
	}
	files_catch();
	unlink("m");
	rj = reject_open("m", "load");
	ok(put(rj, "a", "[1]") == -1 && put(rj, "a", "{\"a\"") == -1 &&
	    files_said("line 12"), "only an object can be rejected");
	ok(reject_record(rj, "a", line_of("{}"), 2, "x", "a \"\n\xff", 1) ==
	    0 && reject_record(rj, "a", line_of("{}"), 2, "x", "a \"\n", 1) ==
	    0 && reject_close(rj) == 0 && files_has("m",
	    "\"reason\":\"(not UTF-8)\",") && files_has("m",
	    "\"reason\":\"a \\\"\\n\","), "any reason is text");
}

/* What an earlier run left. */
static void
test_torn(void)
{
	static const struct {
		const char * before, * after;
	} t[] = {
		{ SCHEMA "\n" ROW "," MARK, SCHEMA "\n" ROW "," MARK CLOSE },
		{ SCHEMA "\n" ROW "," MARK CLOSE,
		    SCHEMA "\n" ROW "," MARK CLOSE },
		{ SCHEMA "\n" ROW "," MARK "{\"type\":\"REC",
		    SCHEMA "\n" ROW "," MARK CLOSE },
		{ SCHEMA "\n" ROW "," MARK CLOSE "{",
		    SCHEMA "\n" ROW "," MARK CLOSE },
		{ CLOSE, CLOSE },
		{ "{\"type\":\"RECO", "" },
		{ "{", "" },
		{ "{\"type\"", "" },
		{ "{ \"type\": \"SCHEMA\"}\n{", "{ \"type\": \"SCHEMA\"}\n"
		    CLOSE },
	};
	static const char * const foreign[] = {
		"hello", "hello\n", "[1]\n", "{\n \"type\": 1\n}",
		"\n{\"type\":",
		"{\"a\":1}\n{\"type\":\"RECORD\"}\n", "{\"tyqe"
	};
	struct reject * rj;
	char * big;
	size_t i;

	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		files_catch();
		files_put_text("t", t[i].before, 0600);
		rj = reject_open("t", "load");
		ok(rj != NULL && reject_close(rj) == 0 &&
		    files_is("t", t[i].after), "mended: %zu", i);
	}
	for (i = 0; i < sizeof foreign / sizeof foreign[0]; i++) {
		files_catch();
		files_put_text("t", foreign[i], 0600);
		rj = reject_open("t", "load");
		ok(rj == NULL && files_is("t", foreign[i]) &&
		    files_said("no file of rejected records"),
		    "another file is left alone: %zu", i);
		reject_close(rj);
	}

	/* A torn line that is longer than what is read at once. */
	big = malloc(300000);
	memset(big, 'x', 300000);
	memcpy(big, SCHEMA "\n{", sizeof SCHEMA + 1);
	files_catch();
	files_put("t", big, 300000, 0600);
	rj = reject_open("t", "load");
	ok(rj != NULL && files_is("t", SCHEMA "\n") && files_said("cut "),
	    "a long torn line");
	reject_close(rj);
	free(big);
}

/* Can ${path} be opened in another process, without a locked file's owner? */
static int
opens_elsewhere(const char * path)
{
	struct reject * rj;
	int status;
	pid_t pid;

	fflush(stdout);
	if ((pid = fork()) == 0) {
		rj = reject_open(path, "load");
		reject_close(rj);
		_exit(rj != NULL);
	}
	waitpid(pid, &status, 0);
	return (WIFEXITED(status) && WEXITSTATUS(status) == 1);
}

static void
test_refused(void)
{
	struct reject * rj;
	int in = dup(STDIN_FILENO), out;

	files_catch();
	files_put_text("f", CLOSE, 0600);
	files_need(dup2(open("f", O_RDONLY), STDIN_FILENO) != -1, "stdin");
	ok(reject_open("f", "load") == NULL && files_said("standard input"),
	    "standard input");
	dup2(in, STDIN_FILENO);
	fflush(stdout);
	out = dup(STDOUT_FILENO);
	files_need(dup2(open("f", O_WRONLY), STDOUT_FILENO) != -1, "stdout");
	rj = reject_open("f", "load");
	dup2(out, STDOUT_FILENO);
	ok(rj == NULL && files_said("standard output"), "standard output");

	files_need(symlink("f", "l") == 0 && mkfifo("p", 0600) == 0 &&
	    mkdir("d", 0700) == 0, "files");
	ok(reject_open("l", "load") == NULL && files_said("symbolic link"),
	    "a symbolic link");
	ok(reject_open("p", "load") == NULL && files_said("no regular file"),
	    "a FIFO");
	ok(reject_open("d", "load") == NULL && files_said("open d"),
	    "a folder");
	ok(reject_open("d/none/r", "load") == NULL &&
	    files_said("open d/none/r"), "no such folder");

	rj = reject_open("f", "load");
	ok(rj != NULL && !opens_elsewhere("f") &&
	    files_said("another program"), "two writers");
	ok(reject_close(rj) == 0 && opens_elsewhere("f"), "one after another");

	files_catch();
	files_put_text("w", CLOSE, 0644);
	rj = reject_open("w", "load");
	ok(rj != NULL && files_said("chmod 600 w"), "others can read it");
	ok(reject_close(rj) == 0, "that is only said");

	files_catch();
	rj = reject_open("/dev/null", "load");
	ok(rj != NULL && put(rj, "a", ROW "}") == 0 && reject_sync(rj) == 0 &&
	    reject_close(rj) == 0 && files_silent(), "/dev/null");
	rj = reject_open("/dev/full", "load");
	ok(rj != NULL && put(rj, "a", ROW "}") == 0 && reject_sync(rj) == -1 &&
	    files_said("/dev/full"), "a full disk");
	ok(put(rj, "a", ROW "}") == -1 && reject_close(rj) == -1,
	    "stays an error");
}

/* More than the buffer holds: nothing is lost, and nothing torn. */
static void
test_volume(void)
{
	struct reject * rj = reject_open("v", "load");
	char * p, * q;
	size_t i, n, lines = 0;
	int good = 1;

	for (i = 0; i < 3000; i++)
		good &= put(rj, "a", ROW "}") == 0;
	ok(good && reject_close(rj) == 0, "3000 records");
	p = files_get("v", &n);
	for (q = p; (q = strchr(q, '\n')) != NULL; q++)
		lines++;
	ok(lines == 3001 && n == 3000 * strlen(ROW "," MARK) + strlen(CLOSE),
	    "are all there");
	free(p);
}

int
main(void)
{

	files_begin();
	log_open("load");
	test_stream();
	test_messages();
	test_torn();
	test_refused();
	test_volume();
	return (tap_done());
}
