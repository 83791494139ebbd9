#include <mongoc/mongoc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * replay: the limit of load.  Send the write commands that mongosink has
 * recorded (--record), as they stand, each when the one before is answered:
 *
 *	replay [-c CONNECTIONS] FILE
 *
 * With several connections each takes the next command that nobody has taken.
 * MONGODB_URI and MONGODB_DATABASE say where.  Prints the writes that the
 * server counted and the commands; any error ends it.
 */

#define CONNECTIONS_MAX	64

static struct {
	pthread_mutex_t lock;
	mongoc_client_pool_t * pool;
	const char * database;
	bson_t ** commands;
	size_t n, next;
	long long writes;
} all = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void __attribute__((noreturn))
die(const char * what, const char * why)
{

	fprintf(stderr, "replay: %s: %s\n", what, why);
	exit(100);
}

/* What belongs to the connection that it was recorded from stays behind. */
static void
read_commands(const char * path)
{
	bson_error_t e;
	bson_reader_t * r = bson_reader_new_from_file(path, &e);
	const bson_t * b;
	bson_t * cmd;
	bool eof = false;

	if (r == NULL)
		die(path, e.message);
	while ((b = bson_reader_read(r, &eof)) != NULL) {
		cmd = bson_new();
		bson_copy_to_excluding_noinit(b, cmd, "lsid", "$db",
		    "$clusterTime", "txnNumber", "$readPreference", NULL);
		all.commands = realloc(all.commands,
		    (all.n + 1) * sizeof *all.commands);
		if (all.commands == NULL)
			die(path, "no memory");
		all.commands[all.n++] = cmd;
	}
	if (!eof)
		die(path, "broken");
	bson_reader_destroy(r);
}

static const bson_t *
take(void)
{
	const bson_t * cmd = NULL;

	pthread_mutex_lock(&all.lock);
	if (all.next < all.n)
		cmd = all.commands[all.next++];
	pthread_mutex_unlock(&all.lock);
	return (cmd);
}

static void *
work(void * arg)
{
	mongoc_client_t * client = mongoc_client_pool_pop(all.pool);
	const bson_t * cmd;
	bson_t reply;
	bson_iter_t it;
	bson_error_t e;
	long long writes = 0;

	while ((cmd = take()) != NULL) {
		if (!mongoc_client_command_simple(client, all.database, cmd,
		    NULL, &reply, &e))
			die("command", e.message);
		if (bson_iter_init_find(&it, &reply, "writeErrors"))
			die("command", "writeErrors");
		if (bson_iter_init_find(&it, &reply, "n"))
			writes += bson_iter_as_int64(&it);
		bson_destroy(&reply);
	}
	mongoc_client_pool_push(all.pool, client);
	pthread_mutex_lock(&all.lock);
	all.writes += writes;
	pthread_mutex_unlock(&all.lock);
	return (arg);
}

int
main(int argc, char * argv[])
{
	pthread_t thread[CONNECTIONS_MAX];
	mongoc_uri_t * uri;
	int i, connections = 1;
	size_t k;

	if (argc == 4 && strcmp(argv[1], "-c") == 0) {
		connections = atoi(argv[2]);
		argv += 2;
		argc -= 2;
	}
	if (argc != 2 || connections < 1 || connections > CONNECTIONS_MAX)
		return (100);
	mongoc_init();
	if (getenv("MONGODB_URI") == NULL ||
	    (uri = mongoc_uri_new(getenv("MONGODB_URI"))) == NULL)
		die("MONGODB_URI", "not usable");
	all.database = getenv("MONGODB_DATABASE");
	all.pool = mongoc_client_pool_new(uri);
	read_commands(argv[1]);
	for (i = 0; i < connections; i++)
		if (pthread_create(&thread[i], NULL, work, NULL) != 0)
			die("thread", "can't");
	for (i = 0; i < connections; i++)
		pthread_join(thread[i], NULL);
	printf("{\"rows\":%lld,\"commands\":%zu}\n", all.writes, all.n);
	for (k = 0; k < all.n; k++)
		bson_destroy(all.commands[k]);
	free(all.commands);
	mongoc_client_pool_destroy(all.pool);
	mongoc_uri_destroy(uri);
	mongoc_cleanup();
	return (0);
}
