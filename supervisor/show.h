#ifndef SHOW_H_
#define SHOW_H_

#include <stdint.h>

#include "../common/buf.h"
#include "../common/json.h"

/*
 * Answers of the API as text for people.  Pure: what isn't there is a dash,
 * and control bytes in a text become '?'.
 */

/* GET /sync/status: a summary and the table of tables. */
void show_status(const struct json_node * root, int64_t now_wall,
    struct buf * b);

/* GET /sync/tables: the table alone. */
void show_tables(const struct json_node * root, int64_t now_wall,
    struct buf * b);

/* GET /sync/tables/NAME: a line for each member. */
void show_table(const struct json_node * root, int64_t now_wall,
    struct buf * b);

/* GET /sync/health. */
void show_health(const struct json_node * root, int64_t now_wall,
    struct buf * b);

/* Of the same a line for each server that isn't connected. */
void show_servers(const struct json_node * root, int64_t now_wall,
    struct buf * b);

/* Append how long ago or ahead ${text}, an RFC 3339 time, is: "12 s ago". */
void show_put_ago(struct buf * b, const char * text, int64_t now_wall);

/* Append seconds as "12 s", "3 min", "2.5 h", "4 d". */
void show_put_span(struct buf * b, double seconds);

#endif /* !SHOW_H_ */
