/* SPDX-License-Identifier: Apache-2.0 */
#include "base/thread.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/alloc.h"

typedef struct work {
	ic_status (*fn)(void *ctx, unsigned i);
	void *ctx;
	unsigned n;
	_Atomic unsigned next;
	_Atomic bool stop;
	pthread_mutex_t lock; /* guards the two below */
	unsigned failed_at;
	ic_status status;
} work;

/* Of several failures the one of the lowest item is kept, so that the answer does not depend on
 * which thread was faster. */
static void fail(work *w, unsigned i, ic_status status)
{
	atomic_store(&w->stop, true);
	pthread_mutex_lock(&w->lock);
	if (w->status == IC_OK || i < w->failed_at) {
		w->status = status;
		w->failed_at = i;
	}
	pthread_mutex_unlock(&w->lock);
}

static void *run(void *arg)
{
	work *w = arg;
	while (!atomic_load(&w->stop)) {
		unsigned i = atomic_fetch_add(&w->next, 1);
		if (i >= w->n)
			break;
		ic_status status = w->fn(w->ctx, i);
		if (status != IC_OK)
			fail(w, i, status);
	}
	return NULL;
}

ic_status ic_parallel_for(unsigned threads, unsigned n, ic_status (*fn)(void *ctx, unsigned i), void *ctx)
{
	work w = { .fn = fn, .ctx = ctx, .n = n };
	if (n == 0)
		return IC_OK;
	if (threads > n)
		threads = n;
	unsigned others = threads > 1 ? threads - 1 : 0, started = 0;
	pthread_t *ids = others ? ic_calloc(others, sizeof *ids) : NULL;
	pthread_mutex_init(&w.lock, NULL);
	while (ids && started < others && pthread_create(&ids[started], NULL, run, &w) == 0)
		started++;
	run(&w);
	for (unsigned i = 0; i < started; i++)
		pthread_join(ids[i], NULL);
	pthread_mutex_destroy(&w.lock);
	ic_free(ids);
	return w.status;
}
