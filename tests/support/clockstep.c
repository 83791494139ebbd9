#include <sys/mman.h>
#include <sys/time.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/*
 * clockstep: a library for LD_PRELOAD that sets a program's clock.  The file
 * CLOCKSTEP_FILE holds by how many microseconds the wall clock differs from
 * the machine's, in 8 bytes, and may be changed at any time.  Clocks that
 * only run, like CLOCK_MONOTONIC, are left alone.
 */

#define MILLION		1000000

static volatile int64_t none;
static volatile int64_t * offset = &none;

static void __attribute__((constructor))
begin(void)
{
	const char * path = getenv("CLOCKSTEP_FILE");
	void * p;
	int fd;

	if (path == NULL || (fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return;
	p = mmap(NULL, sizeof *offset, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (p != MAP_FAILED)
		offset = p;
}

int
clock_gettime(clockid_t id, struct timespec * ts)
{
	static int (* real)(clockid_t, struct timespec *);
	int64_t us;
	int rc;

	if (real == NULL)
		real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT,
		    "clock_gettime");
	rc = real(id, ts);
	if (rc == -1 || (id != CLOCK_REALTIME && id != CLOCK_REALTIME_COARSE))
		return (rc);
	us = (int64_t)ts->tv_sec * MILLION + ts->tv_nsec / 1000 + *offset;
	ts->tv_sec = us / MILLION;
	ts->tv_nsec = us % MILLION * 1000 + ts->tv_nsec % 1000;
	return (0);
}

int
gettimeofday(struct timeval * restrict tv, void * restrict zone)
{
	struct timespec ts;

	(void)zone;
	if (clock_gettime(CLOCK_REALTIME, &ts) == -1)
		return (-1);
	tv->tv_sec = ts.tv_sec;
	tv->tv_usec = ts.tv_nsec / 1000;
	return (0);
}

time_t
time(time_t * t)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_REALTIME, &ts) == -1)
		return (-1);
	if (t != NULL)
		*t = ts.tv_sec;
	return (ts.tv_sec);
}
