#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "stop.h"

static volatile sig_atomic_t asked;

static void
on_signal(int sig)
{

	(void)sig;
	asked = 1;
}

void
stop_on_signals(void)
{
	struct sigaction sa;

	memset(&sa, 0, sizeof sa);
	sa.sa_handler = on_signal;
	sigemptyset(&sa.sa_mask);
	sigaction(SIGTERM, &sa, NULL);
	sa.sa_flags = SA_RESETHAND;
	sigaction(SIGINT, &sa, NULL);
}

int
stop_asked(void)
{

	return (asked);
}

int
stop_sleep(uint64_t us)
{
	uint64_t end = stop_clock() + us;
	struct timespec t = { (time_t)(end / 1000000),
	    (long)(end % 1000000) * 1000 };

	while (!asked &&
	    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		continue;
	return (asked);
}

int
stop_wait(int fd, short events)
{
	struct pollfd pfd = { fd, events, 0 };
	sigset_t block, old;

	/* Signals come in only while ppoll() waits. */
	sigemptyset(&block);
	sigaddset(&block, SIGTERM);
	sigaddset(&block, SIGINT);
	sigprocmask(SIG_BLOCK, &block, &old);
	while (!asked && ppoll(&pfd, 1, NULL, &old) == -1 && errno == EINTR)
		continue;
	sigprocmask(SIG_SETMASK, &old, NULL);
	return (asked);
}

uint64_t
stop_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return ((uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000);
}
