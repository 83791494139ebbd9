#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../common/exitcode.h"
#include "../common/json.h"
#include "../common/log.h"
#include "../common/timestamp.h"

#include "audit.h"
#include "checkpoint.h"
#include "jsonw.h"
#include "lock.h"
#include "tablename.h"

#include "move.h"

/* Write an object's members but for those that are set here. */
static void
copy_members(struct jsonw * w, const struct json_node * object,
    const char * const * but)
{
	const struct json_node * v;
	const char * const * b;

	for (v = json_first(object); v != NULL; v = json_next(v)) {
		struct buf raw = { NULL, 0, 0 };
		const char * p;
		size_t n;

		for (b = but; *b != NULL; b++) {
			if (strcmp(*b, json_key(v, NULL)) == 0)
				break;
		}
		if (*b != NULL)
			continue;
		p = json_raw(v, &n);
		buf_put(&raw, p, n);
		jsonw_raw(w, json_key(v, NULL), buf_text(&raw));
		buf_free(&raw);
	}
}

/*
 * The bookmark at another time: no key, no reading half done, and not what the
 * server's clock was when it stood elsewhere.
 */
static void
put_bookmark(struct jsonw * w, const char * table,
    const struct json_node * old, int64_t time)
{
	static const char * const but[] = { "replication_key_value", "key",
		"scan", "epoch", "clock", NULL };
	char text[TIMESTAMP_LEN + 1] = "";
	uint64_t epoch = 0;

	timestamp_format(time, text);
	json_uint64(json_get(old, "epoch"), &epoch);
	jsonw_object(w, table);
	copy_members(w, old, but);
	jsonw_text(w, "replication_key_value", text);
	jsonw_u64(w, "epoch", epoch + 1);
	jsonw_end(w);
}

int
move_value(const char * value, const char * table, int64_t time,
    struct buf * out, const char ** why)
{
	const char * const others[] = { table, NULL };
	static const char * const but[] = { "bookmarks", "round", NULL };
	struct json * doc = json_parse(value, strlen(value), NULL);
	const struct json_node * root, * all, * mine;
	struct jsonw w;
	int rc = -1;

	*why = "its position is no STATE value";
	if (doc == NULL)
		return (-1);
	root = json_root(doc);
	all = json_get(root, "bookmarks");
	mine = json_get(all, table);
	*why = "its position is no time of a change column; only a move to "
	    "the start is possible";
	if (json_text(json_get(mine, "replication_key"), NULL) != NULL) {
		jsonw_init(&w, out);
		jsonw_object(&w, NULL);
		jsonw_object(&w, "bookmarks");
		copy_members(&w, all, others);
		put_bookmark(&w, table, mine, time);
		jsonw_end(&w);
		copy_members(&w, root, but);
		jsonw_end(&w);
		rc = 0;
	}
	json_free(doc);
	return (rc);
}

/* Forget the position: the next run is the first. */
static int
forget(int fd, const char * table)
{
	static const char * const names[] = { "checkpoint.prev", "checkpoint",
		"state" };
	size_t i;

	for (i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (unlinkat(fd, names[i], 0) == -1 && errno != ENOENT) {
			log_error_sys("%s: remove %s", table, names[i]);
			return (EXIT_TEMP);
		}
	}
	if (fsync(fd) == -1) {
		log_error_sys("%s: fsync", table);
		return (EXIT_TEMP);
	}
	return (EXIT_DONE);
}

/* Move it to ${time}. */
static int
move_to(struct checkpoint * c, const char * table, int64_t time)
{
	struct buf value = { NULL, 0, 0 };
	const char * why = "it was never synchronised";
	int rc = EXIT_PERM;

	if (checkpoint_value(c) == NULL ||
	    move_value(checkpoint_value(c), table, time, &value, &why) == -1)
		log_error("%s: %s", table, why);
	else if (checkpoint_ack(c, value.p, value.n, "moved",
	    checkpoint_records(c), timestamp_now()) > CHECKPOINT_SAME) {
		log_error_sys("%s: write the checkpoint", table);
		rc = EXIT_TEMP;
	} else
		rc = EXIT_DONE;
	buf_free(&value);
	return (rc);
}

/* The folder of a table, or -1 after a report. */
static int
open_table(int state_fd, const char * table)
{
	char name[TABLENAME_MAX], path[TABLENAME_MAX + 8];
	int fd;

	if (tablename_encode(table, name, sizeof name) == -1) {
		log_error("\"%s\" is no name of a table", table);
		return (-1);
	}
	snprintf(path, sizeof path, "tables/%s", name);
	fd = openat(state_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		log_error_sys("%s: open %s in the state directory", table,
		    path);
	return (fd);
}

static int
note(int state_fd, const char * table, const char * was, const char * to,
    int rc)
{
	struct audit * a = audit_open(state_fd, "audit.jsonl");
	struct buf detail = { NULL, 0, 0 };
	char who[32];

	if (a == NULL)
		return (EXIT_TEMP);
	buf_printf(&detail, "from %s to %s", *was != '\0' ? was : "nothing",
	    to);
	snprintf(who, sizeof who, "uid:%ju", (uintmax_t)getuid());
	if (audit_put(a, &(struct audit_entry) { .who = who,
	    .action = "move", .table = table, .detail = buf_text(&detail),
	    .result = rc == EXIT_DONE ? "done" : "refused" }) == -1)
		rc = EXIT_TEMP;
	buf_free(&detail);
	audit_free(a);
	return (rc);
}

/* With the lock held. */
static int
move_locked(int state_fd, const char * table, const char * to, int64_t time,
    struct buf * was)
{
	struct checkpoint * c;
	int fd, rc;

	if ((fd = open_table(state_fd, table)) == -1)
		return (EXIT_PERM);
	if (strcmp(to, "start") == 0)
		rc = forget(fd, table);
	else if ((c = checkpoint_open(fd, table)) == NULL)
		rc = EXIT_PERM;
	else {
		if (checkpoint_position(c) != NULL)
			buf_puts(was, checkpoint_position(c));
		rc = move_to(c, table, time);
		checkpoint_free(c);
	}
	close(fd);
	return (note(state_fd, table, buf_text(was), to, rc));
}

int
move_table(const char * state_dir, const char * table, const char * to,
    struct buf * was)
{
	int64_t time = 0;
	int fd, lock, temporary, rc;

	if (strcmp(to, "start") != 0 &&
	    timestamp_parse(to, strlen(to), &time) == -1) {
		log_error("\"%s\" is neither a time such as "
		    "2026-01-02T03:04:05Z nor start", to);
		return (EXIT_PERM);
	}
	if ((fd = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1) {
		log_error_sys("open the state directory %s (STATE_DIR)",
		    state_dir);
		return (EXIT_PERM);
	}
	if ((lock = lock_take(fd, state_dir, &temporary)) != -1) {
		rc = move_locked(fd, table, to, time, was);
		close(lock);
	} else
		rc = temporary ? EXIT_TEMP : EXIT_PERM;
	close(fd);
	return (rc);
}
