#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/buf.h"
#include "../common/mem.h"
#include "../common/timestamp.h"

#include "command.h"
#include "relay.h"
#include "table_impl.h"

void
table_tell(struct table * t, enum event_kind kind, enum log_level level,
    const char * text, int64_t us)
{
	struct event ev = { .kind = kind, .level = level,
	    .wall_us = timestamp_now(), .table = t->name,
	    .run = t->run[0] != '\0' ? t->run : NULL, .text = text,
	    .us = us };

	t->host->tell(t->host->cookie, &ev);
}

void
table_note_error(struct table * t, const char * text)
{

	free(t->error);
	t->error = mem_dup(text);
	t->error_wall = timestamp_now();
}

/*
 * The tellings of the pipeline.
 */

/* It stands still at the acknowledgements: nothing may go on. */
static void
checkpoint_lost(struct table * t, struct mono now)
{
	char text[256];

	snprintf(text, sizeof text, "the checkpoint can't be written: %s",
	    strerror(errno));
	SAY(t, LOG_LEVEL_ERROR, "checkpoint", "%s: %s; make room or mend the "
	    "state directory, then it goes on", t->name, text);
	table_note_error(t, text);
	table_tell(t, EVENT_CHECKPOINT_FAILED, LOG_LEVEL_ERROR, text, -1);
	t->no_checkpoint = 1;
	table_event(t, JOB_EV_CRITICAL, now);
}

static void
went_forward(struct table * t, struct mono now)
{
	int64_t at = checkpoint_position_us(t->checkpoint);

	t->lag_us = at == -1 ? -1 : timestamp_now() - at;
	if (t->lag_us < -1)
		t->lag_us = 0;
	table_tell(t, EVENT_ACK, LOG_LEVEL_DEBUG, NULL, t->lag_us);
	table_event(t, JOB_EV_ACK, now);
}

static void
on_ack(void * cookie, const char * value, size_t n, struct mono now)
{
	struct table * t = cookie;
	struct counts all = tally_all(&t->tally);
	const char * round;

	switch (checkpoint_ack(t->checkpoint, value, n, t->run,
	    t->loaded + all.written, timestamp_now())) {
	case CHECKPOINT_OK:
		went_forward(t, now);
		break;
	case CHECKPOINT_EPOCH:
	case CHECKPOINT_SAME:
		break;
	case CHECKPOINT_OLD:
		SAY(t, LOG_LEVEL_WARN, "checkpoint", "%s: an acknowledgement "
		    "of an earlier position came, and is ignored", t->name);
		return;
	case CHECKPOINT_BAD_VALUE:
		SAY(t, LOG_LEVEL_WARN, "checkpoint", "%s: an acknowledgement "
		    "that is no STATE value came, and is ignored", t->name);
		return;
	case CHECKPOINT_FAILED:
		checkpoint_lost(t, now);
		return;
	}
	t->host->seen(t->host->cookie, now);
	round = checkpoint_round(t->checkpoint);
	if (t->rounds && round != NULL && strcmp(round, t->run) == 0)
		table_event(t, JOB_EV_ROUND, now);
}

static void
tell_line(struct table * t, const struct relay_line * l)
{
	struct event ev = { .kind = EVENT_STAGE_LINE, .level = l->level,
	    .wall_us = timestamp_now(), .table = t->name,
	    .run = t->run[0] != '\0' ? t->run : NULL, .text = l->message,
	    .code = l->code, .us = -1 };

	t->host->tell(t->host->cookie, &ev);
}

/* A reason; what was known before holds until all of them are told. */
static void
hear_guarantee(struct table * t, const struct relay_line * l)
{
	struct guarantee old = t->known;

	guarantee_add(&t->heard, l->guarantee, l->code, l->message);
	if (t->heard.checked) {
		t->known = t->heard;
		guarantee_clear(&old);
		memset(&t->heard, 0, sizeof t->heard);
		t->unheard = 0;

		/* It may tell all of them again, with others. */
		command_guarantee(t->plan, &t->heard);
	}
	table_compose(t);
}

static void
on_line(void * cookie, size_t stage, const char * p, size_t n,
    struct mono now)
{
	struct table * t = cookie;
	const char * name = pipeline_stage_name(t->pipeline, stage);
	struct relay_line l;

	(void)now;
	relay_read(name, p, n, &l);
	tally_take(&t->tally, &l);
	if (l.guarantee != NULL && l.code != NULL)
		hear_guarantee(t, &l);
	if (l.has_bound) {
		t->bound = l.bound;
		t->bound.told_wall = timestamp_now();
	}
	if (!l.quiet)
		relay_say(name, t->name, t->run, p, n, &l);
	if (l.level >= LOG_LEVEL_WARN)
		tell_line(t, &l);
	if (l.code != NULL && strcmp(l.code, "schema_drift") == 0)
		drift_add(&t->drift, l.message, timestamp_now());
	lastwords_hear(&t->words, stage, &l);
	relay_clear(&l);
}

/* Say whose fault the end was. */
static void
blame(struct table * t, enum pipeline_result r, int culprit,
    const struct child_end * end)
{
	enum log_level level = r == PIPELINE_PERM ? LOG_LEVEL_ERROR :
	    LOG_LEVEL_WARN;
	struct buf b = { NULL, 0, 0 };

	lastwords_put(&t->words, (size_t)culprit, pipeline_stage_name(
	    t->pipeline, (size_t)culprit), end, &b);
	if (t->killed) {
		SAY(t, LOG_LEVEL_INFO, "stop", "%s: killed", t->name);
	} else {
		SAY(t, level, "fail", "%s: %s", t->name, buf_text(&b));
		table_note_error(t, buf_text(&b));
		table_tell(t, EVENT_STAGE_FAILED, level, buf_text(&b), -1);
	}
	buf_free(&b);
}

/* Forget the pipeline, but not what it has counted. */
void
table_drop_pipeline(struct table * t)
{

	/* It has ended before it could tell what may be overlooked now. */
	if (t->pipeline != NULL && t->unheard)
		guarantee_clear(&t->known);
	pipeline_free(t->pipeline);
	t->pipeline = NULL;
	tally_pipeline_ends(&t->tally);
	lastwords_clear(&t->words);
}

static void
on_ended(void * cookie, enum pipeline_result r, int culprit,
    const struct child_end * end, struct mono now)
{
	struct table * t = cookie;

	if (culprit != -1)
		blame(t, r, culprit, end);
	table_drop_pipeline(t);

	/* Where rounds are asked for, their acknowledgement ends them, not
	 * the end of the program. */
	if (t->rounds && r == PIPELINE_DONE)
		r = PIPELINE_STOPPED;
	table_event(t, job_event_of(r), now);

	/* Refused, but maybe only what the files said before. */
	if (r == PIPELINE_PERM && job_state(t->job) == JOB_BLOCKED) {
		watch_changed(t->watch, WATCH_SETTINGS);
		table_check(t, now);
	}
}

const struct pipeline_ops table_pipeline_ops = { on_ack, on_line, on_ended };
