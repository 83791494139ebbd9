#include <string.h>

#include "outschema.h"

void
outschema_validator(const struct schemafile * sf, struct buf * out)
{

	(void)sf;
	buf_puts(out, "{}\n");
}
