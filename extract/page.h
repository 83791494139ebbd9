#ifndef PAGE_H_
#define PAGE_H_

#include <stddef.h>
#include <stdint.h>

#include "../common/progress.h"
#include "catalog.h"
#include "cell.h"
#include "out.h"
#include "position.h"
#include "query.h"
#include "source.h"
#include "telling.h"

/*
 * A page of rows: asked for, converted, printed.
 */

/* What is the same in all RECORDs of a table, put together once. */
struct page_plan;

/**
 * page_plan_new(t, env, epoch):
 * For the table ${t}, which has to last as long, in the run ${epoch}.
 */
struct page_plan * page_plan_new(const struct catalog_table * t,
    const struct cell_env * env, uint64_t epoch);
void page_plan_free(struct page_plan * plan);

/**
 * page_row(b, plan, env, row, n, bad):
 * Append a row as a RECORD, a whole line, with ${n} as its running number.
 * Return NULL; or what is wrong with the column that ${bad} is set to, with
 * ${b} as it was.
 */
const char * page_row(struct buf * b, struct page_plan * plan,
    struct cell_env * env, const struct cell_row * row, uint64_t n,
    size_t * bad);

struct page {
	struct source * source;
	struct out * out;
	struct page_plan * plan;
	struct cell_env * env;
	struct progress * progress;	/* may be NULL */
	struct telling telling;
	uint64_t total;		/* rows printed in the run, over all tables */
	uint64_t rows;		/* rows printed of this table */
	uint64_t bytes;		/* of the rows of the last page */
	uint64_t read;		/* and how many they were */
	int slow;		/* our reader hadn't taken it at its end */
	uint64_t open_us;	/* how long its statements were open */
};

enum page_end {
	PAGE_DONE,		/* there were no more rows */
	PAGE_MORE,		/* there may be more */
	PAGE_STOPPED,		/* asked to stop */
	PAGE_TROUBLE,		/* the source failed: see ${rc} */
	PAGE_FAILED		/* reported; the run ends: see ${code} */
};

/**
 * page_read(pg, q, limit, last, rc, code):
 * Print up to ${limit} rows of ${q}.  ${last} is the last row printed by
 * this call, or nothing, also when it ends badly.  A page ends early, with
 * PAGE_MORE, when the reader of our output holds it up.
 */
enum page_end page_read(struct page * pg, const struct query * q,
    uint64_t limit, struct position * last, enum source_rc * rc, int * code);

/* A page shouldn't hold its table's definition longer than this. */
#define PAGE_OPEN_US	UINT64_C(1000000)

#endif /* !PAGE_H_ */
