#ifndef FILES_H_
#define FILES_H_

#include <sys/stat.h>

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * A folder of its own for a test, which becomes the working directory, and
 * what the code under test says on standard error.  A failure of these
 * themselves ends the test: it has no result then.
 */
static char files_dir[] = "/tmp/millrace-test.XXXXXX";

static inline void
files_need(int good, const char * what)
{

	if (good)
		return;
	printf("Bail out! %s\n", what);
	exit(EXIT_FAILURE);
}

static inline int
files_remove(const char * path, const struct stat * sb, int flag,
    struct FTW * ftw)
{

	(void)sb;
	(void)flag;
	(void)ftw;
	return (remove(path));
}

static inline void
files_end(void)
{

	nftw(files_dir, files_remove, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void
files_begin(void)
{

	files_need(mkdtemp(files_dir) != NULL, "mkdtemp");
	files_need(chdir(files_dir) == 0, "chdir");
	atexit(files_end);
}

static inline void
files_put(const char * path, const char * text, size_t n, mode_t mode)
{
	int fd;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	files_need(fd != -1 && write(fd, text, n) == (ssize_t)n &&
	    fchmod(fd, mode) == 0 && close(fd) == 0, path);
}
#define files_put_text(path, text, mode) \
	files_put((path), (text), strlen(text), (mode))

/* All of a file, NUL-terminated; the caller's. */
static inline char *
files_get(const char * path, size_t * n)
{
	struct stat sb;
	char * p;
	int fd = open(path, O_RDONLY);

	files_need(fd != -1 && fstat(fd, &sb) == 0, path);
	p = malloc((size_t)sb.st_size + 1);
	files_need(p != NULL && read(fd, p, (size_t)sb.st_size) == sb.st_size,
	    path);
	close(fd);
	p[sb.st_size] = '\0';
	if (n != NULL)
		*n = (size_t)sb.st_size;
	return (p);
}

/* Does the file hold the text, or exactly it? */
static inline int
files_has(const char * path, const char * text)
{
	char * p = files_get(path, NULL);
	int has = strstr(p, text) != NULL;

	free(p);
	return (has);
}

static inline int
files_is(const char * path, const char * text)
{
	char * p = files_get(path, NULL);
	int is = strcmp(p, text) == 0;

	if (!is)
		printf("#   got:      %s\n#   expected: %s\n", p, text);
	free(p);
	return (is);
}

/* From here on standard error goes to the file `err`, emptied. */
static inline void
files_catch(void)
{
	int fd = open("err", O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);

	files_need(fd != -1 && dup2(fd, STDERR_FILENO) != -1, "err");
	close(fd);
}

/* Was this said since files_catch()? */
static inline int
files_said(const char * text)
{
	char * p = files_get("err", NULL);
	int said = strstr(p, text) != NULL;

	if (!said)
		printf("#   said: %s\n", p);
	free(p);
	return (said);
}

/* Nothing was. */
static inline int
files_silent(void)
{
	char * p = files_get("err", NULL);
	int silent = (*p == '\0');

	if (!silent)
		printf("#   said: %s\n", p);
	free(p);
	return (silent);
}

#endif /* !FILES_H_ */
