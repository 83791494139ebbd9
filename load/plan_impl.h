#ifndef PLAN_IMPL_H_
#define PLAN_IMPL_H_

#include <stddef.h>

#include "../common/json.h"

#include "plan.h"

/*
 * What plan.c (fields and keys) and plan_type.c (types) share.
 */

/* What a failed plan_build() says, and what its helpers need to know. */
struct plan_builder {
	const struct plan_options * opt;
	char * err;
	size_t errlen;
};

/* Say why; return -1. */
int __attribute__((format(printf, 2, 3)))
plan_fail(struct plan_builder * b, const char * fmt, ...);

/* What a property's schema says of its type; -1 after plan_fail(). */
int plan_type_build(struct plan_builder * b, const struct json_node * schema,
    struct plan_type * t);
/* May a value of this schema be an object? */
int plan_type_is_object(const struct json_node * schema);
void plan_type_clear(struct plan_type * t);

/**
 * plan_fields_build(b, props, top, fields, n):
 * The fields of ${props}, an object of schemas, ${top} if it is the record's
 * own; to be freed, also after an error.  Return 0, or -1 after plan_fail().
 */
int plan_fields_build(struct plan_builder * b, const struct json_node * props,
    int top, struct plan_field ** fields, size_t * n);
void plan_fields_free(struct plan_field * f, size_t n);

#endif /* !PLAN_IMPL_H_ */
