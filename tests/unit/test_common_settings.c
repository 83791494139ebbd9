#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "common/log.h"
#include "common/settings.h"

#include "files.h"
#include "tap.h"

static const struct setting table[] = {
	{ "T_HOST", SETTING_TEXT, "localhost", 0, 0, "server" },
	{ "T_NAME", SETTING_TEXT, NULL, 0, 0, "name of it" },
	{ "T_PORT", SETTING_UINT, "3306", 1, 65535, "its port" },
	{ "T_PASSWORD", SETTING_SECRET, NULL, 0, 0, "password" },
	{ "SYNC_TABLES", SETTING_LIST, "", 0, 0, "tables" },
	{ NULL, SETTING_TEXT, NULL, 0, 0, NULL }
};

/* Start from nothing; what is said from here on can be looked at. */
static void
fresh(const char * env)
{

	clearenv();
	if (env != NULL)
		files_put_text(".env", env, 0600);
	else
		unlink(".env");
	files_catch();
}

static int
text_is(const struct settings * s, const char * name, const char * expected)
{
	const char * v = settings_text(s, name);

	if (v != NULL && expected != NULL && strcmp(v, expected) != 0)
		printf("#   %s is %s\n", name, v);
	return (v == NULL || expected == NULL ? v == expected :
	    strcmp(v, expected) == 0);
}

static void
test_sources(void)
{
	struct settings * s;
	size_t n;

	fresh(NULL);
	s = settings_load(table, NULL);
	if (!ok(s != NULL && files_silent(), "nothing is set"))
		return;
	ok(text_is(s, "T_HOST", "localhost") && text_is(s, "T_NAME", NULL) &&
	    settings_uint(s, "T_PORT") == 3306 &&
	    text_is(s, "T_PASSWORD", NULL), "the defaults");
	settings_list(s, "SYNC_TABLES", &n);
	ok(n == 0, "an empty list");
	settings_free(s);

	fresh("T_HOST=file\nT_NAME=file\nT_PORT=1\nOTHER=x\nMONGO URI\n");
	ok(settings_load(table, NULL) == NULL && files_said(".env:5: "),
	    "a malformed line");

	fresh("T_HOST=file\nT_NAME=file\nT_PORT=1\nOTHER=bad\nT_PORT=2\n");
	setenv("T_HOST", "environment", 1);
	setenv("T_NAME", "", 1);
	s = settings_load(table, NULL);
	ok(s != NULL && text_is(s, "T_HOST", "environment"),
	    "the environment wins");
	ok(text_is(s, "T_NAME", "file"), "unless it is empty");
	ok(settings_uint(s, "T_PORT") == 2, "the last line of a name wins");
	ok(getenv("OTHER") == NULL && getenv("T_PORT") == NULL,
	    "the environment stays as it was");
	settings_free(s);

	fresh("T_HOST=dotenv\n");
	files_put_text("other.env", "T_HOST=other\n", 0644);
	s = settings_load(table, "other.env");
	ok(s != NULL && text_is(s, "T_HOST", "other"), "--env-file");
	settings_free(s);
	ok(settings_load(table, "none.env") == NULL && files_said("none.env"),
	    "has to be there");
	fresh("T_NAME=\nT_HOST=\"\"\n");
	s = settings_load(table, NULL);
	ok(s != NULL && text_is(s, "T_NAME", NULL) &&
	    text_is(s, "T_HOST", "localhost"), "empty is unset");
	settings_free(s);
	settings_free(NULL);
}

static void
test_dotenv(void)
{
	static const struct {
		const char * line, * value;	/* NULL: malformed */
	} t[] = {
		{ "T_NAME=plain", "plain" }, { "T_NAME=a b # c", "a b # c" },
		{ "  T_NAME=x  ", "x" }, { "export T_NAME=x", "x" },
		{ "export\t T_NAME= x", "x" }, { "T_NAME=x\r", "x" },
		{ "T_NAME='a \"$b\\n' ", "a \"$b\\n" },
		{ "T_NAME=\"a\\n\\t\\\"\\\\\\$b$c'#\"", "a\n\t\"\\$b$c'#" },
		{ "T_NAME=\"x\" # why", "x" }, { "T_NAME='x'\t#why", "x" },
		{ "T_NAME=a'b\"c", "a'b\"c" }, { "T_NAME=a=b", "a=b" },
		{ "T_NAME=$HOME/`x`", "$HOME/`x`" }, { "T_NAME=#x", "#x" },
		{ "T_NAME=\xc3\xa9", "\xc3\xa9" },
		{ "#T_NAME=x\nT_NAME=y", "y" }, { "\n \t\nT_NAME=y\n\n", "y" },
		{ "exported=1\nT_NAME=y", "y" }, { "export=1\nT_NAME=y", "y" },
		{ "T_NAME=\"x\"\n#", "x" },

		{ "T_NAME", NULL }, { "T_NAME =x", NULL }, { "=x", NULL },
		{ "1T=x", NULL }, { "T-NAME=x", NULL }, { "export", NULL },
		{ "T_NAME='x", NULL }, { "T_NAME=\"x", NULL },
		{ "T_NAME=\"x\\", NULL }, { "T_NAME=\"x\\q\"", NULL },
		{ "T_NAME='x'y", NULL }, { "T_NAME=\"x\"#y", NULL },
		{ "T_NAME='x' y", NULL }, { "T_NAME='x\ny'", NULL },
		{ "$T_NAME=x", NULL }, { "export export T_NAME=x", NULL }
	};
	struct settings * s;
	size_t i;

	for (i = 0; i < sizeof t / sizeof t[0]; i++) {
		fresh(t[i].line);
		s = settings_load(table, NULL);
		if (t[i].value == NULL)
			ok(s == NULL && files_said(".env:1: "), "refuse: %s",
			    t[i].line);
		else
			ok(s != NULL && text_is(s, "T_NAME", t[i].value),
			    "read: %s", t[i].line);
		settings_free(s);
	}
	fresh("");
	files_put(".env", "T_NAME=a\0b\n", 11, 0600);
	ok(settings_load(table, NULL) == NULL && files_said("NUL"), "NUL");
	files_put(".env", "", 0, 0600);
	s = settings_load(table, NULL);
	ok(s != NULL, "an empty file");
	settings_free(s);
	files_need(unlink(".env") == 0 && mkdir(".env", 0700) == 0, ".env");
	ok(settings_load(table, NULL) == NULL &&
	    files_said("no regular file"), "a folder");
	files_need(rmdir(".env") == 0, ".env");
}

static void
test_values(void)
{
	static const char * const ports[] = { "0", "65536", "1x", "-1", "+1",
		" 1", "0x10", "1.0", "99999999999999999999" };
	static const char * const lists[] = { ",", "a,", ",a", "a,,b", "a, ,b",
		" " };
	const char * const * list;
	struct settings * s;
	size_t i, n;

	for (i = 0; i < sizeof ports / sizeof ports[0]; i++) {
		fresh(NULL);
		setenv("T_PORT", ports[i], 1);
		s = settings_load(table, NULL);
		ok(s == NULL && files_said("T_PORT") && files_said(ports[i]) &&
		    files_said("from 1 to 65535"), "no port: %s", ports[i]);
		settings_free(s);
	}
	for (i = 0; i < sizeof lists / sizeof lists[0]; i++) {
		fresh(NULL);
		setenv("SYNC_TABLES", lists[i], 1);
		s = settings_load(table, NULL);
		ok(s == NULL && files_said("SYNC_TABLES"), "no list: %s",
		    lists[i]);
		settings_free(s);
	}
	fresh("SYNC_TABLES= orders ,\tproducts , a b,\xc3\xa9\n");
	s = settings_load(table, NULL);
	list = settings_list(s, "SYNC_TABLES", &n);
	ok(n == 4 && strcmp(list[0], "orders") == 0 &&
	    strcmp(list[1], "products") == 0 && strcmp(list[2], "a b") == 0 &&
	    strcmp(list[3], "\xc3\xa9") == 0, "a list");
	settings_free(s);

	fresh("T_PORT=x\nSYNC_TABLES=,\n");
	setenv("T_PASSWORD", "geheim", 1);
	setenv("T_PASSWORD_FILE", "f", 1);
	ok(settings_load(table, NULL) == NULL && files_said("T_PORT") &&
	    files_said(".env:1") && files_said("SYNC_TABLES") &&
	    files_said(".env:2") && files_said("T_PASSWORD_FILE"),
	    "every bad value is reported");
	ok(!files_has("err", "geheim"), "but no secret is said");
}

/* Does /proc/self/environ of a program with this secret still show it? */
static void
test_environ(const char * self)
{
	pid_t pid;
	int status;

	fflush(stdout);
	if ((pid = fork()) == 0) {
		char * argv[] = { (char *)(uintptr_t)self,
		    (char *)(uintptr_t)"environ", NULL };
		char one[] = "T_PASSWORD=geheim", two[] = "T_PASSWORD=again";
		char three[] = "T_HOST=here";
		char * envp[] = { one, two, three, NULL };

		execve(self, argv, envp);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 0,
	    "a secret leaves /proc/PID/environ, and memory is hidden "
	    "(status %d)", status);
}

/* In the program that test_environ() starts. */
static int
look_at_environ(void)
{
	int fd = open("/proc/self/environ", O_RDONLY);
	struct settings * s = settings_load(table, NULL);
	struct rlimit core;
	char p[4096];
	ssize_t n;

	if (s == NULL || !text_is(s, "T_PASSWORD", "geheim") ||
	    getenv("T_PASSWORD") != NULL)
		return (1);
	if ((n = read(fd, p, sizeof p)) <= 0 ||
	    memmem(p, (size_t)n, "T_HOST=here", 11) == NULL)
		return (2);
	if (memmem(p, (size_t)n, "geheim", 6) != NULL ||
	    memmem(p, (size_t)n, "again", 5) != NULL)
		return (3);
#ifndef __SANITIZE_ADDRESS__
	if (prctl(PR_GET_DUMPABLE) != 0 ||
	    getrlimit(RLIMIT_CORE, &core) == -1 || core.rlim_max != 0)
		return (4);
#else
	(void)core;
#endif
	settings_free(s);
	return (0);
}

static void
test_secrets(void)
{
	static const mode_t modes[] = { 0640, 0604, 0620, 0601, 0644, 0666 };
	struct settings * s;
	size_t i;

	fresh(NULL);
	setenv("T_PASSWORD", "geheim", 1);
	s = settings_load(table, NULL);
	ok(s != NULL && text_is(s, "T_PASSWORD", "geheim") &&
	    getenv("T_PASSWORD") == NULL, "taken out of the environment");
	settings_free(s);
	fresh("T_PASSWORD=other\n");
	setenv("T_PASSWORD", "", 1);
	s = settings_load(table, NULL);
	ok(s != NULL && text_is(s, "T_PASSWORD", ""),
	    "an empty one in the environment is one");
	settings_free(s);
	fresh("T_PASSWORD=geheim\n");
	s = settings_load(table, NULL);
	ok(s != NULL && text_is(s, "T_PASSWORD", "geheim"), "from .env");
	settings_free(s);
	fresh("T_PASSWORD=geheim\n");
	chmod(".env", 0644);
	ok(settings_load(table, NULL) == NULL && files_said("chmod 600 .env"),
	    "which has to be private");
	fresh("T_PASSWORD=\nT_HOST=x\n");
	chmod(".env", 0644);
	s = settings_load(table, NULL);
	ok(s != NULL, "if it holds one");
	settings_free(s);

	fresh("T_PASSWORD_FILE=secret\n");
	files_put_text("secret", " ge heim \n", 0400);
	s = settings_load(table, NULL);
	ok(s != NULL && text_is(s, "T_PASSWORD", " ge heim "), "from a file");
	settings_free(s);
	setenv("T_PASSWORD_FILE", "secret2", 1);
	files_put_text("secret2", "two\nlines\r\n", 0600);
	s = settings_load(table, NULL);
	ok(s != NULL && text_is(s, "T_PASSWORD", "two\nlines"),
	    "one end of line is cut");
	settings_free(s);
	files_put_text("secret2", "", 0600);
	s = settings_load(table, NULL);
	ok(s != NULL && text_is(s, "T_PASSWORD", ""), "an empty file");
	settings_free(s);
	for (i = 0; i < sizeof modes / sizeof modes[0]; i++) {
		files_catch();
		files_put_text("secret2", "geheim\n", modes[i]);
		ok(settings_load(table, NULL) == NULL &&
		    files_said("chmod 600 secret2"), "mode %04o",
		    (unsigned)modes[i]);
	}
	files_catch();
	files_put("secret2", "a\0b", 3, 0600);
	ok(settings_load(table, NULL) == NULL && files_said("NUL"), "NUL");
	setenv("T_PASSWORD_FILE", "none", 1);
	ok(settings_load(table, NULL) == NULL &&
	    files_said("T_PASSWORD_FILE: open none"), "no such file");
	files_need(symlink("secret", "link") == 0 &&
	    mkfifo("fifo", 0600) == 0, "files");
	setenv("T_PASSWORD_FILE", "link", 1);
	ok(settings_load(table, NULL) == NULL && files_said("symbolic link"),
	    "a symbolic link");
	setenv("T_PASSWORD_FILE", "fifo", 1);
	ok(settings_load(table, NULL) == NULL && files_said("no regular file"),
	    "a FIFO");
	if (geteuid() == 0) {
		files_put_text("theirs", "x\n", 0600);
		files_need(chown("theirs", 12345, 12345) == 0, "chown");
		setenv("T_PASSWORD_FILE", "theirs", 1);
		ok(settings_load(table, NULL) == NULL &&
		    files_said("user 12345"), "somebody else's");
	}

	fresh("T_PASSWORD=x\nT_PASSWORD_FILE=secret\n");
	ok(settings_load(table, NULL) == NULL && files_said("both given"),
	    "both in .env");
	fresh("T_PASSWORD_FILE=secret\n");
	setenv("T_PASSWORD", "geheim", 1);
	ok(settings_load(table, NULL) == NULL && files_said("both given") &&
	    !files_has("err", "geheim") && getenv("T_PASSWORD") == NULL,
	    "both, one of them in the environment");
}

static void
test_streams(void)
{
	struct settings * s;
	const char * v;

	fresh("SYNC_ORDERS_COLLECTION=bestellungen\n"
	    "SYNC_MY_ORDERS__1_COLLECTION=mine\nSYNC_X_COLLECTION=\n");
	setenv("SYNC_A_COLLECTION", "a", 1);
	s = settings_load(table, NULL);
	v = settings_of_stream(s, "SYNC_", "orders", "_COLLECTION");
	ok(v != NULL && strcmp(v, "bestellungen") == 0, "of a stream");
	v = settings_of_stream(s, "SYNC_", "my-Orders.1", "_COLLECTION");
	ok(v == NULL, "every byte counts");
	v = settings_of_stream(s, "SYNC_", "my-Orders.-1", "_COLLECTION");
	ok(v != NULL && strcmp(v, "mine") == 0, "'_' for all else");
	v = settings_of_stream(s, "SYNC_", "a", "_COLLECTION");
	ok(v != NULL && strcmp(v, "a") == 0, "from the environment");
	ok(settings_of_stream(s, "SYNC_", "x", "_COLLECTION") == NULL &&
	    settings_of_stream(s, "SYNC_", "", "_COLLECTION") == NULL,
	    "unset");
	settings_free(s);
}

static void
test_help(void)
{
	static const char expected[] =
	    "  T_HOST       server [localhost]\n"
	    "  T_NAME       name of it\n"
	    "  T_PORT       its port, 1 to 65535 [3306]\n"
	    "  T_PASSWORD   password (or T_PASSWORD_FILE)\n"
	    "  SYNC_TABLES  tables\n";
	struct buf b = { NULL, 0, 0 };

	setenv("T_PASSWORD", "geheim", 1);
	settings_help(table, &b);
	same(b.p, b.n, expected, sizeof expected - 1, "--help");
	buf_free(&b);
}

int
main(int argc, char ** argv)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	(void)argv;
	if (argc > 1)
		return (look_at_environ());
	self[n > 0 ? n : 0] = '\0';
	files_begin();
	log_open("test");
	test_sources();
	test_dotenv();
	test_values();
	test_secrets();
	fresh(NULL);
	test_environ(self);
	test_streams();
	test_help();
	return (tap_done());
}
