#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exitcode.h"
#include "log.h"

#include "die.h"

/* Report with or without errno, and leave. */
static void __attribute__((noreturn, format(printf, 3, 0)))
die(int code, int with_errno, const char * fmt, va_list ap)
{
	char msg[1024];
	int e = errno;

	vsnprintf(msg, sizeof msg, fmt, ap);
	if (with_errno)
		log_error("%s: %s", msg, strerror(e));
	else
		log_error("%s", msg);
	exit(code);
}

#define DEFINE_DIE(name, code, with_errno)		\
void							\
name(const char * fmt, ...)				\
{							\
	va_list ap;					\
							\
	va_start(ap, fmt);				\
	die((code), (with_errno), fmt, ap);		\
}

DEFINE_DIE(die_perm, EXIT_PERM, 0)
DEFINE_DIE(die_temp, EXIT_TEMP, 0)
DEFINE_DIE(die_perm_sys, EXIT_PERM, 1)
DEFINE_DIE(die_temp_sys, EXIT_TEMP, 1)

void
die_usage(const char * fmt, ...)
{
	char msg[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof msg, fmt, ap);
	va_end(ap);
	log_error("%s (--help shows the usage)", msg);
	exit(EXIT_PERM);
}
