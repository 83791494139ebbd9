#include <linux/close_range.h>

#include <sys/prctl.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "../common/die.h"
#include "../common/exitcode.h"
#include "../common/log.h"

#include "client.h"
#include "front.h"
#include "lock.h"
#include "loop.h"
#include "options.h"
#include "service.h"
#include "status.h"
#include "wake.h"

/* Open the state directory, made if it isn't there. */
static int
open_state(const char * path)
{
	struct stat sb;
	int fd;

	if (mkdir(path, 0700) == -1 && errno != EEXIST)
		die_perm_sys("make the state directory %s (STATE_DIR)", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &sb) == -1)
		die_perm_sys("open the state directory %s (STATE_DIR)", path);
	if (sb.st_uid != geteuid() || (sb.st_mode & 022) != 0)
		die_perm("%s: others may write to the state directory: "
		    "chown and chmod 700 it", path);
	return (fd);
}

static void
on_signal(void * cookie, int sig, struct mono now)
{

	struct service ** sv = cookie;

	if (*sv != NULL)
		service_signal(*sv, sig, now);
}

/* Serve until the end.  Return the exit code. */
static int
run(struct config * cfg, const struct service_options * so)
{
	struct loop * lp = loop_new();
	struct service * sv = NULL;
	struct front * front = NULL;
	struct wake * w;
	int code = EXIT_PERM;

	if ((w = wake_open(lp, on_signal, &sv)) == NULL ||
	    (sv = service_open(lp, cfg, so)) == NULL)
		goto done;
	if ((front = front_open(lp, sv, so->state_fd, so->once)) == NULL)
		goto done;
	code = EXIT_TEMP;
	if (loop_run(lp) == -1)
		goto done;
	code = service_exit_code(sv);
	front_finish(front);
	if (so->once && status_print(sv, loop_now(lp)) == -1) {
		log_error_sys("write standard output");
		code = EXIT_TEMP;
	}
done:
	wake_close(w);
	service_free(sv);
	front_free(front);
	loop_free(lp);
	return (code);
}

/*
 * supervisor: run the pipelines of all tables, on time and through faults.
 * See supervisor.8, and DESIGN.md for how it is put together.
 */
int
main(int argc, char * argv[])
{
	struct service_options so;
	struct options opt;
	struct config * cfg;
	int code, temporary;

	log_open("supervisor");
	if (argc > 1 && client_knows(argv[1]))
		return (client_main(argc, argv));
	options_parse(&opt, argc, argv);
	umask(077);
	if ((cfg = config_load(opt.env_file)) == NULL)
		die_perm("the settings have to be put right first");
	if (opt.check) {
		config_free(cfg);
		return (EXIT_DONE);
	}
	so.state_fd = open_state(cfg->state_dir);
	so.lock_fd = lock_take(so.state_fd, cfg->state_dir, &temporary);
	if (so.lock_fd == -1) {
		config_free(cfg);
		return (temporary ? EXIT_TEMP : EXIT_PERM);
	}
	so.notify_fd = opt.notify_fd;
	so.once = opt.once;

	/* Whatever our parent had open is none of the stages' business, and
	 * what they leave behind is ours to bury. */
	if (close_range(3, ~0u, CLOSE_RANGE_CLOEXEC) == -1)
		log_warn_sys("close what was inherited");
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) == -1)
		log_warn_sys("become the parent of orphans");
	log_info("supervisor " MILLRACE_VERSION ", state directory %s",
	    cfg->state_dir);
	code = run(cfg, &so);
	log_info("ended");
	return (code);
}
