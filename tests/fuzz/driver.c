#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/mutate.h"

#include "fuzz.h"

/*
 * What runs a fuzz target where clang's libFuzzer is not at hand: inputs
 * from files, then mutations of them; those that reach new code (gcc's
 * -fsanitize-coverage=trace-pc) are mutated in their turn.  Its arguments
 * are libFuzzer's, as far as tests/fuzz/run gives them:
 *
 *	-runs=0			only run the files
 *	-max_total_time=S	stop after S seconds
 *	-seed=N			of all random choices
 *	-timeout=S		an input that takes longer hangs
 *	-artifact_prefix=DIR/	where an input that breaks it is written
 *	FILE, FOLDER ...	inputs; new ones go to the first folder
 *
 * The inputs are tried in a child, which shares the one in hand with us: so
 * it is known whatever becomes of the child.
 */
#define INPUT_MAX	4096
#define GROWTH_MAX	64		/* by one mutation, at most */
#define MAP_SIZE	(1u << 16)

struct input {
	uint8_t * p;
	size_t n;
};

static struct {
	volatile size_t n;		/* the input in hand */
	volatile uint64_t tried, kept, edges;
	uint8_t p[INPUT_MAX + GROWTH_MAX];
} * shared;

static struct {
	long runs, seconds, timeout;
	uint64_t seed;
	const char * artifacts, * folder;
} opt = { -1, 10, 20, 0, "./", NULL };

static struct input * pool;
static size_t npool;

/* The edges of an input: which, and in what order they were met. */
static uint8_t hit[MAP_SIZE], ever[MAP_SIZE];
static uint32_t met[MAP_SIZE];
static uint32_t nmet;
static uintptr_t before;

void __sanitizer_cov_trace_pc(void);
void
__sanitizer_cov_trace_pc(void)
{
	uintptr_t pc = (uintptr_t)__builtin_return_address(0);
	uint32_t i = (uint32_t)(pc ^ before << 1) % MAP_SIZE;

	before = pc;
	if (!hit[i]) {
		hit[i] = 1;
		met[nmet++] = i;
	}
}

/* Forget what was met.  Return how much of it was new. */
static unsigned
take_edges(void)
{
	unsigned fresh = 0;

	while (nmet > 0) {
		nmet--;
		hit[met[nmet]] = 0;
		fresh += !ever[met[nmet]];
		ever[met[nmet]] = 1;
	}
	before = 0;
	shared->edges += fresh;
	return (fresh);
}

static void
keep(const uint8_t * p, size_t n)
{

	if ((npool & (npool - 1)) == 0)
		pool = realloc(pool, (npool ? 2 * npool : 1) * sizeof *pool);
	pool[npool].p = malloc(n + 1);
	memcpy(pool[npool].p, p, n);
	pool[npool++].n = n;
	shared->kept = npool;
}

static uint64_t
digest(const uint8_t * p, size_t n)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);
	size_t i;

	for (i = 0; i < n; i++)
		h = (h ^ p[i]) * UINT64_C(0x100000001b3);
	return (h);
}

/* Write an input to DIR/KIND-DIGEST, and its path to ${path}. */
static void
save(const char * dir, const char * kind, const uint8_t * p, size_t n,
    char * path, size_t size)
{
	FILE * f;

	snprintf(path, size, "%s%s%016jx", dir, kind,
	    (uintmax_t)digest(p, n));
	if ((f = fopen(path, "w")) == NULL || fwrite(p, 1, n, f) != n ||
	    fclose(f) != 0) {
		fprintf(stderr, "driver: %s: %s\n", path, strerror(errno));
		_exit(1);
	}
}

/* Try the input in hand, in a block of its very size. */
static void
try(void)
{
	size_t n = shared->n;
	uint8_t * p = malloc(n);

	memcpy(p, shared->p, n);
	(void)LLVMFuzzerTestOneInput(p, n);
	free(p);
	shared->tried++;
}

static void
try_file(const char * path)
{
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd == -1 || (n = read(fd, shared->p, INPUT_MAX)) == -1) {
		fprintf(stderr, "driver: %s: %s\n", path, strerror(errno));
		_exit(1);
	}
	close(fd);
	shared->n = (size_t)n;
	try();
	(void)take_edges();
	keep(shared->p, shared->n);
}

/* Try a file, or all files of a folder. */
static void
try_path(const char * path)
{
	struct dirent ** list;
	char * name = NULL;
	struct stat sb;
	int i, n;

	if (stat(path, &sb) == -1 || !S_ISDIR(sb.st_mode)) {
		try_file(path);
		return;
	}
	if ((n = scandir(path, &list, NULL, alphasort)) == -1)
		return;
	for (i = 0; i < n; i++) {
		if (list[i]->d_name[0] != '.' && asprintf(&name, "%s/%s",
		    path, list[i]->d_name) != -1) {
			try_file(name);
			free(name);
		}
		free(list[i]);
	}
	free(list);
}

/* A piece of another input in the middle of this one. */
static void
cross(uint8_t * p, size_t * n)
{
	const struct input * other = &pool[roll((uint32_t)npool)];
	size_t at = roll((uint32_t)*n + 1);
	size_t from = roll((uint32_t)other->n + 1);
	size_t len = other->n - from;

	if (len > INPUT_MAX - at)
		len = INPUT_MAX - at;
	memcpy(p + at, other->p + from, len);
	*n = at + len;
}

static void
mutated(void)
{
	const struct input * from;
	size_t n;
	uint32_t k;

	/* Later ones more often. */
	k = roll((uint32_t)npool);
	if (roll(2))
		k = (uint32_t)npool - 1 - k / 4;
	from = &pool[k];
	n = from->n;
	memcpy(shared->p, from->p, n);
	if (roll(8) == 0)
		cross(shared->p, &n);
	for (k = 1 + roll(1u << roll(4)); k > 0; k--) {
		mutate((char *)shared->p, &n);
		if (n > INPUT_MAX)
			n = INPUT_MAX;
	}
	shared->n = n;
}

static time_t
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (ts.tv_sec);
}

static void
child(int argc, char * argv[])
{
	char path[4096];
	time_t end;
	int i, null;

	if (opt.runs != 0 && (null = open("/dev/null", O_WRONLY)) != -1) {
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
	}
	for (i = 1; i < argc; i++) {
		if (argv[i][0] != '-')
			try_path(argv[i]);
	}
	if (npool == 0)
		keep((const uint8_t *)"", 0);
	mutate_seed = opt.seed + (opt.seed == 0);
	for (end = now() + opt.seconds; opt.runs != 0 && now() < end; ) {
		for (i = 0; i < 50; i++) {
			mutated();
			try();
			if (take_edges() == 0)
				continue;
			keep(shared->p, shared->n);
			if (opt.folder != NULL)
				save(opt.folder, "/", shared->p, shared->n,
				    path, sizeof path);
		}
	}
}

/* Wait for the child; kill one that hangs.  Return its wait status. */
static int
watch(pid_t pid)
{
	struct timespec pause = { 0, 20000000 };
	uint64_t tried = 0;
	time_t since = now();
	int status;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		nanosleep(&pause, NULL);
		if (shared->tried != tried) {
			tried = shared->tried;
			since = now();
		} else if (now() - since > opt.timeout)
			kill(pid, SIGKILL);
	}
	return (status);
}

static void
options(int argc, char * argv[])
{
	struct stat sb;
	int i;

	for (i = 1; i < argc; i++) {
		const char * value = strchr(argv[i], '=');

		if (argv[i][0] != '-') {
			if (opt.folder == NULL && stat(argv[i], &sb) == 0 &&
			    S_ISDIR(sb.st_mode))
				opt.folder = argv[i];
			else if (opt.folder == NULL)
				opt.runs = 0;
		} else if (strncmp(argv[i], "-runs=", 6) == 0)
			opt.runs = atol(value + 1);
		else if (strncmp(argv[i], "-max_total_time=", 16) == 0)
			opt.seconds = atol(value + 1);
		else if (strncmp(argv[i], "-timeout=", 9) == 0)
			opt.timeout = atol(value + 1);
		else if (strncmp(argv[i], "-seed=", 6) == 0)
			opt.seed = strtoull(value + 1, NULL, 10);
		else if (strncmp(argv[i], "-artifact_prefix=", 17) == 0)
			opt.artifacts = value + 1;
	}
}

int
main(int argc, char * argv[])
{
	char path[4096];
	int status;
	pid_t pid;

	options(argc, argv);
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED || (pid = fork()) == -1) {
		perror("driver");
		return (1);
	}
	if (pid == 0) {
		child(argc, argv);
		exit(0);
	}
	status = watch(pid);
	printf("#%ju inputs, %ju kept, %ju edges, seed %ju\n",
	    (uintmax_t)shared->tried, (uintmax_t)shared->kept,
	    (uintmax_t)shared->edges, (uintmax_t)opt.seed);
	if (status == 0)
		return (0);
	if (opt.folder == NULL)		/* it is in a file already */
		return (1);
	save(opt.artifacts, WIFSIGNALED(status) && WTERMSIG(status) ==
	    SIGKILL ? "hang-" : "crash-", shared->p, shared->n, path,
	    sizeof path);
	printf("broken (wait status %#x) by %s\n", (unsigned)status, path);
	return (1);
}
