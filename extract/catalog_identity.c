#include <stdio.h>
#include <string.h>

#include "query.h"

#include "catalog.h"

#define FNV_START	UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME	UINT64_C(0x100000001b3)

static uint64_t
hash(uint64_t h, const char * p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		h = (h ^ (unsigned char)p[i]) * FNV_PRIME;
	return (h);
}

/* A table's definition but for the counter that every insert moves. */
static uint64_t
hash_definition(const char * p, size_t n)
{
	static const char counter[] = " AUTO_INCREMENT=";
	const char * cut, * options;
	uint64_t h;

	/* It stands among the table's options, behind the last bracket. */
	if ((options = strstr(p, "\n) ")) == NULL)
		options = p;
	if ((cut = strstr(options, counter)) == NULL)
		return (hash(FNV_START, p, n));
	h = hash(FNV_START, p, (size_t)(cut - p));
	cut += sizeof counter - 1;
	while (*cut >= '0' && *cut <= '9')
		cut++;
	return (hash(h, cut, n - (size_t)(cut - p)));
}

/* Where the definition says how the table is divided; or 0. */
static uint64_t
hash_partitions(const char * p, size_t n)
{
	const char * options = strstr(p, "\n) ");
	const char * parts;

	if (options == NULL ||
	    (parts = strstr(options, "PARTITION BY ")) == NULL)
		return (0);
	return (hash(FNV_START, parts, n - (size_t)(parts - p)));
}

/* All fields of the answer to a question about the table. */
static enum source_rc
hash_answer(struct source * s, const char * sql, const char * name,
    const char * order, uint64_t * h, size_t * rows)
{
	struct buf b = { NULL, 0, 0 };
	struct answer * a;
	enum source_rc rc;
	const char * p;
	size_t i, k, n;

	buf_puts(&b, sql);
	buf_puts(&b, " = ");
	query_text(&b, name, strlen(name));
	buf_puts(&b, order);
	rc = source_ask(s, buf_text(&b), &a);
	buf_free(&b);
	if (rc != SOURCE_OK)
		return (rc);
	*rows = answer_rows(a);
	for (i = 0; i < *rows; i++) {
		for (k = 0; k < answer_columns(a); k++) {
			if ((p = answer_get(a, i, k, &n)) != NULL)
				*h = hash(*h, p, n);
			*h = hash(*h, "", 1);
		}
	}
	answer_free(a);
	return (SOURCE_OK);
}

/* Views, and tables whose definition isn't ours to see. */
static enum source_rc
digest_columns(struct source * s, const struct catalog_table * t,
    uint64_t * digest)
{
	enum source_rc rc;
	size_t rows;

	*digest = FNV_START;
	rc = hash_answer(s, "SELECT COLUMN_NAME, COLUMN_TYPE, IS_NULLABLE, "
	    "COLLATION_NAME, EXTRA, PRIVILEGES, GENERATION_EXPRESSION FROM "
	    "information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND "
	    "TABLE_NAME", t->name, " ORDER BY ORDINAL_POSITION", digest,
	    &rows);
	if (rc == SOURCE_OK && t->is_view)
		rc = hash_answer(s, "SELECT VIEW_DEFINITION FROM "
		    "information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE() "
		    "AND TABLE_NAME", t->name, "", digest, &rows);
	return (rc);
}

enum source_rc
catalog_digest(struct source * s, const struct catalog_table * t,
    struct catalog_identity * id)
{
	struct buf b = { NULL, 0, 0 };
	struct answer * a;
	enum source_rc rc;
	const char * p;
	size_t n;

	id->partitions = 0;
	if (t->is_view)
		return (digest_columns(s, t, &id->digest));
	buf_puts(&b, "SHOW CREATE TABLE ");
	query_name(&b, t->name);
	rc = source_ask(s, buf_text(&b), &a);
	buf_free(&b);
	if (rc == SOURCE_DENIED)
		return (digest_columns(s, t, &id->digest));
	if (rc != SOURCE_OK)
		return (rc);
	p = answer_get(a, 0, 1, &n);
	id->digest = hash_definition(p, n);
	id->partitions = hash_partitions(p, n);
	answer_free(a);
	return (SOURCE_OK);
}

/*
 * A name as InnoDB has it in its own tables.  Return 0, or -1 if it has
 * letters beyond ASCII, whose way there only the server knows.
 */
static int
put_inner_name(struct buf * b, const char * name)
{
	const char * p;

	for (p = name; *p != '\0'; p++) {
		if ((unsigned char)*p >= 0x80)
			return (-1);
		if ((*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'z') ||
		    (*p >= 'A' && *p <= 'Z') || *p == '_')
			buf_putc(b, *p);
		else
			buf_printf(b, "@%04x", (unsigned)*p);
	}
	return (0);
}

/* InnoDB's numbers; 0 without the privilege PROCESS, as for other engines. */
static enum source_rc
read_ids(struct source * s, const char * database, const char * name,
    uint64_t * ids)
{
	struct buf inner = { NULL, 0, 0 }, sql = { NULL, 0, 0 };
	enum source_rc rc = SOURCE_OK;
	uint64_t h = FNV_START;
	size_t rows = 0;
	int plain;

	plain = put_inner_name(&inner, database);
	buf_putc(&inner, '/');
	if (plain == 0 && put_inner_name(&inner, name) == 0) {
		buf_printf(&sql, "SELECT NAME, TABLE_ID FROM "
		    "information_schema.%s WHERE SUBSTRING_INDEX(NAME, '#', "
		    "1)", source_is_mariadb(s) || source_version(s)[0] ==
		    '5' ? "INNODB_SYS_TABLES" : "INNODB_TABLES");
		rc = hash_answer(s, buf_text(&sql), buf_text(&inner),
		    " ORDER BY NAME", &h, &rows);
	}
	*ids = rows > 0 ? h : 0;
	buf_free(&inner);
	buf_free(&sql);
	return (rc == SOURCE_DENIED || rc == SOURCE_FAILED ? SOURCE_OK : rc);
}

enum source_rc
catalog_identify(struct source * s, const struct catalog_table * t,
    struct catalog_identity * id)
{
	struct buf b = { NULL, 0, 0 };
	struct answer * a;
	enum source_rc rc;
	const char * made = NULL;

	memset(id, 0, sizeof *id);
	if ((rc = catalog_digest(s, t, id)) != SOURCE_OK || t->is_view)
		return (rc);
	buf_puts(&b, "SELECT CREATE_TIME, DATABASE() FROM "
	    "information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND "
	    "TABLE_NAME = ");
	query_text(&b, t->name, strlen(t->name));
	rc = source_ask(s, buf_text(&b), &a);
	buf_free(&b);
	if (rc != SOURCE_OK)
		return (rc);
	if (answer_rows(a) > 0) {
		made = answer_get(a, 0, 0, NULL);
		snprintf(id->made, sizeof id->made, "%s", made != NULL ? made :
		    "");
		rc = read_ids(s, answer_get(a, 0, 1, NULL), t->name,
		    &id->ids);
	}
	answer_free(a);
	return (rc);
}
