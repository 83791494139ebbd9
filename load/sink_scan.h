#ifndef SINK_SCAN_H_
#define SINK_SCAN_H_

#include "sink.h"

/**
 * sink_scan_keys(s, collection, filter, at_once, each, arg, err):
 * Call ${each} with the _id of every document of ${collection} that the BSON
 * ${filter} finds (all, if it is empty), type byte and value, in no order that
 * means anything, until it returns nonzero.  The server is asked for
 * ${at_once} of them at a time, and forgets about us when it isn't asked for
 * ten minutes.  Return 0, or -1 with ${err} filled.
 */
int sink_scan_keys(struct sink * s, const char * collection,
    const struct buf * filter, int32_t at_once,
    int (* each)(void * arg, const char * key, size_t n), void * arg,
    struct sink_error * err);

#endif /* !SINK_SCAN_H_ */
