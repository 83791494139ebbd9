#ifndef ENV_H_
#define ENV_H_

/*
 * The environment that stages are started with: ours, but each gets the
 * values of its own server only, and none of what is the supervisor's alone.
 * Secrets are taken out of our own environment before anything is started,
 * where anybody who may look at /proc/PID/environ would find them.
 */
struct env;

/**
 * env_new(void):
 * Take over the environment of the program.
 */
struct env * env_new(void);
void env_free(struct env * e);

/* Set a variable for all stages, over what the environment says. */
void env_set(struct env * e, const char * name, const char * value);

/**
 * env_stage(e, stage):
 * The environment of the stage called ${stage}, NULL-terminated; it lasts
 * until the next call.
 */
char * const * env_stage(struct env * e, const char * stage);

/* Where commands are searched: our own folder, then PATH. */
const char * env_path(const struct env * e);

/* The folder of our own program, or NULL if unknown. */
const char * env_own_folder(const struct env * e);

#endif /* !ENV_H_ */
