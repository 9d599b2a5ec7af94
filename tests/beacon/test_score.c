/* SPDX-License-Identifier: Apache-2.0 */
/* The score against numbers computed once from its definition, and what must hold for any series. */
#include <math.h>
#include <string.h>

#include "series.h"

#include "golden.h"

static bool near(double a, double b)
{
	return (isnan(a) && isnan(b)) || fabs(a - b) < 1e-6 + 1e-9 * fabs(b);
}

static void check_golden(const struct golden *g, const series_events *s)
{
	ic_slab slab;
	ic_sketch k = { 0 };
	ic_score r;
	ic_slab_init(&slab, NULL);
	series_add(&k, &slab, s, 0, s->n);
	ic_beacon_score(&k, &r);
	const double got[9] = {
		r.automation,	       r.sleep_s,     r.jitter, r.regularity, r.evidence_bursty,
		r.evidence_memoryless, r.persistence, r.size,	r.E
	};
	for (unsigned i = 0; i < 9; i++)
		if (!near(got[i], g->want[i]))
			fail_msg("series %llu, number %u: %.12g, not %.12g", (unsigned long long)g->rule.seed,
				 i, got[i], g->want[i]);
	ic_slab_clear(&slab);
}

static void gives_the_defined_numbers(void **state)
{
	(void)state;
	uint64_t random = 1;
	for (size_t i = 0; i < sizeof golden / sizeof *golden; i++) {
		series_events s = series_make(&golden[i].rule);
		check_golden(&golden[i], &s);
		if (s.n <= IC_SKETCH_RAW) {
			series_shuffle(&s, &random);
			check_golden(&golden[i], &s);
		}
		series_free(&s);
	}
}

/* The bound is one: no score is kept back but those that are lower, and the others are the same. */
static void bounds_hold(void **state)
{
	static const double levels[] = { .5, 5, 20, 50, 80, 95, 99.5 };
	(void)state;
	uint64_t random = 2;
	unsigned said_no = 0, over = 0;
	for (unsigned i = 0; i < 6000; i++) {
		series_rule rule = series_any(&random, i % 10 ? 30 : 300);
		series_events s = series_make(&rule);
		ic_slab slab;
		ic_sketch k = { 0 };
		ic_score r;
		ic_slab_init(&slab, NULL);
		series_add(&k, &slab, &s, 0, s.n);
		ic_beacon_score(&k, &r);
		assert_true(r.automation >= 0 && r.automation <= 100);
		for (unsigned j = 0; j < sizeof levels / sizeof *levels; j++) {
			ic_score same;
			bool scored = ic_beacon_score_if(&k, levels[j], &same);
			assert_true(scored || r.automation < levels[j]);
			if (scored)
				assert_memory_equal(&same, &r, sizeof r);
			said_no += !scored;
			over += r.automation >= levels[j];
		}
		assert_true(ic_beacon_score_if(&k, 0, &(ic_score){ 0 }));
		assert_false(ic_beacon_score_if(&k, 100, &(ic_score){ 0 }));
		ic_slab_clear(&slab);
		series_free(&s);
	}
	assert_true(said_no > 10000); /* or it would be no use */
	assert_true(over > 3000);     /* or nothing was tested */
}

static void names_what_it_saw(void **state)
{
	(void)state;
	ic_slab slab;
	ic_sketch k = { 0 };
	ic_score r;
	ic_sketch_view v;
	ic_slab_init(&slab, NULL);
	for (int i = 0; i < 200; i++)
		assert_int_equal(
		    ic_sketch_add(&k, &slab, (1700000000 + 60 * i + (i > 99 ? 40000 : 0)) * IC_TICKS_S, 700),
		    IC_OK);
	ic_beacon_score(&k, &r);
	assert_true(r.automation > 80);
	assert_int_equal(r.beats, 199);
	assert_int_equal(r.exempt_gaps, 1);
	assert_int_equal(r.windows, 1);
	assert_true(r.window[0].hi == ic_interval_bin(60 * IC_TICKS_S));
	assert_true(fabs(r.sleep_s - 60) < 2.5);
	assert_true(r.m_time > .99 && r.m_events > .99);
	ic_sketch_read(&k, &v);
	assert_true(v.interval_median_s == 60);
	assert_true(v.resolution_s == 1);
	ic_slab_clear(&slab);
}

static void count_mode(void **state)
{
	(void)state;
	double x[24], none[3] = { 5, 5, 5 };
	for (unsigned i = 0; i < 24; i++)
		x[i] = i < 2 || i > 20 ? 0 : 12;
	x[2] = 5;  /* cut by the start */
	x[20] = 3; /* and by the end */
	/* 17 whole slots of 12: variance 0 */
	assert_true(near(ic_count_score(x, 24), -log(.05 / 12) * sqrt(17)));
	x[10] = 20; /* mean 212/17, variance by hand: (16*12^2 + 20^2)/17 - mean^2 */
	double mean = 212.0 / 17, var = (16 * 144 + 400) / 17.0 - mean * mean;
	assert_true(near(ic_count_score(x, 24), -log((var + .05) / mean) * sqrt(17)));
	x[11] = 0; /* an hour off: left out */
	mean = 200.0 / 16;
	var = (15 * 144 + 400) / 16.0 - mean * mean;
	assert_true(near(ic_count_score(x, 24), -log((var + .05) / mean) * sqrt(16)));
	assert_true(isnan(ic_count_score(none, 3)));
	assert_true(isnan(ic_count_score(NULL, 0)));
	for (unsigned i = 0; i < 24; i++)
		x[i] = 1;
	assert_true(isnan(ic_count_score(x, 24))); /* too few a slot to tell */
	for (unsigned i = 0; i < 24; i++)
		x[i] = i % 5 == 0 ? 20 : 0; /* mostly empty: the empty slots are data */
	assert_true(ic_count_score(x, 24) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_the_defined_numbers),
		cmocka_unit_test(bounds_hold),
		cmocka_unit_test(names_what_it_saw),
		cmocka_unit_test(count_mode),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
