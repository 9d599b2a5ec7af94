/* SPDX-License-Identifier: Apache-2.0 */
/* The published RITA v5 score, for series made by rule and for its corner cases. */
#include <math.h>
#include <string.h>

#include "series.h"

#include "golden.h"

static bool score(const int64_t *t, const double *b, size_t n, int64_t from, int64_t to, ic_rita *r)
{
	bool nomem = true;
	bool scored = ic_rita_score(t, b, n, from, to, r, &nomem);
	assert_false(nomem);
	return scored;
}

static void gives_the_published_numbers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof golden / sizeof *golden; i++) {
		if (golden[i].rule.unknown)
			continue;
		series_events s = series_make(&golden[i].rule);
		int64_t *t = malloc(s.n * sizeof *t);
		double *b = malloc(s.n * sizeof *b);
		assert_true(t && b);
		for (unsigned k = 0; k < s.n; k++) { /* newest first: any order must do */
			t[k] = s.ticks[s.n - 1 - k] / IC_TICKS_S;
			b[k] = (double)s.bytes[s.n - 1 - k];
		}
		ic_rita r;
		bool scored = score(t, b, s.n, t[s.n - 1], t[0], &r);
		assert_int_equal(scored, !isnan(golden[i].rita[0]));
		if (scored) {
			const double got[5] = { r.score, r.ts, r.ds, r.dur, r.hist };
			for (unsigned k = 0; k < 5; k++)
				if (fabs(got[k] - golden[i].rita[k]) > 1e-9)
					fail_msg("series %zu, number %u: %.4f, not %.4f", i + 1, k, got[k],
						 golden[i].rita[k]);
		}
		free(t);
		free(b);
		series_free(&s);
	}
}

static void what_it_does_not_score(void **state)
{
	(void)state;
	const int64_t t[] = { 0, 60, 120, 180, 240 }, same[] = { 5, 5, 5, 9, 12 };
	const double b[] = { 10, 10, 10, 10, 10 }, unknown[] = { NAN, 10, NAN, 10, NAN };
	ic_rita r;
	assert_true(score(t, b, 5, 0, 240, &r));
	assert_true(score(t, b, 4, 0, 240, &r));
	assert_false(score(t, b, 3, 0, 240, &r));	/* two gaps */
	assert_false(score(same, b, 5, 0, 240, &r));	/* three distinct seconds */
	assert_false(score(t, unknown, 5, 0, 240, &r)); /* two sizes */
	assert_false(score(t, b, 5, 100, 100, &r));	/* no window */
}

/* Whole hours of a day. */
static void one_connection_an_hour(void **state)
{
	(void)state;
	int64_t t[24];
	double b[24];
	for (int i = 0; i < 24; i++) {
		t[i] = 3600 * i;
		b[i] = 500;
	}
	ic_rita r;
	assert_true(score(t, b, 24, 0, 86400, &r));
	assert_true(r.ts == 1 && r.ds == 1 && r.hist == 1 && r.dur == 1 && r.score == 1);
	assert_true(score(t, b, 5, 0, 86400, &r)); /* five bars: no duration */
	assert_true(r.dur == 0 && r.hist == 0 && r.score == .5);
	assert_true(score(t, b, 7, 0, 86400, &r));
	/* 7 hours in a row of 24: 21600 s of 86400 is .25, ceil3(7/12) = .584 */
	assert_true(r.dur == .584);
	assert_true(r.score == .646); /* (1 + 1 + .584 + 0)/4 */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_the_published_numbers),
		cmocka_unit_test(what_it_does_not_score),
		cmocka_unit_test(one_connection_an_hour),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
