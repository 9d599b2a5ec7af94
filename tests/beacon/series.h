/* SPDX-License-Identifier: Apache-2.0 */
/* Series by rule, and adding them to a sketch. */
#ifndef IC_TESTS_BEACON_SERIES_H
#define IC_TESTS_BEACON_SERIES_H

#include <stdlib.h>

#include "base/time.h"
#include "beacon/score.h"
#include "test.h"

/* A beat of base_ms + up to spread_ms; drop: chance in percent that it is missed; burst: that the next
 * event follows within a second; unknown: that the size is; a pause of pause_s after every pause_every
 * events. */
typedef struct series_rule {
	uint64_t seed;
	unsigned n, base_ms, spread_ms, drop, burst;
	uint64_t size, size_spread;
	unsigned unknown, whole_seconds;
	int64_t start_s;
	unsigned pause_every, pause_s;
} series_rule;

typedef struct series_events {
	unsigned n;
	int64_t *ticks, *bytes;
} series_events;

static inline uint64_t series_next(uint64_t *x)
{
	*x = *x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *x >> 33;
}

static inline series_events series_make(const series_rule *r)
{
	series_events s = { r->n, malloc(r->n * sizeof *s.ticks), malloc(r->n * sizeof *s.bytes) };
	uint64_t x = r->seed;
	int64_t t = r->start_s * 1000;
	assert_non_null(s.ticks);
	assert_non_null(s.bytes);
	for (unsigned i = 0; i < r->n; i++) {
		if (i) {
			uint64_t gap = r->base_ms + (r->spread_ms ? series_next(&x) % r->spread_ms : 0);
			while (r->drop && series_next(&x) % 100 < r->drop)
				gap += r->base_ms + (r->spread_ms ? series_next(&x) % r->spread_ms : 0);
			if (r->burst && series_next(&x) % 100 < r->burst)
				gap = series_next(&x) % 1000;
			if (r->pause_every && i % r->pause_every == 0)
				gap += UINT64_C(1000) * r->pause_s;
			t += (int64_t)gap;
		}
		bool unknown = r->unknown && series_next(&x) % 100 < r->unknown;
		uint64_t size = r->size + (r->size_spread ? series_next(&x) % r->size_spread : 0);
		s.ticks[i] = (r->whole_seconds ? t / 1000 * 1000 : t) * IC_TICKS_MS;
		s.bytes[i] = unknown ? IC_SIZE_UNKNOWN : (int64_t)size;
	}
	return s;
}

static inline void series_free(series_events *s)
{
	free(s->ticks);
	free(s->bytes);
}

static inline void series_add(ic_sketch *k, ic_slab *slab, const series_events *s, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++)
		assert_int_equal(ic_sketch_add(k, slab, s->ticks[i], s->bytes[i]), IC_OK);
}

/* Random order of all events. */
static inline void series_shuffle(series_events *s, uint64_t *random)
{
	for (unsigned i = s->n; i > 1; i--) {
		unsigned j = (unsigned)(test_random(random) % i);
		int64_t t = s->ticks[i - 1], b = s->bytes[i - 1];
		s->ticks[i - 1] = s->ticks[j];
		s->bytes[i - 1] = s->bytes[j];
		s->ticks[j] = t;
		s->bytes[j] = b;
	}
}

/* A rule that could be anything from a beacon to a person. */
static inline series_rule series_any(uint64_t *random, unsigned most)
{
	static const unsigned base[] = { 1, 900, 5000, 60000, 300000, 3600000 };
	static const unsigned spread[] = { 0, 1, 50, 400, 30000, 900000, 40000000 };
	uint64_t r = test_random(random), q = test_random(random);
	return (series_rule){
		.seed = test_random(random),
		.n = 1 + (unsigned)(test_random(random) % most),
		.base_ms = base[r % 6],
		.spread_ms = spread[(r >> 8) % 7],
		.drop = (r >> 16) % 3 ? 0 : 30,
		.burst = (r >> 24) % 3 ? 0 : 40,
		.size = 1 + (r >> 40) % 3000,
		.size_spread = (q & 1) ? 0 : (q >> 8) % 4000,
		.unknown = (q >> 24) % 4 ? 0 : 60,
		.whole_seconds = (q >> 32) % 4 == 0,
		.start_s = (int64_t)(1600000000 + (q >> 40)),
		.pause_every = (r >> 32) % 3 ? 0 : 7,
		.pause_s = 20000,
	};
}

static inline void assert_views_equal(const ic_sketch_view *a, const ic_sketch_view *b)
{
	assert_int_equal(a->n, b->n);
	assert_int_equal(a->beats, b->beats);
	assert_int_equal(a->sub_second, b->sub_second);
	assert_int_equal(a->first, b->first);
	assert_int_equal(a->last, b->last);
	assert_true(a->resolution_s == b->resolution_s);
	assert_int_equal(a->bins, b->bins);
	for (unsigned i = 0; i < a->bins; i++) {
		assert_int_equal(a->h[i].bin, b->h[i].bin);
		assert_int_equal(a->h[i].count, b->h[i].count);
		assert_int_equal(a->h[i].ticks, b->h[i].ticks);
	}
	assert_int_equal(a->sizes, b->sizes);
	assert_int_equal(a->size_bins, b->size_bins);
	for (unsigned i = 0; i < a->size_bins; i++) {
		assert_int_equal(a->s[i].bin, b->s[i].bin);
		assert_int_equal(a->s[i].count, b->s[i].count);
	}
	assert_int_equal(a->hours, b->hours);
	assert_memory_equal(a->hour_bits, b->hour_bits, sizeof a->hour_bits);
	assert_int_equal(a->gaps, b->gaps);
	for (unsigned i = 0; i < a->gaps; i++)
		assert_int_equal(a->gap_ticks[i], b->gap_ticks[i]);
	assert_true(
	    a->interval_median_s == b->interval_median_s ||
	    (a->interval_median_s != a->interval_median_s && b->interval_median_s != b->interval_median_s));
	assert_int_equal(a->raw, b->raw);
	assert_int_equal(a->raw_count, b->raw_count);
	for (unsigned i = 0; i < a->raw_count; i++)
		assert_int_equal(a->raw_ticks[i], b->raw_ticks[i]);
}

#endif
