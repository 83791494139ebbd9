#ifndef CARRIER_H_
#define CARRIER_H_

#include <stddef.h>

#include "sink.h"

/*
 * A thread that sends one command at a time, so that the next one can be made
 * meanwhile.  It does nothing else: what the answer means is decided by the
 * thread that asked.  From carrier_send() to carrier_answer() the sink, the
 * command and the place of the answer belong to the carrier; at all other
 * times they are the caller's.
 */
struct carrier;

/**
 * carrier_new(sink):
 * A carrier that sends with ${sink}, which stays the caller's.  No signal is
 * delivered to its thread.
 */
struct carrier * carrier_new(struct sink * sink);

/**
 * carrier_free(c):
 * End the thread, after the answer if a command is on its way.
 */
void carrier_free(struct carrier * c);

/**
 * carrier_send(c, command, n, reply, err):
 * Begin to send the ${n} bytes ${command}.  There must be none on its way.
 */
void carrier_send(struct carrier * c, const char * command, size_t n,
    struct reply * reply, struct sink_error * err);

/* Wait for the answer.  Return as sink_write(). */
int carrier_answer(struct carrier * c);

#endif /* !CARRIER_H_ */
