#ifndef DRIFT_H_
#define DRIFT_H_

#include <stddef.h>
#include <stdint.h>

/*
 * What the stages have said of changes of a table's columns, and of what its
 * schema file should become: the last time that they did.  Pure.
 */
struct drift {
	int64_t at_wall;	/* 0: never */
	char ** text;		/* a sentence each */
	size_t n;
};

/**
 * drift_add(d, text, now_wall):
 * One more, or the first of another time.  What is there isn't added again.
 */
void drift_add(struct drift * d, const char * text, int64_t now_wall);

/* Forget all. */
void drift_clear(struct drift * d);

#endif /* !DRIFT_H_ */
