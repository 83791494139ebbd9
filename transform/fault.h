#ifndef FAULT_H_
#define FAULT_H_

#include "../common/json.h"

/*
 * What is wrong with a schema file: every fault is reported at once, as
 * FILE:LINE:COLUMN, and counted, so that all are seen in one go.
 */
struct faults {
	const char * file;
	unsigned n;
};

/* At the value ${at}, or without a place if that is NULL. */
void fault(struct faults * f, const struct json_node * at, const char * fmt,
    ...) __attribute__((format(printf, 3, 4)));

/* At a line and a column of the file, from 1. */
void fault_at(struct faults * f, unsigned line, unsigned column,
    const char * fmt, ...) __attribute__((format(printf, 4, 5)));

/* At the name of the member whose value is ${at}. */
void fault_key(struct faults * f, const struct json_node * at,
    const char * fmt, ...) __attribute__((format(printf, 3, 4)));

/**
 * fault_unknown(f, at, what, names, n):
 * The name of the member ${at} is no ${what}; name the nearest of the ${n}
 * ${names} if one is near.
 */
void fault_unknown(struct faults * f, const struct json_node * at,
    const char * what, const char * const * names, size_t n);

#endif /* !FAULT_H_ */
