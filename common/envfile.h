#ifndef ENVFILE_H_
#define ENVFILE_H_

#include <stddef.h>

/*
 * The text of a `.env` file, as settings.h describes it.  Pure: the bytes
 * come from the caller, and messages name no value.
 */
struct envfile;

struct envfile_error {
	unsigned line;		/* from 1 */
	const char * what;	/* a constant */
};

/**
 * envfile_parse(p, n, err):
 * Read the ${n} bytes ${p}.  Return the settings in them, or fill ${err} and
 * return NULL.  Freed with envfile_free(), which overwrites the values.
 */
struct envfile * envfile_parse(const char * p, size_t n,
    struct envfile_error * err);
void envfile_free(struct envfile * e);

/**
 * envfile_get(e, name, line):
 * The last value of ${name}, or NULL if there is none or it is empty.
 * ${line}, which may be NULL, is where it stands.  ${e} may be NULL.
 */
const char * envfile_get(const struct envfile * e, const char * name,
    unsigned * line);

#endif /* !ENVFILE_H_ */
