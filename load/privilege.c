#include <string.h>

#include "privilege.h"

/* Begin to go through the array ${name} of the answer, if it is there. */
static int
enter(const bson_t * status, const char * name, bson_iter_t * it)
{
	bson_iter_t top, in;
	char path[64] = "authInfo.";

	strncat(path, name, sizeof path - 10);
	return (bson_iter_init(&top, status) &&
	    bson_iter_find_descendant(&top, path, &in) &&
	    BSON_ITER_HOLDS_ARRAY(&in) && bson_iter_recurse(&in, it));
}

int
privilege_told(const bson_t * status)
{
	bson_iter_t it;

	return (enter(status, "authenticatedUserPrivileges", &it) &&
	    bson_iter_next(&it));
}

/* The text of a member of the resource; "" is any. */
static int
is_or_any(const bson_iter_t * resource, const char * name, const char * v)
{
	bson_iter_t it;
	const char * s;

	if (!bson_iter_recurse(resource, &it) || !bson_iter_find(&it, name) ||
	    !BSON_ITER_HOLDS_UTF8(&it))
		return (0);
	s = bson_iter_utf8(&it, NULL);
	return (*s == '\0' || strcmp(s, v) == 0);
}

static int
covers(const bson_iter_t * privilege, const char * database,
    const char * collection)
{
	bson_iter_t in, any;

	if (!bson_iter_recurse(privilege, &in) ||
	    !bson_iter_find(&in, "resource") || !BSON_ITER_HOLDS_DOCUMENT(&in))
		return (0);
	if (bson_iter_recurse(&in, &any) &&
	    bson_iter_find(&any, "anyResource") && bson_iter_as_bool(&any))
		return (1);
	return (is_or_any(&in, "db", database) &&
	    is_or_any(&in, "collection", collection));
}

static int
allows(const bson_iter_t * privilege, const char * action)
{
	bson_iter_t in, it;

	if (!bson_iter_recurse(privilege, &in) ||
	    !bson_iter_find(&in, "actions") || !BSON_ITER_HOLDS_ARRAY(&in) ||
	    !bson_iter_recurse(&in, &it))
		return (0);
	while (bson_iter_next(&it)) {
		if (BSON_ITER_HOLDS_UTF8(&it) &&
		    (strcmp(bson_iter_utf8(&it, NULL), action) == 0 ||
		    strcmp(bson_iter_utf8(&it, NULL), "anyAction") == 0))
			return (1);
	}
	return (0);
}

int
privilege_has(const bson_t * status, const char * database,
    const char * collection, const char * action)
{
	bson_iter_t it;

	if (!enter(status, "authenticatedUserPrivileges", &it))
		return (0);
	while (bson_iter_next(&it)) {
		if (BSON_ITER_HOLDS_DOCUMENT(&it) &&
		    covers(&it, database, collection) && allows(&it, action))
			return (1);
	}
	return (0);
}

const char *
privilege_too_much(const bson_t * status)
{
	static const char * const much[] = { "root", "__system",
		"readWriteAnyDatabase", "dbAdminAnyDatabase",
		"userAdminAnyDatabase", "clusterAdmin" };
	bson_iter_t it, in;
	const char * role;
	size_t i;

	if (!enter(status, "authenticatedUserRoles", &it))
		return (NULL);
	while (bson_iter_next(&it)) {
		if (!bson_iter_recurse(&it, &in) ||
		    !bson_iter_find(&in, "role") || !BSON_ITER_HOLDS_UTF8(&in))
			continue;
		role = bson_iter_utf8(&in, NULL);
		for (i = 0; i < sizeof much / sizeof much[0]; i++) {
			if (strcmp(role, much[i]) == 0)
				return (role);
		}
	}
	return (NULL);
}
