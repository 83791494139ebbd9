#include "supervisor/job.h"

#include "tap.h"

#define AT(s)	((struct mono) { (s) * SECOND_US })
#define INTERVAL	(60 * SECOND_US)

/* A job's world: what it asked for, and what it is told. */
struct world {
	struct job * j;
	char log[512];		/* a letter for each thing asked for */
	enum job_start answer;
	int keep;
	int runs[5];		/* by outcome */
	int place;		/* it has one */
	int pipeline;		/* 0 none, 1 running, 2 idle */
	int drained, killed;
	int waits;		/* for a place */
	int probes;
};

static void
note(struct world * w, char c)
{
	size_t n = strlen(w->log);

	if (n + 1 < sizeof w->log)
		w->log[n] = c;
}

static enum job_start
start(void * c, struct mono now)
{
	struct world * w = c;

	(void)now;
	note(w, 's');
	if (w->answer == JOB_STARTED) {
		w->pipeline = 1;
		w->drained = w->killed = 0;
	} else
		w->pipeline = 0;
	return (w->answer);
}

static void
drain(void * c)
{
	struct world * w = c;

	note(w, 'd');
	w->drained = 1;
}

static void
kill_all(void * c)
{
	struct world * w = c;

	note(w, 'k');
	w->killed = 1;
}

static void
want(void * c, struct mono now)
{
	struct world * w = c;

	(void)now;
	note(w, 'w');
	w->waits = 1;
}

static void
leave(void * c, struct mono now)
{
	struct world * w = c;

	(void)now;
	note(w, 'l');
	w->place = w->waits = 0;
}

static void
probe(void * c, struct mono now)
{
	struct world * w = c;

	(void)now;
	note(w, 'p');
	w->probes++;
}

static struct mono
due(void * c, struct mono begun, struct mono now)
{
	struct mono t = mono_add(begun, INTERVAL);

	(void)c;
	return (mono_due(t, now) ? now : t);
}

static void
stalled(void * c, struct mono now)
{

	(void)now;
	note(c, '!');
}

static int
keep(void * c)
{
	struct world * w = c;

	if (w->keep)
		w->pipeline = 2;
	return (w->keep);
}

static void
over(void * c, enum job_outcome o, struct mono now)
{
	struct world * w = c;

	(void)now;
	w->runs[o]++;
}

static void
moved(void * c, enum job_state from, enum job_state to, struct mono now)
{

	(void)c;
	(void)from;
	(void)to;
	(void)now;
}

static const struct job_ops ops = { start, drain, kill_all, want, leave,
	probe, due, stalled, keep, over, moved };
static const struct job_limits limits = { 2, 8 * SECOND_US, 10 * SECOND_US,
	100 * SECOND_US, 0 };

static void
begin(struct world * w, int paused)
{

	memset(w, 0, sizeof *w);
	w->j = job_new(&ops, w, &limits, paused, AT(0), 42);
}

static void
ev(struct world * w, enum job_event e, int64_t s)
{

	if (e == JOB_EV_PLACE) {
		w->place = 1;
		w->waits = 0;
	}
	if (e == JOB_EV_NO_PLACE)
		w->waits = 0;
	if (e >= JOB_EV_DONE && e <= JOB_EV_PERM)
		w->pipeline = 0;
	job_event(w->j, e, AT(s));
}

/* As far as a run. */
static void
run(struct world * w)
{

	begin(w, 0);
	ev(w, JOB_EV_TIME, 0);
	ev(w, JOB_EV_PLACE, 0);
}

static int
is(const struct world * w, enum job_state s, const char * log)
{

	if (job_state(w->j) == s && strcmp(w->log, log) == 0)
		return (1);
	printf("#   %s, asked for \"%s\"\n", job_state_name(job_state(w->j)),
	    w->log);
	return (0);
}

static void
test_runs(void)
{
	struct world w;

	begin(&w, 0);
	ok(is(&w, JOB_WAITING, "") && job_deadline(w.j).us == 0,
	    "the first run is due at the start");
	ev(&w, JOB_EV_TIME, 0);
	ok(is(&w, JOB_QUEUED, "w"), "it wants a place");
	ev(&w, JOB_EV_PLACE, 1);
	ok(is(&w, JOB_RUNNING, "ws"), "and runs");
	ev(&w, JOB_EV_TRIGGER, 2);
	ok(job_again(w.j), "another one is queued");
	ev(&w, JOB_EV_DONE, 3);
	ok(is(&w, JOB_QUEUED, "wslw") && w.runs[JOB_OK] == 1, "and follows");
	ev(&w, JOB_EV_PLACE, 4);
	ev(&w, JOB_EV_DONE, 5);
	ok(is(&w, JOB_WAITING, "wslwsl") && job_due(w.j).us == AT(63).us,
	    "the next is due an interval after its start");
	job_free(w.j);

	begin(&w, 1);
	ok(is(&w, JOB_PAUSED, "") && mono_is_never(job_deadline(w.j)),
	    "begun paused");
	ev(&w, JOB_EV_TRIGGER, 1);
	ok(is(&w, JOB_PAUSED, ""), "no trigger then");
	ev(&w, JOB_EV_RESUME, 2);
	ok(is(&w, JOB_WAITING, "") && job_deadline(w.j).us == 0,
	    "resumed: due since the start");
	job_free(w.j);

	begin(&w, 0);
	ev(&w, JOB_EV_TIME, 0);
	ev(&w, JOB_EV_NO_PLACE, 30);
	ok(is(&w, JOB_BACKOFF, "w") && job_tries(w.j) == 0,
	    "no place is no failure");
	job_free(w.j);
}

static void
test_rounds(void)
{
	struct world w;

	run(&w);
	w.keep = 1;
	ev(&w, JOB_EV_ROUND, 1);
	ok(is(&w, JOB_WAITING, "ws") && job_has_pipeline(w.j),
	    "the pipeline stays");
	ev(&w, JOB_EV_TIME, 60);
	ok(is(&w, JOB_RUNNING, "wss"), "and is asked again, without waiting");
	w.keep = 0;
	ev(&w, JOB_EV_ROUND, 61);
	ok(is(&w, JOB_STOPPING, "wssd") && w.runs[JOB_OK] == 2,
	    "not kept: drained");
	ev(&w, JOB_EV_STOPPED, 62);
	ok(is(&w, JOB_WAITING, "wssdl") && w.runs[JOB_OK] == 2, "and gone");
	job_free(w.j);

	run(&w);
	w.keep = 1;
	ev(&w, JOB_EV_ROUND, 1);
	ev(&w, JOB_EV_CRASHED, 2);
	ok(is(&w, JOB_WAITING, "wsl") && !job_has_pipeline(w.j),
	    "an idle one that dies is no failure");
	job_free(w.j);

	run(&w);
	w.keep = 1;
	ev(&w, JOB_EV_ROUND, 1);
	ev(&w, JOB_EV_CLOSE, 2);
	ev(&w, JOB_EV_TRIGGER, 3);
	ev(&w, JOB_EV_STOPPED, 4);
	ok(is(&w, JOB_QUEUED, "wsdlw"), "closed, but wanted meanwhile");
	job_free(w.j);
}

static void
test_failures(void)
{
	struct world w;

	run(&w);
	ev(&w, JOB_EV_TEMP, 1);
	ok(is(&w, JOB_CHECKING, "wslp"), "are the servers there?");
	ev(&w, JOB_EV_AWAY, 2);
	ok(is(&w, JOB_AWAY, "wslp") && job_tries(w.j) == 0,
	    "a server is away: it doesn't count");
	ev(&w, JOB_EV_BACK, 62);
	ok(is(&w, JOB_QUEUED, "wslpw"), "and goes on when it is back");
	ev(&w, JOB_EV_PLACE, 62);
	ev(&w, JOB_EV_TEMP, 63);
	ev(&w, JOB_EV_BACK, 63);
	ok(is(&w, JOB_BACKOFF, "wslpwslp") && job_tries(w.j) == 1 &&
	    w.runs[JOB_RETRY] == 1, "both are there: it counts");
	ev(&w, JOB_EV_TIME, 70);
	ev(&w, JOB_EV_PLACE, 70);
	ev(&w, JOB_EV_TEMP, 71);
	ev(&w, JOB_EV_BACK, 71);
	ev(&w, JOB_EV_TIME, 80);
	ev(&w, JOB_EV_PLACE, 80);
	ev(&w, JOB_EV_TEMP, 81);
	ev(&w, JOB_EV_BACK, 81);
	ok(job_state(w.j) == JOB_FAILED && w.runs[JOB_GAVE_UP] == 1,
	    "the tries are used up");
	ok(job_deadline(w.j).us == AT(81).us,
	    "until its turn, which is long past");
	w.log[0] = '\0';
	memset(w.log, 0, sizeof w.log);
	ev(&w, JOB_EV_TIME, 81);
	ev(&w, JOB_EV_PLACE, 81);
	ev(&w, JOB_EV_TEMP, 82);
	ev(&w, JOB_EV_BACK, 82);
	ok(is(&w, JOB_FAILED, "wslp") && job_deadline(w.j).us == AT(141).us,
	    "then one try for each turn");
	ev(&w, JOB_EV_TIME, 141);
	ev(&w, JOB_EV_PLACE, 141);
	ev(&w, JOB_EV_ACK, 142);
	ev(&w, JOB_EV_TEMP, 143);
	ev(&w, JOB_EV_BACK, 143);
	ok(job_state(w.j) == JOB_BACKOFF && job_tries(w.j) == 1,
	    "progress: the tries count afresh");
	job_free(w.j);

	run(&w);
	ev(&w, JOB_EV_AWAY, 1);
	ok(is(&w, JOB_RUNNING, "ws") && job_doubtful(w.j),
	    "a server goes while it runs: it may go on");
	ev(&w, JOB_EV_BACK, 30);
	ok(is(&w, JOB_RUNNING, "wsk"), "it hung all the time: killed");
	ev(&w, JOB_EV_CRASHED, 31);
	ok(is(&w, JOB_BACKOFF, "wskl") && job_tries(w.j) == 0 &&
	    job_deadline(w.j).us - AT(31).us < SECOND_US,
	    "and started again at once");
	job_free(w.j);

	run(&w);
	ev(&w, JOB_EV_AWAY, 1);
	ev(&w, JOB_EV_ACK, 2);
	ev(&w, JOB_EV_BACK, 30);
	ok(is(&w, JOB_RUNNING, "ws"), "what has gone on is left alone");
	job_free(w.j);

	run(&w);
	ev(&w, JOB_EV_PERM, 1);
	ok(is(&w, JOB_BLOCKED, "wsl") && mono_is_never(job_deadline(w.j)) &&
	    w.runs[JOB_REFUSED] == 1, "for good");
	ev(&w, JOB_EV_CHANGED, 2);
	ok(is(&w, JOB_QUEUED, "wslw"), "until a file changes");
	job_free(w.j);

	run(&w);
	ev(&w, JOB_EV_CRASHED, 1);
	ok(is(&w, JOB_BACKOFF, "wsl") && job_deadline(w.j).us <=
	    AT(1).us + SECOND_US / 10, "a crash: again at once");
	job_free(w.j);

	run(&w);
	w.log[0] = '\0';
	ok(job_deadline(w.j).us == AT(100).us, "a stall is waited for");
	ev(&w, JOB_EV_ACK, 50);
	ok(job_deadline(w.j).us == AT(150).us, "from the last progress");
	memset(w.log, 0, sizeof w.log);
	ev(&w, JOB_EV_TIME, 150);
	ok(is(&w, JOB_RUNNING, "!k"), "told and killed");
	ev(&w, JOB_EV_CRASHED, 150);
	ok(is(&w, JOB_BACKOFF, "!kl") && job_tries(w.j) == 1,
	    "which counts as a failure");
	job_free(w.j);

	begin(&w, 0);
	w.answer = JOB_UNSTARTABLE;
	ev(&w, JOB_EV_TIME, 0);
	ev(&w, JOB_EV_PLACE, 0);
	ok(is(&w, JOB_BLOCKED, "wsl"), "it can't be started at all");
	job_free(w.j);
	begin(&w, 0);
	w.answer = JOB_NOT_STARTED;
	ev(&w, JOB_EV_TIME, 0);
	ev(&w, JOB_EV_PLACE, 0);
	ok(is(&w, JOB_BACKOFF, "wsl"), "or not now");
	job_free(w.j);
}

static void
test_steering(void)
{
	struct world w;

	run(&w);
	ev(&w, JOB_EV_RESTART, 1);
	ok(is(&w, JOB_STOPPING, "wsd") && job_deadline(w.j).us == AT(11).us,
	    "replaced from its source");
	ev(&w, JOB_EV_STOPPED, 2);
	ok(is(&w, JOB_QUEUED, "wsdlw") && w.runs[JOB_OK] == 0,
	    "and goes on with the same run");
	job_free(w.j);

	run(&w);
	ev(&w, JOB_EV_RESTART, 1);
	ev(&w, JOB_EV_DONE, 2);
	ok(is(&w, JOB_WAITING, "wsdl") && w.runs[JOB_OK] == 1,
	    "unless that was complete");
	job_free(w.j);

	run(&w);
	ev(&w, JOB_EV_PAUSE, 1);
	ev(&w, JOB_EV_TIME, 11);
	ok(is(&w, JOB_STOPPING, "wsdk"), "it didn't drain in time: killed");
	ev(&w, JOB_EV_CRASHED, 11);
	ok(is(&w, JOB_PAUSED, "wsdkl") && w.runs[JOB_INTERRUPTED] == 1,
	    "paused");
	ev(&w, JOB_EV_RESUME, 12);
	ok(is(&w, JOB_QUEUED, "wsdklw"), "what was interrupted goes on");
	job_free(w.j);

	run(&w);
	ev(&w, JOB_EV_PAUSE, 1);
	ev(&w, JOB_EV_RESUME, 2);
	ev(&w, JOB_EV_STOPPED, 3);
	ok(is(&w, JOB_QUEUED, "wsdlw"), "resumed while it drained");
	job_free(w.j);

	run(&w);
	ev(&w, JOB_EV_STOP, 1);
	ok(is(&w, JOB_STOPPING, "wsd"), "the end: drained");
	ev(&w, JOB_EV_STOPPED, 2);
	ok(is(&w, JOB_ENDED, "wsdl"), "ended");
	ev(&w, JOB_EV_TRIGGER, 3);
	ok(is(&w, JOB_ENDED, "wsdl"), "for good");
	job_free(w.j);

	run(&w);
	ev(&w, JOB_EV_CRITICAL, 1);
	ok(is(&w, JOB_STOPPING, "wsk"), "nothing may be acknowledged: killed");
	ev(&w, JOB_EV_CRASHED, 1);
	ok(is(&w, JOB_BLOCKED, "wskl"), "and blocked");
	ev(&w, JOB_EV_RESUME, 2);
	ok(is(&w, JOB_QUEUED, "wsklw"), "until somebody has seen to it");
	job_free(w.j);

	run(&w);
	w.keep = 1;
	ev(&w, JOB_EV_ROUND, 1);
	ev(&w, JOB_EV_CRITICAL, 2);
	ok(is(&w, JOB_STOPPING, "wsk"), "one that stands ready: killed, too");
	ev(&w, JOB_EV_CRASHED, 2);
	ok(is(&w, JOB_BLOCKED, "wskl"), "and its place is free");
	job_free(w.j);
}

/* What is found out before a run. */
static void
test_unfit(void)
{
	struct world w;

	begin(&w, 0);
	ev(&w, JOB_EV_TIME, 0);
	ev(&w, JOB_EV_CRITICAL, 1);
	ok(is(&w, JOB_BLOCKED, "wl") && w.runs[JOB_REFUSED] == 1,
	    "unfit while it waits for a place: blocked, and out of the queue");
	ev(&w, JOB_EV_TRIGGER, 2);
	ok(is(&w, JOB_QUEUED, "wlw"), "until somebody has seen to it");
	ev(&w, JOB_EV_AWAY, 3);
	ev(&w, JOB_EV_CRITICAL, 4);
	ok(is(&w, JOB_BLOCKED, "wlwl"), "the same while a server is away");
	job_free(w.j);
}

/* When the next run comes is known also while one is made. */
static void
test_due(void)
{
	struct world w;

	run(&w);
	ok(job_state(w.j) == JOB_RUNNING &&
	    job_due(w.j).us == AT(0).us + INTERVAL, "while one runs");
	ev(&w, JOB_EV_RESTART, 1);
	ok(job_state(w.j) == JOB_STOPPING &&
	    job_due(w.j).us == AT(0).us + INTERVAL, "while it is replaced");
	ev(&w, JOB_EV_PAUSE, 2);
	ok(mono_is_never(job_due(w.j)), "not when it is to be paused");
	job_free(w.j);
}

/* What may happen in this world. */
static int
possible(const struct world * w, enum job_event e)
{
	enum job_state s = job_state(w->j);

	switch (e) {
	case JOB_EV_TIME:
		return (!mono_is_never(job_deadline(w->j)));
	case JOB_EV_PLACE:
	case JOB_EV_NO_PLACE:
		return (w->waits);
	case JOB_EV_AWAY:
		return (s == JOB_CHECKING || s == JOB_QUEUED ||
		    s == JOB_BACKOFF || s == JOB_RUNNING);
	case JOB_EV_BACK:
		return (s == JOB_CHECKING || s == JOB_AWAY ||
		    s == JOB_RUNNING);
	case JOB_EV_CRITICAL:
		if (s == JOB_CHECKING || s == JOB_QUEUED || s == JOB_BACKOFF ||
		    s == JOB_AWAY)
			return (1);
		return (w->pipeline != 0);
	case JOB_EV_ACK:
		return (w->pipeline == 1);
	case JOB_EV_ROUND:
		return (w->pipeline == 1 && !w->killed);
	case JOB_EV_DONE:
	case JOB_EV_STOPPED:
	case JOB_EV_TEMP:
	case JOB_EV_CRASHED:
	case JOB_EV_PERM:
		return (w->pipeline != 0);
	case JOB_EV_STOP:
		return (0);
	default:
		return (1);
	}
}

/* What always holds. */
static int
holds(const struct world * w)
{
	enum job_state s = job_state(w->j);

	if ((w->pipeline != 0) != (job_has_pipeline(w->j) != 0))
		return (0);
	if (w->pipeline != 0 && !w->place)
		return (0);
	switch (s) {
	case JOB_RUNNING:
		return (w->pipeline != 0);
	case JOB_STOPPING:
		return (w->pipeline != 0 && (w->drained || w->killed));
	case JOB_QUEUED:
		return (w->waits && w->pipeline == 0);
	case JOB_WAITING:
		return (w->pipeline != 1 && !w->waits);
	default:
		return (w->pipeline == 0 && !w->place && !w->waits);
	}
}

/* A storm of events: whatever happens, it holds, and the end is reached. */
static void
test_storm(void)
{
	struct world w;
	uint32_t x = 2463534242u;
	int64_t t = 0;
	long n, wrong = 0;
	int i, ended = 1;

	begin(&w, 0);
	for (n = 0; n < 1000000; n++) {
		enum job_event e;

		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		e = (enum job_event)(x % JOB_EVENTS);
		w.keep = (x >> 8 & 1) != 0;
		w.answer = (x >> 9 & 15) == 0 ? JOB_NOT_STARTED :
		    (x >> 9 & 31) == 1 ? JOB_UNSTARTABLE : JOB_STARTED;
		memset(w.log, 0, sizeof w.log);

		/* People come seldom, or nothing would ever come to its end. */
		if (!possible(&w, e) || ((x >> 16 & 15) != 0 &&
		    ((e != JOB_EV_TIME && e < JOB_EV_PLACE) ||
		    (e == JOB_EV_CRITICAL && w.pipeline == 0))))
			continue;
		ev(&w, e, ++t);
		if (w.pipeline == 2 && job_state(w.j) == JOB_RUNNING)
			w.pipeline = 1;
		if (!holds(&w) && wrong++ == 0)
			printf("#   after %s: %s\n", job_event_name(e),
			    job_state_name(job_state(w.j)));
	}
	ok(wrong == 0, "a million random events: what has to hold, holds");
	ok(w.runs[JOB_OK] > 100 && w.runs[JOB_RETRY] > 100 &&
	    w.runs[JOB_INTERRUPTED] > 100 && w.runs[JOB_GAVE_UP] > 0 &&
	    w.runs[JOB_REFUSED] > 100, "and everything happened");
	ev(&w, JOB_EV_STOP, ++t);
	for (i = 0; i < 3 && w.pipeline != 0; i++)
		ev(&w, JOB_EV_STOPPED, ++t);
	ended = (job_state(w.j) == JOB_ENDED);
	ok(ended, "and it ends");
	job_free(w.j);
}

int
main(void)
{

	test_runs();
	test_rounds();
	test_failures();
	test_steering();
	test_unfit();
	test_due();
	test_storm();
	return (tap_done());
}
