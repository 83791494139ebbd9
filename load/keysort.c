#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "../common/buf.h"
#include "../common/log.h"
#include "../common/mem.h"

#include "keysort.h"

#define RUN_BYTES	(8u << 20)	/* sorted at once */
#define READ_BYTES	(8u << 20)	/* for the heads of all runs together */
#define READ_MIN	(4u << 10)	/* but for one of them */

/* A sorted part of the file, being read. */
struct run {
	uint64_t at, end;	/* what is still to be read */
	uint8_t * p;		/* what was */
	size_t n, used;
};

struct keysort {
	size_t width;
	int fd;
	uint8_t * p;		/* the run that is being filled */
	size_t n, cap;
	uint64_t size;		/* of the file */
	struct run * run;
	size_t nrun;
	uint8_t * room;		/* of all runs */
	size_t chunk;		/* of it, for one */
	size_t * heap;		/* runs that aren't done, least in front */
	size_t nheap;
	uint8_t * last;		/* what was given out */
};

int
keysort_file(void)
{
	const char * dir = getenv("TMPDIR");
	struct buf name = { NULL, 0, 0 };
	int fd;

	if (dir == NULL || *dir == '\0')
		dir = "/var/tmp";
	if ((fd = open(dir, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600)) != -1)
		return (fd);

	/* Not every file system has files without names. */
	buf_printf(&name, "%s/millrace.XXXXXX", dir);
	if ((fd = mkostemp(buf_text(&name), O_CLOEXEC)) == -1)
		log_error("%s: no temporary file (TMPDIR): %s", dir,
		    strerror(errno));
	else
		(void)unlink(name.p);
	buf_free(&name);
	return (fd);
}

struct keysort *
keysort_new(size_t width)
{
	struct keysort * ks = mem_new(1, sizeof *ks);

	ks->width = width;
	ks->cap = RUN_BYTES / width;
	if ((ks->fd = keysort_file()) == -1) {
		free(ks);
		return (NULL);
	}
	ks->p = mem_new(ks->cap, width);
	ks->last = mem_new(1, width);
	return (ks);
}

void
keysort_free(struct keysort * ks)
{

	if (ks == NULL)
		return;
	close(ks->fd);
	free(ks->p);
	free(ks->run);
	free(ks->room);
	free(ks->heap);
	free(ks->last);
	free(ks);
}

static int
fail(const char * what)
{

	log_error("a temporary file (TMPDIR): %s: %s", what, strerror(errno));
	return (-1);
}

static void
swap(uint8_t * a, uint8_t * b, size_t width)
{
	uint8_t t;

	while (width-- > 0) {
		t = *a;
		*a++ = *b;
		*b++ = t;
	}
}

/* Let the record at ${i} of ${n} sink to its place. */
static void
sift(uint8_t * p, size_t width, size_t i, size_t n)
{
	size_t k;

	while ((k = 2 * i + 1) < n) {
		if (k + 1 < n && memcmp(p + k * width, p + (k + 1) * width,
		    width) < 0)
			k++;
		if (memcmp(p + i * width, p + k * width, width) >= 0)
			return;
		swap(p + i * width, p + k * width, width);
		i = k;
	}
}

static void
heap_sort(uint8_t * p, size_t width, size_t n)
{
	size_t i;

	for (i = n / 2; i-- > 0;)
		sift(p, width, i, n);
	for (i = n; i-- > 1;) {
		swap(p, p + i * width, width);
		sift(p, width, 0, i);
	}
}

/*
 * Sort by bytes from the first on, each into its bucket: digests are spread
 * evenly, so two bytes leave a few records each.  qsort() would take as much
 * memory again.
 */
static void
radix_sort(uint8_t * p, size_t width, size_t n, size_t byte)
{
	size_t at[256], end[256], count[256] = { 0 };
	size_t i, k, start = 0;

	if (n < 64 || byte == width) {
		heap_sort(p, width, n);
		return;
	}
	for (i = 0; i < n; i++)
		count[p[i * width + byte]]++;
	for (k = 0; k < 256; k++) {
		at[k] = start;
		end[k] = start += count[k];
	}
	for (k = 0; k < 256; k++) {
		while (at[k] < end[k]) {
			i = p[at[k] * width + byte];
			if (i == k)
				at[k]++;
			else
				swap(p + at[k] * width, p + at[i]++ * width,
				    width);
		}
	}
	for (k = 0, start = 0; k < 256; start = end[k++])
		radix_sort(p + start * width, width, end[k] - start,
		    byte + 1);
}

/* Sort what was gathered and write it behind the other runs. */
static int
put_run(struct keysort * ks)
{
	size_t left = ks->n * ks->width;
	const uint8_t * p = ks->p;
	struct run * r;
	ssize_t got;

	if (ks->n == 0)
		return (0);
	radix_sort(ks->p, ks->width, ks->n, 0);
	ks->run = mem_grow(ks->run, ks->nrun + 1, sizeof *ks->run);
	r = &ks->run[ks->nrun++];
	memset(r, 0, sizeof *r);
	r->at = ks->size;
	while (left > 0) {
		got = pwrite(ks->fd, p, left, (off_t)ks->size);
		if (got == -1 && errno == EINTR)
			continue;
		if (got == -1)
			return (fail("write"));
		p += got;
		left -= (size_t)got;
		ks->size += (uint64_t)got;
	}
	r->end = ks->size;
	ks->n = 0;
	return (0);
}

int
keysort_add(struct keysort * ks, const void * record)
{

	memcpy(ks->p + ks->n * ks->width, record, ks->width);
	return (++ks->n < ks->cap ? 0 : put_run(ks));
}

/* Have a record of a run at hand.  Return 1, 0 if it is done, or -1. */
static int
fill(struct keysort * ks, struct run * r)
{
	size_t want = ks->chunk;
	ssize_t got;

	if (r->used < r->n)
		return (1);
	if (r->at == r->end)
		return (0);
	if (want > r->end - r->at)
		want = (size_t)(r->end - r->at);
	r->n = r->used = 0;
	while (r->n < want) {
		got = pread(ks->fd, r->p + r->n, want - r->n,
		    (off_t)(r->at + r->n));
		if (got == -1 && errno == EINTR)
			continue;
		if (got <= 0) {
			errno = got == 0 ? EIO : errno;
			return (fail("read"));
		}
		r->n += (size_t)got;
	}
	r->at += r->n;
	return (1);
}

static const uint8_t *
head(const struct keysort * ks, size_t i)
{
	const struct run * r = &ks->run[ks->heap[i]];

	return (r->p + r->used);
}

/* Let the run at ${i} of the heap sink below those that come first. */
static void
settle(struct keysort * ks, size_t i)
{
	size_t k, t;

	while ((k = 2 * i + 1) < ks->nheap) {
		if (k + 1 < ks->nheap && memcmp(head(ks, k + 1), head(ks, k),
		    ks->width) < 0)
			k++;
		if (memcmp(head(ks, i), head(ks, k), ks->width) <= 0)
			return;
		t = ks->heap[i];
		ks->heap[i] = ks->heap[k];
		ks->heap[k] = t;
		i = k;
	}
}

int
keysort_end(struct keysort * ks)
{
	size_t i;
	int rc;

	if (put_run(ks) == -1)
		return (-1);
	free(ks->p);
	ks->p = NULL;
	ks->chunk = READ_BYTES / (ks->nrun + 1);
	if (ks->chunk < READ_MIN)
		ks->chunk = READ_MIN;
	ks->chunk -= ks->chunk % ks->width;
	ks->room = mem_new(ks->nrun + 1, ks->chunk);
	ks->heap = mem_new(ks->nrun + 1, sizeof *ks->heap);
	for (i = 0; i < ks->nrun; i++) {
		ks->run[i].p = ks->room + i * ks->chunk;
		if ((rc = fill(ks, &ks->run[i])) == -1)
			return (-1);
		ks->heap[ks->nheap++] = i;
	}
	for (i = ks->nheap / 2; i-- > 0;)
		settle(ks, i);
	return (0);
}

int
keysort_next(struct keysort * ks, const uint8_t ** record)
{
	struct run * r;
	int rc;

	if (ks->nheap == 0)
		return (0);
	r = &ks->run[ks->heap[0]];
	memcpy(ks->last, r->p + r->used, ks->width);
	*record = ks->last;
	r->used += ks->width;
	if ((rc = fill(ks, r)) == -1)
		return (-1);
	if (rc == 0)
		ks->heap[0] = ks->heap[--ks->nheap];
	settle(ks, 0);
	return (1);
}
