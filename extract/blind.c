#include <string.h>

#include "../common/buf.h"
#include "query.h"

#include "blind.h"

int
blind_folds(const struct catalog_column * c)
{

	return (c->collation != NULL && strstr(c->collation, "_ci") != NULL);
}

int
blind_pads(const struct catalog_column * c)
{

	/* MySQL's collations of UCA 9.0.0 don't, and MariaDB's that say so. */
	return (c->collation != NULL && c->nmember == 0 &&
	    strcmp(c->collation, "binary") != 0 &&
	    strstr(c->collation, "_0900_") == NULL &&
	    strstr(c->collation, "nopad") == NULL);
}

/* Is the first field of the answer to ${sql} something else than 0? */
static enum source_rc
ask_flag(struct source * s, const char * sql, int * flag)
{
	struct answer * a;
	enum source_rc rc;

	if ((rc = source_ask(s, sql, &a)) == SOURCE_OK)
		*flag = answer_rows(a) > 0 && answer_u64(a, 0, 0) != 0;
	answer_free(a);
	return (rc);
}

/*
 * Is the server's zone another one than the DATETIMEs are taken for?  If it
 * isn't in January or in July, an hour that comes twice is between.
 */
static enum source_rc
ask_zone(struct source * s, int64_t offset_us, int * flag)
{
	static const char * const days[] = { "2026-01-15", "2026-07-15" };
	struct buf sql = { NULL, 0, 0 };
	enum source_rc rc;
	size_t i;

	buf_puts(&sql, "SELECT NOT (");
	for (i = 0; i < 2; i++)
		buf_printf(&sql, "%sTIMESTAMPDIFF(SECOND, '%s 12:00:00', "
		    "CONVERT_TZ('%s 12:00:00', '+00:00', "
		    "@@global.time_zone)) <=> %jd", i > 0 ? " AND " : "",
		    days[i], days[i], (intmax_t)(offset_us / 1000000));
	buf_puts(&sql, ")");
	rc = ask_flag(s, buf_text(&sql), flag);
	buf_free(&sql);
	return (rc);
}

enum source_rc
blind_find(struct source * s, const struct catalog_table * t,
    const struct cell_env * env, struct blind * b)
{
	struct buf sql = { NULL, 0, 0 };
	enum source_rc rc;
	size_t i;

	memset(b, 0, sizeof *b);
	for (i = 0; i < t->nkey; i++) {
		b->folded_key |= blind_folds(&t->column[t->key[i]]);
		b->padded_key |= blind_pads(&t->column[t->key[i]]);
	}
	buf_puts(&sql, "SELECT COUNT(*) FROM "
	    "information_schema.REFERENTIAL_CONSTRAINTS WHERE "
	    "CONSTRAINT_SCHEMA = DATABASE() AND (UPDATE_RULE IN ('CASCADE', "
	    "'SET NULL') OR DELETE_RULE IN ('CASCADE', 'SET NULL')) AND "
	    "TABLE_NAME = ");
	query_text(&sql, t->name, strlen(t->name));
	rc = ask_flag(s, buf_text(&sql), &b->cascades);
	buf_free(&sql);
	if (rc == SOURCE_OK && t->change != CATALOG_NONE &&
	    t->column[t->change].kind == CELL_DATETIME)
		rc = ask_zone(s, env->offset_us, &b->zone);
	return (rc);
}
