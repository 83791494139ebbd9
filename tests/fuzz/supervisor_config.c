#include "supervisor/access.h"
#include "supervisor/cron.h"
#include "supervisor/pipeline.h"
#include "supervisor/schedule.h"
#include "supervisor/tablename.h"

#include "fuzz.h"

/*
 * What people write into settings of the supervisor: cron lines, pipelines,
 * intervals, tokens, names of tables.
 */
static void
try_cron(const char * text)
{
	const int64_t now = INT64_C(1767323045);
	const char * err = NULL;
	struct cron c;
	int64_t next;

	if (cron_parse(text, &c, &err) == -1) {
		MUST(err != NULL);
		return;
	}
	next = cron_next(&c, now);
	MUST(next == -1 || (next > now && next % 60 == 0));
}

static void
try_pipeline(const char * text)
{
	struct pipeline_plan * plan;
	const char * err = NULL;
	size_t i;

	if ((plan = pipeline_parse(text, &err)) == NULL) {
		MUST(err != NULL);
		return;
	}
	MUST(plan->n > 0 && plan->n <= PIPELINE_STAGES_MAX);
	for (i = 0; i < plan->n; i++)
		MUST(plan->stage[i].argc > 0 &&
		    plan->stage[i].argv[plan->stage[i].argc] == NULL);
	pipeline_plan_add(plan, 0, "--word");
	pipeline_plan_free(plan);
}

int
LLVMFuzzerTestOneInput(const uint8_t * p, size_t n)
{
	char name[TABLENAME_MAX], * text = fuzz_text(p, n);
	struct access * a;
	int64_t us;

	try_cron(text);
	try_pipeline(text);
	if (schedule_minutes(text, &us) == 0)
		MUST(us >= 1000000);
	if ((a = access_new(text, NULL, 0)) != NULL)
		(void)access_first(a);
	access_free(a);
	if (tablename_encode(text, name, sizeof name) == 0)
		MUST(strlen(name) >= strlen(text) &&
		    strchr(name, '/') == NULL);
	free(text);
	return (0);
}
