#ifndef ACCESS_H_
#define ACCESS_H_

#include <stddef.h>

/*
 * Who may use the API: the bearer tokens, the names that a request may ask
 * for (a web page that had its own name point at us asks for another), and
 * the pages that it may come from.  Pure but for reports.
 */
struct access;

enum access_verdict {
	ACCESS_READ,		/* may look */
	ACCESS_STEER,		/* may look and steer */
	ACCESS_NONE,		/* no token came */
	ACCESS_WRONG		/* none that we know */
};

/**
 * access_new(tokens, hosts, nhosts):
 * ${tokens} holds one token on each line, as TOKEN, NAME TOKEN or
 * NAME ROLE TOKEN, where ROLE is read or steer (which is meant when none
 * stands there); NULL is none.  ${hosts} are further names that a request may
 * ask for.  Everything is copied.  Return NULL after a report.
 */
struct access * access_new(const char * tokens, const char * const * hosts,
    size_t nhosts);
void access_free(struct access * a);

/* Nonzero if there is a token. */
int access_has_token(const struct access * a);

/* The text of the first token that may steer, or NULL; the client's. */
const char * access_first(const struct access * a);

/**
 * access_check(a, authorization, name):
 * Judge the value of an Authorization field, or NULL.  ${name} is the
 * token's, valid as long as ${a}.
 */
enum access_verdict access_check(const struct access * a,
    const char * authorization, const char ** name);

/**
 * access_host(a, host):
 * Nonzero if a request may ask for ${host}, the value of its Host field:
 * localhost, an address in digits (no name, so no rebinding), or one of the
 * names, with any port.
 */
int access_host(const struct access * a, const char * host);

/* Nonzero if ${origin}, which may be NULL, is no other site than ${host}. */
int access_origin(const char * host, const char * origin);

#endif /* !ACCESS_H_ */
