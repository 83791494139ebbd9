#include <signal.h>

#include "../common/exitcode.h"

#include "pipeline.h"

/* As a shell tells of a command that a signal killed. */
#define BY_SHELL	128

static int
is_good(const struct child_end * e)
{

	return (e->how == CHILD_EXIT &&
	    (e->n == EXIT_DONE || e->n == EXIT_STOPPED));
}

/* It wrote to a stage that had gone: that one is to blame. */
static int
is_broken_pipe(const struct child_end * e)
{

	return ((e->how == CHILD_SIGNAL && e->n == SIGPIPE) ||
	    (e->how == CHILD_EXIT && e->n == BY_SHELL + SIGPIPE));
}

/* The SIGTERM with which a program that isn't ours obeys. */
static int
is_obedience(const struct child_end * e, size_t stage, int stopping)
{

	return (stopping && stage == 0 &&
	    ((e->how == CHILD_SIGNAL && e->n == SIGTERM) ||
	    (e->how == CHILD_EXIT && e->n == BY_SHELL + SIGTERM)));
}

static int
failed(const struct child_end * end, size_t i, int stopping)
{

	return (!is_good(&end[i]) && !is_broken_pipe(&end[i]) &&
	    !is_obedience(&end[i], i, stopping));
}

/* Did it only find its input cut off by a stage before it? */
static int
is_victim(const struct child_end * end, size_t i, int stopping)
{
	size_t k;

	if (end[i].how != CHILD_EXIT || end[i].n != EXIT_TEMP)
		return (0);
	for (k = 0; k < i; k++) {
		if (failed(end, k, stopping) ||
		    is_obedience(&end[k], k, stopping))
			return (1);
	}
	return (0);
}

/* The first to die of those that failed by themselves, or -1. */
static int
find_culprit(const struct child_end * end, const unsigned * order, size_t n,
    int stopping)
{
	int found = -1;
	size_t i;

	for (i = 0; i < n; i++) {
		if (!failed(end, i, stopping) || is_victim(end, i, stopping))
			continue;
		if (found == -1 || order[i] < order[found])
			found = (int)i;
	}
	if (found != -1)
		return (found);

	/* Nobody but victims: a reader left without a word. */
	for (i = 0; i < n; i++) {
		if (is_broken_pipe(&end[i]))
			return ((int)i);
	}
	return (-1);
}

enum pipeline_result
pipeline_verdict(const struct child_end * end, const unsigned * order,
    size_t n, int stopping, int * culprit)
{
	const struct child_end * e;
	size_t i;

	*culprit = find_culprit(end, order, n, stopping);
	if (*culprit == -1) {
		for (i = 0; i < n; i++) {
			if (end[i].how != CHILD_EXIT || end[i].n != EXIT_DONE)
				return (PIPELINE_STOPPED);
		}
		return (PIPELINE_DONE);
	}
	e = &end[*culprit];
	if (e->how == CHILD_SIGNAL && e->n != SIGPIPE)
		return (PIPELINE_CRASHED);
	if (e->how == CHILD_EXIT && e->n == EXIT_PERM)
		return (PIPELINE_PERM);
	return (PIPELINE_TEMP);
}
