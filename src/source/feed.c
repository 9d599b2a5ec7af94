/* SPDX-License-Identifier: Apache-2.0 */
#include "source/feed.h"

#include <pthread.h>
#include <string.h>

#include "base/alloc.h"

#define RING_BLOCKS 4

typedef struct ring_block {
	char *p;
	size_t n, at;
} ring_block;

struct ic_feed {
	ic_unpack *unpack;
	bool ahead;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t filled, emptied;
	/* under the lock */
	ring_block blocks[RING_BLOCKS];
	unsigned first, count; /* filled blocks: first .. first + count */
	bool stop, ended;
	ic_status end_status;
	ic_error end_error;
	size_t block;
};

static void *run_ahead(void *arg)
{
	ic_feed *f = arg;
	pthread_mutex_lock(&f->lock);
	while (!f->ended) {
		while (f->count == RING_BLOCKS && !f->stop)
			pthread_cond_wait(&f->emptied, &f->lock);
		if (f->stop)
			break;
		ring_block *b = &f->blocks[(f->first + f->count) % RING_BLOCKS];
		pthread_mutex_unlock(&f->lock);
		ic_error err = { 0 };
		size_t made = 0;
		ic_status st = ic_unpack_read(f->unpack, b->p, f->block, &made, &err);
		pthread_mutex_lock(&f->lock);
		b->n = made;
		b->at = 0;
		f->count += made > 0;
		if (st != IC_OK || made < f->block) {
			f->ended = true;
			f->end_status = st;
			f->end_error = err;
		}
		pthread_cond_signal(&f->filled);
	}
	pthread_mutex_unlock(&f->lock);
	return NULL;
}

static bool start_thread(ic_feed *f)
{
	for (unsigned i = 0; i < RING_BLOCKS; i++)
		if (!(f->blocks[i].p = ic_malloc(f->block)))
			return false;
	if (pthread_mutex_init(&f->lock, NULL) != 0)
		return false;
	if (pthread_cond_init(&f->filled, NULL) != 0)
		goto no_filled;
	if (pthread_cond_init(&f->emptied, NULL) != 0)
		goto no_emptied;
	if (pthread_create(&f->thread, NULL, run_ahead, f) == 0)
		return true;
	(void)pthread_cond_destroy(&f->emptied);
no_emptied:
	(void)pthread_cond_destroy(&f->filled);
no_filled:
	(void)pthread_mutex_destroy(&f->lock);
	return false;
}

ic_feed *ic_feed_new(ic_unpack *u, bool ahead, size_t block)
{
	ic_feed *f = ic_calloc(1, sizeof(*f));
	if (!f) {
		ic_unpack_free(u);
		return NULL;
	}
	f->unpack = u;
	f->block = block;
	f->ahead = ahead && start_thread(f);
	return f;
}

ic_status ic_feed_read(ic_feed *f, void *out, size_t room, size_t *made, ic_error *err)
{
	if (!f->ahead)
		return ic_unpack_read(f->unpack, out, room, made, err);
	ic_status st = IC_OK;
	*made = 0;
	pthread_mutex_lock(&f->lock);
	while (*made < room) {
		while (f->count == 0 && !f->ended)
			pthread_cond_wait(&f->filled, &f->lock);
		if (f->count == 0)
			break;
		ring_block *b = &f->blocks[f->first];
		size_t n = b->n - b->at < room - *made ? b->n - b->at : room - *made;
		pthread_mutex_unlock(&f->lock); /* a filled block is the reader's */
		memcpy((char *)out + *made, b->p + b->at, n);
		pthread_mutex_lock(&f->lock);
		*made += n;
		b->at += n;
		if (b->at == b->n) {
			f->first = (f->first + 1) % RING_BLOCKS;
			f->count--;
			pthread_cond_signal(&f->emptied);
		}
	}
	if (f->count == 0 && f->ended) {
		st = f->end_status;
		if (st != IC_OK && err)
			*err = f->end_error;
	}
	pthread_mutex_unlock(&f->lock);
	return *made < room ? st : IC_OK;
}

void ic_feed_free(ic_feed *f)
{
	if (!f)
		return;
	if (f->ahead) {
		pthread_mutex_lock(&f->lock);
		f->stop = true;
		pthread_cond_signal(&f->emptied);
		pthread_mutex_unlock(&f->lock);
		(void)pthread_join(f->thread, NULL);
		(void)pthread_cond_destroy(&f->emptied);
		(void)pthread_cond_destroy(&f->filled);
		(void)pthread_mutex_destroy(&f->lock);
	}
	for (unsigned i = 0; i < RING_BLOCKS; i++)
		ic_free(f->blocks[i].p);
	ic_unpack_free(f->unpack);
	ic_free(f);
}
