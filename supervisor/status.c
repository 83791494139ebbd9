#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/buf.h"
#include "../common/mem.h"

#include "report.h"
#include "service_impl.h"
#include "status.h"

#define NAME	"status.json"
#define NEW	NAME ".new"

void
status_write(const struct service * sv, int dirfd, struct mono now)
{
	struct buf b = { NULL, 0, 0 };
	struct report r = { .n = 0 };
	ssize_t n;
	int fd;

	report_look(&r, sv, now);
	report_status(&r, &b);
	buf_putc(&b, '\n');
	report_clear(&r);
	fd = openat(dirfd, NEW, O_CREAT | O_TRUNC | O_WRONLY | O_NOFOLLOW |
	    O_CLOEXEC, 0600);
	if (fd != -1) {
		n = write(fd, b.p, b.n);
		if (close(fd) == 0 && n == (ssize_t)b.n)
			renameat(dirfd, NEW, dirfd, NAME);
	}
	buf_free(&b);
}

/* One line of the table. */
static void
put_line(struct buf * b, int width, const struct table_view * v,
    const char * result)
{
	const struct counts * c = &v->total;

	buf_printf(b, "%-*s  %-11s %10ju %10ju %10ju %10ju %10ju %10.3f",
	    width, v->name, result, (uintmax_t)c->read,
	    (uintmax_t)c->created, (uintmax_t)c->updated,
	    (uintmax_t)c->deleted, (uintmax_t)c->rejected,
	    (double)(v->started_wall == 0 ? 0 : v->ended_wall -
	    v->started_wall) / (double)SECOND_US);
	if (v->error != NULL)
		buf_printf(b, "  %s", v->error);
	buf_putc(b, '\n');
}

int
status_print(const struct service * sv, struct mono now)
{
	static const char * const words[] = { "ok", "interrupted", "retry",
		"gave up", "refused" };
	struct buf b = { NULL, 0, 0 };
	struct report r = { .n = 0 };
	size_t i;
	int width = (int)strlen("TABLE"), rc = -1;

	report_look(&r, sv, now);
	for (i = 0; i < r.n; i++) {
		if ((int)strlen(r.table[i].name) > width)
			width = (int)strlen(r.table[i].name);
	}
	buf_printf(&b, "%-*s  %-11s %10s %10s %10s %10s %10s %10s\n", width,
	    "TABLE", "RESULT", "READ", "CREATED", "UPDATED", "DELETED",
	    "REJECTED", "SECONDS");
	for (i = 0; i < r.n; i++)
		put_line(&b, width, &r.table[i], sv->done[i] ?
		    words[sv->outcome[i]] : "not run");
	report_clear(&r);
	if (fwrite(b.p, 1, b.n, stdout) == b.n && fflush(stdout) == 0)
		rc = 0;
	buf_free(&b);
	return (rc);
}
