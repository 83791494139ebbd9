#include "common/envfile.h"
#include "common/settings.h"

#include "file.h"

/*
 * `.env` files, and settings from one.  What stands between single quotes
 * comes back as it is.  (No secret is among the settings: they would hide
 * the process from the leak checker.)
 */
static const struct setting table[] = {
	{ "FUZZ_TEXT", SETTING_TEXT, "dflt", 0, 0, "a text" },
	{ "FUZZ_NUMBER", SETTING_UINT, "7", 1, 1000, "a number" },
	{ "FUZZ_LIST", SETTING_LIST, NULL, 0, 0, "a list" },
	{ NULL, SETTING_TEXT, NULL, 0, 0, NULL }
};

static void
try_settings(const uint8_t * p, size_t n)
{
	struct settings * s = settings_load(table, fuzz_file("env", p, n));
	const char * const * list;
	size_t i, m;

	if (s == NULL)
		return;
	MUST(settings_text(s, "FUZZ_TEXT") != NULL);
	MUST(settings_uint(s, "FUZZ_NUMBER") >= 1 &&
	    settings_uint(s, "FUZZ_NUMBER") <= 1000);
	list = settings_list(s, "FUZZ_LIST", &m);
	for (i = 0; i < m; i++)
		MUST(list[i][0] != '\0' && strchr(list[i], ',') == NULL);
	settings_free(s);
}

static void
try_quoted(const uint8_t * p, size_t n)
{
	struct envfile_error err;
	struct envfile * e;
	char * value = fuzz_text(p, n), * text = malloc(n + 8);
	const char * got;
	int m;

	if (strlen(value) == n && strpbrk(value, "'\n\r") == NULL) {
		m = sprintf(text, "A='%s'\n", value);
		e = envfile_parse(text, (size_t)m, &err);
		MUST(e != NULL);
		got = envfile_get(e, "A", NULL);
		MUST(n == 0 ? got == NULL : got != NULL &&
		    strcmp(got, value) == 0);
		envfile_free(e);
	}
	free(text);
	free(value);
}

int
LLVMFuzzerTestOneInput(const uint8_t * p, size_t n)
{
	struct envfile_error err = { 0, NULL };
	struct envfile * e = envfile_parse((const char *)p, n, &err);
	unsigned line;

	if (e == NULL)
		MUST(err.line > 0 && err.what != NULL);
	else if (envfile_get(e, "A", &line) != NULL)
		MUST(line > 0);
	envfile_free(e);
	try_quoted(p, n);
	if (n % 4 == 0)			/* it takes long */
		try_settings(p, n);
	return (0);
}
