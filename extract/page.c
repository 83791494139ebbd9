#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/exitcode.h"
#include "../common/log.h"
#include "../common/mem.h"
#include "../common/scan.h"
#include "../common/stop.h"
#include "cell_fast.h"

#include "page.h"

/* A text that is copied in whole blocks, beyond its end. */
#define BLOCK	16
struct piece {
	const char * p;		/* in page_plan.text */
	size_t n;
};

struct column {
	struct piece before;	/* its value; a string's quote too */
	struct fast_short brief;
	enum cell_kind kind;
	int is_key;
};

/* A running number as text. */
#define DIGITS	24		/* 20 at most, and whole words */
struct number {
	uint64_t value;
	size_t n;
	char text[DIGITS];
};

struct page_plan {
	const struct catalog_table * table;
	struct buf text;	/* all the pieces */
	struct piece head;	/* up to the time of change */
	struct piece pos;	/* behind it, up to the running number */
	struct piece head_pos;	/* both, without a time of change */
	struct column * column;
	struct number number;	/* of the last row */
	size_t room;		/* for all but the values' own lengths */
};

/*
 * The text behind ${start} is a piece: fill it up to whole blocks, two.  Its
 * address is known when all are there.
 */
static struct piece
end_piece(struct buf * b, size_t start)
{
	struct piece piece = { NULL, b->n - start };

	while ((b->n - start) % BLOCK != 0 || b->n - start < 2 * BLOCK)
		buf_putc(b, ' ');
	return (piece);
}

static void
put_head(struct buf * b, const struct catalog_table * t)
{

	buf_puts(b, "{\"type\":\"RECORD\",\"stream\":");
	(void)scan_put_text(b, t->name, strlen(t->name));
	buf_puts(b, ",\"op\":\"r\"");
}

static void
put_pos(struct buf * b, uint64_t epoch)
{

	buf_puts(b, ",\"pos\":[");
	buf_put_u64(b, epoch);
	buf_putc(b, ',');
}

static void
put_column(struct column * c, struct buf * b, const struct catalog_column * of,
    int first, const struct cell_env * env)
{
	size_t start = b->n;

	/* In UTC both kinds are the same. */
	c->kind = of->kind == CELL_DATETIME && env->offset_us == 0 ?
	    CELL_TIMESTAMP : of->kind;
	c->brief = fast_short_of(c->kind);
	buf_puts(b, first ? "],\"record\":{" : ",");
	(void)scan_put_text(b, of->name, strlen(of->name));
	buf_puts(b, c->brief.quoted ? ":\"" : ":");
	c->before = end_piece(b, start);
}

/* Point a piece to its text, and go on behind it. */
static const char *
place(struct piece * piece, const char * p)
{
	size_t blocks = (piece->n + BLOCK - 1) / BLOCK;

	piece->p = p;
	return (p + (blocks < 2 ? 2 : blocks) * BLOCK);
}

struct page_plan *
page_plan_new(const struct catalog_table * t, const struct cell_env * env,
    uint64_t epoch)
{
	struct page_plan * plan = mem_new(1, sizeof *plan);
	struct buf * b = &plan->text;
	const char * p;
	size_t i, start;

	plan->table = t;
	plan->column = mem_new(t->ncolumn + 1, sizeof *plan->column);
	for (i = 0; i < t->nkey; i++)
		plan->column[t->key[i]].is_key = 1;

	start = b->n;
	put_head(b, t);
	buf_puts(b, ",\"at\":\"");
	plan->head = end_piece(b, start);

	start = b->n;
	buf_putc(b, '"');
	put_pos(b, epoch);
	plan->pos = end_piece(b, start);

	start = b->n;
	put_head(b, t);
	put_pos(b, epoch);
	plan->head_pos = end_piece(b, start);

	for (i = 0; i < t->ncolumn; i++)
		put_column(&plan->column[i], b, &t->column[i], i == 0, env);

	p = place(&plan->head_pos, place(&plan->pos, place(&plan->head,
	    b->p)));
	for (i = 0; i < t->ncolumn; i++)
		p = place(&plan->column[i].before, p);

	/* The pieces, whole blocks; what a value takes beyond its length, or
	 * for "null"; the number. */
	plan->room = b->n + FAST_ROOM * t->ncolumn + FAST_ROOM + 64;
	return (plan);
}

void
page_plan_free(struct page_plan * plan)
{

	if (plan == NULL)
		return;
	buf_free(&plan->text);
	free(plan->column);
	free(plan);
}

static inline char *
copy_piece(char * d, struct piece piece)
{
	size_t i;

	/* Nearly all are of one or two blocks. */
	memcpy(d, piece.p, BLOCK);
	memcpy(d + BLOCK, piece.p + BLOCK, BLOCK);
	for (i = 2 * BLOCK; i < piece.n; i += BLOCK)
		memcpy(d + i, piece.p + i, BLOCK);
	return (d + piece.n);
}

static void __attribute__((noinline))
print_number(struct number * x, uint64_t n)
{

	x->n = (size_t)snprintf(x->text, sizeof x->text, "%" PRIu64, n);
}

/* Most often it is the one after the last: all nines become zeros. */
static inline void
set_number(struct number * x, uint64_t n)
{
	size_t i = x->n;

	if (n == x->value + 1) {
		while (i > 0 && x->text[i - 1] == '9')
			x->text[--i] = '0';
	} else
		i = 0;
	if (i > 0)
		x->text[i - 1]++;
	else
		print_number(x, n);
	x->value = n;
}

/* What stands before the cells. */
static inline char *
copy_head(char * d, const struct page_plan * plan,
    const struct cell_env * env, const struct cell_row * row)
{
	size_t change = plan->table->change;
	char * at;

	if (change == CATALOG_NONE || row->p[change] == NULL)
		return (copy_piece(d, plan->head_pos));
	at = copy_piece(d, plan->head);
	if (cell_time(at, plan->column[change].kind, env, row->p[change],
	    row->n[change]) == -1)
		return (copy_piece(d, plan->head_pos));
	return (copy_piece(at + CELL_TIME_LEN, plan->pos));
}

/* A cell that wants more care.  The key stays what it is, in any case. */
static const char * __attribute__((noinline))
put_slowly(struct buf * b, const struct column * c, struct cell_env * env,
    const char * p, size_t n)
{
	struct cell_env strict = *env;

	b->n -= c->brief.quoted;
	if (!c->is_key)
		return (cell_put(b, c->kind, env, p, n));
	strict.replace = 0;
	if (strict.dates == CELL_DATES_NULL)
		strict.dates = CELL_DATES_REJECT;
	return (cell_put(b, c->kind, &strict, p, n));
}

/* Room for the cells from ${i} on, if they stay as they are, and the rest. */
static inline char *
reserve(struct buf * b, const struct page_plan * plan, size_t i,
    const struct cell_row * row)
{
	size_t room = plan->room;

	if (i < plan->table->ncolumn && row->end != NULL &&
	    row->p[i] != NULL)
		return (buf_room(b, room + (size_t)(row->end - row->p[i])));
	for (; i < plan->table->ncolumn; i++)
		room += row->n[i];
	return (buf_room(b, room));
}

/* As fast_cell(); up to ${safe} there are 16 bytes to be read. */
static inline char *
put_fast(char * d, const struct column * c, const char * p, size_t n,
    uintptr_t safe)
{

	if (n - 1 < c->brief.max && (uintptr_t)p <= safe)
		return (fast_short(d, c->brief, p, n));
	return (fast_cell(d, c->kind, p, n));
}

/*
 * Put as many cells from ${i} on as are what most are, to ${*d}.  Return the
 * first that isn't.
 */
static inline size_t
put_cells(char ** to, const struct page_plan * plan, size_t i,
    const struct cell_row * row)
{
	/* What is written through a char * may be anything, but for these. */
	const struct column * c = plan->column;
	const unsigned long * len = row->n;
	char * const * cell = row->p;
	uintptr_t safe = row->end == NULL ? 0 : (uintptr_t)row->end - 16;
	size_t columns = plan->table->ncolumn;
	char * d = *to, * end;

	for (; i < columns; i++) {
		d = copy_piece(d, c[i].before);
		if (cell[i] == NULL) {
			d -= c[i].brief.quoted;
			memcpy(d, "null", 4);
			end = d + 4;
		} else
			end = put_fast(d, &c[i], cell[i], len[i], safe);
		if (end == NULL)
			break;
		d = end;
	}
	*to = d;
	return (i);
}

const char *
page_row(struct buf * b, struct page_plan * plan, struct cell_env * env,
    const struct cell_row * row, uint64_t n, size_t * bad)
{
	size_t i = 0, start = b->n;
	const char * why;
	char * d;

	set_number(&plan->number, n);
	d = copy_head(reserve(b, plan, 0, row), plan, env, row);
	memcpy(d, plan->number.text, DIGITS);
	d += plan->number.n;
	while ((i = put_cells(&d, plan, i, row)) < plan->table->ncolumn) {
		b->n = (size_t)(d - b->p);
		if ((why = put_slowly(b, &plan->column[i], env, row->p[i],
		    row->n[i])) != NULL) {
			b->n = start;
			*bad = i;
			return (why);
		}
		d = reserve(b, plan, ++i, row);
	}
	memcpy(d, "}}\n", 3);
	b->n = (size_t)(d + 3 - b->p);
	return (NULL);
}

/* CRC-32 as of the SQL function, so that a row can be found by it. */
static uint32_t
crc32(uint32_t crc, const char * p, size_t n)
{
	size_t i;
	int bit;

	for (i = 0; i < n; i++) {
		crc ^= (unsigned char)p[i];
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return (crc);
}

/* A row can't be a record.  The message shows no value of it. */
static void
report_bad_row(const struct page_plan * plan, const char * why, size_t bad,
    const struct cell_row * row)
{
	const struct catalog_table * t = plan->table;
	struct buf b = { NULL, 0, 0 };
	const struct catalog_column * c = &t->column[bad];
	uint32_t crc = 0xffffffff;
	size_t i;
	int is_date = c->kind == CELL_DATE || c->kind == CELL_DATETIME ||
	    c->kind == CELL_TIMESTAMP;

	buf_puts(&b, t->nkey > 1 ? "CRC32(CONCAT_WS(',', " : "CRC32(");
	for (i = 0; i < t->nkey; i++) {
		if (i != 0) {
			buf_puts(&b, ", ");
			crc = crc32(crc, ",", 1);
		}
		query_name(&b, t->column[t->key[i]].name);
		crc = crc32(crc, row->p[t->key[i]], row->n[t->key[i]]);
	}
	buf_printf(&b, "%s = %u", t->nkey > 1 ? "))" : ")", ~crc);
	log_error("%s: column %s holds %s, in the row WHERE %s; correct it, "
	    "or use %s", t->name, c->name, why, buf_text(&b), !is_date ?
	    "--on-bad-text replace" : plan->column[bad].is_key ?
	    "--zero-dates string" : "--zero-dates null or string");
	buf_free(&b);
}

/* How reading the rows of one statement went on. */
enum flow { GO_ON, HELD_UP, STOP, BROKEN };

/* The buffer is worth writing. */
static enum flow
write_out(struct page * pg, uint64_t since)
{
	enum out_rc rc;

	progress_step(pg->progress, pg->rows, pg->rows);
	telling_step(&pg->telling, pg->rows);
	for (;;) {
		if ((rc = out_try(pg->out)) != OUT_FULL)
			return (rc == OUT_OK ? GO_ON : BROKEN);
		if (stop_asked())
			return (STOP);
		if (stop_clock() - since >= PAGE_OPEN_US)
			return (HELD_UP);
		out_wait(pg->out, 50000);
	}
}

/* What is still to come of ${limit} rows, if all are as those before. */
static uint64_t
bytes_left(const struct page * pg, uint64_t rows, uint64_t limit)
{

	if (rows == limit)
		return (0);
	return (rows == 0 ? UINT64_MAX : pg->bytes / rows * (limit - rows));
}

/* Take the rows of a statement that has been sent. */
static enum page_end
take_rows(struct page * pg, const struct catalog_table * t, uint64_t limit,
    uint64_t * rows, struct position * last, enum source_rc * rc, int * code)
{
	struct buf * b = out_buf(pg->out);
	uint64_t since = stop_clock();
	size_t bad, start, worth = OUT_CHUNK;
	enum flow flow = GO_ON;
	struct cell_row row;
	const char * why;

	while (flow == GO_ON) {
		if ((*rc = source_row(pg->source, &row)) != SOURCE_OK)
			return (PAGE_TROUBLE);
		if (row.p == NULL)
			return (PAGE_DONE);
		start = b->n;
		if ((why = page_row(b, pg->plan, pg->env, &row,
		    pg->total + 1, &bad)) != NULL) {
			report_bad_row(pg->plan, why, bad, &row);
			*code = EXIT_PERM;
			return (PAGE_FAILED);
		}
		pg->total++;
		pg->rows++;
		pg->bytes += b->n - start;
		position_set(last, t, &row);
		if (++*rows == limit)
			return (PAGE_MORE);
		if (stop_asked())
			flow = STOP;
		else if (b->n >= worth) {
			flow = write_out(pg, since);
			worth = b->n + OUT_CHUNK;
			if (bytes_left(pg, *rows, limit) > 4 * SOURCE_GATHER)
				source_gather(pg->source);
		}
	}
	if (flow == BROKEN)
		*code = EXIT_TEMP;
	return (flow == BROKEN ? PAGE_FAILED : flow == STOP ? PAGE_STOPPED :
	    PAGE_MORE);
}

/* One statement of the page. */
static enum page_end
run_statement(struct page * pg, const struct query * q, const char * sql,
    size_t n, uint64_t limit, uint64_t * rows, struct position * last,
    enum source_rc * rc, int * code)
{
	uint64_t start = stop_clock(), left;
	enum page_end end;

	if ((*rc = source_start(pg->source, sql, n)) != SOURCE_OK)
		return (PAGE_TROUBLE);
	end = take_rows(pg, q->table, limit, rows, last, rc, code);

	/* What would have to be read before the next statement. */
	left = end == PAGE_DONE ? 0 : bytes_left(pg, *rows, limit);
	source_end(pg->source, left);
	pg->open_us += stop_clock() - start;
	return (end);
}

enum page_end
page_read(struct page * pg, const struct query * q, uint64_t limit,
    struct position * last, enum source_rc * rc, int * code)
{
	struct buf sql = { NULL, 0, 0 };
	enum page_end end = PAGE_DONE;
	size_t level = query_levels(q);
	uint64_t rows = 0;

	position_clear(last);
	pg->bytes = pg->open_us = 0;
	while (level-- > 0 && end == PAGE_DONE) {
		buf_clear(&sql);
		query_page(&sql, q, level, limit - rows);
		end = run_statement(pg, q, sql.p, sql.n, limit, &rows, last,
		    rc, code);
	}
	buf_free(&sql);
	progress_step(pg->progress, pg->rows, pg->rows);
	telling_step(&pg->telling, pg->rows);
	return (end);
}
