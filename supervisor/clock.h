#ifndef CLOCK_H_
#define CLOCK_H_

#include <stdint.h>

/*
 * Two kinds of time that the compiler keeps apart.  A moment on the steady
 * clock, which also counts while the machine sleeps and which nobody sets:
 * everything is waited for and measured by it.  And the wall clock, plain
 * microseconds since 1970 (timestamp.h): only for cron lines, and for what
 * people read.
 */
struct mono {
	int64_t us;
};

#define MONO_NEVER	((struct mono) { INT64_MAX })
#define SECOND_US	INT64_C(1000000)
#define MINUTE_US	(60 * SECOND_US)

/* Now. */
struct mono mono_now(void);

/* A moment ${us} later; never stays never, and nothing overflows. */
struct mono mono_add(struct mono t, int64_t us);

/* Microseconds from ${from} to ${to}; INT64_MAX if ${to} is never. */
static inline int64_t
mono_sub(struct mono to, struct mono from)
{

	return (to.us == INT64_MAX ? INT64_MAX : to.us - from.us);
}

static inline int
mono_is_never(struct mono t)
{

	return (t.us == INT64_MAX);
}

/* Nonzero if ${t} has come. */
static inline int
mono_due(struct mono t, struct mono now)
{

	return (t.us <= now.us);
}

static inline struct mono
mono_min(struct mono a, struct mono b)
{

	return (a.us < b.us ? a : b);
}

#endif /* !CLOCK_H_ */
