#ifndef AUDIT_H_
#define AUDIT_H_

#include <stddef.h>
#include <stdint.h>

/*
 * Who steered what, and when: a file that is only added to, one JSON object
 * to a line.  Each ends with the SHA-256 of the line before it and its own
 * text, so that a line that was altered, removed or put in between shows.
 * What it can't show by itself is that its end was cut off: each hash also
 * goes to the log, which is kept elsewhere.
 */
struct audit;

struct audit_entry {
	const char * who;	/* "uid:0", "token:NAME", "local", "signal" */
	const char * from;	/* "127.0.0.1:40312", "unix"; or NULL */
	const char * action;	/* "pause", "start", ... */
	const char * table;	/* or NULL */
	const char * detail;	/* "15 minutes"; or NULL */
	const char * result;	/* "done", "queued", "refused" ... */
};

/**
 * audit_open(dirfd, name):
 * Open or make the file ${name} in the open directory ${dirfd}, mode 0600.
 * A last line that a crash has cut off is removed, and an entry says so.
 * Return NULL after a report, also when the chain is broken at its end.
 */
struct audit * audit_open(int dirfd, const char * name);
void audit_free(struct audit * a);

/**
 * audit_put(a, e):
 * Add an entry, durably.  Return 0, or -1 after a report.
 */
int audit_put(struct audit * a, const struct audit_entry * e);

/**
 * audit_check(p, n, bad, count):
 * Check the chain of the ${n} bytes ${p}, a whole file.  Return 0 with the
 * number of its lines in ${count}; or -1 with that of the first bad one in
 * ${bad}, from 1.  Pure.
 */
int audit_check(const char * p, size_t n, uint64_t * bad, uint64_t * count);

#endif /* !AUDIT_H_ */
