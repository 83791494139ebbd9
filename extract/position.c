#include <string.h>

#include "../common/timestamp.h"
#include "cell_fast.h"

#include "position.h"

#define YEAR_0_US	(timestamp_days(0, 1, 1) * INT64_C(86400000000))
#define YEAR_10000_US	(timestamp_days(10000, 1, 1) * INT64_C(86400000000))

void
position_clear_key(struct position * pos)
{

	pos->nkey = 0;
	buf_clear(&pos->raw);
}

void
position_clear(struct position * pos)
{

	pos->time.n = 0;
	position_clear_key(pos);
}

static inline void
add_key(struct position * pos, const char * p, size_t n)
{

	fast_copy(buf_room(&pos->raw, n), p, n);
	pos->raw.n += n;
	pos->end[pos->nkey++] = pos->raw.n;
}

void
position_set(struct position * pos, const struct catalog_table * t,
    const struct cell_row * row)
{
	size_t i, col;

	position_clear(pos);
	if (t->change != CATALOG_NONE && row->p[t->change] != NULL &&
	    row->n[t->change] <= sizeof pos->time.p) {
		pos->time.n = row->n[t->change];
		memcpy(pos->time.p, row->p[t->change], pos->time.n);
	}
	for (i = 0; i < t->nkey; i++) {
		col = t->key[i];
		add_key(pos, row->p[col], row->n[col]);
	}
}

const char *
position_key(const struct position * pos, size_t i, size_t * n)
{
	size_t start = i == 0 ? 0 : pos->end[i - 1];

	*n = pos->end[i] - start;
	return (pos->raw.p + start);
}

void
position_copy(struct position * to, const struct position * from)
{

	position_clear(to);
	to->time = from->time;
	to->nkey = from->nkey;
	memcpy(to->end, from->end, sizeof to->end);
	buf_put(&to->raw, from->raw.p, from->raw.n);
}

size_t
position_time_length(const struct catalog_column * c)
{

	return (c->fraction == 0 ? 19 : 20 + (size_t)c->fraction);
}

static int64_t
offset_of(const struct catalog_column * c, const struct cell_env * env)
{

	return (c->kind == CELL_DATETIME ? env->offset_us : 0);
}

void
position_time_at(struct position_time * dst, const struct catalog_column * c,
    const struct cell_env * env, int64_t us)
{
	char text[TIMESTAMP_LEN];

	us += offset_of(c, env);
	if (us < YEAR_0_US)
		us = YEAR_0_US;
	if (us >= YEAR_10000_US)
		us = YEAR_10000_US - 1;
	timestamp_format(us, text);
	text[10] = ' ';

	/* What is cut off is the rest of a unit: rounded down. */
	dst->n = position_time_length(c);
	memcpy(dst->p, text, dst->n);
}

int
position_time_compare(const struct position_time * a,
    const struct position_time * b)
{
	size_t n = a->n < b->n ? a->n : b->n;
	int rc = memcmp(a->p, b->p, n);

	return (rc != 0 ? rc : (a->n > b->n) - (a->n < b->n));
}
