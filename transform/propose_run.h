#ifndef PROPOSE_RUN_H_
#define PROPOSE_RUN_H_

#include "options.h"
#include "schemafile.h"

/**
 * propose_run(opt, set):
 * transform --propose: read messages, or a Singer catalog, on standard input,
 * and print the schema file of the stream as it should become.  Return the
 * exit code: 0 if that is as it is, 1 if not.
 */
int propose_run(const struct options * opt, const struct schemaset * set);

#endif /* !PROPOSE_RUN_H_ */
