/* SPDX-License-Identifier: Apache-2.0 */
/* The exchange: every partition sees its rows in input order whatever the threads; uncertain units
 * can be taken back; failures reach everyone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/thread.h"
#include "exec/group/exchange.h"

enum { UNITS = 300, ROWS = 700 };

typedef struct row {
	uint64_t seq;
	uint32_t number;
	uint32_t part;
} row;

typedef struct world {
	ic_exchange *x;
	_Atomic uint64_t next;
	row last[IC_PARTITIONS];
	_Atomic uint64_t seen;
	bool wrong;
	uint64_t fail_at; /* drain fails when it has seen that many rows; 0: never */
} world;

static ic_status drain(void *ctx, unsigned partition, const char *rows, uint32_t n)
{
	world *w = ctx;
	for (uint32_t i = 0; i < n; i++) {
		row r;
		memcpy(&r, rows + i * sizeof r, sizeof r);
		row *last = &w->last[partition];
		if (r.part != partition || r.seq < last->seq ||
		    (r.seq == last->seq && last->number && r.number <= last->number))
			w->wrong = true;
		*last = r;
	}
	w->seen += n;
	return w->fail_at && w->seen >= w->fail_at ? IC_E_NOMEM : IC_OK;
}

/* Rows of one unit; every third unit is long, so that units overtake each other. */
static ic_status produce(world *w, uint64_t seq, bool certain, uint32_t first)
{
	uint32_t rows = seq % 3 ? ROWS : 40 * ROWS;
	ic_parcel *p = NULL;
	for (uint32_t i = 0; i < rows; i++) {
		ic_status st = IC_OK;
		if (p && p->n == p->room) {
			st = ic_exchange_put(w->x, seq, p, certain);
			p = NULL;
		}
		if (st == IC_OK && !p)
			st = ic_exchange_get(w->x, seq, &p);
		if (st != IC_OK)
			return st;
		row r = { seq, first + i, (uint32_t)(ic_mix(seq, i, 1) % IC_PARTITIONS) };
		memcpy(p->rows + p->n * sizeof r, &r, sizeof r);
		p->part[p->n++] = (uint8_t)r.part;
	}
	return ic_exchange_put(w->x, seq, p, certain);
}

static ic_status worker(void *ctx, unsigned i)
{
	world *w = ctx;
	(void)i;
	for (;;) {
		uint64_t seq = w->next++;
		if (seq >= UNITS)
			return IC_OK;
		bool certain = seq % 2 == 0 && seq % 5 != 1;
		ic_status st = produce(w, seq, certain, 1);
		if (st == IC_OK)
			st = ic_exchange_turn(w->x, seq);
		if (st == IC_OK && seq % 5 == 1) {
			/* speculated wrongly: throw away, read again with other rows */
			ic_exchange_discard(w->x, seq);
			st = produce(w, seq, false, 1000000);
		}
		if (st != IC_OK) {
			ic_exchange_abort(w->x, st);
			return st;
		}
		ic_exchange_end(w->x, seq);
	}
}

static ic_status finish(void *ctx, unsigned i)
{
	(void)i;
	return ic_exchange_finish(ctx);
}

static uint64_t total_rows(void)
{
	uint64_t n = 0;
	for (uint64_t s = 0; s < UNITS; s++)
		n += s % 3 ? ROWS : 40 * ROWS;
	return n;
}

static void run(unsigned threads)
{
	world w = { 0 };
	w.x = ic_exchange_new(sizeof(row), 0, false, drain, &w);
	assert_non_null(w.x);
	assert_int_equal(ic_parallel_for(threads, threads, worker, &w), IC_OK);
	assert_int_equal(ic_parallel_for(threads, threads, finish, w.x), IC_OK);
	assert_false(w.wrong);
	assert_int_equal(w.seen, total_rows());
	ic_exchange_free(w.x);
}

static void keeps_order_with_any_threads(void **state)
{
	(void)state;
	run(1);
	run(2);
	run(7);
}

/* With a call before each window: what it promises is what is drained before the next call, and nothing else. */
typedef struct ordered {
	world w;
	uint64_t windows, sum; /* of all promises, in order */
	_Atomic uint32_t due[IC_PARTITIONS];
	_Atomic bool wrong;
} ordered;

static void before_window(void *ctx, const uint32_t rows[IC_PARTITIONS])
{
	ordered *o = ctx;
	o->windows++;
	for (unsigned i = 0; i < IC_PARTITIONS; i++) {
		o->wrong = o->wrong || o->due[i];
		o->due[i] = rows[i];
		o->sum = ic_mix(o->sum, rows[i], i);
	}
}

static ic_status drain_ordered(void *ctx, unsigned partition, const char *rows, uint32_t n)
{
	ordered *o = ctx;
	o->wrong = o->wrong || o->due[partition] < n;
	o->due[partition] -= n;
	return drain(&o->w, partition, rows, n);
}

static uint64_t run_ordered(unsigned threads)
{
	ordered o = { .windows = 0 };
	o.w.x = ic_exchange_new(sizeof(row), 40000, false, drain_ordered, &o);
	assert_non_null(o.w.x);
	ic_exchange_before(o.w.x, before_window);
	assert_int_equal(ic_parallel_for(threads, threads, worker, &o.w), IC_OK);
	assert_int_equal(ic_parallel_for(threads, threads, finish, o.w.x), IC_OK);
	assert_false(o.wrong || o.w.wrong);
	assert_true(o.windows > 10);
	assert_int_equal(o.w.seen, total_rows());
	ic_exchange_free(o.w.x);
	return o.sum;
}

static void says_what_a_window_has(void **state)
{
	(void)state;
	const uint64_t sum = run_ordered(1);
	assert_true(run_ordered(2) == sum);
	assert_true(run_ordered(7) == sum);
}

static void failure_stops_everyone(void **state)
{
	(void)state;
	world w = { .fail_at = 100000 };
	w.x = ic_exchange_new(sizeof(row), 0, false, drain, &w);
	assert_int_equal(ic_parallel_for(4, 4, worker, &w), IC_E_NOMEM);
	ic_exchange_free(w.x);
}

/* Rows whose key falls: a window sorts them, and the next window begins anew. */
enum { WINDOW = 1000, FALLING = 3500 };

typedef struct keyed {
	int64_t key;
	uint64_t seq;
} keyed;

static ic_status rises_in_windows(void *ctx, unsigned partition, const char *rows, uint32_t n)
{
	world *w = ctx;
	(void)partition;
	for (uint32_t i = 0; i < n; i++, w->seen++) {
		int64_t window = (int64_t)(w->seen / WINDOW), at = (int64_t)(w->seen % WINDOW);
		int64_t length = window == FALLING / WINDOW ? FALLING % WINDOW : WINDOW;
		keyed r;
		memcpy(&r, rows + i * sizeof r, sizeof r);
		if (r.key != FALLING - window * WINDOW - length + at)
			w->wrong = true;
	}
	return IC_OK;
}

/* With keys that fall from row to row, or only from parcel to parcel. */
static void sort_inside_a_window(bool parcels_rise)
{
	world w = { 0 };
	w.x = ic_exchange_new(sizeof(keyed), WINDOW, true, rises_in_windows, &w);
	assert_non_null(w.x);
	int64_t key = FALLING;
	for (uint64_t seq = 0; seq < FALLING / 100; seq++) {
		ic_parcel *p;
		assert_int_equal(ic_exchange_get(w.x, seq, &p), IC_OK);
		key -= 100;
		for (; p->n < 100; p->n++) {
			keyed r = { parcels_rise ? key + p->n : key + 99 - p->n, seq };
			memcpy(p->rows + p->n * sizeof r, &r, sizeof r);
			p->part[p->n] = 7;
		}
		assert_int_equal(ic_exchange_put(w.x, seq, p, true), IC_OK);
		ic_exchange_end(w.x, seq);
	}
	assert_int_equal(ic_exchange_finish(w.x), IC_OK);
	assert_int_equal(w.seen, FALLING);
	assert_false(w.wrong);
	ic_exchange_free(w.x);
}

static void sorts_inside_a_window(void **state)
{
	(void)state;
	sort_inside_a_window(false);
	sort_inside_a_window(true);
}

static ic_status only_counts(void *ctx, unsigned partition, const char *rows, uint32_t n)
{
	(void)partition;
	(void)rows;
	((world *)ctx)->seen += n;
	return IC_OK;
}

/* A worker is not kept long over one parcel, and yet what waits stays bounded: nearly two windows of many parcels,
 * and little more than a parcel when windows are small. */
static void drains_in_shares(void **state)
{
	enum { ROOM = 384 * 1024 };
	static const uint64_t windows[] = { ROOM, 1 };
	(void)state;
	for (unsigned k = 0; k < 2; k++) {
		world w = { 0 };
		w.x = ic_exchange_new(sizeof(row), windows[k], false, only_counts, &w);
		assert_non_null(w.x);
		uint64_t made = 0, most = 0;
		for (unsigned i = 0; i < 100; i++) {
			ic_parcel *p;
			const uint64_t before = w.seen;
			assert_int_equal(ic_exchange_get(w.x, 0, &p), IC_OK);
			most = w.seen - before > most ? w.seen - before : most;
			assert_true(made - w.seen < 2 * windows[k] + IC_PARCEL_ROWS);
			for (p->n = 0; p->n < p->room; p->n++, made++) {
				row r = { 0, p->n, p->n % IC_PARTITIONS };
				memcpy(p->rows + p->n * sizeof r, &r, sizeof r);
				p->part[p->n] = (uint8_t)r.part;
			}
			assert_int_equal(ic_exchange_put(w.x, 0, p, true), IC_OK);
		}
		assert_in_range(most, 1, k ? 2 * IC_PARCEL_ROWS : ROOM / 8);
		ic_exchange_end(w.x, 0);
		assert_int_equal(ic_exchange_finish(w.x), IC_OK);
		assert_int_equal(w.seen, made);
		ic_exchange_free(w.x);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_order_with_any_threads),
		cmocka_unit_test(says_what_a_window_has),
		cmocka_unit_test(failure_stops_everyone),
		cmocka_unit_test(sorts_inside_a_window),
		cmocka_unit_test(drains_in_shares),
	};
	return cmocka_run_group_tests_name("exchange", tests, NULL, NULL);
}
