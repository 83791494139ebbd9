#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "../common/die.h"
#include "../common/mem.h"

#include "carrier.h"

enum carrier_state { CARRIER_FREE, CARRIER_SENDING, CARRIER_ANSWERED,
	CARRIER_ENDED };

/* All but the thread's name is guarded by the lock. */
struct carrier {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	enum carrier_state state;
	struct sink * sink;
	const char * command;
	size_t n;
	struct reply * reply;
	struct sink_error * err;
	int rc;
};

static void *
work(void * arg)
{
	struct carrier * c = arg;
	int rc;

	pthread_mutex_lock(&c->lock);
	for (;;) {
		while (c->state != CARRIER_SENDING && c->state !=
		    CARRIER_ENDED)
			pthread_cond_wait(&c->changed, &c->lock);
		if (c->state == CARRIER_ENDED)
			break;
		pthread_mutex_unlock(&c->lock);
		rc = sink_write(c->sink, c->command, c->n, c->reply, c->err);
		pthread_mutex_lock(&c->lock);
		c->rc = rc;
		c->state = CARRIER_ANSWERED;
		pthread_cond_broadcast(&c->changed);
	}
	pthread_mutex_unlock(&c->lock);
	return (NULL);
}

struct carrier *
carrier_new(struct sink * sink)
{
	struct carrier * c = mem_new(1, sizeof *c);
	sigset_t all, old;
	int rc;

	c->sink = sink;
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->changed, NULL);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&c->thread, NULL, work, c);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc != 0) {
		errno = rc;
		die_temp_sys("a thread for a connection");
	}
	return (c);
}

/* Wait until no command is on its way.  The lock is held. */
static void
wait_free(struct carrier * c)
{

	while (c->state == CARRIER_SENDING)
		pthread_cond_wait(&c->changed, &c->lock);
}

void
carrier_free(struct carrier * c)
{

	if (c == NULL)
		return;
	pthread_mutex_lock(&c->lock);
	wait_free(c);
	c->state = CARRIER_ENDED;
	pthread_cond_broadcast(&c->changed);
	pthread_mutex_unlock(&c->lock);
	pthread_join(c->thread, NULL);
	pthread_cond_destroy(&c->changed);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

void
carrier_send(struct carrier * c, const char * command, size_t n,
    struct reply * reply, struct sink_error * err)
{

	pthread_mutex_lock(&c->lock);
	c->command = command;
	c->n = n;
	c->reply = reply;
	c->err = err;
	c->state = CARRIER_SENDING;
	pthread_cond_broadcast(&c->changed);
	pthread_mutex_unlock(&c->lock);
}

int
carrier_answer(struct carrier * c)
{
	int rc;

	pthread_mutex_lock(&c->lock);
	wait_free(c);
	c->state = CARRIER_FREE;
	rc = c->rc;
	pthread_mutex_unlock(&c->lock);
	return (rc);
}
