/* SPDX-License-Identifier: Apache-2.0 */
#include "source/feed.h"

#include <pthread.h>
#include <string.h>

#include "base/alloc.h"
#include "base/error.h"

#define RING_BLOCKS 4
#define HEAD_BYTES                                                                                           \
	(80u << 10) /* before a block: what was left of the last one, a packet or a line, fits there */
#define STEP_BYTES (4u << 20) /* the most that is read at once to finish a long line */

typedef struct ring_block {
	char *p; /* HEAD_BYTES, then the block */
	size_t n, at;
	bool gap; /* behind it text is missing: */
	ic_error why;
} ring_block;

struct ic_feed {
	ic_unpack *unpack;
	bool ahead, resume;
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

/* As ic_unpack_read. *gap: text was lost, and the next call goes on behind it. */
static ic_status unpack_on(ic_feed *f, char *out, size_t room, size_t *made, bool *gap, ic_error *err)
{
	ic_status st = ic_unpack_read(f->unpack, out, room, made, err);
	*gap = st == IC_E_FORMAT && f->resume && ic_unpack_resume(f->unpack, err);
	return st;
}

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
		ic_status st = unpack_on(f, b->p + HEAD_BYTES, f->block, &made, &b->gap, &err);
		pthread_mutex_lock(&f->lock);
		b->n = made;
		b->at = 0;
		f->count += made > 0 || b->gap;
		if (b->gap) {
			b->why = err;
		} else if (st != IC_OK || made < f->block) {
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
		if (!(f->blocks[i].p = ic_malloc(HEAD_BYTES + f->block)))
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

ic_feed *ic_feed_new(ic_unpack *u, bool ahead, bool resume, size_t block)
{
	ic_feed *f = !resume || ic_unpack_lines(u) ? ic_calloc(1, sizeof(*f)) : NULL;
	if (!f) {
		ic_unpack_free(u);
		return NULL;
	}
	f->unpack = u;
	f->block = block;
	f->resume = resume;
	f->ahead = ahead && start_thread(f);
	return f;
}

/* The first filled block, which is the caller's until give_back; NULL at the end. */
static ring_block *wait_filled(ic_feed *f)
{
	pthread_mutex_lock(&f->lock);
	while (f->count == 0 && !f->ended)
		pthread_cond_wait(&f->filled, &f->lock);
	ring_block *b = f->count ? &f->blocks[f->first] : NULL;
	pthread_mutex_unlock(&f->lock);
	return b;
}

static void give_back(ic_feed *f)
{
	pthread_mutex_lock(&f->lock);
	f->first = (f->first + 1) % RING_BLOCKS;
	f->count--;
	pthread_cond_signal(&f->emptied);
	pthread_mutex_unlock(&f->lock);
}

/* IC_E_FORMAT when text is missing behind the block. */
static ic_status gap_behind(const ring_block *b, ic_error *err)
{
	if (b->gap && err)
		*err = b->why;
	return b->gap ? IC_E_FORMAT : IC_OK;
}

static ic_status end_of(const ic_feed *f, ic_error *err)
{
	if (f->end_status != IC_OK && err)
		*err = f->end_error;
	return f->end_status;
}

/* As unpack_on. */
static ic_status copy_out(ic_feed *f, char *out, size_t room, size_t *made, bool *gap, ic_error *err)
{
	ic_status st = IC_OK;
	*made = 0;
	*gap = false;
	while (*made < room && !*gap) {
		ring_block *b = wait_filled(f);
		if (!b)
			return end_of(f, err);
		size_t n = b->n - b->at < room - *made ? b->n - b->at : room - *made;
		memcpy(out + *made, b->p + HEAD_BYTES + b->at, n);
		*made += n;
		b->at += n;
		if (b->at < b->n)
			continue;
		st = gap_behind(b, err);
		*gap = b->gap;
		give_back(f);
	}
	return st;
}

/* A block for a buffer: what is to be used still is put in front of the new bytes. */
static ic_status exchange(ic_feed *f, ic_feed_text *t, bool *ended, ic_error *err)
{
	const size_t carry = t->n - t->at, room = HEAD_BYTES + f->block;
	ring_block *b = wait_filled(f);
	*ended = !b;
	if (!b)
		return end_of(f, err);
	char *p = t->room == room ? t->p : ic_malloc(room);
	if (!p)
		return ic_fail_nomem(err);
	const size_t from = HEAD_BYTES + b->at;
	if (carry)
		memcpy(b->p + from - carry, t->p + t->at, carry);
	if (p != t->p)
		ic_free(t->p);
	*t = (ic_feed_text){ .p = b->p, .room = room, .at = from - carry, .n = HEAD_BYTES + b->n };
	b->p = p;
	ic_status st = gap_behind(b, err);
	give_back(f);
	return st;
}

/* Behind what is to be used still, as much again or a block: a long line takes few steps. */
static ic_status append(ic_feed *f, ic_feed_text *t, bool *ended, ic_error *err)
{
	const size_t carry = t->n - t->at, most = carry < STEP_BYTES ? carry : STEP_BYTES,
		     want = most > f->block ? most : f->block;
	size_t made;
	bool gap;
	if (carry && t->at)
		memmove(t->p, t->p + t->at, carry);
	t->at = 0;
	t->n = carry;
	if (carry + want > t->room) {
		char *p = ic_realloc(t->p, carry + want);
		if (!p)
			return ic_fail_nomem(err);
		t->p = p;
		t->room = carry + want;
	}
	ic_status st = f->ahead ? copy_out(f, t->p + t->n, want, &made, &gap, err)
				: unpack_on(f, t->p + t->n, want, &made, &gap, err);
	t->n += made;
	*ended = !gap && (made < want || st != IC_OK);
	return st;
}

ic_status ic_feed_more(ic_feed *f, ic_feed_text *t, bool *ended, ic_error *err)
{
	if (f->ahead && t->n - t->at <= HEAD_BYTES)
		return exchange(f, t, ended, err);
	return append(f, t, ended, err);
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
