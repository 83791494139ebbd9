#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/log.h"
#include "../common/mem.h"
#include "../common/quota.h"
#include "../common/reject.h"

#include "bad.h"

#define LOG_EACH	10	/* so many are logged one by one */
#define SUMS_MAX	100	/* more kinds of refusals than that are one */

/* How often one rule refused one property of one stream. */
struct sum {
	char * stream;
	char * path;
	const char * rule;
	uint64_t n;
};

struct bad {
	struct reject * file;	/* NULL: none */
	uint64_t n;
	struct quota quota;
	struct sum sum[SUMS_MAX + 1];
	size_t nsum;
};

struct bad *
bad_open(const struct options * opt)
{
	struct bad * bad = mem_new(1, sizeof *bad);

	bad->quota = opt->quota;
	if (opt->rejects != NULL && (bad->file = reject_open(opt->rejects,
	    "transform")) == NULL) {
		free(bad);
		return (NULL);
	}
	return (bad);
}

void
bad_schema(struct bad * bad, const char * stream, const char * line, size_t n)
{

	if (bad->file != NULL)
		reject_schema(bad->file, stream, line, n);
}

static void
add_to_sum(struct bad * bad, const char * stream, const struct verdict * why)
{
	struct sum * s;
	size_t i;

	for (i = 0; i < bad->nsum; i++) {
		s = &bad->sum[i];
		if (s->rule == why->rule && strcmp(s->path, why->path) == 0 &&
		    strcmp(s->stream, stream) == 0) {
			s->n++;
			return;
		}
	}
	if (bad->nsum == SUMS_MAX) {
		/* Indexes in paths make many: the rest is one sum. */
		bad->sum[SUMS_MAX].n++;
		return;
	}
	bad->sum[bad->nsum++] = (struct sum) { mem_dup(stream),
	    mem_dup(why->path), why->rule, 1 };
}

static void
report(const char * stream, uint64_t number, const struct verdict * why,
    int stop)
{
	const struct log_field * fields = LOG_FIELDS(
	    LOG_TEXT("table", stream), LOG_TEXT("operation", "reject"),
	    LOG_TEXT("rule", why->rule), LOG_TEXT("property", why->path),
	    LOG_INT("line", number), LOG_INT("errors", 1));

	log_event(stop ? LOG_LEVEL_ERROR : LOG_LEVEL_WARN, fields,
	    "%s: line %ju: %s: %s (%s)%s", stream, (uintmax_t)number,
	    why->path[0] != '\0' ? why->path : "the record", why->reason,
	    why->rule, stop ? "; with --rejects FILE it would be kept "
	    "there and the rest go on" : "");
}

int
bad_over(const struct bad * bad, uint64_t processed)
{

	return (quota_over(&bad->quota, bad->n, processed, 1));
}

enum bad_result
bad_record(struct bad * bad, const char * stream, const char * line,
    size_t n, uint64_t number, const struct verdict * why,
    uint64_t processed)
{
	char reason[sizeof why->path + sizeof why->reason + 2];

	if (bad->file == NULL) {
		report(stream, number, why, 1);
		return (BAD_STOP);
	}
	if (bad->n < LOG_EACH)
		report(stream, number, why, 0);
	if (++bad->n == LOG_EACH)
		log_warn("more rejected records are counted, not named");
	add_to_sum(bad, stream, why);
	snprintf(reason, sizeof reason, "%s%s%s", why->path,
	    why->path[0] != '\0' ? " " : "", why->reason);
	if (reject_record(bad->file, stream, line, n, why->rule, reason,
	    number) == -1)
		return (BAD_ERROR);
	return (quota_over(&bad->quota, bad->n, processed, 0) ? BAD_STOP :
	    BAD_GO_ON);
}

int
bad_sync(struct bad * bad)
{

	return (bad->file != NULL ? reject_sync(bad->file) : 0);
}

uint64_t
bad_count(const struct bad * bad)
{

	return (bad->n);
}

static void
report_sums(const struct bad * bad)
{
	const struct sum * s;
	size_t i;

	for (i = 0; i < bad->nsum; i++) {
		s = &bad->sum[i];
		log_event(LOG_LEVEL_WARN, LOG_FIELDS(
		    LOG_TEXT("table", s->stream),
		    LOG_TEXT("operation", "reject"),
		    LOG_TEXT("rule", s->rule), LOG_TEXT("property", s->path),
		    LOG_INT("errors", s->n)), "%s: %ju rejected: %s (%s)",
		    s->stream, (uintmax_t)s->n, s->path[0] != '\0' ?
		    s->path : "the record", s->rule);
	}
	if (bad->sum[SUMS_MAX].n > 0)
		log_warn("%ju rejected elsewhere",
		    (uintmax_t)bad->sum[SUMS_MAX].n);
}

int
bad_close(struct bad * bad)
{
	size_t i;
	int rc;

	if (bad == NULL)
		return (0);
	report_sums(bad);
	rc = reject_close(bad->file);
	for (i = 0; i < bad->nsum; i++) {
		free(bad->sum[i].stream);
		free(bad->sum[i].path);
	}
	free(bad);
	return (rc);
}
