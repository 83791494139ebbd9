#include <time.h>

#include "clock.h"

struct mono
mono_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return ((struct mono) { (int64_t)t.tv_sec * SECOND_US +
	    t.tv_nsec / 1000 });
}

struct mono
mono_add(struct mono t, int64_t us)
{

	if (mono_is_never(t) || (us > 0 && t.us > INT64_MAX - us))
		return (MONO_NEVER);
	return ((struct mono) { t.us + us });
}
