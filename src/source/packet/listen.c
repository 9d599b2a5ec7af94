/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and dealing are about half of the work with a capture, and belong together: the bytes were just copied into
 * the cache of the processor that reads them. So they are a thread, and connections are the other. */
#include "source/packet/listen.h"

#include <pthread.h>
#include <string.h>

#include "base/error.h"

enum { BLOCKS = 3, FINISH_STEP = 1024 };

/* Only the reader writes to a block's text; so it may copy from one that is worked on. */

typedef struct block {
	ic_feed_text text;
	ic_hand *hand;
	ic_status status; /* of reading it; what it holds was dealt */
	ic_error error;
	bool unknown; /* the first one, and no capture, or nothing could be read */
	bool last;
} block;

typedef struct listening {
	ic_lanes *lanes;
	ic_feed *feed;
	block block[BLOCKS];

	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t filled, emptied;
	unsigned first, count; /* filled blocks */
	bool stop;
} listening;

/* What is left of the block before is the start of this one. */
static bool carry(const ic_feed_text *before, ic_feed_text *t)
{
	const size_t n = before->n - before->at;
	t->at = t->n = 0;
	if (n > t->room) {
		char *p = ic_realloc(t->p, n);
		if (!p)
			return false;
		t->p = p;
		t->room = n;
	}
	if (n)
		memcpy(t->p, before->p + before->at, n);
	t->n = n;
	return true;
}

/* Reads and deals. before: NULL at the start. */
static void fill(listening *l, block *b, const block *before)
{
	ic_feed_text *t = &b->text;
	bool end = false;
	size_t used = 0;
	b->error = (ic_error){ 0 };
	b->status = before && before != b && !carry(&before->text, t)
			? IC_E_NOMEM
			: ic_feed_more(l->feed, t, &end, &b->error);
	b->last = end || b->status == IC_E_NOMEM;
	if (b->status == IC_E_NOMEM)
		return;
	const uint8_t *p = t->p ? (const uint8_t *)t->p + t->at : NULL;
	const bool some = t->n > t->at;
	b->unknown = !before && (some ? !ic_capture_sniff(p, t->n - t->at) : b->status != IC_OK);
	if (b->unknown) {
		b->last = true;
		b->status = some ? IC_OK : b->status;
	} else if (ic_lanes_deal(l->lanes, b->hand, p, t->n - t->at, end, &used) != IC_OK) {
		b->status = IC_E_NOMEM;
		b->last = true;
	}
	t->at += used;
}

/* Works on what was dealt. */
static ic_status empty(listening *l, block *b)
{
	ic_status st = b->status == IC_E_NOMEM ? IC_E_NOMEM : ic_lanes_work(l->lanes, b->hand);
	ic_lanes_drop(l->lanes);
	for (bool more = b->last && !b->unknown; st == IC_OK && more; ic_lanes_drop(l->lanes))
		st = ic_lanes_finish(l->lanes, FINISH_STEP, &more);
	return st;
}

static void *read_ahead(void *arg)
{
	listening *l = arg;
	const block *before = NULL;
	pthread_mutex_lock(&l->lock);
	for (bool over = false; !over;) {
		while (l->count == BLOCKS && !l->stop)
			pthread_cond_wait(&l->emptied, &l->lock);
		if (l->stop)
			break;
		block *b = &l->block[(l->first + l->count) % BLOCKS];
		pthread_mutex_unlock(&l->lock);
		fill(l, b, before);
		before = b;
		over = b->last;
		pthread_mutex_lock(&l->lock);
		l->count++;
		pthread_cond_signal(&l->filled);
	}
	pthread_mutex_unlock(&l->lock);
	return NULL;
}

/* Follows the thread that reads ahead, to the end; *ret is the last block. */
static ic_status follow(listening *l, block **ret)
{
	ic_status st = IC_OK;
	pthread_mutex_lock(&l->lock);
	for (bool over = false; !over;) {
		while (!l->count)
			pthread_cond_wait(&l->filled, &l->lock);
		block *b = &l->block[l->first];
		pthread_mutex_unlock(&l->lock);
		st = empty(l, b);
		over = b->last || st != IC_OK;
		*ret = b;
		pthread_mutex_lock(&l->lock);
		l->first = (l->first + 1) % BLOCKS;
		l->count--;
		l->stop = over;
		pthread_cond_signal(&l->emptied);
	}
	pthread_mutex_unlock(&l->lock);
	return st;
}

static ic_status alone(listening *l, block **ret)
{
	block *b = *ret = l->block;
	ic_status st = IC_OK;
	const block *before = NULL;
	do {
		fill(l, b, before);
		before = b;
		st = empty(l, b);
	} while (st == IC_OK && !b->last);
	return st;
}

static ic_status both(listening *l, block **ret)
{
	pthread_t reader;
	(void)pthread_mutex_init(&l->lock, NULL);
	(void)pthread_cond_init(&l->filled, NULL);
	(void)pthread_cond_init(&l->emptied, NULL);
	const bool started = pthread_create(&reader, NULL, read_ahead, l) == 0;
	ic_status st = started ? follow(l, ret) : alone(l, ret);
	if (started)
		(void)pthread_join(reader, NULL);
	(void)pthread_cond_destroy(&l->emptied);
	(void)pthread_cond_destroy(&l->filled);
	(void)pthread_mutex_destroy(&l->lock);
	return st;
}

ic_status ic_listen(ic_lanes *lanes, ic_feed *f, bool ahead, bool *known, ic_error *err)
{
	listening l = { .lanes = lanes, .feed = f };
	block *end = NULL;
	ic_status st = IC_OK;
	for (unsigned i = 0; i < BLOCKS && st == IC_OK; i++)
		st = (l.block[i].hand = ic_hand_new()) ? IC_OK : IC_E_NOMEM;
	if (st == IC_OK)
		st = ahead ? both(&l, &end) : alone(&l, &end);
	*known = !end || !end->unknown;
	if (st != IC_OK)
		st = ic_fail_nomem(err);
	else if ((st = end->status) != IC_OK)
		*err = end->error;
	for (unsigned i = 0; i < BLOCKS; i++) {
		ic_hand_free(l.block[i].hand);
		ic_free(l.block[i].text.p);
	}
	return st;
}
