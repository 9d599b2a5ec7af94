/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/group/exchange.h"

#include <pthread.h>
#include <string.h>

#include "base/blocks.h"

enum {
	WINDOW_ROWS = 384 * 1024, /* unless the caller wants less */
	WINDOW_LOTS = 512,
	AHEAD_LOTS = 2 * WINDOW_LOTS, /* not yet consumed: then units that are not the head wait */
	FEW_BYTES = 8 << 20,	      /* of a window's rows */
	GATHER_BYTES = 24 * 1024,     /* a piece of rows, well inside the first-level cache */
	LOTS_AHEAD = 4,		      /* whose rows are fetched, */
	FETCH_BYTES = 768,	      /* at most so much of each */
	WORTH_ROWS = 24,	      /* side by side: drained where they are */
	ROWS_AHEAD = 16,	      /* whose places in a lot are fetched */
	SHARE = 16,		      /* partitions drained for a parcel: more than a window needs */
};

/* What a producer fills, in the order of the input. There are about as many as there are workers. */
typedef struct parcel {
	ic_parcel pub;
	struct parcel *next; /* in the free list */
} parcel;

/* The rows of a parcel side by side by partition, just as many as there are. */
typedef struct lot {
	struct lot *next; /* while held */
	uint64_t seq;
	uint64_t window;
	uint32_t n;
	uint32_t waiting; /* partitions that have not consumed it */
	uint32_t start[IC_PARTITIONS + 1];
	bool falls[IC_PARTITIONS]; /* rows of the partition are not in the order of their keys */
	_Alignas(16) char rows[];
} lot;

typedef struct partition {
	uint64_t at; /* next lot of the queue to consume */
	bool busy;
} partition;

struct ic_exchange {
	ic_blocks blocks; /* where lots are, but for few, which are on the heap */
	bool few;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t row_bytes;
	bool sorted;
	ic_drain_fn drain;
	ic_window_fn before; /* NULL: partitions are drained without regard to each other */
	void *ctx;
	ic_status failed;

	uint64_t head;	       /* first unit that is not ended */
	lot *held, **held_end; /* handed over, not visible yet; in order of arrival */
	parcel *free_list;
	uint64_t rows, lots; /* handed over and not consumed */

	/* Visible lots: a ring of queue numbers first..last-1. Those before `closed` lie in windows that
	 * are complete; only these are drained, so that the cuts do not depend on the threads. */
	lot **queue;
	uint64_t queue_room, first, closed, last;
	uint64_t opened;      /* `before` was called of the windows up to here */
	uint64_t window;      /* number of the open one */
	uint64_t window_rows; /* in it */
	uint64_t window_room;

	partition part[IC_PARTITIONS];
	unsigned busy; /* partitions being drained */
	unsigned next; /* where the search for work starts */
};

static void parcel_free(parcel *p)
{
	if (p) {
		ic_free(p->pub.rows);
		ic_free(p->pub.part);
		ic_free(p);
	}
}

static parcel *parcel_new(size_t row_bytes)
{
	parcel *p = ic_calloc(1, sizeof *p);
	if (!p)
		return NULL;
	/* three lots to a block of memory */
	enum { LOT_MOST = IC_BLOCK_BYTES / 3 - 128 - (int)sizeof(lot) };
	p->pub.room =
	    row_bytes * IC_PARCEL_ROWS <= LOT_MOST ? IC_PARCEL_ROWS : (uint32_t)(LOT_MOST / row_bytes);
	p->pub.rows = ic_reallocarray(NULL, p->pub.room, row_bytes);
	p->pub.part = ic_malloc(p->pub.room);
	if (!p->pub.rows || !p->pub.part) {
		parcel_free(p);
		return NULL;
	}
	return p;
}

static void lot_free(ic_exchange *x, lot *l)
{
	if (x->few)
		ic_free(l);
	else
		ic_blocks_give(&x->blocks, l);
}

ic_exchange *ic_exchange_new(size_t row_bytes, uint64_t window_rows, bool sorted, ic_drain_fn drain,
			     void *ctx)
{
	ic_exchange *x = ic_calloc(1, sizeof *x);
	if (!x)
		return NULL;
	x->queue_room = AHEAD_LOTS * 4;
	x->queue = ic_calloc(x->queue_room, sizeof *x->queue);
	if (!x->queue) {
		ic_free(x);
		return NULL;
	}
	ic_blocks_init(&x->blocks);
	pthread_mutex_init(&x->lock, NULL);
	pthread_cond_init(&x->changed, NULL);
	x->row_bytes = row_bytes;
	x->window_room = window_rows && window_rows < WINDOW_ROWS ? window_rows : WINDOW_ROWS;
	x->few = x->window_room * row_bytes < FEW_BYTES;
	x->sorted = sorted;
	x->drain = drain;
	x->ctx = ctx;
	x->held_end = &x->held;
	return x;
}

void ic_exchange_before(ic_exchange *x, ic_window_fn before)
{
	x->before = before;
}

void ic_exchange_free(ic_exchange *x)
{
	if (!x)
		return;
	while (x->free_list) {
		parcel *next = x->free_list->next;
		parcel_free(x->free_list);
		x->free_list = next;
	}
	while (x->held) {
		lot *next = x->held->next;
		lot_free(x, x->held);
		x->held = next;
	}
	for (uint64_t i = x->first; i < x->last; i++)
		lot_free(x, x->queue[i % x->queue_room]);
	ic_blocks_clear(&x->blocks);
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

/* Takes the lots off the queue that every partition has consumed. */
static void retire(ic_exchange *x)
{
	while (x->first < x->last && x->queue[x->first % x->queue_room]->waiting == 0) {
		lot *l = x->queue[x->first++ % x->queue_room];
		x->rows -= l->n;
		x->lots--;
		lot_free(x, l);
	}
	pthread_cond_broadcast(&x->changed);
}

/* The rows of partition i in some lots, gathered into pieces that are worth draining: a lot holds only
 * a few. */
typedef struct gatherer {
	ic_exchange *x;
	unsigned i;
	uint32_t n, room;
	_Alignas(16) char rows[GATHER_BYTES];
} gatherer;

static ic_status flush(gatherer *g)
{
	uint32_t n = g->n;
	g->n = 0;
	return n ? g->x->drain(g->x->ctx, g->i, g->rows, n) : IC_OK;
}

static ic_status gather(gatherer *g, const char *rows, uint32_t n)
{
	size_t row_bytes = g->x->row_bytes;
	ic_status st = IC_OK;
	while (n && st == IC_OK) {
		uint32_t take = n < g->room - g->n ? n : g->room - g->n;
		memcpy(g->rows + g->n * row_bytes, rows, take * row_bytes);
		rows += take * row_bytes;
		n -= take;
		g->n += take;
		if (g->n == g->room)
			st = flush(g);
	}
	return st;
}

static const char *rows_of(const ic_exchange *x, const lot *l, unsigned i, uint32_t *ret_n)
{
	*ret_n = l->start[i + 1] - l->start[i];
	return l->rows + l->start[i] * x->row_bytes;
}

static int64_t key_of(const char *row)
{
	int64_t key;
	memcpy(&key, row, sizeof key);
	return key;
}

/* Whether the rows of partition i stand in order already, as those of most logs do. */
static bool in_order(const ic_exchange *x, unsigned i, lot *const *some, uint64_t lots)
{
	int64_t before = INT64_MIN;
	for (uint64_t k = 0; x->sorted && k < lots; k++) {
		uint32_t n;
		const char *rows = rows_of(x, some[k], i, &n);
		if (n == 0)
			continue;
		if (some[k]->falls[i] || key_of(rows) < before)
			return false;
		before = key_of(rows + (n - 1) * x->row_bytes);
	}
	return true;
}

typedef struct place {
	int64_t key;
	const char *row;
} place;

static uint64_t above(const place *p, int64_t least)
{
	return (uint64_t)p->key - (uint64_t)least;
}

/* By key, those of one key as they were: byte by byte from the lowest that differs. Returns the sorted ones:
 * `places`, or `other`, which has as much room. */
static place *sort_places(place *places, place *other, uint64_t n)
{
	int64_t least = INT64_MAX, most = INT64_MIN;
	for (uint64_t k = 0; k < n; k++) {
		least = places[k].key < least ? places[k].key : least;
		most = places[k].key > most ? places[k].key : most;
	}
	const uint64_t range = n ? (uint64_t)most - (uint64_t)least : 0;
	for (unsigned shift = 0; shift < 64 && range >> shift; shift += 8) {
		uint64_t at[256] = { 0 }, sum = 0;
		for (uint64_t k = 0; k < n; k++)
			at[above(&places[k], least) >> shift & 255]++;
		for (unsigned i = 0; i < 256; i++) {
			const uint64_t count = at[i];
			at[i] = sum;
			sum += count;
		}
		for (uint64_t k = 0; k < n; k++)
			other[at[above(&places[k], least) >> shift & 255]++] = places[k];
		place *sorted = other;
		other = places;
		places = sorted;
	}
	return places;
}

static ic_status gather_sorted(gatherer *g, lot *const *some, uint64_t lots)
{
	uint64_t total = 0, at = 0;
	uint32_t n;
	for (uint64_t k = 0; k < lots; k++) {
		rows_of(g->x, some[k], g->i, &n);
		total += n;
	}
	place *places = ic_reallocarray(NULL, total, 2 * sizeof *places);
	if (!places)
		return IC_E_NOMEM;
	for (uint64_t k = 0; k < lots; k++) {
		const char *row = rows_of(g->x, some[k], g->i, &n);
		for (; n; n--, row += g->x->row_bytes, at++)
			places[at] = (place){ key_of(row), row };
	}
	const place *sorted = sort_places(places, places + total, total);
	ic_status st = IC_OK;
	for (at = 0; at < total && st == IC_OK; at++)
		st = gather(g, sorted[at].row, 1);
	ic_free(places);
	return st;
}

static ic_status drain_in_order(gatherer *g, lot *const *some, uint64_t lots)
{
	ic_status st = IC_OK;
	for (uint64_t k = 0; k < lots && st == IC_OK; k++) {
		uint32_t n;
		if (k + LOTS_AHEAD < lots) {
			const char *soon = rows_of(g->x, some[k + LOTS_AHEAD], g->i, &n);
			for (size_t at = 0; at < n * g->x->row_bytes && at < FETCH_BYTES; at += 64)
				__builtin_prefetch(soon + at);
		}
		const char *rows = rows_of(g->x, some[k], g->i, &n);
		if (n < WORTH_ROWS) {
			st = gather(g, rows, n);
			continue;
		}
		st = flush(g);
		if (st == IC_OK)
			st = g->x->drain(g->x->ctx, g->i, rows, n);
	}
	return st;
}

/* Hands the rows of partition i in the lots of one window to the drain function, in order. */
static ic_status drain_lots(ic_exchange *x, unsigned i, lot *const *some, uint64_t lots)
{
	gatherer g;
	g.x = x;
	g.i = i;
	g.n = 0;
	g.room = (uint32_t)(sizeof g.rows / x->row_bytes);
	ic_status st = IC_OK;
	if (!in_order(x, i, some, lots))
		st = gather_sorted(&g, some, lots);
	else
		st = drain_in_order(&g, some, lots);
	return st == IC_OK ? flush(&g) : st;
}

/* The end of what may be drained now. */
static uint64_t drained_to(ic_exchange *x)
{
	if (!x->before)
		return x->closed;
	if (x->first < x->opened || x->first == x->closed)
		return x->opened;
	const uint64_t window = x->queue[x->first % x->queue_room]->window;
	uint32_t rows[IC_PARTITIONS] = { 0 };
	for (; x->opened < x->closed && x->queue[x->opened % x->queue_room]->window == window; x->opened++) {
		const lot *l = x->queue[x->opened % x->queue_room];
		for (unsigned i = 0; i < IC_PARTITIONS; i++)
			rows[i] += l->start[i + 1] - l->start[i];
	}
	x->before(x->ctx, rows);
	return x->opened;
}

/* Drains one idle partition that is behind. Called and returns with the lock held, which is given up
 * in between. False: there is none. */
static bool drain_one(ic_exchange *x)
{
	const uint64_t end = drained_to(x);
	unsigned i = x->next, tried = 0;
	while (tried < IC_PARTITIONS && (x->part[i].busy || x->part[i].at == end)) {
		i = (i + 1) % IC_PARTITIONS;
		tried++;
	}
	if (tried == IC_PARTITIONS || x->failed != IC_OK)
		return false;
	x->next = (i + 1) % IC_PARTITIONS;
	partition *part = &x->part[i];
	lot *some[WINDOW_LOTS] = { x->queue[part->at % x->queue_room] };
	uint64_t from = part->at, to = from + 1;
	for (; to < x->closed && x->queue[to % x->queue_room]->window == some[0]->window; to++)
		some[to - from] = x->queue[to % x->queue_room];
	part->busy = true;
	x->busy++;
	pthread_mutex_unlock(&x->lock);
	ic_status st = drain_lots(x, i, some, to - from);
	pthread_mutex_lock(&x->lock);
	for (uint64_t k = 0; k < to - from; k++)
		some[k]->waiting--;
	part->at = to;
	part->busy = false;
	x->busy--;
	if (st != IC_OK)
		fail(x, st);
	retire(x);
	return true;
}

/* ---- producing ------------------------------------------------------------------- */

/* Copies every row to where its partition is, which moves on; the keys tell of each partition whether they fall. */
static inline __attribute__((always_inline)) void scatter(lot *l, const ic_parcel *p, uint32_t *at,
							  bool sorted, size_t row_bytes)
{
	int64_t before[IC_PARTITIONS];
	for (unsigned i = 0; sorted && i < IC_PARTITIONS; i++)
		before[i] = INT64_MIN;
	for (uint32_t r = 0; r < p->n; r++) {
		const unsigned i = p->part[r];
		const char *row = p->rows + r * row_bytes;
		if (r + ROWS_AHEAD < p->n) { /* about there: rows of its partition may come in between */
			const char *soon = l->rows + at[p->part[r + ROWS_AHEAD]] * row_bytes;
			__builtin_prefetch(soon, 1);
			__builtin_prefetch(soon + row_bytes - 1, 1);
		}
		memcpy(l->rows + at[i]++ * row_bytes, row, row_bytes);
		if (sorted) {
			l->falls[i] |= key_of(row) < before[i];
			before[i] = key_of(row);
		}
	}
}

/* The rows of a parcel in the order of their partitions (counting sort, stable). NULL: out of memory. */
static lot *make_lot(ic_exchange *x, const ic_parcel *p, uint64_t seq)
{
	size_t bytes = sizeof(lot) + p->n * x->row_bytes;
	lot *l = x->few ? ic_malloc(bytes) : ic_blocks_take(&x->blocks, bytes);
	if (!l)
		return NULL;
	*l = (lot){ .seq = seq, .n = p->n, .waiting = IC_PARTITIONS };
	uint32_t at[IC_PARTITIONS] = { 0 };
	for (uint32_t r = 0; r < p->n; r++)
		at[p->part[r]]++;
	uint32_t sum = 0;
	for (unsigned i = 0; i < IC_PARTITIONS; i++) {
		l->start[i] = sum;
		sum += at[i];
		at[i] = l->start[i];
	}
	l->start[IC_PARTITIONS] = sum;
	switch (x->row_bytes) { /* rows of the usual sizes are copied without a call */
	case 32: scatter(l, p, at, x->sorted, 32); break;
	case 40: scatter(l, p, at, x->sorted, 40); break;
	case 48: scatter(l, p, at, x->sorted, 48); break;
	case 56: scatter(l, p, at, x->sorted, 56); break;
	default: scatter(l, p, at, x->sorted, x->row_bytes);
	}
	return l;
}

/* The head goes on as long as the queue can hold every lot there is: what it has not handed over
 * yet is at most one chunk of text, so beyond that there is something to drain. While others drain, there is no
 * need to run ahead of them. */
static bool room_for(const ic_exchange *x, uint64_t seq)
{
	const bool few = x->rows < 2 * x->window_room;
	if (seq == x->head)
		return x->lots < x->queue_room && (few || !x->busy);
	return few && x->lots < AHEAD_LOTS;
}

static bool backlog(const ic_exchange *x)
{
	return x->first < x->closed;
}

/* Draining a window at one stroke would keep a thread that inflates ahead of this worker waiting: it is done
 * in shares while the next window fills, and at once only when small windows come faster than that. */
ic_status ic_exchange_get(ic_exchange *x, uint64_t seq, ic_parcel **ret)
{
	unsigned share = SHARE;
	pthread_mutex_lock(&x->lock);
	while (x->failed == IC_OK) {
		const bool due = share || x->rows > 2 * x->window_room;
		if (due && backlog(x) && drain_one(x)) {
			share -= share > 0;
			continue;
		}
		if (room_for(x, seq))
			break;
		if (!drain_one(x) && x->failed == IC_OK)
			pthread_cond_wait(&x->changed, &x->lock);
	}
	ic_status st = x->failed;
	parcel *p = NULL;
	if (st == IC_OK && x->free_list) {
		p = x->free_list;
		x->free_list = p->next;
	}
	pthread_mutex_unlock(&x->lock);
	if (st == IC_OK && !p && !(p = parcel_new(x->row_bytes)))
		st = IC_E_NOMEM;
	if (st == IC_OK)
		*ret = &p->pub;
	return st;
}

static void close_window(ic_exchange *x)
{
	x->closed = x->last;
	x->window++;
	x->window_rows = 0;
}

/* Moves the held lots of the head unit to the queue. */
static void publish(ic_exchange *x, uint64_t seq)
{
	lot **link = &x->held;
	while (*link) {
		lot *l = *link;
		if (l->seq != seq) {
			link = &l->next;
			continue;
		}
		*link = l->next;
		l->next = NULL;
		l->window = x->window;
		x->queue[x->last++ % x->queue_room] = l;
		x->window_rows += l->n;
		if (x->window_rows >= x->window_room || x->last - x->closed == WINDOW_LOTS)
			close_window(x);
	}
	x->held_end = link;
	pthread_cond_broadcast(&x->changed);
}

ic_status ic_exchange_put(ic_exchange *x, uint64_t seq, ic_parcel *pub, bool certain)
{
	parcel *p = (parcel *)(void *)pub; /* pub is its first member */
	lot *l = pub->n ? make_lot(x, pub, seq) : NULL;
	pthread_mutex_lock(&x->lock);
	if (l) {
		*x->held_end = l;
		x->held_end = &l->next;
		x->rows += l->n;
		x->lots++;
		if (certain && seq == x->head)
			publish(x, seq);
	} else if (pub->n) {
		fail(x, IC_E_NOMEM);
	}
	pub->n = 0;
	p->next = x->free_list;
	x->free_list = p;
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
	lot **link = &x->held;
	while (*link) {
		lot *l = *link;
		if (l->seq == seq) {
			*link = l->next;
			x->rows -= l->n;
			x->lots--;
			lot_free(x, l);
		} else {
			link = &l->next;
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
	if (x->closed < x->last)
		close_window(x);
	while (x->failed == IC_OK && x->first < x->last) {
		if (!drain_one(x) && x->failed == IC_OK && x->first < x->last)
			pthread_cond_wait(&x->changed, &x->lock);
	}
	/* After a failure others may still be draining what the caller is about to free. */
	while (x->busy)
		pthread_cond_wait(&x->changed, &x->lock);
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
