/* SPDX-License-Identifier: Apache-2.0 */
/* Sketches of distinct values and of distributions: exact while small, near when large, wary of what is none. */
#include "fn.h"

#include <math.h>
#include <stdlib.h>

#include "exec/group/sketch.h"

#define SMALL  D("{\"distinct\":8,\"hashes\":[3,1,2,1]}")
#define OTHER  D("{\"distinct\":4,\"hashes\":[2,3,9]}")
#define FULL   D("{\"distinct\":4,\"hashes\":[5,6,7,4611686018427387904]}") /* the fourth at half of all */
#define VALUES D("{\"digest\":[[10,2],[2,1],[1,1]]}")

static void functions(void **state)
{
	(void)state;
	static const fn_case list[] = {
		{ IC_FN_DCOUNT_HLL, { SMALL }, "3" },
		{ IC_FN_DCOUNT_HLL, { FULL }, "6" },
		{ IC_FN_DCOUNT_HLL, { D("{\"distinct\":4,\"hashes\":[]}") }, "0" },
		{ IC_FN_DCOUNT_HLL, { D("{\"distinct\":0,\"hashes\":[1]}") }, NULL },
		{ IC_FN_DCOUNT_HLL, { D("{\"distinct\":4,\"hashes\":[-1]}") }, NULL },
		{ IC_FN_DCOUNT_HLL, { D("{\"distinct\":4,\"hashes\":[1.5]}") }, NULL },
		{ IC_FN_DCOUNT_HLL, { D("{\"distinct\":9000000,\"hashes\":[1]}") }, NULL },
		{ IC_FN_DCOUNT_HLL, { D("[1]") }, NULL },
		{ IC_FN_DCOUNT_HLL, { N(IC_Q_DYNAMIC) }, NULL },
		{ IC_FN_HLL_SHARED, { SMALL, OTHER }, "2" },
		{ IC_FN_HLL_SHARED, { SMALL }, "3" },
		{ IC_FN_HLL_SHARED, { SMALL, D("{}") }, NULL },
		{ IC_FN_HLL_MERGE, { SMALL, OTHER }, "{\"distinct\":4,\"hashes\":[1,2,3,9]}" },
		{ IC_FN_HLL_MERGE, { SMALL, D("1") }, NULL },
		{ IC_FN_PERCENTILE_TDIGEST, { VALUES, R(50) }, "2.0" },
		{ IC_FN_PERCENTILE_TDIGEST, { VALUES, R(0) }, "1.0" },
		{ IC_FN_PERCENTILE_TDIGEST, { VALUES, R(51) }, "10.0" },
		{ IC_FN_PERCENTILE_TDIGEST, { VALUES, R(1000) }, "10.0" },
		{ IC_FN_PERCENTILE_TDIGEST, { D("{\"digest\":[[1,0]]}"), R(50) }, NULL },
		{ IC_FN_PERCENTILE_TDIGEST, { D("{\"digest\":[[1]]}"), R(50) }, NULL },
		{ IC_FN_PERCENTILE_TDIGEST, { D("{\"digest\":[]}"), R(50) }, NULL },
		{ IC_FN_PERCENTILES_TDIGEST, { VALUES, L(50), L(99) }, "[2.0,10.0]" },
		{ IC_FN_PERCENTILES_TDIGEST, { VALUES, D("[25,\"x\"]") }, "[1.0,null]" },
		{ IC_FN_RANK_TDIGEST, { VALUES, R(2) }, "2.0" },
		{ IC_FN_RANK_TDIGEST, { VALUES, R(0.5) }, "0.0" },
		{ IC_FN_PERCENTRANK_TDIGEST, { VALUES, R(2) }, "50.0" },
		{ IC_FN_MERGE_TDIGEST,
		  { VALUES, D("{\"digest\":[[5,1]]}") },
		  "{\"digest\":[[1.0,1.0],[2.0,1.0],[5.0,1.0],[10.0,2.0]]}" },
		{ IC_FN_MERGE_TDIGEST, { VALUES, D("[]") }, NULL },
	};
	FN_CHECK(list);
}

static void many_values(void **state)
{
	enum { VALUES_N = 300000, MOST = 4096 };
	(void)state;
	ic_digest d = { .centroid = calloc(IC_DIGEST_ROOM, sizeof *d.centroid) };
	ic_distinct s = { .hash = calloc((size_t)2 * MOST, sizeof *s.hash), .most = MOST };
	uint32_t x = 1;
	assert_non_null(d.centroid);
	assert_non_null(s.hash);
	for (uint32_t i = 0; i < VALUES_N; i++) {
		x = x * 1664525 + 1013904223;
		if (d.n == IC_DIGEST_ROOM)
			ic_digest_settle(&d);
		assert_true(d.n < IC_DIGEST_ROOM);
		d.centroid[d.n++] = (ic_centroid){ (double)(x >> 8) / (1 << 24), 1 };
		if (s.n == 2 * MOST)
			ic_distinct_settle(&s);
		ic_value v = ic_value_long(i / 2); /* each value twice */
		s.hash[s.n++] = ic_distinct_hash(&v);
	}
	ic_digest_settle(&d);
	ic_distinct_settle(&s);
	assert_true(d.n <= IC_DIGEST_EXACT && s.n == MOST);
	assert_true(fabs(ic_digest_total(&d) - VALUES_N) < 1e-6);
	for (int percent = 1; percent < 100; percent += 7)
		assert_true(fabs(ic_digest_percentile(&d, percent) - percent / 100.0) < 0.01);
	assert_true(fabs(ic_digest_percentile(&d, 99.9) - 0.999) < 0.001);
	assert_true(fabs(ic_digest_rank(&d, 0.25) / VALUES_N - 0.25) < 0.01);
	assert_true(fabs(ic_distinct_count(&s) / (VALUES_N / 2) - 1) < 0.08); /* 5 sigma */
	free(d.centroid);
	free(s.hash);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions),
		cmocka_unit_test(many_values),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
