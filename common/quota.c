#include <string.h>

#include "log.h"
#include "num.h"

#include "quota.h"

#define PPM	UINT64_C(1000000)

/* A percentage with up to four decimals. */
static int
parse_percent(const char * p, const char * end, uint64_t * ppm)
{
	uint64_t unit = PPM / 100, v = 0;
	const char * start = p;

	for (; p < end && *p >= '0' && *p <= '9' && v <= PPM; p++)
		v = v * 10 + (uint64_t)(*p - '0') * unit;
	if (p == start)
		return (-1);
	if (p < end && *p == '.') {
		for (start = ++p; p < end && *p >= '0' && *p <= '9'; p++) {
			if ((unit /= 10) == 0)
				return (-1);
			v += unit * (uint64_t)(*p - '0');
		}
		if (p == start)
			return (-1);
	}
	*ppm = v;
	return (p == end && v <= PPM ? 0 : -1);
}

int
quota_parse(const char * text, struct quota * q)
{
	size_t n = strlen(text);

	*q = (struct quota) QUOTA_NONE;
	if (n > 0 && text[n - 1] == '%')
		return (parse_percent(text, text + n - 1, &q->max_ppm));
	return (num_u64(text, 0, UINT64_MAX - 1, &q->max));
}

int
quota_over(const struct quota * q, uint64_t rejected, uint64_t processed,
    int end)
{
	int over = rejected > q->max;

	if (q->max_ppm != UINT64_MAX && (end || processed >= QUOTA_SAMPLE))
		over |= (unsigned __int128)rejected * PPM >
		    (unsigned __int128)processed * q->max_ppm;
	if (over)
		log_error("%ju of %ju records were rejected, more than "
		    "--max-rejects allows", (uintmax_t)rejected,
		    (uintmax_t)processed);
	return (over);
}
