#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../common/exitcode.h"

#include "child.h"

/* Undo what we did to signals; the handlers go with exec(2) by themselves. */
static void
reset_signals(void)
{
	sigset_t none;
	int sig;

	for (sig = 1; sig < NSIG; sig++) {
		if (sig != SIGKILL && sig != SIGSTOP)
			signal(sig, SIG_DFL);
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Make the three descriptors 0, 1 and 2.  Return 0, or -1. */
static int
place_descriptors(const struct child_spec * c)
{
	int fd[3] = { c->in, c->out, c->err };
	int i;

	/* First out of the way of each other. */
	for (i = 0; i < 3; i++) {
		if ((fd[i] = fcntl(fd[i], F_DUPFD_CLOEXEC, 3)) == -1)
			return (-1);
	}
	for (i = 0; i < 3; i++) {
		if (dup2(fd[i], i) == -1)
			return (-1);
	}
	if (c->keep != -1 && fcntl(c->keep, F_SETFD, 0) == -1)
		return (-1);
	return (0);
}

/* In the child: become the program, or tell why not through ${report}. */
static void __attribute__((noreturn))
become(const struct child_spec * c, pid_t parent, int report)
{
	int e;

	if (setpgid(0, c->group) == -1)
		goto fail;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1)
		goto fail;

	/* It may have died before the line above. */
	if (getppid() != parent)
		_exit(EXIT_TEMP);
	reset_signals();
	if (place_descriptors(c) == -1)
		goto fail;
	execve(c->path, c->argv, c->envp);
fail:
	e = errno;
	if (write(report, &e, sizeof e) != (ssize_t)sizeof e)
		_exit(EXIT_PERM);
	_exit(EXIT_TEMP);
}

/* Wait for the end of file that exec(2) makes, or for an errno. */
static int
read_report(int fd)
{
	ssize_t n;
	int e;

	while ((n = read(fd, &e, sizeof e)) == -1 && errno == EINTR)
		continue;
	return (n == (ssize_t)sizeof e ? e : 0);
}

pid_t
child_spawn(const struct child_spec * c)
{
	sigset_t all, old;
	pid_t parent = getpid();
	pid_t pid;
	int report[2];
	int e;

	if (pipe2(report, O_CLOEXEC) == -1)
		return (-1);

	/* No handler of ours may run in the child. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	if ((pid = fork()) == 0) {
		close(report[0]);

		/* Not in the way of 0, 1 and 2. */
		if ((e = fcntl(report[1], F_DUPFD_CLOEXEC, 3)) != -1)
			report[1] = e;
		become(c, parent, report[1]);
	}
	e = errno;
	sigprocmask(SIG_SETMASK, &old, NULL);
	close(report[1]);
	if (pid == -1)
		goto err1;

	/* Here too: whoever is first. */
	setpgid(pid, c->group);
	if ((e = read_report(report[0])) != 0) {
		waitpid(pid, NULL, 0);
		goto err1;
	}
	close(report[0]);
	return (pid);

err1:
	close(report[0]);
	errno = e;
	return (-1);
}

int
child_reap(pid_t * pid, struct child_end * end, void (*before)(void *, pid_t),
    void * cookie)
{
	siginfo_t si;
	int status;

	si.si_pid = 0;
	while (waitid(P_ALL, 0, &si, WEXITED | WNOHANG | WNOWAIT) == -1) {
		if (errno != EINTR)
			return (-1);
	}
	if (si.si_pid == 0)
		return (0);
	if (before != NULL)
		before(cookie, si.si_pid);
	while (waitpid(si.si_pid, &status, 0) == -1) {
		if (errno != EINTR)
			return (-1);
	}
	*pid = si.si_pid;
	if (WIFEXITED(status))
		*end = (struct child_end) { CHILD_EXIT, WEXITSTATUS(status) };
	else
		*end = (struct child_end) { CHILD_SIGNAL, WTERMSIG(status) };
	return (1);
}

/* A file that we may execute? */
static int
is_program(const char * path)
{
	struct stat sb;

	if (stat(path, &sb) == -1)
		return (0);
	if (!S_ISREG(sb.st_mode)) {
		errno = EACCES;
		return (0);
	}
	return (access(path, X_OK) == 0);
}

int
child_find(const char * name, const char * path, char * dst, size_t n)
{
	const char * end;
	int e = ENOENT;

	if (strchr(name, '/') != NULL) {
		if ((size_t)snprintf(dst, n, "%s", name) < n)
			return (is_program(dst) ? 0 : -1);
		errno = ENAMETOOLONG;
		return (-1);
	}
	for (; path != NULL; path = *end == ':' ? end + 1 : NULL) {
		end = strchrnul(path, ':');
		if ((size_t)snprintf(dst, n, "%.*s/%s",
		    end == path ? 1 : (int)(end - path),
		    end == path ? "." : path, name) >= n)
			continue;
		if (is_program(dst))
			return (0);
		if (errno != ENOENT && errno != ENOTDIR)
			e = errno;
	}
	errno = e;
	return (-1);
}

const char *
child_end_text(const struct child_end * end, char * dst, size_t n)
{
	const char * what = "";

	if (end->how == CHILD_SIGNAL) {
		snprintf(dst, n, "killed by signal %d (%s)", end->n,
		    strsignal(end->n));
		return (dst);
	}
	if (end->n == EXIT_STOPPED)
		what = " (stopped)";
	else if (end->n == EXIT_PERM)
		what = " (a retry won't help)";
	else if (end->n == EXIT_TEMP)
		what = " (a retry may help)";
	snprintf(dst, n, "exit code %d%s", end->n, what);
	return (dst);
}
