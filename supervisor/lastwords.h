#ifndef LASTWORDS_H_
#define LASTWORDS_H_

#include "child.h"
#include "pipeline.h"
#include "relay.h"

/*
 * What the stages of a pipeline said before one of them failed.  All zero is
 * a pipeline that has said nothing.  Pure.
 */
struct lastwords {
	char * said[PIPELINE_STAGES_MAX];
	char * error[PIPELINE_STAGES_MAX];	/* each one's last error */
};

/* The stage of number ${stage} has said this. */
void lastwords_hear(struct lastwords * w, size_t stage,
    const struct relay_line * l);

/* Append what became of the stage called ${name}, and what it said last. */
void lastwords_put(const struct lastwords * w, size_t stage,
    const char * name, const struct child_end * end, struct buf * b);

/* Forget all. */
void lastwords_clear(struct lastwords * w);

#endif /* !LASTWORDS_H_ */
