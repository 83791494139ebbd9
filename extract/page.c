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
	size_t start;		/* in page_plan.text */
	size_t n;
};

struct page_plan {
	const struct catalog_table * table;
	struct buf text;	/* all the pieces */
	struct piece head;	/* up to the time of change */
	struct piece pos;	/* behind it, up to the running number */
	struct piece head_pos;	/* both, without a time of change */
	struct piece * column;	/* what stands before each value */
	enum cell_kind * kind;
	char * is_key;
	size_t room;		/* for all but the values' own lengths */
};

/* The text behind ${start} is a piece: fill it up to whole blocks, two. */
static struct piece
end_piece(struct buf * b, size_t start)
{
	struct piece piece = { start, b->n - start };

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

struct page_plan *
page_plan_new(const struct catalog_table * t, const struct cell_env * env,
    uint64_t epoch)
{
	struct page_plan * plan = mem_new(1, sizeof *plan);
	struct buf * b = &plan->text;
	size_t i, start;

	plan->table = t;
	plan->column = mem_new(t->ncolumn + 1, sizeof *plan->column);
	plan->kind = mem_new(t->ncolumn + 1, sizeof *plan->kind);
	plan->is_key = mem_new(t->ncolumn + 1, 1);
	for (i = 0; i < t->nkey; i++)
		plan->is_key[t->key[i]] = 1;

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

	for (i = 0; i < t->ncolumn; i++) {
		start = b->n;
		buf_puts(b, i == 0 ? "],\"record\":{" : ",");
		(void)scan_put_text(b, t->column[i].name,
		    strlen(t->column[i].name));
		buf_putc(b, ':');
		plan->column[i] = end_piece(b, start);
		plan->kind[i] = t->column[i].kind;

		/* In UTC both kinds are the same. */
		if (plan->kind[i] == CELL_DATETIME && env->offset_us == 0)
			plan->kind[i] = CELL_TIMESTAMP;
	}

	/* The pieces, whole blocks; what a value takes beyond its length, or
	 * for "null"; numbers. */
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
	free(plan->kind);
	free(plan->is_key);
	free(plan);
}

static inline char *
copy_piece(char * d, const struct page_plan * plan,
    const struct piece * piece)
{
	const char * s = plan->text.p + piece->start;
	size_t i;

	/* Nearly all are of one or two blocks. */
	memcpy(d, s, BLOCK);
	memcpy(d + BLOCK, s + BLOCK, BLOCK);
	for (i = 2 * BLOCK; i < piece->n; i += BLOCK)
		memcpy(d + i, s + i, BLOCK);
	return (d + piece->n);
}

/* What stands before the cells. */
static inline char *
copy_head(char * d, const struct page_plan * plan,
    const struct cell_env * env, char * const * row,
    const unsigned long * len)
{
	size_t change = plan->table->change;
	char * at;

	if (change == CATALOG_NONE || row[change] == NULL)
		return (copy_piece(d, plan, &plan->head_pos));
	at = copy_piece(d, plan, &plan->head);
	if (cell_time(at, plan->kind[change], env, row[change],
	    len[change]) == -1)
		return (copy_piece(d, plan, &plan->head_pos));
	return (copy_piece(at + CELL_TIME_LEN, plan, &plan->pos));
}

/* A cell that wants more care.  The key stays what it is, in any case. */
static const char * __attribute__((noinline))
put_slowly(struct buf * b, const struct page_plan * plan, size_t i,
    struct cell_env * env, const char * p, size_t n)
{
	struct cell_env strict = *env;

	if (!plan->is_key[i])
		return (cell_put(b, plan->kind[i], env, p, n));
	strict.replace = 0;
	if (strict.dates == CELL_DATES_NULL)
		strict.dates = CELL_DATES_REJECT;
	return (cell_put(b, plan->kind[i], &strict, p, n));
}

/* Room for the cells from ${i} on, if they stay as they are, and the rest. */
static inline char *
reserve(struct buf * b, const struct page_plan * plan, size_t i,
    const unsigned long * len)
{
	size_t room = plan->room;

	for (; i < plan->table->ncolumn; i++)
		room += len[i];
	return (buf_room(b, room));
}

const char *
page_row(struct buf * b, const struct page_plan * plan, struct cell_env * env,
    char * const * row, const unsigned long * len, uint64_t n, size_t * bad)
{
	size_t i, start = b->n, columns = plan->table->ncolumn;
	const char * why;
	char * d, * end;

	d = copy_head(reserve(b, plan, 0, len), plan, env, row, len);
	b->n = (size_t)(d - b->p);
	buf_put_u64(b, n);
	d = b->p + b->n;
	for (i = 0; i < columns; i++) {
		d = copy_piece(d, plan, &plan->column[i]);
		if (row[i] == NULL) {
			memcpy(d, "null", 4);
			d += 4;
			continue;
		}
		if ((end = fast_cell(d, plan->kind[i], row[i], len[i])) !=
		    NULL) {
			d = end;
			continue;
		}
		b->n = (size_t)(d - b->p);
		if ((why = put_slowly(b, plan, i, env, row[i], len[i])) !=
		    NULL) {
			b->n = start;
			*bad = i;
			return (why);
		}
		d = reserve(b, plan, i + 1, len);
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
    char * const * row, const unsigned long * len)
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
		crc = crc32(crc, row[t->key[i]], len[t->key[i]]);
	}
	buf_printf(&b, "%s = %u", t->nkey > 1 ? "))" : ")", ~crc);
	log_error("%s: column %s holds %s, in the row WHERE %s; correct it, "
	    "or use %s", t->name, c->name, why, buf_text(&b), !is_date ?
	    "--on-bad-text replace" : plan->is_key[bad] ?
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

/* Take the rows of a statement that has been sent. */
static enum page_end
take_rows(struct page * pg, const struct catalog_table * t, uint64_t limit,
    uint64_t * rows, struct position * last, enum source_rc * rc, int * code)
{
	struct buf * b = out_buf(pg->out);
	uint64_t since = stop_clock();
	size_t bad, start, worth = OUT_CHUNK;
	enum flow flow = GO_ON;
	unsigned long * len;
	const char * why;
	char ** row;

	while (flow == GO_ON) {
		if ((*rc = source_row(pg->source, &row, &len)) != SOURCE_OK)
			return (PAGE_TROUBLE);
		if (row == NULL)
			return (PAGE_DONE);
		start = b->n;
		if ((why = page_row(b, pg->plan, pg->env, row, len,
		    pg->total + 1, &bad)) != NULL) {
			report_bad_row(pg->plan, why, bad, row, len);
			*code = EXIT_PERM;
			return (PAGE_FAILED);
		}
		pg->total++;
		pg->rows++;
		pg->bytes += b->n - start;
		position_set(last, t, row, len);
		if (++*rows == limit)
			return (PAGE_MORE);
		if (stop_asked())
			flow = STOP;
		else if (b->n >= worth) {
			flow = write_out(pg, since);
			worth = b->n + OUT_CHUNK;
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
	left = end == PAGE_DONE || *rows == limit ? 0 : *rows == 0 ?
	    UINT64_MAX : pg->bytes / *rows * (limit - *rows);
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
