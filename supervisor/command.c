#include <sys/stat.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../common/buf.h"
#include "../common/log.h"
#include "../common/mem.h"

#include "command.h"
#include "schemas.h"

/* extract TABLE | transform | load. */
static struct pipeline_plan *
usual_plan(const char * table)
{
	struct pipeline_plan * plan = mem_new(1, sizeof *plan);

	pipeline_plan_add(plan, 0, "extract");
	if (table[0] == '-')
		pipeline_plan_add(plan, 0, "--");
	pipeline_plan_add(plan, 0, table);
	pipeline_plan_add(plan, 1, "transform");
	pipeline_plan_add(plan, 2, "load");
	plan->n = 3;
	return (plan);
}

/* Was the option, "--state", given, alone or as "--state=..."? */
static int
has_option(const struct pipeline_stage * st, const char * name)
{
	size_t i, n = strlen(name);

	for (i = 1; i < st->argc; i++) {
		if (strncmp(st->argv[i], name, n) == 0 &&
		    (st->argv[i][n] == '\0' || st->argv[i][n] == '='))
			return (1);
	}
	return (0);
}

/*
 * Add an option behind the command, in front of its other words: so a "--"
 * among them doesn't matter.
 */
static void
add_option(struct pipeline_plan * plan, int stage, const char * name,
    const char * value)
{
	struct pipeline_stage * st = &plan->stage[stage];
	char * word;
	size_t k;
	int i;

	for (i = value != NULL ? 1 : 0; i >= 0; i--) {
		pipeline_plan_add(plan, (size_t)stage, i == 1 ? value : name);
		word = st->argv[st->argc - 1];
		for (k = st->argc - 1; k > 1; k--)
			st->argv[k] = st->argv[k - 1];
		st->argv[1] = word;
	}
}

static void
add_missing(struct pipeline_plan * plan, int stage, const char * name,
    const char * value)
{

	if (value != NULL && !has_option(&plan->stage[stage], name))
		add_option(plan, stage, name, value);
}

/* A file of the table's own folder, as an option. */
static void
add_file(struct pipeline_plan * plan, int stage, const char * name,
    const char * folder, const char * file)
{
	struct buf b = { NULL, 0, 0 };

	buf_printf(&b, "%s/%s", folder, file);
	add_missing(plan, stage, name, buf_text(&b));
	buf_free(&b);
}

static void
complete_extract(struct pipeline_plan * plan, int i,
    const struct command_spec * spec, int rounds)
{

	const struct command_look * look = spec->look;

	add_missing(plan, i, "--env-file", spec->cfg->env_file);
	if (!has_option(&plan->stage[i], "--report"))
		add_option(plan, i, "--report", NULL);
	if (look == NULL)
		add_file(plan, i, "--state", spec->folder, "state");
	else if (look->only != NULL)
		add_file(plan, i, "--only", spec->folder, look->only);
	else if (look->go_on)
		add_file(plan, i, "--state", spec->folder,
		    COMMAND_LOOK_CHECKPOINT);
	else
		add_option(plan, i, "--full", NULL);
	if (rounds && !has_option(&plan->stage[i], "--rounds"))
		add_option(plan, i, "--rounds", NULL);
}

/*
 * The schema file, for transform.  What can't be found isn't taken for none:
 * rows would go on as they are, with all that the file leaves out or masks.
 * Return 0, or -1 after a report.
 */
static int
add_schema(struct pipeline_plan * plan, int i,
    const struct command_spec * spec, struct watch * watch)
{
	char * folder = schemas_folder(settings_text(spec->cfg->settings,
	    "SYNC_SCHEMAS"), env_own_folder(spec->env));
	char * bad, * schema = schemas_find(folder, spec->table, &bad);
	struct buf b = { NULL, 0, 0 };
	int rc = 0;

	if (schema != NULL) {
		free(*spec->schema);
		*spec->schema = schema;
	}
	if (schema == NULL && bad != NULL) {
		log_error("%s: its schema file isn't found, and %s can't be "
		    "read, which may hide it: mend or remove that",
		    spec->table, bad);
		watch_add(watch, WATCH_FILE, bad, bad);
		rc = -1;
	} else if (*spec->schema != NULL) {
		/* If it has gone, transform says so. */
		add_option(plan, i, "--schema", *spec->schema);
		watch_add(watch, WATCH_FILE, *spec->schema, *spec->schema);
	} else {
		/* The one that may come. */
		add_option(plan, i, "--no-schemas", NULL);
		buf_printf(&b, "%s/%s.json", folder != NULL ? folder : ".",
		    spec->table);
		watch_add(watch, WATCH_FILE, buf_text(&b), buf_text(&b));
		buf_free(&b);
	}
	free(folder);
	free(bad);
	return (rc);
}

/* Return 0, or -1 after a report. */
static int
complete_transform(struct pipeline_plan * plan, int i,
    const struct command_spec * spec, struct watch * watch)
{
	const struct pipeline_stage * st = &plan->stage[i];

	if (!has_option(st, "--report"))
		add_option(plan, i, "--report", NULL);
	add_missing(plan, i, "--env-file", spec->cfg->env_file);
	add_file(plan, i, "--rejects", spec->folder, "transform.rejects");
	if (spec->look == NULL)
		add_missing(plan, i, "--max-rejects", spec->cfg->max_rejects);
	if (has_option(st, "-s") || has_option(st, "--schema") ||
	    has_option(st, "--schemas") || has_option(st, "--no-schemas"))
		return (0);
	return (add_schema(plan, i, spec, watch));
}

static void
complete_load(struct pipeline_plan * plan, int i,
    const struct command_spec * spec)
{

	add_missing(plan, i, "--env-file", spec->cfg->env_file);
	add_file(plan, i, "--rejects", spec->folder, "load.rejects");
	add_missing(plan, i, "--max-rejects", spec->cfg->max_rejects);
	add_file(plan, i, "--ack", spec->folder, "ack");
	if (!has_option(&plan->stage[i], "--report"))
		add_option(plan, i, "--report", NULL);
}

/* The same to compare.  What a look rejects wasn't compared, no more. */
static void
complete_compare(struct pipeline_plan * plan, int i,
    const struct command_spec * spec)
{
	const struct command_look * look = spec->look;
	char looks[16];

	add_missing(plan, i, "--env-file", spec->cfg->env_file);
	add_file(plan, i, "--rejects", spec->folder, "load.rejects");
	if (!has_option(&plan->stage[i], "--report"))
		add_option(plan, i, "--report", NULL);
	add_option(plan, i, "--verify", NULL);
	if (look->only == NULL)
		add_file(plan, i, "--resume", spec->folder,
		    COMMAND_LOOK_CHECKPOINT);
	snprintf(looks, sizeof looks, "%u", look->looks);
	add_missing(plan, i, "--generations", looks);
	add_missing(plan, i, "--rate", spec->cfg->verify_rate);
	if (look->repair)
		add_option(plan, i, "--repair", NULL);
}

/*
 * Is the word a program's text: behind an option that says so, or by its
 * suffix?  Not just any file: a stage may be writing to it.
 */
static int
is_script(const struct pipeline_stage * st, size_t i)
{
	static const char * const options[] = { "-f", "--file",
		"--from-file", "-s", "--schema" };
	static const char * const suffixes[] = { ".awk", ".jq", ".js",
		".lua", ".pl", ".py", ".rb", ".sed", ".sh" };
	size_t k, n = strlen(st->argv[i]), m;

	for (k = 0; k < sizeof options / sizeof options[0]; k++) {
		if (strcmp(st->argv[i - 1], options[k]) == 0)
			return (1);
	}
	for (k = 0; k < sizeof suffixes / sizeof suffixes[0]; k++) {
		m = strlen(suffixes[k]);
		if (n > m && strcmp(st->argv[i] + n - m, suffixes[k]) == 0)
			return (1);
	}
	return (0);
}

/* A program that isn't there may come, to each place of ${path}. */
static void
watch_missing(const char * name, const char * path, struct watch * watch)
{
	struct buf b = { NULL, 0, 0 };
	const char * end;

	if (strchr(name, '/') != NULL) {
		watch_add(watch, WATCH_PROGRAM, name, name);
		return;
	}
	for (; path != NULL; path = *end == ':' ? end + 1 : NULL) {
		end = strchrnul(path, ':');
		buf_clear(&b);
		buf_printf(&b, "%.*s/%s", end == path ? 1 : (int)(end - path),
		    end == path ? "." : path, name);
		watch_add(watch, WATCH_PROGRAM, buf_text(&b), buf_text(&b));
	}
	buf_free(&b);
}

/* Watch a stage's program, and the scripts that its words name. */
static void
watch_stage(const struct pipeline_stage * st, const struct env * env,
    struct watch * watch)
{
	char path[PATH_MAX];
	struct stat sb;
	size_t i;

	if (child_find(st->argv[0], env_path(env), path, sizeof path) == 0)
		watch_add(watch, WATCH_PROGRAM, path, path);
	else
		watch_missing(st->argv[0], env_path(env), watch);
	for (i = 1; i < st->argc; i++) {
		if (is_script(st, i) && stat(st->argv[i], &sb) == 0 &&
		    S_ISREG(sb.st_mode))
			watch_add(watch, WATCH_FILE, st->argv[i],
			    st->argv[i]);
	}
}

static void
watch_settings(const struct config * cfg, struct watch * watch)
{
	const char * s;

	s = cfg->env_file != NULL ? cfg->env_file : ".env";
	watch_add(watch, WATCH_SETTINGS, s, s);
	s = settings_text(cfg->settings, "MYSQL_PASSWORD_FILE");
	if (s != NULL)
		watch_add(watch, WATCH_SETTINGS, s, "MYSQL_PASSWORD_FILE");
	s = settings_text(cfg->settings, "MONGODB_URI_FILE");
	if (s != NULL)
		watch_add(watch, WATCH_SETTINGS, s, "MONGODB_URI_FILE");
}

/* Nothing but extract, maybe transform, and load? */
static int
all_ours(const struct pipeline_plan * plan)
{
	size_t i;

	for (i = 0; i < plan->n; i++) {
		if (strcmp(plan->stage[i].name, i == 0 ? "extract" :
		    i + 1 == plan->n ? "load" : "transform") != 0)
			return (0);
	}
	return (1);
}

static int
is_ours(const char * name)
{

	return (strcmp(name, "extract") == 0 ||
	    strcmp(name, "transform") == 0 || strcmp(name, "load") == 0);
}

void
command_guarantee(const struct pipeline_plan * plan, struct guarantee * g)
{
	struct buf b = { NULL, 0, 0 };
	size_t i;

	for (i = 0; i < plan->n; i++) {
		const struct pipeline_stage * st = &plan->stage[i];

		if (is_ours(st->name) && !has_option(st, "--insecure"))
			continue;
		buf_clear(&b);
		if (is_ours(st->name)) {
			buf_printf(&b, "%s --insecure: its connection may be "
			    "neither encrypted nor verified", st->name);
			guarantee_add(g, "best-effort", "insecure",
			    buf_text(&b));
			continue;
		}
		buf_printf(&b, "the program %s is in the pipeline: what it "
		    "changes or leaves out isn't checked", st->name);
		guarantee_add(g, "best-effort", "filter_program",
		    buf_text(&b));
	}
	buf_free(&b);
}

int
command_insecure(const struct config * cfg, const char * table,
    const char * stage)
{
	const char * text = config_pipeline(cfg, table), * err;
	struct pipeline_plan * plan;
	int i, yes;

	if (text == NULL || (plan = pipeline_parse(text, &err)) == NULL)
		return (0);
	i = pipeline_plan_find(plan, stage);
	yes = i != -1 && has_option(&plan->stage[i], "--insecure");
	pipeline_plan_free(plan);
	return (yes);
}

int
command_may_repair(const struct pipeline_plan * plan)
{

	return (all_ours(plan));
}

/* What extract can't be told when it reads all rows, or rows by name. */
static const char *
not_to_look(const struct pipeline_plan * plan)
{
	static const char * const options[] = { "--full", "--since", "--only",
		"--state", "--where", "--follow", "--rounds" };
	int i = pipeline_plan_find(plan, "extract");
	size_t k;

	if (i == -1)
		return ("has no extract, which could read rows again by key");
	for (k = 0; k < sizeof options / sizeof options[0]; k++) {
		if (has_option(&plan->stage[i], options[k]))
			return ("has an option of extract of its own (--where, "
			    "--state, ...) that doesn't go with reading rows "
			    "again by key");
	}
	return (NULL);
}

/* The words, without our options.  Return NULL after a report. */
static struct pipeline_plan *
parse(const struct command_spec * spec)
{
	const char * text = config_pipeline(spec->cfg, spec->table);
	struct pipeline_plan * plan;
	const char * err = NULL;
	int load;

	if (text == NULL)
		return (usual_plan(spec->table));
	if ((plan = pipeline_parse(text, &err)) == NULL) {
		log_error("%s: the pipeline \"%s\": %s", spec->table, text,
		    err);
		return (NULL);
	}
	load = pipeline_plan_find(plan, "load");
	if (load == -1 || (size_t)load + 1 != plan->n)
		err = "has to end in load, which acknowledges";
	else if (has_option(&plan->stage[load], "--ack"))
		err = "can't have its own --ack: it goes to the supervisor";
	else if (spec->look != NULL && (err = not_to_look(plan)) != NULL) {
		log_error("%s: can't be verified: its pipeline %s", spec->table,
		    err);
		pipeline_plan_free(plan);
		return (NULL);
	}
	if (err != NULL) {
		log_error("%s: the pipeline \"%s\" %s", spec->table, text,
		    err);
		pipeline_plan_free(plan);
		return (NULL);
	}
	return (plan);
}

struct pipeline_plan *
command_build(const struct command_spec * spec, struct watch * watch,
    int * rounds)
{
	struct pipeline_plan * plan;
	size_t i;
	int rc = 0;

	watch_clear(watch);
	watch_settings(spec->cfg, watch);
	if ((plan = parse(spec)) == NULL)
		return (NULL);
	*rounds = spec->rounds && spec->look == NULL && all_ours(plan);
	for (i = 0; i < plan->n; i++)
		watch_stage(&plan->stage[i], spec->env, watch);
	for (i = 0; i < plan->n && rc == 0; i++) {
		const char * name = plan->stage[i].name;

		if (strcmp(name, "extract") == 0)
			complete_extract(plan, (int)i, spec, *rounds);
		else if (strcmp(name, "transform") == 0)
			rc = complete_transform(plan, (int)i, spec, watch);
		else if (strcmp(name, "load") == 0 && spec->look != NULL)
			complete_compare(plan, (int)i, spec);
		else if (strcmp(name, "load") == 0)
			complete_load(plan, (int)i, spec);
	}
	if (rc == -1) {
		pipeline_plan_free(plan);
		plan = NULL;
	}
	return (plan);
}
