#ifndef COLUMNS_H_
#define COLUMNS_H_

#include <stddef.h>

/*
 * The source columns that a schema file names, numbered in the order in
 * which they come: the number is the slot of record_shape().
 */
struct columns {
	char ** name;
	size_t n;
};

/* The slot of ${name}, a new one if need be. */
int columns_add(struct columns * c, const char * name);

/* The slot of ${name}, or -1. */
int columns_find(const struct columns * c, const char * name);

void columns_free(struct columns * c);

#endif /* !COLUMNS_H_ */
