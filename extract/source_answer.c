#include <stdlib.h>
#include <string.h>

#include "../common/mem.h"

#include "source_impl.h"

struct answer {
	size_t rows, columns;
	char ** name;
	char ** cell;		/* rows * columns */
	size_t * len;
};

/* Copy a whole result. */
static struct answer *
copy_answer(MYSQL_RES * res)
{
	struct answer * a = mem_new(1, sizeof *a);
	MYSQL_FIELD * field = mysql_fetch_fields(res);
	MYSQL_ROW row;
	unsigned long * len;
	size_t i, n = 0;

	a->rows = (size_t)mysql_num_rows(res);
	a->columns = mysql_num_fields(res);
	a->name = mem_new(a->columns, sizeof *a->name);
	a->cell = mem_new(a->rows * a->columns + 1, sizeof *a->cell);
	a->len = mem_new(a->rows * a->columns + 1, sizeof *a->len);
	for (i = 0; i < a->columns; i++)
		a->name[i] = mem_dup(field[i].name);
	while ((row = mysql_fetch_row(res)) != NULL) {
		len = mysql_fetch_lengths(res);
		for (i = 0; i < a->columns; i++, n++) {
			if (row[i] == NULL)
				continue;
			a->cell[n] = mem_text(row[i], len[i]);
			a->len[n] = len[i];
		}
	}
	return (a);
}

static enum source_rc
ask_once(struct source * s, const char * sql, struct answer ** a)
{
	MYSQL_RES * res;
	enum source_rc rc;

	if (s->my == NULL && (rc = source_connect(s)) != SOURCE_OK)
		return (rc);
	if (mysql_query(s->my, sql) != 0 ||
	    (res = mysql_store_result(s->my)) == NULL)
		return (source_fail(s));
	*a = copy_answer(res);
	mysql_free_result(res);
	return (SOURCE_OK);
}

enum source_rc
source_ask(struct source * s, const char * sql, struct answer ** a)
{
	enum source_rc rc;

	*a = NULL;
	while ((rc = ask_once(s, sql, a)) == SOURCE_LOST) {
		if ((rc = source_recover(s)) != SOURCE_OK)
			return (rc);
	}
	return (rc);
}

size_t
answer_rows(const struct answer * a)
{

	return (a->rows);
}

size_t
answer_columns(const struct answer * a)
{

	return (a->columns);
}

const char *
answer_get(const struct answer * a, size_t row, size_t column, size_t * n)
{
	size_t i = row * a->columns + column;

	if (n != NULL)
		*n = a->len[i];
	return (a->cell[i]);
}

uint64_t
answer_u64(const struct answer * a, size_t row, size_t column)
{
	const char * p = answer_get(a, row, column, NULL);

	return (p == NULL ? 0 : strtoull(p, NULL, 10));
}

const char *
answer_name(const struct answer * a, size_t column)
{

	return (a->name[column]);
}

void
answer_free(struct answer * a)
{
	size_t i;

	if (a == NULL)
		return;
	for (i = 0; i < a->rows * a->columns; i++)
		free(a->cell[i]);
	for (i = 0; i < a->columns; i++)
		free(a->name[i]);
	free(a->name);
	free(a->cell);
	free(a->len);
	free(a);
}

enum source_rc
source_compresses(struct source * s, int * yes)
{
	struct answer * a;
	enum source_rc rc;

	*yes = 0;
	rc = source_ask(s, "SHOW SESSION STATUS LIKE 'Compression'", &a);
	if (rc != SOURCE_OK)
		return (rc);
	*yes = answer_rows(a) > 0 && answer_get(a, 0, 1, NULL) != NULL &&
	    strcmp(answer_get(a, 0, 1, NULL), "ON") == 0;
	answer_free(a);
	return (SOURCE_OK);
}
