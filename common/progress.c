#include <sys/ioctl.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buf.h"
#include "log.h"
#include "mem.h"
#include "stop.h"

#include "progress.h"

#define PAINT_US	200000	/* between two paints */
#define STRIDE_MAX	256	/* calls between two looks at the clock */
#define WIPE		"\r\033[K"

struct progress {
	char * what;
	uint64_t total;
	uint64_t rows, done;	/* so far */
	uint64_t start;		/* on stop_clock() */

	/* The clock is read every ${stride} calls: about every 10 ms. */
	unsigned calls, stride;
	uint64_t looked;

	uint64_t painted;	/* when; 0 if nothing is on the screen */
	uint64_t painted_rows;
	double rate;		/* rows a second, smoothed */
	struct buf line;
};

struct progress *
progress_open(const char * what, uint64_t total)
{
	struct progress * p;
	char * c;

	if (!log_terminal())
		return (NULL);
	p = mem_new(1, sizeof *p);
	p->what = mem_dup(what);
	for (c = p->what; *c != '\0'; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	}
	p->total = total;
	p->start = p->looked = stop_clock();
	p->stride = 1;
	return (p);
}

static void
show(const struct progress * p)
{
	ssize_t n;

	/* Only decoration: a failure changes nothing. */
	n = write(STDERR_FILENO, p->line.p, p->line.n);
	(void)n;
}

/* Append a number with commas between groups of three digits. */
static void
put_grouped(struct buf * b, uint64_t v)
{

	if (v >= 1000) {
		put_grouped(b, v / 1000);
		buf_printf(b, ",%03u", (unsigned)(v % 1000));
	} else
		buf_put_u64(b, v);
}

/* Append seconds as 0:12 or 1:02:03. */
static void
put_seconds(struct buf * b, uint64_t s)
{

	if (s >= 3600)
		buf_printf(b, "%ju:%02u:%02u", (uintmax_t)(s / 3600),
		    (unsigned)(s / 60 % 60), (unsigned)(s % 60));
	else
		buf_printf(b, "%u:%02u", (unsigned)(s / 60),
		    (unsigned)(s % 60));
}

static unsigned
columns(void)
{
	struct winsize ws;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &ws) == -1 || ws.ws_col == 0)
		return (80);
	return (ws.ws_col);
}

/*
 * Drop what is behind the first ${max} columns.  A code point is taken for
 * one column, which can only be too many for the odd name.
 */
static void
cut(struct buf * b, unsigned max)
{
	unsigned n = 0;
	size_t i;

	for (i = 0; i < b->n; i++) {
		if ((b->p[i] & 0xc0) != 0x80 && ++n > max)
			break;
	}
	b->n = i;
}

/* The text of the line, without what brings the cursor there. */
static void
compose(const struct progress * p, uint64_t now, struct buf * b)
{
	uint64_t elapsed = now - p->start;

	buf_printf(b, "%s: ", p->what);
	put_grouped(b, p->rows);
	buf_puts(b, " rows  ");
	put_grouped(b, (uint64_t)p->rate);
	buf_puts(b, "/s");

	/* By the average so far: steadier than the last rate. */
	if (p->total == 0 || p->done == 0)
		return;
	buf_puts(b, "  ");
	put_seconds(b, p->done >= p->total ? 0 : (uint64_t)((double)elapsed /
	    (double)p->done * (double)(p->total - p->done) / 1e6 + 0.5));
	buf_puts(b, " left");
}

static void
paint(struct progress * p, uint64_t now)
{
	uint64_t since = p->painted != 0 ? p->painted : p->start;
	double rate = (double)(p->rows - p->painted_rows) * 1e6 /
	    (double)(now - since + 1);
	struct buf text = { NULL, 0, 0 };

	p->rate = p->painted == 0 ? rate : p->rate * 0.8 + rate * 0.2;
	compose(p, now, &text);

	/* Not into the last column: some terminals would go on to the next. */
	cut(&text, columns() - 1);
	buf_clear(&p->line);
	buf_puts(&p->line, WIPE);
	buf_put(&p->line, text.p, text.n);
	buf_free(&text);
	show(p);
	p->painted = now;
	p->painted_rows = p->rows;
}

/* Read the clock, paint if it is time to, and choose the next stride. */
static void
look(struct progress * p)
{
	uint64_t now = stop_clock();
	uint64_t gap = now - p->looked;

	p->calls = 0;
	p->looked = now;
	if (gap < 5000 && p->stride < STRIDE_MAX)
		p->stride *= 2;
	else if (gap > 20000)
		p->stride = 1;
	if (now - (p->painted != 0 ? p->painted : p->start) >= PAINT_US)
		paint(p, now);
}

void
progress_step(struct progress * p, uint64_t rows, uint64_t done)
{

	if (p == NULL)
		return;
	p->rows = rows;
	p->done = done;
	if (++p->calls >= p->stride)
		look(p);
}

void
progress_wipe(struct progress * p)
{

	if (p == NULL || p->painted == 0)
		return;
	buf_clear(&p->line);
	buf_puts(&p->line, WIPE);
	show(p);
}

void
progress_close(struct progress * p)
{

	if (p == NULL)
		return;
	progress_wipe(p);
	buf_free(&p->line);
	free(p->what);
	free(p);
}
