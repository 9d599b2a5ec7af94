/* SPDX-License-Identifier: Apache-2.0 */
#include "source/packet/team.h"

#include <pthread.h>

#include <stdbool.h>

#include "base/alloc.h"

enum { MEMBERS = 7 };

struct ic_team {
	pthread_t member[MEMBERS];
	unsigned members;
	pthread_mutex_t lock;
	pthread_cond_t call, done;
	/* under the lock */
	unsigned round;
	bool over;
	unsigned items, next, finished;
	void (*work)(void *ctx, unsigned i);
	void *ctx;
};

/* Does what is left of this round. With the lock, which is given back while it works. */
static void take_part(ic_team *t)
{
	while (t->next < t->items) {
		const unsigned i = t->next++;
		pthread_mutex_unlock(&t->lock);
		t->work(t->ctx, i);
		pthread_mutex_lock(&t->lock);
		if (++t->finished == t->items)
			pthread_cond_signal(&t->done);
	}
}

static void *stand_by(void *arg)
{
	ic_team *t = arg;
	pthread_mutex_lock(&t->lock);
	for (unsigned seen = 0; !t->over;) {
		take_part(t);
		seen = t->round;
		while (!t->over && t->round == seen)
			pthread_cond_wait(&t->call, &t->lock);
	}
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

ic_team *ic_team_new(unsigned n)
{
	ic_team *t = ic_calloc(1, sizeof *t);
	if (!t)
		return NULL;
	(void)pthread_mutex_init(&t->lock, NULL);
	(void)pthread_cond_init(&t->call, NULL);
	(void)pthread_cond_init(&t->done, NULL);
	while (t->members < n && t->members < MEMBERS &&
	       pthread_create(&t->member[t->members], NULL, stand_by, t) == 0)
		t->members++;
	return t;
}

void ic_team_free(ic_team *t)
{
	if (!t)
		return;
	pthread_mutex_lock(&t->lock);
	t->over = true;
	pthread_cond_broadcast(&t->call);
	pthread_mutex_unlock(&t->lock);
	for (unsigned i = 0; i < t->members; i++)
		(void)pthread_join(t->member[i], NULL);
	(void)pthread_cond_destroy(&t->done);
	(void)pthread_cond_destroy(&t->call);
	(void)pthread_mutex_destroy(&t->lock);
	ic_free(t);
}

void ic_team_run(ic_team *t, unsigned items, void (*work)(void *ctx, unsigned i), void *ctx)
{
	pthread_mutex_lock(&t->lock);
	t->items = items;
	t->next = t->finished = 0;
	t->work = work;
	t->ctx = ctx;
	t->round++;
	if (t->members)
		pthread_cond_broadcast(&t->call);
	take_part(t);
	while (t->finished < t->items)
		pthread_cond_wait(&t->done, &t->lock);
	pthread_mutex_unlock(&t->lock);
}
