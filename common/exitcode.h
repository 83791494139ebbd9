#ifndef EXITCODE_H_
#define EXITCODE_H_

/*
 * The exit codes of every Millrace program, and nothing else.  Whoever
 * restarts a stage decides by these alone.  (100 and 111 are the values that
 * daemontools, s6 and qmail give to a permanent and a temporary failure.)
 */
enum {
	EXIT_DONE = 0,		/* finished, everything was written */
	EXIT_DIFFERENT = 1,	/* load --verify, transform --propose: finished,
				 * and not all is as it should be */
	EXIT_STOPPED = 99,	/* asked to stop; what was done is acknowledged */
	EXIT_PERM = 100,	/* usage, settings, schema, data: don't retry */
	EXIT_TEMP = 111		/* server away, pipe cut, disk full: retry */
};

#endif /* !EXITCODE_H_ */
