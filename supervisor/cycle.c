#include <stddef.h>
#include <string.h>

#include "cycle.h"

void
cycle_begin(struct cycle * c, int64_t now)
{

	c->look = 1;
	c->mend = 0;
	c->begun = now;
	c->looked = 0;
	c->mended = c->gone = 0;
	c->spoilt = c->overlooks;
	memset(&c->full, 0, sizeof c->full);
	memset(&c->last, 0, sizeof c->last);
}

static uint64_t
differences(const struct looked * l)
{

	return (l->missing + l->different + l->extra);
}

/* What has lasted, but for documents that are nobody's rows: they stay. */
static uint64_t
lasting(const struct looked * l)
{

	return (l->counted > l->foreign ? l->counted - l->foreign : 0);
}

/* It is complete, and has left ${left} differences. */
static int
complete(struct cycle * c, uint64_t left, int64_t now)
{

	c->within_us = c->done_begun != 0 ? now - c->done_begun : 0;
	if (c->within_us < 0)
		c->within_us = 0;	/* somebody has set the clock */
	c->done_begun = c->begun;
	c->done_ended = now;
	c->done = c->full;
	c->done_mended = c->mended;
	c->done_gone = c->gone;
	c->foreign = c->last.foreign;
	c->left = left;
	if (left == 0 && !c->spoilt)
		c->overlooked = 0;
	if (left == 0)
		c->left_since = 0;
	else if (c->left_since == 0)
		c->left_since = now - c->last.oldest_us;
	c->failed = 0;
	c->look = 0;
	return (1);
}

/* So many of so many rows look rather like a mistake. */
static int
too_many(const struct cycle * c, unsigned percent)
{
	uint64_t n = lasting(&c->last);

	if (percent >= 100 || n <= CYCLE_FREE)
		return (0);
	return ((double)n > (double)c->full.compared * percent / 100.0);
}

int
cycle_looked(struct cycle * c, const struct looked * sums, int repair,
    unsigned percent, int64_t now)
{

	if (c->look == 1)
		c->full = *sums;
	c->last = *sums;
	c->looked = now;
	c->mended += sums->mended;
	if (c->look == 1)
		c->held = 0;
	if (c->look == CYCLE_LOOKS && lasting(sums) > 0 &&
	    sums->extra > sums->foreign)
		c->gone = sums->extra - sums->foreign;
	if (differences(sums) == 0)
		return (complete(c, 0, now));
	if (c->look == CYCLE_LEFT || (c->look == CYCLE_LOOKS && !c->mend))
		return (complete(c, lasting(sums), now));
	c->mend = 0;
	if (++c->look == CYCLE_LOOKS && repair) {
		c->held = too_many(c, percent);
		c->mend = !c->held;
	}
	return (0);
}

void
cycle_failed(struct cycle * c)
{

	c->failed = 1;
}

int
cycle_overlooks(struct cycle * c, int yes)
{
	int spoils = yes && c->look != 0;
	int news = (yes && !c->overlooked) || (spoils && !c->spoilt);

	c->overlooks = yes;
	c->overlooked |= yes;
	c->spoilt |= spoils;
	return (news);
}

void
cycle_forget(struct cycle * c)
{

	c->look = 0;
}

int
cycle_awaits_sync(const struct cycle * c)
{

	/* What is the same later on was changed before the first look, too. */
	return (c->look == 2);
}

/* Why nothing is found again, or NULL. */
static const char *
why_not(const struct cycle * c, const struct cycle_plan * plan,
    const char ** text)
{

	if (!plan->on) {
		*text = "nothing compares both sides (SYNC_VERIFY is off)";
		return ("verify_off");
	}
	if (!plan->repair) {
		*text = "differences are told of and not mended "
		    "(SYNC_VERIFY_REPAIR)";
		return ("verify_only");
	}
	if (c->done_ended == 0) {
		*text = "no verification has been complete yet";
		return ("not_verified");
	}
	if (c->failed) {
		*text = "the last verification has failed";
		return ("verify_failed");
	}
	if (c->left > 0) {
		*text = "the last verification has left differences";
		return ("differences");
	}
	return (NULL);
}

int
cycle_cover(const struct cycle * c, const struct cycle_plan * plan,
    int64_t now, struct guarantee_cover * cover)
{
	int64_t age = now - c->done_begun, within, limit;

	*cover = (struct guarantee_cover) { .gone = c->done_gone > 0,
	    .overlooked = c->overlooked };
	cover->code = why_not(c, plan, &cover->text);
	if (c->done_ended == 0 || !plan->on)
		return (0);

	/*
	 * Whatever went wrong behind one cycle's eye is found by the next:
	 * from the begin of one to the end of the next, as it was, or as it
	 * is to be where that is longer.
	 */
	within = plan->period_us + (c->done_ended - c->done_begun) +
	    plan->slack_us;
	if (within < c->within_us)
		within = c->within_us;
	limit = 2 * within;
	cover->within_us = within > age ? within : age;
	if (age <= limit)
		return (0);
	if (cover->code == NULL) {
		cover->code = "verify_overdue";
		cover->text = "the next verification is overdue";
	}
	return (1);
}

/*
 * The file.
 */

/* Numbers of 64 bits, with or without a sign, none beyond 2^63. */
static const struct {
	const char * name;
	size_t at;
} members[] = {
#define MEMBER(name)	{ #name, offsetof(struct cycle, name) }
	MEMBER(begun), MEMBER(looked), MEMBER(mended), MEMBER(bytes),
	MEMBER(full.compared), MEMBER(full.missing), MEMBER(full.different),
	MEMBER(full.extra), MEMBER(full.left_out), MEMBER(last.counted),
	MEMBER(done_begun), MEMBER(done_ended), MEMBER(within_us),
	MEMBER(done.compared), MEMBER(done.missing), MEMBER(done.different),
	MEMBER(done.extra), MEMBER(done.left_out), MEMBER(done_mended),
	MEMBER(gone), MEMBER(done_gone),
	MEMBER(left), MEMBER(left_since), MEMBER(foreign),
	MEMBER(last.foreign)
#undef MEMBER
};
#define MEMBERS	(sizeof members / sizeof members[0])

void
cycle_put(const struct cycle * c, struct buf * b)
{
	int64_t v;
	size_t i;

	statefile_head(b, CYCLE_FORMAT);
	statefile_put_i64(b, "look", (int64_t)c->look);
	statefile_put_i64(b, "mend", c->mend);
	statefile_put_i64(b, "held", c->held);
	statefile_put_i64(b, "failed", c->failed);
	statefile_put_i64(b, "spoilt", c->spoilt);
	statefile_put_i64(b, "overlooked", c->overlooked);
	for (i = 0; i < MEMBERS; i++) {
		memcpy(&v, (const char *)c + members[i].at, sizeof v);
		statefile_put_i64(b, members[i].name, v);
	}
	statefile_seal(b);
}

void
cycle_get(struct cycle * c, const struct statefile * f)
{
	int64_t v;
	size_t i;

	memset(c, 0, sizeof *c);
	v = statefile_i64(f, "look", 0);
	if (v > 0 && v <= CYCLE_LEFT)
		c->look = (unsigned)v;
	c->mend = statefile_i64(f, "mend", 0) != 0;
	c->held = statefile_i64(f, "held", 0) != 0;
	c->failed = statefile_i64(f, "failed", 0) != 0;
	c->spoilt = statefile_i64(f, "spoilt", 0) != 0;
	c->overlooked = statefile_i64(f, "overlooked", 0) != 0;
	for (i = 0; i < MEMBERS; i++) {
		v = statefile_i64(f, members[i].name, 0);
		memcpy((char *)c + members[i].at, &v, sizeof v);
	}
}
