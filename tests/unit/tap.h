#ifndef TAP_H_
#define TAP_H_

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * The Test Anything Protocol, as far as unit tests need it.  A test file
 * calls these from main() and returns tap_done().
 */
static int tap_n, tap_failed;

/* One assertion with a name. */
#define ok(cond, ...) tap_ok((cond) != 0, #cond, __FILE__, __LINE__, \
	__VA_ARGS__)

static inline int __attribute__((format(printf, 5, 6)))
tap_ok(int good, const char * cond, const char * file, int line,
    const char * fmt, ...)
{
	va_list ap;

	printf("%sok %d - ", good ? "" : "not ", ++tap_n);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	if (!good) {
		tap_failed++;
		printf("#   failed at %s:%d: %s\n", file, line, cond);
	}
	return (good);
}

/* Two texts of given lengths are equal. */
static inline int
tap_same(const char * a, size_t na, const char * b, size_t nb,
    const char * file, int line, const char * name)
{
	int good = (na == nb && (na == 0 || memcmp(a, b, na) == 0));

	tap_ok(good, "same bytes", file, line, "%s", name);
	if (!good)
		printf("#   got:      %.*s\n#   expected: %.*s\n",
		    (int)na, a, (int)nb, b);
	return (good);
}
#define same(a, na, b, nb, name) \
	tap_same((a), (na), (b), (nb), __FILE__, __LINE__, (name))

/* The plan, and the exit status of main(). */
static inline int
tap_done(void)
{

	printf("1..%d\n", tap_n);
	return (tap_failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE);
}

#endif /* !TAP_H_ */
