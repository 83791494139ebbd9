#include <curl/curl.h>

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "../common/log.h"
#include "../common/mem.h"

#include "caller.h"

#define ANSWER_MAX	(64u << 20)	/* bytes of an answer */

struct caller {
	const struct address * address;
	CURL * curl;
	struct curl_slist * headers;
	struct buf answer;
};

static size_t
take_answer(char * p, size_t size, size_t n, void * cookie)
{
	struct caller * c = cookie;

	(void)size;
	if (c->answer.n + n > ANSWER_MAX)
		return (0);
	buf_put(&c->answer, p, n);
	return (n);
}

static void
set_headers(struct caller * c, const char * token)
{
	struct buf h = { NULL, 0, 0 };

	c->headers = curl_slist_append(NULL, "Content-Type: application/json");
	if (token != NULL) {
		buf_printf(&h, "Authorization: Bearer %s", token);
		c->headers = curl_slist_append(c->headers, buf_text(&h));
		explicit_bzero(h.p, h.n);
		buf_free(&h);
	}
	curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, c->headers);
}

struct caller *
caller_new(const struct address * address, const struct access * access)
{
	struct caller * c = mem_new(1, sizeof *c);

	c->address = address;
	curl_global_init(CURL_GLOBAL_DEFAULT);
	if ((c->curl = curl_easy_init()) == NULL) {
		log_error("libcurl does not start");
		caller_free(c);
		return (NULL);
	}
	if (address->kind == ADDRESS_UNIX)
		curl_easy_setopt(c->curl, CURLOPT_UNIX_SOCKET_PATH,
		    address_path(address));
	set_headers(c, access_first(access));
	curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, take_answer);
	curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, c);
	curl_easy_setopt(c->curl, CURLOPT_CONNECTTIMEOUT, 5L);
	curl_easy_setopt(c->curl, CURLOPT_TIMEOUT, 15L);
	curl_easy_setopt(c->curl, CURLOPT_NOPROXY, "*");
	return (c);
}

void
caller_free(struct caller * c)
{

	if (c == NULL)
		return;
	if (c->curl != NULL)
		curl_easy_cleanup(c->curl);
	curl_slist_free_all(c->headers);
	curl_global_cleanup();
	buf_free(&c->answer);
	free(c);
}

/* The address of the service; one that listens everywhere is here too. */
static void
put_base(const struct caller * c, struct buf * b)
{
	struct sockaddr_storage sa = c->address->sa;
	struct sockaddr_in * in = (struct sockaddr_in *)&sa;
	struct sockaddr_in6 * in6 = (struct sockaddr_in6 *)&sa;
	char text[ADDRESS_TEXT];

	if (c->address->kind == ADDRESS_UNIX) {
		buf_puts(b, "http://localhost");
		return;
	}
	if (sa.ss_family == AF_INET && in->sin_addr.s_addr == INADDR_ANY)
		in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (sa.ss_family == AF_INET6 &&
	    IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr))
		in6->sin6_addr = in6addr_loopback;
	address_format(&sa, text, sizeof text);
	buf_printf(b, "http://%s", text);
}

long
caller_ask(struct caller * c, const char * method, const char * path,
    const char * body)
{
	struct buf url = { NULL, 0, 0 };
	long status = -1;
	CURLcode rc;

	put_base(c, &url);
	buf_puts(&url, path);
	buf_clear(&c->answer);
	curl_easy_setopt(c->curl, CURLOPT_URL, buf_text(&url));
	if (body != NULL)
		curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS, body);
	else
		curl_easy_setopt(c->curl, CURLOPT_HTTPGET, 1L);
	curl_easy_setopt(c->curl, CURLOPT_CUSTOMREQUEST, method);
	if ((rc = curl_easy_perform(c->curl)) == CURLE_OK)
		curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
	else
		log_error("%s: %s; does the service run, and is HTTP_ADDRESS "
		    "the same for it?", c->address->kind == ADDRESS_UNIX ?
		    address_path(c->address) : buf_text(&url),
		    curl_easy_strerror(rc));
	buf_free(&url);
	return (status);
}

const struct buf *
caller_answer(const struct caller * c)
{

	return (&c->answer);
}
