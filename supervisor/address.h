#ifndef ADDRESS_H_
#define ADDRESS_H_

#include <sys/socket.h>

/*
 * Where the API listens, and where the client looks for it: HTTP_ADDRESS.
 * Pure; no name is looked up.
 */
#define ADDRESS_DEFAULT	"127.0.0.1:8210"
#define ADDRESS_HELP	"where the API listens: ADDRESS:PORT, unix:/PATH, off"

enum address_kind { ADDRESS_OFF, ADDRESS_TCP, ADDRESS_UNIX };

struct address {
	enum address_kind kind;
	int loopback;		/* reached from this machine only */
	struct sockaddr_storage sa;
	socklen_t len;
};

/**
 * address_parse(text, a):
 * Read "127.0.0.1:8210", "[::1]:8210", "localhost:8210", "unix:/run/x" or
 * "off".  Return 0, or -1.
 */
int address_parse(const char * text, struct address * a);

/* The path of an ADDRESS_UNIX. */
const char * address_path(const struct address * a);

/**
 * address_format(sa, dst, n):
 * Store "127.0.0.1:8210" or "[::1]:8210" in ${dst}, of ${n} bytes.
 */
void address_format(const struct sockaddr_storage * sa, char * dst, size_t n);

#define ADDRESS_TEXT	64	/* room for address_format() */

/* Are both of one family, and of one address whatever the port?  All of the
 * Unix family are. */
int address_same_host(const struct sockaddr_storage * a,
    const struct sockaddr_storage * b);

#endif /* !ADDRESS_H_ */
