#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../common/log.h"

#include "fault.h"

#define TEXT_MAX	512
#define WORD_MAX	32

static void
report(struct faults * f, unsigned line, unsigned column, const char * fmt,
    va_list ap)
{
	char text[TEXT_MAX];

	vsnprintf(text, sizeof text, fmt, ap);
	f->n++;
	if (line == 0)
		log_error("%s: %s", f->file, text);
	else
		log_error("%s:%u:%u: %s", f->file, line, column, text);
}

void
fault(struct faults * f, const struct json_node * at, const char * fmt, ...)
{
	unsigned line = 0, column = 0;
	va_list ap;

	if (at != NULL)
		json_position(at, &line, &column);
	va_start(ap, fmt);
	report(f, line, column, fmt, ap);
	va_end(ap);
}

void
fault_at(struct faults * f, unsigned line, unsigned column, const char * fmt,
    ...)
{
	va_list ap;

	va_start(ap, fmt);
	report(f, line, column, fmt, ap);
	va_end(ap);
}

void
fault_key(struct faults * f, const struct json_node * at, const char * fmt,
    ...)
{
	unsigned line = 0, column = 0;
	va_list ap;

	json_key_position(at, &line, &column);
	va_start(ap, fmt);
	report(f, line, column, fmt, ap);
	va_end(ap);
}

/* How many letters to change, add or leave out to get from ${a} to ${b}. */
static size_t
distance(const char * a, const char * b)
{
	size_t row[WORD_MAX + 1], i, j, diagonal, above;
	size_t na = strlen(a), nb = strlen(b);

	if (na > WORD_MAX || nb > WORD_MAX)
		return (WORD_MAX);
	for (j = 0; j <= nb; j++)
		row[j] = j;
	for (i = 1; i <= na; i++) {
		diagonal = row[0];
		row[0] = i;
		for (j = 1; j <= nb; j++) {
			above = row[j];
			row[j] = diagonal + (a[i - 1] != b[j - 1]);
			if (above + 1 < row[j])
				row[j] = above + 1;
			if (row[j - 1] + 1 < row[j])
				row[j] = row[j - 1] + 1;
			diagonal = above;
		}
	}
	return (row[nb]);
}

void
fault_unknown(struct faults * f, const struct json_node * at,
    const char * what, const char * const * names, size_t n)
{
	const char * key = json_key(at, NULL);
	const char * near = NULL;
	size_t i, d, best = 3;

	for (i = 0; i < n; i++) {
		if ((d = distance(key, names[i])) < best) {
			best = d;
			near = names[i];
		}
	}
	if (near != NULL && best < strlen(key))
		fault_key(f, at, "\"%s\" is no %s; is \"%s\" meant?", key,
		    what, near);
	else
		fault_key(f, at, "\"%s\" is no %s", key, what);
}
