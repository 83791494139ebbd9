#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/log.h"
#include "../common/mem.h"

#include "wake.h"

static const int caught[] = { SIGTERM, SIGINT, SIGHUP, SIGCHLD };
#define NCAUGHT	(sizeof caught / sizeof caught[0])

/* The writing end, for the handler; non-blocking. */
static int wake_fd = -1;

struct wake {
	struct loop_slot * slot;
	int fd;
	wake_fn * fn;
	void * cookie;
};

static void
on_signal(int sig)
{
	unsigned char c = (unsigned char)sig;
	int e = errno;

	/* A full pipe already holds a byte that wakes us. */
	if (write(wake_fd, &c, 1) == -1)
		errno = e;
	errno = e;
}

static void
on_bytes(void * cookie, int fd, short revents, struct mono now)
{
	struct wake * w = cookie;
	unsigned char c[256], seen[256] = { 0 };
	ssize_t i, n;
	size_t k;

	(void)revents;
	while ((n = read(fd, c, sizeof c)) > 0) {
		for (i = 0; i < n; i++)
			seen[c[i]] = 1;
	}
	for (k = 0; k < NCAUGHT; k++) {
		if (seen[caught[k]])
			w->fn(w->cookie, caught[k], now);
	}
}

struct wake *
wake_open(struct loop * lp, wake_fn * fn, void * cookie)
{
	struct wake * w = mem_new(1, sizeof *w);
	struct sigaction sa;
	int p[2];
	size_t i;

	if (pipe2(p, O_CLOEXEC | O_NONBLOCK) == -1) {
		log_error_sys("pipe");
		free(w);
		return (NULL);
	}
	w->fd = p[0];
	wake_fd = p[1];
	w->fn = fn;
	w->cookie = cookie;
	w->slot = loop_watch(lp, "signals", w->fd, POLLIN, on_bytes, w);
	memset(&sa, 0, sizeof sa);
	sigemptyset(&sa.sa_mask);
	sa.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &sa, NULL);
	sa.sa_handler = on_signal;
	sa.sa_flags = SA_RESTART | SA_NOCLDSTOP;
	for (i = 0; i < NCAUGHT; i++)
		sigaction(caught[i], &sa, NULL);
	return (w);
}

void
wake_close(struct wake * w)
{
	size_t i;

	if (w == NULL)
		return;
	for (i = 0; i < NCAUGHT; i++)
		signal(caught[i], SIG_DFL);
	loop_unwatch(w->slot);
	close(w->fd);
	close(wake_fd);
	wake_fd = -1;
	free(w);
}
