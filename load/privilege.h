#ifndef PRIVILEGE_H_
#define PRIVILEGE_H_

#include <bson/bson.h>

/*
 * What an account may do, in the server's answer to connectionStatus with
 * showPrivileges.  Pure.
 */

/* Is anything told?  Without access control, and by some servers, not. */
int privilege_told(const bson_t * status);

/* May it do ${action} ("insert") in the collection? */
int privilege_has(const bson_t * status, const char * database,
    const char * collection, const char * action);

/* A role it has that allows far too much, or NULL; it is ${status}'s. */
const char * privilege_too_much(const bson_t * status);

#endif /* !PRIVILEGE_H_ */
