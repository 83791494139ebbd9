#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * failcall: a library for LD_PRELOAD that makes one call fail, of those that
 * change files in a folder.  It counts the calls of all processes together,
 * so that a test can count those of a run and then repeat the run, another
 * call failing each time.
 *
 *	FAILCALL_DIR	calls on this folder (real path) and what is in it count
 *	FAILCALL_COUNT	a file that holds the count, 8 bytes
 *	FAILCALL_AT	the call that fails, from 1; 0 or unset for none
 *	FAILCALL_HOW	eio, enospc, edquot, erofs: it fails with that error
 *			full: a write is cut in half, and from then on
 *			whatever needs room fails with ENOSPC
 *			short: a write is cut in half, that is all
 *			kill, killed: SIGKILL before, or after it
 *	FAILCALL_ALWAYS	1: all calls after it, too
 *	FAILCALL_LOG	a line for each: its number, program, name, path
 *
 * Counted are open(2) for writing, write, fsync, rename, link, unlink,
 * ftruncate, mkdir, mkfifo, and their variants.
 */

enum how { NONE, ERROR, FULL, SHORT, KILL, KILLED };

struct verdict {
	enum how how;
	int error;
};

static struct {
	int ready;
	char dir[PATH_MAX];
	size_t ndir;
	uint64_t * count;
	uint64_t at;
	enum how how;
	int error;
	int always;
	int log;
} fc;

#define REAL(name)	((__typeof__(&name))real(#name))

static void *
real(const char * name)
{

	return (dlsym(RTLD_NEXT, name));
}

static void
choose(const char * how)
{
	static const struct {
		const char * name;
		enum how how;
		int error;
	} hows[] = {
		{ "eio", ERROR, EIO },
		{ "enospc", ERROR, ENOSPC },
		{ "edquot", ERROR, EDQUOT },
		{ "erofs", ERROR, EROFS },
		{ "full", FULL, ENOSPC },
		{ "short", SHORT, 0 },
		{ "kill", KILL, 0 },
		{ "killed", KILLED, 0 },
	};
	size_t i;

	for (i = 0; i < sizeof hows / sizeof hows[0]; i++) {
		if (strcmp(how, hows[i].name) != 0)
			continue;
		fc.how = hows[i].how;
		fc.error = hows[i].error;
		return;
	}
	fprintf(stderr, "failcall: what is FAILCALL_HOW=%s?\n", how);
	abort();
}

static void __attribute__((constructor))
begin(void)
{
	const char * dir = getenv("FAILCALL_DIR");
	const char * count = getenv("FAILCALL_COUNT");
	const char * s;
	int fd;

	fc.log = -1;
	if (dir == NULL || count == NULL || realpath(dir, fc.dir) == NULL)
		return;
	fc.ndir = strlen(fc.dir);
	if ((fd = REAL(open)(count, O_RDWR | O_CREAT | O_CLOEXEC, 0600)) ==
	    -1 || REAL(ftruncate)(fd, sizeof *fc.count) == -1)
		return;
	fc.count = mmap(NULL, sizeof *fc.count, PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, 0);
	close(fd);
	if (fc.count == MAP_FAILED)
		return;
	if ((s = getenv("FAILCALL_AT")) != NULL)
		fc.at = strtoull(s, NULL, 10);
	if ((s = getenv("FAILCALL_HOW")) != NULL)
		choose(s);
	fc.always = getenv("FAILCALL_ALWAYS") != NULL || fc.how == FULL;
	if ((s = getenv("FAILCALL_LOG")) != NULL)
		fc.log = REAL(open)(s, O_WRONLY | O_CREAT | O_APPEND |
		    O_CLOEXEC, 0600);
	fc.ready = 1;
}

/* The path of a name relative to a descriptor, or of the descriptor. */
static void
path_of(int dirfd, const char * name, char * path)
{
	char link[64];
	ssize_t n = 0;

	path[0] = '\0';
	if (name == NULL || (name[0] != '/' && dirfd != AT_FDCWD)) {
		snprintf(link, sizeof link, "/proc/self/fd/%d", dirfd);
		if ((n = readlink(link, path, PATH_MAX - 1)) == -1)
			n = 0;
	} else if (name[0] != '/') {
		if (getcwd(path, PATH_MAX) != NULL)
			n = (ssize_t)strlen(path);
	}
	path[n] = '\0';
	if (name != NULL)
		snprintf(path + n, (size_t)(PATH_MAX - n), "%s%s",
		    n > 0 ? "/" : "", name);
}

/* Count a call; does it fail?  ${room} is whether it takes space. */
static struct verdict
judge(const char * call, int dirfd, const char * name, int room)
{
	struct verdict none = { NONE, 0 };
	char path[2 * PATH_MAX], line[2 * PATH_MAX + 200];
	uint64_t n;
	int len;

	if (!fc.ready)
		return (none);
	path_of(dirfd, name, path);
	if (strncmp(path, fc.dir, fc.ndir) != 0 ||
	    (path[fc.ndir] != '/' && path[fc.ndir] != '\0'))
		return (none);
	n = __atomic_add_fetch(fc.count, 1, __ATOMIC_SEQ_CST);
	if (fc.log != -1) {
		len = snprintf(line, sizeof line, "%ju %s %s %s\n",
		    (uintmax_t)n, program_invocation_short_name, call,
		    path[fc.ndir] == '/' ? path + fc.ndir + 1 : ".");
		(void)!REAL(write)(fc.log, line, (size_t)len);
	}
	if (fc.at == 0 || n < fc.at || (n > fc.at && !fc.always))
		return (none);
	if (fc.how == KILL)
		raise(SIGKILL);
	if (fc.how == FULL && !room)
		return (none);
	if (fc.how == FULL && n > fc.at)
		return ((struct verdict){ ERROR, ENOSPC });
	return ((struct verdict){ fc.how, fc.error });
}

/* Return what the call has, if it was one to die after. */
static int
after(struct verdict v, int rc)
{

	if (v.how == KILLED)
		raise(SIGKILL);
	return (rc);
}

/* A call that fails or doesn't. */
#define GATE(call, dirfd, name, room)					\
	struct verdict v = judge(call, dirfd, name, room);		\
	if (v.how == ERROR || (v.how == FULL &&				\
	    strcmp(call, "write") != 0)) {				\
		errno = v.error;					\
		return (-1);						\
	}

ssize_t
write(int fd, const void * p, size_t n)
{
	GATE("write", fd, NULL, 1)
	ssize_t done;

	if ((v.how == SHORT || v.how == FULL) && n > 1)
		n /= 2;
	done = REAL(write)(fd, p, n);
	after(v, 0);
	return (done);
}

ssize_t
pwrite(int fd, const void * p, size_t n, off_t at)
{
	GATE("write", fd, NULL, 1)
	ssize_t done;

	if ((v.how == SHORT || v.how == FULL) && n > 1)
		n /= 2;
	done = REAL(pwrite)(fd, p, n, at);
	after(v, 0);
	return (done);
}

ssize_t
writev(int fd, const struct iovec * iov, int n)
{
	GATE("writev", fd, NULL, 1)
	ssize_t done = REAL(writev)(fd, iov, n);

	after(v, 0);
	return (done);
}

int
fsync(int fd)
{
	GATE("fsync", fd, NULL, 0)

	return (after(v, REAL(fsync)(fd)));
}

int
fdatasync(int fd)
{
	GATE("fdatasync", fd, NULL, 0)

	return (after(v, REAL(fdatasync)(fd)));
}

int
ftruncate(int fd, off_t n)
{
	GATE("ftruncate", fd, NULL, 0)

	return (after(v, REAL(ftruncate)(fd, n)));
}

int
renameat(int a, const char * from, int b, const char * to)
{
	GATE("rename", b, to, 0)

	return (after(v, REAL(renameat)(a, from, b, to)));
}

int
rename(const char * from, const char * to)
{

	return (renameat(AT_FDCWD, from, AT_FDCWD, to));
}

int
linkat(int a, const char * from, int b, const char * to, int flags)
{
	GATE("link", b, to, 1)

	return (after(v, REAL(linkat)(a, from, b, to, flags)));
}

int
unlinkat(int dirfd, const char * name, int flags)
{
	GATE("unlink", dirfd, name, 0)

	return (after(v, REAL(unlinkat)(dirfd, name, flags)));
}

int
unlink(const char * name)
{

	return (unlinkat(AT_FDCWD, name, 0));
}

int
mkdirat(int dirfd, const char * name, mode_t mode)
{
	GATE("mkdir", dirfd, name, 1)

	return (after(v, REAL(mkdirat)(dirfd, name, mode)));
}

int
mkdir(const char * name, mode_t mode)
{

	return (mkdirat(AT_FDCWD, name, mode));
}

int
mkfifoat(int dirfd, const char * name, mode_t mode)
{
	GATE("mkfifo", dirfd, name, 1)

	return (after(v, REAL(mkfifoat)(dirfd, name, mode)));
}

int
mkfifo(const char * name, mode_t mode)
{

	return (mkfifoat(AT_FDCWD, name, mode));
}

int
openat(int dirfd, const char * name, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	va_start(ap, flags);
	if (flags & (O_CREAT | O_TMPFILE))
		mode = va_arg(ap, mode_t);
	va_end(ap);
	if ((flags & O_ACCMODE) == O_RDONLY)
		return (REAL(openat)(dirfd, name, flags, mode));
	GATE("open", dirfd, name, (flags & O_CREAT) != 0)
	return (after(v, REAL(openat)(dirfd, name, flags, mode)));
}

int
open(const char * name, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	va_start(ap, flags);
	if (flags & (O_CREAT | O_TMPFILE))
		mode = va_arg(ap, mode_t);
	va_end(ap);
	if ((flags & O_ACCMODE) == O_RDONLY)
		return (REAL(open)(name, flags, mode));
	GATE("open", AT_FDCWD, name, (flags & O_CREAT) != 0)
	return (after(v, REAL(open)(name, flags, mode)));
}
