#ifndef JSON_H_
#define JSON_H_

#include <stddef.h>
#include <stdint.h>

/*
 * JSON text as a tree: for schema files, SCHEMA and STATE messages, and
 * settings, not for rows (scan.h).  The tokens are jsmn's; what jsmn lets
 * pass is checked here, so that the language is exactly scan.h's, without
 * duplicate keys.
 */
struct json;			/* a document; owns its nodes and texts */
struct json_node;

enum json_kind { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY,
	JSON_OBJECT };

struct json_error {
	const char * what;	/* a constant */
	unsigned line, column;	/* from 1; columns count bytes */
};

/**
 * json_parse(p, n, err):
 * Read the ${n} bytes ${p}, one value with white space around it.  The
 * document keeps a copy of the text.  Return it, or fill ${err} (which may
 * be NULL) and return NULL.  Freed with json_free().
 */
struct json * json_parse(const char * p, size_t n, struct json_error * err);
void json_free(struct json * doc);

const struct json_node * json_root(const struct json * doc);
enum json_kind json_kind(const struct json_node * node);

/* The bytes of a value as they stand in the text, with quotes. */
const char * json_raw(const struct json_node * node, size_t * n);

/* Where a value starts in the text, from 1. */
void json_position(const struct json_node * node, unsigned * line,
    unsigned * column);

/* The whole text that was parsed, of ${n} bytes. */
const char * json_source(const struct json * doc, size_t * n);

/**
 * json_span(node, start, end):
 * Where a value stands in json_source(), a member from its name on.
 */
void json_span(const struct json_node * node, size_t * start, size_t * end);

/* The number of elements or members; 0 for other kinds. */
size_t json_count(const struct json_node * node);

/**
 * json_first(node), json_next(node):
 * The first value in an array or object, and the next one beside a value;
 * NULL when there is none.
 */
const struct json_node * json_first(const struct json_node * node);
const struct json_node * json_next(const struct json_node * node);

/**
 * json_key(node, n):
 * The decoded name of a member, given its value, or NULL if the value isn't
 * a member's.  NUL-terminated; ${n}, which may be NULL, is its length.
 */
const char * json_key(const struct json_node * node, size_t * n);

/* Where the name of a member starts in the text, given its value. */
void json_key_position(const struct json_node * node, unsigned * line,
    unsigned * column);

/**
 * json_get(node, key):
 * The value of the member ${key} of an object; NULL when there is none, or
 * when ${node} is NULL or no object.
 */
const struct json_node * json_get(const struct json_node * node,
    const char * key);

/**
 * json_text(node, n):
 * The decoded text of a string, NUL-terminated; NULL when ${node} is NULL or
 * no string.  ${n}, which may be NULL, is its length (it may hold NUL).
 */
const char * json_text(const struct json_node * node, size_t * n);

/* Nonzero if ${node} is true (false for NULL and for any other value). */
int json_true(const struct json_node * node);

/**
 * json_int64(node, out):
 * The value of a whole number.  Return 0, or -1 if ${node} is NULL, not one,
 * or doesn't fit.
 */
int json_int64(const struct json_node * node, int64_t * out);
int json_uint64(const struct json_node * node, uint64_t * out);

#endif /* !JSON_H_ */
