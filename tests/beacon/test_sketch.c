/* SPDX-License-Identifier: Apache-2.0 */
/* The sketch against a plain recount of the events, in any order of arrival and any sharding. */
#include <math.h>
#include <string.h>

#include "series.h"

/* ---- bins ------------------------------------------------------------------------- */

static unsigned bin_by_logarithm(double v, double ratio, unsigned bins)
{
	double b = floor(log(v < 1 ? 1 : v) / log(ratio));
	return b > bins - 1 ? bins - 1 : (unsigned)b;
}

static void bins_are_those_of_the_logarithm(void **state)
{
	(void)state;
	uint64_t random = 3;
	for (unsigned i = 0; i < 400000; i++) {
		int64_t v = (int64_t)(test_random(&random) >> (test_random(&random) % 60 + 2));
		if (v >= IC_TICKS_S)
			assert_int_equal(ic_interval_bin(v), bin_by_logarithm((double)v / 1e7, 1.04, 372));
		assert_int_equal(ic_size_bin(v), bin_by_logarithm((double)v, 1.02, 1201));
	}
	for (unsigned b = 1; b < IC_INTERVAL_BINS; b++) /* around every edge */
		for (int64_t d = -3; d <= 3; d++) {
			int64_t v = (int64_t)(pow(1.04, b) * 1e7) + d;
			assert_int_equal(ic_interval_bin(v), bin_by_logarithm((double)v / 1e7, 1.04, 372));
		}
	for (unsigned b = 1; b < IC_SIZE_BINS; b++)
		for (int64_t d = -3; d <= 3; d++) {
			int64_t v = (int64_t)pow(1.02, b) + d;
			assert_int_equal(ic_size_bin(v), bin_by_logarithm((double)v, 1.02, 1201));
		}
	assert_int_equal(ic_interval_bin(IC_TICKS_S), 0);
	assert_int_equal(ic_interval_bin(INT64_MAX), 371);
	assert_int_equal(ic_size_bin(0), 0);
	assert_int_equal(ic_size_bin(INT64_MAX), 1200);
}

/* ---- recount ---------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

/* The view from the events themselves. */
static void recount(const series_events *s, ic_sketch_view *v)
{
	int64_t *t = malloc(s->n * sizeof *t), *gap = malloc(s->n * sizeof *gap);
	static struct {
		uint32_t count;
		int64_t ticks;
	} h[IC_INTERVAL_BINS];
	static uint32_t size[IC_SIZE_BINS];
	memset(v, 0, sizeof *v);
	memset(h, 0, sizeof h);
	memset(size, 0, sizeof size);
	assert_true(t && gap);
	memcpy(t, s->ticks, s->n * sizeof *t);
	qsort(t, s->n, sizeof *t, by_value);
	v->n = s->n;
	v->first = t[0];
	v->last = t[s->n - 1];
	v->resolution_s = 1;
	for (unsigned i = 0; i < s->n; i++) {
		unsigned hour = (unsigned)(t[i] / IC_TICKS_S / 3600 % 336);
		v->hour_bits[hour / 64] |= UINT64_C(1) << hour % 64;
		if (i < 64 && t[i] % IC_TICKS_S)
			v->resolution_s = .05;
		if (s->bytes[i] >= 0) {
			size[ic_size_bin(s->bytes[i])]++;
			v->sizes++;
		}
		if (!i)
			continue;
		int64_t d = t[i] - t[i - 1];
		if (d < IC_TICKS_S) {
			v->sub_second++;
			continue;
		}
		h[ic_interval_bin(d)].count++;
		h[ic_interval_bin(d)].ticks += d;
		gap[v->beats++] = d;
	}
	for (unsigned i = 0; i < 336; i++)
		v->hours += (uint32_t)(v->hour_bits[i / 64] >> i % 64 & 1);
	qsort(gap, v->beats, sizeof *gap, by_value);
	for (; v->gaps < 8 && v->gaps < v->beats; v->gaps++)
		v->gap_ticks[v->gaps] = gap[v->beats - 1 - v->gaps];
	v->raw = s->n <= IC_SKETCH_RAW;
	for (unsigned i = 0; v->raw && i < s->n; i++)
		v->raw_ticks[v->raw_count++] = t[i];
	v->interval_median_s = (double)NAN;
	if (v->beats && v->raw)
		v->interval_median_s =
		    ((double)gap[(v->beats - 1) / 2] + (double)gap[v->beats / 2]) / 2 / 1e7;
	else if (v->beats) {
		unsigned b = ic_interval_bin(gap[v->beats / 2]);
		v->interval_median_s = (double)h[b].ticks / 1e7 / h[b].count;
	}
	for (unsigned b = 0; b < IC_INTERVAL_BINS; b++) {
		if (!h[b].count)
			continue;
		v->h[v->bins].bin = (uint16_t)b;
		v->h[v->bins].count = h[b].count;
		v->h[v->bins++].ticks = h[b].ticks;
	}
	for (unsigned b = 0; b < IC_SIZE_BINS; b++) {
		if (!size[b])
			continue;
		v->s[v->size_bins].bin = (uint16_t)b;
		v->s[v->size_bins++].count = size[b];
	}
	free(t);
	free(gap);
}

static void check_against_recount(const ic_sketch *k, const series_events *s)
{
	static ic_sketch_view got, want;
	ic_sketch_read(k, &got);
	recount(s, &want);
	assert_views_equal(&got, &want);
	assert_int_equal(ic_sketch_first(k), want.first);
	assert_int_equal(ic_sketch_last(k), want.last);
	assert_int_equal(ic_sketch_late(k), 0);
}

static void few_events_in_any_order(void **state)
{
	(void)state;
	uint64_t random = 4;
	for (unsigned i = 0; i < 3000; i++) {
		series_rule rule = series_any(&random, IC_SKETCH_RAW);
		series_events s = series_make(&rule);
		ic_slab slab;
		ic_sketch k = { 0 };
		ic_slab_init(&slab, NULL);
		series_shuffle(&s, &random);
		series_add(&k, &slab, &s, 0, s.n);
		check_against_recount(&k, &s);
		ic_sketch_clear(&k, &slab);
		assert_int_equal(k.n, 0);
		ic_slab_clear(&slab);
		series_free(&s);
	}
}

/* Events may be out of place by as many as are kept raw. */
static void many_events_nearly_in_order(void **state)
{
	(void)state;
	uint64_t random = 5;
	for (unsigned i = 0; i < 600; i++) {
		series_rule rule = series_any(&random, 600);
		series_events s = series_make(&rule);
		ic_slab slab;
		ic_sketch k = { 0 };
		ic_slab_init(&slab, NULL);
		for (unsigned from = 0; from < s.n; from += IC_SKETCH_RAW) { /* shuffle each stretch of 24 */
			unsigned n = s.n - from < IC_SKETCH_RAW ? s.n - from : IC_SKETCH_RAW;
			series_events part = { n, s.ticks + from, s.bytes + from };
			series_shuffle(&part, &random);
		}
		series_add(&k, &slab, &s, 0, s.n);
		check_against_recount(&k, &s);
		ic_slab_clear(&slab);
		series_free(&s);
	}
}

static void late_events_are_counted(void **state)
{
	(void)state;
	const series_rule rule = {
		.seed = 9, .n = 100, .base_ms = 60000, .size = 500, .start_s = 1700000000
	};
	series_events s = series_make(&rule);
	ic_slab slab;
	ic_sketch k = { 0 };
	static ic_sketch_view before, after;
	ic_slab_init(&slab, NULL);
	series_add(&k, &slab, &s, 0, s.n);
	ic_sketch_read(&k, &before);
	assert_int_equal(ic_sketch_add(&k, &slab, s.ticks[0] - 7200 * IC_TICKS_S, 900), IC_OK);
	ic_sketch_read(&k, &after);
	assert_int_equal(ic_sketch_late(&k), 1);
	assert_int_equal(after.n, 101);
	assert_int_equal(after.sizes, 101);
	assert_int_equal(after.beats, before.beats);
	assert_int_equal(after.hours, before.hours + 1);
	assert_int_equal(after.first, s.ticks[0] - 7200 * IC_TICKS_S);
	/* The event between the horizon and the pending ones is not late. */
	assert_int_equal(ic_sketch_add(&k, &slab, s.ticks[75] + 30 * IC_TICKS_S, 500), IC_OK);
	ic_sketch_read(&k, &after);
	assert_int_equal(ic_sketch_late(&k), 1);
	assert_int_equal(after.beats, before.beats + 1);
	ic_slab_clear(&slab);
	series_free(&s);
}

/* ---- merge ------------------------------------------------------------------------ */

static void time_shards_add_up(void **state)
{
	(void)state;
	uint64_t random = 6;
	for (unsigned i = 0; i < 1500; i++) {
		series_rule rule = series_any(&random, i % 3 ? 90 : 400);
		series_events s = series_make(&rule);
		ic_slab slab;
		ic_sketch part[3] = { 0 };
		unsigned a = (unsigned)(test_random(&random) % (s.n + 1));
		unsigned b = a + (unsigned)(test_random(&random) % (s.n - a + 1));
		ic_slab_init(&slab, NULL);
		series_add(&part[0], &slab, &s, 0, a);
		series_add(&part[1], &slab, &s, a, b);
		series_add(&part[2], &slab, &s, b, s.n);
		part[0].user = 7;
		static const unsigned order[4][3] = { { 0, 1, 2 }, { 2, 1, 0 }, { 1, 0, 2 }, { 1, 2, 0 } };
		const unsigned *o = order[i % 4];
		uint16_t user = part[o[0]].user;
		assert_int_equal(ic_sketch_merge(&part[o[0]], &slab, &part[o[1]]), IC_OK);
		assert_int_equal(ic_sketch_merge(&part[o[0]], &slab, &part[o[2]]), IC_OK);
		check_against_recount(&part[o[0]], &s);
		assert_int_equal(part[o[0]].user, user);
		/* It goes on like the sketch of all events. */
		int64_t next = s.ticks[s.n - 1] + 5 * IC_TICKS_S;
		assert_int_equal(ic_sketch_add(&part[o[0]], &slab, next, 77), IC_OK);
		ic_sketch whole = { 0 };
		static ic_sketch_view x, y;
		series_add(&whole, &slab, &s, 0, s.n);
		assert_int_equal(ic_sketch_add(&whole, &slab, next, 77), IC_OK);
		ic_sketch_read(&part[o[0]], &x);
		ic_sketch_read(&whole, &y);
		assert_views_equal(&x, &y);
		ic_slab_clear(&slab);
		series_free(&s);
	}
}

static void raw_shards_may_overlap(void **state)
{
	(void)state;
	uint64_t random = 7;
	for (unsigned i = 0; i < 2000; i++) {
		series_rule rule = series_any(&random, 2 * IC_SKETCH_RAW);
		series_events s = series_make(&rule);
		ic_slab slab;
		ic_sketch a = { 0 }, b = { 0 };
		ic_slab_init(&slab, NULL);
		series_shuffle(&s, &random);
		unsigned half = s.n / 2;
		series_add(&a, &slab, &s, 0, half);
		series_add(&b, &slab, &s, half, s.n);
		uint32_t n = b.n;
		assert_int_equal(ic_sketch_merge(&a, &slab, &b), IC_OK);
		assert_int_equal(b.n, n);
		check_against_recount(&a, &s);
		ic_slab_clear(&slab);
		series_free(&s);
	}
}

static void overlap_of_bins_is_late(void **state)
{
	(void)state;
	const series_rule rule = {
		.seed = 9, .n = 200, .base_ms = 60000, .size = 500, .start_s = 1700000000
	};
	series_events s = series_make(&rule);
	ic_slab slab;
	ic_sketch a = { 0 }, b = { 0 };
	static ic_sketch_view v;
	ic_slab_init(&slab, NULL);
	for (unsigned i = 0; i < s.n; i++)
		series_add(i % 2 ? &a : &b, &slab, &s, i, i + 1);
	assert_int_equal(ic_sketch_merge(&a, &slab, &b), IC_OK);
	ic_sketch_read(&a, &v);
	assert_int_equal(v.n, 200);
	assert_int_equal(v.sizes, 200);
	assert_int_equal(v.beats, 198);
	assert_int_equal(v.first, s.ticks[0]);
	assert_int_equal(v.last, s.ticks[199]);
	assert_int_equal(ic_sketch_late(&a), 100);
	ic_slab_clear(&slab);
	series_free(&s);
}

/* ---- limits ----------------------------------------------------------------------- */

/* Counts and sums that outgrow the narrow form of the lists. */
static void counts_and_sums_may_be_large(void **state)
{
	(void)state;
	static const series_rule rules[] = {
		{ .seed = 1, .n = 70000, .base_ms = 5000, .size = 500, .start_s = 1000000000 },
		{ .seed = 2, .n = 60, .base_ms = 4000000000u, .spread_ms = 9, .size = 500, .start_s = 0 },
		{ .seed = 3,
		  .n = 3000,
		  .base_ms = 1000,
		  .spread_ms = 90000000,
		  .size = 1,
		  .size_spread = 3000000000u,
		  .start_s = 1000000000 },
	};
	for (unsigned i = 0; i < 3; i++) {
		series_events s = series_make(&rules[i]);
		ic_slab slab;
		ic_sketch a = { 0 }, b = { 0 };
		ic_slab_init(&slab, NULL);
		series_add(&a, &slab, &s, 0, s.n / 2);
		series_add(&b, &slab, &s, s.n / 2, s.n);
		assert_int_equal(ic_sketch_merge(&a, &slab, &b), IC_OK);
		check_against_recount(&a, &s);
		ic_slab_clear(&slab);
		series_free(&s);
	}
}

static void most_sizes_lie_between(void **state)
{
	(void)state;
	static const struct {
		unsigned n, outliers; /* of 10 bytes, and as many of 90,000 */
		int64_t least, most;  /* that nine of ten must be found between; they are 500 to 600 bytes */
	} cases[] = { { 1, 0, 500, 600 },
		      { 18, 1, 10, 90000 },
		      { 20, 1, 500, 600 },
		      { 400, 20, 500, 600 },
		      { 400, 30, 10, 90000 } };
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ic_slab slab;
		ic_slab_init(&slab, NULL);
		ic_sketch k = { 0 };
		ic_sketch_view v;
		int64_t least, most;
		for (unsigned e = 0; e < cases[i].n; e++) {
			int64_t bytes = e < cases[i].outliers	    ? 10
					: e < 2 * cases[i].outliers ? 90000
								    : 500 + (e * 37) % 101;
			assert_int_equal(ic_sketch_add(&k, &slab, (int64_t)e * 60 * IC_TICKS_S, bytes),
					 IC_OK);
		}
		ic_sketch_read(&k, &v);
		ic_sketch_sizes(&v, 90, &least, &most);
		assert_true(least <= most);
		assert_true((double)least > 0.95 * (double)cases[i].least - 1);
		assert_true((double)most < 1.03 * (double)cases[i].most + 1);
		if (cases[i].outliers && cases[i].least < 500)
			assert_true(least <= 10 && most >= 90000);
		ic_sketch_clear(&k, &slab);
		ic_slab_clear(&slab);
	}
}

/* Over 2^16 of one size, and, once parts that overlap are added up, over 2^24 of one interval. */
static void more_of_one_bin_than_is_narrow(void **state)
{
	(void)state;
	enum { EVENTS = 2200000, DOUBLED = 3 };
	ic_slab slab;
	ic_sketch k = { 0 };
	static ic_sketch_view v;
	ic_slab_init(&slab, NULL);
	for (int64_t i = 0; i < EVENTS; i++)
		assert_int_equal(ic_sketch_add(&k, &slab, i * 2 * IC_TICKS_S, 40), IC_OK);
	for (unsigned parts = 1; parts <= 1u << DOUBLED; parts *= 2) {
		ic_sketch_read(&k, &v);
		assert_int_equal(v.size_bins, 1);
		assert_int_equal(v.bins, 1);
		assert_int_equal(v.s[0].count, EVENTS * parts);
		assert_int_equal(v.h[0].count, (EVENTS - 1) * parts);
		assert_int_equal(v.h[0].ticks, (EVENTS - 1) * parts * 2 * IC_TICKS_S);
		ic_sketch again = { 0 };
		assert_int_equal(ic_sketch_merge(&again, &slab, &k), IC_OK);
		assert_int_equal(ic_sketch_merge(&k, &slab, &again), IC_OK);
	}
	ic_slab_clear(&slab);
}

static void times_out_of_range_are_cut(void **state)
{
	(void)state;
	ic_slab slab;
	ic_sketch k = { 0 };
	static ic_sketch_view v;
	ic_slab_init(&slab, NULL);
	for (unsigned i = 0; i < 60; i++)
		assert_int_equal(ic_sketch_add(&k, &slab, i % 2 ? INT64_MAX : INT64_MIN, INT64_MAX), IC_OK);
	ic_sketch_read(&k, &v);
	assert_int_equal(v.first, 0);
	assert_int_equal(v.last, IC_TIME_MAX);
	ic_slab_clear(&slab);
}

/* Without memory an event is refused and nothing has changed. */
static void refusal_leaves_it_as_it_was(void **state)
{
	(void)state;
	unsigned refused = 0;
	for (uint64_t pages = 1; pages < 4; pages++) {
		ic_budget budget = { .limit = pages * (70u << 10) };
		ic_slab slab;
		ic_sketch k[64] = { 0 };
		uint64_t random = pages;
		static ic_sketch_view before, after;
		ic_slab_init(&slab, &budget);
		for (int64_t t = 0; t < 4000; t++) {
			ic_sketch *one = &k[t % 64];
			ic_sketch_read(one, &before);
			int64_t at = (t / 64) * 100 * IC_TICKS_S + (int64_t)(test_random(&random) >> 34);
			ic_status st = ic_sketch_add(one, &slab, at, (int64_t)(test_random(&random) >> 44));
			if (st == IC_OK)
				continue;
			assert_int_equal(st, IC_E_NOMEM);
			refused++;
			ic_sketch_read(one, &after);
			assert_views_equal(&before, &after);
		}
		ic_slab_clear(&slab);
	}
	assert_true(refused > 0);
}

/* 87 of 100 pairs with 4 or more events have under 16 in a large log; the promise is 400 bytes a pair. */
static void memory_a_pair(void **state)
{
	(void)state;
	uint64_t random = 8;
	size_t bytes = 0;
	enum { PAIRS = 2000 };
	for (unsigned i = 0; i < PAIRS; i++) {
		unsigned n = i % 100 < 87 ? 4 + (unsigned)(test_random(&random) % 12)
					  : 16 + (unsigned)(test_random(&random) % 200);
		series_rule rule = series_any(&random, 2);
		rule.n = n;
		series_events s = series_make(&rule);
		ic_slab slab;
		ic_sketch k = { 0 };
		ic_slab_init(&slab, NULL);
		series_add(&k, &slab, &s, 0, 1);
		assert_int_equal(ic_sketch_bytes(&k), 0);
		series_add(&k, &slab, &s, 1, 3);
		assert_true(ic_sketch_bytes(&k) + sizeof k <= 64);
		series_add(&k, &slab, &s, 3, n);
		bytes += ic_sketch_bytes(&k) + sizeof k;
		ic_slab_clear(&slab);
		series_free(&s);
	}
	assert_true(bytes / PAIRS <= 400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bins_are_those_of_the_logarithm),
		cmocka_unit_test(few_events_in_any_order),
		cmocka_unit_test(many_events_nearly_in_order),
		cmocka_unit_test(late_events_are_counted),
		cmocka_unit_test(time_shards_add_up),
		cmocka_unit_test(raw_shards_may_overlap),
		cmocka_unit_test(overlap_of_bins_is_late),
		cmocka_unit_test(counts_and_sums_may_be_large),
		cmocka_unit_test(most_sizes_lie_between),
		cmocka_unit_test(more_of_one_bin_than_is_narrow),
		cmocka_unit_test(times_out_of_range_are_cut),
		cmocka_unit_test(refusal_leaves_it_as_it_was),
		cmocka_unit_test(memory_a_pair),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
