#include <string.h>

#include "tally.h"

static struct counts
add(const struct counts * a, const struct counts * b, int sign)
{
	uint64_t s = (uint64_t)sign;

	return ((struct counts) { a->read + s * b->read,
	    a->written + s * b->written, a->created + s * b->created,
	    a->updated + s * b->updated, a->deleted + s * b->deleted,
	    a->marked + s * b->marked, a->ignored + s * b->ignored,
	    a->stale + s * b->stale, a->conflicts + s * b->conflicts,
	    a->rejected + s * b->rejected });
}

void
tally_take(struct tally * t, const struct relay_line * l)
{
	uint64_t read = t->now.read;

	switch (l->counted) {
	case RELAY_NOTHING:
	case RELAY_LOOKED:
		break;
	case RELAY_READ:
		t->now.read += l->counts.read;
		t->turn = 0;
		break;
	case RELAY_READING:
		t->turn = l->counts.read;
		if (t->turn == 0)
			t->due = l->due == 0 ? 0 :
			    tally_run(t).read + l->due;
		break;
	case RELAY_MAPPED:
		t->mapped = l->counts.rejected;
		break;
	case RELAY_LOADED:
		t->now = l->counts;
		t->now.read = read;
		break;
	}
}

void
tally_run_begins(struct tally * t)
{

	t->before = tally_all(t);
	t->due = 0;
}

void
tally_pipeline_ends(struct tally * t)
{

	t->ended = tally_all(t);
	memset(&t->now, 0, sizeof t->now);
	t->mapped = t->turn = 0;
}

struct counts
tally_all(const struct tally * t)
{
	struct counts c = add(&t->ended, &t->now, 1);

	c.rejected += t->mapped;
	c.read += t->turn;
	return (c);
}

struct counts
tally_run(const struct tally * t)
{
	struct counts all = tally_all(t);

	return (add(&all, &t->before, -1));
}
