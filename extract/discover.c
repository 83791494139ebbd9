#include <string.h>

#include "../common/exitcode.h"
#include "../common/log.h"
#include "catalog.h"
#include "singer.h"

#include "discover.h"

/* Keep only the tables that are named.  Return 0, or -1 after a report. */
static int
keep_named(struct catalog * cat, const struct options * opt)
{
	struct catalog_table swap;
	size_t i, k;

	for (i = 0; i < opt->ntable; i++) {
		for (k = i; k < cat->ntable; k++) {
			if (strcmp(cat->table[k].name, opt->table[i]) == 0)
				break;
		}
		if (k == cat->ntable) {
			log_error("there is no table %s in the database %s",
			    opt->table[i], opt->source.database);
			return (-1);
		}
		swap = cat->table[i];
		cat->table[i] = cat->table[k];
		cat->table[k] = swap;
	}
	return (0);
}

int
discover_run(const struct options * opt, struct source * s, struct out * out)
{
	struct buf why = { NULL, 0, 0 };
	struct catalog * cat;
	struct catalog shown;
	enum source_rc rc;
	size_t i;
	int code = EXIT_DONE;

	if ((rc = catalog_read(s, NULL, &cat)) != SOURCE_OK)
		return (source_report(s, rc, "reading the catalog"));
	if (opt->ntable > 0 && keep_named(cat, opt) == -1) {
		catalog_free(cat);
		return (EXIT_PERM);
	}
	shown = *cat;
	if (opt->ntable > 0)
		shown.ntable = opt->ntable;
	for (i = 0; i < shown.ntable; i++) {
		/* A table without a key is shown all the same. */
		buf_clear(&why);
		if (catalog_choose(&shown.table[i], opt->key, opt->change,
		    &why) == -1)
			log_warn("%s", buf_text(&why));
	}
	singer_catalog(out_buf(out), &shown, opt->source.database,
	    &opt->cell);
	if (out_flush(out) == OUT_FAILED)
		code = EXIT_TEMP;
	buf_free(&why);
	catalog_free(cat);
	return (code);
}
