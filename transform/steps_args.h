#ifndef STEPS_ARGS_H_
#define STEPS_ARGS_H_

#include "../common/json.h"

#include "columns.h"
#include "convert.h"
#include "fault.h"

/*
 * Readers of the arguments of steps, for steps.c: each fills in the step's
 * arguments, and reports what is wrong with them.
 */

/* What a step's arguments are read with. */
struct source {
	const struct json_node * arg;	/* NULL: the step is a bare name */
	const struct json_node * object;	/* the step with its options */
	struct columns * cols;
	struct faults * f;
};
typedef void args_fn(struct step * st, const struct source * src);

args_fn args_split, args_join, args_each, args_default, args_null_if,
    args_map, args_boolean, args_round, args_shift, args_substring,
    args_replace, args_concat, args_date, args_from_epoch;

#endif /* !STEPS_ARGS_H_ */
