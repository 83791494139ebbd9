#include <mysql.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/*
 * fetch: the limit of extract.  Read a table as fast as the client library
 * can, and throw the values away:
 *
 *	fetch 'SELECT * FROM orders'
 *
 * Text protocol, row by row, without memory of the rows.  MYSQL_HOST, _PORT,
 * _USER, _PASSWORD and _DATABASE say where.  Prints the rows, the bytes of
 * their values, and when the first row was there, in seconds from the start.
 */

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return ((double)t.tv_sec + (double)t.tv_nsec / 1e9);
}

static void __attribute__((noreturn))
die(MYSQL * m)
{

	fprintf(stderr, "fetch: %s\n", mysql_error(m));
	exit(100);
}

static MYSQL *
connect_server(void)
{
	MYSQL * m = mysql_init(NULL);
	const char * port = getenv("MYSQL_PORT");

	if (m == NULL)
		exit(111);
	mysql_options(m, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	if (mysql_real_connect(m, getenv("MYSQL_HOST"), getenv("MYSQL_USER"),
	    getenv("MYSQL_PASSWORD"), getenv("MYSQL_DATABASE"),
	    port != NULL ? (unsigned)atoi(port) : 0, NULL, 0) == NULL)
		die(m);
	return (m);
}

int
main(int argc, char * argv[])
{
	double began = now(), first = 0;
	uintmax_t rows = 0, bytes = 0;
	unsigned i, n;
	unsigned long * len;
	MYSQL_RES * res;
	MYSQL * m;

	if (argc != 2)
		return (100);
	m = connect_server();
	if (mysql_query(m, argv[1]) != 0 ||
	    (res = mysql_use_result(m)) == NULL)
		die(m);
	n = mysql_num_fields(res);
	while (mysql_fetch_row(res) != NULL) {
		if (rows++ == 0)
			first = now() - began;
		len = mysql_fetch_lengths(res);
		for (i = 0; i < n; i++)
			bytes += len[i];
	}
	if (mysql_errno(m) != 0)
		die(m);
	mysql_free_result(res);
	mysql_close(m);
	printf("{\"rows\":%ju,\"bytes\":%ju,\"first\":%.6f}\n", rows, bytes,
	    first);
	return (0);
}
