#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/buf.h"
#include "../common/mem.h"

#include "verifier_impl.h"

#define FOLDER		"verify"
#define CYCLE		"cycle"
#define NEW		"found.new"

/* As load --resume names them. */
static const char * const checkpoint[] = { COMMAND_LOOK_CHECKPOINT,
	COMMAND_LOOK_CHECKPOINT ".keys", COMMAND_LOOK_CHECKPOINT ".found" };
static const char * const rejects[] = { "transform.rejects",
	"load.rejects" };

const char *
verifier_found(unsigned look)
{
	static const char * const names[CYCLE_LEFT] = { "found.1", "found.2",
		"found.3", "found.left" };

	return (names[look - 1]);
}

int
verifier_open_files(struct verifier * v, int make)
{
	struct statefile * f;
	struct buf b = { NULL, 0, 0 };

	if (v->dirfd != -1)
		return (0);
	if (v->folder->dirfd == -1)
		return (-1);
	if (make && mkdirat(v->folder->dirfd, FOLDER, 0700) == -1 &&
	    errno != EEXIST) {
		log_error_sys("%s: make the folder %s/" FOLDER, v->name,
		    v->folder->path);
		return (-1);
	}
	v->dirfd = openat(v->folder->dirfd, FOLDER, O_RDONLY | O_DIRECTORY |
	    O_NOFOLLOW | O_CLOEXEC);
	if (v->dirfd == -1) {
		if (!make && errno == ENOENT)
			return (0);
		log_error_sys("%s: folder %s/" FOLDER, v->name,
		    v->folder->path);
		return (-1);
	}
	buf_printf(&b, "%s/" FOLDER, v->folder->path);
	free(v->path);
	v->path = mem_dup(buf_text(&b));
	buf_free(&b);
	switch (statefile_read(v->dirfd, CYCLE, CYCLE_FORMAT, &f)) {
	case STATEFILE_OK:
		cycle_get(&v->cycle, f);
		statefile_free(f);
		break;
	case STATEFILE_MISSING:
		break;
	default:
		/* Nothing is promised by it, then, until one is complete. */
		VERIFIER_SAY(v, LOG_LEVEL_WARN, "%s: %s/" CYCLE " can't be "
		    "used: what was verified before is forgotten", v->name,
		    v->path);
	}
	return (0);
}

int
verifier_save(const struct verifier * v)
{
	struct buf b = { NULL, 0, 0 };
	int rc;

	cycle_put(&v->cycle, &b);
	rc = statefile_write(v->dirfd, CYCLE, &b, NULL);
	if (rc == -1)
		log_error_sys("%s: write %s/" CYCLE, v->name, v->path);
	buf_free(&b);
	return (rc);
}

static void
clean(const struct verifier * v, const char * const * names, size_t n)
{

	while (n-- > 0)
		unlinkat(v->dirfd, names[n], 0);
}

void
verifier_clean_look(const struct verifier * v)
{

	unlinkat(v->dirfd, NEW, 0);
	clean(v, rejects, sizeof rejects / sizeof rejects[0]);
}

void
verifier_clean(const struct verifier * v)
{
	unsigned look;

	verifier_clean_look(v);
	clean(v, checkpoint, sizeof checkpoint / sizeof checkpoint[0]);
	for (look = 1; look <= CYCLE_LEFT; look++)
		unlinkat(v->dirfd, verifier_found(look), 0);
}

int
verifier_intact(const struct verifier * v)
{
	struct stat sb;

	return (v->cycle.look == 1 || (fstatat(v->dirfd,
	    verifier_found(v->cycle.look - 1), &sb, AT_SYMLINK_NOFOLLOW) ==
	    0 && S_ISREG(sb.st_mode) && sb.st_size == v->cycle.bytes));
}

int
verifier_was_cut(const struct verifier * v)
{

	return (faccessat(v->dirfd, checkpoint[0], F_OK,
	    AT_SYMLINK_NOFOLLOW) == 0);
}

int
verifier_begin_found(struct verifier * v)
{

	verifier_clean_look(v);
	v->out_fd = openat(v->dirfd, NEW, O_CREAT | O_TRUNC | O_WRONLY |
	    O_NOFOLLOW | O_CLOEXEC, 0600);
	if (v->out_fd == -1)
		log_error_sys("%s: make %s/" NEW, v->name, v->path);
	return (v->out_fd == -1 ? -1 : 0);
}

int
verifier_keep_found(struct verifier * v)
{
	struct stat sb;

	if (fstat(v->out_fd, &sb) == -1 || renameat(v->dirfd, NEW, v->dirfd,
	    verifier_found(v->cycle.look)) == -1) {
		log_error_sys("%s: keep %s/%s", v->name, v->path,
		    verifier_found(v->cycle.look));
		return (-1);
	}
	v->cycle.bytes = sb.st_size;
	return (0);
}
