/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/reading.h"

#include <pthread.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/thread.h"

typedef struct reading {
	const ic_units *from;
	ic_taker *const *taker;
	uint32_t n;
	_Atomic uint32_t left; /* takers that are not over */
	_Atomic bool over;
	pthread_mutex_t lock; /* of failed, err and how takers ended */
	ic_status failed;
	ic_error *err;
} reading;

/* What became of the unit at hand for one taker: IC_E_CLOSED: it looks at it no more. */
typedef struct fate {
	ic_status st;
	ic_error err;
} fate;

static void end_taker(reading *r, ic_taker *t, ic_status st, const ic_error *err)
{
	pthread_mutex_lock(&r->lock);
	bool first = !t->over;
	if (first) {
		t->status = st;
		t->err = *err;
		t->over = true;
		if (--r->left == 0)
			r->over = true;
	}
	pthread_mutex_unlock(&r->lock);
	if (first)
		t->class->abort(t, st);
}

static void fail(reading *r, ic_status st, const ic_error *err)
{
	pthread_mutex_lock(&r->lock);
	if (r->failed == IC_OK) {
		r->failed = st;
		*r->err = *err;
	}
	pthread_mutex_unlock(&r->lock);
	r->over = true;
	for (uint32_t i = 0; i < r->n; i++)
		end_taker(r, r->taker[i], st, err);
}

static bool at_once(ic_status st)
{
	return st == IC_E_CLOSED || st == IC_E_NOMEM;
}

/* Keeps what one call said; what ends the taker at once does so. */
static void settle(reading *r, uint32_t i, fate *f, ic_status st)
{
	f->st = st;
	if (!at_once(st))
		return;
	end_taker(r, r->taker[i], st, &f->err);
	f->st = IC_E_CLOSED;
}

/* Lets all takers look at the unit's rows; stops early when none of them cares any more. */
static ic_status show(reading *r, unsigned worker, void *unit, uint64_t seq, fate *fates, ic_error *err)
{
	bool certain = !r->from->certain || r->from->certain(r->from->ctx, unit), cares = true;
	for (uint32_t i = 0; i < r->n; i++)
		fates[i] = (fate){ .st = r->taker[i]->over ? IC_E_CLOSED : IC_OK };
	while (cares) {
		bool more = false;
		ic_status st = r->from->read(r->from->ctx, worker, unit, &more, err);
		if (st != IC_OK || !more)
			return st;
		cares = false;
		for (uint32_t i = 0; i < r->n && !r->over; i++) {
			ic_taker *t = r->taker[i];
			if (fates[i].st == IC_OK && t->over)
				fates[i].st = IC_E_CLOSED;
			if (fates[i].st == IC_OK)
				settle(r, i, &fates[i],
				       t->class->take(t, worker, seq, certain, &fates[i].err));
			cares |= fates[i].st == IC_OK;
		}
	}
	return IC_OK;
}

/* Which error a taker tells does not depend on the threads: it counts when all units before it ended. */
static void wait_turn(reading *r, unsigned worker, uint64_t seq, fate *fates)
{
	for (uint32_t i = 0; i < r->n; i++) {
		ic_taker *t = r->taker[i];
		if (fates[i].st == IC_OK)
			settle(r, i, &fates[i], t->class->flush(t, worker, seq, &fates[i].err));
	}
	for (uint32_t i = 0; i < r->n; i++) {
		ic_taker *t = r->taker[i];
		if (fates[i].st != IC_E_CLOSED && t->class->turn(t, worker, seq) != IC_OK)
			fates[i].st = IC_E_CLOSED;
	}
}

static void end_unit(reading *r, unsigned worker, uint64_t seq, fate *fates)
{
	for (uint32_t i = 0; i < r->n; i++) {
		ic_taker *t = r->taker[i];
		fate *f = &fates[i];
		if (f->st == IC_OK)
			f->st = t->class->end(t, worker, seq, &f->err);
		else if (f->st == IC_E_CLOSED)
			continue;
		if (f->st != IC_OK)
			end_taker(r, t, f->st, &f->err);
	}
}

/* Reads a unit and lets its rows take effect in its turn; again, if they turned out to be void. */
static ic_status take_unit(reading *r, unsigned worker, void *unit, uint64_t seq, fate *fates, ic_error *err)
{
	for (;;) {
		ic_status st = show(r, worker, unit, seq, fates, err);
		if (st != IC_OK || r->over)
			return st;
		wait_turn(r, worker, seq, fates);
		if (r->over)
			return IC_OK;
		if (!r->from->commit || r->from->commit(r->from->ctx, unit)) {
			end_unit(r, worker, seq, fates);
			return IC_OK;
		}
		for (uint32_t i = 0; i < r->n; i++)
			if (fates[i].st != IC_E_CLOSED)
				r->taker[i]->class->discard(r->taker[i], worker, seq);
	}
}

static ic_status work(void *ctx, unsigned worker)
{
	reading *r = ctx;
	ic_error err = { .code = IC_OK };
	fate *fates = ic_calloc(r->n, sizeof *fates);
	ic_status st = fates ? IC_OK : ic_fail_nomem(&err);
	while (st == IC_OK && !r->over) {
		void *unit = NULL;
		uint64_t seq = 0;
		st = r->from->next(r->from->ctx, worker, &unit, &seq, &err);
		if (st != IC_OK || !unit)
			break;
		st = take_unit(r, worker, unit, seq, fates, &err);
	}
	if (st != IC_OK)
		fail(r, st, &err);
	ic_free(fates);
	return IC_OK;
}

ic_status ic_read_units(const ic_units *from, ic_taker *const *taker, uint32_t n, unsigned workers,
			ic_error *err)
{
	reading r = { .from = from, .taker = taker, .n = n, .left = n, .err = err };
	for (uint32_t i = 0; i < n; i++) {
		taker[i]->status = IC_OK;
		taker[i]->err.code = IC_OK;
		taker[i]->over = false;
	}
	pthread_mutex_init(&r.lock, NULL);
	(void)ic_parallel_for(workers, workers, work, &r);
	pthread_mutex_destroy(&r.lock);
	return r.failed;
}
