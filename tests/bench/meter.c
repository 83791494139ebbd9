#include <sys/resource.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/*
 * meter: run a pipeline and say what each of its processes has used.
 *
 *	meter [-i FILE] [-o FILE] PROGRAM [ARGUMENT ...] [! PROGRAM ...] ...
 *
 * "!" is the pipe.  The first program reads FILE, or /dev/null; the last one
 * writes FILE, or /dev/null.  One line of JSON on standard output:
 *
 *	{"start":NS,"wall":S,"stages":[{"status":N,"user":S,"sys":S,
 *	 "rss":KIB}, ...]}
 *
 * start is of the monotonic clock.  It is a program of its own because the
 * peak memory that the kernel tells of a process begins with that of the one
 * it was forked from: this one is small.
 */

#define STAGES_MAX	16

struct stage {
	char ** argv;
	pid_t pid;
	int status;
	struct rusage use;
};

static void __attribute__((noreturn, format(printf, 1, 2)))
die(const char * fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fprintf(stderr, "meter: ");
	vfprintf(stderr, fmt, ap);
	fprintf(stderr, ": %s\n", strerror(errno));
	va_end(ap);
	exit(100);
}

static uint64_t
clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return ((uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec);
}

/* Split the arguments at each "!".  Return the number of stages. */
static int
split(char ** argv, struct stage * stages)
{
	int n = 0;

	while (*argv != NULL) {
		if (n == STAGES_MAX)
			die("too many stages");
		stages[n++].argv = argv;
		while (*argv != NULL && strcmp(*argv, "!") != 0)
			argv++;
		if (*argv != NULL)
			*argv++ = NULL;
	}
	return (n);
}

static pid_t
start(char ** argv, int in, int out)
{
	pid_t pid = fork();

	if (pid == -1)
		die("fork");
	if (pid > 0)
		return (pid);
	if (dup2(in, 0) == -1 || dup2(out, 1) == -1)
		die("dup2");
	execvp(argv[0], argv);
	die("%s", argv[0]);
}

static void
run(struct stage * stages, int n, int in, int out)
{
	int i, fd[2];
	pid_t pid;
	struct rusage use;
	int status, left = n;

	for (i = 0; i < n; i++) {
		fd[0] = -1;
		fd[1] = out;
		if (i + 1 < n && pipe2(fd, O_CLOEXEC) == -1)
			die("pipe");
		stages[i].pid = start(stages[i].argv, in, fd[1]);
		close(in);
		close(fd[1]);
		in = fd[0];
	}
	while (left > 0) {
		if ((pid = wait4(-1, &status, 0, &use)) == -1)
			die("wait");
		for (i = 0; i < n; i++) {
			if (stages[i].pid != pid)
				continue;
			stages[i].status = WIFEXITED(status) ?
			    WEXITSTATUS(status) : 128 + WTERMSIG(status);
			stages[i].use = use;
			left--;
		}
	}
}

static double
seconds(struct timeval t)
{

	return ((double)t.tv_sec + (double)t.tv_usec / 1e6);
}

int
main(int argc, char * argv[])
{
	struct stage stages[STAGES_MAX];
	const char * in = "/dev/null", * out = "/dev/null";
	uint64_t began;
	int c, i, n, ifd, ofd;

	while ((c = getopt(argc, argv, "+i:o:")) != -1) {
		if (c == 'i')
			in = optarg;
		else if (c == 'o')
			out = optarg;
		else
			exit(100);
	}
	if ((n = split(argv + optind, stages)) == 0)
		exit(100);
	if ((ifd = open(in, O_RDONLY | O_CLOEXEC)) == -1)
		die("open %s", in);
	if ((ofd = open(out, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
	    0600)) == -1)
		die("open %s", out);
	began = clock_ns();
	run(stages, n, ifd, ofd);
	printf("{\"start\":%ju,\"wall\":%.6f,\"stages\":[", (uintmax_t)began,
	    (double)(clock_ns() - began) / 1e9);
	for (i = 0; i < n; i++)
		printf("%s{\"status\":%d,\"user\":%.6f,\"sys\":%.6f,"
		    "\"rss\":%ld}", i > 0 ? "," : "", stages[i].status,
		    seconds(stages[i].use.ru_utime),
		    seconds(stages[i].use.ru_stime), stages[i].use.ru_maxrss);
	printf("]}\n");
	return (fflush(stdout) == 0 ? 0 : 100);
}
