#include <sys/file.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/log.h"
#include "../common/stop.h"
#include "../common/timestamp.h"

#include "lock.h"

#define LEFT_OVER_US	UINT64_C(10000000)	/* for them to end */
#define LOOK_US		UINT64_C(50000)

/* "PID HOST SINCE" */
struct owner {
	long pid;
	char host[256];
	char since[64];
};

static void
read_owner(int fd, struct owner * o)
{
	char text[512];
	ssize_t n = pread(fd, text, sizeof text - 1, 0);

	*o = (struct owner) { 0, "unknown host", "unknown time" };
	text[n > 0 ? n : 0] = '\0';
	if (sscanf(text, "%ld %255s %63s", &o->pid, o->host, o->since) < 1)
		o->pid = 0;
}

static int
write_owner(int fd)
{
	char text[512], host[256], since[TIMESTAMP_LEN];
	int n;

	if (gethostname(host, sizeof host) == -1)
		strcpy(host, "?");
	host[sizeof host - 1] = '\0';
	timestamp_format(timestamp_now(), since);
	n = snprintf(text, sizeof text, "%ld %s %.*s\n", (long)getpid(), host,
	    TIMESTAMP_LEN, since);

	/* Over what is there: that needs no room on a full disk. */
	if (pwrite(fd, text, (size_t)n, 0) != n)
		return (-1);
	return (ftruncate(fd, n));
}

/* Is it one of this machine that has died? */
static int
is_dead(const struct owner * o)
{
	char host[256];

	if (gethostname(host, sizeof host) == -1 ||
	    strncmp(host, o->host, sizeof host) != 0 || o->pid <= 0)
		return (0);
	return (kill((pid_t)o->pid, 0) == -1 && errno == ESRCH);
}

static int
try_lock(int fd)
{

	while (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		if (errno != EINTR)
			return (-1);
	}
	return (0);
}

/* Wait for what a dead supervisor has left behind. */
static int
wait_for_lock(int fd, struct owner * o)
{
	uint64_t end = stop_clock() + LEFT_OVER_US;

	while (stop_clock() < end) {
		read_owner(fd, o);

		/* One that has just taken it hasn't said so yet. */
		if (!is_dead(o) && o->pid != 0)
			return (-1);
		if (stop_sleep(LOOK_US))
			return (-1);
		if (try_lock(fd) == 0)
			return (0);
	}
	return (-1);
}

int
lock_take(int dirfd, const char * path, int * temporary)
{
	struct owner o;
	int fd;

	*temporary = 0;
	fd = openat(dirfd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW,
	    0600);
	if (fd == -1) {
		log_error_sys("open %s/lock", path);
		return (-1);
	}
	if (try_lock(fd) == -1 && errno != EWOULDBLOCK) {
		log_error_sys("lock %s/lock", path);
		goto err1;
	}
	if (try_lock(fd) == -1 && wait_for_lock(fd, &o) == -1) {
		*temporary = is_dead(&o) || o.pid == 0;
		log_error("%s: another supervisor has this state directory: "
		    "process %ld on %s, since %s%s", path, o.pid, o.host,
		    o.since, *temporary ? "; it is dead, but a program that "
		    "it started still runs: see fuser on its file `lock'" :
		    "");
		goto err1;
	}

	/* The lock holds without it.  Where a disk is full it is better to
	 * run, and tell of it, than to stay down. */
	if (write_owner(fd) == -1)
		log_warn_sys("write %s/lock, so that a second one can name "
		    "us", path);
	return (fd);

err1:
	close(fd);
	return (-1);
}
