#ifndef FUZZ_FILE_H_
#define FUZZ_FILE_H_

#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fuzz.h"

/*
 * Files for targets that read some: in a folder of the process in TMPDIR,
 * which tests/fuzz/run makes and removes.
 */
static char fuzz_folder[512];

/* The folder's path. */
static inline const char *
fuzz_dir(void)
{
	const char * tmp = getenv("TMPDIR");

	if (fuzz_folder[0] == '\0') {
		snprintf(fuzz_folder, sizeof fuzz_folder, "%s/fuzz.XXXXXX",
		    tmp != NULL ? tmp : "/tmp");
		MUST(mkdtemp(fuzz_folder) != NULL);
	}
	return (fuzz_folder);
}

/* The path of ${name} in it; overwritten by the next call but three. */
static inline const char *
fuzz_path(const char * name)
{
	static char path[4][600];
	static unsigned i;

	i = (i + 1) % 4;
	snprintf(path[i], sizeof path[i], "%s/%s", fuzz_dir(), name);
	return (path[i]);
}

/* Make the file ${name} of these bytes; return its path. */
static inline const char *
fuzz_file(const char * name, const void * p, size_t n)
{
	const char * path = fuzz_path(name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	MUST(fd != -1 && write(fd, p, n) == (ssize_t)n);
	close(fd);
	return (path);
}

/* What is in the file ${path}, NUL-terminated; to be freed. */
static inline char *
fuzz_read(const char * path, size_t * n)
{
	struct stat sb;
	char * p;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	MUST(fd != -1 && fstat(fd, &sb) == 0);
	*n = (size_t)sb.st_size;
	p = malloc(*n + 1);
	MUST(read(fd, p, *n) == (ssize_t)*n);
	p[*n] = '\0';
	close(fd);
	return (p);
}

#endif /* !FUZZ_FILE_H_ */
