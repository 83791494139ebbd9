#include "common/log.h"
#include "supervisor/checkpoint.h"
#include "supervisor/control.h"
#include "supervisor/statefile.h"

#include "files.h"
#include "tap.h"

#define VALUE(at, epoch)	"{\"bookmarks\":{\"orders\":{" \
	"\"replication_key\":\"updated_at\",\"replication_key_value\":\"" \
	at "\",\"key\":[2],\"epoch\":" epoch "}}}"
#define T1	"2026-01-02T03:04:05.000000Z"
#define T2	"2026-01-02T03:04:06.000000Z"

static int dirfd;

static enum checkpoint_result
ack(struct checkpoint * c, const char * value)
{

	return (checkpoint_ack(c, value, strlen(value), "run-1", 7,
	    INT64_C(1767323046000000)));
}

static void
fresh(void)
{

	unlink("checkpoint");
	unlink("checkpoint.prev");
	unlink("state");
	files_catch();
}

static void
test_sealed(void)
{
	struct statefile * f = NULL;
	struct buf b = { NULL, 0, 0 };
	size_t i;
	int bad = 0;

	ok(statefile_crc32c(0, "123456789", 9) == 0xe3069283u,
	    "the CRC-32C of the book");
	statefile_head(&b, "test 1");
	statefile_put(&b, "name", "a=b");
	statefile_put(&b, "none", NULL);
	statefile_put_i64(&b, "n", -5);
	statefile_seal(&b);
	ok(statefile_parse(b.p, b.n, "test 1", &f) == STATEFILE_OK &&
	    strcmp(statefile_get(f, "name"), "a=b") == 0 &&
	    statefile_i64(f, "n", 0) == -5 && statefile_i64(f, "m", 9) == 9 &&
	    statefile_get(f, "none") == NULL, "written and read");
	statefile_free(f);
	ok(statefile_parse(b.p, b.n, "test 2", &f) == STATEFILE_BAD,
	    "another format");
	for (i = 0; i < b.n; i++) {
		b.p[i] ^= 1;
		bad += (statefile_parse(b.p, b.n, "test 1", &f) ==
		    STATEFILE_BAD);
		b.p[i] ^= 1;
	}
	ok(bad == (int)b.n, "one bit anywhere");
	for (bad = 0, i = 0; i < b.n; i++)
		bad += (statefile_parse(b.p, i, "test 1", &f) ==
		    STATEFILE_BAD);
	ok(bad == (int)b.n, "cut anywhere");
	ok(statefile_read(dirfd, "none", "test 1", &f) ==
	    STATEFILE_MISSING, "no file");
	ok(statefile_write(dirfd, "f", &b, "f.prev") == 0 &&
	    statefile_write(dirfd, "f", &b, "f.prev") == 0 &&
	    access("f.prev", F_OK) == 0 && access("f.new", F_OK) == -1,
	    "the one before is kept, nothing else is left");
	ok(statefile_write(dirfd, "no/f", &b, NULL) == -1, "no such folder");
	buf_free(&b);
}

static void
test_first(void)
{
	struct checkpoint * c;

	fresh();
	c = checkpoint_open(dirfd, "orders");
	ok(c != NULL && checkpoint_value(c) == NULL &&
	    files_said("from the start"), "a first run");
	ok(checkpoint_export(c, "state") == 0 && access("state", F_OK) == -1,
	    "no value, no file");
	ok(ack(c, VALUE(T1, "100")) == CHECKPOINT_OK, "acknowledged");
	ok(strcmp(checkpoint_position(c), T1) == 0 &&
	    checkpoint_position_us(c) == INT64_C(1767323045000000) &&
	    checkpoint_epoch(c) == 100, "its position");
	ok(checkpoint_export(c, "state") == 0 &&
	    files_is("state", VALUE(T1, "100") "\n"), "as extract reads it");
	checkpoint_free(c);

	c = checkpoint_open(dirfd, "orders");
	ok(c != NULL && strcmp(checkpoint_value(c), VALUE(T1, "100")) == 0 &&
	    checkpoint_records(c) == 7 && checkpoint_time(c) != 0,
	    "it survives");
	checkpoint_free(c);
}

static void
test_order(void)
{
	struct checkpoint * c;

	fresh();
	c = checkpoint_open(dirfd, "orders");
	ack(c, VALUE(T2, "100"));
	ok(ack(c, VALUE(T2, "100")) == CHECKPOINT_SAME, "the same again");
	ok(ack(c, VALUE(T1, "100")) == CHECKPOINT_OK &&
	    strcmp(checkpoint_position(c), T1) == 0,
	    "one extract may go back, as the clock does");
	ok(ack(c, VALUE(T2, "100")) == CHECKPOINT_OK, "and forth again");
	ok(ack(c, VALUE(T2, "99")) == CHECKPOINT_OLD, "an earlier epoch");
	ok(ack(c, VALUE(T2, "101")) == CHECKPOINT_EPOCH, "only a later one");
	ok(ack(c, VALUE(T1, "102")) == CHECKPOINT_OK,
	    "a later epoch may begin before");
	ok(ack(c, "{\"bookmarks\":{\"orders\":{\"epoch\":102,\"scan\":"
	    "{\"key\":[1]}}}}") == CHECKPOINT_OK &&
	    ack(c, "{\"bookmarks\":{\"orders\":{\"epoch\":102,\"scan\":"
	    "{\"key\":[2]}}}}") == CHECKPOINT_OK, "a scan goes forward");
	ok(ack(c, "") == CHECKPOINT_BAD_VALUE &&
	    ack(c, "{}") == CHECKPOINT_BAD_VALUE &&
	    ack(c, "null") == CHECKPOINT_BAD_VALUE &&
	    ack(c, "{\"bookmarks\":") == CHECKPOINT_BAD_VALUE,
	    "what is no value");
	ok(ack(c, "{\"position\":5}") == CHECKPOINT_OK &&
	    checkpoint_position(c) == NULL &&
	    checkpoint_position_us(c) == -1, "another tap's");
	ok(ack(c, "{\"bookmarks\":{\"orders\":{\"n\":1}}}") ==
	    CHECKPOINT_OK && ack(c, "{\"position\":6}") == CHECKPOINT_OK &&
	    ack(c, "{\"bookmarks\":{\"orders\":[1]}}") == CHECKPOINT_OK &&
	    ack(c, "{\"bookmarks\":{\"orders\":[2]}}") == CHECKPOINT_OK,
	    "which may change its form");
	ok(ack(c, "{\"bookmarks\":{},\"round\":\"r1\"}") == CHECKPOINT_OK &&
	    strcmp(checkpoint_round(c), "r1") == 0 &&
	    ack(c, "{\"bookmarks\":{},\"round\":\"r2\"}") ==
	    CHECKPOINT_SAME && strcmp(checkpoint_round(c), "r2") == 0,
	    "a round");
	checkpoint_free(c);
	ok(checkpoint_compare(VALUE(T1, "1"), strlen(VALUE(T1, "1")),
	    VALUE(T2, "1"), strlen(VALUE(T2, "1")), "orders") < 0,
	    "compared");
}

static void
test_trouble(void)
{
	struct checkpoint * c;
	char * p;
	size_t n;

	fresh();
	c = checkpoint_open(dirfd, "orders");
	ack(c, VALUE(T1, "100"));
	ack(c, VALUE(T2, "100"));
	checkpoint_free(c);
	files_catch();
	ok(checkpoint_open(dirfd, "items") == NULL &&
	    files_said("another table's"), "another table's");
	p = files_get("checkpoint", &n);
	p[n / 2] ^= 4;
	files_put("checkpoint", p, n, 0600);
	free(p);
	files_catch();
	ok(checkpoint_open(dirfd, "orders") == NULL &&
	    files_said("crc32c") && files_said("checkpoint.prev"),
	    "altered: the remedy is named");
	unlink("checkpoint");
	files_catch();
	ok(checkpoint_open(dirfd, "orders") == NULL && files_said("is gone"),
	    "lost is not a first run");
	ok(rename("checkpoint.prev", "checkpoint") == 0, "the remedy");
	c = checkpoint_open(dirfd, "orders");
	ok(c != NULL && strcmp(checkpoint_position(c), T1) == 0, "helps");
	checkpoint_free(c);
	c = checkpoint_open(dirfd, "orders");
	unlink("checkpoint.prev");
	ok(c != NULL && mkdir("checkpoint.prev", 0700) == 0 &&
	    ack(c, VALUE(T2, "100")) == CHECKPOINT_FAILED &&
	    strcmp(checkpoint_position(c), T1) == 0,
	    "what can't be written isn't taken");
	checkpoint_free(c);
	rmdir("checkpoint.prev");
}

static void
test_control(void)
{
	struct control * c = control_open(dirfd);

	ok(c != NULL && !control_paused(c, NULL, 0) &&
	    control_paused(c, NULL, 1) && control_interval(c, NULL, 60) == 0,
	    "nothing was steered");
	ok(control_set_paused(c, "a=b\n", 1, 0) == 0 &&
	    control_set_interval(c, NULL, 5, 60) == 0 &&
	    control_set_interval(c, "t", 7, 60) == 0, "steered");
	control_free(c);
	c = control_open(dirfd);
	ok(c != NULL && control_paused(c, "a=b\n", 0) &&
	    !control_paused(c, "t", 0) && control_interval(c, NULL, 60) == 5
	    && control_interval(c, "t", 60) == 7, "it survives");
	ok(control_interval(c, NULL, 61) == 0,
	    "until the setting changes");
	ok(control_set_paused(c, NULL, 0, 1) == 0 &&
	    !control_paused(c, NULL, 1), "resumed against the setting");
	ok(control_set_interval(c, NULL, 0, 60) == 0 &&
	    control_interval(c, NULL, 60) == 0, "back to the setting");
	control_free(c);
	files_put_text("control", "rubbish\n", 0600);
	files_catch();
	ok(control_open(dirfd) == NULL && files_said("remove it"),
	    "damaged: the remedy is named");
}

int
main(void)
{

	files_begin();
	files_catch();
	setenv("LOG_FORMAT", "text", 1);
	log_open("test");
	dirfd = open(".", O_RDONLY | O_DIRECTORY);
	test_sealed();
	test_first();
	test_order();
	test_trouble();
	test_control();
	return (tap_done());
}
