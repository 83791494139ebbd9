#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/json.h"
#include "../common/log.h"
#include "../common/mem.h"
#include "../common/timestamp.h"

#include "checkpoint.h"
#include "statefile.h"

#define FORMAT		"millrace-checkpoint 1"
#define NAME		"checkpoint"
#define PREV		"checkpoint.prev"

/* What a STATE value says about one table. */
struct place {
	struct json * doc;
	const struct json_node * bookmarks;	/* or NULL: another tap's */
	const struct json_node * position;	/* or NULL */
	const struct json_node * mine;		/* the table's bookmark */
	const char * source, * round;		/* or NULL */
	uint64_t epoch;				/* 0: unknown */
};

struct checkpoint {
	int dirfd;
	char * table;
	char * value;		/* NULL before the first acknowledgement */
	struct place place;	/* in it */
	char * position;	/* or NULL */
	char * run;
	uint64_t records;
	int64_t time;
};

/* Read a STATE value.  Return 0, or -1. */
static int
place_parse(struct place * pl, const char * p, size_t n, const char * table)
{
	const struct json_node * root, * round;
	int64_t num;

	memset(pl, 0, sizeof *pl);
	if ((pl->doc = json_parse(p, n, NULL)) == NULL)
		return (-1);
	root = json_root(pl->doc);
	if (json_kind(root) != JSON_OBJECT || json_count(root) == 0) {
		json_free(pl->doc);
		pl->doc = NULL;
		return (-1);
	}
	pl->bookmarks = json_get(root, "bookmarks");
	pl->mine = json_get(pl->bookmarks, table);
	pl->position = json_get(pl->mine, "replication_key_value");
	pl->source = json_text(json_get(pl->mine, "source"), NULL);
	round = json_get(root, "round");
	pl->round = json_text(round, NULL);
	if (json_int64(json_get(pl->mine, "epoch"), &num) == 0 && num > 0)
		pl->epoch = (uint64_t)num;
	return (0);
}

static void
place_free(struct place * pl)
{

	json_free(pl->doc);
	pl->doc = NULL;
}

/* Compare the values of the change column: texts as such, numbers as such. */
static int
compare_position(const struct json_node * a, const struct json_node * b)
{
	const char * s, * t;
	int64_t x, y;

	if ((s = json_text(a, NULL)) != NULL &&
	    (t = json_text(b, NULL)) != NULL) {
		/* Times of one format order as texts; of others, nothing. */
		return (strlen(s) == strlen(t) ? strcmp(s, t) : 0);
	}
	if (json_int64(a, &x) == 0 && json_int64(b, &y) == 0)
		return (x < y ? -1 : x > y);
	return (0);
}

static int
place_compare(const struct place * a, const struct place * b)
{

	if (a->epoch != b->epoch && a->epoch != 0 && b->epoch != 0)
		return (a->epoch < b->epoch ? -1 : 1);
	return (compare_position(a->position, b->position));
}

/*
 * Is ${a}, which came later, said of an earlier place than ${b}?  What one
 * extract says comes in order, and goes back when the source's clock does.
 */
static int
place_is_old(const struct place * a, const struct place * b)
{

	if (a->epoch == b->epoch && a->epoch != 0)
		return (0);
	return (place_compare(a, b) < 0);
}

/* Are two values the same text?  Either may be NULL. */
static int
same_text(const struct json_node * a, const struct json_node * b)
{
	const char * s, * t;
	size_t n, m;

	if (a == NULL || b == NULL)
		return (a == b);
	s = json_raw(a, &n);
	t = json_raw(b, &m);
	return (n == m && memcmp(s, t, n) == 0);
}

/* Do both say the same, but for the round? */
static int
place_same(const struct place * a, const struct place * b)
{

	return (same_text(
	    a->bookmarks != NULL ? a->bookmarks : json_root(a->doc),
	    b->bookmarks != NULL ? b->bookmarks : json_root(b->doc)));
}

/* Do both stand at the same place, maybe in another epoch? */
static int
place_at_same(const struct place * a, const struct place * b)
{
	const struct json_node * x, * y;
	const char * name;

	if (a->mine == NULL || json_kind(a->mine) != JSON_OBJECT ||
	    b->mine == NULL || json_kind(b->mine) != JSON_OBJECT ||
	    json_count(a->mine) != json_count(b->mine))
		return (0);
	for (x = json_first(a->mine); x != NULL; x = json_next(x)) {
		name = json_key(x, NULL);
		y = json_get(b->mine, name);
		if (strcmp(name, "epoch") != 0 && !same_text(x, y))
			return (0);
	}
	return (1);
}

int
checkpoint_compare(const char * a, size_t na, const char * b, size_t nb,
    const char * table)
{
	struct place x, y;
	int rc = 0;

	if (place_parse(&x, a, na, table) == -1)
		return (0);
	if (place_parse(&y, b, nb, table) == 0) {
		rc = place_compare(&x, &y);
		place_free(&y);
	}
	place_free(&x);
	return (rc);
}

/* Take over a value and what it says. */
static void
adopt(struct checkpoint * c, const char * value, size_t n,
    const struct place * pl)
{
	const char * raw;

	free(c->value);
	free(c->position);
	place_free(&c->place);
	c->value = mem_text(value, n);
	c->place = *pl;
	c->position = mem_dup(json_text(pl->position, NULL));
	if (c->position == NULL && pl->position != NULL) {
		raw = json_raw(pl->position, &n);
		c->position = mem_text(raw, n);
	}
}

/* Write the file.  Return 0, or -1 with errno set. */
static int
save(const struct checkpoint * c, const char * value,
    const struct place * pl, const char * run, uint64_t records,
    int64_t now_wall)
{
	struct buf b = { NULL, 0, 0 };
	char when[TIMESTAMP_LEN + 1];
	int rc, e;

	timestamp_format(now_wall, when);
	when[TIMESTAMP_LEN] = '\0';
	statefile_head(&b, FORMAT);
	statefile_put(&b, "pipeline", c->table);
	statefile_put_i64(&b, "epoch", (int64_t)pl->epoch);
	statefile_put(&b, "run", run);
	statefile_put(&b, "source", pl->source);
	statefile_put(&b, "mode", "timestamp");
	statefile_put_i64(&b, "records", (int64_t)records);
	statefile_put(&b, "time", when);
	statefile_put(&b, "value", value);
	statefile_seal(&b);

	/* The second try writes another file, see statefile.c. */
	if ((rc = statefile_write(c->dirfd, NAME, &b, PREV)) == -1)
		rc = statefile_write(c->dirfd, NAME, &b, PREV);
	e = errno;
	buf_free(&b);
	errno = e;
	return (rc);
}

/* What a person can do about a file that can't be used. */
static void
report_bad(const struct checkpoint * c, const char * why)
{
	struct statefile * f = NULL;
	const char * dir = c->table;

	if (statefile_read(c->dirfd, PREV, FORMAT, &f) == STATEFILE_OK)
		log_error("%s: the checkpoint %s; the one before it is good: "
		    "mv tables/%s/" PREV " tables/%s/" NAME " in the state "
		    "directory goes back to it", c->table, why, dir, dir);
	else
		log_error("%s: the checkpoint %s; restore it, or remove "
		    "tables/%s from the state directory to copy the table "
		    "from the start", c->table, why, dir);
	statefile_free(f);
}

/* Take what the file holds.  Return NULL, or why it can't be used. */
static const char *
load(struct checkpoint * c, const struct statefile * f)
{
	const char * s;
	struct place pl;
	int64_t n;

	if ((s = statefile_get(f, "pipeline")) == NULL ||
	    strcmp(s, c->table) != 0)
		return ("is another table's");
	if ((n = statefile_i64(f, "records", 0)) > 0)
		c->records = (uint64_t)n;
	if ((s = statefile_get(f, "time")) != NULL &&
	    timestamp_parse(s, strlen(s), &c->time) == -1)
		return ("holds no time");
	c->run = mem_dup(statefile_get(f, "run"));
	if ((s = statefile_get(f, "value")) == NULL) {
		c->time = 0;
		return (NULL);
	}
	if (place_parse(&pl, s, strlen(s), c->table) == -1)
		return ("holds no STATE value");
	adopt(c, s, strlen(s), &pl);
	return (NULL);
}

/* There is no file: is this the first run?  Return 0, or -1 after a report. */
static int
first_run(struct checkpoint * c)
{
	struct place none;

	if (faccessat(c->dirfd, PREV, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		report_bad(c, "is gone");
		return (-1);
	}
	memset(&none, 0, sizeof none);
	if (save(c, NULL, &none, NULL, 0, timestamp_now()) == -1) {
		log_error_sys("%s: write the first checkpoint", c->table);
		return (-1);
	}

	/* Twice, so that there is a ${PREV}: the sign of an earlier run. */
	if (save(c, NULL, &none, NULL, 0, timestamp_now()) == -1) {
		log_error_sys("%s: write the first checkpoint", c->table);
		return (-1);
	}
	log_info("%s: no checkpoint yet, the table is copied from the start",
	    c->table);
	return (0);
}

struct checkpoint *
checkpoint_open(int dirfd, const char * table)
{
	struct checkpoint * c = mem_new(1, sizeof *c);
	struct statefile * f = NULL;
	const char * why;

	c->dirfd = dirfd;
	c->table = mem_dup(table);
	switch (statefile_read(dirfd, NAME, FORMAT, &f)) {
	case STATEFILE_OK:
		why = load(c, f);
		statefile_free(f);
		if (why == NULL)
			return (c);
		report_bad(c, why);
		break;
	case STATEFILE_MISSING:
		if (first_run(c) == 0)
			return (c);
		break;
	case STATEFILE_BAD:
		report_bad(c, "is damaged (its crc32c doesn't fit)");
		break;
	case STATEFILE_ERROR:
		log_error_sys("%s: read the checkpoint", table);
		break;
	}
	checkpoint_free(c);
	return (NULL);
}

void
checkpoint_free(struct checkpoint * c)
{

	if (c == NULL)
		return;
	place_free(&c->place);
	free(c->table);
	free(c->value);
	free(c->position);
	free(c->run);
	free(c);
}

enum checkpoint_result
checkpoint_ack(struct checkpoint * c, const char * value, size_t n,
    const char * run, uint64_t records, int64_t now_wall)
{
	struct place pl;
	char * copy;
	int moved;

	if (place_parse(&pl, value, n, c->table) == -1)
		return (CHECKPOINT_BAD_VALUE);
	if (c->value != NULL && place_is_old(&pl, &c->place)) {
		place_free(&pl);
		return (CHECKPOINT_OLD);
	}
	if (c->value != NULL && place_same(&pl, &c->place)) {
		adopt(c, value, n, &pl);
		return (CHECKPOINT_SAME);
	}
	moved = (c->value == NULL || !place_at_same(&pl, &c->place));
	copy = mem_text(value, n);
	if (save(c, copy, &pl, run, records, now_wall) == -1) {
		free(copy);
		place_free(&pl);
		return (CHECKPOINT_FAILED);
	}
	adopt(c, copy, n, &pl);
	free(copy);
	free(c->run);
	c->run = mem_dup(run);
	c->records = records;
	c->time = now_wall;
	return (moved ? CHECKPOINT_OK : CHECKPOINT_EPOCH);
}

int
checkpoint_export(const struct checkpoint * c, const char * name)
{
	struct buf b = { NULL, 0, 0 };
	int rc = 0;

	if (c->value == NULL) {
		if (unlinkat(c->dirfd, name, 0) == -1 && errno != ENOENT) {
			log_error_sys("%s: remove %s", c->table, name);
			return (-1);
		}
		return (0);
	}
	buf_puts(&b, c->value);
	buf_putc(&b, '\n');
	if (statefile_write(c->dirfd, name, &b, NULL) == -1) {
		log_error_sys("%s: write %s", c->table, name);
		rc = -1;
	}
	buf_free(&b);
	return (rc);
}

const char *
checkpoint_value(const struct checkpoint * c)
{

	return (c->value);
}

const char *
checkpoint_position(const struct checkpoint * c)
{

	return (c->position);
}

int64_t
checkpoint_position_us(const struct checkpoint * c)
{
	int64_t us;

	if (c->position == NULL ||
	    timestamp_parse(c->position, strlen(c->position), &us) == -1)
		return (-1);
	return (us);
}

const char *
checkpoint_round(const struct checkpoint * c)
{

	return (c->value != NULL ? c->place.round : NULL);
}

uint64_t
checkpoint_epoch(const struct checkpoint * c)
{

	return (c->value != NULL ? c->place.epoch : 0);
}

uint64_t
checkpoint_records(const struct checkpoint * c)
{

	return (c->records);
}

int64_t
checkpoint_time(const struct checkpoint * c)
{

	return (c->time);
}
