#include "supervisor/checkpoint.h"
#include "supervisor/control.h"
#include "supervisor/statefile.h"

#include "file.h"

/*
 * The sealed files.  As they come they are refused unless the seal fits;
 * sealed by us, a checkpoint and what was steered are read, and go on.
 */
static void
try_raw(const uint8_t * p, size_t n)
{
	struct statefile * f = NULL;
	struct buf b = { NULL, 0, 0 };
	const char * name, * v;
	size_t i;

	if (statefile_parse((const char *)p, n, "f", &f) != STATEFILE_OK)
		return;
	statefile_head(&b, "f");
	for (i = 0; (name = statefile_member(f, i, &v)) != NULL; i++)
		statefile_put(&b, name, v);
	statefile_seal(&b);
	statefile_free(f);
	MUST(statefile_parse(b.p, b.n, "f", &f) == STATEFILE_OK);
	statefile_free(f);
	buf_free(&b);
}

static void
seal(const char * name, const char * format, const uint8_t * p, size_t n)
{
	struct buf b = { NULL, 0, 0 };

	statefile_head(&b, format);
	buf_put(&b, p, n);
	if (n > 0 && p[n - 1] != '\n')
		buf_putc(&b, '\n');
	statefile_seal(&b);
	(void)fuzz_file(name, b.p, b.n);
	buf_free(&b);
}

static void
try_checkpoint(int dir)
{
	static const char value[] = "{\"bookmarks\":{\"t\":{\"epoch\":"
	    "9223372036854775807,\"replication_key_value\":"
	    "\"9999-12-31T23:59:59.999999Z\"}}}";
	struct checkpoint * c = checkpoint_open(dir, "t");
	enum checkpoint_result r;

	if (c == NULL)
		return;
	(void)checkpoint_position_us(c);
	(void)checkpoint_round(c);
	r = checkpoint_ack(c, value, sizeof value - 1, "run", 1, 1);
	MUST(r != CHECKPOINT_FAILED && r != CHECKPOINT_BAD_VALUE);
	checkpoint_free(c);
	if (r == CHECKPOINT_OLD)
		return;
	c = checkpoint_open(dir, "t");
	MUST(c != NULL && checkpoint_value(c) != NULL);
	MUST(r == CHECKPOINT_SAME || strcmp(checkpoint_value(c), value) == 0);
	checkpoint_free(c);
}

static void
try_control(int dir)
{
	struct control * c = control_open(dir);

	if (c == NULL)
		return;
	(void)control_interval(c, "t", 0);
	MUST(control_set_paused(c, "t", 1, 0) == 0);
	MUST(control_paused(c, "t", 0));
	control_free(c);
	c = control_open(dir);
	MUST(c != NULL && control_paused(c, "t", 0));
	control_free(c);
}

int
LLVMFuzzerTestOneInput(const uint8_t * p, size_t n)
{
	int dir;

	if (n == 0)
		return (0);
	if (p[0] % 3 == 0) {
		try_raw(p + 1, n - 1);
		return (0);
	}
	dir = open(fuzz_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	MUST(dir != -1);
	if (p[0] % 3 == 1) {
		(void)unlink(fuzz_path("checkpoint.prev"));
		seal("checkpoint", "millrace-checkpoint 1", p + 1, n - 1);
		try_checkpoint(dir);
	} else {
		seal("control", "millrace-control 1", p + 1, n - 1);
		try_control(dir);
	}
	close(dir);
	return (0);
}
