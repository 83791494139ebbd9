#include <stdlib.h>
#include <string.h>

#include "../common/buf.h"
#include "../common/log.h"
#include "../common/num.h"

#include "rejects.h"

#define SAMPLE		1000	/* records before a share means anything */
#define PPM		1000000

/* A percentage with up to four decimals, as parts per million. */
static int
parse_percent(const char * p, const char * end, uint64_t * ppm)
{
	uint64_t unit = PPM / 100, v = 0;
	int digits = 0;

	for (; p < end && *p >= '0' && *p <= '9' && v <= PPM; p++) {
		v = v * 10 + (uint64_t)(*p - '0') * unit;
		digits++;
	}
	if (p < end && *p == '.') {
		for (p++; p < end && *p >= '0' && *p <= '9'; p++) {
			unit /= 10;
			v += unit * (uint64_t)(*p - '0');
			digits++;
		}
	}
	*ppm = v;
	return (p == end && digits > 0 && v <= PPM ? 0 : -1);
}

int
rejects_limit(const char * text, struct rejects * rj)
{
	size_t n = strlen(text);

	if (n > 0 && text[n - 1] == '%')
		return (parse_percent(text, text + n - 1, &rj->max_ppm));
	return (num_u64(text, 0, UINT64_MAX - 1, &rj->max));
}

/* Is the share of rejected records above the limit? */
static int
share_exceeded(const struct rejects * rj)
{

	return (rj->max_ppm != UINT64_MAX &&
	    (double)rj->count * PPM > (double)rj->max_ppm *
	    (double)rj->seen);
}

static void
report(const struct rejects_entry * e, enum log_level level)
{

	log_event(level, LOG_FIELDS(LOG_TEXT("table", e->stream),
	    LOG_TEXT("operation", "reject"), LOG_TEXT("rule", e->rule),
	    LOG_INT("line", e->line)), "%s:%ju: %s: %s", e->input,
	    (uintmax_t)e->line, e->stream, e->reason);
}

int
rejects_put(struct rejects * rj, const struct rejects_entry * e)
{
	struct buf reason = { NULL, 0, 0 };
	int rc;

	if (rj->file == NULL) {
		report(e, LOG_LEVEL_ERROR);
		log_error("a record can't be stored; with --rejects FILE such "
		    "records are set apart and the rest goes on");
		return (-1);
	}
	report(e, LOG_LEVEL_WARN);
	rj->count++;
	buf_puts(&reason, e->reason);
	if (e->detail != NULL) {
		buf_puts(&reason, ": ");
		buf_puts(&reason, e->detail);
	}
	rc = reject_record(rj->file, e->stream, e->message, e->n, e->rule,
	    buf_text(&reason), e->line);
	buf_free(&reason);
	if (rc == -1)
		return (-1);
	if (rj->count > rj->max ||
	    (rj->seen >= SAMPLE && share_exceeded(rj))) {
		log_error("%ju of %ju records were rejected, more than "
		    "--max-rejects allows", (uintmax_t)rj->count,
		    (uintmax_t)rj->seen);
		return (-1);
	}
	return (0);
}

int
rejects_check(const struct rejects * rj)
{

	if (!share_exceeded(rj))
		return (0);
	log_error("%ju of %ju records were rejected, more than --max-rejects "
	    "allows", (uintmax_t)rj->count, (uintmax_t)rj->seen);
	return (-1);
}
