#ifndef JSONEDIT_H_
#define JSONEDIT_H_

#include "../common/buf.h"
#include "../common/json.h"

/*
 * Changes to a JSON text that leave all else as it was written: order, line
 * breaks, indentation.
 */
struct jsonedit;

struct jsonedit * jsonedit_new(const struct json * doc);
void jsonedit_free(struct jsonedit * ed);

/* Leave out a member or an element. */
void jsonedit_remove(struct jsonedit * ed, const struct json_node * node);
int jsonedit_removed(const struct jsonedit * ed,
    const struct json_node * node);

/* Put the JSON ${text} in the place of a value. */
void jsonedit_replace(struct jsonedit * ed, const struct json_node * node,
    const char * text);

/* Add a member, or with a ${key} of NULL an element, behind the others. */
void jsonedit_append(struct jsonedit * ed, const struct json_node * node,
    const char * key, const char * text);

/* How many changes there are. */
size_t jsonedit_count(const struct jsonedit * ed);

/* Append the text with all changes to ${b}. */
void jsonedit_put(const struct jsonedit * ed, struct buf * b);

#endif /* !JSONEDIT_H_ */
