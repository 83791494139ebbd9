#include <stdlib.h>
#include <sys/random.h>

#include "../common/exitcode.h"
#include "../common/mem.h"
#include "../common/stop.h"

#include "verify_impl.h"

/*
 * --sample: so many rows of all that come, each with the same chance, are
 * kept until the input has ended, and then compared.
 */

/* A number below ${n}. */
static uint64_t
draw(struct verify * v, uint64_t n)
{
	uint64_t z;

	/* splitmix64 */
	z = v->seed += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return ((z ^ z >> 31) % n);
}

int
verify_sample(struct verify * v, const struct record * r)
{
	uint64_t most = v->ld->opt->sample, place;
	struct buf * b;

	if (most == 0 || v->drawing)
		return (0);
	if (v->kept == NULL) {
		v->kept = mem_new(most, sizeof *v->kept);
		if (getrandom(&v->seed, sizeof v->seed, 0) !=
		    (ssize_t)sizeof v->seed)
			v->seed = stop_clock();
	}
	place = v->offered++;
	if (place < most)
		v->nkept++;
	else if ((place = draw(v, v->offered)) >= most)
		return (1);
	b = &v->kept[place];
	buf_clear(b);
	buf_put(b, r->line, r->len);
	buf_putc(b, '\n');
	return (1);
}

int
verify_drawn(struct verify * v)
{
	size_t i;
	int rc = EXIT_DONE;

	v->drawing = 1;
	for (i = 0; i < v->nkept && rc == EXIT_DONE; i++)
		rc = loader_line(v->ld, v->kept[i].p, v->kept[i].n - 1);
	return (rc == EXIT_DONE ? loader_write_all(v->ld) : rc);
}

void
verify_sample_free(struct verify * v)
{
	size_t i;

	for (i = 0; i < v->nkept; i++)
		buf_free(&v->kept[i]);
	free(v->kept);
}
