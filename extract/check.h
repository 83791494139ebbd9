#ifndef CHECK_H_
#define CHECK_H_

#include "options.h"
#include "out.h"
#include "source.h"

int check_run(struct options * opt, struct source * s, struct out * out);

#endif /* !CHECK_H_ */
