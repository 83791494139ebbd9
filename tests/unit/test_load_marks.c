#include <stdint.h>
#include <stdio.h>

#include "load/marks.h"

#include "mutate.h"
#include "tap.h"

/*
 * STATEs that wait: against a list of all of them and the batches that aren't
 * resolved, in a random run.
 */
#define BATCHES	6

struct model {
	uint64_t rows, begun;
	uint64_t first[BATCHES];	/* of each batch; 0: it is empty */
	uint64_t * state;		/* the rows before each STATE */
	size_t nstate;
	uint64_t acked;			/* before the one said last */
};

static uint64_t
first_open(const struct model * m)
{
	uint64_t first = UINT64_MAX;
	size_t i;

	for (i = 0; i < BATCHES; i++) {
		if (m->first[i] != 0 && m->first[i] < first)
			first = m->first[i];
	}
	return (first);
}

/* Take what can be taken.  Return 0 unless it is the newest STATE possible. */
static int
take(struct marks * marks, struct model * m)
{
	uint64_t open = first_open(m), newest = 0, rows = 0;
	const char * p;
	size_t i, n;

	for (i = m->nstate; i > 0 && newest == 0; i--) {
		if (m->state[i - 1] < open)
			newest = m->state[i - 1];
	}
	if ((p = marks_take(marks, open, &n)) != NULL)
		rows = strtoull(p, NULL, 10);
	if (newest <= m->acked)
		return (p == NULL);
	m->acked = rows;
	return (rows == newest);
}

/* One thing that happens to a run. */
static int
step(struct marks * marks, struct model * m)
{
	char text[24];
	size_t i = roll(BATCHES);

	switch (roll(8)) {
	case 0:		/* the batch is resolved */
		m->first[i] = 0;
		return (take(marks, m));
	case 1:		/* a STATE, behind a row at least */
		if (m->rows == 0 || (m->nstate > 0 &&
		    m->state[m->nstate - 1] == m->rows))
			return (1);
		m->state[m->nstate++] = m->rows;
		snprintf(text, sizeof text, "%ju ", (uintmax_t)m->rows);
		marks_put(marks, m->rows, m->begun, text, strlen(text) + 1);
		return (first_open(m) != UINT64_MAX || take(marks, m));
	default:	/* a row */
		m->rows++;
		if (m->first[i] == 0)
			m->first[i] = m->begun = m->rows;
		return (1);
	}
}

int
main(void)
{
	unsigned long i, runs = mutate_begin(100000), good = 0;
	struct marks * marks = marks_new();
	struct model m;
	size_t n;

	ok(marks_take(marks, UINT64_MAX, &n) == NULL, "nothing came");
	marks_put(marks, 10, 1, "ten", 3);
	ok(marks_take(marks, 10, &n) == NULL, "the tenth row is open");
	marks_put(marks, 10, 1, "X", 1);
	ok(marks_take(marks, 11, &n) != NULL && n == 1, "only the eleventh is");
	ok(marks_take(marks, UINT64_MAX, &n) == NULL, "it is said once");
	marks_put(marks, 12, 11, "a", 1);
	marks_put(marks, 20, 15, "bb", 2);
	marks_put(marks, 30, 21, "ccc", 3);
	ok(marks_take(marks, 21, &n) != NULL && n == 2, "the newest of two");
	ok(marks_take(marks, 31, &n) != NULL && n == 3, "and the last");

	memset(&m, 0, sizeof m);
	m.state = malloc(runs * sizeof *m.state);
	for (i = 0; i < runs; i++)
		good += (unsigned long)step(marks, &m);
	ok(good == runs, "%lu of %lu steps", good, runs);
	ok(m.acked > 0, "%ju of %ju rows are covered", (uintmax_t)m.acked,
	    (uintmax_t)m.rows);
	free(m.state);
	marks_free(marks);
	free(mutate_block);
	return (tap_done());
}
