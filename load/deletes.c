#include <string.h>

#include "bsonw.h"
#include "plan.h"

#include "deletes.h"

int
deletes_named(const char * name)
{
	static const char * const names[] = {
		[DELETES_MIRROR] = "mirror", [DELETES_MARK] = "mark",
		[DELETES_IGNORE] = "ignore"
	};
	size_t i;

	for (i = 0; name != NULL && i < sizeof names / sizeof *names; i++) {
		if (strcmp(name, names[i]) == 0)
			return ((int)i);
	}
	return (-1);
}

void
deletes_put_mark(struct buf * out, const char * v, size_t v_n, int64_t ms)
{
	size_t u = bsonw_nested(out, BSONW_DOCUMENT, "u");
	size_t set = bsonw_nested(out, BSONW_DOCUMENT, "$set");

	if (v_n > 0)
		bsonw_text(out, PLAN_STAMP ".v", v, v_n);
	bsonw_date(out, PLAN_STAMP "." DELETES_MARKED, ms);
	bsonw_close(out, set);
	bsonw_close(out, u);
}
