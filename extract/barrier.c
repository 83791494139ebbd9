#include <stdlib.h>
#include <string.h>

#include "../common/mem.h"

#include "barrier.h"

#define SECOND_US	INT64_C(1000000)

/* Taken off the times of the first sample: those of statements are in whole
 * seconds, and a transaction's may have waited before it began. */
#define MARGIN_US	SECOND_US
#define WAIT_US		(86400 * SECOND_US)

/*
 * How often a connection has to be seen with another start until what it
 * executed at first is surely over: a new statement is there a moment before
 * its start is, so that the first sight may be of the start before.
 */
#define STARTS		2

/* Something under way. */
struct entry {
	uint64_t thread;	/* the connection; 0: none */
	uint64_t trx;		/* 0: not known */
	int64_t before_us;	/* what is before this isn't its work */
	int64_t lo_us, hi_us;	/* of a statement: between these it began */
	int starts;		/* other ones seen since */
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
	int resumed;		/* at the first, all below this is known to */
	int64_t final_us;	/* be final */
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

void
barrier_resume(struct barrier * b, int64_t final_us)
{

	b->resumed = 1;
	b->final_us = final_us;
}

static void
add(struct list * l, struct entry e)
{

	if (l->n == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 16;
		l->e = mem_grow(l->e, l->cap, sizeof *l->e);
	}
	l->e[l->n++] = e;
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

void
barrier_running(struct barrier * b, uint64_t id, int64_t lo_us, int64_t hi_us)
{

	add(&b->running, (struct entry) { .thread = id, .lo_us = lo_us,
	    .hi_us = hi_us });
}

void
barrier_idle(struct barrier * b, uint64_t id)
{
	struct entry * e = find_thread(&b->running, id, 0);

	if (e != NULL)
		*e = b->running.e[--b->running.n];
}

uint64_t
barrier_waits(const struct barrier * b, size_t i)
{
	size_t k;

	for (k = 0; k < b->held.n; k++) {
		if (b->held.e[k].trx != 0 || find_thread(&b->running,
		    b->held.e[k].thread, 0) == NULL)
			continue;
		if (i-- == 0)
			return (b->held.e[k].thread);
	}
	return (0);
}

/* What a transaction can have written that has lasted for ${seconds},
 * however they were rounded. */
static int64_t
wrote_since(const struct barrier * b, uint64_t seconds)
{

	if (seconds > (uint64_t)(b->now_us / SECOND_US))
		return (-WAIT_US);
	return (b->now_us - ((int64_t)seconds + 1) * SECOND_US - WAIT_US);
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
		add(&b->wrote, (struct entry) { .thread = f->thread,
		    .trx = f->trx,
		    .before_us = wrote_since(b, f->seconds) });
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
		add(&b->held, (struct entry) { .thread = trx->thread,
		    .trx = trx->trx, .before_us = before_us });
	else if (before_us < e->before_us)
		e->before_us = before_us;
}

/* Is the connection in transactions that have written?  Then they may be
 * those of ${e}. */
static int
is_writing(struct barrier * b, const struct entry * e)
{
	int seen = 0;
	size_t i;

	for (i = 0; i < b->wrote.n; i++) {
		if (b->wrote.e[i].thread != e->thread)
			continue;
		hold_trx(b, &b->wrote.e[i], e->before_us);
		seen = 1;
	}
	return (seen);
}

/*
 * The statement of ${e} was still there at the last sample, and its connection
 * executes ${now}.  A busy connection may be met at work each time, though
 * never at the same: is this a later start?  Then what began it may take the
 * place of ${e}, when that is over.
 */
static void
compare_starts(struct barrier * b, struct entry * e, const struct entry * now)
{

	if (now->lo_us <= e->hi_us && now->hi_us >= e->lo_us) {
		if (now->lo_us > e->lo_us)
			e->lo_us = now->lo_us;
		if (now->hi_us < e->hi_us)
			e->hi_us = now->hi_us;
		return;
	}
	e->lo_us = now->lo_us;
	e->hi_us = now->hi_us;
	if (++e->starts == 1)
		add(&b->held, (struct entry) { .thread = e->thread,
		    .before_us = b->last_us, .lo_us = now->lo_us,
		    .hi_us = now->hi_us });
}

/*
 * The connection of ${e} executed something, of an unknown transaction.  Is
 * that over?  If it is, or if the connection is now seen in a transaction, it
 * may have left one behind that is prepared, without a connection: then
 * *orphans is as early as ${e}.
 */
static int
is_over(struct barrier * b, struct entry * e, int64_t * orphans)
{
	const struct entry * now = find_thread(&b->running, e->thread, 0);

	if (!is_writing(b, e) && now != NULL) {
		compare_starts(b, e, now);
		if (e->starts < STARTS)
			return (0);
	}
	if (e->before_us < *orphans)
		*orphans = e->before_us;
	return (1);
}

/* Keep what isn't over. */
static void
drop(struct barrier * b)
{
	struct list was = b->held;
	int64_t orphans = INT64_MAX;
	struct entry * e;
	size_t i;

	b->held = b->spare;
	b->held.n = 0;
	for (i = 0; i < was.n; i++) {
		e = &was.e[i];
		if (e->trx == 0) {
			if (!is_over(b, e, &orphans))
				add(&b->held, *e);
		} else if (find_trx(&b->wrote, e->trx) != NULL)
			hold_trx(b, e, e->before_us);
	}
	b->spare = was;
	for (i = 0; orphans != INT64_MAX && i < b->wrote.n; i++) {
		if (b->wrote.e[i].thread == 0)
			hold_trx(b, &b->wrote.e[i], orphans);
	}
}

/* What a thing that wasn't known can have written; at the first sample this
 * is said by ${first_us}, or by who was there before us. */
static int64_t
new_before(const struct barrier * b, int64_t first_us)
{

	if (b->sampled)
		return (b->last_us);
	return (b->resumed && b->final_us > first_us ? b->final_us :
	    first_us);
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
		if (find_trx(&b->held, e->trx) == NULL)
			add(&b->held, (struct entry) { .thread = e->thread,
			    .trx = e->trx,
			    .before_us = new_before(b, e->before_us) });
	}
	for (i = 0; i < b->running.n; i++) {
		e = &b->running.e[i];
		if (find_thread(&b->held, e->thread, 0) != NULL)
			continue;
		before = new_before(b, e->lo_us == BARRIER_UNKNOWN_LO ?
		    b->now_us - WAIT_US : e->lo_us - MARGIN_US);
		trx = find_thread(&b->wrote, e->thread, 1);
		if (trx == NULL)
			add(&b->held, (struct entry) { .thread = e->thread,
			    .before_us = before, .lo_us = e->lo_us,
			    .hi_us = e->hi_us });
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
	if (b->final_us > us)
		b->final_us = us;
}
