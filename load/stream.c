#include <sys/stat.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/exitcode.h"
#include "../common/lineout.h"
#include "../common/log.h"
#include "../common/reject.h"
#include "../common/stop.h"

#include "check.h"
#include "loader.h"
#include "verify.h"

#include "stream.h"

/* The input has ended. */
static int
on_eof(struct loader * ld)
{
	int rc;

	if ((rc = loader_write_all(ld)) != EXIT_DONE)
		return (rc);
	if (!ld->any || ld->closed || ld->opt->allow_open)
		return (ld->verify != NULL ? verify_end(ld->verify) :
		    EXIT_DONE);
	log_error("%s: ended without a STATE behind its last record: %ju "
	    "records are written, but not acknowledged",
	    linein_name(ld->in), (uintmax_t)ld->seen);
	return (EXIT_TEMP);
}

/* The input is broken: what came before it counts. */
static int
on_input_error(struct loader * ld)
{
	int rc = loader_write_all(ld);

	if (rc != EXIT_DONE && rc != EXIT_STOPPED)
		return (rc);
	return (linein_too_long(ld->in) ? EXIT_PERM : EXIT_TEMP);
}

static int
on_stop(struct loader * ld)
{
	int rc = loader_write_all(ld);

	log_info("stopped by a signal");
	return (rc == EXIT_DONE ? EXIT_STOPPED : rc);
}

/* Every line, until something ends it. */
static int
loop(struct loader * ld)
{
	const char * p;
	size_t n;
	int rc = EXIT_DONE;

	while (rc == EXIT_DONE) {
		if (linein_idle(ld->in)) {
			rc = loader_write_all(ld);
			if (rc == EXIT_DONE && ld->ack != NULL && ack_flush(ld->ack) == -1)
				rc = EXIT_TEMP;
			if (rc != EXIT_DONE)
				break;
		}
		switch (linein_lines(ld->in, &p, &n)) {
		case LINEIN_LINE:
			rc = loader_lines(ld, p, p + n);
			progress_step(ld->progress, ld->rejects.seen,
			    linein_offset(ld->in));
			break;
		case LINEIN_EOF:
			return (on_eof(ld));
		case LINEIN_STOP:
			return (on_stop(ld));
		case LINEIN_ERROR:
			return (on_input_error(ld));
		}
	}
	return (rc);
}

/* Close what was opened; a failure counts only if nothing failed before. */
static int
finish(struct loader * ld, int rc)
{
	size_t i;
	int temporary = 0;

	progress_close(ld->progress);
	for (i = 0; i < ld->ntable && (ld->verify == NULL ||
	    ld->opt->repair); i++)
		loader_tell(ld, ld->table[i]);
	if (rc == EXIT_DONE && rejects_check(&ld->rejects) == -1)
		rc = EXIT_PERM;
	temporary |= (ld->rejects.file != NULL &&
	    reject_close(ld->rejects.file) == -1);
	temporary |= (conflict_close(ld->conflict) == -1);
	temporary |= (ld->ack != NULL && ack_close(ld->ack) == -1);
	return ((rc == EXIT_DONE || rc == EXIT_STOPPED) && temporary ?
	    EXIT_TEMP : rc);
}

static void
release(struct loader * ld)
{
	size_t i;

	/* A command that is on its way is part of a batch. */
	for (i = ld->nlane; i > 0; i--) {
		carrier_free(ld->lane[i - 1].carrier);
		writer_free(ld->lane[i - 1].writer);
		sink_close(ld->lane[i - 1].sink);
	}
	for (i = 0; i < ld->ntable; i++) {
		struct table * t = ld->table[i];

		plan_free(t->plan);
		quick_free(t->quick);
		loader_drop_batches(t);
		buf_free(&t->schema);
		buf_free(&t->range);
		free(t->collection);
		free(t->name);
		free(t);
	}
	free(ld->table);
	buf_free(&ld->key);
	marks_free(ld->marks);
	verify_free(ld->verify);
	bsonizer_free(ld->bsonizer);
	record_reader_free(ld->reader);
	linein_free(ld->in);
}

static const char *
reload(void * arg)
{

	return (options_reload_uri(arg));
}

/* What is written besides the collections.  Return an exit code. */
static int
open_files(struct loader * ld, const struct options * opt)
{
	int temporary, rc = EXIT_DONE;

	ld->rejects.quota = opt->quota;
	if (opt->rejects != NULL &&
	    (ld->rejects.file = reject_open(opt->rejects, "load")) == NULL)
		return (EXIT_PERM);
	if ((ld->conflict = conflict_open(opt->conflicts)) == NULL)
		return (EXIT_PERM);
	if (opt->verify) {
		/* Standard output is for differences. */
		ld->verify = verify_open(ld, &rc);
		return (rc);
	}
	if ((ld->ack = ack_open(opt->ack, &temporary)) == NULL)
		return (temporary ? EXIT_TEMP : EXIT_PERM);
	return (EXIT_DONE);
}

/* One connection more; ${threads} if it isn't the only one. */
static void
add_lane(struct loader * ld, const struct writer_options * wo,
    struct sink * sink, int threads)
{
	struct lane * lane = &ld->lane[ld->nlane++];

	lane->sink = sink;
	if (threads)
		lane->carrier = carrier_new(sink);
	lane->writer = writer_new(sink, lane->carrier, wo, &ld->rejects,
	    ld->conflict);
}

/* Reach the server.  Return an exit code. */
static int
open_sink(struct loader * ld, struct options * opt)
{
	struct writer_options wo = { opt->max_retries, opt->retry_delay,
	    opt->policy, opt->look_first, opt->ack != NULL, opt->dry_run ||
	    (opt->verify && !opt->repair),
	    linein_name(ld->in), reload, opt };
	struct sink * sink, * twin = NULL;
	int rc = EXIT_DONE;
	size_t l;

	sink = sink_open(opt->uri, opt->database, opt->insecure,
	    opt->compressors);
	if (sink == NULL)
		return (EXIT_PERM);
	if (opt->check || opt->verify || opt->connections == 1)
		add_lane(ld, &wo, sink, 0);
	else {
		add_lane(ld, &wo, sink, 1);
		while (ld->nlane < opt->connections &&
		    (twin = sink_twin(sink)) != NULL)
			add_lane(ld, &wo, twin, 1);
		if (twin == NULL)
			return (EXIT_PERM);
	}
	if (opt->insecure)
		log_warn("--insecure: connections to %s may be neither "
		    "encrypted nor verified", sink_hosts(sink));
	if (!opt->check)
		log_event(LOG_LEVEL_INFO, LOG_FIELDS(
		    LOG_TEXT("operation", "start"),
		    LOG_TEXT("host", sink_hosts(sink)),
		    LOG_TEXT("database", sink_database(sink))),
		    "%s %s at %s%s", opt->verify ? "comparing with" :
		    "loading into", sink_database(sink), sink_hosts(sink),
		    opt->dry_run ? " (dry run)" : "");
	for (l = 0; l < ld->nlane && rc == EXIT_DONE; l++)
		rc = loader_exit(writer_connect(ld->lane[l].writer));
	return (rc);
}

/* Look, and print what was found. */
static int
run_check(struct loader * ld)
{
	struct lineout * out = lineout_open(STDOUT_FILENO, "standard output");
	int rc;

	rc = check_run(ld->opt, ld->lane[0].sink, lineout_buf(out));
	return (lineout_close(out) == -1 && rc == EXIT_DONE ? EXIT_TEMP : rc);
}

int
stream_run(struct options * opt, int fd, const char * name)
{
	struct loader ld;
	struct stat sb;
	int rc;

	memset(&ld, 0, sizeof ld);
	ld.opt = opt;
	ld.in = linein_open(fd, name, opt->max_line);
	ld.reader = record_reader_new();
	ld.bsonizer = bsonizer_new();
	ld.marks = marks_new();
	rc = opt->check ? EXIT_DONE : open_files(&ld, opt);
	if (rc == EXIT_DONE)
		rc = open_sink(&ld, opt);
	if (rc == EXIT_DONE && opt->check)
		rc = run_check(&ld);
	else if (rc == EXIT_DONE) {
		if (fstat(fd, &sb) == 0 && S_ISREG(sb.st_mode))
			ld.progress = progress_open("load",
			    (uint64_t)sb.st_size);
		rc = loop(&ld);
	}
	rc = finish(&ld, rc);
	release(&ld);
	return (rc);
}
