#ifndef MESSAGE_H_
#define MESSAGE_H_

#include "../common/buf.h"
#include "../common/record.h"

/*
 * Messages with a few members changed; all others stay as they came.
 */

/**
 * message_put_tail(out, r, op):
 * Append what stands behind `record` in the line of ${r}, with the newline,
 * but without the member `reject` that a reject file adds: the record was
 * taken now; and, with ${op}, without `op`.
 */
void message_put_tail(struct buf * out, const struct record * r, char op);

/**
 * message_put_head(out, r, op):
 * Append what stands before the value of `record` in the line of ${r}, with
 * the operation ${op}.  What stands behind has to be put with it, too.
 */
void message_put_head(struct buf * out, const struct record * r, char op);

/**
 * message_put_state(out, r, records, rejected, filtered):
 * Append the STATE ${r} with these counts and a newline.  `records` is only
 * there if it was; the others also if they aren't 0.
 */
void message_put_state(struct buf * out, const struct record * r,
    uint64_t records, uint64_t rejected, uint64_t filtered);

#endif /* !MESSAGE_H_ */
