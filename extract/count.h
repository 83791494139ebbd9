#ifndef COUNT_H_
#define COUNT_H_

#include "options.h"
#include "out.h"
#include "source.h"

int count_run(struct options * opt, struct source * s, struct out * out);

#endif /* !COUNT_H_ */
