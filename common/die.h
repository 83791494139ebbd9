#ifndef DIE_H_
#define DIE_H_

/*
 * The only ways for a program to end early: a message through log.h, then
 * an exit code of exitcode.h.  For main.c, options.c and stream.c; modules
 * below them report and return -1, except for memory (mem.h).
 */

/* A failure that a retry won't mend (100), and one that it may (111). */
void die_perm(const char * fmt, ...)
    __attribute__((format(printf, 1, 2), noreturn));
void die_temp(const char * fmt, ...)
    __attribute__((format(printf, 1, 2), noreturn));

/* The same with ": " and the text of errno behind the message. */
void die_perm_sys(const char * fmt, ...)
    __attribute__((format(printf, 1, 2), noreturn));
void die_temp_sys(const char * fmt, ...)
    __attribute__((format(printf, 1, 2), noreturn));

/**
 * die_usage(fmt, ...):
 * A mistake on the command line: the message, a pointer to --help, exit 100.
 */
void die_usage(const char * fmt, ...)
    __attribute__((format(printf, 1, 2), noreturn));

#endif /* !DIE_H_ */
