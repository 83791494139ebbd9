#include <stddef.h>
#include <string.h>

#include "num.h"

/* Digits at ${p} into ${out}; NULL on overflow or without a digit. */
static const char *
digits(const char * p, uint64_t * out)
{
	uint64_t v = 0;
	const char * start = p;

	for (; *p >= '0' && *p <= '9'; p++) {
		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*p - '0'), &v))
			return (NULL);
	}
	*out = v;
	return (p == start ? NULL : p);
}

int
num_u64(const char * s, uint64_t min, uint64_t max, uint64_t * out)
{
	const char * p;
	uint64_t v;

	if ((p = digits(s, &v)) == NULL || *p != '\0' || v < min || v > max)
		return (-1);
	*out = v;
	return (0);
}

int
num_duration(const char * s, uint64_t * out_us)
{
	static const struct {
		const char * unit;
		uint64_t us;
	} units[] = {
		{ "us", 1 }, { "ms", 1000 }, { "s", 1000000 },
		{ "m", 60000000 }, { "h", 3600000000 },
		{ "d", 86400000000 }, { "", 1000000 }
	};
	uint64_t whole, us, frac = 0, scale = 1;
	const char * p;
	size_t i;

	if ((p = digits(s, &whole)) == NULL)
		return (-1);
	if (*p == '.') {
		for (p++; *p >= '0' && *p <= '9'; p++) {
			if (scale == 1000000)
				continue;
			frac = frac * 10 + (uint64_t)(*p - '0');
			scale *= 10;
		}
		if (p[-1] == '.')
			return (-1);
	}
	for (i = 0; i < sizeof units / sizeof units[0]; i++) {
		if (strcmp(p, units[i].unit) != 0)
			continue;
		if (__builtin_mul_overflow(whole, units[i].us, &us) ||
		    __builtin_add_overflow(us, frac * units[i].us / scale,
		    &us))
			return (-1);
		*out_us = us;
		return (0);
	}
	return (-1);
}
