#include "../common/exitcode.h"
#include "../common/log.h"
#include "../common/stop.h"
#include "check.h"
#include "count.h"
#include "discover.h"
#include "options.h"
#include "range.h"
#include "out.h"
#include "source.h"
#include "stream.h"

#include <unistd.h>

/* Do what was asked for.  Return the exit code. */
static int
run(struct options * opt, struct source * s, struct out * out)
{

	switch (opt->mode) {
	case MODE_DISCOVER:
		return (discover_run(opt, s, out));
	case MODE_COUNT:
		return (count_run(opt, s, out));
	case MODE_CHECK:
		return (check_run(opt, s, out));
	case MODE_RANGES:
		return (range_run(opt, s, out));
	default:
		return (stream_run(opt, s, out));
	}
}

int
main(int argc, char ** argv)
{
	struct options opt;
	struct source * s;
	struct out * out;
	enum source_rc rc;
	int code;

	log_open("extract");
	options_parse(&opt, argc, argv);
	stop_on_signals();

	s = source_new(&opt.source);
	out = out_open(STDOUT_FILENO, "standard output");
	if (opt.insecure)
		log_warn("--insecure: a connection to another machine need "
		    "not be encrypted, and the server's name isn't verified");
	if ((rc = source_connect(s)) == SOURCE_OK)
		code = run(&opt, s, out);
	else
		code = source_report(s, rc, opt.source.socket != NULL ?
		    opt.source.socket : opt.source.host);

	/* An output that isn't whole must not look like success. */
	if (out_close(out) == -1 && code == EXIT_DONE)
		code = EXIT_TEMP;
	source_free(s);
	options_free(&opt);
	return (code);
}
