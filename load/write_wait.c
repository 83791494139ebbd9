#include <stdio.h>
#include <string.h>

#include "../common/log.h"
#include "../common/stop.h"

#include "write_impl.h"

#define QUICK_US	100000
#define BLOCKED_US	10000000
#define OVERLOAD_US	100000
#define OVERLOAD_MAX_US	10000000

/* A number below ${n}. */
uint64_t
writer_random(struct writer * w, uint64_t n)
{

	w->seed = w->seed * UINT64_C(6364136223846793005) +
	    UINT64_C(1442695040888963407);
	return ((w->seed >> 33) % n);
}

enum write_result
writer_wait(uint64_t us)
{

	return (stop_sleep(us) ? WRITE_STOPPED : WRITE_OK);
}

/* Something was resolved: the next failure is a first one again. */
void
writer_success(struct writer * w)
{

	retry_reset(&w->retry);
	w->quick = w->overload = 0;
	w->overload_us = 0;
	w->reloaded = 0;
	if (w->most < w->limits.writes)
		w->most += 1 + w->most / 4;
}

/* Wait as SYNC_MAX_RETRIES and SYNC_RETRY_DELAY say, or give up. */
static enum write_result
wait_retry(struct writer * w, const struct sink_error * err)
{
	uint64_t us;

	if (retry_next(&w->retry, &us) == -1) {
		log_event(LOG_LEVEL_ERROR, LOG_FIELDS(LOG_INT("code",
		    err->code)), "%s: %s: giving up after %ju retries",
		    sink_hosts(w->sink), err->text,
		    (uintmax_t)w->opt.max_retries);
		return (WRITE_TEMP);
	}
	log_event(LOG_LEVEL_WARN, LOG_FIELDS(LOG_INT("code", err->code)),
	    "%s: %s: trying again in %ju.%ju s (%ju of %ju)",
	    sink_hosts(w->sink), err->text, (uintmax_t)(us / 1000000),
	    (uintmax_t)(us / 100000 % 10), (uintmax_t)w->retry.tries,
	    (uintmax_t)w->opt.max_retries);
	return (writer_wait(us));
}

/* The server has too much to do: less, and later. */
static enum write_result
wait_overload(struct writer * w, const struct sink_error * err)
{
	uint64_t us = OVERLOAD_US << (w->overload < 7 ? w->overload : 7);

	if (us > OVERLOAD_MAX_US)
		us = OVERLOAD_MAX_US;
	us = writer_random(w, us) + (uint64_t)err->backoff_ms * 1000;
	if (w->overload_us > w->opt.max_retries * w->opt.retry_delay *
	    UINT64_C(1000000)) {
		log_error("%s: is overloaded: giving up",
		    sink_hosts(w->sink));
		return (WRITE_TEMP);
	}
	w->overload++;
	w->overload_us += us;
	w->most = (w->most < w->limits.writes ? w->most :
	    w->limits.writes) / 2;
	if (w->most == 0)
		w->most = 1;
	log_event(LOG_LEVEL_WARN, LOG_FIELDS(LOG_INT("code", err->code)),
	    "%s: is overloaded: waiting %ju ms, then at most %zu writes at "
	    "once", sink_hosts(w->sink), (uintmax_t)(us / 1000), w->most);
	return (writer_wait(us));
}

/* Somebody has to make room or lift a lock. */
static enum write_result
wait_blocked(struct writer * w, const struct sink_error * err)
{
	uint64_t us = w->opt.retry_delay * UINT64_C(1000000);

	if (us > BLOCKED_US)
		us = BLOCKED_US;
	if (us < QUICK_US)
		us = QUICK_US;
	log_event(LOG_LEVEL_WARN, LOG_FIELDS(LOG_INT("code", err->code)),
	    "%s: takes no writes (%s): asking again until it does",
	    sink_hosts(w->sink), verdict_name(err->code));
	return (writer_wait(us));
}

static enum write_result
stop_critical(struct writer * w, const struct sink_error * err)
{

	log_event(LOG_LEVEL_ERROR, LOG_FIELDS(LOG_INT("code", err->code)),
	    "%s: %s", sink_hosts(w->sink), err->text);
	return (WRITE_PERM);
}

/* The password may have been changed: once it is read again. */
static enum write_result
renew(struct writer * w, const struct sink_error * err)
{
	const char * uri;

	if (w->reloaded || w->opt.reload == NULL ||
	    (uri = w->opt.reload(w->opt.arg)) == NULL)
		return (stop_critical(w, err));
	w->reloaded = 1;
	log_warn("%s: %s: trying the changed MONGODB_URI",
	    sink_hosts(w->sink), err->text);
	return (sink_reopen(w->sink, uri) == 0 ? WRITE_OK : WRITE_PERM);
}

/* A failure of a whole command: wait and return WRITE_OK, or give up. */
enum write_result
writer_handle(struct writer * w, const struct sink_error * err)
{

	if (w->counts != NULL)
		w->counts->errors++;
	switch (err->verdict) {
	case VERDICT_OVERLOAD:
		return (wait_overload(w, err));
	case VERDICT_BLOCKED:
		return (wait_blocked(w, err));
	case VERDICT_CREDENTIALS:
		return (renew(w, err));
	case VERDICT_CRITICAL:
	case VERDICT_DATA:
	case VERDICT_DUPLICATE:
		return (stop_critical(w, err));
	case VERDICT_UNKNOWN:
		if (w->retry.tries >= w->retry.max)
			return (stop_critical(w, err));
		return (wait_retry(w, err));
	case VERDICT_RETRY:
		break;
	}
	return (wait_retry(w, err));
}

/* The same for an answer that says no as a whole, or isn't sure. */
enum write_result
writer_handle_reply(struct writer * w, int32_t code, unsigned labels,
    const char * what)
{
	struct sink_error err;

	memset(&err, 0, sizeof err);
	err.verdict = verdict_of(code, labels);
	err.code = code;
	err.backoff_ms = w->reply.backoff_ms;
	snprintf(err.text, sizeof err.text, "%s: error %d (%s)", what, code,
	    verdict_name(code));
	return (writer_handle(w, &err));
}
