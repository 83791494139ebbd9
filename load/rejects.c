#include "../common/buf.h"
#include "../common/log.h"

#include "rejects.h"

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
	return (quota_over(&rj->quota, rj->count, rj->seen, 0) ? -1 : 0);
}

int
rejects_check(const struct rejects * rj)
{

	return (quota_over(&rj->quota, rj->count, rj->seen, 1) ? -1 : 0);
}
