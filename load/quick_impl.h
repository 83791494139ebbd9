#ifndef QUICK_IMPL_H_
#define QUICK_IMPL_H_

#include "quick.h"
#include "quick_value.h"

/*
 * What the parts of the quick reader share: quick_learn.c remembers how a row
 * looked, quick.c reads those that look the same.
 */
#define QUICK_KEYS	8	/* fields up to the last one of the key */
#define QUICK_TAIL	"],\"record\":"

/* How a value is read; QUICK_CLOSER by scan.h and bsonize.h. */
enum quick_how { QUICK_CLOSER, QUICK_SKIP, QUICK_TEXT, QUICK_INT32, QUICK_INT64,
	QUICK_DECIMAL, QUICK_DATE };

/* One field, in the order in which they come; any may be left out. */
struct quick_step {
	struct scan_begin name;	/* `"name":`, if it is no longer than that */
	size_t name_n;
	size_t name_at;		/* where it stands in names */
	const struct plan_field * field;
	int slot;
	enum quick_how how;
};

struct quick {
	struct bsonizer * z;
	const struct plan * plan;
	struct quick_step * step;
	size_t nstep, cap;	/* nstep = 0: nothing was learned */
	struct buf names;
	size_t room;		/* for all fields, without their values */
	size_t nkeys;		/* fields up to the last one of the key */
	enum quick_how key;	/* of a whole number that is the first field,
				 * _id or not; else QUICK_CLOSER */

	/* The line up to the time, and from behind it up to the running
	 * number; all of it in `mid` if rows have no time. */
	struct buf head, mid;
	int has_at;

	struct buf version;	/* up to its last number */
	struct buf id;		/* the key of the row */

	struct quick_day day;
	int has_change;
	int64_t change_ms;
	unsigned vain;		/* rows since it was of use */
};

#endif /* !QUICK_IMPL_H_ */
