#include <string.h>

#include "resolve.h"

#define EPOCH_DIGITS	16	/* of each number in a version */

int
resolve_is_version(const char * p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (i % (EPOCH_DIGITS + 1) == EPOCH_DIGITS ? p[i] != '.' :
		    !((p[i] >= '0' && p[i] <= '9') ||
		    (p[i] >= 'a' && p[i] <= 'f')))
			return (0);
	}
	return (n % (EPOCH_DIGITS + 1) == EPOCH_DIGITS);
}

int
resolve_compare(const char * a, size_t a_n, const char * b, size_t b_n)
{
	size_t n = a_n < b_n ? a_n : b_n;
	int c = n > 0 ? memcmp(a, b, n) : 0;

	if (c != 0)
		return (c);
	return (a_n < b_n ? -1 : a_n > b_n);
}

int
resolve_timed(const struct resolve_wanted * want,
    const struct resolve_found * found)
{

	return (want->has_at && found->has_change);
}

/* The change field as load wrote it: not changed by anybody else since. */
static int
change_is_ours(const struct resolve_found * f)
{

	if (f->has_c)
		return (f->change_ms == f->c_ms);
	return (f->has_at && f->change_ms == f->at_ms);
}

int
resolve_changed(const struct resolve_found * f)
{

	if (!f->found)
		return (0);
	if (!f->stamped)
		return (1);
	return (f->has_change && (f->has_c || f->has_at) &&
	    !change_is_ours(f));
}

/* A document that somebody else made or changed: whose state lasts? */
static enum resolve_action
conflict(enum resolve_policy policy, const struct resolve_wanted * w,
    const struct resolve_found * f)
{

	switch (policy) {
	case RESOLVE_SOURCE:
		return (RESOLVE_CONFLICT_SOURCE);
	case RESOLVE_TARGET:
		return (RESOLVE_CONFLICT_TARGET);
	case RESOLVE_NEWEST:
		break;
	}

	/* The source wins a tie, and when the times don't tell. */
	return (resolve_timed(w, f) && f->change_ms > w->at_ms ?
	    RESOLVE_CONFLICT_TARGET : RESOLVE_CONFLICT_SOURCE);
}

/* Is what is there a newer state of the row, by its version? */
static int
is_newer(const struct resolve_wanted * w, const struct resolve_found * f)
{

	return (f->v != NULL &&
	    resolve_compare(f->v, f->v_n, w->v, w->v_n) > 0);
}

static int
same_version(const struct resolve_wanted * w, const struct resolve_found * f)
{

	return (f->v != NULL &&
	    resolve_compare(f->v, f->v_n, w->v, w->v_n) == 0);
}

static int
epoch_is_higher(const struct resolve_wanted * w,
    const struct resolve_found * f)
{
	size_t a = f->v_n < EPOCH_DIGITS ? f->v_n : EPOCH_DIGITS;
	size_t b = w->v_n < EPOCH_DIGITS ? w->v_n : EPOCH_DIGITS;

	return (resolve_compare(f->v, a, w->v, b) > 0);
}

enum resolve_action
resolve_decide(enum resolve_policy policy, int acks,
    const struct resolve_wanted * w, const struct resolve_found * f)
{
	int later = resolve_timed(w, f) && f->change_ms > w->at_ms;

	if (!f->found)
		return (RESOLVE_ABSENT);

	/* Without a position the last to arrive is right. */
	if (w->v == NULL)
		return (RESOLVE_AGAIN);
	if (!f->stamped)
		return (conflict(policy, w, f));
	if (is_newer(w, f))
		return (acks && epoch_is_higher(w, f) ? RESOLVE_FENCED :
		    RESOLVE_STALE);
	if (same_version(w, f) && (!f->has_change || change_is_ours(f)))
		return (RESOLVE_SAME);

	/* The version would let us write.  Did the time keep us from it? */
	if (policy == RESOLVE_TARGET && resolve_changed(f))
		return (conflict(policy, w, f));
	if (later && policy != RESOLVE_SOURCE)
		return (change_is_ours(f) ? RESOLVE_CLOCK :
		    conflict(policy, w, f));
	if (f->v == NULL)
		return (RESOLVE_VERSION);
	return (w->has_at && !f->has_change ? RESOLVE_VERSION :
	    RESOLVE_AGAIN);
}
