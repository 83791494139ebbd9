#include <arpa/inet.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../common/log.h"
#include "../common/mem.h"

#include "digest.h"

#include "access.h"

#define TOKENS_MAX	16
#define TOKEN_MIN	16	/* bytes; openssl rand -hex 32 makes 64 */

struct token {
	char * name;
	char * text;
	int read_only;
};

struct access {
	struct token token[TOKENS_MAX];
	size_t ntoken;
	char ** hosts;
	size_t nhosts;
};

/* What RFC 6750 lets a bearer token be. */
static int
is_token(const char * s)
{

	return (strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789-._~+/=") == strlen(s));
}

static int
is_name(const char * s)
{

	return (strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789-._") == strlen(s) && strlen(s) <= 32);
}

/* TOKEN, NAME TOKEN or NAME ROLE TOKEN.  ${line} is cut up. */
static int
add_token(struct access * a, char * line, unsigned n)
{
	struct token * t = &a->token[a->ntoken];
	char * word[4], * save = NULL;
	char dflt[16];
	size_t i = 0;

	for (word[0] = strtok_r(line, " \t\r", &save); i < 3 &&
	    word[i] != NULL; word[++i] = strtok_r(NULL, " \t\r", &save))
		continue;
	if (i == 0)
		return (0);
	if (word[i] != NULL || a->ntoken == TOKENS_MAX)
		goto bad;
	snprintf(dflt, sizeof dflt, "token%zu", a->ntoken + 1);
	if (i > 1 && !is_name(word[0]))
		goto bad;
	if (i == 3 && strcmp(word[1], "read") != 0 &&
	    strcmp(word[1], "steer") != 0)
		goto bad;
	if (strlen(word[i - 1]) < TOKEN_MIN || !is_token(word[i - 1]))
		goto bad;
	t->name = mem_dup(i > 1 ? word[0] : dflt);
	t->text = mem_dup(word[i - 1]);
	t->read_only = (i == 3 && word[1][0] == 'r');
	a->ntoken++;
	return (0);
bad:
	log_error("HTTP_TOKEN: line %u is no token: a line is [NAME "
	    "[read|steer]] TOKEN with a token of at least %d letters, digits "
	    "and -._~+/=, and there are at most %d; openssl rand -hex 32 makes "
	    "one", n, TOKEN_MIN, TOKENS_MAX);
	return (-1);
}

static void
wipe(char * s)
{

	if (s != NULL)
		explicit_bzero(s, strlen(s));
	free(s);
}

struct access *
access_new(const char * tokens, const char * const * hosts, size_t nhosts)
{
	struct access * a = mem_new(1, sizeof *a);
	char * copy = mem_dup(tokens);
	char * line, * rest;
	unsigned n = 0;
	size_t size = copy == NULL ? 0 : strlen(copy);
	int bad = 0;

	for (rest = copy; (line = strsep(&rest, "\n")) != NULL && !bad; )
		bad = (add_token(a, line, ++n) == -1);
	if (copy != NULL)
		explicit_bzero(copy, size);
	free(copy);
	a->hosts = mem_new(nhosts + 1, sizeof *a->hosts);
	for (; a->nhosts < nhosts; a->nhosts++)
		a->hosts[a->nhosts] = mem_dup(hosts[a->nhosts]);
	if (bad) {
		access_free(a);
		return (NULL);
	}
	return (a);
}

void
access_free(struct access * a)
{
	size_t i;

	if (a == NULL)
		return;
	for (i = 0; i < a->ntoken; i++) {
		free(a->token[i].name);
		wipe(a->token[i].text);
	}
	for (i = 0; i < a->nhosts; i++)
		free(a->hosts[i]);
	free(a->hosts);
	free(a);
}

int
access_has_token(const struct access * a)
{

	return (a->ntoken > 0);
}

const char *
access_first(const struct access * a)
{
	size_t i;

	for (i = 0; i < a->ntoken; i++) {
		if (!a->token[i].read_only)
			return (a->token[i].text);
	}
	return (a->ntoken > 0 ? a->token[0].text : NULL);
}

enum access_verdict
access_check(const struct access * a, const char * authorization,
    const char ** name)
{
	const struct token * found = NULL;
	const char * p = authorization;
	size_t i, n;

	if (p == NULL)
		return (ACCESS_NONE);
	if (strncasecmp(p, "Bearer ", 7) != 0)
		return (ACCESS_WRONG);
	for (p += 7; *p == ' '; p++)
		continue;
	n = strlen(p);

	/* All of them, so that the time doesn't tell which. */
	for (i = 0; i < a->ntoken; i++) {
		if (digest_same_text(p, n, a->token[i].text,
		    strlen(a->token[i].text)))
			found = &a->token[i];
	}
	if (found == NULL)
		return (ACCESS_WRONG);
	*name = found->name;
	return (found->read_only ? ACCESS_READ : ACCESS_STEER);
}

/* Is it ADDRESS or [ADDRESS], in digits? */
static int
is_address(const char * p, size_t n)
{
	char host[INET6_ADDRSTRLEN];
	struct in6_addr any;
	int af = AF_INET;

	if (n > 2 && p[0] == '[' && p[n - 1] == ']') {
		af = AF_INET6;
		p++;
		n -= 2;
	}
	if (n >= sizeof host)
		return (0);
	memcpy(host, p, n);
	host[n] = '\0';
	return (inet_pton(af, host, &any) == 1);
}

int
access_host(const struct access * a, const char * host)
{
	const char * port = strrchr(host, ':');
	size_t i, n = strlen(host);

	if (port != NULL && strchr(port, ']') == NULL &&
	    strspn(port + 1, "0123456789") == strlen(port + 1))
		n = (size_t)(port - host);
	if (is_address(host, n) ||
	    (n == 9 && strncasecmp(host, "localhost", 9) == 0))
		return (1);
	for (i = 0; i < a->nhosts; i++) {
		if (strlen(a->hosts[i]) == n &&
		    strncasecmp(host, a->hosts[i], n) == 0)
			return (1);
	}
	return (0);
}

int
access_origin(const char * host, const char * origin)
{

	if (origin == NULL)
		return (1);
	if (strncasecmp(origin, "http://", 7) == 0)
		origin += 7;
	else if (strncasecmp(origin, "https://", 8) == 0)
		origin += 8;
	else
		return (0);
	return (strcasecmp(origin, host) == 0);
}
