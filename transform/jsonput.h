#ifndef JSONPUT_H_
#define JSONPUT_H_

#include "../common/buf.h"
#include "../common/json.h"

/*
 * JSON text out of trees, for messages that aren't rows.
 */

/* Append "key": with a comma before it unless it is an object's first. */
void jsonput_key(struct buf * b, const char * key);

/* The same with the name of the member ${node}. */
void jsonput_name(struct buf * b, const struct json_node * node);

/* Append a value as it stands in its text. */
void jsonput_raw(struct buf * b, const struct json_node * node);

/* Append a value on one line, without white space between its parts. */
void jsonput_compact(struct buf * b, const struct json_node * node);

#endif /* !JSONPUT_H_ */
