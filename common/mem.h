#ifndef MEM_H_
#define MEM_H_

#include <stddef.h>

/*
 * Memory that is there: each function ends the program with a message and
 * EXIT_TEMP when the system has none left, so none returns NULL.  Released
 * with free(3).
 */

/* ${n} zeroed elements of ${size} bytes. */
void * mem_new(size_t n, size_t size) __attribute__((malloc));

/* ${p} resized to ${n} elements of ${size} bytes; what is new is undefined. */
void * mem_grow(void * p, size_t n, size_t size);

/* A copy of ${n} bytes with a NUL behind them. */
char * mem_text(const char * p, size_t n) __attribute__((malloc));

/* A copy of a string; NULL stays NULL. */
char * mem_dup(const char * s) __attribute__((malloc));

#endif /* !MEM_H_ */
