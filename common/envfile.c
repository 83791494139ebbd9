#include <stdlib.h>
#include <string.h>

#include "mem.h"

#include "envfile.h"

struct pair {
	const char * name;
	const char * value;
	unsigned line;
};

/*
 * All names and values are pieces of ${text}: decoding never makes longer,
 * and each has a byte behind it ('=', a quote, the end of the line) where
 * its NUL goes.
 */
struct envfile {
	char * text;
	size_t len;
	struct pair * pair;
	size_t npair;
};

static int
is_blank(char c)
{

	return (c == ' ' || c == '\t' || c == '\r');
}

/* May ${c} stand in a name, at its start if ${first}? */
static int
is_name(char c, int first)
{

	return ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	    c == '_' || (!first && c >= '0' && c <= '9'));
}

static char *
skip_blanks(char * p)
{

	while (is_blank(*p))
		p++;
	return (p);
}

/* What may follow a closing quote: nothing, or a comment. */
static const char *
check_rest(const char * p)
{

	if (*p == '\0')
		return (NULL);
	if (!is_blank(*p))
		return ("text behind the closing quote");
	while (is_blank(*p))
		p++;
	return (*p == '\0' || *p == '#' ? NULL :
	    "text behind the closing quote");
}

/* End the value in single quotes whose first byte is ${p}. */
static const char *
single_quoted(char * p)
{

	if ((p = strchr(p, '\'')) == NULL)
		return ("the closing ' is missing");
	*p = '\0';
	return (check_rest(p + 1));
}

/* Decode in place the value in double quotes whose first byte is ${p}. */
static const char *
double_quoted(char * p)
{
	char * d = p;

	for (; *p != '"'; p++) {
		if (*p == '\0')
			return ("the closing \" is missing");
		if (*p != '\\') {
			*d++ = *p;
			continue;
		}
		switch (*++p) {
		case 'n':
			*d++ = '\n';
			break;
		case 't':
			*d++ = '\t';
			break;
		case '"':
		case '\\':
		case '$':
			*d++ = *p;
			break;
		default:
			return ("unknown escape in double quotes (known are "
			    "\\n \\t \\\" \\\\ \\$)");
		}
	}
	*d = '\0';
	return (check_rest(p + 1));
}

static const char *
unquoted(char * p)
{
	size_t n = strlen(p);

	while (n > 0 && is_blank(p[n - 1]))
		n--;
	p[n] = '\0';
	return (NULL);
}

/*
 * Split the NUL-terminated line ${p}; name and value stay NULL if it is
 * empty or a comment.  Return NULL, or what is wrong.
 */
static const char *
parse_line(char * p, struct pair * pair)
{
	static const char expected[] = "NAME=value is expected";
	char * eq;

	pair->name = pair->value = NULL;
	p = skip_blanks(p);
	if (*p == '\0' || *p == '#')
		return (NULL);
	if (strncmp(p, "export", 6) == 0 && is_blank(p[6]))
		p = skip_blanks(p + 6);
	for (eq = p; is_name(*eq, eq == p); eq++)
		continue;
	if (eq == p || *eq != '=')
		return (expected);
	pair->name = p;
	*eq = '\0';
	p = skip_blanks(eq + 1);
	pair->value = p;
	if (*p == '\'' || *p == '"')
		pair->value = p + 1;
	return (*p == '\'' ? single_quoted(p + 1) :
	    *p == '"' ? double_quoted(p + 1) : unquoted(p));
}

struct envfile *
envfile_parse(const char * p, size_t n, struct envfile_error * err)
{
	struct envfile * e = mem_new(1, sizeof *e);
	struct pair pair;
	size_t cap = 0;
	char * line, * nl;

	e->text = mem_text(p, n);
	e->len = n;
	err->line = 0;
	for (line = e->text; line < e->text + n; line = nl + 1) {
		err->line++;
		if ((nl = memchr(line, '\n',
		    (size_t)(e->text + n - line))) == NULL)
			nl = e->text + n;
		*nl = '\0';
		err->what = strlen(line) != (size_t)(nl - line) ?
		    "a NUL byte" : parse_line(line, &pair);
		if (err->what != NULL)
			goto err0;
		if (pair.name == NULL)
			continue;
		if (e->npair == cap)
			e->pair = mem_grow(e->pair, cap = cap ? 2 * cap : 16,
			    sizeof *e->pair);
		pair.line = err->line;
		e->pair[e->npair++] = pair;
	}
	return (e);

err0:
	envfile_free(e);
	return (NULL);
}

void
envfile_free(struct envfile * e)
{

	if (e == NULL)
		return;
	explicit_bzero(e->text, e->len);
	free(e->text);
	free(e->pair);
	free(e);
}

const char *
envfile_get(const struct envfile * e, const char * name, unsigned * line)
{
	size_t i;

	for (i = e == NULL ? 0 : e->npair; i-- > 0; ) {
		if (strcmp(e->pair[i].name, name) != 0)
			continue;
		if (line != NULL)
			*line = e->pair[i].line;
		return (*e->pair[i].value == '\0' ? NULL : e->pair[i].value);
	}
	return (NULL);
}
