#include <stdlib.h>
#include <string.h>

#include "../common/exitcode.h"
#include "../common/log.h"
#include "../common/mem.h"

#include "command.h"
#include "discover.h"
#include "findings.h"
#include "schemas.h"
#include "service_impl.h"

#define FITNESS_TRIES	3	/* when it fails though the server answers */
#define HEAD_WORDS	4
#define REDISCOVER_US	(2 * SECOND_US)

/*
 * Which tables there are, and how they begin.
 */

int
service_all_paused(const struct service * sv)
{

	if (sv->once)
		return (0);
	return (control_paused(sv->control, NULL, !sv->cfg->enabled));
}

void
service_apply(struct service * sv, size_t i, struct mono now)
{
	const struct config * c = sv->cfg;
	const char * name = table_name(sv->table[i]);
	struct job_limits limits = { c->max_retries, c->retry_delay_us,
	    c->stop_us, c->stall_us, 0 };
	struct schedule s;
	const char * cron;
	int64_t us;
	int own;

	if ((own = config_schedule(c, name, &s, &cron)) == -1) {
		s = c->schedule;
		cron = c->cron;
		own = 0;
	}
	us = control_interval(sv->control, name, s.interval_us);
	if (us == 0 && !own)
		us = control_interval(sv->control, NULL, s.interval_us);
	if (us != 0) {
		s.interval_us = us;
		cron = NULL;
	}
	table_limits(sv->table[i], &limits);
	verifier_settings(table_verifier(sv->table[i]), &limits, now);
	table_schedule(sv->table[i], &s, cron, now);
}

static void
grow_pool(struct pool ** pool, struct pool * larger)
{

	pool_copy(larger, *pool);
	pool_free(*pool);
	*pool = larger;
}

/* Make room for ${n} tables. */
static void
grow_tables(struct service * sv, size_t n)
{
	int i;

	grow_pool(&sv->pool, pool_new(n, sv->cfg->pool_max,
	    sv->cfg->pool_timeout_us));
	for (i = 0; i < 2; i++)
		grow_pool(&sv->looks[i], pool_new(n, LOOKS_MAX, INT64_MAX));
	sv->table = mem_grow(sv->table, n, sizeof *sv->table);
	sv->outcome = mem_grow(sv->outcome, n, sizeof *sv->outcome);
	sv->done = mem_grow(sv->done, n, sizeof *sv->done);
	sv->fit = mem_grow(sv->fit, n, sizeof *sv->fit);
}

void
service_ask_alike(struct service * sv)
{
	size_t i;

	for (i = 0; i < sv->n; i++) {
		const char * name = table_name(sv->table[i]);

		sv->who.insecure_extract |= command_insecure(sv->cfg, name,
		    "extract");
		sv->who.insecure_load |= command_insecure(sv->cfg, name,
		    "load");
	}
}

/* How a table begins. */
static void
say_table(const struct service * sv, size_t i, struct mono now)
{
	struct table_view v;

	table_fill(sv->table[i], &v, now);
	log_event(LOG_LEVEL_INFO, LOG_FIELDS(LOG_TEXT("table", v.name),
	    LOG_TEXT("operation", "table")), "%s: %s%s%s", v.name,
	    job_state_name(v.state), v.position != NULL ? ", acknowledged up "
	    "to " : "", v.position != NULL ? v.position : "");
}

void
service_open_tables(struct service * sv, const char * const * names, size_t n,
    struct mono now)
{
	size_t i, k;
	int paused;

	for (i = 0; i < n; i++) {
		int at = service_find(sv, names[i]);

		if (at != -1 && job_state(table_job(sv->table[at])) !=
		    JOB_ENDED)
			continue;
		if (at == -1) {
			grow_tables(sv, sv->n + 1);
			k = sv->n;
		} else {
			k = (size_t)at;
			table_free(sv->table[k]);
		}
		paused = service_all_paused(sv) ||
		    control_paused(sv->control, names[i], 0);
		sv->done[k] = 0;
		sv->fit[k] = FIT_UNKNOWN;
		sv->table[k] = table_open(&sv->host, k, names[i], paused,
		    now);
		if (at == -1)
			sv->n++;
		service_apply(sv, k, now);
		say_table(sv, k, now);
	}
	service_ask_alike(sv);
	service_soon(sv);
}

void
service_close_tables(struct service * sv, struct mono now)
{
	size_t i, k;

	for (i = 0; i < sv->n && sv->cfg->ntables > 0; i++) {
		const char * name = table_name(sv->table[i]);

		if (job_state(table_job(sv->table[i])) == JOB_ENDED)
			continue;
		for (k = 0; k < sv->cfg->ntables; k++) {
			if (strcmp(sv->cfg->tables[k], name) == 0)
				break;
		}
		if (k < sv->cfg->ntables)
			continue;
		SAY(LOG_LEVEL_INFO, "table", "%s: no longer in SYNC_TABLES",
		    name);
		table_event(sv->table[i], JOB_EV_STOP, now);
	}
}

/* The same once: a server may be away for a day. */
static void
say_undiscovered(struct service * sv, const char * error)
{
	int known = sv->discover_said != NULL &&
	    strcmp(sv->discover_said, error) == 0;

	SAY(known ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR, "discover",
	    "looking for tables: %s; it is tried again, or name them in "
	    "SYNC_TABLES", error);
	if (known)
		return;
	free(sv->discover_said);
	sv->discover_said = mem_dup(error);
}

static void
on_discovered(void * cookie, enum pipeline_result r, const char * out,
    size_t len, const char * error, struct mono now)
{
	struct service * sv = cookie;
	char ** names = NULL;
	size_t n = 0;

	if (r == PIPELINE_DONE && discover_parse(out, len, &names, &n) == -1)
		error = "extract --discover printed no catalog";
	else if (r == PIPELINE_DONE && n == 0)
		error = "there is none with a key and a change column";
	if (error == NULL) {
		SAY(LOG_LEVEL_INFO, "discover", "%zu tables found", n);
		free(sv->discover_said);
		sv->discover_said = NULL;
		service_open_tables(sv, (const char * const *)names, n, now);
	} else {
		say_undiscovered(sv, error);
		sv->discover_at = mono_add(now, REDISCOVER_US);
	}
	discover_free_names(names, n);
	ask_free(sv->discover);
	sv->discover = NULL;
	if (error != NULL && sv->once) {
		sv->exit_code = r == PIPELINE_DONE || r == PIPELINE_PERM ?
		    EXIT_PERM : EXIT_TEMP;
		service_stop(sv, now);
	}
	service_soon(sv);
}

void
service_find_tables(struct service * sv, struct mono now)
{
	static const char * const words[] = { "extract", "--discover", NULL };

	sv->discover_at = MONO_NEVER;
	if (sv->cfg->ntables > 0) {
		service_open_tables(sv, sv->cfg->tables, sv->cfg->ntables, now);
		return;
	}
	if (sv->discover != NULL)
		return;
	sv->discover = ask_start(sv->lp, &sv->who, words, on_discovered, sv);
	if (sv->discover == NULL)
		sv->discover_at = mono_add(now, REDISCOVER_US);
}

static void
on_surveyed(void * cookie, enum pipeline_result r, const char * out,
    size_t n, const char * error, struct mono now)
{
	struct service * sv = cookie;
	struct discover_remarks rm;
	const char * what;

	(void)r;
	(void)n;
	(void)now;
	discover_remarks_init(&rm, out);
	while ((what = discover_remark(&rm)) != NULL)
		SAY(LOG_LEVEL_WARN, "check", "%s", what);
	discover_remarks_free(&rm);
	if (error != NULL)
		SAY(LOG_LEVEL_WARN, "check", "extract --check: %s", error);
	ask_free(sv->survey);
	sv->survey = NULL;
}

void
service_survey(struct service * sv)
{
	const char ** words;
	size_t i;

	if (sv->surveyed || sv->once || sv->stopping || sv->n == 0 ||
	    health_state(sv->health, SERVER_MYSQL) != SERVER_UP)
		return;
	sv->surveyed = 1;
	words = mem_new(sv->n + 4, sizeof *words);
	words[0] = "extract";
	words[1] = "--check";
	words[2] = "--";
	for (i = 0; i < sv->n; i++)
		words[3 + i] = table_name(sv->table[i]);
	sv->survey = ask_start(sv->lp, &sv->who, words, on_surveyed, sv);
	free(words);
}

/*
 * The collections.
 */

int
service_fitness_open(const struct service * sv)
{
	size_t i;

	if (sv->fitness != NULL)
		return (1);
	for (i = 0; i < sv->n; i++) {
		if (sv->fit[i] != FIT_KNOWN)
			return (health_state(sv->health, SERVER_MONGODB) ==
			    SERVER_UP);
	}
	return (0);
}

/* Say what isn't as it should be; what can't work blocks its table. */
static void
take_finding(struct service * sv, const struct finding * f, struct mono now)
{
	static const enum log_level levels[] = { LOG_LEVEL_DEBUG,
		LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };
	struct buf b = { NULL, 0, 0 };
	int i;

	i = f->stream != NULL ? service_find(sv, f->stream) : -1;
	buf_printf(&b, "%s: %s", f->point, f->text);
	if (f->remedy != NULL)
		buf_printf(&b, "; remedy: %s", f->remedy);
	log_event(levels[f->mark], LOG_FIELDS(LOG_TEXT("table", f->stream),
	    LOG_TEXT("operation", "check")), "%s: %s",
	    f->stream != NULL ? f->stream : "mongodb", buf_text(&b));
	if (f->mark == FINDING_FAIL && i != -1)
		table_unfit(sv->table[i], buf_text(&b), now);
	buf_free(&b);
}

static void
on_fitness(void * cookie, enum pipeline_result r, const char * out,
    size_t n, const char * error, struct mono now)
{
	struct service * sv = cookie;
	struct finding f = { .doc = NULL };
	unsigned failed = 0, seen = 0;
	size_t i;
	int again;

	(void)n;
	while (findings_next(&f, &out)) {
		failed += (f.mark == FINDING_FAIL);
		seen += (f.stream != NULL &&
		    strcmp(f.point, "collection") == 0);
		take_finding(sv, &f, now);
	}
	SAY(LOG_LEVEL_INFO, "check", "%u collections looked at%s", seen,
	    failed > 0 ? "; not all can be loaded into" : "");

	/* If it was the server, it is asked again when that is back.  load
	 * looks at its collection itself, too, before it writes. */
	again = (r == PIPELINE_TEMP && ++sv->fitness_tries < FITNESS_TRIES);
	if (error != NULL && failed == 0)
		SAY(LOG_LEVEL_WARN, "check", "load --check: %s", error);
	for (i = 0; i < sv->n; i++) {
		if (sv->fit[i] == FIT_ASKED)
			sv->fit[i] = again ? FIT_UNKNOWN : FIT_KNOWN;
	}
	ask_free(sv->fitness);
	sv->fitness = NULL;
	if (again)
		health_probe(sv->health, now);
	service_soon(sv);
}

/* "orders", or "orders=shop_orders" if its schema file says so. */
static char *
fitness_word(const struct service * sv, const char * table)
{
	char * folder = schemas_folder(settings_text(sv->cfg->settings,
	    "SYNC_SCHEMAS"), env_own_folder(sv->env));
	char * path = schemas_find(folder, table, NULL);
	char * collection = path != NULL ? schemas_collection(path) : NULL;
	struct buf b = { NULL, 0, 0 };
	char * word;

	buf_puts(&b, table);
	if (collection != NULL)
		buf_printf(&b, "=%s", collection);
	word = mem_dup(buf_text(&b));
	buf_free(&b);
	free(collection);
	free(path);
	free(folder);
	return (word);
}

/* The words of the question.  Return how many tables it is about. */
static size_t
fitness_words(struct service * sv, char ** words)
{
	size_t i, n = 0;

	for (i = 0; i < sv->n; i++) {
		const char * name = table_name(sv->table[i]);

		if (sv->fit[i] != FIT_UNKNOWN)
			continue;
		if (config_pipeline(sv->cfg, name) != NULL) {
			/* It may go anywhere. */
			SAY(LOG_LEVEL_INFO, "check", "%s: has a pipeline of "
			    "its own: its collection isn't looked at", name);
			sv->fit[i] = FIT_KNOWN;
			continue;
		}
		sv->fit[i] = FIT_ASKED;
		words[n++] = fitness_word(sv, name);
	}
	return (n);
}

void
service_ask_fitness(struct service * sv)
{
	static const char * const head[] = { "load", "--check", "--json",
		"--" };
	char ** words;
	size_t i, n;

	if (sv->fitness != NULL || sv->stopping || sv->n == 0 ||
	    health_asking(sv->health) || !service_fitness_open(sv))
		return;
	words = mem_new(sv->n + HEAD_WORDS + 1, sizeof *words);
	for (i = 0; i < HEAD_WORDS; i++)
		words[i] = mem_dup(head[i]);
	n = fitness_words(sv, words + HEAD_WORDS);
	if (n > 0)
		sv->fitness = ask_start(sv->lp, &sv->who,
		    (const char * const *)words, on_fitness, sv);
	for (i = 0; i < HEAD_WORDS + n; i++)
		free(words[i]);
	free(words);
	for (i = 0; i < sv->n && sv->fitness == NULL; i++)
		sv->fit[i] = FIT_KNOWN;
	service_soon(sv);
}
