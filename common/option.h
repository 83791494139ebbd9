#ifndef OPTION_H_
#define OPTION_H_

#include <getopt.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What the command lines of all programs have in common: getopt_long(3) with
 * one voice for mistakes, and the values that several options take.  Each
 * function ends the program with die_usage() when it doesn't like what it
 * sees; ${name} is the option's long name, without dashes.
 */
#define OPTION_MAX	64	/* entries in a table */

struct option_seen {
	uint64_t bits;		/* by place in the table */
};

/**
 * option_next(argc, argv, shorts, table, repeats, seen):
 * The next option, as getopt_long(argc, argv, shorts, table, NULL) returns
 * it; -1 behind the last one.  ${shorts} starts with ':'.  An option that is
 * unknown, lacks its value, has one too many, or is given twice ends the
 * program; but the one whose val is ${repeats} (0: none) may be repeated.
 * ${seen} is all zero at first.
 */
int option_next(int argc, char ** argv, const char * shorts,
    const struct option * table, int repeats, struct option_seen * seen);

/* A name that can't be empty. */
const char * option_name(const char * name, const char * arg);

/* The place of ${arg} among ${n} words, at most 3. */
int option_choice(const char * name, const char * arg,
    const char * const * words, int n);

/* A whole number from ${min} to ${max}. */
uint64_t option_uint(const char * name, const char * arg, uint64_t min,
    uint64_t max);

/* A number of bytes, as 65536 or 64M; with k, M or G. */
size_t option_size(const char * name, const char * arg);

/* Microseconds: 500ms, 10s, 5m, 1h; at most a hundred years. */
uint64_t option_duration(const char * name, const char * arg);

/**
 * option_print(p, n):
 * Print ${n} bytes on standard output, for --help and --version, and end the
 * program; a full disk is no success here either.
 */
void option_print(const char * p, size_t n) __attribute__((noreturn));

/* "extract (millrace) 0.1.0", and the end. */
void option_version(const char * program) __attribute__((noreturn));

#endif /* !OPTION_H_ */
