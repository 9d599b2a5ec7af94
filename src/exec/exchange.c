/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/exchange.h"

#include <pthread.h>
#include <string.h>

enum {
	DRAIN_ROWS = 192 * 1024, /* visible rows at which producers turn to draining */
	DRAIN_PARCELS = 128,
	AHEAD_ROWS = 512 * 1024, /* rows not yet consumed at which units that are not the head wait */
	AHEAD_PARCELS = 384,
};

/* A parcel with what the exchange keeps about it. `pub` is the producer's view. */
typedef struct parcel {
	ic_parcel pub;
	struct parcel *next; /* in its unit's list or in the free list */
	uint64_t seq;
	uint32_t waiting; /* partitions that have not consumed it */
	uint32_t start[IC_PARTITIONS + 1];
	uint32_t *index; /* rows ordered by partition */
} parcel;

typedef struct partition {
	uint64_t at; /* next parcel of the queue to consume */
	bool busy;
} partition;

struct ic_exchange {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t row_bytes;
	ic_drain_fn drain;
	void *ctx;
	ic_status failed;

	uint64_t head;		  /* first unit that is not ended */
	parcel *held, **held_end; /* handed over, not visible yet; in order of arrival */
	parcel *free_list;
	uint64_t rows; /* handed over and not consumed */
	uint64_t parcels;

	/* Visible parcels: a ring of queue numbers first..last-1. */
	parcel **queue;
	uint64_t queue_room, first, last;
	uint64_t visible_rows;

	partition part[IC_PARTITIONS];
	unsigned busy; /* partitions being drained */
	unsigned next; /* where the search for work starts */
};

static void parcel_free(parcel *p)
{
	if (p) {
		ic_free(p->pub.rows);
		ic_free(p->pub.part);
		ic_free(p->index);
		ic_free(p);
	}
}

static parcel *parcel_new(size_t row_bytes)
{
	parcel *p = ic_calloc(1, sizeof *p);
	if (!p)
		return NULL;
	p->pub.rows = ic_reallocarray(NULL, IC_PARCEL_ROWS, row_bytes);
	p->pub.part = ic_malloc(IC_PARCEL_ROWS);
	p->index = ic_reallocarray(NULL, IC_PARCEL_ROWS, sizeof *p->index);
	p->pub.room = IC_PARCEL_ROWS;
	if (!p->pub.rows || !p->pub.part || !p->index) {
		parcel_free(p);
		return NULL;
	}
	return p;
}

ic_exchange *ic_exchange_new(size_t row_bytes, ic_drain_fn drain, void *ctx)
{
	ic_exchange *x = ic_calloc(1, sizeof *x);
	if (!x)
		return NULL;
	x->queue_room = AHEAD_PARCELS * 4;
	x->queue = ic_calloc(x->queue_room, sizeof(parcel *));
	if (!x->queue) {
		ic_free(x);
		return NULL;
	}
	pthread_mutex_init(&x->lock, NULL);
	pthread_cond_init(&x->changed, NULL);
	x->row_bytes = row_bytes;
	x->drain = drain;
	x->ctx = ctx;
	x->held_end = &x->held;
	return x;
}

static void list_free(parcel *p)
{
	while (p) {
		parcel *next = p->next;
		parcel_free(p);
		p = next;
	}
}

void ic_exchange_free(ic_exchange *x)
{
	if (!x)
		return;
	list_free(x->held);
	list_free(x->free_list);
	for (uint64_t i = x->first; i < x->last; i++)
		parcel_free(x->queue[i % x->queue_room]);
	ic_free(x->queue);
	pthread_cond_destroy(&x->changed);
	pthread_mutex_destroy(&x->lock);
	ic_free(x);
}

/* ---- draining -------------------------------------------------------------------- */

static void fail(ic_exchange *x, ic_status code)
{
	if (x->failed == IC_OK)
		x->failed = code;
	pthread_cond_broadcast(&x->changed);
}

static void recycle(ic_exchange *x, parcel *p)
{
	p->pub.n = 0;
	p->next = x->free_list;
	x->free_list = p;
	x->parcels--;
}

/* Takes the parcels off the queue that every partition has consumed. */
static void retire(ic_exchange *x)
{
	while (x->first < x->last && x->queue[x->first % x->queue_room]->waiting == 0) {
		parcel *p = x->queue[x->first++ % x->queue_room];
		x->rows -= p->pub.n;
		x->visible_rows -= p->pub.n;
		recycle(x, p);
	}
	pthread_cond_broadcast(&x->changed);
}

/* Drains one idle partition that is behind. Called and returns with the lock held, which is given up
 * in between. False: there is none. */
static bool drain_one(ic_exchange *x)
{
	unsigned i = x->next, tried = 0;
	while (tried < IC_PARTITIONS && (x->part[i].busy || x->part[i].at == x->last)) {
		i = (i + 1) % IC_PARTITIONS;
		tried++;
	}
	if (tried == IC_PARTITIONS || x->failed != IC_OK)
		return false;
	x->next = (i + 1) % IC_PARTITIONS;
	partition *part = &x->part[i];
	parcel *batch[DRAIN_PARCELS];
	uint64_t from = part->at, to = x->last - from < DRAIN_PARCELS ? x->last : from + DRAIN_PARCELS;
	for (uint64_t q = from; q < to; q++)
		batch[q - from] = x->queue[q % x->queue_room];
	part->busy = true;
	x->busy++;
	pthread_mutex_unlock(&x->lock);
	ic_status st = IC_OK;
	for (uint64_t k = 0; k < to - from && st == IC_OK; k++) {
		const parcel *p = batch[k];
		uint32_t n = p->start[i + 1] - p->start[i];
		if (n)
			st = x->drain(x->ctx, i, p->pub.rows, p->index + p->start[i], n);
	}
	pthread_mutex_lock(&x->lock);
	for (uint64_t k = 0; k < to - from; k++)
		batch[k]->waiting--;
	part->at = to;
	part->busy = false;
	x->busy--;
	if (st != IC_OK)
		fail(x, st);
	retire(x);
	return true;
}

/* ---- producing ------------------------------------------------------------------- */

/* Orders the rows by partition (counting sort, stable). */
static void sort_parcel(parcel *p)
{
	uint32_t at[IC_PARTITIONS] = { 0 };
	for (uint32_t r = 0; r < p->pub.n; r++)
		at[p->pub.part[r]]++;
	uint32_t sum = 0;
	for (unsigned i = 0; i < IC_PARTITIONS; i++) {
		p->start[i] = sum;
		sum += at[i];
		at[i] = p->start[i];
	}
	p->start[IC_PARTITIONS] = sum;
	for (uint32_t r = 0; r < p->pub.n; r++)
		p->index[at[p->pub.part[r]]++] = r;
}

/* The head goes on as long as the queue can hold every parcel there is: what it has not handed over
 * yet is at most one chunk of text, so beyond that there is something to drain. */
static bool room_for(const ic_exchange *x, uint64_t seq)
{
	if (seq == x->head)
		return x->parcels < x->queue_room;
	return x->rows < AHEAD_ROWS && x->parcels < AHEAD_PARCELS;
}

static bool backlog(const ic_exchange *x)
{
	return x->visible_rows >= DRAIN_ROWS || x->last - x->first >= DRAIN_PARCELS;
}

ic_status ic_exchange_get(ic_exchange *x, uint64_t seq, ic_parcel **ret)
{
	pthread_mutex_lock(&x->lock);
	while (x->failed == IC_OK) {
		if (backlog(x) && drain_one(x))
			continue;
		if (room_for(x, seq))
			break;
		if (!drain_one(x) && x->failed == IC_OK)
			pthread_cond_wait(&x->changed, &x->lock);
	}
	ic_status st = x->failed;
	parcel *p = NULL;
	if (st == IC_OK) {
		p = x->free_list;
		if (p)
			x->free_list = p->next;
		x->parcels++;
	}
	pthread_mutex_unlock(&x->lock);
	if (st != IC_OK)
		return st;
	if (!p)
		p = parcel_new(x->row_bytes);
	if (!p) {
		pthread_mutex_lock(&x->lock);
		x->parcels--;
		fail(x, IC_E_NOMEM);
		pthread_mutex_unlock(&x->lock);
		return IC_E_NOMEM;
	}
	p->seq = seq;
	p->next = NULL;
	*ret = &p->pub;
	return IC_OK;
}

/* Moves the held parcels of the head unit to the queue. */
static void publish(ic_exchange *x, uint64_t seq)
{
	parcel **link = &x->held;
	while (*link) {
		parcel *p = *link;
		if (p->seq != seq) {
			link = &p->next;
			continue;
		}
		*link = p->next;
		p->next = NULL;
		p->waiting = IC_PARTITIONS;
		x->queue[x->last++ % x->queue_room] = p;
		x->visible_rows += p->pub.n;
	}
	x->held_end = link;
	pthread_cond_broadcast(&x->changed);
}

ic_status ic_exchange_put(ic_exchange *x, uint64_t seq, ic_parcel *pub, bool certain)
{
	parcel *p = (parcel *)(void *)pub; /* pub is its first member */
	if (pub->n)
		sort_parcel(p);
	pthread_mutex_lock(&x->lock);
	if (pub->n == 0) {
		recycle(x, p);
	} else {
		*x->held_end = p;
		x->held_end = &p->next;
		x->rows += pub->n;
		if (certain && seq == x->head)
			publish(x, seq);
	}
	ic_status st = x->failed;
	pthread_mutex_unlock(&x->lock);
	return st;
}

ic_status ic_exchange_turn(ic_exchange *x, uint64_t seq)
{
	pthread_mutex_lock(&x->lock);
	while (x->failed == IC_OK && x->head != seq) {
		if (!(backlog(x) && drain_one(x)))
			pthread_cond_wait(&x->changed, &x->lock);
	}
	ic_status st = x->failed;
	pthread_mutex_unlock(&x->lock);
	return st;
}

void ic_exchange_discard(ic_exchange *x, uint64_t seq)
{
	pthread_mutex_lock(&x->lock);
	parcel **link = &x->held;
	while (*link) {
		parcel *p = *link;
		if (p->seq == seq) {
			*link = p->next;
			x->rows -= p->pub.n;
			recycle(x, p);
		} else {
			link = &p->next;
		}
	}
	x->held_end = link;
	pthread_mutex_unlock(&x->lock);
}

void ic_exchange_end(ic_exchange *x, uint64_t seq)
{
	pthread_mutex_lock(&x->lock);
	publish(x, seq);
	x->head = seq + 1;
	pthread_cond_broadcast(&x->changed);
	pthread_mutex_unlock(&x->lock);
}

ic_status ic_exchange_finish(ic_exchange *x)
{
	pthread_mutex_lock(&x->lock);
	while (x->failed == IC_OK && (x->first < x->last || x->busy)) {
		if (!drain_one(x) && x->failed == IC_OK && (x->first < x->last || x->busy))
			pthread_cond_wait(&x->changed, &x->lock);
	}
	ic_status st = x->failed;
	pthread_mutex_unlock(&x->lock);
	return st;
}

void ic_exchange_abort(ic_exchange *x, ic_status code)
{
	pthread_mutex_lock(&x->lock);
	fail(x, code);
	pthread_mutex_unlock(&x->lock);
}
