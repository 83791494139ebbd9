#ifndef MONGOSINK_LOG_H_
#define MONGOSINK_LOG_H_

#include <bson/bson.h>
#include <stdio.h>

/* What mongosink keeps of the write commands that it gets. */

/* Append the command itself to ${f}, BSON as it came. */
void mongosink_record(FILE * f, const bson_t * cmd);

/* A line in ${f} for each document that is written, with the time. */
void mongosink_seen(FILE * f, const bson_t * cmd);

#endif /* !MONGOSINK_LOG_H_ */
