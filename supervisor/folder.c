#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "../common/buf.h"
#include "../common/log.h"
#include "../common/mem.h"

#include "folder.h"
#include "tablename.h"

static int
make_folder(int state_fd, const char * path)
{

	if (mkdirat(state_fd, path, 0700) == -1 && errno != EEXIST)
		return (-1);
	return (0);
}

/* Open the folder itself.  Return 0, or -1 after a report. */
static int
open_folder(struct folder * f, int state_fd, const char * state_dir,
    const char * table)
{
	struct buf b = { NULL, 0, 0 };
	char name[TABLENAME_MAX];

	if (f->dirfd != -1)
		return (0);
	if (tablename_encode(table, name, sizeof name) == -1) {
		log_error("\"%s\": no table has such a name", table);
		return (-1);
	}
	buf_printf(&b, "%s/tables/%s", state_dir, name);
	free(f->path);
	f->path = mem_dup(buf_text(&b));
	buf_clear(&b);
	buf_printf(&b, "tables/%s", name);
	if (make_folder(state_fd, "tables") == -1 ||
	    make_folder(state_fd, buf_text(&b)) == -1 ||
	    (f->dirfd = openat(state_fd, buf_text(&b), O_RDONLY |
	    O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) == -1)
		log_error_sys("%s: folder %s", table, f->path);
	buf_free(&b);
	return (f->dirfd == -1 ? -1 : 0);
}

/*
 * Open the FIFO.  Held for reading and writing, it never says end of file,
 * and keeps what is in it between two pipelines.
 */
static int
open_fifo(struct folder * f, const char * table)
{
	struct stat sb;

	if (f->ack_fd != -1)
		return (0);
	if (mkfifoat(f->dirfd, "ack", 0600) == -1 && errno != EEXIST) {
		log_error_sys("%s: make %s/ack", table, f->path);
		return (-1);
	}
	f->ack_fd = openat(f->dirfd, "ack",
	    O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (f->ack_fd == -1 || fstat(f->ack_fd, &sb) == -1) {
		log_error_sys("%s: open %s/ack", table, f->path);
		return (-1);
	}
	if (!S_ISFIFO(sb.st_mode) || sb.st_uid != geteuid() ||
	    (sb.st_mode & 077) != 0) {
		log_error("%s: %s/ack is no FIFO of ours alone: remove it",
		    table, f->path);
		close(f->ack_fd);
		f->ack_fd = -1;
		return (-1);
	}
	return (0);
}

int
folder_open(struct folder * f, int state_fd, const char * state_dir,
    const char * table)
{

	if (open_folder(f, state_fd, state_dir, table) == -1)
		return (-1);
	return (open_fifo(f, table));
}

int
folder_try(const struct folder * f)
{
	static const char text[4096];
	int fd, rc;

	if ((fd = openat(f->dirfd, "try", O_CREAT | O_TRUNC | O_WRONLY |
	    O_NOFOLLOW | O_CLOEXEC, 0600)) == -1)
		return (-1);
	rc = write(fd, text, sizeof text) == (ssize_t)sizeof text ?
	    fsync(fd) : -1;
	if (close(fd) == -1)
		rc = -1;
	unlinkat(f->dirfd, "try", 0);
	return (rc);
}

void
folder_close(struct folder * f)
{

	if (f->ack_fd != -1)
		close(f->ack_fd);
	if (f->dirfd != -1)
		close(f->dirfd);
	free(f->path);
}
