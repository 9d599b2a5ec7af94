/* SPDX-License-Identifier: Apache-2.0 */
#include "../test.h"

#include <stdatomic.h>
#include <stdbool.h>

#include "base/alloc.h"
#include "base/thread.h"

typedef struct tally {
	_Atomic unsigned hits[100];
	_Atomic unsigned total;
	unsigned fail_from;
} tally;

static ic_status hit(void *ctx, unsigned i)
{
	tally *t = ctx;
	t->hits[i]++;
	t->total++;
	return t->fail_from && i >= t->fail_from ? (i == t->fail_from ? IC_E_FORMAT : IC_E_IO) : IC_OK;
}

static void each_item_once(void **state)
{
	(void)state;
	for (unsigned threads = 0; threads <= 9; threads++) {
		tally t = { 0 };
		assert_int_equal(ic_parallel_for(threads, 100, hit, &t), IC_OK);
		for (unsigned i = 0; i < 100; i++)
			assert_int_equal(t.hits[i], 1);
	}
	tally none = { 0 };
	assert_int_equal(ic_parallel_for(4, 0, hit, &none), IC_OK);
	assert_int_equal(none.total, 0);
}

static void first_failure_stops(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 200; round++) {
		tally t = { .fail_from = 10 };
		assert_int_equal(ic_parallel_for(4, 100, hit, &t), IC_E_FORMAT);
		for (unsigned i = 0; i <= 10; i++)
			assert_int_equal(t.hits[i], 1);
		assert_true(t.total <= 14);
	}
}

static void goes_on_without_memory(void **state)
{
	(void)state;
	tally t = { 0 };
	ic_alloc_fail_after(1);
	ic_status status = ic_parallel_for(4, 100, hit, &t);
	ic_alloc_fail_after(0);
	assert_int_equal(status, IC_OK);
	assert_int_equal(t.total, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_item_once),
		cmocka_unit_test(first_failure_stops),
		cmocka_unit_test(goes_on_without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
