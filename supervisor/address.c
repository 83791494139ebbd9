#include <sys/un.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "../common/num.h"

#include "address.h"

static int
parse_unix(const char * path, struct address * a)
{
	struct sockaddr_un * un = (struct sockaddr_un *)&a->sa;

	if (path[0] != '/' || strlen(path) >= sizeof un->sun_path)
		return (-1);
	a->kind = ADDRESS_UNIX;
	a->loopback = 1;
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, path, strlen(path) + 1);
	a->len = sizeof *un;
	return (0);
}

static int
parse_in6(const char * host, uint16_t port, struct address * a)
{
	struct sockaddr_in6 * in6 = (struct sockaddr_in6 *)&a->sa;

	if (inet_pton(AF_INET6, host, &in6->sin6_addr) != 1)
		return (-1);
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	a->len = sizeof *in6;
	a->loopback = IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
	return (0);
}

static int
parse_in(const char * host, uint16_t port, struct address * a)
{
	struct sockaddr_in * in = (struct sockaddr_in *)&a->sa;

	if (strcmp(host, "localhost") == 0)
		host = "127.0.0.1";
	if (inet_pton(AF_INET, host, &in->sin_addr) != 1)
		return (-1);
	in->sin_family = AF_INET;
	in->sin_port = htons(port);
	a->len = sizeof *in;
	a->loopback = (ntohl(in->sin_addr.s_addr) >> 24) == 127;
	return (0);
}

int
address_parse(const char * text, struct address * a)
{
	const char * colon = strrchr(text, ':');
	char host[INET6_ADDRSTRLEN + 1];
	uint64_t port;
	size_t n;

	memset(a, 0, sizeof *a);
	if (strcmp(text, "off") == 0)
		return (0);
	if (strncmp(text, "unix:", 5) == 0)
		return (parse_unix(text + 5, a));
	if (colon == NULL || num_u64(colon + 1, 1, 65535, &port) == -1)
		return (-1);
	a->kind = ADDRESS_TCP;
	n = (size_t)(colon - text);
	if (text[0] == '[' && n > 2 && text[n - 1] == ']') {
		text++;
		n -= 2;
	}
	if (n >= sizeof host)
		return (-1);
	memcpy(host, text, n);
	host[n] = '\0';
	if (text[n] == ']')
		return (parse_in6(host, (uint16_t)port, a));
	return (parse_in(host, (uint16_t)port, a));
}

const char *
address_path(const struct address * a)
{

	return (((const struct sockaddr_un *)&a->sa)->sun_path);
}

void
address_format(const struct sockaddr_storage * sa, char * dst, size_t n)
{
	const struct sockaddr_in * in = (const struct sockaddr_in *)sa;
	const struct sockaddr_in6 * in6 = (const struct sockaddr_in6 *)sa;
	char host[INET6_ADDRSTRLEN] = "";

	if (sa->ss_family == AF_INET6) {
		inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof host);
		snprintf(dst, n, "[%s]:%u", host, ntohs(in6->sin6_port));
	} else if (sa->ss_family == AF_INET) {
		inet_ntop(AF_INET, &in->sin_addr, host, sizeof host);
		snprintf(dst, n, "%s:%u", host, ntohs(in->sin_port));
	} else
		snprintf(dst, n, "unix");
}

int
address_same_host(const struct sockaddr_storage * a,
    const struct sockaddr_storage * b)
{
	const struct sockaddr_in * a4 = (const struct sockaddr_in *)a;
	const struct sockaddr_in * b4 = (const struct sockaddr_in *)b;
	const struct sockaddr_in6 * a6 = (const struct sockaddr_in6 *)a;
	const struct sockaddr_in6 * b6 = (const struct sockaddr_in6 *)b;

	if (a->ss_family != b->ss_family)
		return (0);
	switch (a->ss_family) {
	case AF_INET:
		return (a4->sin_addr.s_addr == b4->sin_addr.s_addr);
	case AF_INET6:
		return (memcmp(&a6->sin6_addr, &b6->sin6_addr,
		    sizeof a6->sin6_addr) == 0);
	default:
		return (1);
	}
}
