#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/buf.h"
#include "../common/mem.h"
#include "../common/timestamp.h"

#include "relay.h"
#include "verifier_impl.h"

/*
 * A look: the table's pipeline, but load compares.
 */

static char * const *
stage_env(void * cookie, const char * stage)
{
	struct verifier * v = cookie;

	return (env_stage(v->host->env, stage));
}

void
verifier_drop(struct verifier * v)
{

	pipeline_free(v->pipeline);
	v->pipeline = NULL;
	if (v->out_fd != -1)
		close(v->out_fd);
	v->out_fd = -1;
	lastwords_clear(&v->words);
}

/* What was heard of it before counts no more. */
static void
forget_look(struct verifier * v)
{

	v->draining = v->killed = v->summed = 0;
	v->rows = 0;
	memset(&v->sums, 0, sizeof v->sums);
}

static void on_line(void * cookie, size_t stage, const char * p, size_t n,
    struct mono now);
static void on_ended(void * cookie, enum pipeline_result r, int culprit,
    const struct child_end * end, struct mono now);

static const struct pipeline_ops look_ops = { NULL, on_line, on_ended };

/* The words of the pipeline, or NULL after a report. */
static struct pipeline_plan *
build(struct verifier * v, unsigned look)
{
	struct command_look cl = { look > 1 ? verifier_found(look - 1) : NULL,
	    v->went_on, look, v->cycle.look > 0 && v->cycle.mend };
	struct command_spec cs = { v->host->cfg, v->host->env, v->name,
	    v->path, 0, v->schema, &cl };
	int rounds;

	return (command_build(&cs, v->watch, &rounds));
}

static int
begin(struct verifier * v)
{

	if (v->cycle.look != 0)
		return (0);
	verifier_clean(v);
	cycle_begin(&v->cycle, timestamp_now());
	VERIFIER_SAY(v, LOG_LEVEL_INFO, "%s: verification begins", v->name);
	return (verifier_save(v));
}

enum job_start
verifier_look(struct verifier * v, struct mono now)
{
	struct pipeline_spec spec = { NULL, stage_env,
	    env_path(v->host->env), -1, -1, v->host->lock_fd, 0, 1 };
	int e;

	v->began = now;
	v->looked = MONO_NEVER;
	table_run_id(v->host, v->run);
	forget_look(v);
	if (verifier_open_files(v, 1) == -1)
		return (JOB_NOT_STARTED);
	if (v->cycle.look != 0 && !verifier_intact(v)) {
		VERIFIER_SAY(v, LOG_LEVEL_WARN, "%s: what the last look has "
		    "found is lost: verification begins again", v->name);
		cycle_forget(&v->cycle);
	}
	v->went_on = v->cycle.look == 1 && verifier_was_cut(v);
	pipeline_plan_free(v->plan);
	v->plan = build(v, v->cycle.look > 0 ? v->cycle.look : 1);
	if (v->plan == NULL)
		return (JOB_UNSTARTABLE);
	if (begin(v) == -1 || verifier_begin_found(v) == -1)
		return (JOB_NOT_STARTED);
	spec.plan = v->plan;
	spec.out_fd = v->out_fd;
	v->pipeline = pipeline_start(v->host->lp, &spec, &look_ops, v);
	e = errno;
	if (v->pipeline != NULL)
		return (JOB_STARTED);
	verifier_drop(v);
	return (e == ENOENT || e == EACCES || e == ENOEXEC ?
	    JOB_UNSTARTABLE : JOB_NOT_STARTED);
}

static void
on_line(void * cookie, size_t stage, const char * p, size_t n,
    struct mono now)
{
	struct verifier * v = cookie;
	const char * name = pipeline_stage_name(v->pipeline, stage);
	struct relay_line l;

	relay_read(name, p, n, &l);
	if (l.counted == RELAY_LOADED)
		v->rows = l.counts.written;
	if (l.counted == RELAY_LOOKED) {
		v->sums = l.looked;
		v->rows = l.looked.compared;
		v->summed = 1;
	}
	if (!l.quiet)
		relay_say(name, v->name, v->run, p, n, &l);
	lastwords_hear(&v->words, stage, &l);

	/* It moves. */
	if (l.counted != RELAY_NOTHING)
		verifier_event(v, JOB_EV_ACK, now);
	relay_clear(&l);
}

/* A cycle is complete: say what came of it. */
static void
say_complete(struct verifier * v)
{
	const struct cycle * c = &v->cycle;
	struct buf b = { NULL, 0, 0 };

	log_event(c->left > 0 ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, LOG_FIELDS(
	    LOG_TEXT("table", v->name), LOG_TEXT("run", v->run),
	    LOG_TEXT("operation", "verify"), LOG_TEXT("outcome", "ok"),
	    LOG_INT("records_compared", c->done.compared),
	    LOG_INT("missing", c->done.missing),
	    LOG_INT("different", c->done.different),
	    LOG_INT("extra", c->done.extra),
	    LOG_INT("mended", c->done_mended), LOG_INT("left", c->left),
	    LOG_INT("foreign", c->foreign),
	    LOG_MICROS("duration_seconds", c->done_ended - c->done_begun)),
	    "%s: verified: %ju rows compared, %ju differences mended, %ju "
	    "left", v->name, (uintmax_t)c->done.compared,
	    (uintmax_t)c->done_mended, (uintmax_t)c->left);
	if (c->left > 0)
		buf_printf(&b, "%ju differences have lasted%s: see %s/%s",
		    (uintmax_t)c->left, c->held ? ", too many to mend them "
		    "without a person (SYNC_VERIFY_REPAIR_PERCENT)" : "",
		    v->path, verifier_found(c->held || c->done_mended == 0 ?
		    CYCLE_LOOKS : CYCLE_LEFT));
	verifier_tell(v, EVENT_VERIFIED, c->left > 0 ? LOG_LEVEL_WARN :
	    LOG_LEVEL_INFO, c->left > 0 ? buf_text(&b) : NULL);
	buf_free(&b);
}

/* The look has come to its end.  Return 0, or -1 after a report. */
static int
take(struct verifier * v, struct mono now)
{
	struct cycle * c = &v->cycle;
	struct cycle before = *c;
	unsigned look = c->look;
	int over;

	if (!v->summed) {
		verifier_note_error(v, "load --verify has said nothing of what "
		    "it found");
		return (-1);
	}
	if (verifier_keep_found(v) == -1)
		return (-1);
	over = cycle_looked(c, &v->sums, v->repair &&
	    command_may_repair(v->plan), v->host->cfg->verify_percent,
	    timestamp_now());
	if (verifier_save(v) == -1) {
		*c = before;
		return (-1);
	}
	v->total += v->sums.compared;
	v->mended += v->sums.mended;
	v->looked = now;
	v->synced = 0;
	free(v->error);
	v->error = NULL;
	if (over)
		say_complete(v);
	else
		VERIFIER_SAY(v, LOG_LEVEL_INFO, "%s: look %u: %ju differ; they "
		    "are looked at again", v->name, look, (uintmax_t)(
		    v->sums.missing + v->sums.different + v->sums.extra));
	return (0);
}

/* Say whose fault the end was. */
static void
blame(struct verifier * v, enum pipeline_result r, int culprit,
    const struct child_end * end)
{
	struct buf b = { NULL, 0, 0 };

	if (v->killed) {
		VERIFIER_SAY(v, LOG_LEVEL_INFO, "%s: killed", v->name);
		return;
	}
	lastwords_put(&v->words, (size_t)culprit, pipeline_stage_name(
	    v->pipeline, (size_t)culprit), end, &b);
	VERIFIER_SAY(v, r == PIPELINE_PERM ? LOG_LEVEL_ERROR : LOG_LEVEL_WARN,
	    "%s: verification: %s", v->name, buf_text(&b));
	verifier_note_error(v, buf_text(&b));
	buf_free(&b);
}

static void
on_ended(void * cookie, enum pipeline_result r, int culprit,
    const struct child_end * end, struct mono now)
{
	struct verifier * v = cookie;

	/* load complains of what is cut short, also when we wanted that. */
	if (v->draining && r == PIPELINE_TEMP)
		r = PIPELINE_STOPPED;
	else if (culprit != -1)
		blame(v, r, culprit, end);
	if (r == PIPELINE_DONE && take(v, now) == -1)
		r = PIPELINE_TEMP;
	verifier_drop(v);
	verifier_clean_look(v);

	/* What one began that was cut off may be of no use any more. */
	if (r == PIPELINE_PERM && (v->cycle.look > 1 || v->went_on)) {
		VERIFIER_SAY(v, LOG_LEVEL_WARN, "%s: verification begins "
		    "again", v->name);
		cycle_forget(&v->cycle);
		r = PIPELINE_TEMP;
	}
	verifier_event(v, job_event_of(r), now);
}
