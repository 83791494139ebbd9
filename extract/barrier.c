#include <stdlib.h>
#include <string.h>

#include "../common/mem.h"

#include "barrier.h"

#define SECOND_US	INT64_C(1000000)

/* Taken off the times of the first sample: those of statements are whole
 * seconds, and a transaction's may have waited before it began. */
#define MARGIN_US	SECOND_US
#define WAIT_US		(86400 * SECOND_US)

/* Something under way. */
struct entry {
	uint64_t thread;	/* the connection; 0: none */
	uint64_t trx;		/* 0: not known */
	int64_t before_us;	/* what is before this isn't its work */
	int64_t since_us;	/* of running ones: no earlier was it begun; of
				 * held ones without a transaction: when it
				 * was first seen */
};

struct list {
	struct entry * e;
	size_t n, cap;
};

struct barrier {
	struct list held;	/* what is under way, as far as we know */
	struct list spare;	/* its next memory */
	struct list running;	/* of this sample: connections, */
	struct list wrote;	/* and transactions */
	int64_t now_us;		/* of this sample */
	int64_t last_us;	/* of the one before, if there is one */
	int sampled;		/* there is one */
};

struct barrier *
barrier_new(void)
{

	return (mem_new(1, sizeof(struct barrier)));
}

void
barrier_free(struct barrier * b)
{

	if (b == NULL)
		return;
	free(b->held.e);
	free(b->spare.e);
	free(b->running.e);
	free(b->wrote.e);
	free(b);
}

void
barrier_reset(struct barrier * b)
{

	b->held.n = 0;
	b->sampled = 0;
}

static void
add(struct list * l, uint64_t thread, uint64_t trx, int64_t before_us,
    int64_t since_us)
{

	if (l->n == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 16;
		l->e = mem_grow(l->e, l->cap, sizeof *l->e);
	}
	l->e[l->n++] = (struct entry) { thread, trx, before_us,
	    since_us };
}

/* The entry of a transaction, whoever runs it, or NULL. */
static struct entry *
find_trx(const struct list * l, uint64_t trx)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		if (l->e[i].trx == trx)
			return (&l->e[i]);
	}
	return (NULL);
}

/* An entry of a connection: of its transaction, or of an unknown one. */
static struct entry *
find_thread(const struct list * l, uint64_t thread, int known)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		if (l->e[i].thread == thread && (l->e[i].trx != 0) == known)
			return (&l->e[i]);
	}
	return (NULL);
}

void
barrier_begin(struct barrier * b, int64_t now_us)
{

	b->running.n = b->wrote.n = 0;
	b->now_us = now_us;
}

/* When something began at the earliest that has lasted for ${seconds},
 * however they were rounded. */
static int64_t
began(const struct barrier * b, uint64_t seconds)
{

	if (seconds > (uint64_t)(b->now_us / SECOND_US))
		return (0);
	return (b->now_us - ((int64_t)seconds + 1) * SECOND_US);
}

void
barrier_running(struct barrier * b, uint64_t id, uint64_t seconds)
{

	add(&b->running, id, 0, began(b, seconds) - MARGIN_US,
	    began(b, seconds));
}

/* A transaction in the status text. */
struct found {
	uint64_t trx;
	uint64_t thread;
	uint64_t seconds;
};

static void
end_found(struct barrier * b, struct found * f)
{

	if (f->trx != 0)
		add(&b->wrote, f->thread, f->trx,
		    began(b, f->seconds) - WAIT_US, 0);
	memset(f, 0, sizeof *f);
}

/* ---TRANSACTION 4310, ACTIVE (PREPARED) 12 sec */
static void
start_found(struct found * f, const char * p, const char * end)
{
	const char * q;
	char * behind;

	f->trx = strtoull(p, &behind, 10);
	/* Who hasn't written has none, or one made of an address. */
	if (behind == p || *behind != ',' || f->trx >= BARRIER_WRITER_MAX ||
	    (memmem(behind, (size_t)(end - behind), ", not started", 13) !=
	    NULL)) {
		f->trx = 0;
		return;
	}
	q = memmem(behind, (size_t)(end - behind), " sec", 4);
	while (q != NULL && q > behind && q[-1] >= '0' && q[-1] <= '9')
		q--;
	f->seconds = q != NULL ? strtoull(q, NULL, 10) : 0;
}

/*
 *	---TRANSACTION 4310, ACTIVE 12 sec
 *	2 lock struct(s), ..., undo log entries 1
 *	MySQL thread id 345, OS thread handle ...
 * Statements in between are the users' and may look like anything.  What is
 * said of a transaction stands before its statement.
 */
int
barrier_status(struct barrier * b, const char * p)
{
	static const char head[] = "---TRANSACTION ";
	static const char cut[] = "... truncated...";
	struct found f = { 0, 0, 0 };
	const char * end;

	for (; *p != '\0'; p = *end == '\0' ? end : end + 1) {
		end = strchrnul(p, '\n');
		if (strncmp(p, cut, sizeof cut - 1) == 0)
			return (-1);
		if (strncmp(p, head, sizeof head - 1) == 0) {
			end_found(b, &f);
			start_found(&f, p + sizeof head - 1, end);
		}
		if (f.thread == 0 && (strncmp(p, "MySQL thread id ", 16) ==
		    0 || strncmp(p, "MariaDB thread id ", 18) == 0))
			f.thread = strtoull(strpbrk(p, "0123456789"), NULL,
			    10);
	}
	end_found(b, &f);
	return (0);
}

/* Hold the bound at ${before_us} until the transaction is over. */
static void
hold_trx(struct barrier * b, const struct entry * trx, int64_t before_us)
{
	struct entry * e = find_trx(&b->held, trx->trx);

	if (e == NULL)
		add(&b->held, trx->thread, trx->trx, before_us, 0);
	else if (before_us < e->before_us)
		e->before_us = before_us;
}

/*
 * The connection of ${e} executed something, of an unknown transaction.  Is
 * that over?  If it is, or if the connection is now seen in a transaction, it
 * may have left one behind that is prepared, without a connection: then
 * *orphans is as early as ${e}.
 *
 * A busy connection may be met at work each time, though never at the same:
 * what has begun since is another statement, with a later time.
 */
static int
is_over(struct barrier * b, const struct entry * e, int64_t * orphans)
{
	const struct entry * now = find_thread(&b->running, e->thread, 0);
	size_t i;
	int seen = 0;

	for (i = 0; i < b->wrote.n; i++) {
		if (b->wrote.e[i].thread != e->thread)
			continue;
		hold_trx(b, &b->wrote.e[i], e->before_us);
		seen = 1;
	}
	if (!seen && now != NULL && now->since_us <= e->since_us)
		return (0);
	if (e->before_us < *orphans)
		*orphans = e->before_us;
	if (!seen && now != NULL)
		add(&b->held, e->thread, 0, now->since_us < b->last_us ?
		    now->since_us : b->last_us, b->now_us);
	return (1);
}

/* Keep what isn't over. */
static void
drop(struct barrier * b)
{
	struct list was = b->held;
	int64_t orphans = INT64_MAX;
	const struct entry * e;
	size_t i;

	b->held = b->spare;
	b->held.n = 0;
	for (i = 0; i < was.n; i++) {
		e = &was.e[i];
		if (e->trx == 0) {
			if (!is_over(b, e, &orphans))
				add(&b->held, e->thread, 0, e->before_us,
				    e->since_us);
		} else if (find_trx(&b->wrote, e->trx) != NULL)
			hold_trx(b, e, e->before_us);
	}
	b->spare = was;
	for (i = 0; orphans != INT64_MAX && i < b->wrote.n; i++) {
		if (b->wrote.e[i].thread == 0)
			hold_trx(b, &b->wrote.e[i], orphans);
	}
}

/* Take in what is new. */
static void
take(struct barrier * b)
{
	const struct entry * e, * trx;
	int64_t before;
	size_t i;

	for (i = 0; i < b->wrote.n; i++) {
		e = &b->wrote.e[i];
		if (find_trx(&b->held, e->trx) != NULL)
			continue;
		before = b->sampled ? b->last_us : e->before_us;
		add(&b->held, e->thread, e->trx, before, 0);
	}
	for (i = 0; i < b->running.n; i++) {
		e = &b->running.e[i];
		if (find_thread(&b->held, e->thread, 0) != NULL)
			continue;
		before = b->sampled ? b->last_us : e->before_us;
		trx = find_thread(&b->wrote, e->thread, 1);
		if (trx == NULL)
			add(&b->held, e->thread, 0, before, b->now_us);
		else
			hold_trx(b, trx, before);
	}
}

int64_t
barrier_end(struct barrier * b, uint64_t * holder)
{
	int64_t safe = b->now_us;
	size_t i;

	drop(b);
	take(b);
	*holder = 0;
	for (i = 0; i < b->held.n; i++) {
		if (b->held.e[i].before_us >= safe)
			continue;
		safe = b->held.e[i].before_us;
		*holder = b->held.e[i].thread;
	}
	b->last_us = b->now_us;
	b->sampled = 1;
	return (safe);
}

void
barrier_rewind(struct barrier * b, int64_t us)
{
	size_t i;

	for (i = 0; i < b->held.n; i++) {
		if (b->held.e[i].before_us > us)
			b->held.e[i].before_us = us;
	}
	if (b->last_us > us)
		b->last_us = us;
}
