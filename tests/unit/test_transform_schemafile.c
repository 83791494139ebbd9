#include <unistd.h>

#include "common/log.h"

#include "transform/schemafile.h"

#include "tap.h"

static FILE * messages;

/* Read the file ${text}; what was said of it, without "test: ". */
static struct schemafile *
read_(const char * text, struct buf * said)
{
	struct schemafile * sf;
	ssize_t n;

	if (ftruncate(fileno(messages), 0) == -1 ||
	    lseek(fileno(messages), 0, SEEK_SET) == -1)
		exit(EXIT_FAILURE);
	sf = schemafile_parse("t.json", text, strlen(text));
	buf_clear(said);
	if (lseek(fileno(messages), 0, SEEK_SET) == -1)
		exit(EXIT_FAILURE);
	while ((n = read(fileno(messages), buf_room(said, 4096), 4096)) > 0)
		said->n += (size_t)n;
	buf_text(said);
	return (sf);
}

#define SOURCE	"\"x-source\":{\"table\":\"t\"},"

/* Each ${said} is a part of a message; the number is how many there are. */
static const struct {
	const char * text;
	int n;
	const char * said[4];
} faulty[] = {
	{ "", 1, { "t.json:1:1: " } },
	{ "{\n  \"a\" 1}", 1, { "t.json:2:7: " } },
	{ "[]", 1, { "t.json:1:1: a schema is an object" } },
	{ "{}", 2, { "t.json:1:1: \"x-source\"",
	    "\"properties\" is missing" } },
	{ "{" SOURCE "\"properties\":{\"a\":{}},\n\"requird\":[]}", 1,
	    { "t.json:2:1: \"requird\" is no keyword that transform knows; "
	    "is \"required\" meant?" } },
	{ "{" SOURCE "\n\"properties\":{\"a\":{\n \"$ref\":\"#/b\"}}}", 1,
	    { "t.json:3:2: \"$ref\" is no keyword that transform knows" } },
	{ "{" SOURCE "\n\"properties\":{\"a\":{\n \"x-form\":\"b\"}}}", 1,
	    { "t.json:3:2: \"x-form\" is no keyword that transform knows; is "
	    "\"x-from\" meant?" } },
	{ "{" SOURCE "\n\"x-from\":\"b\",\"properties\":{\"a\":{}}}", 1,
	    { "t.json:2:1: \"x-from\" has no meaning here" } },
	{ "{" SOURCE "\"properties\":{\"a\":{\"type\":\"text\"},\n\"b\":"
	    "{\"minimum\":\"x\"},\"c\":3}}", 3, { "t.json:1:", "t.json:2:16: ",
	    "t.json:2:25: a schema is an object" } },
	{ "{" SOURCE "\"properties\":{\"$a\":{},\"b.c\":{},\"\":{}}}", 3,
	    { "no '$' in front", "a field needs a name" } },
	{ "{" SOURCE "\"properties\":{\"a\":{}},\"required\":[\"b\"]}", 1,
	    { "\"b\" is required, but no property" } },
	{ "{" SOURCE "\"properties\":{\"a\":{}},\"required\":\"a\"}", 1,
	    { "required is a list" } },
	{ "{\"x-source\":{\"tabel\":\"t\",\"table\":\"t\"},\"properties\":{}}",
	    1, { "\"tabel\" is no member of x-source; is \"table\" meant?" } },
	{ "{" SOURCE "\"x-columns\":\"drp\",\"properties\":{}}", 1,
	    { "x-columns is keep, drop or reject" } },
	{ "{" SOURCE "\"x-columns\":\"keep\",\"additionalProperties\":false,"
	    "\"properties\":{}}", 1, { "keep doesn't go with" } },
	{ "{" SOURCE "\"x-target\":{\"collection\":\"system.x\"},"
	    "\"properties\":{}}", 1, { "no collection of this name" } },
	{ "{" SOURCE "\"properties\":{\"a\":{\"x-apply\":[\"trimm\"]}}}", 1,
	    { "\"trimm\" is no step of x-apply" } },
	{ "{" SOURCE "\"properties\":{\"a\":{\"x-apply\":[{\"splt\":1}]}}}", 1,
	    { "\"splt\" is no step of x-apply; is \"split\" meant?" } },
	{ "{" SOURCE "\"properties\":{\"a\":{\"x-apply\":[{\"split\":\",\"},"
	    "\"lower\"]}}}", 1, { "the step lower takes string, but gets "
	    "array or null" } },
	{ "{" SOURCE "\"properties\":{\"a\":{\"x-apply\":[{\"split\":\",\"}],"
	    "\"type\":\"string\"}}}", 1, { "never has the property's type" } },
	{ "{" SOURCE "\"properties\":{\"a\":{\"x-from\":null}}}", 1,
	    { "needs a default" } },
	{ "{" SOURCE "\"properties\":{\"a\":{\"default\":\"x\",\"enum\":"
	    "[\"y\"]}}}", 1, { "the default breaks enum" } },
	{ "{" SOURCE "\"properties\":{\"a\":{\"x-null\":\"no\"}}}", 1,
	    { "x-null is keep or omit" } },
	{ "{" SOURCE "\"properties\":{\"a\":{\"properties\":{\"b\":{}},"
	    "\"default\":{}}}}", 1, { "put together has no default" } },
	{ "{" SOURCE "\"properties\":{\"a\":{\"properties\":{\"b\":{}},"
	    "\"type\":\"string\"}}}", 1, { "the type is another one" } },
	{ "{" SOURCE "\"x-drop\":[\"a\"],\"properties\":{\"a\":{}}}", 1,
	    { "a property is made of \"a\"" } },
	{ "{" SOURCE "\"type\":\"array\",\"properties\":{}}", 1,
	    { "a document is of the type object" } },
	{ "{" SOURCE "\"properties\":{\"a\":{},\"a\":{}}}", 1,
	    { "t.json:1:" } }
};

static void
test_faults(void)
{
	struct buf said = { 0 };
	struct schemafile * sf;
	const char * p;
	size_t i, j;
	int n;

	for (i = 0; i < sizeof faulty / sizeof faulty[0]; i++) {
		sf = read_(faulty[i].text, &said);
		ok(sf == NULL, "file %zu is refused", i);
		schemafile_free(sf);
		for (n = 0, p = said.p; *p != '\0'; p++)
			n += (*p == '\n');
		ok(n == faulty[i].n, "%d faults are named", faulty[i].n);
		for (j = 0; j < 4 && faulty[i].said[j] != NULL; j++) {
			if (!ok(strstr(said.p, faulty[i].said[j]) != NULL,
			    "says \"%s\"", faulty[i].said[j]))
				printf("# %s\n", said.p);
		}
	}
	buf_free(&said);
}

static void
test_reading(void)
{
	static const char text[] = "{" "\"x-source\":{\"table\":\"t\","
	    "\"key\":[\"a\",\"b\"],\"change\":\"c\"},"
	    "\"x-target\":{\"collection\":\"things\"},\"x-null\":\"omit\","
	    "\"x-drop\":[\"secret\"],\"properties\":{"
	    "\"plain\":{},\"renamed\":{\"x-from\":\"a\"},"
	    "\"none\":{\"x-from\":null,\"default\":1},"
	    "\"made\":{\"x-apply\":[{\"concat\":[\"$b\",\"$c\"]}]},"
	    "\"nested\":{\"x-null\":\"keep\",\"properties\":{"
	    "\"in\":{\"x-null\":\"omit\"},\"kept\":{}},\"required\":[\"in\"]},"
	    "\"whole\":{\"x-from\":\"json\",\"properties\":{\"x\":{}}}},"
	    "\"required\":[\"plain\"]}";
	struct buf said = { 0 };
	struct schemafile * sf = read_(text, &said);
	const struct property * p;

	if (!ok(sf != NULL, "a good file is read")) {
		printf("# %s\n", said.p);
		exit(tap_done());
	}
	p = sf->prop;
	ok(sf->nprop == 6 && sf->nkey == 2 && strcmp(sf->key[1], "b") == 0 &&
	    strcmp(sf->table, "t") == 0 && strcmp(sf->change, "c") == 0 &&
	    strcmp(sf->collection, "things") == 0, "source and target");
	ok(sf->policy == COLUMNS_KEEP, "columns are kept by default");
	ok(p[0].slot == columns_find(&sf->cols, "plain") && p[0].slot >= 0 &&
	    p[0].required && p[0].omit_null, "a property is its own column");
	ok(p[1].slot == columns_find(&sf->cols, "a") && !p[1].required,
	    "x-from names another");
	ok(p[2].slot == -1 && p[2].dflt != NULL, "x-from null is none");
	ok(p[3].slot == -1 && columns_find(&sf->cols, "made") == -1 &&
	    columns_find(&sf->cols, "b") >= 0, "concat needs no column of "
	    "the property's name");
	ok(p[4].nested && p[4].nchild == 2 && p[4].child[0].required &&
	    p[4].child[0].omit_null && !p[4].child[1].omit_null,
	    "x-null and required inside");
	ok(!p[5].nested && p[5].slot >= 0, "x-from makes it one value");
	ok(columns_find(&sf->cols, "secret") >= 0, "x-drop names a column");
	schemafile_free(sf);
	sf = read_("{" SOURCE "\"additionalProperties\":false,"
	    "\"properties\":{}}", &said);
	ok(sf != NULL && sf->policy == COLUMNS_DROP, "a closed document "
	    "drops columns by default");
	schemafile_free(sf);
	buf_free(&said);
}

int
main(void)
{

	setenv("LOG_FORMAT", "text", 1);
	unsetenv("LOG_LEVEL");
	if ((messages = tmpfile()) == NULL ||
	    dup2(fileno(messages), STDERR_FILENO) == -1)
		return (EXIT_FAILURE);
	log_open("test");
	test_reading();
	test_faults();
	return (tap_done());
}
