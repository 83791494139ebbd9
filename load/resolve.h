#ifndef RESOLVE_H_
#define RESOLVE_H_

#include <stddef.h>
#include <stdint.h>

/*
 * A write found that its key is taken by a document which its filter didn't
 * match.  What is there decides what that means; nothing here reads or
 * writes, so every line of the table can be tested.
 */

enum resolve_policy { RESOLVE_NEWEST, RESOLVE_SOURCE, RESOLVE_TARGET };

enum resolve_action {
	RESOLVE_ABSENT,		/* nothing is there: again, or another unique
				 * index refuses it */
	RESOLVE_AGAIN,		/* it would match now: again */
	RESOLVE_STALE,		/* a newer state of the row is there: done */
	RESOLVE_SAME,		/* it is this very write: done */
	RESOLVE_FENCED,		/* another extract took over: stop */
	RESOLVE_VERSION,	/* write by the version alone */
	RESOLVE_CLOCK,		/* the same: the source's clock went back */
	RESOLVE_CONFLICT_SOURCE,	/* changed in MongoDB; write all the
					 * same */
	RESOLVE_CONFLICT_TARGET	/* changed in MongoDB; leave it */
};

/* What a document says of itself. */
struct resolve_found {
	int found;
	int stamped;		/* it has load's stamp */
	const char * v;		/* its version, or NULL */
	size_t v_n;
	int has_at, has_c, has_change;
	int64_t at_ms;		/* the stamp's time */
	int64_t c_ms;		/* the change field as load wrote it, if that
				 * was another time */
	int64_t change_ms;	/* the change field now */
	int marked;		/* as deleted */
};

/* What is to be written. */
struct resolve_wanted {
	const char * v;		/* version, or NULL */
	size_t v_n;
	int has_at;
	int64_t at_ms;
};

/**
 * resolve_decide(policy, acks, want, found):
 * Decide about a write that met the document ${found}.  ${acks} is nonzero if
 * somebody relies on the acknowledgements.
 */
enum resolve_action resolve_decide(enum resolve_policy policy, int acks,
    const struct resolve_wanted * want, const struct resolve_found * found);

/**
 * resolve_changed(found):
 * Return nonzero if the document was changed by somebody else than load, as
 * far as its change field and stamp tell.
 */
int resolve_changed(const struct resolve_found * found);

/**
 * resolve_is_version(p, n):
 * Return nonzero if the ${n} bytes ${p} are a version as load writes it: 16
 * hexadecimal digits for each number, with dots between.  Any other text
 * would stand above or below all of them for good.
 */
int resolve_is_version(const char * p, size_t n);

/* Compare two versions as the server does: < 0, 0, > 0. */
int resolve_compare(const char * a, size_t a_n, const char * b, size_t b_n);

/* Does the conflict hang on times that are both known? */
int resolve_timed(const struct resolve_wanted * want,
    const struct resolve_found * found);

#endif /* !RESOLVE_H_ */
