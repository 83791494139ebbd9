#include <string.h>

#include "../common/buf.h"
#include "query.h"

#include "blind.h"

int
blind_folds(const struct catalog_column * c)
{

	const char * s = c->collation;
	size_t n;

	if (s == NULL || c->nmember > 0)
		return (0);

	/* By Unicode's rules a letter and its accent are that letter, also
	 * where case and accents count. */
	n = strlen(s);
	return (strstr(s, "_ci") != NULL || strstr(s, "_520_w2") != NULL ||
	    ((strstr(s, "_0900_") != NULL || strstr(s, "_uca1400_") != NULL) &&
	    (n < 4 || strcmp(s + n - 4, "_bin") != 0)));
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

/* The end of the name or text in quotes that begins at ${p}. */
static const char *
skip_quoted(const char * p)
{
	char quote = *p++;

	/* One within is doubled, so that two texts stand side by side. */
	while (*p != '\0' && *p != quote)
		p += quote == '\'' && *p == '\\' && p[1] != '\0' ? 2 : 1;
	return (*p == '\0' ? p : p + 1);
}

int
blind_cascades(const char * p)
{
	static const char * const rules[] = { " ON DELETE CASCADE",
	    " ON DELETE SET NULL", " ON UPDATE CASCADE",
	    " ON UPDATE SET NULL" };
	size_t i;

	while (*p != '\0') {
		if (*p == '`' || *p == '\'') {
			p = skip_quoted(p);
			continue;
		}
		for (i = 0; i < sizeof rules / sizeof rules[0]; i++) {
			if (strncmp(p, rules[i], strlen(rules[i])) == 0)
				return (1);
		}
		p++;
	}
	return (0);
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
 * MariaDB's dictionary shows foreign keys to those only who may do more than
 * SELECT, and the definition shows them to whoever may see all columns.
 */
static enum source_rc
find_cascades(struct source * s, const struct catalog_table * t,
    struct blind * b)
{
	struct buf sql = { NULL, 0, 0 };
	struct answer * a;
	enum source_rc rc;

	buf_puts(&sql, "SELECT COUNT(*) FROM "
	    "information_schema.REFERENTIAL_CONSTRAINTS WHERE "
	    "CONSTRAINT_SCHEMA = DATABASE() AND (UPDATE_RULE IN ('CASCADE', "
	    "'SET NULL') OR DELETE_RULE IN ('CASCADE', 'SET NULL')) AND "
	    "TABLE_NAME = ");
	query_text(&sql, t->name, strlen(t->name));
	rc = ask_flag(s, buf_text(&sql), &b->cascades);
	if (rc == SOURCE_OK && !b->cascades && !t->is_view) {
		buf_clear(&sql);
		buf_puts(&sql, "SHOW CREATE TABLE ");
		query_name(&sql, t->name);
		rc = source_ask(s, buf_text(&sql), &a);
		if (rc == SOURCE_OK)
			b->cascades = blind_cascades(answer_get(a, 0, 1,
			    NULL));
		else if (rc == SOURCE_DENIED) {
			b->hidden = source_is_mariadb(s);
			rc = SOURCE_OK;
		}
		answer_free(a);
	}
	buf_free(&sql);
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
	enum source_rc rc;
	size_t i;

	memset(b, 0, sizeof *b);
	for (i = 0; i < t->nkey; i++) {
		b->folded_key |= blind_folds(&t->column[t->key[i]]);
		b->padded_key |= blind_pads(&t->column[t->key[i]]);
	}
	rc = find_cascades(s, t, b);
	if (rc == SOURCE_OK && t->change != CATALOG_NONE &&
	    t->column[t->change].kind == CELL_DATETIME)
		rc = ask_zone(s, env->offset_us, &b->zone);
	return (rc);
}
