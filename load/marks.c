#include <stdlib.h>
#include <string.h>

#include "../common/buf.h"
#include "../common/mem.h"

#include "marks.h"

struct mark {
	uint64_t rows;
	struct buf value;
};

struct marks {
	struct mark * mark;
	size_t n, cap;
	struct buf taken;
};

struct marks *
marks_new(void)
{

	return (mem_new(1, sizeof(struct marks)));
}

void
marks_free(struct marks * m)
{
	size_t i;

	if (m == NULL)
		return;
	for (i = 0; i < m->cap; i++)
		buf_free(&m->mark[i].value);
	free(m->mark);
	buf_free(&m->taken);
	free(m);
}

void
marks_put(struct marks * m, uint64_t rows, uint64_t begun,
    const char * value, size_t n)
{
	struct mark * k;

	/* No batch began since the last one: what resolves that, does this. */
	if (m->n > 0 && begun <= m->mark[m->n - 1].rows)
		m->n--;
	if (m->n == m->cap) {
		m->cap = m->cap ? 2 * m->cap : 4;
		m->mark = mem_grow(m->mark, m->cap, sizeof *m->mark);
		memset(m->mark + m->n, 0, (m->cap - m->n) * sizeof *m->mark);
	}
	k = &m->mark[m->n++];
	k->rows = rows;
	buf_clear(&k->value);
	buf_put(&k->value, value, n);
}

const char *
marks_take(struct marks * m, uint64_t open, size_t * n)
{
	size_t i, done = 0;

	while (done < m->n && m->mark[done].rows < open)
		done++;
	if (done == 0)
		return (NULL);
	buf_clear(&m->taken);
	buf_put(&m->taken, m->mark[done - 1].value.p,
	    m->mark[done - 1].value.n);

	/* The others move up; their memory stays in use. */
	for (i = 0; done + i < m->n; i++) {
		struct mark k = m->mark[i];

		m->mark[i] = m->mark[done + i];
		m->mark[done + i] = k;
	}
	m->n -= done;
	*n = m->taken.n;
	return (m->taken.p);
}
