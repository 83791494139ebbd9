#include <stddef.h>
#include <stdio.h>

#include "../common/log.h"
#include "../common/stop.h"
#include "telling.h"

#define EVERY_US	UINT64_C(1000000)

static void
tell(struct telling * t, uint64_t rows)
{

	log_event(LOG_LEVEL_INFO, LOG_FIELDS(LOG_TEXT("table", t->table),
	    LOG_TEXT("operation", "report"),
	    LOG_INT("records_processed", rows),
	    LOG_INT("records_due", t->due)), "%s: %ju of about %ju rows read",
	    t->table, (uintmax_t)rows, (uintmax_t)t->due);
	t->at = stop_clock();
}

void
telling_begin(struct telling * t, const char * table, uint64_t due)
{

	*t = (struct telling) { table, due, 0 };
	tell(t, 0);
}

void
telling_step(struct telling * t, uint64_t rows)
{

	if (t->table != NULL && stop_clock() - t->at >= EVERY_US)
		tell(t, rows);
}

void
telling_end(struct telling * t)
{

	t->table = NULL;
}

const char *
telling_lack(unsigned lack, const struct options * opt,
    char text[TELLING_LACK_LEN])
{

	switch (lack) {
	case BOUND_GUESSED:
		snprintf(text, TELLING_LACK_LEN, "the account lacks the "
		    "privilege PROCESS: a transaction open longer than %.1f s "
		    "(--lag) can be overlooked", (double)opt->lag_us / 1e6);
		return ("no_process_privilege");
	case BOUND_GAPS:
		snprintf(text, TELLING_LACK_LEN, "the server's list of "
		    "transactions has gaps (innodb_status_output_locks, or "
		    "too many): one that waited for a metadata lock and then "
		    "stays open without a statement can be overlooked, and "
		    "any if others read INNODB_TRX all the time");
		return ("plain_bound");
	case BOUND_OPEN:
		snprintf(text, TELLING_LACK_LEN, "transactions are still open "
		    "from a time when they couldn't all be seen: what they "
		    "wrote then can be overlooked");
		return ("open_before");
	default:
		snprintf(text, TELLING_LACK_LEN, "the server is a replica: "
		    "rows that it applies come with the times of another "
		    "server, and can be overlooked");
		return ("replica");
	}
}

/*
 * What a reason allows: nothing, or that what is overlooked is found again by
 * comparing both sides.
 */
#define NOTHING	"best-effort"
#define AGAIN	"reconciled-within"

void
telling_reasons(const struct catalog_table * t, const struct blind * blind,
    unsigned lacks, const struct options * opt, telling_reason * say,
    void * cookie)
{
	char text[TELLING_LACK_LEN];
	const char * code;
	unsigned lack;

	say(cookie, AGAIN, "change_column", "changes are found by the change "
	    "column: deleted rows are not seen");
	for (lack = 1; lack <= lacks; lack <<= 1) {
		if (!(lacks & lack))
			continue;
		code = telling_lack(lack, opt, text);
		say(cookie, NOTHING, code, text);
	}
	if (t->change == CATALOG_NONE)
		say(cookie, AGAIN, "no_change_column", "there is no change "
		    "column: each run reads all rows");
	else if (t->only_inserts)
		say(cookie, AGAIN, "only_inserts", "the change column is a "
		    "time of creation: changes of old rows are not seen");
	else if (!t->column[t->change].on_update)
		say(cookie, AGAIN, "no_on_update", "the change column is set "
		    "by the application alone (no ON UPDATE)");
	else if (!t->column[t->change].on_insert)
		say(cookie, AGAIN, "no_default", "the change column of new "
		    "rows is set by the application alone (no DEFAULT "
		    "CURRENT_TIMESTAMP)");
	if (blind->cascades)
		say(cookie, AGAIN, "cascades", "foreign keys change or delete "
		    "rows without their change time");
	if (blind->hidden)
		say(cookie, AGAIN, "definition_hidden", "the account may not "
		    "see the table's definition: foreign keys may change or "
		    "delete rows without their change time");
	if (blind->zone)
		say(cookie, NOTHING, "datetime_zone", "the change column is "
		    "DATETIME, and the server's zone another one than it is "
		    "taken for: where an hour comes twice, changes can be "
		    "overlooked");
	if (blind->folded_key)
		say(cookie, AGAIN, "folded_key", "keys that differ in case "
		    "only, or in how a letter is composed, are one to the "
		    "source: a key changed so leaves its old document behind");
	if (blind->padded_key)
		say(cookie, AGAIN, "padded_key", "keys that differ in spaces "
		    "at the end only are one to the source: a key changed so "
		    "leaves its old document behind");
	if (t->change != CATALOG_NONE && t->column[t->change].nullable)
		say(cookie, AGAIN, "null_times", "rows whose change column is "
		    "NULL are read again in intervals only (--nulls)");
	if (t->key_unproven)
		say(cookie, NOTHING, "key_unproven", "no unique index vouches "
		    "for the key");
	if (t->is_view)
		say(cookie, NOTHING, "view", "it is a view: what changes its "
		    "rows isn't known");
	else if (!t->innodb)
		say(cookie, NOTHING, "not_innodb", "the table is not InnoDB: "
		    "open transactions on it can't be seen");
	if (opt->where != NULL)
		say(cookie, NOTHING, "where", "--where: a row that stops to "
		    "fit stays as it was");
}

/* No promise holds better than the weakest of its reasons allows. */
static void
tell_reason(void * cookie, const char * most, const char * code,
    const char * text)
{
	const struct job * job = cookie;

	log_event(LOG_LEVEL_INFO, LOG_FIELDS(
	    LOG_TEXT("table", job->table->name),
	    LOG_TEXT("operation", "guarantee"),
	    LOG_TEXT("guarantee", most), LOG_TEXT("code", code)),
	    "%s", text);
}

void
telling_lacks(unsigned before, const struct bound * b,
    const struct options * opt)
{
	char text[TELLING_LACK_LEN];
	unsigned lack;

	for (lack = 1; lack <= b->lacks; lack <<= 1) {
		if (!(b->lacks & lack & ~before))
			continue;
		telling_lack(lack, opt, text);
		log_warn("%s; best effort", text);
	}
	if (b->lacks == 0 && before != 0)
		log_info("all open transactions are seen again, and none is "
		    "overlooked from now on");
}

void
telling_bound(const struct job * job, const struct bound * b, int held)
{
	int64_t age = b->now_us - b->safe_us;
	char who[128] = "a transaction without a connection (XA RECOVER)";
	const char * table = job->table->name;

	if (b->user[0] != '\0')
		snprintf(who, sizeof who, "connection %ju of user %s",
		    (uintmax_t)b->holder, b->user);
	if (!held)
		log_event(LOG_LEVEL_INFO, LOG_FIELDS(
		    LOG_TEXT("table", table), LOG_TEXT("operation", "bound"),
		    LOG_MICROS("barrier_age_seconds", age)),
		    "nothing holds back what is read");
	else
		log_event(LOG_LEVEL_INFO, LOG_FIELDS(
		    LOG_TEXT("table", table), LOG_TEXT("operation", "bound"),
		    LOG_MICROS("barrier_age_seconds", age),
		    LOG_INT("connection", b->holder),
		    LOG_TEXT("user", b->user)),
		    "rows changed in the last %jd s wait for %s, which is at "
		    "work or has written", (intmax_t)(age / 1000000), who);
}

int
telling_guarantee(struct job * job, struct source * s, unsigned lacks,
    const struct options * opt)
{
	struct blind blind;
	enum source_rc rc;

	rc = blind_find(s, job->table, &opt->cell, &blind);
	if (rc != SOURCE_OK)
		return (source_report(s, rc, job->table->name));
	telling_reasons(job->table, &blind, lacks, opt, tell_reason, job);
	tell_reason(job, "exact", "checked", "all reasons are told");
	return (0);
}
