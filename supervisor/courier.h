#ifndef COURIER_H_
#define COURIER_H_

#include <sys/types.h>

#include "alert.h"
#include "child.h"
#include "loop.h"

/*
 * Carries alerts to the command of ALERT_COMMAND: one process for each, one
 * after the other, never waited for.  The words are split once, without a
 * shell.  The fields come in the environment (MILLRACE_ALERT, _STATE,
 * _SEVERITY, _SUBJECT, _RUN, _MESSAGE, _SINCE, _COUNT, _HOST), of which the
 * rest is PATH, HOME, LANG and TZ; and as JSON on standard input.  What it
 * prints goes to the log.
 */
struct courier;

#define COURIER_QUEUE	64		/* notes that wait; more are dropped */
#define COURIER_US	(30 * SECOND_US)	/* then it is killed */

/**
 * courier_new(lp, command, path):
 * ${path} is where commands are searched; both are copied.  Return NULL
 * after a report.
 */
struct courier * courier_new(struct loop * lp, const char * command,
    const char * path);

/* Kill what runs; what waits is lost.  NULL is harmless. */
void courier_free(struct courier * c);

/* A child has ended, maybe the command; NULL is harmless. */
void courier_reaped(struct courier * c, pid_t pid,
    const struct child_end * end, struct mono now);

/* Nonzero while notes are on their way; NULL is harmless. */
int courier_busy(const struct courier * c);

/* Take a note, of which ${json} is the text. */
void courier_send(struct courier * c, const struct alert_note * note,
    const char * host, const struct buf * json);

#endif /* !COURIER_H_ */
