#include <stdlib.h>
#include <string.h>

#include "../common/buf.h"
#include "../common/mem.h"

#include "pipeline.h"

/* What a shell would act on, and we don't. */
#define SHELL_ONLY	"&;<>()$`*?#~[]{}!\n"

/*
 * Read a word into ${b}.  Return the rest of the text, or NULL with ${err}
 * set.
 */
static const char *
parse_word(const char * p, struct buf * b, const char ** err)
{
	char quote = '\0';

	for (; *p != '\0'; p++) {
		if (quote == '\0') {
			if (*p == ' ' || *p == '\t' || *p == '|')
				break;
			if (strchr(SHELL_ONLY, *p) != NULL) {
				*err = "there is no shell: quote its special "
				    "characters, or call sh -c '...'";
				return (NULL);
			}
			if (*p == '\'' || *p == '"') {
				quote = *p;
				continue;
			}
		} else if (*p == quote) {
			quote = '\0';
			continue;
		}
		if (*p == '\\' && quote != '\'') {
			/* In double quotes, only before these. */
			if (quote == '\0' || p[1] == '"' || p[1] == '\\' ||
			    p[1] == '$' || p[1] == '`')
				p++;
			if (*p == '\0')
				break;
		}
		buf_putc(b, *p);
	}
	if (quote != '\0') {
		*err = "a quote isn't closed";
		return (NULL);
	}
	return (p);
}

/* Find the program's own name in its command. */
static void
name_stage(struct pipeline_stage * st)
{
	const char * slash = strrchr(st->argv[0], '/');

	st->name = slash != NULL ? slash + 1 : st->argv[0];
}

void
pipeline_plan_add(struct pipeline_plan * plan, size_t stage,
    const char * word)
{
	struct pipeline_stage * st = &plan->stage[stage];

	st->argv = mem_grow(st->argv, st->argc + 2, sizeof *st->argv);
	st->argv[st->argc++] = mem_dup(word);
	st->argv[st->argc] = NULL;
	name_stage(st);
}

/* End a stage.  Return NULL, or what is wrong with it. */
static const char *
end_stage(struct pipeline_plan * plan, const char * p)
{

	if (plan->stage[plan->n].argc == 0)
		return ("a command is missing");
	plan->n++;
	if (*p == '|' && plan->n == PIPELINE_STAGES_MAX)
		return ("too many stages");
	return (NULL);
}

struct pipeline_plan *
pipeline_parse(const char * text, const char ** err)
{
	struct pipeline_plan * plan = mem_new(1, sizeof *plan);
	struct buf b = { NULL, 0, 0 };
	const char * p = text;
	int more;

	do {
		p += strspn(p, " \t");
		while (*p != '\0' && *p != '|') {
			buf_clear(&b);
			if ((p = parse_word(p, &b, err)) == NULL)
				goto err1;
			pipeline_plan_add(plan, plan->n, buf_text(&b));
			p += strspn(p, " \t");
		}
		if ((*err = end_stage(plan, p)) != NULL)
			goto err1;
		more = (*p == '|');
		p++;
	} while (more);
	buf_free(&b);
	return (plan);

err1:
	buf_free(&b);
	pipeline_plan_free(plan);
	return (NULL);
}

void
pipeline_plan_free(struct pipeline_plan * plan)
{
	size_t i, k;

	if (plan == NULL)
		return;
	for (i = 0; i < PIPELINE_STAGES_MAX; i++) {
		for (k = 0; k < plan->stage[i].argc; k++)
			free(plan->stage[i].argv[k]);
		free(plan->stage[i].argv);
	}
	free(plan);
}

int
pipeline_plan_find(const struct pipeline_plan * plan, const char * name)
{
	size_t i;

	for (i = 0; i < plan->n; i++) {
		if (strcmp(plan->stage[i].name, name) == 0)
			return ((int)i);
	}
	return (-1);
}
