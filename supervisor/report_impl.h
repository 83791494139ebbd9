#ifndef REPORT_IMPL_H_
#define REPORT_IMPL_H_

#include "jsonw.h"
#include "report.h"

/*
 * What the parts of a report share: report.c, and report_verify.c.
 */

/* An interval in minutes; by a cron line, or without any, it is null. */
void report_put_minutes(struct jsonw * w, const char * name, int64_t us);

/* The verification ${v} of ${table}, which is left out if it is NULL. */
void report_put_verify(struct jsonw * w, const char * name,
    const char * table, const struct verify_view * v);

#endif /* !REPORT_IMPL_H_ */
