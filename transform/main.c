#include <unistd.h>

#include "../common/die.h"
#include "../common/exitcode.h"
#include "../common/lineout.h"
#include "../common/log.h"
#include "../common/stop.h"

#include "options.h"
#include "outschema.h"
#include "propose_run.h"
#include "schemafile.h"
#include "stream.h"

/* The files that the options name; die after all their faults. */
static void
read_schemas(const struct options * opt, struct schemaset * set)
{
	size_t i;
	int bad = 0;

	for (i = 0; i < opt->nfile; i++)
		bad |= schemaset_add(set, opt->file[i]);
	if (opt->folder != NULL)
		bad |= schemaset_add_folder(set, opt->folder);
	if (bad)
		die_perm("the schema files have to be put right first");
}

static void
print_validator(const struct schemaset * set)
{
	struct lineout * out = lineout_open(STDOUT_FILENO, "standard output");

	outschema_validator(set->file[0], lineout_buf(out));
	if (lineout_close(out) == -1)
		die_temp("the validator is not complete");
}

int
main(int argc, char * argv[])
{
	struct schemaset set = { 0 };
	struct options opt;
	int rc = EXIT_DONE;

	log_open("transform");
	options_parse(&opt, argc, argv);
	read_schemas(&opt, &set);
	if (opt.mode == MODE_CHECK && set.n == 0)
		die_perm("there are no schema files to check");
	else if (opt.mode == MODE_CHECK)
		log_info("%zu schema files are right", set.n);
	else if (opt.mode == MODE_VALIDATOR)
		print_validator(&set);
	else if (opt.mode == MODE_PROPOSE)
		rc = propose_run(&opt, &set);
	else {
		stop_on_signals();
		rc = stream_run(&opt, &set);
	}
	schemaset_free(&set);
	options_free(&opt);
	return (rc);
}
