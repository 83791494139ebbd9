#include <signal.h>
#include <unistd.h>

#include "../common/log.h"
#include "../common/stop.h"

#include "options.h"
#include "stream.h"

/*
 * load: write the records of a stream to MongoDB, and acknowledge what is
 * safe.  See load.1, and DESIGN.md for how it is put together.
 */
int
main(int argc, char * argv[])
{
	struct options opt;
	int rc;

	log_open("load");
	options_parse(&opt, argc, argv);
	stop_on_signals();

	/* Whoever reads the acknowledgements may leave; that is no reason to
	 * die in the middle of a batch. */
	signal(SIGPIPE, SIG_IGN);
	rc = stream_run(&opt, STDIN_FILENO, "standard input");
	options_free(&opt);
	return (rc);
}
