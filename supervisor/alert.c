#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/mem.h"

#include "tablename.h"

#include "alert.h"

#define RING		32	/* runs of a table of which rows are known */
#define RING_MIN	5	/* before they are called usual */
#define ROWS_FLOOR	100	/* below it no number is unusual */
#define RETRIES_MAX	5	/* in a row are a failure */
#define LAG_MIN_US	(10 * MINUTE_US)
#define BARRIER_MAX_US	MINUTE_US

/* A trouble that goes on, or has just ended. */
struct trouble {
	enum alert_kind kind;
	char * subject;		/* "" for none */
	char * message;
	char * run;
	enum log_level severity;
	int64_t since_wall;
	struct mono told;	/* at last */
	struct mono over;	/* since when it is over; never: it isn't */
	uint64_t count;
	struct trouble * next;
};

/* What is remembered of a table. */
struct past {
	char * table;
	char * last_words;	/* of the stage that failed */
	unsigned retries;	/* in a row */
	uint64_t rows[RING];
	unsigned nrows, next_row;
	struct past * next;
};

struct alert {
	struct alert_limits limits;
	alert_fn * fn;
	void * cookie;
	struct trouble * troubles;
	struct past * pasts;
	struct statefile * before;	/* the pasts of an earlier start */
	int64_t began_wall;	/* of the first tick */
};

#define MEMBER		"rows."
#define MEMBER_MAX	(sizeof MEMBER + TABLENAME_MAX)

struct alert *
alert_new(const struct alert_limits * limits, alert_fn * fn, void * cookie)
{
	struct alert * a = mem_new(1, sizeof *a);

	a->limits = *limits;
	a->fn = fn;
	a->cookie = cookie;
	return (a);
}

static void
free_trouble(struct trouble * t)
{

	free(t->subject);
	free(t->message);
	free(t->run);
	free(t);
}

void
alert_free(struct alert * a)
{
	struct trouble * t;
	struct past * p;

	if (a == NULL)
		return;
	while ((t = a->troubles) != NULL) {
		a->troubles = t->next;
		free_trouble(t);
	}
	while ((p = a->pasts) != NULL) {
		a->pasts = p->next;
		free(p->table);
		free(p->last_words);
		free(p);
	}
	statefile_free(a->before);
	free(a);
}

void
alert_set_limits(struct alert * a, const struct alert_limits * limits)
{

	a->limits = *limits;
}

/* "rows.orders"; or -1 if the name is too long. */
static int
member_name(const char * table, char name[MEMBER_MAX])
{

	memcpy(name, MEMBER, sizeof MEMBER);
	return (tablename_encode(table, name + sizeof MEMBER - 1,
	    TABLENAME_MAX));
}

static void
add_rows(struct past * p, uint64_t rows)
{

	p->rows[p->next_row] = rows;
	p->next_row = (p->next_row + 1) % RING;
	if (p->nrows < RING)
		p->nrows++;
}

/* What is known from before this start: numbers, the oldest first. */
static void
recall(struct past * p, const struct statefile * before)
{
	char name[MEMBER_MAX];
	const char * v;
	char * end;

	if (before == NULL || member_name(p->table, name) == -1 ||
	    (v = statefile_get(before, name)) == NULL)
		return;
	for (; *v >= '0' && *v <= '9'; v = end + (*end == ' '))
		add_rows(p, strtoull(v, &end, 10));
}

void
alert_remember(struct alert * a, struct statefile * f)
{

	statefile_free(a->before);
	a->before = f;
}

void
alert_put_usual(const struct alert * a, struct buf * b)
{
	char name[MEMBER_MAX];
	const char * old, * v;
	const struct past * p;
	unsigned i, first;
	size_t k;

	for (p = a->pasts; p != NULL; p = p->next) {
		if (p->nrows == 0 || member_name(p->table, name) == -1)
			continue;
		buf_printf(b, "%s=", name);
		first = p->nrows < RING ? 0 : p->next_row;
		for (i = 0; i < p->nrows; i++)
			buf_printf(b, "%s%ju", i > 0 ? " " : "",
			    (uintmax_t)p->rows[(first + i) % RING]);
		buf_putc(b, '\n');
	}

	/* Of those that haven't run since. */
	for (k = 0; a->before != NULL &&
	    (old = statefile_member(a->before, k, &v)) != NULL; k++) {
		for (p = a->pasts; p != NULL; p = p->next) {
			if (member_name(p->table, name) == 0 &&
			    strcmp(name, old) == 0)
				break;
		}
		if (p == NULL)
			statefile_put(b, old, v);
	}
}

static struct past *
past_of(struct alert * a, const char * table)
{
	struct past * p;

	for (p = a->pasts; p != NULL; p = p->next) {
		if (strcmp(p->table, table) == 0)
			return (p);
	}
	p = mem_new(1, sizeof *p);
	p->table = mem_dup(table);
	recall(p, a->before);
	p->next = a->pasts;
	a->pasts = p;
	return (p);
}

/*
 * Troubles: raised, reminded of, cleared.
 */

static struct trouble *
find(const struct alert * a, enum alert_kind kind, const char * subject)
{
	struct trouble * t;

	for (t = a->troubles; t != NULL; t = t->next) {
		if (t->kind == kind &&
		    strcmp(t->subject, subject != NULL ? subject : "") == 0)
			return (t);
	}
	return (NULL);
}

static void
tell(struct alert * a, struct trouble * t, enum alert_turn turn,
    const char * message, struct mono now)
{
	struct alert_note n = { t->kind, turn,
		turn == ALERT_CLEARED ? LOG_LEVEL_INFO : t->severity,
		t->subject[0] != '\0' ? t->subject : NULL, t->run, message,
		t->since_wall, t->count };

	t->told = now;
	a->fn(a->cookie, &n);
}

/* Where something is from, for a trouble. */
struct scene {
	const char * subject;
	const char * run;
	enum log_level severity;
	int64_t wall;
	struct mono now;
};

static void __attribute__((format(printf, 4, 5)))
trouble(struct alert * a, enum alert_kind kind, const struct scene * s,
    const char * fmt, ...)
{
	struct trouble * t = find(a, kind, s->subject);
	int is_new = (t == NULL);
	char message[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(message, sizeof message, fmt, ap);
	va_end(ap);
	if (is_new) {
		t = mem_new(1, sizeof *t);
		t->kind = kind;
		t->subject = mem_dup(s->subject != NULL ? s->subject : "");
		t->since_wall = s->wall;
		t->next = a->troubles;
		a->troubles = t;
	}
	free(t->message);
	free(t->run);
	t->message = mem_dup(message);
	t->run = mem_dup(s->run);
	t->severity = s->severity;
	t->over = MONO_NEVER;
	t->count++;
	if (is_new)
		tell(a, t, ALERT_RAISED, t->message, s->now);
}

/* It seems to be over. */
static void
fine(struct alert * a, enum alert_kind kind, const char * subject,
    struct mono now)
{
	struct trouble * t = find(a, kind, subject);

	if (t != NULL && mono_is_never(t->over))
		t->over = now;
}

/* Remind of what goes on; say what has been over for long enough. */
static void
review(struct alert * a, struct mono now, int64_t now_wall)
{
	struct trouble ** link = &a->troubles, * t;
	char message[1200];

	while ((t = *link) != NULL) {
		if (!mono_is_never(t->over) &&
		    mono_sub(now, t->over) >= a->limits.hold_us) {
			snprintf(message, sizeof message, "Over after %jd s: "
			    "%s", (intmax_t)((now_wall - t->since_wall) /
			    SECOND_US), t->message);
			tell(a, t, ALERT_CLEARED, message, now);
			*link = t->next;
			free_trouble(t);
			continue;
		}
		if (mono_is_never(t->over) && a->limits.repeat_us > 0 &&
		    mono_sub(now, t->told) >= a->limits.repeat_us)
			tell(a, t, ALERT_REMINDER, t->message, now);
		link = &t->next;
	}
}

/*
 * The rules.
 */

static int
compare(const void * a, const void * b)
{
	const uint64_t * x = a, * y = b;

	return (*x < *y ? -1 : *x > *y);
}

static uint64_t
median(const struct past * p)
{
	uint64_t v[RING];

	memcpy(v, p->rows, p->nrows * sizeof *v);
	qsort(v, p->nrows, sizeof *v, compare);
	return (v[p->nrows / 2]);
}

/* Is the number of rows far from the usual one? */
static void
judge_rows(struct alert * a, struct past * p, uint64_t rows,
    const struct scene * s)
{
	uint64_t factor = a->limits.rows_factor, usual;

	if (factor > 0 && p->nrows >= RING_MIN) {
		usual = median(p);
		if (rows > ROWS_FLOOR && rows / factor > usual)
			trouble(a, ALERT_ROWS, s, "%s: %ju rows in a run, "
			    "usual are %ju.", s->subject, (uintmax_t)rows,
			    (uintmax_t)usual);
		else if (usual > ROWS_FLOOR && usual / factor > rows)
			trouble(a, ALERT_ROWS, s, "%s: only %ju rows in a "
			    "run, usual are %ju.", s->subject,
			    (uintmax_t)rows, (uintmax_t)usual);
		else
			fine(a, ALERT_ROWS, s->subject, s->now);
	}
	add_rows(p, rows);
}

static void
judge_rejects(struct alert * a, const struct counts * c,
    const struct scene * s)
{
	uint64_t all = c->read > c->rejected ? c->read : c->rejected;
	unsigned percent = a->limits.reject_percent;

	/* A run of no rows says nothing. */
	if (percent == 0 || all == 0)
		return;
	if (c->rejected > 0 && c->rejected * 100 >= all * percent)
		trouble(a, ALERT_REJECTS, s, "%s: %ju of %ju records were set "
		    "aside in the reject files.", s->subject,
		    (uintmax_t)c->rejected, (uintmax_t)all);
	else
		fine(a, ALERT_REJECTS, s->subject, s->now);
}

static void
on_run_end(struct alert * a, const struct event * ev, struct scene * s)
{
	struct past * p = past_of(a, ev->table);
	const char * words = p->last_words != NULL ? p->last_words :
	    "the log says why";
	const char * how = ev->text != NULL ? ev->text : "";

	s->severity = LOG_LEVEL_ERROR;
	if (strcmp(how, "refused") == 0)
		trouble(a, ALERT_FAILED, s, "%s: stopped, a person is needed: "
		    "%s.", ev->table, words);
	else if (strcmp(how, "gave up") == 0)
		trouble(a, ALERT_FAILED, s, "%s: failed, out of tries until "
		    "its next turn: %s.", ev->table, words);
	else if (strcmp(how, "retry") == 0) {
		if (++p->retries >= RETRIES_MAX)
			trouble(a, ALERT_FAILED, s, "%s: keeps failing: %s.",
			    ev->table, words);
	} else if (strcmp(how, "ok") == 0) {
		p->retries = 0;
		fine(a, ALERT_FAILED, ev->table, s->now);
		fine(a, ALERT_STALLED, ev->table, s->now);
		fine(a, ALERT_CHECKPOINT, ev->table, s->now);
		fine(a, ALERT_DRIFT, ev->table, s->now);
		s->severity = LOG_LEVEL_WARN;
		if (ev->counts != NULL) {
			judge_rejects(a, ev->counts, s);
			judge_rows(a, p, ev->counts->read, s);
		}
	}
}

/* Too little of it, or enough again. */
static void
on_space(struct alert * a, const struct event * ev, const struct scene * s)
{
	intmax_t mb = (intmax_t)(ev->us >> 20);

	if (ev->kind == EVENT_DISK_LOW)
		trouble(a, ALERT_DISK, s, "Only %jd MB are free for the state "
		    "directory.", mb);
	else if (ev->kind == EVENT_STORAGE_LOW)
		trouble(a, ALERT_STORAGE, s, "Only %jd MB are free for "
		    "MongoDB.", mb);
	else
		fine(a, ev->kind == EVENT_DISK_OK ? ALERT_DISK :
		    ALERT_STORAGE, NULL, s->now);
}

void
alert_event(struct alert * a, const struct event * ev, struct mono now)
{
	struct scene s = { ev->table, ev->run, LOG_LEVEL_ERROR, ev->wall_us,
		now };
	const char * text = ev->text != NULL ? ev->text : "";

	switch (ev->kind) {
	case EVENT_RUN_END:
		on_run_end(a, ev, &s);
		break;
	case EVENT_STAGE_FAILED: {
		struct past * p = past_of(a, ev->table);

		free(p->last_words);
		p->last_words = mem_dup(text);
		break;
	}
	case EVENT_UNFIT:
		trouble(a, ALERT_FAILED, &s, "%s: stopped, a person is needed: "
		    "%s.", ev->table, text);
		break;
	case EVENT_STALLED:
		trouble(a, ALERT_STALLED, &s, "%s: stalled: %s.", ev->table,
		    text);
		break;
	case EVENT_ACK:
		fine(a, ALERT_STALLED, ev->table, now);
		break;
	case EVENT_SERVER_AWAY:
		s.subject = text;
		trouble(a, ALERT_SERVER, &s, "%s does not answer.", text);
		break;
	case EVENT_SERVER_REFUSES:
		s.subject = text;
		trouble(a, ALERT_SERVER, &s, "%s refuses us; its settings or "
		    "its account need a person: the log says which.", text);
		break;
	case EVENT_SERVER_BACK:
		fine(a, ALERT_SERVER, text, now);
		break;
	case EVENT_DISK_LOW:
	case EVENT_DISK_OK:
	case EVENT_STORAGE_LOW:
	case EVENT_STORAGE_OK:
		on_space(a, ev, &s);
		break;
	case EVENT_CHECKPOINT_FAILED:
		trouble(a, ALERT_CHECKPOINT, &s, "%s: its position can't be "
		    "written, and nothing is acknowledged: %s.", ev->table,
		    text);
		break;
	case EVENT_VERIFIED:
		fine(a, ALERT_VERIFY, ev->table, now);
		s.severity = LOG_LEVEL_WARN;
		if (ev->text != NULL)
			trouble(a, ALERT_DIFFERENCE, &s, "%s: MySQL and "
			    "MongoDB differ: %s.", ev->table, text);
		else
			fine(a, ALERT_DIFFERENCE, ev->table, now);
		break;
	case EVENT_VERIFY_FAILED:
		s.severity = LOG_LEVEL_WARN;
		trouble(a, ALERT_VERIFY, &s, "%s: verification fails: %s.",
		    ev->table, text);
		break;
	case EVENT_STAGE_LINE:
		s.severity = LOG_LEVEL_WARN;
		if (ev->code != NULL && strcmp(ev->code, "schema_drift") == 0)
			trouble(a, ALERT_DRIFT, &s, "%s: its columns have "
			    "changed; its schema file may need to follow: "
			    "%s.", ev->table, text);
		break;
	default:
		break;
	}
}

/* Is a table as fresh as it should be? */
static void
judge_lag(struct alert * a, const struct table_view * v, int paused,
    struct mono now, int64_t now_wall)
{
	struct scene s = { v->name, v->run, LOG_LEVEL_WARN, now_wall, now };
	int64_t limit = a->limits.lag_us, lag;
	int64_t last = v->succeeded_wall;

	if (limit == 0) {
		limit = 3 * v->interval_us;
		if (limit > 0 && limit < LAG_MIN_US)
			limit = LAG_MIN_US;
	}

	/* From the start on, if it never worked since. */
	if (last < a->began_wall)
		last = a->began_wall;
	lag = now_wall - last;
	if (v->lag_us > lag)
		lag = v->lag_us;
	if (limit == 0 || paused || v->paused || lag <= limit)
		fine(a, ALERT_LAG, v->name, now);
	else
		trouble(a, ALERT_LAG, &s, "%s: not fresh for %jd s, %jd s are "
		    "allowed.", v->name, (intmax_t)(lag / SECOND_US),
		    (intmax_t)(limit / SECOND_US));
}

/* Should it have been verified long ago?  Told once, from here or there. */
static void
judge_verify(struct alert * a, const struct table_view * v, int paused,
    struct mono now, int64_t now_wall)
{
	struct scene s = { v->name, v->verify.run, LOG_LEVEL_WARN, now_wall,
		now };

	if (paused || v->paused || !v->verify.on)
		fine(a, ALERT_VERIFY, v->name, now);
	else if (v->verify.overdue && find(a, ALERT_VERIFY, v->name) == NULL)
		trouble(a, ALERT_VERIFY, &s, "%s: not verified for %jd s, "
		    "that is overdue.", v->name,
		    (intmax_t)(v->verify.age_us / SECOND_US));
}

/* Does something open keep changes from being read? */
static void
judge_barrier(struct alert * a, const struct table_view * v, int paused,
    struct mono now, int64_t now_wall)
{
	struct scene s = { v->name, v->run, LOG_LEVEL_WARN, now_wall, now };
	const struct held * h = &v->bound;

	if (paused || v->paused || !h->is_held || h->age_us < BARRIER_MAX_US)
		fine(a, ALERT_BARRIER, v->name, now);
	else if (h->connection == 0)
		trouble(a, ALERT_BARRIER, &s, "%s: changes of the last %jd s "
		    "wait for a transaction without a connection "
		    "(XA RECOVER).", v->name,
		    (intmax_t)(h->age_us / SECOND_US));
	else
		trouble(a, ALERT_BARRIER, &s, "%s: changes of the last %jd s "
		    "wait for connection %ju of user %s, which is at work or "
		    "has written.", v->name, (intmax_t)(h->age_us / SECOND_US),
		    (uintmax_t)h->connection, h->user);
}

/* Blocked before it could run, so that no run's end told of it? */
static void
judge_blocked(struct alert * a, const struct table_view * v, struct mono now,
    int64_t now_wall)
{
	struct scene s = { v->name, v->run, LOG_LEVEL_ERROR, now_wall, now };

	if (v->state == JOB_BLOCKED && find(a, ALERT_FAILED, v->name) == NULL)
		trouble(a, ALERT_FAILED, &s, "%s: stopped, a person is needed: "
		    "%s.", v->name, v->error != NULL ? v->error :
		    "the log says why");
}

/* Nobody can mend a table that is synchronised no more. */
static void
judge_gone(struct alert * a, const struct report * r, struct mono now)
{
	const struct trouble * t;
	size_t i;

	for (t = a->troubles; t != NULL; t = t->next) {
		if (t->subject[0] == '\0' || t->kind == ALERT_SERVER)
			continue;
		for (i = 0; i < r->n; i++) {
			if (strcmp(r->table[i].name, t->subject) == 0)
				break;
		}
		if (i == r->n)
			fine(a, t->kind, t->subject, now);
	}
}

void
alert_tick(struct alert * a, const struct report * r, struct mono now,
    int64_t now_wall)
{
	size_t i;

	if (a->began_wall == 0)
		a->began_wall = now_wall;
	for (i = 0; i < r->n; i++) {
		judge_lag(a, &r->table[i], !r->all.enabled, now, now_wall);
		judge_blocked(a, &r->table[i], now, now_wall);
		judge_verify(a, &r->table[i], !r->all.enabled, now, now_wall);
		judge_barrier(a, &r->table[i], !r->all.enabled, now, now_wall);
	}
	judge_gone(a, r, now);
	review(a, now, now_wall);
}
